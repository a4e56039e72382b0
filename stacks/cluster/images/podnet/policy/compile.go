package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	networking "k8s.io/api/networking/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"backstack.dev/cluster/podnet/rules"
)

// Compile makes the rules of the state's node. Pods that the same policies select share one chain for each direction.
func Compile(state State) rules.Ruleset {
	compiler := compiler{
		state:    state,
		pods:     current(state.Pods),
		ruleset:  rules.New(),
		compiled: map[string][]rules.Rule{},
	}
	policies := readPolicies(state.Policies)
	for _, pod := range compiler.pods {
		if pod.Node != state.Node {
			continue
		}
		for _, direction := range []string{rules.Ingress, rules.Egress} {
			compiler.isolate(pod, direction, policies)
		}
	}
	return compiler.ruleset
}

type compiler struct {
	state    State
	pods     []Pod
	ruleset  rules.Ruleset
	compiled map[string][]rules.Rule
}

// readPolicy is a policy whose selector is understood.
type readPolicy struct {
	*networking.NetworkPolicy
	selector labels.Selector
}

func (policy readPolicy) name() string {
	return policy.Namespace + "/" + policy.Name
}

// readPolicies sorts them by name, so that the same policies make the same chain.
func readPolicies(policies []*networking.NetworkPolicy) []readPolicy {
	read := make([]readPolicy, 0, len(policies))
	for _, policy := range policies {
		read = append(read, readPolicy{policy, selector(&policy.Spec.PodSelector)})
	}
	slices.SortFunc(read, func(a, b readPolicy) int { return strings.Compare(a.name(), b.name()) })
	return read
}

// selector selects nothing if it cannot be read, which the API server would not have let through.
func selector(text *meta.LabelSelector) labels.Selector {
	read, err := meta.LabelSelectorAsSelector(text)
	if err != nil {
		return labels.Nothing()
	}
	return read
}

// isolate leads a pod to its chain if any policy selects it.
func (compiler *compiler) isolate(pod Pod, direction string, policies []readPolicy) {
	var selecting []readPolicy
	var names []string
	for _, policy := range policies {
		selected := policy.Namespace == pod.Namespace && policy.selector.Matches(labels.Set(pod.Labels))
		if selected && judges(policy.NetworkPolicy, direction) {
			selecting = append(selecting, policy)
			names = append(names, policy.name())
		}
	}
	if len(selecting) == 0 {
		return
	}
	chain := named(direction, names...)
	if _, made := compiler.ruleset.Chains[chain]; !made {
		allowed := []rules.Rule{}
		for _, policy := range selecting {
			allowed = append(allowed, compiler.rulesOf(policy, direction)...)
		}
		compiler.ruleset.Chains[chain] = allowed
	}
	compiler.ruleset.Add(direction, rules.Verdicts, rules.Element{Address: pod.Address, Chain: chain})
	compiler.ruleset.Add(rules.Self, rules.Pairs, rules.Element{Address: pod.Address})
}

// judges says whether a policy is about a direction. What it says nothing of follows from what it has.
func judges(policy *networking.NetworkPolicy, direction string) bool {
	if len(policy.Spec.PolicyTypes) == 0 {
		return direction == rules.Ingress || len(policy.Spec.Egress) > 0
	}
	wanted := networking.PolicyTypeIngress
	if direction == rules.Egress {
		wanted = networking.PolicyTypeEgress
	}
	return slices.Contains(policy.Spec.PolicyTypes, wanted)
}

// rulesOf are the rules of one policy in one direction, made once.
func (compiler *compiler) rulesOf(policy readPolicy, direction string) []rules.Rule {
	key := direction + " " + policy.name()
	if made, known := compiler.compiled[key]; known {
		return made
	}
	made := []rules.Rule{}
	if direction == rules.Ingress {
		for _, rule := range policy.Spec.Ingress {
			made = append(made, compiler.allow(policy, rule.From, rule.Ports)...)
		}
	} else {
		for _, rule := range policy.Spec.Egress {
			made = append(made, compiler.allow(policy, rule.To, rule.Ports)...)
		}
	}
	compiler.compiled[key] = made
	return made
}

// allow has one rule for each way to name the other end and each port.
func (compiler *compiler) allow(
	policy readPolicy, peers []networking.NetworkPolicyPeer, ports []networking.NetworkPolicyPort,
) (made []rules.Rule) {
	for _, end := range compiler.ends(policy.Namespace, peers) {
		for _, rule := range compiler.ways(ports) {
			rule.Policy, rule.Peers = policy.name(), end
			made = append(made, rule)
		}
	}
	return made
}

// named is a name for a chain or a set that is short enough for the kernel and the same for the same contents.
func named(kind string, contents ...string) string {
	digest := sha256.Sum256([]byte(fmt.Sprintf("%q", contents)))
	return kind + "-" + hex.EncodeToString(digest[:8])
}
