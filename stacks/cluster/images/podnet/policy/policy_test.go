package policy

import (
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"backstack.dev/cluster/podnet/rules"
)

func TestBlocksLoseTheirExceptionsAndAreJoined(test *testing.T) {
	for _, one := range []struct {
		blocks []networking.IPBlock
		wanted string
	}{
		{[]networking.IPBlock{{CIDR: "0.0.0.0/0"}}, "0.0.0.0-255.255.255.255"},
		{[]networking.IPBlock{{CIDR: "10.0.0.7/24"}}, "10.0.0.0-10.0.0.255"},
		{[]networking.IPBlock{{CIDR: "10.0.0.0/24", Except: []string{"10.0.0.0/24"}}}, ""},
		{[]networking.IPBlock{{CIDR: "10.0.0.0/24", Except: []string{"10.0.0.0/32", "10.0.0.255/32"}}},
			"10.0.0.1-10.0.0.254"},
		{[]networking.IPBlock{{CIDR: "10.0.0.0/30", Except: []string{"10.0.0.1/32", "10.0.0.0/31"}}}, "10.0.0.2-10.0.0.3"},
		{[]networking.IPBlock{{CIDR: "10.0.1.0/24"}, {CIDR: "10.0.0.0/24"}}, "10.0.0.0-10.0.1.255"},
		{[]networking.IPBlock{{CIDR: "10.0.0.0/8", Except: []string{"10.1.0.0/16"}}, {CIDR: "10.1.2.0/24"}},
			"10.0.0.0-10.0.255.255 10.1.2.0-10.1.2.255 10.2.0.0-10.255.255.255"},
		{[]networking.IPBlock{{CIDR: "0.0.0.0/0", Except: []string{"255.255.255.255/32", "0.0.0.0/32"}}},
			"0.0.0.1-255.255.255.254"},
		{[]networking.IPBlock{{CIDR: "::/0"}}, ""},
	} {
		var ranges []string
		for _, one := range rangesOf(one.blocks) {
			ranges = append(ranges, one.first.String()+"-"+one.last.String())
		}
		if found := strings.Join(ranges, " "); found != one.wanted {
			test.Errorf("%v: %s, not %s", one.blocks, found, one.wanted)
		}
	}
}

func TestPodsWithoutAnAddressOfTheirOwnAreNobody(test *testing.T) {
	pod := func(change func(*core.Pod)) *core.Pod {
		made := &core.Pod{Spec: core.PodSpec{NodeName: "here"}, Status: core.PodStatus{
			Phase: core.PodRunning, PodIPs: []core.PodIP{{IP: "fd00::1"}, {IP: "10.0.0.1"}},
		}}
		change(made)
		return made
	}
	read, known := Read(pod(func(*core.Pod) {}))
	if !known || read.Address != netip.MustParseAddr("10.0.0.1") {
		test.Errorf("a running pod is %v, %v", known, read.Address)
	}
	for what, pod := range map[string]*core.Pod{
		"on the node's network": pod(func(pod *core.Pod) { pod.Spec.HostNetwork = true }),
		"done":                  pod(func(pod *core.Pod) { pod.Status.Phase = core.PodSucceeded }),
		"failed":                pod(func(pod *core.Pod) { pod.Status.Phase = core.PodFailed }),
		"not scheduled":         pod(func(pod *core.Pod) { pod.Spec.NodeName = "" }),
	} {
		if _, known := Read(pod); known {
			test.Errorf("a pod that is %s counts", what)
		}
	}
}

// denyAll selects every pod of a namespace.
func denyAll(namespace string) *networking.NetworkPolicy {
	return &networking.NetworkPolicy{ObjectMeta: meta.ObjectMeta{Namespace: namespace, Name: "deny-all"}}
}

func TestAnAddressIsThePodsThatWasHeardOfLast(test *testing.T) {
	address := netip.MustParseAddr("10.0.0.1")
	state := State{
		Node:     "here",
		Policies: []*networking.NetworkPolicy{denyAll("old")},
		Pods: []Pod{
			{Namespace: "old", Name: "from before", Node: "here", Address: address, Version: 7},
			{Namespace: "new", Name: "now", Node: "here", Address: address, Version: 8},
		},
	}
	if ruleset := Compile(state); !ruleset.Empty() {
		test.Errorf("the pod that has the address now is judged as the one from before: %v", ruleset)
	}
}

func TestAPolicyWithoutTypesIsAboutWhatItHas(test *testing.T) {
	policy := denyAll("default")
	state := State{
		Node:     "here",
		Policies: []*networking.NetworkPolicy{policy},
		Pods:     []Pod{{Namespace: "default", Node: "here", Address: netip.MustParseAddr("10.0.0.1")}},
	}
	directions := func() [2]int {
		sets := Compile(state).Sets
		return [2]int{len(sets[rules.Ingress].Elements), len(sets[rules.Egress].Elements)}
	}
	if found := directions(); found != [2]int{1, 0} {
		test.Errorf("without egress rules: %v", found)
	}
	policy.Spec.Egress = []networking.NetworkPolicyEgressRule{{}}
	if found := directions(); found != [2]int{1, 1} {
		test.Errorf("with egress rules: %v", found)
	}
}

func TestPodsOfOtherNodesNeedNoRules(test *testing.T) {
	state := State{
		Node:     "here",
		Policies: []*networking.NetworkPolicy{denyAll("default")},
		Pods:     []Pod{{Namespace: "default", Node: "there", Address: netip.MustParseAddr("10.0.0.1")}},
	}
	if ruleset := Compile(state); !ruleset.Empty() || len(ruleset.Sets[rules.Self].Elements) > 0 {
		test.Errorf("there are rules: %v", ruleset)
	}
}

func TestTheSameStateMakesTheSameRules(test *testing.T) {
	state := large(200, 20)
	if !reflect.DeepEqual(Compile(state), Compile(state)) {
		test.Error("they differ")
	}
}

// large is a cluster where each policy selects pods of one namespace and allows those of another.
func large(pods, policies int) State {
	state := State{Node: "here", Namespaces: map[string]map[string]string{}}
	for number := range pods {
		name := fmt.Sprint(number % 20)
		state.Namespaces[name] = map[string]string{"name": name}
		state.Pods = append(state.Pods, Pod{
			Namespace: name, Node: "here", Address: address(0x0a000001 + uint32(number)),
			Labels: map[string]string{"app": fmt.Sprint(number % 7)}, Ports: []Port{{"web", core.ProtocolTCP, 80}},
		})
	}
	for number := range policies {
		policy := denyAll(fmt.Sprint(number % 20))
		policy.Name = fmt.Sprint(number)
		policy.Spec.Ingress = []networking.NetworkPolicyIngressRule{{From: []networking.NetworkPolicyPeer{{
			NamespaceSelector: &meta.LabelSelector{MatchLabels: map[string]string{"name": fmt.Sprint((number + 1) % 20)}},
		}}}}
		state.Policies = append(state.Policies, policy)
	}
	return state
}

func BenchmarkCompile(bench *testing.B) {
	state := large(500, 100)
	for bench.Loop() {
		Compile(state)
	}
}
