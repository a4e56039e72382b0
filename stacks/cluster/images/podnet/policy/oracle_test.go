package policy

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"backstack.dev/cluster/podnet/rules"
)

// packet begins a connection.
type packet struct {
	from, to netip.Addr
	protocol core.Protocol
	port     uint16
}

// passes says what the kernel would do with a packet that goes through the node.
func passes(ruleset rules.Ruleset, packet packet) bool {
	has := func(set string, element rules.Element) bool { return ruleset.Sets[set].Elements[element] }
	if packet.from == packet.to && has(rules.Self, rules.Element{Address: packet.from}) {
		return true
	}
	judge := func(direction string, own, other netip.Addr) bool {
		for element := range ruleset.Sets[direction].Elements {
			if element.Address == own {
				return slices.ContainsFunc(ruleset.Chains[element.Chain], func(rule rules.Rule) bool {
					return matches(ruleset, rule, other, packet)
				})
			}
		}
		return true
	}
	return judge(rules.Egress, packet.from, packet.to) && judge(rules.Ingress, packet.to, packet.from)
}

func matches(ruleset rules.Ruleset, rule rules.Rule, other netip.Addr, packet packet) bool {
	if rule.Peers != "" {
		among := false
		for element := range ruleset.Sets[rule.Peers].Elements {
			last := element.Last
			if ruleset.Sets[rule.Peers].Kind == rules.Addresses {
				last = element.Address
			}
			among = among || element.Address.Compare(other) <= 0 && other.Compare(last) <= 0
		}
		if !among {
			return false
		}
	}
	if rule.Protocol != 0 && rule.Protocol != numbers[packet.protocol] {
		return false
	}
	if rule.First != 0 && (packet.port < rule.First || rule.Last < packet.port) {
		return false
	}
	endpoint := rules.Element{Address: packet.to, Port: packet.port}
	return rule.Endpoints == "" || ruleset.Sets[rule.Endpoints].Elements[endpoint]
}

// allowed is what Kubernetes' documentation says of a packet, word for word and without any thought of rules.
func allowed(state State, packet packet) bool {
	from, to := podAt(state, packet.from), podAt(state, packet.to)
	if from != nil && from == to {
		return true
	}
	return direction(state, from, packet, networking.PolicyTypeEgress) &&
		direction(state, to, packet, networking.PolicyTypeIngress)
}

func podAt(state State, address netip.Addr) *Pod {
	for index := range state.Pods {
		if state.Pods[index].Address == address {
			return &state.Pods[index]
		}
	}
	return nil
}

func direction(state State, pod *Pod, packet packet, direction networking.PolicyType) bool {
	if pod == nil || pod.Node != state.Node {
		return true // another node judges it
	}
	isolated := false
	for _, policy := range state.Policies {
		if policy.Namespace != pod.Namespace || !chosen(&policy.Spec.PodSelector, pod.Labels) ||
			!slices.Contains(policy.Spec.PolicyTypes, direction) {
			continue
		}
		isolated = true
		if direction == networking.PolicyTypeIngress {
			for _, rule := range policy.Spec.Ingress {
				if peersHave(state, policy.Namespace, rule.From, packet.from) && portsHave(state, rule.Ports, packet) {
					return true
				}
			}
			continue
		}
		for _, rule := range policy.Spec.Egress {
			if peersHave(state, policy.Namespace, rule.To, packet.to) && portsHave(state, rule.Ports, packet) {
				return true
			}
		}
	}
	return !isolated
}

func chosen(selector *meta.LabelSelector, of map[string]string) bool {
	read, err := meta.LabelSelectorAsSelector(selector)
	if err != nil {
		panic(err)
	}
	return read.Matches(labels.Set(of))
}

func peersHave(state State, namespace string, peers []networking.NetworkPolicyPeer, address netip.Addr) bool {
	for _, peer := range peers {
		if peer.IPBlock != nil {
			excepted := slices.ContainsFunc(peer.IPBlock.Except, func(except string) bool {
				return netip.MustParsePrefix(except).Contains(address)
			})
			if netip.MustParsePrefix(peer.IPBlock.CIDR).Contains(address) && !excepted {
				return true
			}
			continue
		}
		pod := podAt(state, address)
		if pod == nil {
			continue
		}
		inNamespace := pod.Namespace == namespace
		if peer.NamespaceSelector != nil {
			inNamespace = chosen(peer.NamespaceSelector, state.Namespaces[pod.Namespace])
		}
		if inNamespace && (peer.PodSelector == nil || chosen(peer.PodSelector, pod.Labels)) {
			return true
		}
	}
	return len(peers) == 0
}

func portsHave(state State, ports []networking.NetworkPolicyPort, packet packet) bool {
	for _, port := range ports {
		if protocolOf(port.Protocol) != packet.protocol {
			continue
		}
		switch {
		case port.Port == nil:
			return true
		case port.Port.Type == intstr.String:
			pod := podAt(state, packet.to)
			if pod != nil && slices.Contains(pod.Ports, Port{port.Port.StrVal, packet.protocol, packet.port}) {
				return true
			}
		case port.EndPort != nil:
			if int32(packet.port) >= port.Port.IntVal && int32(packet.port) <= *port.EndPort {
				return true
			}
		case port.Port.IntVal == int32(packet.port):
			return true
		}
	}
	return len(ports) == 0
}

// dice makes clusters and policies of few different things, so that they concern each other.
type dice struct{ *rand.Rand }

func (dice dice) of(choices ...string) string { return choices[dice.IntN(len(choices))] }

func (dice dice) labels() map[string]string {
	found := map[string]string{"app": dice.of("a", "b", "c")}
	if dice.IntN(2) == 0 {
		found["tier"] = dice.of("front", "back")
	}
	return found
}

func (dice dice) selector() *meta.LabelSelector {
	switch dice.IntN(5) {
	case 0:
		return &meta.LabelSelector{}
	case 1:
		return &meta.LabelSelector{MatchExpressions: []meta.LabelSelectorRequirement{{
			Key: "tier", Operator: meta.LabelSelectorOperator(dice.of("Exists", "DoesNotExist")),
		}}}
	case 2:
		return &meta.LabelSelector{MatchExpressions: []meta.LabelSelectorRequirement{{
			Key: "app", Operator: meta.LabelSelectorOperator(dice.of("In", "NotIn")), Values: []string{"a", dice.of("b", "c")},
		}}}
	}
	return &meta.LabelSelector{MatchLabels: map[string]string{"app": dice.of("a", "b", "c")}}
}

func (dice dice) peers() (peers []networking.NetworkPolicyPeer) {
	for range dice.IntN(3) {
		switch dice.IntN(4) {
		case 0:
			peers = append(peers, networking.NetworkPolicyPeer{PodSelector: dice.selector()})
		case 1:
			peers = append(peers, networking.NetworkPolicyPeer{NamespaceSelector: dice.selector()})
		case 2:
			peers = append(peers, networking.NetworkPolicyPeer{NamespaceSelector: dice.selector(), PodSelector: dice.selector()})
		case 3:
			block := networking.IPBlock{CIDR: dice.of(
				"0.0.0.0/0", "10.0.0.0/28", "10.0.0.8/29", "192.0.2.0/24", "10.0.0.5/32", "2001:db8::/64",
			)}
			for range dice.IntN(3) {
				block.Except = append(block.Except, dice.of("10.0.0.0/30", "10.0.0.10/31", "192.0.2.1/32", "10.0.0.4/30"))
			}
			peers = append(peers, networking.NetworkPolicyPeer{IPBlock: &block})
		}
	}
	return peers
}

func (dice dice) ports() (ports []networking.NetworkPolicyPort) {
	for range dice.IntN(3) {
		port := networking.NetworkPolicyPort{}
		if dice.IntN(2) == 0 {
			protocol := core.Protocol(dice.of("TCP", "UDP", "SCTP"))
			port.Protocol = &protocol
		}
		switch dice.IntN(4) {
		case 0:
			number := intstr.FromInt32(80 + int32(dice.IntN(3)))
			port.Port = &number
		case 1:
			name := intstr.FromString(dice.of("web", "admin"))
			port.Port = &name
		case 2:
			number, end := intstr.FromInt32(80), 80+int32(dice.IntN(3))
			port.Port, port.EndPort = &number, &end
		}
		ports = append(ports, port)
	}
	return ports
}

func (dice dice) state() State {
	state := State{Node: "here", Namespaces: map[string]map[string]string{}}
	for _, name := range []string{"one", "two", "three"} {
		state.Namespaces[name] = dice.labels()
	}
	for number := range 2 + dice.IntN(10) {
		pod := Pod{
			Namespace: dice.of("one", "two", "three"), Name: string(rune('a' + number)), Labels: dice.labels(),
			Node: dice.of("here", "here", "there"), Address: netip.AddrFrom4([4]byte{10, 0, 0, byte(number + 1)}),
		}
		for _, name := range []string{"web", "admin"} {
			if dice.IntN(2) == 0 {
				pod.Ports = append(pod.Ports, Port{name, core.Protocol(dice.of("TCP", "TCP", "UDP")), 80 + uint16(dice.IntN(3))})
			}
		}
		state.Pods = append(state.Pods, pod)
	}
	for number := range dice.IntN(5) {
		state.Policies = append(state.Policies, dice.policy(number))
	}
	return state
}

func (dice dice) policy(number int) *networking.NetworkPolicy {
	policy := &networking.NetworkPolicy{ObjectMeta: meta.ObjectMeta{
		Namespace: dice.of("one", "two", "three"), Name: string(rune('a' + number)),
	}}
	policy.Spec.PodSelector = *dice.selector()
	if dice.IntN(3) > 0 {
		policy.Spec.PolicyTypes = append(policy.Spec.PolicyTypes, networking.PolicyTypeIngress)
		for range dice.IntN(3) {
			rule := networking.NetworkPolicyIngressRule{From: dice.peers(), Ports: dice.ports()}
			policy.Spec.Ingress = append(policy.Spec.Ingress, rule)
		}
	}
	if len(policy.Spec.PolicyTypes) == 0 || dice.IntN(2) == 0 {
		policy.Spec.PolicyTypes = append(policy.Spec.PolicyTypes, networking.PolicyTypeEgress)
		for range dice.IntN(3) {
			rule := networking.NetworkPolicyEgressRule{To: dice.peers(), Ports: dice.ports()}
			policy.Spec.Egress = append(policy.Spec.Egress, rule)
		}
	}
	return policy
}

func TestRulesSayWhatPoliciesMean(test *testing.T) {
	passed, dropped := 0, 0
	for seed := range uint64(1500) {
		dice := dice{rand.New(rand.NewPCG(seed, 14))}
		state := dice.state()
		ruleset := Compile(state)
		addresses := []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")}
		for _, pod := range state.Pods {
			addresses = append(addresses, pod.Address)
		}
		for _, from := range addresses {
			for _, to := range addresses {
				for _, protocol := range []core.Protocol{core.ProtocolTCP, core.ProtocolUDP, core.ProtocolSCTP} {
					packet := packet{from, to, protocol, 79 + uint16(dice.IntN(5))}
					wanted := allowed(state, packet)
					if found := passes(ruleset, packet); found != wanted {
						test.Fatalf("seed %d: %v passes: %v, is allowed: %v", seed, packet, found, wanted)
					}
					if wanted {
						passed++
					} else {
						dropped++
					}
				}
			}
		}
	}
	// Dice that made nothing of interest would prove nothing.
	if passed < 30_000 || dropped < 30_000 {
		test.Errorf("of the packets %d pass and %d are dropped", passed, dropped)
	}
}
