package policy

import (
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"backstack.dev/cluster/podnet/rules"
)

// numbers are the protocols that a policy can name, as IP has them.
var numbers = map[core.Protocol]uint8{core.ProtocolTCP: 6, core.ProtocolUDP: 17, core.ProtocolSCTP: 132}

// ways has a rule for each port, without the other end; one that matches everything if no port is named.
func (compiler *compiler) ways(ports []networking.NetworkPolicyPort) (ways []rules.Rule) {
	if len(ports) == 0 {
		return []rules.Rule{{}}
	}
	for _, port := range ports {
		protocol := protocolOf(port.Protocol)
		rule := rules.Rule{Protocol: numbers[protocol]}
		switch {
		case rule.Protocol == 0:
			continue // the API server knows no other
		case port.Port == nil:
		case port.Port.Type == intstr.String:
			rule.Endpoints = compiler.portsNamed(port.Port.StrVal, protocol)
		default:
			rule.First, rule.Last = uint16(port.Port.IntVal), uint16(port.Port.IntVal)
			if port.EndPort != nil && *port.EndPort > port.Port.IntVal {
				rule.Last = uint16(*port.EndPort)
			}
		}
		ways = append(ways, rule)
	}
	return ways
}

// portsNamed is the set of all ports in the cluster with that name: each pod may have another number for it. Whose they
// are is for the rest of the rule to say.
func (compiler *compiler) portsNamed(port string, protocol core.Protocol) string {
	name := named("ports", port, string(protocol))
	if _, made := compiler.ruleset.Sets[name]; made {
		return name
	}
	compiler.ruleset.Add(name, rules.Endpoints)
	for _, pod := range compiler.pods {
		for _, one := range pod.Ports {
			if one.Name == port && one.Protocol == protocol {
				compiler.ruleset.Add(name, rules.Endpoints, rules.Element{Address: pod.Address, Port: one.Number})
			}
		}
	}
	return name
}
