//! The system's trust store: a folder for certificates of one's own, and a program that gathers all of them.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::error::TrustError;

/// What is said where no store is known.
pub(super) const UNKNOWN: &str =
    "The trust store of this system is not one that is known here: add what `backstack ca` prints by hand.";

/// Folder, ending of the files in it, and the program that gathers them, by family of distributions.
const KNOWN: [(&str, &str, &[&str]); 4] = [
    // Debian, Ubuntu, Alpine.
    ("/usr/local/share/ca-certificates", "crt", &["update-ca-certificates"]),
    // Fedora and its kin.
    ("/etc/pki/ca-trust/source/anchors", "pem", &["update-ca-trust", "extract"]),
    // Arch.
    ("/etc/ca-certificates/trust-source/anchors", "crt", &["update-ca-trust"]),
    // openSUSE.
    ("/etc/pki/trust/anchors", "pem", &["update-ca-certificates"]),
];

/// The store of this system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct System {
    pub anchors: PathBuf,
    ending: &'static str,
    gather: &'static [&'static str],
}

/// The store of this system, if it is one of those that are known.
pub(super) fn find() -> Option<System> {
    let known = KNOWN.iter().find(|(folder, _, gather)| Path::new(folder).is_dir() && is_installed(gather[0]));
    known.map(|(folder, ending, gather)| System { anchors: folder.into(), ending, gather })
}

fn is_installed(program: &str) -> bool {
    ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].iter().any(|folder| Path::new(folder).join(program).is_file())
}

impl System {
    fn file(&self, entry: &str) -> PathBuf {
        self.anchors.join(format!("{entry}.{}", self.ending))
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
        self.gather().await?;
        Ok(true)
    }

    pub(super) async fn remove(&self, entry: &str) -> Result<bool, TrustError> {
        let file = self.file(entry);
        if !file.exists() {
            return Ok(false);
        }
        as_root(&["rm", "-f", &file.display().to_string()], "").await?;
        self.gather().await?;
        Ok(true)
    }

    async fn gather(&self) -> Result<(), TrustError> {
        as_root(self.gather, "").await
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
