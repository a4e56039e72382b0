package main

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"testing"

	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"backstack.dev/cluster/podnet/announce"
	"backstack.dev/cluster/podnet/policy"
)

var (
	first  = netip.MustParseAddr("10.1.0.2")
	second = netip.MustParseAddr("10.1.0.3")
)

func announcement(uid types.UID, sandbox string, address netip.Addr) announce.Announcement {
	return announce.Announcement{UID: uid, Sandbox: sandbox, Address: address}
}

func TestAnAnnouncedAddressIsTheTrueOne(test *testing.T) {
	var announced announced
	pods := []policy.Pod{
		{Name: "new", UID: "new", Node: "here"},
		{Name: "from before", UID: "before", Node: "here", Address: first},
		{Name: "elsewhere", UID: "elsewhere", Node: "there", Address: second},
	}
	addresses := func() map[string]netip.Addr {
		found := map[string]netip.Addr{}
		for _, pod := range announced.correct("here", pods) {
			found[pod.Name] = pod.Address
		}
		return found
	}
	expect := func(what string, wanted map[string]netip.Addr) {
		test.Helper()
		if found := addresses(); !reflect.DeepEqual(found, wanted) {
			test.Errorf("%s: %v", what, found)
		}
	}
	expect("nothing announced", map[string]netip.Addr{"new": {}, "from before": first, "elsewhere": second})
	announced.note(announcement("new", "a", first))
	expect("the new one has it", map[string]netip.Addr{"new": first, "elsewhere": second})
	announced.note(announcement("new", "b", second))
	expect("in a new sandbox", map[string]netip.Addr{"new": second, "from before": first})
	announced.note(announcement("new", "a", netip.Addr{}))
	expect("the old sandbox goes", map[string]netip.Addr{"new": second, "from before": first})
	announced.note(announcement("new", "b", netip.Addr{}))
	expect("its own sandbox goes", map[string]netip.Addr{"new": {}, "from before": first, "elsewhere": second})
	announced.note(announcement("new", "c", first))
	announced.forget("new")
	expect("the pod goes", map[string]netip.Addr{"new": {}, "from before": first, "elsewhere": second})
}

func TestWhatIsKeptOfAPodIsWhatPoliciesAreAbout(test *testing.T) {
	full := &core.Pod{
		ObjectMeta: meta.ObjectMeta{
			Namespace: "shop", Name: "server", UID: "1", ResourceVersion: "7",
			Labels: map[string]string{"app": "server"}, Annotations: map[string]string{"long": "text"},
		},
		Spec: core.PodSpec{
			NodeName: "here",
			Containers: []core.Container{
				{Name: "without", Image: "some/image"},
				{Name: "with", Ports: []core.ContainerPort{{Name: "web", ContainerPort: 80}}},
			},
			InitContainers: []core.Container{{Ports: []core.ContainerPort{{Name: "side", ContainerPort: 81}}}},
		},
		Status: core.PodStatus{Phase: core.PodRunning, PodIPs: []core.PodIP{{IP: "10.1.0.2"}}},
	}
	object, err := pared(full)
	if err != nil {
		test.Fatal(err)
	}
	wanted, _ := policy.Read(full)
	found, known := policy.Read(object.(*core.Pod))
	if !known || len(found.Ports) != 2 || !reflect.DeepEqual(found, wanted) {
		test.Errorf("%v instead of %v", found, wanted)
	}
	if object.(*core.Pod).Annotations != nil || len(object.(*core.Pod).Spec.Containers) != 1 {
		test.Errorf("too much is kept: %v", object)
	}
}

func TestOnlyWhatPoliciesAreAboutIsAChange(test *testing.T) {
	pod := func(change func(*core.Pod)) *core.Pod {
		made := &core.Pod{Spec: core.PodSpec{NodeName: "here"}}
		change(made)
		return made
	}
	before := pod(func(*core.Pod) {})
	for what, one := range map[string]struct {
		after *core.Pod
		same  bool
	}{
		"version": {pod(func(pod *core.Pod) { pod.ResourceVersion = "8" }), true},
		"labels":  {pod(func(pod *core.Pod) { pod.Labels = map[string]string{"a": "b"} }), false},
		"address": {pod(func(pod *core.Pod) { pod.Status.PodIPs = []core.PodIP{{IP: "10.1.0.2"}} }), false},
		"done":    {pod(func(pod *core.Pod) { pod.Status.Phase = core.PodSucceeded }), false},
	} {
		if samePod(before, one.after) != one.same {
			test.Errorf("%s: the same is %v", what, !one.same)
		}
	}
	policy := &networking.NetworkPolicy{}
	other := policy.DeepCopy()
	other.Spec.Egress = []networking.NetworkPolicyEgressRule{{}}
	if samePolicy(policy, other) || !samePolicy(policy, policy.DeepCopy()) {
		test.Error("policies are told apart wrongly")
	}
}

func TestTheRuntimeAnnouncesPodsWhenTheyHaveTheirAddress(test *testing.T) {
	text, err := config(netip.MustParsePrefix("10.1.0.0/24"), 1500)
	if err != nil {
		test.Fatal(err)
	}
	var found struct{ Plugins []struct{ Type string } }
	if err := json.Unmarshal(text, &found); err != nil {
		test.Fatal(err)
	}
	if last := found.Plugins[len(found.Plugins)-1].Type; last != "podnet" {
		test.Errorf("the last plugin is %s", last)
	}
}
