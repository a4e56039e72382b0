//! Whether the platform's names lead where they should. Resolvers of companies and home routers drop answers with private
//! addresses ("DNS rebinding protection"), and some answer for names that lead nowhere.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, ToSocketAddrs};
use std::time::Duration;

use super::Check;

/// What a resolver may take; one that takes longer is told, and nobody waits.
const PATIENCE: Duration = Duration::from_millis(800);
/// A name below `localhost`, which routes of apps have.
const BELOW: &str = "backstack-check.localhost";

/// What the system's resolver answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The name is known: all of its addresses.
    Addresses(Vec<IpAddr>),
    /// It knows no such name, in its own words.
    None(String),
    /// It said nothing in time.
    Silence,
}

/// What is known of names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// Name in the platform's address, with what it leads to.
    pub host: String,
    /// What the resolver answers for that name.
    pub leads: Answer,
    /// What a name below `localhost` leads to.
    pub below: Answer,
    /// This machine's own addresses.
    pub own: BTreeSet<IpAddr>,
}

impl Names {
    /// Asks the system's resolver, both at once.
    pub async fn ask(host: &str) -> Self {
        let (leads, below) = tokio::join!(answer(host), answer(BELOW));
        let own = if_addrs::get_if_addrs().unwrap_or_default().iter().map(|interface| interface.ip()).collect();
        Self { host: host.into(), leads, below, own }
    }

    /// What leads elsewhere, or nowhere, is a warning: browsers may know better, and tunnels are for that.
    pub fn checks(&self) -> Vec<Check> {
        let platform = match self.host.as_str() {
            "localhost" => self.localhost(),
            _ => self.named(),
        };
        std::iter::once(platform).chain(self.below()).collect()
    }

    fn is_here(&self, address: &IpAddr) -> bool {
        address.is_loopback() || self.own.contains(address)
    }

    fn localhost(&self) -> Check {
        let fix = "put the line `127.0.0.1 localhost` into the hosts file (/etc/hosts)";
        match &self.leads {
            Answer::Addresses(all) if all.iter().any(IpAddr::is_loopback) => {
                Check::ok("names", "localhost leads to this machine")
            }
            Answer::Addresses(all) => {
                Check::warning("names", format!("localhost leads to {}, not to this machine", list(all)), fix)
            }
            Answer::None(_) | Answer::Silence => Check::warning("names", "localhost is no name here", fix),
        }
    }

    fn named(&self) -> Check {
        let host = &self.host;
        match &self.leads {
            Answer::Addresses(all) if all.iter().any(|address| self.is_here(address)) => {
                Check::ok("names", format!("{host} leads to this machine"))
            }
            Answer::Addresses(all) if all.iter().all(IpAddr::is_unspecified) => {
                let found = format!("{host} leads to {}: the resolver blocks that name", list(all));
                Check::warning("names", found, self.line_of_hosts())
            }
            Answer::Addresses(all) => {
                let found =
                    format!("{host} leads to {}, not to this machine: what is there has to lead here", list(all));
                Check::ok("names", found)
            }
            Answer::Silence => {
                let found = format!("{host}: the resolver does not answer");
                Check::warning(
                    "names",
                    found,
                    "see whether a VPN or a firewall holds up DNS; `getent hosts NAME` asks too",
                )
            }
            Answer::None(why) => match address_in(host) {
                Some(address) => {
                    let found = format!(
                        "{host} stands for {address} and leads nowhere: the resolver drops answers with private addresses \
                         (DNS rebinding protection)"
                    );
                    Check::warning("names", found, self.line_of_hosts())
                }
                None => {
                    let found = format!(
                        "{host} leads nowhere ({why}): the name is not there, or the resolver drops its private address \
                         (DNS rebinding protection)"
                    );
                    Check::warning("names", found, self.line_of_hosts())
                }
            },
        }
    }

    fn line_of_hosts(&self) -> String {
        let address = address_in(&self.host).unwrap_or(Ipv4Addr::LOCALHOST);
        format!(
            "put the line `{address} {}` into the hosts file (/etc/hosts), or have the resolver let that domain through",
            self.host
        )
    }

    /// Browsers and curl lead these names here by themselves. A resolver that does not know them is as good as any; one
    /// that leads them elsewhere is not.
    fn below(&self) -> Option<Check> {
        let Answer::Addresses(all) = &self.below else { return None };
        if all.iter().any(|address| self.is_here(address)) {
            return None;
        }
        let found = format!(
            "names that end in .localhost lead to {} here: the resolver answers for names that it should not know",
            list(all)
        );
        let fix =
            "use browsers and curl, which do not ask it; for other programs put the names of apps into the hosts file";
        Some(Check::warning("names", found, fix))
    }
}

/// The resolver is asked in a thread that nobody waits for: one that hangs would hold up the program's end.
async fn answer(host: &str) -> Answer {
    let (tell, told) = tokio::sync::oneshot::channel();
    let host = host.to_string();
    std::thread::spawn(move || drop(tell.send((host.as_str(), 0).to_socket_addrs())));
    match tokio::time::timeout(PATIENCE, told).await {
        Err(_) | Ok(Err(_)) => Answer::Silence,
        Ok(Ok(Err(error))) => {
            Answer::None(error.to_string().trim_start_matches("failed to lookup address information: ").into())
        }
        Ok(Ok(Ok(all))) => {
            let all: BTreeSet<_> = all.map(|address| address.ip()).collect();
            Answer::Addresses(all.into_iter().collect())
        }
    }
}

fn list(addresses: &[IpAddr]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The address that a name has in it, as 10-1-2-3.example or box.10.1.2.3.example have: there are domains for that.
fn address_in(host: &str) -> Option<Ipv4Addr> {
    let numbers: Vec<Option<u8>> = host.split(['.', '-']).map(|part| part.parse().ok()).collect();
    numbers.windows(4).find_map(|four| match four {
        [Some(a), Some(b), Some(c), Some(d)] => Some(Ipv4Addr::new(*a, *b, *c, *d)),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    fn names(host: &str, leads: Answer, below: Answer) -> Vec<Check> {
        let own = ["192.168.1.7".parse().expect("an address")].into();
        Names { host: host.into(), leads, below, own }.checks()
    }

    fn leads_to(addresses: &[&str]) -> Answer {
        Answer::Addresses(addresses.iter().map(|address| address.parse().expect("an address")).collect())
    }

    fn unknown() -> Answer {
        Answer::None("Name or service not known".into())
    }

    #[test]
    fn a_name_that_leads_nowhere_or_elsewhere_is_told() {
        for (host, leads, verdict, text) in [
            ("localhost", leads_to(&["127.0.0.1", "::1"]), Verdict::Ok, "leads to this machine"),
            ("localhost", leads_to(&["10.9.9.9"]), Verdict::Warning, "localhost leads to 10.9.9.9"),
            ("localhost", unknown(), Verdict::Warning, "no name here"),
            ("box.example", leads_to(&["192.168.1.7"]), Verdict::Ok, "leads to this machine"),
            ("box.example", leads_to(&["93.184.216.34"]), Verdict::Ok, "what is there has to lead here"),
            ("box.example", leads_to(&["0.0.0.0"]), Verdict::Warning, "blocks that name"),
            ("box.example", unknown(), Verdict::Warning, "the name is not there, or"),
            ("box.example", Answer::Silence, Verdict::Warning, "does not answer"),
            ("box.10.1.2.3.example", unknown(), Verdict::Warning, "stands for 10.1.2.3 and leads nowhere"),
        ] {
            let checks = names(host, leads, unknown());
            assert!(checks.len() == 1 && checks[0].verdict == verdict, "{checks:?}");
            assert!(checks[0].found.contains(text), "{checks:?}");
        }
    }

    #[test]
    fn the_fix_names_the_line_for_the_hosts_file() {
        let fix = |host| names(host, unknown(), unknown())[0].fix.clone().expect("a fix");
        assert!(fix("box.example").contains("`127.0.0.1 box.example`"));
        assert!(fix("192-168-1-7.example").contains("`192.168.1.7 192-168-1-7.example`"));
        assert_eq!(address_in("300.1.2.3.example"), None);
    }

    #[test]
    fn names_below_localhost_may_be_unknown_and_must_not_lead_elsewhere() {
        for below in [unknown(), Answer::Silence, leads_to(&["::1"])] {
            assert_eq!(names("localhost", leads_to(&["127.0.0.1"]), below).len(), 1);
        }
        let checks = names("localhost", leads_to(&["127.0.0.1"]), leads_to(&["92.242.140.2"]));
        assert!(checks[1].verdict == Verdict::Warning && checks[1].found.contains("92.242.140.2"), "{checks:?}");
    }

    #[tokio::test]
    async fn the_system_s_resolver_is_asked() {
        let names = Names::ask("localhost").await;
        assert_eq!(names.checks()[0].verdict, Verdict::Ok, "{names:?}");
        assert_ne!(answer("no-such-name.invalid").await, leads_to(&["127.0.0.1"]));
    }
}
