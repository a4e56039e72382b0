//! Whose a bundle is: signed with a key of one's own, and checked against those that one trusts.
//!
//! Keys and signatures are those of SSH, as Git and our releases use them: nearly everybody has a key, `ssh-keygen` knows
//! agents, passphrases and keys in hardware, and anybody can check a signature without this program. What is signed is what a
//! bundle says of itself; the digests of all that is in it follow from that.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use backstack_common::error::{ExitKind, Explain};

use super::Bundle;

/// What a signature is for: one of a release, or of somebody's mail, is none of a bundle.
const NAMESPACE: &str = "backstack-bundle";
const PROGRAM: &str = "ssh-keygen";
/// What a file of public keys begins its lines with, of any kind.
const KEYS: [&str; 4] = ["ssh-", "ecdsa-", "sk-ssh-", "sk-ecdsa-"];

/// A bundle is not signed by somebody who is trusted.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    /// It has no signature at all.
    #[error("the bundle {} is not signed", .path.display())]
    None {
        /// The bundle's file.
        path: PathBuf,
    },
    /// It is signed, and by none of those who are trusted; or it was changed afterwards.
    #[error("the bundle {} is not signed by anybody in {}", .path.display(), .signers.display())]
    Stranger {
        /// The bundle's file.
        path: PathBuf,
        /// The file of those who are trusted.
        signers: PathBuf,
        /// What `ssh-keygen` said to that; may be empty.
        said: String,
    },
    /// The file of those who are trusted cannot be read, or has no public keys.
    #[error("the file of signers {} cannot be used: {why}", .path.display())]
    Signers {
        /// That file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// `ssh-keygen` cannot be run.
    #[error("signatures need the program `ssh-keygen`: {0}")]
    Program(io::Error),
}

impl Explain for SignatureError {
    fn kind(&self) -> ExitKind {
        match self {
            Self::Program(_) => ExitKind::Prerequisite,
            Self::Signers { .. } => ExitKind::Usage,
            _ => ExitKind::Image,
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Stranger { said, .. } if !said.is_empty() => vec![said.clone()],
            _ => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<String> {
        vec![match self {
            Self::None { .. } => "Ask whoever made it for one made with `backstack bundle create --sign KEY`.".into(),
            Self::Stranger { .. } => {
                "Use it only if you know whose it is: get their public key by another way than the bundle.".into()
            }
            Self::Signers { .. } => {
                "Name a public key (`id_ed25519.pub`), or a file with a line `NAME KEY` for each signer.".into()
            }
            Self::Program(_) => "Install OpenSSH's client (`openssh-client`), which has it.".into(),
        }]
    }
}

/// Signs with the private key in this file, or with the agent's if it is the public one. May ask for a passphrase.
///
/// # Errors
/// There is no `ssh-keygen`, or it does not sign.
pub fn sign(key: &Path, statement: &[u8]) -> io::Result<Vec<u8>> {
    let mut command = Command::new(PROGRAM);
    command.args(["-q", "-Y", "sign", "-n", NAMESPACE, "-f"]).arg(key);
    let ran = fed(&mut command, statement)?;
    if ran.status.success() && !ran.stdout.is_empty() {
        return Ok(ran.stdout);
    }
    Err(io::Error::other(format!("`{PROGRAM} -Y sign` says: {}", said(&ran))))
}

/// Who of those in the file signed it: their name in the file, or the key's.
///
/// # Errors
/// [`SignatureError`] if none of them did.
pub fn check(bundle: &Bundle, signers: &Path) -> Result<String, SignatureError> {
    let Some(signature) = &bundle.signature else { return Err(SignatureError::None { path: bundle.path.clone() }) };
    let unusable = |why: String| SignatureError::Signers { path: signers.into(), why };
    let text = std::fs::read_to_string(signers).map_err(|error| unusable(error.to_string()))?;
    let allowed = allowed(&text).map_err(unusable)?;
    let folder = tempfile::tempdir().map_err(|error| unusable(error.to_string()))?;
    let (keys, proof) = (folder.path().join("signers"), folder.path().join("signature"));
    std::fs::write(&keys, allowed)
        .and_then(|()| std::fs::write(&proof, signature))
        .map_err(|error| unusable(error.to_string()))?;
    let stranger = |said: String| SignatureError::Stranger { path: bundle.path.clone(), signers: signers.into(), said };
    let mut find = Command::new(PROGRAM);
    find.args(["-Y", "find-principals", "-s"]).arg(&proof).arg("-f").arg(&keys);
    let found = fed(&mut find, b"").map_err(SignatureError::Program)?;
    let name = String::from_utf8_lossy(&found.stdout).lines().next().unwrap_or_default().to_string();
    if !found.status.success() || name.is_empty() {
        return Err(stranger(said(&found)));
    }
    let mut verify = Command::new(PROGRAM);
    verify.args(["-Y", "verify", "-n", NAMESPACE, "-I", &name, "-s"]).arg(&proof).arg("-f").arg(&keys);
    let verified = fed(&mut verify, &bundle.statement).map_err(SignatureError::Program)?;
    if verified.status.success() { Ok(name) } else { Err(stranger(said(&verified))) }
}

/// The lines of a file of signers, as `ssh-keygen` reads them. A bare public key is its own comment's.
fn allowed(text: &str) -> Result<String, String> {
    let mut lines = String::new();
    let is_said = |line: &&str| !line.is_empty() && !line.starts_with('#');
    for line in text.trim_start_matches('\u{feff}').lines().map(str::trim).filter(is_said) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let is_key = |word: &str| KEYS.iter().any(|begin| word.starts_with(begin));
        match words.as_slice() {
            [kind, key, comment @ ..] if is_key(kind) => {
                let name = comment.first().copied().unwrap_or("signer");
                lines += &format!("{name} {kind} {key}\n");
            }
            [_, rest @ ..] if rest.iter().any(|word| is_key(word)) => lines += &format!("{line}\n"),
            _ if line.contains("PRIVATE KEY") => return Err("it is a private key; name the public one".into()),
            _ => return Err(format!("`{}` is no public key", line.chars().take(40).collect::<String>())),
        }
    }
    if lines.is_empty() { Err("there is no key in it".into()) } else { Ok(lines) }
}

/// Runs a program that reads these bytes.
fn fed(command: &mut Command, bytes: &[u8]) -> io::Result<Output> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    // One that does not want them says why by its end.
    drop(child.stdin.take().map(|mut input| input.write_all(bytes)));
    child.wait_with_output()
}

fn said(ran: &Output) -> String {
    let text = String::from_utf8_lossy(&ran.stderr);
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::About;
    use crate::bundle_writer::{self, Beside};
    use crate::store::BlobStore;
    use backstack_common::report::Progress;

    fn key(folder: &Path, name: &str) -> PathBuf {
        let path = folder.join(name);
        let made = Command::new(PROGRAM).args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"]).arg(&path).status();
        assert!(made.expect("ssh-keygen").success());
        path
    }

    async fn bundle(folder: &Path, key: Option<&Path>) -> Bundle {
        let store = BlobStore::open(folder.join("store")).expect("store");
        let path = folder.join(if key.is_some() { "signed.bundle" } else { "plain.bundle" });
        let with_key = |statement: &[u8]| sign(key.expect("a key"), statement);
        let beside = Beside { base: None, sign: key.is_some().then_some(&with_key) };
        bundle_writer::write(&path, About::blank(), Vec::new(), &store, beside, &Progress::silent())
            .await
            .expect("written");
        Bundle::open(&path).expect("a bundle")
    }

    #[tokio::test]
    async fn who_signed_is_found_among_those_who_are_trusted() {
        let folder = tempfile::tempdir().expect("folder");
        let (ada, eve) = (key(folder.path(), "ada"), key(folder.path(), "eve"));
        let signed = bundle(folder.path(), Some(&ada)).await;
        let public = |key: &Path| key.with_extension("pub");
        assert_eq!(check(&signed, &public(&ada)).expect("ada"), "ada");
        let both = folder.path().join("signers");
        let line = |key: &Path, name: &str| format!("{name} {}", std::fs::read_to_string(public(key)).expect("key"));
        std::fs::write(&both, format!("# who may\n{}{}", line(&eve, "e@x"), line(&ada, "a@x"))).expect("write");
        assert_eq!(check(&signed, &both).expect("ada"), "a@x");
        let stranger = check(&signed, &public(&eve)).expect_err("eve did not sign");
        assert!(matches!(stranger, SignatureError::Stranger { .. }), "{stranger}");
        let changed = Bundle { statement: b"{}".to_vec(), ..bundle(folder.path(), None).await };
        let changed = Bundle { signature: signed.signature.clone(), ..changed };
        assert!(matches!(check(&changed, &public(&ada)), Err(SignatureError::Stranger { .. })));
        let plain = Bundle { signature: None, ..changed };
        assert!(matches!(check(&plain, &public(&ada)), Err(SignatureError::None { .. })));
    }

    #[test]
    fn what_is_no_file_of_public_keys_is_said_so() {
        assert_eq!(allowed("ssh-ed25519 AAAA ada@box more").expect("a key"), "ada@box ssh-ed25519 AAAA\n");
        assert_eq!(allowed("\u{feff}# x\r\n\r\nssh-rsa AAAA\r\n").expect("a key"), "signer ssh-rsa AAAA\n");
        let with_options = "a@x,b@x namespaces=\"backstack-bundle\" ssh-ed25519 AAAA";
        assert_eq!(allowed(with_options).expect("a line"), format!("{with_options}\n"));
        for (text, why) in [
            ("", "no key"),
            ("-----BEGIN OPENSSH PRIVATE KEY-----\nx", "private"),
            ("hello world", "`hello world` is no public key"),
        ] {
            assert!(allowed(text).expect_err(text).contains(why), "{text}");
        }
    }
}
