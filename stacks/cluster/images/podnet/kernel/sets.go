package kernel

import (
	"encoding/binary"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"

	"backstack.dev/cluster/podnet/rules"
)

// set describes a set as the kernel knows it.
func (batch *batch) set(name string, kind rules.Kind) *nftables.Set {
	set := &nftables.Set{Table: batch.table, Name: name, KeyType: nftables.TypeIPAddr}
	switch kind {
	case rules.Ranges:
		set.Interval = true
	case rules.Endpoints:
		set.KeyType = nftables.MustConcatSetType(nftables.TypeIPAddr, nftables.TypeInetService)
		set.Concatenation = true
	case rules.Pairs:
		set.KeyType = nftables.MustConcatSetType(nftables.TypeIPAddr, nftables.TypeIPAddr)
		set.Concatenation = true
	case rules.Verdicts:
		set.IsMap, set.DataType = true, nftables.TypeVerdict
	}
	return set
}

// encode writes elements as the kernel reads them: numbers are big endian, and each part fills registers of 4 bytes.
func encode(kind rules.Kind, elements []rules.Element) (encoded []nftables.SetElement) {
	for _, element := range elements {
		key := element.Address.AsSlice()
		switch kind {
		case rules.Addresses:
			encoded = append(encoded, nftables.SetElement{Key: key})
		case rules.Ranges:
			encoded = append(encoded, nftables.SetElement{Key: key})
			// The end is the first address behind it. The range with the last address of all has no end.
			if next := element.Last.Next(); next.IsValid() {
				encoded = append(encoded, nftables.SetElement{Key: next.AsSlice(), IntervalEnd: true})
			}
		case rules.Endpoints:
			key = append(binary.BigEndian.AppendUint16(key, element.Port), 0, 0)
			encoded = append(encoded, nftables.SetElement{Key: key})
		case rules.Pairs:
			encoded = append(encoded, nftables.SetElement{Key: append(key, key...)})
		case rules.Verdicts:
			verdict := &expr.Verdict{Kind: expr.VerdictJump, Chain: element.Chain}
			encoded = append(encoded, nftables.SetElement{Key: key, VerdictData: verdict})
		}
	}
	return encoded
}
