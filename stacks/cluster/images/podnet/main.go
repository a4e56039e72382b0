// The pod network of a cluster whose nodes share one layer 2 network.
//
// Every node has a range of pod addresses. On each node this daemon does four things and keeps
// them so: it writes the CNI configuration for the node's own range, it routes the ranges of the
// other nodes to these nodes, it masquerades what pods send out of the pod network, and it enforces
// network policies. There is no overlay: the nodes reach each other directly. IPv4 only.
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	typed "k8s.io/client-go/kubernetes/typed/core/v1"
	networkingv1 "k8s.io/client-go/kubernetes/typed/networking/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

// resync is how often everything is put right again, in case something else changed it.
const resync = 30 * time.Second

// retry is the wait after a failure. It is short: until the first success no pod can start.
const retry = time.Second

func main() {
	log.SetFlags(0)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	name := os.Getenv("NODE_NAME")
	if name == "" {
		return fmt.Errorf("NODE_NAME is not set")
	}
	pods, err := netip.ParsePrefix(os.Getenv("POD_SUBNET"))
	if err != nil || !pods.Addr().Is4() {
		return fmt.Errorf("POD_SUBNET is %q, not an IPv4 range", os.Getenv("POD_SUBNET"))
	}
	clients, err := connect()
	if err != nil {
		return err
	}
	if err := enforce(ctx, name, clients); err != nil {
		return err
	}
	nodes, changed := watchNodes(ctx, clients.core)
	awaitServices(ctx)
	for {
		wait := resync
		if err := reconcile(name, pods.Masked(), nodes()); err != nil {
			log.Printf("will try again: %v", err)
			wait = retry
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		case <-time.After(wait):
		}
	}
}

// clients speak with the API server.
type clients struct {
	core       rest.Interface
	networking rest.Interface
}

// connect makes clients for the API server. Its Service needs kube-proxy, which may not have come
// yet, so the address of the control plane itself is preferred where it was given.
func connect() (clients, error) {
	config, err := rest.InClusterConfig()
	if err != nil {
		return clients{}, err
	}
	if endpoint := os.Getenv("CONTROL_PLANE_ENDPOINT"); endpoint != "" {
		config.Host = "https://" + endpoint
	}
	config.UserAgent = "podnet"
	// Cheaper to read than JSON.
	config.ContentType = runtime.ContentTypeProtobuf
	shared, err := rest.HTTPClientFor(config)
	if err != nil {
		return clients{}, err
	}
	core, err := typed.NewForConfigAndClient(config, shared)
	if err != nil {
		return clients{}, err
	}
	networking, err := networkingv1.NewForConfigAndClient(config, shared)
	if err != nil {
		return clients{}, err
	}
	return clients{core.RESTClient(), networking.RESTClient()}, nil
}

// watchNodes keeps a copy of all nodes. The channel says that one of them changed.
func watchNodes(ctx context.Context, client rest.Interface) (func() []*corev1.Node, <-chan struct{}) {
	changed := make(chan struct{}, 1)
	notify := func() {
		select {
		case changed <- struct{}{}:
		default: // one is waiting to be read already
		}
	}
	store, controller := cache.NewInformerWithOptions(cache.InformerOptions{
		ListerWatcher: cache.NewListWatchFromClient(client, "nodes", "", fields.Everything()),
		ObjectType:    &corev1.Node{},
		Handler: cache.ResourceEventHandlerFuncs{
			AddFunc:    func(any) { notify() },
			DeleteFunc: func(any) { notify() },
			UpdateFunc: func(before, after any) {
				// Nodes report their health all the time; only addresses matter here.
				if describe(before.(*corev1.Node)) != describe(after.(*corev1.Node)) {
					notify()
				}
			},
		},
	})
	go controller.RunWithContext(ctx)
	return func() []*corev1.Node {
		var nodes []*corev1.Node
		for _, object := range store.List() {
			nodes = append(nodes, object.(*corev1.Node))
		}
		return nodes
	}, changed
}

// peer is what matters of a node: where it is and which pods it has.
type peer struct {
	address netip.Addr
	pods    netip.Prefix
}

// describe reads a node; what it does not have yet stays empty.
func describe(node *corev1.Node) (found peer) {
	for _, address := range node.Status.Addresses {
		parsed, err := netip.ParseAddr(address.Address)
		if address.Type == corev1.NodeInternalIP && err == nil && parsed.Is4() {
			found.address = parsed
			break
		}
	}
	for _, text := range node.Spec.PodCIDRs {
		parsed, err := netip.ParsePrefix(text)
		if err == nil && parsed.Addr().Is4() {
			found.pods = parsed.Masked()
			break
		}
	}
	return found
}

// reconcile makes this machine's network what the nodes ask for.
func reconcile(name string, pods netip.Prefix, nodes []*corev1.Node) error {
	var own peer
	var others []peer
	for _, node := range nodes {
		found := describe(node)
		switch {
		case node.Name == name:
			own = found
		case found.address.IsValid() && found.pods.IsValid():
			others = append(others, found)
		}
	}
	if !own.pods.IsValid() {
		return fmt.Errorf("node %q has no range of pod addresses yet", name)
	}
	if err := masquerade(pods); err != nil {
		return fmt.Errorf("masquerading: %w", err)
	}
	if err := syncRoutes(pods, others); err != nil {
		return fmt.Errorf("routes: %w", err)
	}
	// The configuration comes last: with it the node is ready for pods.
	return writeConfig(own.pods)
}

// network converts a range to the type that the netlink library takes.
func network(prefix netip.Prefix) *net.IPNet {
	return &net.IPNet{
		IP:   prefix.Addr().AsSlice(),
		Mask: net.CIDRMask(prefix.Bits(), prefix.Addr().BitLen()),
	}
}
