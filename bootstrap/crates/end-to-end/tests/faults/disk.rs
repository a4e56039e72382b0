//! Small disks, and such that may not be written: by `mount`, as root.

use std::path::{Path, PathBuf};

use backstack_end_to_end::{Ran, run};

/// A disk of the test's own.
pub(crate) struct Disk(pub PathBuf);

impl Disk {
    pub(crate) fn mount(at: PathBuf, options: &str) -> Self {
        std::fs::create_dir(&at).expect("folder");
        let options = format!("{options},mode=777");
        as_root(&["mount", "-t", "tmpfs", "-o", &options, "tmpfs", &text(&at)]).succeeded("mount");
        Self(at)
    }

    /// What is on it stays as it is from now on.
    pub(crate) fn make_read_only(&self) {
        as_root(&["mount", "-o", "remount,ro", &text(&self.0)]).succeeded("mount");
    }

    /// Leaves no room at all.
    pub(crate) fn fill(&self) {
        let zeros = vec![0; 1 << 20];
        let mut file = std::fs::File::create(self.0.join("filler")).expect("a file");
        while std::io::Write::write_all(&mut file, &zeros).is_ok() {}
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        as_root(&["umount", "--lazy", &text(&self.0)]);
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn as_root(command: &[&str]) -> Ran {
    if rustix::process::geteuid().is_root() { run(command[0], &command[1..]) } else { run("sudo", command) }
}
