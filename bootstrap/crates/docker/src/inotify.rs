//! The kernel's limits on file watches, which a node raises for itself.
//!
//! `fs.inotify.max_user_instances` and `max_user_watches` are one setting for the whole kernel, whichever container
//! writes it, and they count for each user. Distributions ship 128 instances: less than a platform and an editor need
//! together. A node is root in the kernel's first user namespace, so it may raise them; where its root is somebody
//! else's user (a rootless engine, `userns-remap`) the kernel refuses. They are lost when the machine restarts, so a
//! node looks at them each time it starts, before anything in it opens a file watch. They are only ever raised.

use std::collections::BTreeMap;
use std::path::Path;

use bollard::models::SystemInfo;

use super::engine::Engine;
use super::error::ClusterError;
use super::host;

/// What nodes and pods get along with on a machine where nobody else watches files.
const LEAST: Limits = Limits { instances: 512, watches: 65_536 };
/// What a platform has to find free for a user, besides what that user's programs have already.
const FREE: Limits = Limits { instances: 192, watches: 16_384 };
const FOLDER: &str = "/proc/sys/fs/inotify";

/// How much each user may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// `fs.inotify.max_user_instances`: how many inotify instances, each a set of watches.
    pub instances: u64,
    /// `fs.inotify.max_user_watches`: how many files and folders.
    pub watches: u64,
}

/// What the user who has most of it has in use, as far as the processes can be looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Used {
    /// Open inotify instances.
    pub instances: u64,
    /// Files and folders that are watched.
    pub watches: u64,
    /// Some processes may only be looked into by root.
    pub in_part: bool,
}

/// File watches of the engine's kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileWatches {
    /// What the kernel allows each user now.
    pub limits: Limits,
    /// What is in use of that.
    pub used: Used,
}

impl FileWatches {
    /// What the limits have to be.
    pub fn wanted(&self) -> Limits {
        wanted(self.used)
    }

    /// Of the engine's kernel, if that is the one that this program runs on.
    pub fn of(info: &SystemInfo) -> Option<Self> {
        host::has_the_kernel_of(info).then(|| Some(Self { limits: limits(Path::new(FOLDER))?, used: used() })).flatten()
    }
}

impl Limits {
    /// Whether nothing of it is below the other.
    pub fn reach(&self, other: &Self) -> bool {
        self.instances >= other.instances && self.watches >= other.watches
    }

    /// The commands by which a person raises what is below `wanted`.
    pub fn commands(&self, wanted: &Self) -> String {
        let pairs = [
            ("max_user_instances", self.instances, wanted.instances),
            ("max_user_watches", self.watches, wanted.watches),
        ];
        let low = pairs.iter().filter(|(_, has, wanted)| has < wanted);
        format!("sudo sysctl{}", low.map(|(key, _, wanted)| format!(" fs.inotify.{key}={wanted}")).collect::<String>())
    }
}

fn wanted(used: Used) -> Limits {
    Limits {
        instances: LEAST.instances.max(used.instances + FREE.instances),
        watches: LEAST.watches.max(used.watches + FREE.watches),
    }
}

/// Whether a node of this engine may raise them: root in a container has to be the machine's own root.
pub fn can_be_raised(info: &SystemInfo) -> bool {
    let options = info.security_options.iter().flatten();
    !options.flat_map(|option| option.split(',')).any(|part| matches!(part, "name=rootless" | "name=userns"))
}

/// What the limits have to be on this engine.
///
/// # Errors
/// The engine does not answer.
pub async fn wanted_on(engine: &Engine) -> Result<Limits, ClusterError> {
    Ok(FileWatches::of(&engine.info().await?).map_or(LEAST, |watches| watches.wanted()))
}

/// Shell code that raises what is below `wanted` as far as it may; it never fails. A shell's own `read` takes one byte at a
/// time, and these files give nothing after the first.
pub fn script(wanted: &Limits) -> String {
    let Limits { instances, watches } = wanted;
    format!(
        "for limit in max_user_instances={instances} max_user_watches={watches}; do \
         {{ file={FOLDER}/${{limit%=*}}; now=$(cat $file) && \
         {{ [ $now -ge ${{limit#*=}} ] || echo ${{limit#*=}} >$file; }} || :; }} 2>/dev/null; done; "
    )
}

/// Raises them from inside a node that runs, and gives what they are then; `None` where the node's kernel does not say.
///
/// # Errors
/// The engine refuses to run anything in the node.
pub async fn raise(engine: &Engine, node: &str, wanted: &Limits) -> Result<Option<Limits>, ClusterError> {
    let show = format!("{}cat {FOLDER}/max_user_instances {FOLDER}/max_user_watches", script(wanted));
    let output = engine.exec(node, &["sh", "-c", &show], None).await?;
    let mut numbers = output.stdout.lines().map_while(|line| line.trim().parse().ok());
    Ok(numbers.next().zip(numbers.next()).map(|(instances, watches)| Limits { instances, watches }))
}

fn limits(folder: &Path) -> Option<Limits> {
    let read = |name| std::fs::read_to_string(folder.join(name)).ok()?.trim().parse().ok();
    Some(Limits { instances: read("max_user_instances")?, watches: read("max_user_watches")? })
}

fn used() -> Used {
    used_by_processes(Path::new("/proc"))
}

/// Looks into all processes. A descriptor that a process has from its parent counts twice, which errs on the safe side.
fn used_by_processes(proc: &Path) -> Used {
    let mut users: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
    let mut in_part = false;
    for process in std::fs::read_dir(proc).into_iter().flatten().flatten() {
        let folder = process.path();
        let Some(user) = user_of(&folder) else { continue };
        match instances_of(&folder) {
            Ok(watches) => {
                let sum = users.entry(user).or_default();
                sum.0 += watches.len() as u64;
                sum.1 += watches.iter().sum::<u64>();
            }
            Err(error) => in_part |= error.kind() == std::io::ErrorKind::PermissionDenied,
        }
    }
    let most = |of: fn(&(u64, u64)) -> u64| users.values().map(of).max().unwrap_or(0);
    Used { instances: most(|sum| sum.0), watches: most(|sum| sum.1), in_part }
}

/// The user that a process's watches count for; none if the folder is no process's.
fn user_of(process: &Path) -> Option<u32> {
    process.file_name()?.to_str()?.parse::<u32>().ok()?;
    let status = std::fs::read_to_string(process.join("status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("Uid:")?.split_whitespace().next()?.parse().ok())
}

/// For each of a process's inotify instances, how many watches it has.
fn instances_of(process: &Path) -> std::io::Result<Vec<u64>> {
    let mut instances = Vec::new();
    for descriptor in std::fs::read_dir(process.join("fd"))?.flatten() {
        let leads_to = std::fs::read_link(descriptor.path()).unwrap_or_default();
        if !leads_to.to_string_lossy().ends_with("anon_inode:inotify") {
            continue;
        }
        let info = process.join("fdinfo").join(descriptor.file_name());
        let info = std::fs::read_to_string(info).unwrap_or_default();
        instances.push(info.lines().filter(|line| line.starts_with("inotify wd:")).count() as u64);
    }
    Ok(instances)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::process::Command;

    use super::*;

    fn process(proc: &Path, id: u32, user: u32, instances: &[usize]) {
        let folder = proc.join(id.to_string());
        for part in ["fd", "fdinfo"] {
            std::fs::create_dir_all(folder.join(part)).expect("a folder");
        }
        std::fs::write(folder.join("status"), format!("Name:\tx\nUid:\t{user}\t0\t0\t0\n")).expect("status");
        symlink("/dev/null", folder.join("fd/0")).expect("a link");
        for (number, watches) in instances.iter().enumerate() {
            let name = (number + 3).to_string();
            symlink("anon_inode:inotify", folder.join("fd").join(&name)).expect("a link");
            let lines: String = (1..=*watches).map(|wd| format!("inotify wd:{wd} ino:2 sdev:3\n")).collect();
            std::fs::write(folder.join("fdinfo").join(name), format!("pos:\t0\nflags:\t00\n{lines}")).expect("fdinfo");
        }
    }

    #[test]
    fn instances_and_watches_are_counted_for_each_user() {
        let proc = tempfile::tempdir().expect("a folder");
        process(proc.path(), 1, 0, &[3, 1]);
        process(proc.path(), 20, 0, &[0]);
        process(proc.path(), 21, 1000, &[90]);
        std::fs::create_dir(proc.path().join("sys")).expect("a folder");
        assert_eq!(used_by_processes(proc.path()), Used { instances: 3, watches: 90, in_part: false });
    }

    /// The kernel's own files say the same as ours made for the test: a watch that this program opens is found.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_watch_of_a_real_process_is_found() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let mut tail = Command::new("tail").arg("-f").arg(file.path()).spawn().expect("tail");
        let folder = Path::new("/proc").join(tail.id().to_string());
        let found = (0..100).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(50));
            instances_of(&folder).is_ok_and(|found| found.iter().any(|watches| *watches > 0))
        });
        tail.kill().and_then(|()| tail.wait().map(drop)).expect("tail ends");
        assert!(found);
    }

    #[test]
    fn what_others_have_in_use_comes_on_top() {
        assert_eq!(wanted(Used::default()), LEAST);
        assert_eq!(wanted(Used { instances: 412, ..Used::default() }).instances, 412 + FREE.instances);
    }

    #[test]
    fn only_what_is_too_low_is_named_in_the_command() {
        let has = Limits { instances: 128, watches: 100_000 };
        assert!(!has.reach(&LEAST) && LEAST.reach(&LEAST));
        assert_eq!(has.commands(&LEAST), "sudo sysctl fs.inotify.max_user_instances=512");
    }

    #[test]
    fn root_of_a_user_namespace_may_raise_nothing() {
        let with = |options: &[&str]| SystemInfo {
            security_options: Some(options.iter().map(ToString::to_string).collect()),
            ..SystemInfo::default()
        };
        assert!(can_be_raised(&with(&["name=apparmor", "name=seccomp,profile=builtin", "name=cgroupns"])));
        assert!(!can_be_raised(&with(&["name=seccomp,profile=builtin", "name=rootless"])));
        assert!(!can_be_raised(&with(&["name=userns"])));
    }

    /// The script is run by a real shell, on files in the place of the kernel's.
    #[test]
    fn the_script_raises_what_is_too_low_and_nothing_else() {
        let run = |instances: &str, watches: &str| {
            let folder = tempfile::tempdir().expect("a folder");
            std::fs::write(folder.path().join("max_user_instances"), instances).expect("write");
            std::fs::write(folder.path().join("max_user_watches"), watches).expect("write");
            let script = script(&LEAST).replace(FOLDER, &folder.path().display().to_string());
            let ran = Command::new("sh").args(["-euc", &format!("{script} echo on")]).output().expect("sh");
            assert_eq!(String::from_utf8_lossy(&ran.stdout), "on\n", "{}", String::from_utf8_lossy(&ran.stderr));
            limits(folder.path()).expect("limits")
        };
        assert_eq!(run("128\n", "46641\n"), LEAST);
        assert_eq!(run("512\n", "65536\n"), LEAST);
        assert_eq!(run("8192\n", "1048576\n"), Limits { instances: 8192, watches: 1_048_576 });
    }

    /// Files made for a test are not like the kernel's: those say all that they say at once, or nothing.
    #[cfg(target_os = "linux")]
    #[test]
    fn the_kernel_s_own_files_are_read_by_the_script() {
        let least = Limits { instances: 1, watches: 1 };
        let loud = script(&least).replace("2>/dev/null", "");
        let ran = Command::new("sh").args(["-xc", &loud]).output().expect("sh");
        let trace = String::from_utf8_lossy(&ran.stderr);
        let has = limits(Path::new(FOLDER)).expect("limits");
        assert!(trace.contains(&format!("[ {} -ge 1 ]", has.instances)), "{trace}");
        assert!(trace.contains(&format!("[ {} -ge 1 ]", has.watches)), "{trace}");
    }

    #[test]
    fn a_machine_without_these_files_is_no_failure() {
        let script = script(&LEAST).replace(FOLDER, "/nowhere");
        let ran = Command::new("sh").args(["-c", &format!("{script} echo on")]).output().expect("sh");
        assert_eq!(String::from_utf8_lossy(&ran.stdout), "on\n");
        assert!(ran.stderr.is_empty() || ran.status.success());
    }
}
