//! The way to a cluster: with the caller's own credentials only as far as the assistant's account.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use backstack_mcp::error::{ErrorKind, quoted};
use backstack_mcp::live::kinds::{GIT_ACCOUNT, GIT_API};
use backstack_mcp::ports::{GitServer, PortError};
use k8s_openapi::api::core::v1::Secret;
use kube::Client;
use kube::api::Api;
use serde_json::json;
use serde_yaml::Value as Yaml;
use tokio::time::Instant;

use super::doors::Doors;
use super::git::Git;
use super::images::OwnRegistry;
use crate::docker::{Engine, kubeconfig, observe};
use crate::error::{Explain, chain};
use crate::kubernetes::record;
use crate::kubernetes::secrets::Secrets;
use crate::kubernetes::{assistant, client};
use crate::settings::Record;
use crate::target::{existing, local};

/// Where Kubernetes puts a pod's account, and where a pod reaches the API.
const POD_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
const POD_API: &str = "https://kubernetes.default.svc";
const PATIENCE: Duration = Duration::from_secs(3);

/// Where a platform is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// In containers of the local engine.
    Containers,
    /// In a cluster that a kubeconfig leads to.
    Kubeconfig {
        /// File to read; `None` for what KUBECONFIG and kubectl's own place say.
        path: Option<std::path::PathBuf>,
        /// Name of the context in it.
        context: String,
    },
    /// In the cluster that this program runs in, with the account of its pod. `git` is where pods reach the Git server,
    /// without the path of its API, and `registry` the `HOST:PORT` of the platform's registry.
    Pod {
        /// Base address of the Git server inside of the cluster; without it nothing is read of Git.
        git: Option<String>,
        /// `HOST:PORT` of the platform's registry inside of the cluster; without it nobody knows what that has.
        registry: Option<String>,
    },
}

/// A connected cluster.
pub(super) struct Connection {
    /// Reads with the assistant's account, or the caller's own where there is none.
    pub client: Client,
    pub record: Option<Record>,
    pub git: Result<Arc<dyn GitServer>, PortError>,
    /// A node to try ports from; a cluster of somebody else's lends none.
    pub doors: Option<Doors>,
    /// When the account's token has to be renewed.
    pub renew: Instant,
    /// Where its pods pull from.
    pub registry: OwnRegistry,
}

/// Connects.
///
/// # Errors
/// Of kind `Unavailable`, with what to do.
pub(super) async fn connect(platform: &str, way: &Way) -> Result<Connection, PortError> {
    let (config, doors) = match way {
        Way::Containers => of_containers(platform).await.map(|(config, doors)| (config, Some(doors)))?,
        Way::Kubeconfig { path, context } => (of_kubeconfig(path.as_deref(), context)?, None),
        // Its own network policies would answer for the ports that it tried.
        Way::Pod { .. } => (of_pod(Path::new(POD_ACCOUNT))?, None),
    };
    let caller = client::connect(&config, None).await.map_err(|error| unavailable(platform, &error))?;
    client::wait_for_api(&caller, Instant::now() + PATIENCE).await.map_err(|error| unavailable(platform, &error))?;
    let (token, record, git) = tokio::join!(assistant::token(&caller), record::read(&caller), account(&caller));
    let record = record.ok().flatten();
    let client = match (token, way) {
        (Ok(token), _) => {
            client::connect(&with_token(&config, &token)?, None).await.map_err(|error| unavailable(platform, &error))?
        }
        // Their own rights are what the owner of that cluster gave them.
        (Err(_), Way::Kubeconfig { .. }) => caller.clone(),
        // The node's own credentials may do everything, a pod's nothing but this: nothing is ever read with them.
        (Err(error), Way::Containers | Way::Pod { .. }) => return Err(no_account(platform, &error)),
    };
    let git = match way {
        Way::Pod { git: address, .. } => git.and_then(|token| git_in_cluster(platform, address.as_deref(), token)),
        _ => git_server(platform, &caller, record.as_ref(), git).await,
    };
    let seconds = u64::try_from(assistant::TOKEN_SECONDS).unwrap_or_default();
    let renew = Instant::now() + Duration::from_secs(seconds / 2);
    Ok(Connection { client, record, git, doors, renew, registry: registry_of(way) })
}

fn registry_of(way: &Way) -> OwnRegistry {
    match way {
        Way::Containers => OwnRegistry::Engine,
        Way::Pod { registry: Some(address), .. } => OwnRegistry::Address(address.clone()),
        Way::Pod { .. } | Way::Kubeconfig { .. } => OwnRegistry::Unknown,
    }
}

/// The kubeconfig of a platform in containers, read from its control plane, and that node to try ports from.
async fn of_containers(platform: &str) -> Result<(String, Doors), PortError> {
    let engine = Engine::connect().await.map_err(|error| unavailable(platform, &error))?;
    let mut platforms = observe::platforms(&engine).await.map_err(|error| unavailable(platform, &error))?;
    let Some(found) = platforms.remove(platform) else {
        let names: Vec<_> = platforms.into_keys().collect();
        let there = if names.is_empty() { "there is none".into() } else { format!("there are: {}", names.join(", ")) };
        return Err(PortError::new(ErrorKind::NotFound, format!("there is no platform {}; {there}", quoted(platform)))
            .hint("Make one with `backstack up`, or name one that there is."));
    };
    let Some(node) = found.control_plane().filter(|node| node.running) else {
        return Err(PortError::new(ErrorKind::Unavailable, found.not_running().to_string())
            .hint("Start it with `backstack start`, then call again."));
    };
    let entry =
        local::kubeconfig_entry(&engine, platform, &node.name).await.map_err(|error| unavailable(platform, &error))?;
    let config = kubeconfig::standalone(&entry).map_err(|error| unavailable(platform, &error))?;
    let node = node.name.clone();
    Ok((config, Doors { engine, node }))
}

/// A kubeconfig of the caller's, cut down to one context.
fn of_kubeconfig(path: Option<&Path>, context: &str) -> Result<String, PortError> {
    let broken = |problem: String| {
        PortError::new(ErrorKind::Unavailable, format!("the kubeconfig cannot be used: {problem}"))
            .hint("Check KUBECONFIG, and the context's name with `kubectl config get-contexts`.")
    };
    let mut config = match path {
        Some(path) => existing::kubeconfig::read_from(path),
        None => existing::kubeconfig::read(),
    }
    .map_err(&broken)?;
    if !config.contexts.iter().any(|known| known.name == context) {
        let names: Vec<_> = config.contexts.iter().map(|known| known.name.as_str()).collect();
        return Err(broken(format!("it has no context `{context}` (it has: {})", names.join(", "))));
    }
    config.current_context = Some(context.into());
    serde_yaml::to_string(&config).map_err(|error| broken(error.to_string()))
}

/// A kubeconfig with the account that Kubernetes gives a pod in files.
fn of_pod(account: &Path) -> Result<String, PortError> {
    let (ca, token) = (account.join("ca.crt"), account.join("token"));
    if !token.exists() {
        let message = format!("this is no pod of a cluster: there is no {}", token.display());
        return Err(PortError::new(ErrorKind::Unavailable, message)
            .hint("Leave `--in-cluster` out: it is for the platform's own pod."));
    }
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "pod",
        "contexts": [{"name": "pod", "context": {"cluster": "pod", "user": "pod"}}],
        "clusters": [{"name": "pod", "cluster": {"server": POD_API, "certificate-authority": ca}}],
        // The file is renewed from time to time.
        "users": [{"name": "pod", "user": {"tokenFile": token}}],
    });
    Ok(config.to_string())
}

/// The same cluster, with a token in place of whatever credentials there were.
fn with_token(config: &str, token: &str) -> Result<String, PortError> {
    let broken = |error: serde_yaml::Error| {
        PortError::new(ErrorKind::Internal, format!("the kubeconfig cannot be changed: {error}"))
    };
    let mut config: Yaml = serde_yaml::from_str(config).map_err(broken)?;
    let users = config.get_mut("users").and_then(Yaml::as_sequence_mut);
    for user in users.into_iter().flatten() {
        let mut with = serde_yaml::Mapping::new();
        with.insert("token".into(), token.into());
        user["user"] = Yaml::Mapping(with);
    }
    serde_yaml::to_string(&config).map_err(broken)
}

/// The token of the assistant's account on the Git server.
async fn account(caller: &Client) -> Result<String, PortError> {
    let (namespace, name, key) = GIT_ACCOUNT;
    let secrets: Api<Secret> = Api::namespaced(caller.clone(), namespace);
    let none = |why: String| {
        PortError::new(ErrorKind::Unavailable, format!("the platform's Git server cannot be used: {why}"))
            .hint("Look with `platform` whether the Git server is installed and ready.")
    };
    let found = secrets.get_opt(name).await.map_err(|error| none(chain(&error).pop().unwrap_or_default()))?;
    let token = found.and_then(|secret| secret.data?.remove(key)).and_then(|bytes| String::from_utf8(bytes.0).ok());
    token.ok_or_else(|| none("it has no account for the assistant".into()))
}

/// How a request signs in with a token.
fn by_token(token: &str) -> String {
    format!("token {token}")
}

async fn git_server(
    platform: &str,
    caller: &Client,
    record: Option<&Record>,
    token: Result<String, PortError>,
) -> Result<Arc<dyn GitServer>, PortError> {
    let token = token?;
    let unset = || {
        PortError::new(ErrorKind::Unavailable, format!("platform `{platform}` is not set up to its end"))
            .hint("Run `backstack up` to the end.")
    };
    let record = record.ok_or_else(unset)?;
    let ca = Secrets::new(caller.clone(), platform, "localhost").ca_pem().await.ok().flatten().ok_or_else(unset)?;
    Ok(Arc::new(Git::new(platform, format!("{}{GIT_API}", record.url), by_token(&token), Some(&ca))?))
}

/// The Git server, without the way around by the platform's own address, which leads pods nowhere.
fn git_in_cluster(platform: &str, address: Option<&str>, token: String) -> Result<Arc<dyn GitServer>, PortError> {
    let address = address.ok_or_else(|| {
        PortError::new(ErrorKind::Unavailable, "this server was not told where the platform's Git server is")
            .hint("Its `--git` says so.")
    })?;
    Ok(Arc::new(Git::new(platform, format!("{address}{GIT_API}"), by_token(&token), None)?))
}

fn no_account(platform: &str, error: &crate::kubernetes::Error) -> PortError {
    PortError::new(
        ErrorKind::Unavailable,
        format!("platform `{platform}` has no account for assistants: {}", chain(error).join(": ")),
    )
    .hint("While `backstack up` has just begun, call again in a few seconds.")
    .hint("A platform of an older version gets the account by `backstack up`.")
}

/// A failure to connect, in words that a model can act on.
fn unavailable(platform: &str, error: &impl Explain) -> PortError {
    let mut told = PortError::new(
        ErrorKind::Unavailable,
        format!("platform `{platform}` cannot be reached: {}", chain(error).join(": ")),
    );
    for hint in error.hints() {
        told = told.hint(hint);
    }
    told.hint("Look with `backstack status`, start it with `backstack up`; this server connects again by itself.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_uses_the_account_that_it_was_given_and_nothing_else_is_a_pod() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let error = of_pod(folder.path()).expect_err("no pod");
        assert!(error.message.contains("no pod of a cluster"), "{}", error.message);
        std::fs::write(folder.path().join("token"), "t").expect("write");
        let config = of_pod(folder.path()).expect("a kubeconfig");
        let config = kube::config::Kubeconfig::from_yaml(&config).expect("a kubeconfig");
        let user = config.auth_infos[0].auth_info.as_ref().expect("a user");
        assert_eq!(user.token_file, Some(folder.path().join("token").display().to_string()));
    }

    #[test]
    fn a_token_takes_the_place_of_all_other_credentials() {
        let config = "users:\n- name: a\n  user: {client-certificate-data: x, client-key-data: y}\n";
        let changed = with_token(config, "t").expect("a kubeconfig");
        assert!(changed.contains("token: t") && !changed.contains("client-"), "{changed}");
    }
}
