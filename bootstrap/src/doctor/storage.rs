//! How the engine keeps the layers of images, and on what kind of file system.

use std::path::Path;

use super::Check;

/// The engine's storage, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storage {
    /// As `overlay2`.
    pub driver: String,
    /// Type of the file system where the engine keeps its data; unknown for an engine on another machine.
    pub file_system: Option<String>,
}

impl Storage {
    /// Of an engine whose data lies here, or elsewhere.
    pub fn of(driver: String, data: Option<&Path>) -> Self {
        let mounts = || std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        Self { driver, file_system: data.and_then(|data| file_system(&mounts(), data)) }
    }

    /// Only what does not work, or not well, is told.
    pub fn check(&self) -> Option<Check> {
        if self.file_system.as_deref() == Some("overlay") {
            let found =
                "the engine keeps its data on an overlay file system, and nodes cannot put another on top of it";
            let fix = "give the engine a disk or a volume for its data (in a container: a volume at /var/lib/docker)";
            return Some(Check::failed("storage", found, fix));
        }
        (self.driver == "vfs").then(|| {
            let found = "the engine's storage driver is vfs, which copies whole images for each container: that takes \
                         several times the room, and minutes";
            let fix = "use `overlay2` (`storage-driver` in /etc/docker/daemon.json), on a file system that it runs on: ext4, \
                       xfs with ftype=1, btrfs";
            Check::warning("storage", found, fix)
        })
    }
}

/// Type of the file system that a folder is on, by the table of mounts: the last of the innermost ones counts.
fn file_system(mounts: &str, folder: &Path) -> Option<String> {
    let mount = |line: &str| {
        let mut words = line.split(' ').skip(1);
        // Blanks in names are written in octal, as nobody has them in the engine's folder.
        Some((words.next()?.to_string(), words.next()?.to_string()))
    };
    let around = mounts.lines().filter_map(mount).filter(|(point, _)| folder.starts_with(point));
    around.max_by_key(|(point, _)| point.len()).map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    fn storage(driver: &str, file_system: Option<&str>) -> Option<Check> {
        Storage { driver: driver.into(), file_system: file_system.map(String::from) }.check()
    }

    #[test]
    fn what_works_is_not_mentioned() {
        for (driver, file_system) in [("overlay2", Some("ext4")), ("overlayfs", None), ("btrfs", Some("btrfs"))] {
            assert_eq!(storage(driver, file_system), None);
        }
    }

    #[test]
    fn copies_are_a_warning_and_an_overlay_on_an_overlay_stops_here() {
        let copies = storage("vfs", Some("ext4")).expect("a check");
        assert_eq!((copies.verdict, copies.up_goes_on), (Verdict::Warning, Some(true)));
        let double = storage("vfs", Some("overlay")).expect("a check");
        assert_eq!((double.verdict, double.up_goes_on), (Verdict::Failed, Some(false)));
    }

    #[test]
    fn the_innermost_mount_counts() {
        let mounts =
            "overlay / overlay rw,relatime 0 0\n/dev/vda /var/lib ext4 rw 0 0\ntmpfs /var/lib/dock tmpfs rw 0 0\n";
        let of = |folder: &str| file_system(mounts, Path::new(folder));
        assert_eq!(of("/var/lib/docker").as_deref(), Some("ext4"));
        assert_eq!(of("/srv/docker").as_deref(), Some("overlay"));
        assert_eq!(file_system("", Path::new("/")), None);
        let hidden = format!("{mounts}tmpfs / tmpfs rw 0 0\n");
        assert_eq!(file_system(&hidden, Path::new("/srv")).as_deref(), Some("tmpfs"));
    }
}
