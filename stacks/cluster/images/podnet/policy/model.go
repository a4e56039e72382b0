// Package policy turns network policies and pods into the rules of one node. It asks nobody and touches nothing.
package policy

import (
	"net/netip"
	"strconv"

	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/types"
)

// State is what the rules follow from.
type State struct {
	// Node is the one whose rules these are: only its own pods are judged there.
	Node       string
	Pods       []Pod
	Namespaces map[string]map[string]string
	Policies   []*networking.NetworkPolicy
}

// Pod is what matters of one.
type Pod struct {
	Namespace string
	Name      string
	UID       types.UID
	Node      string
	Address   netip.Addr
	Labels    map[string]string
	Ports     []Port
	// Version grows with every change of the pod.
	Version uint64
}

// Port is one that has a name.
type Port struct {
	Name     string
	Protocol core.Protocol
	Number   uint16
}

// Read takes a pod as the API server has it. False if it never has an address of its own that policies could be about:
// it uses its node's, or it has run to its end, and another pod may have its address by now.
func Read(pod *core.Pod) (Pod, bool) {
	finished := pod.Status.Phase == core.PodSucceeded || pod.Status.Phase == core.PodFailed
	if pod.Spec.HostNetwork || finished || pod.Spec.NodeName == "" {
		return Pod{}, false
	}
	read := Pod{
		Namespace: pod.Namespace,
		Name:      pod.Name,
		UID:       pod.UID,
		Node:      pod.Spec.NodeName,
		Labels:    pod.Labels,
		Ports:     ports(pod),
	}
	read.Version, _ = strconv.ParseUint(pod.ResourceVersion, 10, 64)
	for _, one := range pod.Status.PodIPs {
		if address, err := netip.ParseAddr(one.IP); err == nil && address.Is4() {
			read.Address = address
			break
		}
	}
	return read, true
}

// ports has those with a name. Containers that start first can be servers too, if they go on running.
func ports(pod *core.Pod) (found []Port) {
	for _, containers := range [][]core.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for _, container := range containers {
			for _, port := range container.Ports {
				if port.Name != "" {
					found = append(found, Port{port.Name, protocolOf(&port.Protocol), uint16(port.ContainerPort)})
				}
			}
		}
	}
	return found
}

// protocolOf is TCP where nothing is said.
func protocolOf(protocol *core.Protocol) core.Protocol {
	if protocol == nil || *protocol == "" {
		return core.ProtocolTCP
	}
	return *protocol
}

// current has one pod for each address. Where two claim the same one, the one that was last heard of has it: after a
// node's restart the other's is from before.
func current(pods []Pod) []Pod {
	latest := map[netip.Addr]Pod{}
	for _, pod := range pods {
		other, taken := latest[pod.Address]
		if pod.Address.Is4() && (!taken || other.Version < pod.Version) {
			latest[pod.Address] = pod
		}
	}
	found := make([]Pod, 0, len(latest))
	for _, pod := range latest {
		found = append(found, pod)
	}
	return found
}
