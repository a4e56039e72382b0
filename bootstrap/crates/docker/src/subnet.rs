//! The range of addresses that the platforms' network has.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use super::kubeadm::{POD_SUBNET, SERVICE_SUBNET};

/// With fewer addresses than /26 has, the registry and all nodes that there may be have no room.
const LONGEST: u8 = 26;
const SHORTEST: u8 = 16;

/// A range of IPv4 addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subnet {
    base: u32,
    prefix: u8,
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", Ipv4Addr::from(self.base), self.prefix)
    }
}

/// Any range in the form of CIDR.
impl FromStr for Subnet {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (address, prefix) =
            text.trim().split_once('/').ok_or("it has no length, as the `/24` of 172.31.250.0/24")?;
        let address: Ipv4Addr = address.parse().map_err(|_| "it does not begin with an IPv4 address")?;
        let prefix =
            prefix.parse().ok().filter(|prefix| *prefix <= 32).ok_or("its length is not a number from 0 to 32")?;
        let whole = Self { base: u32::from(address) & mask(prefix), prefix };
        match whole.base == u32::from(address) {
            true => Ok(whole),
            false => Err(format!("its first address is another: {whole}")),
        }
    }
}

impl Subnet {
    /// A range of 256 addresses.
    pub const fn of_256(a: u8, b: u8, c: u8) -> Self {
        Self { base: u32::from_be_bytes([a, b, c, 0]), prefix: 24 }
    }

    /// The range of this length that has the address; a length of more than 32 bits counts as 32.
    pub fn around(address: Ipv4Addr, prefix: u8) -> Self {
        let prefix = prefix.min(32);
        Self { base: u32::from(address) & mask(prefix), prefix }
    }

    /// A range for the platforms' network, as a person gives it.
    ///
    /// # Errors
    /// Why it cannot be that.
    pub fn for_platforms(text: &str) -> Result<Self, String> {
        let subnet: Self = text.parse()?;
        if !(SHORTEST..=LONGEST).contains(&subnet.prefix) {
            return Err(format!("its length must be from /{SHORTEST} to /{LONGEST}"));
        }
        let first = Ipv4Addr::from(subnet.base);
        if !first.is_private() && !subnet.is_shared() {
            return Err(
                "it must be a private one: of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10".into()
            );
        }
        for (taken, by) in [(POD_SUBNET, "pods"), (SERVICE_SUBNET, "services")] {
            if taken.parse().is_ok_and(|taken: Self| taken.overlaps(subnet)) {
                return Err(format!("it overlaps {taken}, which the cluster's own {by} have"));
            }
        }
        Ok(subnet)
    }

    /// Of what providers use among themselves.
    fn is_shared(self) -> bool {
        let shared = Self { base: u32::from_be_bytes([100, 64, 0, 0]), prefix: 10 };
        shared.overlaps(self)
    }

    /// How many bits all of its addresses have in common.
    pub fn prefix(self) -> u8 {
        self.prefix
    }

    /// Whether the address is one of its own.
    pub fn has(self, address: Ipv4Addr) -> bool {
        self.overlaps(Self::around(address, 32))
    }

    /// Whether there is an address that both have.
    pub fn overlaps(self, other: Self) -> bool {
        let common = mask(self.prefix.min(other.prefix));
        self.base & common == other.base & common
    }

    /// The address so many behind the first one.
    pub fn host(self, number: u32) -> Ipv4Addr {
        Ipv4Addr::from(self.base.wrapping_add(number))
    }

    /// How many addresses it has.
    pub fn size(self) -> u32 {
        1_u32.checked_shl(32 - u32::from(self.prefix)).unwrap_or(u32::MAX)
    }
}

fn mask(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_read_and_judged() {
        for good in ["172.31.250.0/24", "10.99.0.0/16", "192.168.7.64/26", "100.64.3.0/24"] {
            assert_eq!(Subnet::for_platforms(good).map(|subnet| subnet.to_string()), Ok(good.into()));
        }
        for (bad, why) in [
            ("172.31.250.0", "no length"),
            ("fd00::/64", "IPv4"),
            ("10.1.2.3/24", "10.1.2.0/24"),
            ("10.1.2.0/33", "0 to 32"),
            ("10.1.2.0/27", "/16 to /26"),
            ("10.0.0.0/8", "/16 to /26"),
            ("8.8.8.0/24", "private"),
            ("10.244.3.0/24", "pods"),
            ("10.96.0.0/16", "services"),
        ] {
            let error = Subnet::for_platforms(bad).expect_err(bad);
            assert!(error.contains(why), "{bad}: {error}");
        }
    }

    #[test]
    fn ranges_overlap_if_one_holds_the_other() {
        let subnet = |text: &str| text.parse::<Subnet>().expect(text);
        assert!(subnet("10.0.0.0/8").overlaps(subnet("10.3.0.0/16")));
        assert!(subnet("10.3.4.0/24").overlaps(subnet("10.3.0.0/16")));
        assert!(!subnet("10.4.0.0/16").overlaps(subnet("10.3.0.0/16")));
        assert!(subnet("0.0.0.0/0").overlaps(subnet("10.3.0.0/16")));
        assert_eq!(subnet("10.3.4.0/26").size(), 64);
    }
}
