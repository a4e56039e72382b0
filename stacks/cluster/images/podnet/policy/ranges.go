package policy

import (
	"encoding/binary"
	"net/netip"
	"slices"

	networking "k8s.io/api/networking/v1"
)

// span is a range of addresses, both ends included.
type span struct{ first, last netip.Addr }

// rangesOf are the addresses of all blocks without their exceptions, in order and joined where they touch. An
// exception counts for its own block alone. The pod network has no IPv6, so blocks of it are about nobody.
func rangesOf(blocks []networking.IPBlock) []span {
	var found []span
	for _, block := range blocks {
		whole, ok := spanOf(block.CIDR)
		if !ok {
			continue
		}
		rest := []span{whole}
		for _, text := range block.Except {
			if exception, ok := spanOf(text); ok {
				rest = without(rest, exception)
			}
		}
		found = append(found, rest...)
	}
	return joined(found)
}

func spanOf(text string) (span, bool) {
	prefix, err := netip.ParsePrefix(text)
	if err != nil || !prefix.Addr().Is4() {
		return span{}, false
	}
	first := number(prefix.Masked().Addr())
	return span{address(first), address(first | uint32(uint64(1)<<(32-prefix.Bits())-1))}, true
}

func number(address netip.Addr) uint32 {
	bytes := address.As4()
	return binary.BigEndian.Uint32(bytes[:])
}

func address(number uint32) netip.Addr {
	return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, number)))
}

// without cuts an exception out of ranges.
func without(ranges []span, exception span) (rest []span) {
	for _, one := range ranges {
		if exception.last.Less(one.first) || one.last.Less(exception.first) {
			rest = append(rest, one)
			continue
		}
		if one.first.Less(exception.first) {
			rest = append(rest, span{one.first, exception.first.Prev()})
		}
		if exception.last.Less(one.last) {
			rest = append(rest, span{exception.last.Next(), one.last})
		}
	}
	return rest
}

// joined sorts ranges and makes one of those that overlap or touch, as the kernel wants them.
func joined(ranges []span) (found []span) {
	slices.SortFunc(ranges, func(a, b span) int { return a.first.Compare(b.first) })
	for _, one := range ranges {
		end := len(found) - 1
		if end >= 0 && (!found[end].last.Less(one.first) || found[end].last.Next() == one.first) {
			if found[end].last.Less(one.last) {
				found[end].last = one.last
			}
			continue
		}
		found = append(found, one)
	}
	return found
}
