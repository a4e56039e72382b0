//! Under which addresses a machine is reached.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

/// Addresses of this machine for what listens there, the most likely first.
pub(super) fn of(bound: SocketAddr) -> Vec<SocketAddr> {
    if !bound.ip().is_unspecified() {
        return vec![bound];
    }
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let named = interfaces.into_iter().map(|interface| (interface.name.clone(), interface.ip()));
    let mut addresses = chosen(named, towards_others());
    if addresses.is_empty() {
        addresses.push(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    addresses.into_iter().map(|address| SocketAddr::new(address, bound.port())).collect()
}

/// The address that packets to other networks leave from; nothing is sent to find out.
fn towards_others() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    // Reserved for examples.
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    socket.local_addr().ok().map(|address| address.ip())
}

/// Those that others can reach: the one that leads out first, those of container networks last.
fn chosen(interfaces: impl Iterator<Item = (String, IpAddr)>, first: Option<IpAddr>) -> Vec<IpAddr> {
    let is_virtual = |name: &str| ["docker", "br-", "veth", "virbr", "cni"].iter().any(|start| name.starts_with(start));
    let reachable = |address: &IpAddr| match address {
        IpAddr::V4(address) => !address.is_loopback() && !address.is_link_local(),
        IpAddr::V6(_) => false,
    };
    let mut found: Vec<_> = interfaces.filter(|(_, address)| reachable(address)).collect();
    found.sort_by_key(|(name, address)| (Some(*address) != first, is_virtual(name)));
    found.dedup_by_key(|(_, address)| *address);
    found.into_iter().map(|(_, address)| address).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_out_comes_first_and_containers_come_last() {
        let interfaces = [
            ("lo", "127.0.0.1"),
            ("docker0", "172.17.0.1"),
            ("wlan0", "10.0.0.7"),
            ("eth0", "192.168.1.5"),
            ("eth0", "fe80::1"),
            ("eth1", "169.254.3.4"),
        ];
        let interfaces = interfaces.map(|(name, address)| (name.to_string(), address.parse().expect("an address")));
        let texts = |first: Option<&str>| {
            let first = first.map(|text| text.parse().expect("an address"));
            chosen(interfaces.clone().into_iter(), first).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(texts(Some("192.168.1.5")), ["192.168.1.5", "10.0.0.7", "172.17.0.1"]);
        assert_eq!(texts(None), ["10.0.0.7", "192.168.1.5", "172.17.0.1"]);
    }

    #[test]
    fn an_address_that_was_asked_for_is_the_only_one() {
        let bound = "127.0.0.1:9".parse().expect("an address");
        assert_eq!(of(bound), [bound]);
    }
}
