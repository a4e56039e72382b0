//! Runs the commands of a step as a learner would: in a shell of this machine, with the platform's programs at hand.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

use super::WorkshopError;
use super::platform::Platform;
use crate::docker::kubeconfig;
use crate::target::local;
use crate::tools::Hear;

/// Bytes that are read at a time.
const CHUNK: usize = 16 << 10;
/// What names a file of authorities to Git, to curl, and to what is made with OpenSSL.
const AUTHORITIES: [&str; 3] = ["GIT_SSL_CAINFO", "CURL_CA_BUNDLE", "SSL_CERT_FILE"];
/// Ends at the first command that fails.
const BASH: [&str; 3] = ["-e", "-o", "pipefail"];

/// Runs a script.
///
/// # Errors
/// [`WorkshopError::Command`] if it fails, [`WorkshopError::NoShell`] where there is no bash.
pub(super) async fn run(platform: &Platform, script: &str, hear: Hear<'_>) -> Result<(), WorkshopError> {
    let folder = tempfile::tempdir().map_err(WorkshopError::folder)?;
    let config = kubeconfig_of(platform, folder.path()).await?;
    let path = programs(platform, folder.path())?;
    let mut command = Command::new("bash");
    command.args(BASH).arg("-c").arg(script).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.envs(trusted(platform, folder.path())?);
    command.env("PATH", path).env("KUBECONFIG", config).env("BACKSTACK_NAME", platform.name()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|source| WorkshopError::NoShell { source })?;
    let (out, error) = (child.stdout.take(), child.stderr.take());
    tokio::join!(listen(out, false, hear), listen(error, true, hear));
    let ended = child.wait().await.map_err(WorkshopError::folder)?;
    match ended.success() {
        true => Ok(()),
        false => Err(WorkshopError::Command { script: script.into(), ended: ended.to_string() }),
    }
}

async fn listen(from: Option<impl AsyncRead + Unpin>, is_error: bool, hear: Hear<'_>) {
    let Some(mut from) = from else { return };
    let mut buffer = vec![0; CHUNK];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        hear(&buffer[..count], is_error);
    }
}

/// A machine that names its own authorities in the environment trusts that of the platform too, as far as its commands go.
fn trusted(platform: &Platform, folder: &Path) -> Result<Vec<(&'static str, PathBuf)>, WorkshopError> {
    let mut trusted = Vec::new();
    for name in AUTHORITIES {
        let Some(file) = std::env::var_os(name).filter(|file| !file.is_empty()) else { continue };
        let own = folder.join(format!("{name}.crt"));
        std::fs::write(&own, joined(&std::fs::read(file).unwrap_or_default(), &platform.ca))
            .map_err(WorkshopError::folder)?;
        trusted.push((name, own));
    }
    Ok(trusted)
}

/// Certificates, and one more behind them.
fn joined(had: &[u8], more: &str) -> Vec<u8> {
    [had, b"\n", more.as_bytes()].concat()
}

async fn kubeconfig_of(platform: &Platform, folder: &Path) -> Result<PathBuf, WorkshopError> {
    let place = &platform.place;
    let entry = local::kubeconfig_entry(&place.engine, platform.name(), &place.control_plane).await?;
    let path = folder.join("kubeconfig");
    std::fs::write(&path, kubeconfig::standalone(&entry)?).map_err(WorkshopError::folder)?;
    Ok(path)
}

/// The folders of programs: this program under its own name, and those of the platform that this machine does not have.
fn programs(platform: &Platform, folder: &Path) -> Result<std::ffi::OsString, WorkshopError> {
    let had = std::env::var_os("PATH").unwrap_or_default();
    let own = std::env::current_exe().map_err(WorkshopError::folder)?;
    let folders: Vec<PathBuf> = std::env::split_paths(&had).collect();
    let is_here = |name: &str| folders.iter().any(|folder| folder.join(name).is_file());
    program(folder, "backstack", &own, "")?;
    for name in platform.programs.iter().filter(|name| !is_here(name)) {
        program(folder, name, &own, &format!("exec -- {name} "))?;
    }
    let all = std::iter::once(folder.to_path_buf()).chain(folders);
    std::env::join_paths(all).map_err(|error| WorkshopError::folder(std::io::Error::other(error)))
}

/// A small script that stands for a program.
fn program(folder: &Path, name: &str, own: &Path, arguments: &str) -> Result<(), WorkshopError> {
    let path = folder.join(name);
    std::fs::write(&path, stand_in(own, arguments)).map_err(WorkshopError::folder)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).map_err(WorkshopError::folder)?;
    }
    Ok(())
}

fn stand_in(own: &Path, arguments: &str) -> String {
    let own = own.display().to_string().replace('\\', "/").replace('\'', r"'\''");
    let mut script = String::from("#!/bin/sh\n");
    let _ = writeln!(script, "exec '{own}' {arguments}\"$@\"");
    script
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_was_trusted_before_still_is() {
        assert_eq!(joined(b"system", "platform\n"), b"system\nplatform\n");
        assert_eq!(joined(b"", "platform\n"), b"\nplatform\n");
    }

    #[test]
    fn a_stand_in_gives_on_what_it_is_given() {
        let folder = tempfile::tempdir().expect("a folder");
        program(folder.path(), "kubectl", Path::new("/bin/echo"), "exec -- kubectl ").expect("a program");
        let output =
            std::process::Command::new(folder.path().join("kubectl")).args(["get", "a b"]).output().expect("it runs");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "exec -- kubectl get a b\n");
        assert_eq!(stand_in(Path::new("/it's/x"), ""), "#!/bin/sh\nexec '/it'\\''s/x' \"$@\"\n");
    }
}
