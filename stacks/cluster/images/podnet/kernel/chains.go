package kernel

import (
	"encoding/binary"
	"strings"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"github.com/google/nftables/userdata"
	"golang.org/x/sys/unix"

	"backstack.dev/cluster/podnet/rules"
)

// Where addresses are in an IPv4 header, and the port in the headers of TCP, UDP and SCTP alike.
const (
	sourceOffset      = 12
	destinationOffset = 16
	portOffset        = 2
)

// longestName is how much of a policy's name is kept beside a rule. The kernel takes 256 bytes in all.
const longestName = 200

// forward judges what goes through the node: from pod to pod, in and out. Between a node and its own pods everything is
// allowed (the kubelet's probes come so), and does not come this way. Services' addresses are the pods' own by now.
// Connections that were allowed once go on.
func (batch *batch) forward() {
	chain := batch.connection.AddChain(&nftables.Chain{
		Name:     "forward",
		Table:    batch.table,
		Type:     nftables.ChainTypeFilter,
		Hooknum:  nftables.ChainHookForward,
		Priority: nftables.ChainPriorityFilter,
	})
	batch.rule(chain, "", known(), accept())
	batch.rule(chain, "", address(sourceOffset, 0), address(destinationOffset, 1), batch.in(rules.Self), accept())
	batch.rule(chain, "", address(sourceOffset, 0), batch.jump(rules.Egress))
	batch.rule(chain, "", address(destinationOffset, 0), batch.jump(rules.Ingress))
}

// fill writes the chain of some pods in one direction, which is in its name. What is allowed returns, since the other
// direction is still to be judged.
func (batch *batch) fill(name string, allowed []rules.Rule) {
	chain := &nftables.Chain{Name: name, Table: batch.table}
	peer := uint32(sourceOffset)
	if strings.HasPrefix(name, rules.Egress) {
		peer = destinationOffset
	}
	for _, rule := range allowed {
		var parts [][]expr.Any
		if rule.Peers != "" {
			parts = append(parts, address(peer, 0), batch.in(rule.Peers))
		}
		if rule.Protocol != 0 {
			parts = append(parts, protocol(rule.Protocol))
		}
		if rule.First != 0 {
			parts = append(parts, port(0), between(rule.First, rule.Last))
		}
		if rule.Endpoints != "" {
			parts = append(parts, address(destinationOffset, 0), port(1), batch.in(rule.Endpoints))
		}
		batch.rule(chain, rule.Policy, append(parts, verdict(expr.VerdictReturn))...)
	}
	batch.rule(chain, "", []expr.Any{&expr.Counter{}}, verdict(expr.VerdictDrop))
}

func (batch *batch) rule(chain *nftables.Chain, comment string, parts ...[]expr.Any) {
	rule := &nftables.Rule{Table: batch.table, Chain: chain}
	for _, part := range parts {
		rule.Exprs = append(rule.Exprs, part...)
	}
	if comment != "" {
		shown := comment[:min(len(comment), longestName)]
		rule.UserData = userdata.AppendString(nil, userdata.TypeComment, shown)
	}
	batch.connection.AddRule(rule)
}

// register is one of those that hold 4 bytes; two in a row are what sets of two parts look at.
func register(number uint32) uint32 { return unix.NFT_REG32_00 + number }

// address reads one of the packet's addresses.
func address(offset, into uint32) []expr.Any {
	return []expr.Any{&expr.Payload{
		DestRegister: register(into), Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: 4,
	}}
}

// port reads where the packet goes to.
func port(into uint32) []expr.Any {
	return []expr.Any{&expr.Payload{
		DestRegister: register(into), Base: expr.PayloadBaseTransportHeader, Offset: portOffset, Len: 2,
	}}
}

func between(first, last uint16) []expr.Any {
	low, high := binary.BigEndian.AppendUint16(nil, first), binary.BigEndian.AppendUint16(nil, last)
	if first == last {
		return []expr.Any{&expr.Cmp{Op: expr.CmpOpEq, Register: register(0), Data: low}}
	}
	return []expr.Any{&expr.Range{Op: expr.CmpOpEq, Register: register(0), FromData: low, ToData: high}}
}

func protocol(number uint8) []expr.Any {
	return []expr.Any{
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: register(0)},
		&expr.Cmp{Op: expr.CmpOpEq, Register: register(0), Data: []byte{number}},
	}
}

// in looks what was read up in a set.
func (batch *batch) in(set string) []expr.Any {
	return []expr.Any{&expr.Lookup{SourceRegister: register(0), SetName: set, SetID: batch.sets[set].ID}}
}

// jump goes to the chain that a map has for what was read, if it has one.
func (batch *batch) jump(set string) []expr.Any {
	return []expr.Any{&expr.Lookup{
		SourceRegister: register(0), SetName: set, SetID: batch.sets[set].ID,
		DestRegister: unix.NFT_REG_VERDICT, IsDestRegSet: true,
	}}
}

// known are packets of connections that stand, and errors about them.
func known() []expr.Any {
	state := expr.CtStateBitESTABLISHED | expr.CtStateBitRELATED
	return []expr.Any{
		&expr.Ct{Register: register(0), Key: expr.CtKeySTATE},
		&expr.Bitwise{
			SourceRegister: register(0), DestRegister: register(0), Len: 4,
			Mask: binaryutil.NativeEndian.PutUint32(state), Xor: binaryutil.NativeEndian.PutUint32(0),
		},
		&expr.Cmp{Op: expr.CmpOpNeq, Register: register(0), Data: binaryutil.NativeEndian.PutUint32(0)},
	}
}

func accept() []expr.Any { return verdict(expr.VerdictAccept) }

func verdict(kind expr.VerdictKind) []expr.Any { return []expr.Any{&expr.Verdict{Kind: kind}} }
