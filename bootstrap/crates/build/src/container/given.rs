//! What a builder container is given of its host, so that it reaches the package registries as the host does: proxies,
//! mirrors, logins and certificates. Never the tools' own folders: they belong to the host's tools.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::tools::HostTools;

/// Where a container looks for the certificates that it trusts.
pub(super) const BUNDLE: &str = "/etc/ssl/certs/ca-certificates.crt";
/// Where machines keep them, in the order of how many do.
const BUNDLES: &[&str] = &[BUNDLE, "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"];

/// Variables that say how registries are reached.
const VARIABLES: &[&str] = &[
    "GOPROXY",
    "GONOPROXY",
    "GOPRIVATE",
    "GONOSUMDB",
    "GONOSUMCHECK",
    "GOSUMDB",
    "GOINSECURE",
    "GOAUTH",
    "GOVCS",
    "GOENV",
    "GOGC",
    "GOMEMLIMIT",
    "GOMAXPROCS",
    "NETRC",
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "PIP_NO_INDEX",
    "PIP_FIND_LINKS",
    "PIP_TRUSTED_HOST",
    "PIP_CERT",
    "PIP_CLIENT_CERT",
    "PIP_PROXY",
    "PIP_DEFAULT_TIMEOUT",
    "PIP_TIMEOUT",
    "PIP_RETRIES",
    "PIP_CONFIG_FILE",
    "SSL_CERT_FILE",
    "NODE_EXTRA_CA_CERTS",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
];
/// The same for npm, whose variables begin with `npm_config_`, in either case.
const NPM: &[&str] = &[
    "registry",
    "proxy",
    "https_proxy",
    "https-proxy",
    "noproxy",
    "cafile",
    "ca",
    "strict_ssl",
    "strict-ssl",
    "userconfig",
    "disturl",
    "fetch_retries",
    "fetch_timeout",
    "maxsockets",
];
/// Files of a person, below the home folder, and the variable that leads a tool to each in another home.
const FILES: &[(&str, &str)] = &[
    (".config/pip/pip.conf", "PIP_CONFIG_FILE"),
    (".npmrc", "npm_config_userconfig"),
    (".config/go/env", "GOENV"),
    (".netrc", "NETRC"),
    (".gitconfig", "GIT_CONFIG_GLOBAL"),
];
/// Keys of such files that name further files.
const FILE_KEYS: &[&str] = &["cafile", "cert", "client-cert", "find-links"];

/// What a container gets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Given {
    pub environment: BTreeMap<String, String>,
    /// Files and folders that lie at the same path in the container, read-only.
    pub mounts: BTreeSet<PathBuf>,
    /// The certificates that the host trusts.
    pub bundle: Option<PathBuf>,
    /// How the host's apt reaches its mirrors, as lines of apt.conf.
    pub apt: String,
    /// Its logins there, as lines of apt_auth.conf.
    pub apt_logins: String,
}

impl Given {
    /// What this machine has to give.
    pub(super) fn of_host(host: &HostTools) -> Self {
        let home = backstack_common::folders::home();
        let variables =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        let mut given = Self::of(variables, home.as_deref());
        given.environment.extend(backstack_docker::proxy::for_tools());
        given.of_apt(apt(host), Path::new("/etc/apt"));
        given
    }

    /// Takes along what apt was told of its mirrors, with the files that are named there: certificates and keys.
    fn of_apt(&mut self, settings: String, folder: &Path) {
        let values = settings.lines().filter_map(|line| line.split('"').nth(1));
        for file in values.filter(|value| Path::new(value).is_file()) {
            self.mount(file);
        }
        self.apt = settings;
        let parts = std::fs::read_dir(folder.join("auth.conf.d")).into_iter().flatten().flatten();
        let mut files: Vec<_> = parts.map(|part| part.path()).collect();
        files.sort();
        // Those that only the administrator may read are not for the tools either.
        let texts = std::iter::once(folder.join("auth.conf"))
            .chain(files)
            .filter_map(|file| std::fs::read_to_string(file).ok());
        self.apt_logins = texts.map(|text| format!("{}\n", text.trim_end())).collect();
    }

    /// Files in which a container's apt looks for that.
    pub(super) fn apt_files(&self) -> Vec<(String, String)> {
        let files = [("apt.conf.d/90host", &self.apt), ("auth.conf.d/90host.conf", &self.apt_logins)];
        let files = files.into_iter().filter(|(_, text)| !text.is_empty());
        files.map(|(file, text)| (format!("/etc/apt/{file}"), text.clone())).collect()
    }

    fn of(variables: impl Iterator<Item = (String, String)>, home: Option<&Path>) -> Self {
        let mut given = Self { environment: variables.filter(|(name, _)| is_given(name)).collect(), ..Self::default() };
        for (file, variable) in FILES {
            let path = home.map(|home| home.join(file)).filter(|path| path.is_file());
            if let Some(path) = path.filter(|_| !given.environment.contains_key(*variable)) {
                given.environment.insert((*variable).into(), path.display().to_string());
            }
        }
        let named: Vec<String> = given.environment.values().cloned().collect();
        for value in named.iter().map(String::as_str).chain(["/etc/pip.conf"]) {
            given.mount(value);
        }
        let named = given.environment.get("SSL_CERT_FILE").map(PathBuf::from);
        given.bundle = named.into_iter().chain(BUNDLES.iter().map(PathBuf::from)).find(|path| path.is_file());
        given
    }

    /// Takes a file or folder along, and those that are named in it.
    fn mount(&mut self, value: &str) {
        let path = Path::new(value.strip_prefix("file://").unwrap_or(value));
        if !path.is_absolute() || !path.exists() || !self.mounts.insert(path.into()) {
            return;
        }
        let text = std::fs::read_to_string(path).unwrap_or_default();
        for (key, value) in text.lines().filter_map(|line| line.split_once('=')) {
            if FILE_KEYS.contains(&key.trim()) {
                self.mount(value.trim().trim_matches('"'));
            }
        }
    }
}

fn is_given(name: &str) -> bool {
    let Some(npm) = name.get(..11).filter(|start| start.eq_ignore_ascii_case("npm_config_")).map(|_| &name[11..])
    else {
        return VARIABLES.contains(&name);
    };
    // With a colon: the registry of a scope, or the login of a registry.
    npm.contains(':') || NPM.contains(&npm.to_ascii_lowercase().as_str())
}

/// The part of apt's configuration that says how mirrors are reached; nothing where there is no apt.
fn apt(host: &HostTools) -> String {
    let dumped = host.command("apt-config").and_then(|mut command| command.arg("dump").output().ok());
    let text = dumped.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    // A program that finds the proxy is the host's.
    let wanted = |line: &&str| line.starts_with("Acquire::") && !line.to_lowercase().contains("detect");
    text.lines().filter(wanted).map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirrors_are_reached_with_the_hosts_certificates_and_logins() {
        let folder = tempfile::tempdir().expect("folder");
        let ca = folder.path().join("ca.pem");
        std::fs::write(&ca, "certificate").expect("write");
        std::fs::create_dir(folder.path().join("auth.conf.d")).expect("folder");
        std::fs::write(folder.path().join("auth.conf"), "machine a login me password x").expect("write");
        std::fs::write(folder.path().join("auth.conf.d/b.conf"), "machine b login me password y\n").expect("write");
        let settings = format!("Acquire::https::CAInfo \"{}\";\nAcquire::cdrom::mount \"/\";\n", ca.display());
        let mut given = Given::default();
        given.of_apt(settings.clone(), folder.path());
        assert_eq!(given.mounts, [ca].into());
        let logins = "machine a login me password x\nmachine b login me password y\n";
        let files = [("/etc/apt/apt.conf.d/90host", &*settings), ("/etc/apt/auth.conf.d/90host.conf", logins)];
        assert_eq!(given.apt_files(), files.map(|(file, text)| (file.to_string(), text.to_string())));
        assert!(Given::default().apt_files().is_empty());
    }

    #[test]
    fn registries_are_reached_as_on_the_host_and_nothing_else_is_given() {
        let home = tempfile::tempdir().expect("folder");
        let ca = home.path().join("ca.pem");
        std::fs::write(&ca, "certificate").expect("write");
        std::fs::write(home.path().join(".npmrc"), format!("prefix=/usr\ncafile = \"{}\"\n", ca.display()))
            .expect("write");
        let set = |name: &str, value: &str| (name.to_string(), value.to_string());
        let variables = [
            set("GOPROXY", "https://go.example.org"),
            set("GOFLAGS", "-mod=vendor"),
            set("PIP_CACHE_DIR", "/home/me/.cache/pip"),
            set("NPM_CONFIG_REGISTRY", "https://npm.example.org"),
            set("npm_config_@mine:registry", "https://npm.example.org"),
            set("npm_config_prefix", "/usr"),
            set("PIP_FIND_LINKS", &home.path().display().to_string()),
            set("AWS_SECRET_ACCESS_KEY", "secret"),
        ];
        let given = Given::of(variables.into_iter(), Some(home.path()));
        let names: Vec<_> = given.environment.keys().map(String::as_str).collect();
        let expected =
            ["GOPROXY", "NPM_CONFIG_REGISTRY", "PIP_FIND_LINKS", "npm_config_@mine:registry", "npm_config_userconfig"];
        assert_eq!(names, expected);
        for path in [home.path(), &home.path().join(".npmrc"), &ca] {
            assert!(given.mounts.contains(path), "{} is not in {:?}", path.display(), given.mounts);
        }
        assert!(!given.mounts.contains(Path::new("/usr")), "the host's own folders hide the container's");
    }
}
