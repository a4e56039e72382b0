//! containerd's `certs.d`: for every upstream host, the local registry is asked first.
//!
//! The local registry keeps an image under `<upstream host>/<repository>`. `_default` cannot put the upstream's
//! name into the path, so each host has a folder of its own; what the local registry lacks is then asked for at
//! the upstream itself.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use super::names::REGISTRY_PORT;
use backstack_images::reference::mirror_folder;

/// Where containerd finds them; see [`super::certs_folder`].
pub const FOLDER: &str = "/etc/containerd/certs.d";

/// Registries that users' own workloads name most often, besides those of the stack.
const COMMON: &[&str] =
    &["docker.io", "gcr.io", "ghcr.io", "mcr.microsoft.com", "public.ecr.aws", "quay.io", "registry.k8s.io"];

/// The files: path and content. `host_port` is the registry's port on the host's loopback, so that an image
/// pushed to `localhost:PORT/...` can be used under that very name in the cluster.
pub fn files(upstreams: &BTreeSet<String>, registry: Ipv4Addr, host_port: u16) -> Vec<(String, String)> {
    let address = format!("{registry}:{REGISTRY_PORT}");
    let mut hosts: BTreeSet<&str> = upstreams.iter().map(String::as_str).collect();
    hosts.extend(COMMON);
    let mut files: Vec<_> = hosts.into_iter().map(|host| (path(host), mirror(host, &address))).collect();
    // Crossplane names images by the registry's own address; people push to localhost.
    for name in [address.clone(), format!("localhost:{host_port}"), format!("127.0.0.1:{host_port}")] {
        files.push((path(&name), direct(&address)));
    }
    files
}

fn path(host: &str) -> String {
    format!("{FOLDER}/{host}/hosts.toml")
}

fn mirror(host: &str, address: &str) -> String {
    let server = if host == "docker.io" { "registry-1.docker.io" } else { host };
    format!(
        "server = \"https://{server}\"\n\n[host.\"http://{address}/v2/{}\"]\n  \
         capabilities = [\"pull\", \"resolve\"]\n  override_path = true\n",
        mirror_folder(host)
    )
}

fn direct(address: &str) -> String {
    format!("server = \"http://{address}\"\n\n[host.\"http://{address}\"]\n  capabilities = [\"pull\", \"resolve\"]\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upstream_is_asked_for_under_its_name() {
        let files = files(&["quay.io".to_string()].into(), Ipv4Addr::new(172, 31, 250, 5), 5001);
        let quay = files.iter().find(|(path, _)| path.ends_with("certs.d/quay.io/hosts.toml")).expect("quay.io");
        assert!(quay.1.contains("[host.\"http://172.31.250.5:5000/v2/quay.io\"]"));
        assert!(quay.1.contains("override_path = true"));
        assert!(files.iter().any(|(path, _)| path.contains("/localhost:5001/")));
    }
}
