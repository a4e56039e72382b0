package main

import (
	"fmt"
	"net/netip"
	"syscall"

	"github.com/vishvananda/netlink"
)

// protocol marks the routes that are ours, so that old ones can be told from other people's.
const protocol = netlink.RouteProtocol(98)

// syncRoutes routes the pods of every other node to it and removes routes to nodes that are gone. What is sent to an
// address of the pods' range that no pod has is refused: it would leave the node by its default route, and whoever
// answers out there would be taken for the pod that was there a moment ago.
func syncRoutes(pods netip.Prefix, others []peer) error {
	nobody := &netlink.Route{Dst: network(pods), Type: syscall.RTN_UNREACHABLE, Protocol: protocol}
	if err := netlink.RouteReplace(nobody); err != nil {
		return fmt.Errorf("to nobody in %s: %w", pods, err)
	}
	wanted := map[string]bool{pods.String(): true}
	for _, other := range others {
		wanted[other.pods.String()] = true
		route := &netlink.Route{
			Dst:      network(other.pods),
			Gw:       other.address.AsSlice(),
			Protocol: protocol,
		}
		if err := netlink.RouteReplace(route); err != nil {
			return fmt.Errorf("to %s by %s: %w", other.pods, other.address, err)
		}
	}
	ours, err := netlink.RouteListFiltered(netlink.FAMILY_V4, &netlink.Route{Protocol: protocol}, netlink.RT_FILTER_PROTOCOL)
	if err != nil {
		return err
	}
	for _, route := range ours {
		if route.Dst != nil && !wanted[route.Dst.String()] {
			if err := netlink.RouteDel(&route); err != nil {
				return fmt.Errorf("old one to %s: %w", route.Dst, err)
			}
		}
	}
	return nil
}

// uplinkMTU is the MTU of the interface that leads to the other nodes.
func uplinkMTU() (int, error) {
	routes, err := netlink.RouteListFiltered(netlink.FAMILY_V4, &netlink.Route{}, netlink.RT_FILTER_TABLE)
	if err != nil {
		return 0, err
	}
	for _, route := range routes {
		if isDefault(route) {
			link, err := netlink.LinkByIndex(route.LinkIndex)
			if err != nil {
				return 0, err
			}
			return link.Attrs().MTU, nil
		}
	}
	return 1500, nil // an isolated network has no default route
}

func isDefault(route netlink.Route) bool {
	if route.Dst == nil {
		return true
	}
	destination, err := netip.ParsePrefix(route.Dst.String())
	return err == nil && destination.Bits() == 0
}
