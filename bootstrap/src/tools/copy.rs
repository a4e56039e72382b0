//! Programs of a platform in a folder of this machine.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;
use tokio::io::AsyncReadExt;

use super::{Place, Program, ToolsError, place};
use crate::docker::{ClusterError, pipe};
use crate::images::{Content, Digest};

/// What says which files of the folder are ours: name and SHA-256 of each.
const RECORD: &str = ".backstack-tools.json";
const CHUNK: usize = 256 << 10;

type Ours = BTreeMap<String, String>;

/// What was done.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Copied {
    /// The folder, as an absolute path.
    pub folder: PathBuf,
    /// Programs that were copied.
    pub copied: Vec<String>,
    /// Programs that were there already, as they are in the platform.
    pub unchanged: Vec<String>,
}

/// Whether this machine can run programs of that one's kernel and processor.
///
/// # Errors
/// [`ToolsError::OtherMachine`]
pub fn check_machine(engine_system: &str, engine_architecture: &str) -> Result<(), ToolsError> {
    // The engine names processors as the kernel does, or as Go does.
    let theirs = match engine_architecture {
        "amd64" => "x86_64",
        "arm64" => "aarch64",
        other => other,
    };
    let (system, architecture) = (std::env::consts::OS, std::env::consts::ARCH);
    if (engine_system, theirs) == (system, architecture) {
        return Ok(());
    }
    let here = format!("{system}/{architecture}");
    Err(ToolsError::OtherMachine { theirs: format!("{engine_system}/{theirs}"), here })
}

/// Copies programs into a folder, which is made. Nothing is touched unless all can be put there.
///
/// # Errors
/// [`ToolsError::NotOurs`] for files that somebody else put there or changed, or whatever the engine or the disk says.
pub async fn into(place: &Place, programs: &[Program], folder: &Path) -> Result<Copied, ToolsError> {
    let unwritable = |path: &Path| {
        let path = path.to_path_buf();
        move |error: io::Error| ToolsError::Unwritable { path, why: error.to_string() }
    };
    std::fs::create_dir_all(folder).map_err(unwritable(folder))?;
    let folder = folder.canonicalize().map_err(unwritable(folder))?;
    let mut ours = read_record(&folder);
    let there = check_files(&folder, programs, &ours).map_err(unwritable(&folder))??;
    let mut done = Copied { folder: folder.clone(), copied: Vec::new(), unchanged: Vec::new() };
    for program in programs {
        let Some(path) = place::ready(place, program).await? else { continue };
        let sum = sum_in_node(place, &path).await?;
        if there.get(&program.name) == Some(&sum) {
            done.unchanged.push(program.name.clone());
            continue;
        }
        let file = folder.join(&program.name);
        copy(place, &path, &sum, &file).await?.map_err(unwritable(&file))?;
        ours.insert(program.name.clone(), sum);
        write_record(&folder, &ours).map_err(unwritable(&folder))?;
        done.copied.push(program.name.clone());
    }
    Ok(done)
}

/// What of the programs is there, with its sum.
fn check_files(folder: &Path, programs: &[Program], ours: &Ours) -> io::Result<Result<Ours, ToolsError>> {
    let (mut there, mut foreign) = (Ours::new(), Vec::new());
    for program in programs {
        let file = folder.join(&program.name);
        if file.symlink_metadata().is_err() {
            continue;
        }
        let sum = sum_of(&file)?;
        match ours.get(&program.name) {
            Some(had) if *had == sum => drop(there.insert(program.name.clone(), sum)),
            _ => foreign.push(program.name.clone()),
        }
    }
    Ok(match foreign.is_empty() {
        true => Ok(there),
        false => Err(ToolsError::NotOurs { folder: folder.into(), names: foreign }),
    })
}

async fn sum_in_node(place: &Place, path: &str) -> Result<String, ToolsError> {
    let said = place.engine.run(&place.node, &["sha256sum", path], None).await?;
    Ok(said.split_whitespace().next().unwrap_or_default().to_string())
}

/// Copies a file, which appears under its name when it is whole.
async fn copy(place: &Place, path: &str, sum: &str, file: &Path) -> Result<io::Result<()>, ToolsError> {
    let mut pipe = pipe::open(&place.engine, &place.node, &["cat", path]).await?;
    let (mut hasher, mut buffer) = (Sha256::new(), vec![0; CHUNK]);
    let mut written = match NamedTempFile::new_in(file.parent().unwrap_or(Path::new("."))) {
        Ok(written) => written,
        Err(error) => return Ok(Err(error)),
    };
    loop {
        let broken = |err| ClusterError::engine(format!("read `{path}`"))(bollard::errors::Error::IOError { err });
        let count = pipe.read(&mut buffer).await.map_err(broken)?;
        if count == 0 {
            break;
        }
        hasher.update(&buffer[..count]);
        if let Err(error) = io::Write::write_all(&mut written, &buffer[..count]) {
            return Ok(Err(error));
        }
    }
    if Digest::from_hasher(hasher).hex() != sum {
        return Ok(Err(io::Error::other("it did not come whole; run the command again")));
    }
    Ok(executable(&written).and_then(|()| written.persist(file).map(drop).map_err(|error| error.error)))
}

#[cfg(unix)]
fn executable(file: &NamedTempFile) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.as_file().set_permissions(std::fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn executable(_: &NamedTempFile) -> io::Result<()> {
    Ok(())
}

fn sum_of(file: &Path) -> io::Result<String> {
    Ok(Content::file(file).digest()?.hex().to_string())
}

fn read_record(folder: &Path) -> Ours {
    let text = std::fs::read(folder.join(RECORD)).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

fn write_record(folder: &Path, ours: &Ours) -> io::Result<()> {
    std::fs::write(folder.join(RECORD), serde_json::to_vec_pretty(ours)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(name: &str) -> Program {
        let (name, path) = (name.to_string(), name.to_string());
        Program { name, image: None, path, environment: BTreeMap::new(), namespace: None }
    }

    #[test]
    fn only_what_was_put_there_and_is_as_it_was_may_be_overwritten() {
        let folder = tempfile::tempdir().expect("a folder");
        let programs = [program("ours"), program("changed"), program("theirs"), program("none")];
        for name in ["ours", "changed", "theirs"] {
            std::fs::write(folder.path().join(name), name).expect("a file");
        }
        let sum = sum_of(&folder.path().join("ours")).expect("a sum");
        let ours = Ours::from([("ours".into(), sum.clone()), ("changed".into(), sum.clone())]);
        write_record(folder.path(), &ours).expect("written");
        assert_eq!(read_record(folder.path()), ours);
        match check_files(folder.path(), &programs, &ours).expect("read") {
            Err(ToolsError::NotOurs { names, .. }) => assert_eq!(names, ["changed", "theirs"]),
            other => panic!("{other:?}"),
        }
        let there = check_files(folder.path(), &programs[..1], &ours).expect("read").expect("ours");
        assert_eq!(there, Ours::from([("ours".into(), sum)]));
    }

    #[test]
    fn programs_are_for_their_own_kind_of_machine() {
        let (here, other) = (std::env::consts::ARCH, "riscv64");
        assert!(check_machine("plan9", here).is_err() && check_machine(std::env::consts::OS, other).is_err());
        assert!(check_machine(std::env::consts::OS, here).is_ok());
    }
}
