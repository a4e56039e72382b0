// Package rules says what a node does about network policies, in the shape that the kernel keeps it: chains of rules,
// and sets of addresses that the rules look into. Chains change with policies, sets with pods.
package rules

import (
	"net/netip"
	"reflect"
)

// Sets that every set of rules has.
const (
	// Ingress leads from the address of a pod to the chain that judges what is sent to it.
	Ingress = "ingress"
	// Egress leads from the address of a pod to the chain that judges what it sends.
	Egress = "egress"
	// Self has the pods that some policy selects: nothing keeps a pod from reaching itself.
	Self = "self"
)

// Ruleset is all of it. A packet that no rule of its chain matches is dropped.
type Ruleset struct {
	Chains map[string][]Rule
	Sets   map[string]Set
}

// Rule allows what matches all that it names.
type Rule struct {
	// Policy is whom it comes from, for people who list the rules.
	Policy string
	// Peers names the set that the other end is in. Empty: anybody.
	Peers string
	// Protocol is IP's number of it. 0: any.
	Protocol uint8
	// First and Last are the ports where the packet goes to. 0: any.
	First, Last uint16
	// Endpoints names the set of addresses and ports where the packet goes to. Empty: any.
	Endpoints string
}

// Kind is what the elements of a set are.
type Kind int

const (
	// Addresses are single ones.
	Addresses Kind = iota
	// Ranges have a first and a last address and do not touch each other.
	Ranges
	// Endpoints are addresses with a port.
	Endpoints
	// Pairs are addresses as source and destination of one packet.
	Pairs
	// Verdicts lead from an address to a chain.
	Verdicts
)

// Set is what rules look into.
type Set struct {
	Kind     Kind
	Elements map[Element]bool
}

// Element is one of a set; what its kind has no use for stays empty.
type Element struct {
	Address netip.Addr
	Last    netip.Addr
	Port    uint16
	Chain   string
}

// New has no rules.
func New() Ruleset {
	return Ruleset{Chains: map[string][]Rule{}, Sets: map[string]Set{
		Ingress: {Verdicts, map[Element]bool{}},
		Egress:  {Verdicts, map[Element]bool{}},
		Self:    {Pairs, map[Element]bool{}},
	}}
}

// Empty is true if everything is allowed, so that the kernel needs to keep nothing.
func (ruleset Ruleset) Empty() bool {
	return len(ruleset.Chains) == 0
}

// Add puts an element into a set, which is made if there is none.
func (ruleset Ruleset) Add(name string, kind Kind, elements ...Element) {
	if _, made := ruleset.Sets[name]; !made {
		ruleset.Sets[name] = Set{kind, map[Element]bool{}}
	}
	for _, element := range elements {
		ruleset.Sets[name].Elements[element] = true
	}
}

// Change is what has to be done to the elements of sets.
type Change struct {
	Set     string
	Kind    Kind
	Removed []Element
	Added   []Element
}

// Changes leads from one set of rules to another by elements alone. False: their chains or sets differ, and all must be
// written anew.
func Changes(from, to Ruleset) ([]Change, bool) {
	if len(from.Sets) != len(to.Sets) || !reflect.DeepEqual(from.Chains, to.Chains) {
		return nil, false
	}
	var changes []Change
	for name, wanted := range to.Sets {
		present, made := from.Sets[name]
		if !made || present.Kind != wanted.Kind {
			return nil, false
		}
		change := Change{name, wanted.Kind, missing(present, wanted), missing(wanted, present)}
		if len(change.Removed)+len(change.Added) > 0 {
			changes = append(changes, change)
		}
	}
	return changes, true
}

// missing has the elements of one set that the other lacks.
func missing(of, in Set) (found []Element) {
	for element := range of.Elements {
		if !in.Elements[element] {
			found = append(found, element)
		}
	}
	return found
}
