package policy

import (
	"encoding/json"

	networking "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/labels"

	"backstack.dev/cluster/podnet/rules"
)

// ends names the sets that the other end of a rule can be in: one for pods, one for addresses.
func (compiler *compiler) ends(namespace string, peers []networking.NetworkPolicyPeer) (ends []string) {
	if len(peers) == 0 {
		return []string{""} // anybody
	}
	var pods []networking.NetworkPolicyPeer
	var blocks []networking.IPBlock
	for _, peer := range peers {
		switch {
		case peer.IPBlock != nil:
			blocks = append(blocks, *peer.IPBlock)
		case peer.PodSelector != nil || peer.NamespaceSelector != nil:
			pods = append(pods, peer)
		}
	}
	if len(pods) > 0 {
		ends = append(ends, compiler.podsOf(namespace, pods))
	}
	if ranges := rangesOf(blocks); len(ranges) > 0 {
		ends = append(ends, compiler.addressesOf(ranges))
	}
	return ends
}

// podsOf is the set of all pods that one of the peers selects. Policies that say the same share it.
func (compiler *compiler) podsOf(namespace string, peers []networking.NetworkPolicyPeer) string {
	content, err := json.Marshal(peers)
	if err != nil {
		panic(err) // plain data
	}
	name := named("pods", namespace, string(content))
	if _, made := compiler.ruleset.Sets[name]; made {
		return name
	}
	compiler.ruleset.Add(name, rules.Addresses)
	for _, peer := range peers {
		inNamespace := compiler.namespacesOf(namespace, peer)
		pods := labels.Everything()
		if peer.PodSelector != nil {
			pods = selector(peer.PodSelector)
		}
		for _, pod := range compiler.pods {
			if inNamespace(pod.Namespace) && pods.Matches(labels.Set(pod.Labels)) {
				compiler.ruleset.Add(name, rules.Addresses, rules.Element{Address: pod.Address})
			}
		}
	}
	return name
}

// namespacesOf says which namespaces a peer is about: without a selector, the policy's own.
func (compiler *compiler) namespacesOf(own string, peer networking.NetworkPolicyPeer) func(string) bool {
	if peer.NamespaceSelector == nil {
		return func(namespace string) bool { return namespace == own }
	}
	selector := selector(peer.NamespaceSelector)
	return func(namespace string) bool {
		found, known := compiler.state.Namespaces[namespace]
		return known && selector.Matches(labels.Set(found))
	}
}

// addressesOf is the set of some ranges. It is named by them, so that its elements never change.
func (compiler *compiler) addressesOf(ranges []span) string {
	var contents []string
	for _, one := range ranges {
		contents = append(contents, one.first.String(), one.last.String())
	}
	name := named("addresses", contents...)
	for _, one := range ranges {
		compiler.ruleset.Add(name, rules.Ranges, rules.Element{Address: one.first, Last: one.last})
	}
	return name
}
