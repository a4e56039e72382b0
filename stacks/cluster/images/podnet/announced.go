package main

import (
	"context"
	"log"
	"net/netip"
	"sync"
	"time"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"backstack.dev/cluster/podnet/announce"
	"backstack.dev/cluster/podnet/policy"
)

// A new pod is in the copy of the API server's pods a moment after the kubelet knows it. A pod that is not there in
// this time has no policies: the kubelet itself made it, without the API server.
const (
	patienceWithPod = 2 * time.Second
	lookAgain       = 10 * time.Millisecond
)

// announced has the addresses of pods on this node as the container runtime gave them.
type announced struct {
	lock sync.Mutex
	pods map[types.UID]place
}

// place is where a pod is, and what holds its network there.
type place struct {
	address netip.Addr
	sandbox string
}

func (announced *announced) note(announcement announce.Announcement) {
	announced.lock.Lock()
	defer announced.lock.Unlock()
	if announced.pods == nil {
		announced.pods = map[types.UID]place{}
	}
	if announcement.Address.IsValid() {
		announced.pods[announcement.UID] = place{announcement.Address, announcement.Sandbox}
	} else if announced.pods[announcement.UID].sandbox == announcement.Sandbox {
		delete(announced.pods, announcement.UID)
	}
}

func (announced *announced) forget(pod types.UID) {
	announced.lock.Lock()
	defer announced.lock.Unlock()
	delete(announced.pods, pod)
}

// correct gives pods of the node the addresses that were announced. Who is said to have such an address beside had it
// before.
func (announced *announced) correct(node string, pods []policy.Pod) []policy.Pod {
	announced.lock.Lock()
	defer announced.lock.Unlock()
	taken := map[netip.Addr]bool{}
	for _, place := range announced.pods {
		taken[place.address] = true
	}
	corrected := make([]policy.Pod, 0, len(pods))
	for _, pod := range pods {
		if place, known := announced.pods[pod.UID]; known && pod.Node == node {
			pod.Address = place.address
		} else if taken[pod.Address] {
			continue
		}
		corrected = append(corrected, pod)
	}
	return corrected
}

// heed takes an announcement and returns when the rules go by it.
func (enforcer *enforcer) heed(ctx context.Context, announcement announce.Announcement) error {
	enforcer.announced.note(announcement)
	enforcer.notify()
	if !announcement.Address.IsValid() || !enforcer.concerned(ctx, announcement) {
		return nil
	}
	if err := enforcer.write(); err != nil {
		log.Printf("network policies: %s/%s starts without: %v", announcement.Namespace, announcement.Name, err)
	}
	return nil
}

// concerned waits until the pod is known here, if there is any policy that could be about it.
func (enforcer *enforcer) concerned(ctx context.Context, announcement announce.Announcement) bool {
	// The copy cannot be asked to tell when an object comes, so it is looked at again and again.
	for deadline := time.Now().Add(patienceWithPod); time.Now().Before(deadline); time.Sleep(lookAgain) {
		if ctx.Err() != nil {
			return false
		}
		if !enforcer.ready() {
			continue
		}
		if len(enforcer.policies.List()) == 0 {
			return false
		}
		object, exists, err := enforcer.pods.GetByKey(announcement.Namespace + "/" + announcement.Name)
		if err == nil && exists && object.(*core.Pod).UID == announcement.UID {
			return true
		}
	}
	return false
}

// ready says whether all that is there has been read.
func (enforcer *enforcer) ready() bool {
	for _, synced := range enforcer.synced {
		if !synced() {
			return false
		}
	}
	return true
}
