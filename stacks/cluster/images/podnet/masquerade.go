package main

import (
	"net/netip"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// Offsets in an IPv4 header.
const (
	sourceOffset      = 12
	destinationOffset = 16
)

// masquerade gives packets from pods to anywhere but pods the node's own address: nothing outside
// knows a way back to a pod. The whole table is replaced at once, so this can run at any time.
func masquerade(pods netip.Prefix) error {
	connection, err := nftables.New()
	if err != nil {
		return err
	}
	table := &nftables.Table{Family: nftables.TableFamilyIPv4, Name: "podnet"}
	connection.AddTable(table) // or deleting it would fail the first time
	connection.DelTable(table)
	connection.AddTable(table)
	chain := connection.AddChain(&nftables.Chain{
		Name:     "postrouting",
		Table:    table,
		Type:     nftables.ChainTypeNAT,
		Hooknum:  nftables.ChainHookPostrouting,
		Priority: nftables.ChainPriorityNATSource,
	})
	rule := append(compare(sourceOffset, expr.CmpOpEq, pods), compare(destinationOffset, expr.CmpOpNeq, pods)...)
	connection.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: append(rule, &expr.Masq{})})
	return connection.Flush()
}

// compare checks whether the address at an offset of the IPv4 header is in a range, or is not.
func compare(offset uint32, operator expr.CmpOp, prefix netip.Prefix) []expr.Any {
	block := network(prefix)
	return []expr.Any{
		&expr.Payload{DestRegister: unix.NFT_REG_1, Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: 4},
		&expr.Bitwise{
			SourceRegister: unix.NFT_REG_1,
			DestRegister:   unix.NFT_REG_1,
			Len:            4,
			Mask:           block.Mask,
			Xor:            []byte{0, 0, 0, 0},
		},
		&expr.Cmp{Op: operator, Register: unix.NFT_REG_1, Data: block.IP.To4()},
	}
}
