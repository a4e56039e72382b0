//! Whether engine and nodes go out the same way as this program: a proxy that one of them lacks is found out late.

use super::Check;
use crate::proxy;

/// What each of them was given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HandedOn {
    /// Proxies of this environment that nodes can use, as `HTTPS_PROXY=http://proxy:3128`.
    pub here: Vec<String>,
    /// What the engine itself goes through, without a password; none if it says that it goes through none.
    pub engine: Option<String>,
    /// Whether the engine will fetch anything itself.
    pub engine_fetches: bool,
    /// What the platform's nodes were made with, if there are any.
    pub nodes: Option<Vec<String>>,
}

impl HandedOn {
    /// What an environment hands on to nodes that are made now.
    pub fn now() -> Vec<String> {
        proxies(&proxy::environment(&[], |name| std::env::var(name).ok()))
    }

    /// What differs, each with what follows from that.
    pub fn checks(&self) -> Vec<Check> {
        [self.engine_alone(), self.engine_without(), self.nodes_keep()].into_iter().flatten().collect()
    }

    fn engine_alone(&self) -> Option<Check> {
        // A desktop's engine always names a relay of its own, which says nothing about this machine.
        let proxy = self.engine.as_ref().filter(|proxy| !proxy.contains(".internal"))?;
        let found = format!(
            "the engine goes out through {proxy}, and this shell names no proxy: downloads and new nodes go without"
        );
        let fix = "set HTTPS_PROXY and HTTP_PROXY to the same before `up`";
        self.here.is_empty().then(|| Check::warning("proxy", found, fix))
    }

    fn engine_without(&self) -> Option<Check> {
        let found =
            "the engine has no proxy of its own, so an image that it pulls itself, as the node's, comes without one";
        let fix = "give it the same: `proxies` in /etc/docker/daemon.json and a restart, or Docker Desktop → Settings → \
                   Resources → Proxies; with `--images source` it pulls nothing";
        let lacks = !self.here.is_empty() && self.engine.is_none() && self.engine_fetches;
        lacks.then(|| Check::warning("proxy", found, fix))
    }

    fn nodes_keep(&self) -> Option<Check> {
        let nodes = self.nodes.as_ref().filter(|nodes| **nodes != self.here)?;
        let list = |all: &[String]| match all {
            [] => "no proxy".to_string(),
            all => all.iter().map(|one| proxy::without_password(one)).collect::<Vec<_>>().join(" "),
        };
        let found =
            format!("the nodes were made with {} and keep that; here it is {} now", list(nodes), list(&self.here));
        Some(Check::warning("proxy", found, "make the platform anew to change it: `backstack down`, then `up`"))
    }
}

/// The variables that name proxies, out of an environment; each has its name in both cases.
pub fn proxies(environment: &[String]) -> Vec<String> {
    let named = |line: &&String| line.starts_with("HTTP_PROXY=") || line.starts_with("HTTPS_PROXY=");
    environment.iter().filter(named).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    const PROXY: &str = "HTTPS_PROXY=http://me:secret@proxy:3128";

    fn handed(here: &[&str], engine: Option<&str>, nodes: Option<&[&str]>) -> HandedOn {
        let texts = |all: &[&str]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
        HandedOn { here: texts(here), engine: engine.map(String::from), engine_fetches: true, nodes: nodes.map(texts) }
    }

    fn found(handed: &HandedOn) -> Vec<String> {
        let checks = handed.checks();
        assert!(checks.iter().all(|check| check.verdict == Verdict::Warning && check.fix.is_some()), "{checks:?}");
        checks.into_iter().map(|check| check.found).collect()
    }

    #[test]
    fn all_alike_is_nothing_to_tell() {
        assert_eq!(found(&handed(&[], None, Some(&[]))), [""; 0]);
        assert_eq!(found(&handed(&[PROXY], Some("http://proxy:3128"), Some(&[PROXY]))), [""; 0]);
        assert_eq!(found(&handed(&[], Some("http.docker.internal:3128"), None)), [""; 0]);
    }

    #[test]
    fn whoever_goes_without_is_told() {
        assert!(found(&handed(&[], Some("http://proxy:3128"), None))[0].contains("this shell names no proxy"));
        let mut without = handed(&[PROXY], None, None);
        assert!(found(&without)[0].contains("the engine has no proxy"));
        without.engine_fetches = false;
        assert_eq!(found(&without), [""; 0]);
    }

    #[test]
    fn nodes_keep_what_they_were_made_with_and_no_password_is_shown() {
        let found = found(&handed(&[PROXY], Some("http://proxy:3128"), Some(&["HTTPS_PROXY=http://old:1"])));
        assert_eq!(
            found,
            [
                "the nodes were made with HTTPS_PROXY=http://old:1 and keep that; here it is HTTPS_PROXY=http://…@proxy:3128 now"
            ]
        );
        let environment = ["PATH=/bin", "HTTP_PROXY=a", "http_proxy=a", "NO_PROXY=b"].map(String::from);
        assert_eq!(proxies(&environment), ["HTTP_PROXY=a"]);
    }
}
