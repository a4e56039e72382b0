//! The log of the last run of each command, in the user's state folder.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::folders;
use crate::report::json;

/// A command that keeps a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// `up`, unless it only shows a plan.
    Up,
    /// `down`; it removes the logs of its platform when it is through.
    Down,
    /// `reset`, and `workshop reset`.
    Reset,
    /// Those of `stack` that change a platform, as `stack add`.
    Stack,
    /// `upgrade`, unless it only shows a plan.
    Upgrade,
    /// Those of `checkpoint` that make one or take one away.
    Checkpoint,
    /// `stop`, `pause` and `start`.
    Power,
    /// `api pack`.
    Api,
}

impl Command {
    /// All of them.
    pub const ALL: [Self; 8] =
        [Self::Up, Self::Down, Self::Reset, Self::Stack, Self::Upgrade, Self::Checkpoint, Self::Power, Self::Api];

    /// The name of the file that its log on this platform is in.
    pub fn file_name(self, platform: &str) -> String {
        format!("{}.log", self.label(platform))
    }

    /// The name of its log on this platform.
    fn label(self, platform: &str) -> String {
        let command = match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Reset => "reset",
            Self::Stack => "stack",
            Self::Upgrade => "upgrade",
            Self::Checkpoint => "checkpoint",
            Self::Power => "power",
            Self::Api => "api",
        };
        format!("{platform}-{command}")
    }
}

/// Begins the log of a command on a platform. An older one of that name goes; a program that still writes it is not
/// disturbed, because the new one takes its place in one step.
pub(super) fn begin(command: Command, platform: &str) -> Option<(PathBuf, Mutex<File>)> {
    let folder = folders::logs().ok()?;
    let path = folder.join(command.file_name(platform));
    let file = create(&folder, &path).ok()?;
    Some((path, Mutex::new(file)))
}

fn create(folder: &Path, path: &Path) -> std::io::Result<File> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let fresh = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    let arguments = shown(std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()));
    let version = env!("CARGO_PKG_VERSION");
    let time = json::now().unwrap_or_default();
    writeln!(file, "backstack {version} on {}/{}, {time}: {arguments}", std::env::consts::OS, std::env::consts::ARCH)
        .and_then(|()| std::fs::rename(&fresh, path))
        .inspect_err(|_| drop(std::fs::remove_file(&fresh)))?;
    Ok(file)
}

/// The command line, without the values of parameters: they may be passwords.
fn shown(arguments: impl Iterator<Item = String>) -> String {
    let mut words = Vec::new();
    let mut sets = false;
    for argument in arguments {
        let set = match argument.strip_prefix("--set=") {
            Some(set) => Some(("--set=", set)),
            None => sets.then_some(("", argument.as_str())),
        };
        sets = argument == "--set";
        words.push(match set {
            Some((flag, set)) => format!("{flag}{}=...", set.split_once('=').map_or("", |(parameter, _)| parameter)),
            None => argument,
        });
    }
    words.join(" ")
}

/// Removes the logs of a platform that is gone, this run's included. One that cannot be removed is of no harm.
pub fn forget(platform: &str) {
    let Ok(folder) = folders::logs() else { return };
    for command in Command::ALL {
        remove(&folder, command, platform);
    }
    // Other platforms' logs keep it, and what else is kept beside it the folder around it.
    drop(std::fs::remove_dir(&folder));
    drop(folder.parent().map(std::fs::remove_dir));
}

/// Removes this run's log alone, which has nothing to tell.
pub fn forget_run(command: Command, platform: &str) {
    if let Ok(folder) = folders::logs() {
        remove(&folder, command, platform);
    }
}

/// A log, and what runs left that were killed as they began theirs.
fn remove(folder: &Path, command: Command, platform: &str) {
    let label = command.label(platform);
    let is_its = |name: &str| {
        name.strip_prefix(&label).is_some_and(|end| end == ".log" || (end.starts_with('.') && end.ends_with(".new")))
    };
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_str().is_some_and(is_its) {
            drop(std::fs::remove_file(entry.path()));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn values_of_parameters_are_left_out() {
        let text = "backstack up --set a.password=geheim=1 --set=b.c=geheim --set geheim --name x=y --set";
        let shown = shown(text.split(' ').map(String::from));
        assert_eq!(shown, "backstack up --set a.password=... --set=b.c=... --set =... --name x=y --set");
    }

    #[test]
    fn a_new_log_takes_the_place_of_the_last_and_is_its_owners() {
        let folder = tempfile::tempdir().expect("folder");
        let (logs, path) = (folder.path().join("a/log"), folder.path().join("a/log/x.log"));
        let mut first = create(&logs, &path).expect("created");
        let _second = create(&logs, &path).expect("created again");
        writeln!(first, "late").expect("still written");
        let text = std::fs::read_to_string(&path).expect("read");
        assert!(text.starts_with("backstack ") && !text.contains("late"), "{text}");
        let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!((mode(&logs), mode(&path)), (0o700, 0o600));
        assert_eq!(std::fs::read_dir(&logs).expect("listed").count(), 1, "nothing else is left");
    }

    #[test]
    fn logs_of_one_platform_go_and_those_of_others_stay() {
        let folder = tempfile::tempdir().expect("folder");
        let names = ["a-up.log", "a-up.7.new", "a-up-up.log", "b-up.log", "a-down.log"];
        names.iter().for_each(|name| std::fs::write(folder.path().join(name), "").expect("written"));
        remove(folder.path(), Command::Up, "a");
        let mut left: Vec<_> =
            std::fs::read_dir(folder.path()).expect("listed").flatten().map(|one| one.file_name()).collect();
        left.sort();
        assert_eq!(left, ["a-down.log", "a-up-up.log", "b-up.log"]);
    }
}
