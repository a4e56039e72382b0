//! `--push-to`: the registry from which another cluster pulls what was built or fetched here.

use serde::{Deserialize, Serialize};

use super::SettingsError;
use crate::images::Reference;
use crate::loopback::is_loopback;

/// A registry, seen from here and from the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Push {
    /// Where this machine pushes to.
    pub to: Place,
    /// The same place as nodes and pods name it.
    pub pull: Place,
    /// It speaks plain HTTP.
    #[serde(default)]
    pub plain_http: bool,
}

/// A host, and what goes before each repository's name there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// `HOST[:PORT]`, as `ghcr.io` or `localhost:5001`.
    pub host: String,
    /// What goes before each repository's name, as `me/stack`; empty for nothing.
    pub prefix: String,
}

impl Place {
    /// Reads `HOST[:PORT][/PREFIX]`.
    fn read(flag: &'static str, text: &str) -> Result<Self, SettingsError> {
        let wrong = |why: String| SettingsError::Registry { flag, value: text.into(), why };
        let text = text.trim_end_matches('/');
        let (host, prefix) = text.split_once('/').unwrap_or((text, ""));
        if !host.contains(['.', ':']) && host != "localhost" {
            return Err(wrong("it has no registry's host in front".into()));
        }
        let prefix_part = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        format!("{host}/{prefix_part}name:tag").parse::<Reference>().map_err(|error| wrong(error.reason))?;
        Ok(Self { host: host.into(), prefix: prefix.into() })
    }

    /// `HOST/PREFIX`.
    pub fn address(&self) -> String {
        if self.prefix.is_empty() { self.host.clone() } else { format!("{}/{}", self.host, self.prefix) }
    }
}

impl Push {
    /// Decides, from what is wished.
    ///
    /// # Errors
    /// [`SettingsError::Registry`] for what is no registry.
    pub fn decide(to: Option<&str>, pull: Option<&str>, plain_http: bool) -> Result<Option<Self>, SettingsError> {
        let Some(to) = to else {
            return match pull {
                Some(value) => Err(SettingsError::Registry {
                    flag: "--pull-from",
                    value: value.into(),
                    why: "it has no meaning without --push-to".into(),
                }),
                None => Ok(None),
            };
        };
        let to = Place::read("--push-to", to)?;
        let pull = pull.map(|text| Place::read("--pull-from", text)).transpose()?.unwrap_or_else(|| to.clone());
        // As Docker does it: nobody has a certificate for loopback.
        let plain_http = plain_http || is_loopback(&to.host);
        Ok(Some(Self { to, pull, plain_http }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_is_read_with_port_and_prefix() {
        let push = Push::decide(Some("ghcr.io/me/stack/"), None, false).expect("a registry").expect("a wish");
        assert_eq!((push.to.address().as_str(), push.plain_http), ("ghcr.io/me/stack", false));
        assert_eq!(push.pull, push.to);
        let push =
            Push::decide(Some("localhost:5001"), Some("registry:5000"), false).expect("registries").expect("a wish");
        assert_eq!(
            (push.to.address().as_str(), push.pull.address().as_str(), push.plain_http),
            ("localhost:5001", "registry:5000", true)
        );
    }

    #[test]
    fn what_is_no_registry_is_said() {
        for (to, pull) in [(Some("me/stack"), None), (Some("ghcr.io/Me"), None), (None, Some("ghcr.io/me"))] {
            assert!(Push::decide(to, pull, false).is_err(), "{to:?} {pull:?}");
        }
        assert_eq!(Push::decide(None, None, true), Ok(None));
    }
}
