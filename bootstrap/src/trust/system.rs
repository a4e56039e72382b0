//! The system's trust store: a folder for certificates of one's own, and a program that gathers all of them.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::error::TrustError;

/// What is said where no store is known.
pub(super) const UNKNOWN: &str =
    "The trust store of this system is not one that is known here: add what `backstack ca` prints by hand.";

/// A store, as a family of distributions has it.
#[derive(Debug, PartialEq, Eq)]
struct Known {
    anchors: &'static str,
    /// Of the files in there.
    ending: &'static str,
    /// What gathers them when one has come.
    added: &'static [&'static str],
    /// ... and when one has gone.
    removed: &'static [&'static str],
}

const KNOWN: [Known; 4] = [
    // Debian, Ubuntu, Alpine: without `--fresh`, links to what is gone stay.
    Known {
        anchors: "/usr/local/share/ca-certificates",
        ending: "crt",
        added: &["update-ca-certificates"],
        removed: &["update-ca-certificates", "--fresh"],
    },
    // Fedora and its kin.
    Known {
        anchors: "/etc/pki/ca-trust/source/anchors",
        ending: "pem",
        added: &["update-ca-trust", "extract"],
        removed: &["update-ca-trust", "extract"],
    },
    // Arch.
    Known {
        anchors: "/etc/ca-certificates/trust-source/anchors",
        ending: "crt",
        added: &["update-ca-trust"],
        removed: &["update-ca-trust"],
    },
    // openSUSE.
    Known {
        anchors: "/etc/pki/trust/anchors",
        ending: "pem",
        added: &["update-ca-certificates"],
        removed: &["update-ca-certificates"],
    },
];

/// The store of this system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct System {
    pub anchors: PathBuf,
    known: &'static Known,
}

/// The store of this system, if it is one of those that are known.
pub(super) fn find() -> Option<System> {
    let known = KNOWN.iter().find(|known| Path::new(known.anchors).is_dir() && is_installed(known.added[0]));
    known.map(|known| System { anchors: known.anchors.into(), known })
}

fn is_installed(program: &str) -> bool {
    ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].iter().any(|folder| Path::new(folder).join(program).is_file())
}

impl System {
    fn file(&self, entry: &str) -> PathBuf {
        self.anchors.join(format!("{entry}.{}", self.known.ending))
    }

    /// Whether anything had to be done.
    pub(super) async fn add(&self, entry: &str, certificate: &str) -> Result<bool, TrustError> {
        let file = self.file(entry);
        match std::fs::read_to_string(&file) {
            Ok(had) if had == certificate => return Ok(false),
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(TrustError::Read { path: file, source });
            }
            _ => {}
        }
        let target = file.display().to_string();
        as_root(&["install", "-m", "644", "/dev/stdin", &target], certificate).await?;
        as_root(self.known.added, "").await?;
        Ok(true)
    }

    pub(super) async fn remove(&self, entry: &str) -> Result<bool, TrustError> {
        let file = self.file(entry);
        if !file.exists() {
            return Ok(false);
        }
        as_root(&["rm", "-f", &file.display().to_string()], "").await?;
        as_root(self.known.removed, "").await?;
        Ok(true)
    }
}

/// Runs a command as root: by `sudo`, which may ask for a password, where somebody else runs this program.
async fn as_root(words: &[&str], input: &str) -> Result<(), TrustError> {
    let words: Vec<&str> = if is_root() { words.to_vec() } else { ["sudo"].iter().chain(words).copied().collect() };
    run(&words, input).await.map(drop)
}

#[cfg(unix)]
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}

/// Runs a command with this on its standard input; gives what it printed.
pub(super) async fn run(words: &[&str], input: &str) -> Result<String, TrustError> {
    let command = words.join(" ");
    let missing = |source| TrustError::Failed { command: command.clone(), said: String::new(), source: Some(source) };
    let mut child = Command::new(words[0])
        .args(&words[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(missing)?;
    if let Some(mut stdin) = child.stdin.take() {
        // What does not read its input says itself what is wrong.
        drop(stdin.write_all(input.as_bytes()).await);
    }
    let output = child.wait_with_output().await.map_err(missing)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(TrustError::Failed { command, said: String::from_utf8_lossy(&output.stderr).into_owned(), source: None })
}
