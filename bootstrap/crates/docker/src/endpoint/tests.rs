//! Contexts as Docker writes them to disk, and what is chosen with them.

use std::collections::HashMap;

use super::*;

/// A home folder with Docker's configuration in it.
struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    fn new() -> Self {
        let home = Self { folder: tempfile::tempdir().expect("folder") };
        std::fs::create_dir(home.docker()).expect("folder");
        home
    }

    fn docker(&self) -> PathBuf {
        self.folder.path().join(".docker")
    }

    fn config(self, content: &str) -> Self {
        std::fs::write(self.docker().join("config.json"), content).expect("write");
        self
    }

    fn write(&self, kind: &str, context: &str, file: &str, content: &str) {
        let id = backstack_images::Digest::of(context.as_bytes());
        let path = self.docker().join("contexts").join(kind).join(id.hex()).join(file);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("folder");
        std::fs::write(path, content).expect("write");
    }

    fn context(self, name: &str, host: &str, skip_verify: bool) -> Self {
        let target = serde_json::json!({"Host": host, "SkipTLSVerify": skip_verify});
        let meta = serde_json::json!({"Name": name, "Metadata": {}, "Endpoints": {"docker": target}});
        self.write("meta", name, "meta.json", &meta.to_string());
        self
    }

    fn choose(&self, variables: &[(&str, &str)]) -> Result<Endpoint, ClusterError> {
        let variables: HashMap<_, _> = variables.iter().copied().collect();
        choose(|name| variables.get(name).map(Into::into), Some(self.folder.path().into()))
    }

    fn chosen(&self, variables: &[(&str, &str)]) -> String {
        self.choose(variables).map_or_else(|error| format!("error: {error}"), |endpoint| endpoint.to_string())
    }
}

const SOCKET: &str = "unix:///var/run/docker.sock";

#[test]
fn the_order_is_that_of_the_docker_command() {
    let home = Home::new()
        .config(r#"{"currentContext": "colima"}"#)
        .context("colima", "unix:///home/me/.colima/docker.sock", false)
        .context("lab", "tcp://lab.example", false);
    let current = format!("context `colima` (currentContext in {}/config.json)", home.docker().display());
    let colima = format!("unix:///home/me/.colima/docker.sock ({current})");
    let host = ("DOCKER_HOST", "tcp://127.0.0.1:5");
    for (variables, expected) in [
        (vec![], colima.as_str()),
        (vec![("DOCKER_CONTEXT", ""), ("DOCKER_HOST", "")], &colima),
        (vec![("DOCKER_CONTEXT", "lab")], "tcp://lab.example:2375 (context `lab` (DOCKER_CONTEXT))"),
        (vec![("DOCKER_CONTEXT", "lab"), host], "tcp://127.0.0.1:5 (DOCKER_HOST)"),
        (vec![("DOCKER_CONTEXT", "gone"), host], "tcp://127.0.0.1:5 (DOCKER_HOST)"),
        (vec![("DOCKER_CONTEXT", "default")], &format!("{SOCKET} (context `default` (DOCKER_CONTEXT))")),
        (vec![("DOCKER_CONFIG", "/nonexistent")], &format!("{SOCKET} (the default)")),
    ] {
        assert_eq!(home.chosen(&variables), expected, "{variables:?}");
    }
}

#[test]
fn a_context_that_does_not_exist_is_an_error_with_those_that_do() {
    let home = Home::new().config(r#"{"currentcontext": "gone"} {"more": 1}"#).context("lab", SOCKET, false);
    for (variables, named) in [(vec![], "currentContext in "), (vec![("DOCKER_CONTEXT", "typo")], "DOCKER_CONTEXT")] {
        match home.choose(&variables) {
            Err(ClusterError::NoContext { known, named_by, .. }) => {
                assert_eq!(known, ["default", "lab"]);
                assert!(named_by.starts_with(named), "{named_by}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_configuration_that_cannot_be_read_is_an_error_unless_nobody_needs_it() {
    for content in [r#"{"currentContext": "la"#, "\u{feff}{}", "[]", r#"{"currentContext": 5}"#] {
        let home = Home::new().config(content).context("lab", SOCKET, false);
        assert!(matches!(home.choose(&[]), Err(ClusterError::DockerConfig { .. })), "{content}: {}", home.chosen(&[]));
        assert!(home.choose(&[("DOCKER_HOST", SOCKET)]).is_ok(), "{content}");
        assert!(home.choose(&[("DOCKER_CONTEXT", "lab")]).is_ok(), "{content}");
    }
    for content in ["", "{}", r#"{"currentContext": ""}"#, r#"{"currentContext": null}"#] {
        assert_eq!(Home::new().config(content).chosen(&[]), format!("{SOCKET} (the default)"), "{content}");
    }
}

#[test]
fn a_context_that_cannot_be_used_is_an_error() {
    let home = Home::new().context("behind", "ssh://me@lab", false);
    assert!(matches!(home.choose(&[("DOCKER_CONTEXT", "behind")]), Err(ClusterError::EngineAddress { .. })));
    home.write("meta", "cut", "meta.json", r#"{"Name": "cut", "Endp"#);
    home.write("meta", "other", "meta.json", r#"{"Name": "other", "Endpoints": {"kubernetes": {}}}"#);
    for name in ["cut", "other"] {
        let error = home.choose(&[("DOCKER_CONTEXT", name)]).expect_err(name);
        assert!(matches!(error, ClusterError::Context { .. }), "{error:?}");
    }
}

#[test]
fn tls_belongs_to_the_context_or_to_the_environment() {
    let home = Home::new().context("lab", "tcp://lab:2376", false).context("open", "tcp://lab:2376", true);
    assert_eq!(home.choose(&[("DOCKER_CONTEXT", "lab")]).expect("lab").tls, None);
    home.write("tls", "lab", "docker/ca.pem", "ca");
    let lab = home.choose(&[("DOCKER_CONTEXT", "lab"), ("DOCKER_CERT_PATH", "/none")]).expect("lab");
    let tls = lab.tls.clone().expect("TLS");
    assert!(tls.verify && tls.ca.is_some_and(|(_, pem)| pem == b"ca") && tls.key.is_none());
    assert!(lab.to_string().ends_with(", TLS)"), "{lab}");
    assert!(!home.choose(&[("DOCKER_CONTEXT", "open")]).expect("open").tls.expect("TLS").verify);
    home.write("tls", "lab", "docker/cert.pem", "certificate");
    let error = home.choose(&[("DOCKER_CONTEXT", "lab")]).expect_err("half a pair");
    assert!(matches!(&error, ClusterError::EngineTls { why, .. } if why.contains("key.pem")), "{error}");
}

#[test]
fn tls_of_the_environment_is_used_or_refused() {
    let home = Home::new();
    let folder = home.folder.path().to_string_lossy().into_owned();
    let host = ("DOCKER_HOST", "tcp://127.0.0.1");
    for name in ["DOCKER_TLS_VERIFY", "DOCKER_TLS"] {
        let error = home.choose(&[host, (name, "0")]).expect_err("no certificates");
        assert!(matches!(&error, ClusterError::EngineTls { why, .. } if why.contains(name)), "{error}");
        std::fs::write(home.folder.path().join("ca.pem"), "ca").expect("write");
        let variables = [host, (name, "1"), ("DOCKER_CERT_PATH", folder.as_str())];
        let tls = home.choose(&variables).expect("certificates").tls.expect("TLS");
        assert_eq!(tls.verify, name == "DOCKER_TLS_VERIFY");
        // Without a host it is the TLS port of this machine that is meant.
        let nowhere = home.choose(&variables[1..]).expect("certificates");
        assert_eq!(nowhere.address, "tcp://localhost:2376");
        assert!(nowhere.tls.is_some() && nowhere.reason.contains(name));
        // A socket of this machine has no TLS, and needs none.
        assert_eq!(home.choose(&[("DOCKER_HOST", SOCKET), (name, "1")]).expect("a socket").tls, None);
    }
    assert_eq!(home.choose(&[host, ("DOCKER_TLS_VERIFY", "")]).expect("not set").tls, None);
}

#[test]
fn another_machine_is_told_from_this_one() {
    for (host, local) in [
        ("tcp://lab.example:2376", false),
        ("tcp://10.0.0.7:2376", false),
        ("tcp://localhost:2375", true),
        ("tcp://[::1]:2375", true),
        ("tcp://127.0.0.1:1/prefix", true),
        (SOCKET, true),
    ] {
        assert_eq!(Home::new().choose(&[("DOCKER_HOST", host)]).expect(host).is_local(), local, "{host}");
    }
}
