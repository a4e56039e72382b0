//! The credentials that `docker login` left: in Docker's configuration, or with a helper program.

mod helper;

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oci_client::secrets::RegistryAuth;
use serde::Deserialize;
use tokio::sync::Mutex;

use super::notices::Notices;
use backstack_common::folders;
use backstack_files::{input, text};
use helper::HelperAnswer;

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
    pub(super) fn note(&self) -> String {
        self.note.clone().unwrap_or_else(|| "without credentials".into())
    }

    pub(super) fn is_anonymous(&self) -> bool {
        self.credential == Credential::Plain(RegistryAuth::Anonymous)
    }
}

/// Credentials by repository, looked up when they are first needed.
pub(super) struct Credentials {
    config: Option<PathBuf>,
    notices: Arc<Notices>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// By repository, and how long a helper might take.
    found: HashMap<(String, Duration), Found>,
    /// What helpers said, by helper and the name that it was asked for.
    answers: HashMap<(String, String), Option<HelperAnswer>>,
    /// Helpers that do not work, with why, and how long they were waited for in vain. They are not asked again for as
    /// long: each time would cost as much.
    broken: HashMap<String, (String, Duration)>,
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

/// Docker's configuration file: `$DOCKER_CONFIG/config.json` or `~/.docker/config.json`.
pub(super) fn default_path() -> Option<PathBuf> {
    path_of(|name| std::env::var_os(name), folders::home())
}

/// As [`default_path`], with the environment given.
fn path_of(variable: impl Fn(&str) -> Option<OsString>, home: Option<PathBuf>) -> Option<PathBuf> {
    let named = variable("DOCKER_CONFIG").filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = named.or_else(|| Some(home?.join(".docker")))?;
    Some(folder.join("config.json"))
}

impl Credentials {
    pub(super) fn new(config: Option<PathBuf>, notices: Arc<Notices>) -> Self {
        Self { config, notices, known: Mutex::default() }
    }

    /// The credentials for a repository of a registry host. A helper may take so long.
    pub(super) async fn of(&self, host: &str, repository: &str, limit: Duration) -> Found {
        let mut known = self.known.lock().await;
        let key = (format!("{host}/{repository}"), limit);
        if let Some(found) = known.found.get(&key) {
            return found.clone();
        }
        let found = self.look_up(host, repository, limit, &mut known).await;
        known.found.insert(key, found.clone());
        found
    }

    async fn look_up(&self, host: &str, repository: &str, limit: Duration, known: &mut Known) -> Found {
        let Some(path) = self.config.as_deref() else { return Found::anonymous(None) };
        let config = match read(path) {
            Ok(Some(config)) => config,
            Ok(None) => return Found::anonymous(None),
            Err(reason) => {
                let problem = format!("{} cannot be read: {reason}", path.display());
                self.notices.warn(format!("{problem}; images are fetched without credentials"));
                return Found::anonymous(Some(format!("without credentials: {problem}")));
            }
        };
        let own = best(&config.cred_helpers, host, repository);
        let mut note = None;
        if let Some((name, helper)) = own.or(config.creds_store.as_ref().map(|helper| ("", helper))) {
            match self.ask(helper, &name_for(name, host), limit, known).await {
                Ok(Some(answer)) => {
                    let note = format!("with the credentials of docker-credential-{helper}");
                    return Found { credential: of_helper(answer), note: Some(note) };
                }
                Ok(None) => {}
                Err(reason) => note = Some(format!("without credentials: docker-credential-{helper} failed: {reason}")),
            }
        }
        match of_file(&config, host, repository) {
            Some(credential) => {
                let note = Some(format!("with the credentials of {}", path.display()));
                Found { credential, note }
            }
            None => Found::anonymous(note),
        }
    }

    /// Asks a helper, unless it was asked before or failed before.
    async fn ask(
        &self,
        helper: &str,
        name: &str,
        limit: Duration,
        known: &mut Known,
    ) -> Result<Option<HelperAnswer>, String> {
        if let Some((reason, _)) = known.broken.get(helper).filter(|(_, waited)| *waited >= limit) {
            return Err(reason.clone());
        }
        let key = (helper.to_string(), name.to_string());
        if let Some(answer) = known.answers.get(&key) {
            return Ok(answer.clone());
        }
        match helper::ask(helper, name, limit).await {
            Ok(answer) => {
                known.answers.insert(key, answer.clone());
                Ok(answer)
            }
            Err(helper::Fault { why, slow }) => {
                self.notices.warn(format!(
                    "the credential helper docker-credential-{helper} failed: {why}; images are fetched without its \
                     credentials"
                ));
                known.broken.insert(helper.into(), (why.clone(), if slow { limit } else { Duration::MAX }));
                Err(why)
            }
        }
    }
}

/// The entry for a repository: of those for its host, the one with the longest path that the repository lies below.
fn best<'a, T>(entries: &'a BTreeMap<String, T>, host: &str, repository: &str) -> Option<(&'a str, &'a T)> {
    let names = names(host);
    let fitting = entries.iter().filter_map(|(key, entry)| {
        let (of, path) = bare(key);
        let below = path.is_empty() || repository == path || repository.strip_prefix(path)?.starts_with('/');
        (names.contains(&of) && below).then_some((path.len(), key.as_str(), entry))
    });
    fitting.max_by_key(|(length, ..)| *length).map(|(_, key, entry)| (key, entry))
}

/// A key of `auths` taken apart into host and path, without scheme and the version of an API.
fn bare(name: &str) -> (&str, &str) {
    let name = name.strip_prefix("https://").or_else(|| name.strip_prefix("http://")).unwrap_or(name);
    let (host, path) = name.split_once('/').unwrap_or((name, ""));
    let path = path.trim_matches('/');
    (host, if matches!(path, "v1" | "v2") { "" } else { path })
}

/// Every name under which credentials for a host may be filed.
fn names(host: &str) -> Vec<&str> {
    let hub = ["docker.io", "index.docker.io", "registry-1.docker.io"];
    if hub.contains(&host) { hub.to_vec() } else { vec![host] }
}

/// What a helper is asked for: it knows a host by one name only, or a path by what it is filed under.
fn name_for(key: &str, host: &str) -> String {
    match bare(key) {
        (own, path) if !path.is_empty() => format!("{own}/{path}"),
        _ if names(host).len() > 1 => HUB.into(),
        _ => host.into(),
    }
}

fn read(path: &Path) -> Result<Option<DockerConfig>, String> {
    match input::file(path) {
        Ok(bytes) => parse(&bytes).map(Some),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

fn parse(bytes: &[u8]) -> Result<DockerConfig, String> {
    let (text, _) = text::decode(bytes).map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|error| error.to_string())
}

/// The credentials that lie in the configuration itself.
fn of_file(config: &DockerConfig, host: &str, repository: &str) -> Option<Credential> {
    let entries = config.auths.iter().filter_map(|(name, entry)| Some((name.clone(), of_entry(entry)?))).collect();
    best(&entries, host, repository).map(|(_, credential)| credential.clone())
}

/// Whether a configuration has credentials for a repository; helpers, which are programs, are not asked.
///
/// # Errors
/// It cannot be read.
pub(crate) fn has(config: &[u8], host: &str, repository: &str) -> Result<bool, String> {
    Ok(of_file(&parse(config)?, host, repository).is_some())
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

#[cfg(test)]
mod tests {
    use super::*;

    async fn found_of(config: &str, host: &str, repository: &str) -> (Found, Vec<String>) {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("config.json");
        std::fs::write(&path, config).expect("config");
        let notices = Arc::new(Notices::default());
        let credentials = Credentials::new(Some(path), notices.clone());
        let limit = Duration::from_secs(9);
        let found = credentials.of(host, repository, limit).await;
        credentials.of(host, &format!("{repository}/again"), limit).await;
        (found, notices.take())
    }

    async fn found(config: &str, host: &str) -> Found {
        found_of(config, host, "library/busybox").await.0
    }

    fn basic(user: &str, password: &str) -> Credential {
        Credential::Plain(RegistryAuth::Basic(user.into(), password.into()))
    }

    #[test]
    fn dockers_configuration_is_looked_for_where_docker_looks() {
        for (named, home, wanted) in [
            (None, Some("/home/me"), Some("/home/me/.docker/config.json")),
            (Some(""), Some("/home/me"), Some("/home/me/.docker/config.json")),
            (Some("/etc/docker"), Some("/home/me"), Some("/etc/docker/config.json")),
            (Some("/etc/docker"), None, Some("/etc/docker/config.json")),
            (None, None, None),
        ] {
            // The home folder is somebody else's to find: HOME alone does not tell.
            let variable =
                |name: &str| if name == "DOCKER_CONFIG" { named.map(OsString::from) } else { Some("/x".into()) };
            assert_eq!(path_of(variable, home.map(PathBuf::from)), wanted.map(PathBuf::from), "{named:?} {home:?}");
        }
    }

    #[test]
    fn every_encoding_is_read() {
        let text = "\u{feff}{\"auths\": {\"a.io\": {\"registrytoken\": \"t\"}}}";
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in [text.as_bytes(), &wide] {
            assert!(has(bytes, "a.io", "x").expect("read"));
        }
        let wider: Vec<u8> = text.chars().flat_map(|letter| u32::from(letter).to_le_bytes()).collect();
        assert!(has(&wider, "a.io", "x").expect_err("UTF-32").contains("UTF-32 text; save it as UTF-8"));
    }

    #[tokio::test]
    async fn auths_are_found_under_every_spelling() {
        let config = |key: &str| format!(r#"{{"auths": {{"{key}": {{"auth": "{}"}}}}}}"#, STANDARD.encode("me:a:b"));
        for key in ["quay.io", "https://quay.io", "https://quay.io/v2/", "http://quay.io/"] {
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
    async fn of_several_logins_of_a_host_the_longest_that_fits_wins() {
        let auth = |user: &str| STANDARD.encode(format!("{user}:x"));
        let entries = [("ghcr.io", "host"), ("ghcr.io/a", "a"), ("https://ghcr.io/a/b", "ab"), ("ghcr.io/a/bc", "abc")];
        let entries = entries.map(|(key, user)| format!(r#""{key}": {{"auth": "{}"}}"#, auth(user))).join(",");
        let config = format!(r#"{{"auths": {{{entries}}}}}"#);
        for (repository, user) in [("a/b/c", "ab"), ("a/b", "ab"), ("a/bd", "a"), ("a", "a"), ("other/a", "host")] {
            let (found, _) = found_of(&config, "ghcr.io", repository).await;
            assert_eq!(found.credential, basic(user, "x"), "{repository}");
        }
    }

    #[tokio::test]
    async fn a_broken_file_or_helper_is_noted_and_told_once() {
        let (broken, told) = found_of("{", "a.io", "b").await;
        assert!(broken.is_anonymous() && broken.note.expect("a note").contains("config.json"));
        assert_eq!(told.len(), 1, "{told:?}");
        let missing = r#"{"credHelpers": {"a.io": "not-installed-here"}, "auths": {"b.io": {"auth": "bWU6eA=="}}}"#;
        let (helper, told) = found_of(missing, "a.io", "b").await;
        assert!(helper.is_anonymous() && helper.note().contains("docker-credential-not-installed-here"));
        assert!(told.len() == 1 && told[0].contains("docker-credential-not-installed-here"), "{told:?}");
        let (other, told) = found_of(missing, "b.io", "b").await;
        assert!(other.credential == basic("me", "x") && told.is_empty());
        let (nothing, told) = found_of("{}", "a.io", "b").await;
        assert!(nothing.note.is_none() && told.is_empty());
    }
}
