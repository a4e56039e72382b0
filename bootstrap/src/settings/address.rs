//! The address under which people reach a platform: as they give it, or as the machine's own environment tells it.

use super::SettingsError;
use crate::words::{is_subdomain, number};

/// What `--url` is given to have the address found out.
pub const AUTO: &str = "auto";
/// Where Codespaces forward ports, if they do not say so themselves.
const CODESPACES: &str = "app.github.dev";

/// An address that was found out, and what a person should know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// None: the address on this machine.
    pub url: Option<String>,
    /// What a person should know of it: one or two sentences.
    pub told: String,
}

/// The address under which a port of this machine is reached from where people are, as the environment tells.
pub fn found(https_port: u16, variable: impl Fn(&str) -> Option<String>) -> Found {
    let variable = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
    if let Some(name) = variable("CODESPACE_NAME") {
        let domain = variable("GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN").unwrap_or_else(|| CODESPACES.into());
        let told = format!(
            "The address is that of this Codespace, which forwards port {https_port}; it has to do so as HTTPS."
        );
        return Found { url: Some(format!("https://{name}-{https_port}.{domain}")), told };
    }
    if let Some(host) = variable("GITPOD_WORKSPACE_URL").and_then(|url| Some(url.strip_prefix("https://")?.to_string()))
    {
        let told = format!(
            "The address is that of this Gitpod workspace, which forwards port {https_port}; it has to do so as HTTPS."
        );
        return Found { url: Some(format!("https://{https_port}-{}", host.trim_end_matches('/'))), told };
    }
    let told = match variable("SSH_CONNECTION").and_then(|connection| tunnel(&connection, variable("USER"), https_port))
    {
        Some(tunnel) => format!(
            "You came over ssh, which tells no name of this machine that others could use, so the address is that of the \
             machine itself. It works on yours too, while this runs there: `{tunnel}`"
        ),
        None => {
            "Nothing tells of an address that others could use (no Codespace, no Gitpod, no ssh), so it is that of \
                 this machine."
                .into()
        }
    };
    Found { url: None, told }
}

/// The command on the machine that somebody came from which brings the port there. `connection` has the client's address
/// and port, then this machine's.
fn tunnel(connection: &str, user: Option<String>, https_port: u16) -> Option<String> {
    let mut words = connection.split_whitespace().skip(2);
    let (address, port) = (words.next()?, words.next()?);
    let at = user.map(|user| format!("{user}@")).unwrap_or_default();
    let port = if port == "22" { String::new() } else { format!(" -p {port}") };
    Some(format!("ssh -NL {https_port}:localhost:{https_port}{port} {at}{address}"))
}

/// The address as it is kept: in small letters, without what says nothing.
pub(super) fn url_of(text: &str) -> Result<String, SettingsError> {
    let wrong = |why: &str| SettingsError::Url { value: text.into(), why: why.into() };
    let lower = text.to_lowercase();
    if lower.starts_with("http://") {
        return Err(wrong("the platform is served over HTTPS, so it begins with https://"));
    }
    let rest =
        lower.strip_prefix("https://").ok_or_else(|| wrong("it does not begin with https://"))?.trim_end_matches('/');
    let (host, port) = rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port)));
    if host.starts_with('[') {
        return Err(wrong("an IPv6 address cannot be used, only a name or an IPv4 address"));
    }
    if rest.contains(['/', '?', '#', '@']) {
        return Err(wrong(
            "after https:// there may be a host and a port, and nothing else: components have paths of their own",
        ));
    }
    if host.is_empty() {
        return Err(wrong("it has no host"));
    }
    // What is no DNS name or IPv4 address could stand in no certificate.
    if !is_subdomain(host) {
        return Err(wrong("its host is no name that a certificate could have: letters, digits, dashes and dots"));
    }
    if port.is_some_and(|port| number::<u16>(port).is_none_or(|port| port == 0)) {
        return Err(wrong("its port is not a number from 1 to 65535"));
    }
    // Browsers leave the usual port out, so redirects and callbacks that name it would not match.
    Ok(format!("https://{}", rest.strip_suffix(":443").unwrap_or(rest)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::DEFAULT_HTTPS_PORT;

    fn of(variables: &[(&str, &str)]) -> Found {
        let variables = variables.to_vec();
        found(8443, move |name| variables.iter().find(|(had, _)| *had == name).map(|(_, value)| (*value).to_string()))
    }

    #[test]
    fn a_codespace_tells_its_address() {
        let name = ("CODESPACE_NAME", "fluffy-umbrella-4j6x");
        let url = of(&[name, ("GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN", "app.github.example")]).url;
        assert_eq!(url.as_deref(), Some("https://fluffy-umbrella-4j6x-8443.app.github.example"));
        // Without a domain it is the usual one; over ssh into a Codespace too.
        let url = of(&[name, ("SSH_CONNECTION", "::1 1 ::1 22")]).url.expect("an address");
        assert_eq!(url, "https://fluffy-umbrella-4j6x-8443.app.github.dev");
        assert_eq!(url_of(&url), Ok(url));
    }

    #[test]
    fn a_gitpod_workspace_tells_its_address() {
        let url =
            of(&[("GITPOD_WORKSPACE_URL", "https://me-repo-abc123.ws-eu110.gitpod.io/")]).url.expect("an address");
        assert_eq!(url, "https://8443-me-repo-abc123.ws-eu110.gitpod.io");
        assert_eq!(url_of(&url), Ok(url));
    }

    #[test]
    fn over_ssh_it_is_the_machine_s_own_with_the_command_that_leads_there() {
        let found = of(&[("SSH_CONNECTION", "203.0.113.5 51234 192.0.2.10 22"), ("USER", "me")]);
        assert_eq!(found.url, None);
        assert!(found.told.ends_with("`ssh -NL 8443:localhost:8443 me@192.0.2.10`"), "{}", found.told);
        let other = of(&[("SSH_CONNECTION", "203.0.113.5 51234 192.0.2.10 2222")]);
        assert!(other.told.ends_with("`ssh -NL 8443:localhost:8443 -p 2222 192.0.2.10`"), "{}", other.told);
    }

    #[test]
    fn where_nothing_tells_it_says_so() {
        for variables in
            [&[][..], &[("CODESPACE_NAME", ""), ("SSH_CONNECTION", "odd")], &[("GITPOD_WORKSPACE_URL", "x")]]
        {
            let found = of(variables);
            assert_eq!(found.url, None, "{variables:?}");
            assert!(found.told.contains("that of this machine"), "{}", found.told);
        }
    }

    /// What stands in the dev container has to fit what the program does by default.
    #[test]
    fn the_dev_container_forwards_the_port_as_https() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../.devcontainer");
        let text = std::fs::read_to_string(folder.join("devcontainer.json")).expect("the dev container");
        let config: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(config["forwardPorts"], serde_json::json!([DEFAULT_HTTPS_PORT]));
        assert_eq!(config["portsAttributes"][DEFAULT_HTTPS_PORT.to_string()]["protocol"], "https");
        assert_eq!(config["containerEnv"]["BACKSTACK_URL"], AUTO);
        assert!(folder.join(config["build"]["dockerfile"].as_str().expect("a path")).is_file());
        let command = config["postStartCommand"].as_str().expect("a command");
        assert!(folder.join("..").join(command).is_file(), "{command}");
    }
}
