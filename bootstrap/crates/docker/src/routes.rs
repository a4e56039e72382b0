//! Where this machine's routing table leads addresses: the networks of engines, and VPNs.

use super::subnet::Subnet;

/// The default route, and what is so wide that it says nothing about a few addresses, have fewer bits than this.
const WIDEST: u8 = 12;

/// One line of the routing table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Name of the interface, as `tun0`.
    pub interface: String,
    /// The addresses that it leads there.
    pub range: Subnet,
}

impl Route {
    /// Whether it leads these addresses, or some of them, somewhere.
    pub fn leads(&self, subnet: Subnet) -> bool {
        self.range.prefix() >= WIDEST && self.range.overlaps(subnet)
    }
}

/// The IPv4 routes of this machine; none where the system does not tell.
pub fn of_this_machine() -> Vec<Route> {
    read(&std::fs::read_to_string("/proc/net/route").unwrap_or_default())
}

/// Routes as the kernel writes them: a line of headings, then addresses as hexadecimal numbers in the processor's order.
pub fn read(table: &str) -> Vec<Route> {
    let number = |text: &str| u32::from_str_radix(text, 16).ok().map(u32::from_be);
    let route = |line: &str| {
        let columns: Vec<_> = line.split_whitespace().collect();
        let (base, mask) = (number(columns.get(1)?)?, number(columns.get(7)?)?);
        let prefix = u8::try_from(mask.leading_ones()).ok()?;
        Some(Route { interface: (*columns.first()?).into(), range: Subnet::around(base.into(), prefix) })
    };
    table.lines().skip(1).filter_map(route).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_routed_subnet_is_seen_and_the_default_route_is_not_meant() {
        // Columns as the kernel writes them; a default route on the second line, 172.31.250.0/24 on the third.
        let table = "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n\
                     eth0 00000000 0101A8C0 0003 0 0 0 00000000 0 0 0\n\
                     br-1 00FA1FAC 00000000 0001 0 0 0 00FFFFFF 0 0 0\n";
        let routes = read(table);
        assert_eq!(routes[1], Route { interface: "br-1".into(), range: Subnet::of_256(172, 31, 250) });
        let leads = |routes: &[Route], subnet| routes.iter().any(|route| route.leads(subnet));
        assert!(leads(&routes, Subnet::of_256(172, 31, 250)));
        assert!(!leads(&routes, Subnet::of_256(172, 31, 249)));
        let vpn = read("h\ntun0 00001FAC 00000000 0001 0 0 0 0000FFFF 0 0 0\n");
        assert!(leads(&vpn, Subnet::of_256(172, 31, 249)));
    }
}
