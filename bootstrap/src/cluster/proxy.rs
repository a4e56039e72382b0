//! The user's proxy, handed to the nodes: containerd pulls through it, everything inside the cluster goes past it.

use super::kubeadm::{POD_SUBNET, SERVICE_SUBNET};

/// The proxy variables as a node's environment; empty if there is no proxy.
///
/// `inside` are names and subnets that must never go through it.
pub fn environment(inside: &[String], variable: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let value =
        |name: &str| variable(name).or_else(|| variable(&name.to_lowercase())).filter(|value| !value.is_empty());
    let (http, https) = (value("HTTP_PROXY"), value("HTTPS_PROXY"));
    if http.is_none() && https.is_none() {
        return Vec::new();
    }
    let mut past: Vec<String> = value("NO_PROXY").map(|list| vec![list]).unwrap_or_default();
    past.extend([POD_SUBNET, SERVICE_SUBNET, "localhost", "127.0.0.1", ".svc", ".cluster.local"].map(String::from));
    past.extend_from_slice(inside);
    let pairs = [("HTTP_PROXY", http), ("HTTPS_PROXY", https), ("NO_PROXY", Some(past.join(",")))];
    let set = pairs.into_iter().filter_map(|(name, value)| Some((name, value?)));
    set.flat_map(|(name, value)| [format!("{name}={value}"), format!("{}={value}", name.to_lowercase())]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_proxy_means_no_variables() {
        assert!(environment(&[], |_| None).is_empty());
    }

    #[test]
    fn the_cluster_itself_goes_past_the_proxy() {
        let variable = |name: &str| match name {
            "https_proxy" => Some("http://proxy:3128".to_string()),
            "NO_PROXY" => Some("corp.example".to_string()),
            _ => None,
        };
        let environment = environment(&["172.31.250.0/24".into()], variable);
        assert!(environment.contains(&"HTTPS_PROXY=http://proxy:3128".to_string()));
        let past = environment.iter().find(|line| line.starts_with("no_proxy=")).expect("no_proxy");
        for name in ["corp.example", "172.31.250.0/24", "10.96.0.0/16", "10.244.0.0/16"] {
            assert!(past.contains(name), "{past}");
        }
    }
}
