//! One network for all platforms of an engine, with fixed addresses.
//!
//! Addresses are fixed so that a cluster comes back after `docker restart` and a reboot: etcd, the API server's
//! certificate and kubeadm's files all hold the node's address. The registry has the first usable one; nodes
//! follow, each on the lowest that no container of ours holds, running or not.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use bollard::models::{Ipam, IpamConfig, Network, NetworkCreateRequest};
use bollard::query_parameters as query;

use super::engine::{Engine, none_if_missing};
use super::error::ClusterError;
use super::routes::{self, Route};
use super::subnet::Subnet;
use super::{locks, names};

/// Subnets to try, in this order: seldom used by others, outside Docker's own default pools.
const CANDIDATES: &[Subnet] = &[
    Subnet::of_256(172, 31, 250),
    Subnet::of_256(172, 31, 249),
    Subnet::of_256(10, 250, 31),
    Subnet::of_256(192, 168, 231),
    Subnet::of_256(10, 131, 77),
];
const REGISTRY_HOST: u32 = 5;
const FIRST_NODE_HOST: u32 = 10;

/// The network as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlatformNetwork {
    subnet: Subnet,
}

impl PlatformNetwork {
    /// The registry's fixed address.
    pub fn registry(self) -> Ipv4Addr {
        self.subnet.host(REGISTRY_HOST)
    }

    /// The subnet, as `172.31.250.0/24`.
    pub fn cidr(self) -> String {
        self.subnet.to_string()
    }

    /// The range itself.
    pub fn subnet(self) -> Subnet {
        self.subnet
    }

    /// The lowest address for a node that is not taken.
    ///
    /// # Errors
    /// [`ClusterError::NoSubnet`] if the network is full.
    pub fn free(self, taken: &BTreeSet<Ipv4Addr>) -> Result<Ipv4Addr, ClusterError> {
        // The last one is for broadcasts.
        let mut all = (FIRST_NODE_HOST..self.subnet.size() - 1).map(|number| self.subnet.host(number));
        all.find(|at| !taken.contains(at)).ok_or_else(|| ClusterError::NoSubnet { tried: self.cidr() })
    }
}

/// The network if it exists.
///
/// # Errors
/// [`ClusterError::NetworkInUse`] if a network of that name is somebody else's, or the engine does not answer.
pub async fn find(engine: &Engine) -> Result<Option<PlatformNetwork>, ClusterError> {
    ours(&named(engine).await?)
}

/// The oldest of them is the one that is used.
fn ours(all: &[Network]) -> Result<Option<PlatformNetwork>, ClusterError> {
    let Some(found) = all.first() else { return Ok(None) };
    match subnet_of(found).filter(|_| all.iter().all(is_ours)) {
        Some(subnet) => Ok(Some(PlatformNetwork { subnet })),
        None => Err(ClusterError::NetworkInUse { network: names::NETWORK.into() }),
    }
}

/// The networks of our name, the oldest first: engines make several if they are asked at the same moment, and then refuse
/// whatever names them.
async fn named(engine: &Engine) -> Result<Vec<Network>, ClusterError> {
    let filters = [("name", vec![format!("^{}$", names::NETWORK)])].into();
    let options = query::ListNetworksOptionsBuilder::default().filters(&filters).build();
    let found = engine.docker().list_networks(Some(options)).await;
    let mut all = found.map_err(ClusterError::engine("inspect the platform network"))?;
    all.sort_by_key(|network| (network.created.clone(), network.id.clone()));
    Ok(all)
}

/// False if it is gone already, or still in use by another platform.
async fn remove_one(engine: &Engine, network: &Network) -> Result<bool, ClusterError> {
    let id = network.id.as_deref().unwrap_or(names::NETWORK);
    match none_if_missing(engine.docker().remove_network(id).await) {
        Ok(removed) => Ok(removed.is_some()),
        Err(error) if error.to_string().contains("active endpoints") => Ok(false),
        Err(error) => Err(ClusterError::engine("remove the platform network")(error)),
    }
}

fn is_ours(network: &Network) -> bool {
    network.labels.as_ref().is_some_and(|labels| labels.contains_key(names::MANAGED))
}

/// Makes the network unless it is there, with this subnet if one was asked for; says whether it was made.
///
/// # Errors
/// [`ClusterError::NoSubnet`] if every candidate overlaps with a network there is.
pub async fn ensure(engine: &Engine, wanted: Option<Subnet>) -> Result<(PlatformNetwork, bool), ClusterError> {
    let _turn = locks::turn().await;
    let all = named(engine).await?;
    if let Some(network) = ours(&all)? {
        for double in &all[1..] {
            remove_one(engine, double).await?;
        }
        return Ok((network, false));
    }
    let routes = routes::of_this_machine();
    let candidates = wanted.as_ref().map_or(CANDIDATES, std::slice::from_ref);
    for &subnet in candidates {
        let network = PlatformNetwork { subnet };
        // Whoever asks for a range knows what it is routed to.
        if wanted.is_none() && is_routed(&routes, subnet) {
            continue;
        }
        match engine.docker().create_network(request(network)).await {
            Ok(_) => return Ok((network, true)),
            Err(error) if overlaps(&error) => {}
            Err(error) => {
                // Another `up` may have been quicker.
                return match find(engine).await? {
                    Some(network) => Ok((network, false)),
                    None => Err(ClusterError::engine("create the platform network")(error)),
                };
            }
        }
    }
    let tried: Vec<_> = candidates.iter().map(Subnet::to_string).collect();
    Err(ClusterError::NoSubnet { tried: tried.join(", ") })
}

/// Removes the network; one that is gone already, not ours, or still in use by another platform, is no error.
///
/// # Errors
/// The engine does not answer.
pub async fn remove(engine: &Engine) -> Result<bool, ClusterError> {
    let mut removed = false;
    for network in named(engine).await?.iter().filter(|network| is_ours(network)) {
        removed |= remove_one(engine, network).await?;
    }
    Ok(removed)
}

/// A port of loopback that is free now.
///
/// Where the engine chooses a port itself, it chooses another one at every start, and the kubeconfig would lead
/// nowhere after a reboot.
///
/// # Errors
/// The machine has no free port, or no loopback.
pub fn free_port() -> std::io::Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// Whether the machine leads these addresses somewhere already: a VPN, or the network of another engine. The engine
/// itself does not look there.
fn is_routed(routes: &[Route], subnet: Subnet) -> bool {
    routes.iter().any(|route| route.leads(subnet))
}

/// Whether one of the usual ranges is led nowhere yet, so that a network can be made without a range being chosen.
pub fn has_room(routes: &[Route]) -> bool {
    CANDIDATES.iter().any(|subnet| !is_routed(routes, *subnet))
}

fn request(network: PlatformNetwork) -> NetworkCreateRequest {
    let pool = IpamConfig {
        subnet: Some(network.cidr()),
        gateway: Some(network.subnet.host(1).to_string()),
        ..Default::default()
    };
    NetworkCreateRequest {
        name: names::NETWORK.into(),
        driver: Some("bridge".into()),
        ipam: Some(Ipam { config: Some(vec![pool]), ..Default::default() }),
        labels: Some([(names::MANAGED.to_string(), "true".to_string())].into()),
        ..Default::default()
    }
}

fn overlaps(error: &bollard::errors::Error) -> bool {
    let text = error.to_string();
    text.contains("overlaps") || text.contains("overlap with")
}

fn subnet_of(network: &Network) -> Option<Subnet> {
    network.ipam.as_ref()?.config.as_ref()?.iter().find_map(|pool| pool.subnet.as_ref()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vpn_takes_ranges_away_until_none_is_left() {
        let route = |range: &str| Route { interface: "tun0".into(), range: range.parse().expect("a range") };
        let mut routes = vec![route("172.16.0.0/12"), route("10.0.0.0/8"), route("192.168.231.0/25")];
        assert!(has_room(&routes));
        routes.extend([route("10.250.0.0/16"), route("10.131.77.0/24")]);
        assert!(!has_room(&routes));
    }

    #[test]
    fn nodes_get_the_lowest_free_addresses() {
        for (subnet, last) in [("172.31.250.0/24", 254), ("10.9.8.64/26", 62), ("10.99.0.0/16", 65_534)] {
            let subnet: Subnet = subnet.parse().expect("a range");
            let network = PlatformNetwork { subnet };
            let mut taken: BTreeSet<_> = [subnet.host(10), subnet.host(12)].into();
            for number in [11, 13] {
                assert_eq!(network.free(&taken).expect("room"), subnet.host(number));
                taken.insert(subnet.host(number));
            }
            let mut all: BTreeSet<_> = (0..last).map(|number| subnet.host(number)).collect();
            assert_eq!(network.free(&all).expect("the last one"), subnet.host(last));
            all.insert(subnet.host(last));
            assert!(network.free(&all).is_err());
        }
    }
}
