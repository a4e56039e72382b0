// podnet, as a plugin of the container runtime: the last one for each pod, after the ones that made its interface. It
// announces the pod's address to the daemon of the same name and goes on when the rules of network policies know it.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"time"

	"github.com/containernetworking/cni/pkg/skel"
	"github.com/containernetworking/cni/pkg/types"
	current "github.com/containernetworking/cni/pkg/types/100"
	"github.com/containernetworking/cni/pkg/version"
	kube "k8s.io/apimachinery/pkg/types"

	"backstack.dev/cluster/podnet/announce"
)

// A node that starts again may start its pods before its daemons, so a new pod waits. It does not wait for ever: a
// daemon that cannot run must not keep everything from running. Then the pod is protected as soon as the API server
// knows its address. One that goes waits for nobody, since the runtime would try to stop it again and again.
const (
	patienceWithNew  = 20 * time.Second
	patienceWithGone = time.Second
)

func main() {
	functions := skel.CNIFuncs{Add: add, Del: del, Check: func(*skel.CmdArgs) error { return nil }}
	skel.PluginMainFuncs(functions, version.All, "podnet: announces pods to the daemon of the same name")
}

func add(arguments *skel.CmdArgs) error {
	configuration, err := read(arguments)
	if err != nil {
		return err
	}
	if configuration.PrevResult == nil {
		return fmt.Errorf("podnet has to come after a plugin that gives the pod its address")
	}
	address, err := addressOf(configuration)
	if err != nil {
		return err
	}
	if address.IsValid() {
		tell(arguments, address, patienceWithNew)
	}
	return types.PrintResult(configuration.PrevResult, configuration.CNIVersion)
}

func del(arguments *skel.CmdArgs) error {
	tell(arguments, netip.Addr{}, patienceWithGone)
	return nil
}

func read(arguments *skel.CmdArgs) (*types.PluginConf, error) {
	configuration := &types.PluginConf{}
	if err := json.Unmarshal(arguments.StdinData, configuration); err != nil {
		return nil, fmt.Errorf("the configuration cannot be read: %w", err)
	}
	return configuration, version.ParsePrevResult(configuration)
}

// addressOf finds what the plugins before gave the pod.
func addressOf(configuration *types.PluginConf) (netip.Addr, error) {
	result, err := current.NewResultFromResult(configuration.PrevResult)
	if err != nil {
		return netip.Addr{}, err
	}
	for _, one := range result.IPs {
		if address, ok := netip.AddrFromSlice(one.Address.IP); ok && address.Unmap().Is4() {
			return address.Unmap(), nil
		}
	}
	return netip.Addr{}, nil
}

// pod is what Kubernetes' runtimes say of it.
type pod struct {
	types.CommonArgs
	K8S_POD_NAMESPACE types.UnmarshallableString
	K8S_POD_NAME      types.UnmarshallableString
	K8S_POD_UID       types.UnmarshallableString
}

// tell announces. That it fails is told and no more.
func tell(arguments *skel.CmdArgs, address netip.Addr, patience time.Duration) {
	pod := pod{CommonArgs: types.CommonArgs{IgnoreUnknown: true}}
	if err := types.LoadArgs(arguments.Args, &pod); err != nil || pod.K8S_POD_NAME == "" {
		return // no pod of Kubernetes
	}
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	err := announce.Tell(ctx, announce.Socket, announce.Announcement{
		Namespace: string(pod.K8S_POD_NAMESPACE),
		Name:      string(pod.K8S_POD_NAME),
		UID:       kube.UID(pod.K8S_POD_UID),
		Sandbox:   arguments.ContainerID,
		Address:   address,
	})
	if err != nil {
		fmt.Fprintf(os.Stderr, "podnet: %s/%s: %v\n", pod.K8S_POD_NAMESPACE, pod.K8S_POD_NAME, err)
	}
}
