//! Ranges of addresses that are in use twice: by a VPN or a company's network, and by the platform.

use std::net::Ipv4Addr;
use std::path::Path;

use super::Check;
use crate::docker::kubeadm::{POD_SUBNET, SERVICE_SUBNET};
use crate::docker::network;
use crate::docker::routes::{self, Route};
use crate::docker::subnet::Subnet;

/// What this machine leads where, and what nodes have to reach.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ways {
    /// Routes of the engine's machine; none where that is another one.
    pub routes: Vec<Route>,
    /// Range of the platforms' network, if it is there.
    pub network: Option<Subnet>,
    /// The range that was asked for.
    pub wanted: Option<Subnet>,
    /// What nodes need and that has an address: what it is, and where.
    pub needed: Vec<(String, Ipv4Addr)>,
}

impl Ways {
    /// As this machine tells. `here` says that the engine runs on it.
    pub fn of(here: bool, network: Option<Subnet>, wanted: Option<Subnet>, proxies: &[String]) -> Self {
        let routes = if here { routes::of_this_machine() } else { Vec::new() };
        let resolvers = std::fs::read_to_string(Path::new("/etc/resolv.conf")).unwrap_or_default();
        let proxies = proxies.iter().filter_map(|host| Some(("the proxy".into(), host.parse().ok()?)));
        let needed = resolvers_of(&resolvers).map(|at| ("the name server".into(), at)).chain(proxies).collect();
        Self { routes, network, wanted, needed }
    }

    /// What is in use twice; nothing where all is well, but that it is.
    pub fn checks(&self) -> Vec<Check> {
        let mut checks: Vec<_> = self.platform().into_iter().chain(self.inside()).collect();
        checks.extend(self.needed.iter().filter_map(|(what, at)| self.out_of_reach(what, *at)));
        if checks.is_empty() {
            let range = self.network.or(self.wanted).map(|range| format!("{range} of the platforms' network, "));
            let found = format!("{}{POD_SUBNET} of pods, {SERVICE_SUBNET} of services", range.unwrap_or_default());
            checks.push(Check::ok("addresses", found));
        }
        checks
    }

    /// The network of the platforms: a range is chosen around what is in use, and stays where somebody else takes it later.
    fn platform(&self) -> Option<Check> {
        let Some(range) = self.network.or(self.wanted) else {
            let found = "all ranges that the platforms' network tries are routed elsewhere, as by a VPN";
            let fix = "choose a free one with `--subnet`, as `--subnet 10.99.7.0/24`, or disconnect the VPN";
            return (!network::has_room(&self.routes)).then(|| Check::failed("addresses", found, fix));
        };
        let leading: Vec<_> = self.routes.iter().filter(|route| is_inside(route.range, range)).collect();
        // The engine has a route of its own to a network that is there.
        let others = if self.network.is_some() { 1 } else { 0 };
        if leading.len() <= others {
            return None;
        }
        let found = format!(
            "{range} of the platforms' network leads to {} too: nodes may not be reached",
            interfaces(&leading)
        );
        let fix = match self.network {
            Some(_) => {
                "disconnect what took it (a VPN), or `backstack down` all platforms, then `backstack up --subnet` with a free range"
            }
            None => "choose another range with `--subnet`",
        };
        Some(Check::warning("addresses", found, fix))
    }

    /// Ranges of pods and services, which are the same in each platform.
    fn inside(&self) -> Vec<Check> {
        let clash = |(range, of): (&str, &str)| {
            let range: Subnet = range.parse().ok()?;
            let leading: Vec<_> = self.routes.iter().filter(|route| route.leads(range)).collect();
            let first = leading.first()?;
            let found = format!(
                "{} leads to {}, and {of} have {range}: pods cannot reach what is there",
                first.range,
                interfaces(&leading)
            );
            let fix = "have the VPN leave that range out, or disconnect it, where pods need what is behind it; from this \
                       machine itself it is reached as before";
            Some(Check::warning("addresses", found, fix))
        };
        [(POD_SUBNET, "pods"), (SERVICE_SUBNET, "services")].into_iter().filter_map(clash).collect()
    }

    fn out_of_reach(&self, what: &str, at: Ipv4Addr) -> Option<Check> {
        let range = |text: &str| text.parse::<Subnet>().ok();
        let ranges = [
            (range(POD_SUBNET), "pods"),
            (range(SERVICE_SUBNET), "services"),
            (self.network.or(self.wanted), "the platforms' network"),
        ];
        let (range, of) =
            ranges.into_iter().find_map(|(range, of)| Some((range.filter(|range| range.has(at))?, of)))?;
        let found = format!("{what} {at} is among the addresses of {of} ({range}): nodes cannot reach it");
        let fix = match of {
            "the platforms' network" => "choose another range with `--subnet`",
            _ => "use one with another address, or disconnect the VPN that gave this one",
        };
        Some(Check::warning("addresses", found, fix))
    }
}

fn interfaces(routes: &[&Route]) -> String {
    let mut names: Vec<_> = routes.iter().map(|route| route.interface.as_str()).collect();
    names.dedup();
    names.join(", ")
}

/// Whether the inner range is the outer one, or a part of it: a wider one loses against the network's own route.
fn is_inside(inner: Subnet, outer: Subnet) -> bool {
    inner.prefix() >= outer.prefix() && inner.overlaps(outer)
}

/// Name servers that are not on loopback: what listens there asks others, and so does the engine.
fn resolvers_of(file: &str) -> impl Iterator<Item = Ipv4Addr> + '_ {
    let servers =
        file.lines().filter_map(|line| line.trim().strip_prefix("nameserver")?.trim().parse::<Ipv4Addr>().ok());
    servers.filter(|address| !address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    fn range(text: &str) -> Subnet {
        text.parse().expect("a range")
    }

    fn routes(all: &[(&str, &str)]) -> Vec<Route> {
        all.iter().map(|(interface, text)| Route { interface: (*interface).into(), range: range(text) }).collect()
    }

    const OURS: (&str, &str) = ("br-1", "172.31.250.0/24");
    const USUAL: [(&str, &str); 3] = [("eth0", "0.0.0.0/0"), ("eth0", "192.168.1.0/24"), ("docker0", "172.17.0.0/16")];

    fn with(more: &[(&str, &str)]) -> Vec<Check> {
        let network = Some(range(OURS.1));
        Ways { routes: routes(&[&USUAL[..], &[OURS], more].concat()), network, ..Ways::default() }.checks()
    }

    #[test]
    fn a_usual_machine_has_no_clash_and_neither_has_a_wide_vpn() {
        for more in [&[][..], &[("tun0", "10.0.0.0/8"), ("tun0", "172.16.0.0/12")]] {
            let checks = with(more);
            assert!(checks.len() == 1 && checks[0].verdict == Verdict::Ok, "{checks:?}");
            assert!(checks[0].found.starts_with("172.31.250.0/24 of the platforms' network"), "{checks:?}");
        }
    }

    #[test]
    fn a_vpn_on_the_platform_s_own_addresses_is_told() {
        for taken in ["172.31.250.0/24", "172.31.250.128/25"] {
            let checks = with(&[("tun0", taken)]);
            assert!(checks.len() == 1 && checks[0].up_goes_on == Some(true), "{checks:?}");
            assert!(
                checks[0].found.contains("tun0") && checks[0].found.contains("nodes may not be reached"),
                "{checks:?}"
            );
        }
        let wanted = Ways {
            wanted: Some(range("10.99.7.0/24")),
            routes: routes(&[("tun0", "10.99.7.0/24")]),
            ..Ways::default()
        };
        assert!(wanted.checks()[0].fix.as_deref().is_some_and(|fix| fix.contains("--subnet")));
    }

    #[test]
    fn a_vpn_on_the_addresses_of_pods_or_services_is_told() {
        for (taken, text) in [
            ("10.244.8.0/24", "10.244.8.0/24 leads to tun0, and pods have 10.244.0.0/16"),
            ("10.96.0.0/12", "10.96.0.0/12 leads to tun0, and services have 10.96.0.0/16"),
        ] {
            let checks = with(&[("tun0", taken)]);
            assert!(checks.len() == 1 && checks[0].found.starts_with(text), "{checks:?}");
        }
    }

    #[test]
    fn without_a_free_range_up_stops_here() {
        let all = ["172.31.0.0/16", "10.250.0.0/16", "192.168.0.0/16", "10.131.0.0/16"];
        let all: Vec<_> = all.iter().map(|range| ("tun0", *range)).collect();
        let checks = Ways { routes: routes(&all), ..Ways::default() }.checks();
        assert_eq!((checks.len(), checks[0].up_goes_on), (1, Some(false)), "{checks:?}");
        let wanted = Ways { routes: routes(&all), wanted: Some(range("10.99.7.0/24")), ..Ways::default() };
        assert_eq!(wanted.checks()[0].verdict, Verdict::Ok);
    }

    #[test]
    fn what_nodes_need_must_not_have_one_of_their_addresses() {
        let resolvers =
            "# by hand\nnameserver 127.0.0.53\nnameserver 10.96.0.2\nnameserver fe80::1\nnameserver 9.9.9.9\n";
        let found: Vec<_> = resolvers_of(resolvers).collect();
        assert_eq!(found, [Ipv4Addr::new(10, 96, 0, 2), Ipv4Addr::new(9, 9, 9, 9)]);
        let needed = vec![
            ("the name server".to_string(), found[0]),
            ("the name server".to_string(), found[1]),
            ("the proxy".to_string(), Ipv4Addr::new(172, 31, 250, 7)),
        ];
        let checks = Ways { needed, network: Some(range(OURS.1)), ..Ways::default() }.checks();
        let found: Vec<_> = checks.iter().map(|check| check.found.as_str()).collect();
        assert_eq!(checks.len(), 2, "{found:?}");
        assert!(found[0].starts_with("the name server 10.96.0.2 is among the addresses of services (10.96.0.0/16)"));
        assert!(found[1].starts_with("the proxy 172.31.250.7 is among the addresses of the platforms' network"));
    }
}
