package main

import (
	"context"
	"fmt"
	"log"
	"sync"
	"time"

	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	"backstack.dev/cluster/podnet/announce"
	"backstack.dev/cluster/podnet/kernel"
	"backstack.dev/cluster/podnet/policy"
	"backstack.dev/cluster/podnet/rules"
)

// settle is how long further changes are waited for: what is deployed together becomes one change of the rules.
const settle = 50 * time.Millisecond

// enforcer keeps the rules about network policies what the cluster asks for.
type enforcer struct {
	node       string
	pods       cache.Store
	namespaces cache.Store
	policies   cache.Store
	synced     []cache.InformerSynced
	changed    chan struct{}
	announced  announced

	// Of those who want the rules written, one does at a time.
	writing sync.Mutex
	writer  kernel.Writer
}

// enforce begins to watch, to take announcements, and to write rules.
func enforce(ctx context.Context, node string, clients clients) error {
	enforcer := &enforcer{node: node, changed: make(chan struct{}, 1)}
	enforcer.pods = enforcer.watch(ctx, clients.core, "pods", &core.Pod{}, samePod)
	enforcer.namespaces = enforcer.watch(ctx, clients.core, "namespaces", &core.Namespace{}, sameLabels)
	enforcer.policies = enforcer.watch(ctx, clients.networking, "networkpolicies", &networking.NetworkPolicy{}, samePolicy)
	if err := announce.Listen(ctx, announce.Socket, enforcer.heed); err != nil {
		return fmt.Errorf("announcements of pods: %w", err)
	}
	go enforcer.run(ctx)
	return nil
}

// watch keeps a copy of all objects of a kind, cut down to what policies are about. Changes of anything else are none.
func (enforcer *enforcer) watch(
	ctx context.Context, client rest.Interface, resource string, kind runtime.Object, same func(before, after any) bool,
) cache.Store {
	store, controller := cache.NewInformerWithOptions(cache.InformerOptions{
		ListerWatcher: cache.NewListWatchFromClient(client, resource, meta.NamespaceAll, fields.Everything()),
		ObjectType:    kind,
		Transform:     pared,
		Handler: cache.ResourceEventHandlerFuncs{
			AddFunc: func(any) { enforcer.notify() },
			UpdateFunc: func(before, after any) {
				if !same(before, after) {
					enforcer.notify()
				}
			},
			DeleteFunc: func(object any) {
				if missed, ok := object.(cache.DeletedFinalStateUnknown); ok {
					object = missed.Obj
				}
				if pod, ok := object.(*core.Pod); ok {
					enforcer.announced.forget(pod.UID)
				}
				enforcer.notify()
			},
		},
	})
	enforcer.synced = append(enforcer.synced, controller.HasSynced)
	go controller.RunWithContext(ctx)
	return store
}

func (enforcer *enforcer) notify() {
	select {
	case enforcer.changed <- struct{}{}:
	default: // one is waiting to be read already
	}
}

// run writes the rules after every change. Until all that is there has been read, the rules of an earlier run stay.
func (enforcer *enforcer) run(ctx context.Context) {
	if !cache.WaitForCacheSync(ctx.Done(), enforcer.synced...) {
		return
	}
	for {
		wait := resync
		if err := enforcer.write(); err != nil {
			log.Printf("network policies: will try again: %v", err)
			wait = retry
		}
		select {
		case <-ctx.Done():
			return
		case <-enforcer.changed:
			time.Sleep(settle)
		case <-time.After(wait):
			enforcer.check()
		}
	}
}

// check has everything written anew if somebody else took it away.
func (enforcer *enforcer) check() {
	enforcer.writing.Lock()
	defer enforcer.writing.Unlock()
	enforcer.writer.Forget()
}

func (enforcer *enforcer) write() error {
	enforcer.writing.Lock()
	defer enforcer.writing.Unlock()
	wanted := enforcer.wanted()
	done, err := enforcer.writer.Write(wanted)
	if err == nil && done == kernel.Everything && !wanted.Empty() {
		selected := len(wanted.Sets[rules.Self].Elements)
		log.Printf("network policies: %d pods of this node are selected, by %d chains", selected, len(wanted.Chains))
	}
	return err
}

// wanted are the rules as they should be. Without a policy no pod is looked at.
func (enforcer *enforcer) wanted() rules.Ruleset {
	policies := enforcer.policies.List()
	if len(policies) == 0 {
		return rules.New()
	}
	state := policy.State{Node: enforcer.node, Namespaces: map[string]map[string]string{}}
	for _, object := range policies {
		state.Policies = append(state.Policies, object.(*networking.NetworkPolicy))
	}
	for _, object := range enforcer.namespaces.List() {
		namespace := object.(*core.Namespace)
		state.Namespaces[namespace.Name] = namespace.Labels
	}
	for _, object := range enforcer.pods.List() {
		if pod, ok := policy.Read(object.(*core.Pod)); ok {
			state.Pods = append(state.Pods, pod)
		}
	}
	state.Pods = enforcer.announced.correct(enforcer.node, state.Pods)
	return policy.Compile(state)
}
