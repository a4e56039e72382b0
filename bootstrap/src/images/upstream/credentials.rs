//! The credentials that `docker login` left: in Docker's configuration, or with a helper program.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oci_client::secrets::RegistryAuth;
use serde::Deserialize;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::sync::Mutex;

/// A helper that asks a person something in a window must not hold us up for ever.
const HELPER_LIMIT: Duration = Duration::from_secs(20);
/// The name under which Docker files its own registry.
const HUB: &str = "https://index.docker.io/v1/";

/// How to identify at a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Credential {
    /// Anonymous, user and password, or a bearer token as it is.
    Plain(RegistryAuth),
    /// A token that buys bearer tokens at the registry's token server.
    Identity(Token),
}

/// A secret that never shows itself.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Token(pub String);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(..)")
    }
}

/// What was found for a host, and where, for a person who is refused.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub credential: Credential,
    note: Option<String>,
}

impl Found {
    fn anonymous(note: Option<String>) -> Self {
        Self { credential: Credential::Plain(RegistryAuth::Anonymous), note }
    }

    /// Which credentials were used.
    pub fn note(&self) -> String {
        self.note.clone().unwrap_or_else(|| "without credentials".into())
    }

    pub fn is_anonymous(&self) -> bool {
        self.credential == Credential::Plain(RegistryAuth::Anonymous)
    }
}

/// Credentials by host, looked up when they are first needed.
#[derive(Debug)]
pub(super) struct Credentials {
    config: Option<PathBuf>,
    found: Mutex<HashMap<String, Found>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct DockerConfig {
    auths: BTreeMap<String, Entry>,
    creds_store: Option<String>,
    cred_helpers: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase", default)]
struct Entry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
    registrytoken: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HelperAnswer {
    username: String,
    secret: String,
}

/// Docker's configuration file: `$DOCKER_CONFIG/config.json` or `~/.docker/config.json`.
pub(super) fn default_path() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = set("DOCKER_CONFIG").or_else(|| Some(set("HOME")?.join(".docker")))?;
    Some(folder.join("config.json"))
}

impl Credentials {
    pub fn new(config: Option<PathBuf>) -> Self {
        Self { config, found: Mutex::new(HashMap::new()) }
    }

    /// The credentials for a registry host.
    pub async fn of(&self, host: &str) -> Found {
        let mut all = self.found.lock().await;
        if let Some(found) = all.get(host) {
            return found.clone();
        }
        let found = self.look_up(host).await;
        all.insert(host.into(), found.clone());
        found
    }

    async fn look_up(&self, host: &str) -> Found {
        let Some(path) = self.config.as_deref() else { return Found::anonymous(None) };
        let config = match read(path) {
            Ok(Some(config)) => config,
            Ok(None) => return Found::anonymous(None),
            Err(reason) => return Found::anonymous(Some(format!("{}: {reason}", path.display()))),
        };
        let names = names(host);
        let helper = names.iter().find_map(|name| config.cred_helpers.get(name)).or(config.creds_store.as_ref());
        if let Some(helper) = helper {
            // Helpers know a host by one name only.
            let name = if names.iter().any(|name| name == HUB) { HUB } else { host };
            return match ask(helper, name).await {
                Ok(Some(answer)) => {
                    let note = format!("with the credentials of docker-credential-{helper}");
                    Found { credential: of_helper(answer), note: Some(note) }
                }
                Ok(None) => Found::anonymous(None),
                Err(reason) => Found::anonymous(Some(format!("docker-credential-{helper}: {reason}"))),
            };
        }
        let entry = config.auths.iter().find(|(name, _)| names.iter().any(|wanted| wanted == bare(name)));
        match entry.and_then(|(_, entry)| of_entry(entry)) {
            Some(credential) => Found { credential, note: Some(format!("with the credentials of {}", path.display())) },
            None => Found::anonymous(None),
        }
    }
}

/// A key of `auths` without scheme and slash, as hosts are written, but for Docker's own.
fn bare(name: &str) -> &str {
    if name.starts_with(HUB.trim_end_matches('/')) {
        return HUB;
    }
    let name = name.strip_prefix("https://").or_else(|| name.strip_prefix("http://")).unwrap_or(name);
    name.split('/').next().unwrap_or(name)
}

/// Every name under which credentials for a host may be filed.
fn names(host: &str) -> Vec<String> {
    let hub = ["docker.io", "index.docker.io", "registry-1.docker.io"];
    if hub.contains(&host) {
        return [HUB].into_iter().chain(hub).map(Into::into).collect();
    }
    vec![host.into()]
}

fn read(path: &Path) -> Result<Option<DockerConfig>, String> {
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| error.to_string()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

fn of_entry(entry: &Entry) -> Option<Credential> {
    let given = |value: &Option<String>| value.clone().filter(|text| !text.is_empty());
    if let Some(token) = given(&entry.identitytoken) {
        return Some(Credential::Identity(Token(token)));
    }
    if let Some(token) = given(&entry.registrytoken) {
        return Some(Credential::Plain(RegistryAuth::Bearer(token)));
    }
    let pair = match given(&entry.auth) {
        Some(auth) => {
            let text = String::from_utf8(STANDARD.decode(auth.trim()).ok()?).ok()?;
            text.split_once(':').map(|(user, password)| (user.to_string(), password.trim_end_matches('\0').to_string()))
        }
        None => given(&entry.username).zip(given(&entry.password)),
    };
    pair.map(|(user, password)| Credential::Plain(RegistryAuth::Basic(user, password)))
}

fn of_helper(answer: HelperAnswer) -> Credential {
    if answer.username == "<token>" {
        return Credential::Identity(Token(answer.secret));
    }
    Credential::Plain(RegistryAuth::Basic(answer.username, answer.secret))
}

/// Runs a credential helper; none if it knows nothing of the host.
async fn ask(helper: &str, host: &str) -> Result<Option<HelperAnswer>, String> {
    let mut child = Command::new(format!("docker-credential-{helper}"))
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| error.to_string())?;
    if let Some(mut input) = child.stdin.take() {
        // A helper that ends early breaks the pipe; its answer says why.
        let _ = input.write_all(host.as_bytes()).await;
    }
    let output = tokio::time::timeout(HELPER_LIMIT, child.wait_with_output()).await;
    let output = output.map_err(|_| "it did not answer in time".to_string())?.map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    if output.status.success() {
        return serde_json::from_slice(&output.stdout).map(Some).map_err(|_| "its answer is no JSON".to_string());
    }
    if text.contains("credentials not found") { Ok(None) } else { Err(text.trim().chars().take(200).collect()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn found(config: &str, host: &str) -> Found {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("config.json");
        std::fs::write(&path, config).expect("config");
        Credentials::new(Some(path)).of(host).await
    }

    fn basic(user: &str, password: &str) -> Credential {
        Credential::Plain(RegistryAuth::Basic(user.into(), password.into()))
    }

    #[tokio::test]
    async fn auths_are_found_under_every_spelling() {
        let config = |key: &str| format!(r#"{{"auths": {{"{key}": {{"auth": "{}"}}}}}}"#, STANDARD.encode("me:a:b"));
        for key in ["quay.io", "https://quay.io", "https://quay.io/v2/"] {
            assert_eq!(found(&config(key), "quay.io").await.credential, basic("me", "a:b"), "{key}");
        }
        assert_eq!(found(&config(HUB), "docker.io").await.credential, basic("me", "a:b"));
        assert!(found(&config("quay.io"), "ghcr.io").await.is_anonymous());
    }

    #[tokio::test]
    async fn tokens_are_told_apart() {
        let identity = found(r#"{"auths": {"a.io": {"auth": "eDp5", "identitytoken": "t"}}}"#, "a.io").await;
        assert_eq!(identity.credential, Credential::Identity(Token("t".into())));
        assert!(!format!("{identity:?}").contains("\"t\""));
        let registry = found(r#"{"auths": {"a.io": {"registrytoken": "t"}}}"#, "a.io").await;
        assert_eq!(registry.credential, Credential::Plain(RegistryAuth::Bearer("t".into())));
    }

    #[tokio::test]
    async fn a_broken_file_or_helper_is_noted() {
        let broken = found("{", "a.io").await;
        assert!(broken.is_anonymous() && broken.note.expect("a note").contains("config.json"));
        let helper = found(r#"{"credHelpers": {"a.io": "not-installed-here"}}"#, "a.io").await;
        assert!(helper.is_anonymous() && helper.note.expect("a note").contains("docker-credential-not-installed-here"));
        assert!(found("{}", "a.io").await.note.is_none());
    }
}
