//! A credential helper: somebody else's program, which may be missing, hang, or print anything without end.

use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

/// No token is longer than this.
const LONGEST: u64 = 256 << 10;

/// User and secret as a helper gives them. The secret never shows itself.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct HelperAnswer {
    pub username: String,
    pub secret: String,
}

/// A helper cannot be used.
pub(super) struct Fault {
    pub why: String,
    /// It was not waited for any longer.
    pub slow: bool,
}

impl From<String> for Fault {
    fn from(why: String) -> Self {
        Self { why, slow: false }
    }
}

/// Runs a credential helper, which may have to ask a person, for so long; none if it knows nothing of the name.
///
/// # Errors
/// Why it cannot be used.
pub(super) async fn ask(helper: &str, name: &str, limit: Duration) -> Result<Option<HelperAnswer>, Fault> {
    ask_program(&format!("docker-credential-{helper}"), name, limit).await
}

async fn ask_program(program: &str, name: &str, limit: Duration) -> Result<Option<HelperAnswer>, Fault> {
    let mut command = Command::new(program);
    // It stays in our process group: it may have to ask a person in this terminal.
    command.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => "it is not installed, or not on PATH".to_string(),
        _ => error.to_string(),
    })?;
    let answered = tokio::time::timeout(limit, answer(&mut child, name)).await;
    let slow = |_| Fault { why: "it did not answer in time".into(), slow: true };
    let (printed, succeeded) = answered.map_err(slow)??;
    if succeeded {
        let wrong = |_| Fault::from("its answer is no JSON with a user and a secret".to_string());
        return serde_json::from_slice(&printed).map(Some).map_err(wrong);
    }
    let said = String::from_utf8_lossy(&printed);
    if said.contains("credentials not found") {
        return Ok(None);
    }
    match said.trim() {
        "" => Err("it ended without a word".to_string().into()),
        said => Err(said.chars().filter(|letter| !letter.is_control()).take(200).collect::<String>().into()),
    }
}

/// What it prints, and whether it succeeded.
async fn answer(child: &mut Child, name: &str) -> Result<(Vec<u8>, bool), String> {
    if let Some(mut input) = child.stdin.take() {
        // A helper that ends early breaks the pipe; its answer says why.
        drop(input.write_all(name.as_bytes()).await);
    }
    let mut printed = Vec::new();
    if let Some(output) = child.stdout.take() {
        output.take(LONGEST + 1).read_to_end(&mut printed).await.map_err(|error| error.to_string())?;
    }
    if printed.len() as u64 > LONGEST {
        return Err(format!("it printed more than {} KiB", LONGEST >> 10));
    }
    let status = child.wait().await.map_err(|error| error.to_string())?;
    Ok((printed, status.success()))
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::time::Instant;

    use super::*;

    /// Asks a helper that is this script.
    async fn asked(script: &str) -> Result<Option<HelperAnswer>, Fault> {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("helper");
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("script");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("mode");
        ask_program(&path.to_string_lossy(), "a.io", Duration::from_secs(2)).await
    }

    async fn refused(script: &str) -> String {
        asked(script).await.err().unwrap_or_else(|| panic!("{script}: it works")).why
    }

    #[tokio::test]
    async fn a_helper_is_asked_for_a_name() {
        let answer = asked(r#"read name; echo "{\"Username\": \"me\", \"Secret\": \"$1 $name\"}""#).await;
        let answer = answer.ok().flatten().expect("it works");
        assert_eq!((answer.username.as_str(), answer.secret.as_str()), ("me", "get a.io"));
        assert!(
            asked("echo credentials not found in native keychain; exit 1").await.is_ok_and(|answer| answer.is_none())
        );
    }

    #[tokio::test]
    async fn one_that_does_not_work_is_bounded_and_says_why() {
        assert!(refused("echo rubbish").await.contains("no JSON"));
        assert!(refused("echo '{}'").await.contains("no JSON"));
        assert!(refused("exit 3").await.contains("without a word"));
        assert_eq!(refused("echo the keyring is locked; exit 1").await, "the keyring is locked");
        let missing = ask_program("docker-credential-not-installed-here", "a.io", Duration::from_secs(9)).await;
        assert!(missing.err().expect("missing").why.contains("not installed"));
    }

    #[tokio::test]
    async fn one_that_hangs_or_never_ends_is_given_up() {
        let start = Instant::now();
        assert!(refused("exec sleep 60").await.contains("did not answer in time"));
        assert!(refused("exec yes 0123456789abcdef").await.contains("more than 256 KiB"));
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    }
}
