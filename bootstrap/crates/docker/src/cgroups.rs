//! What keeps a node's controllers from its pods under cgroup v2: a cgroup that passes controllers on may hold no process
//! itself, and the engine puts whatever it runs in a container into the container's own cgroup, the root that the node
//! sees, unless that passes them on already. systemd moves itself away only as it starts, and whoever asks in that moment
//! whether it has started is in its way: the kubelet then ends with "cgroup has some missing controllers".

const ROOT: &str = "/sys/fs/cgroup";
/// Where systemd puts itself, and where it expects to have been put.
const ASIDE: &str = "init.scope";

/// Shell code for the first process of a node: it leaves the root, and the root passes on all that it has. It never fails,
/// and does nothing under version 1.
pub fn pass_on() -> String {
    pass_on_in(ROOT)
}

/// Shell code for whatever runs in a node before systemd does: it leaves the root. It never fails.
pub fn step_aside() -> String {
    step_aside_in(ROOT)
}

fn pass_on_in(root: &str) -> String {
    // Somebody may have come in before: it steps aside in a moment, so a write is tried again for two seconds.
    format!(
        "{}{{ for controller in $(cat {root}/cgroup.controllers); do for try in $(seq 40); do \
         echo +$controller >{root}/cgroup.subtree_control && break; sleep 0.05; done; done; }} 2>/dev/null; ",
        step_aside_in(root)
    )
}

fn step_aside_in(root: &str) -> String {
    format!(
        "{{ [ ! -f {root}/cgroup.controllers ] || {{ mkdir -p {root}/{ASIDE} && \
         echo $$ >{root}/{ASIDE}/cgroup.procs; }} || :; }} 2>/dev/null; "
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use super::*;

    fn run(script: &str) -> u32 {
        let mut shell = Command::new("sh").args(["-euc", script]).spawn().expect("a shell");
        let id = shell.id();
        assert!(shell.wait().expect("its end").success(), "{script}");
        id
    }

    fn read(folder: &Path, file: &str) -> Option<String> {
        std::fs::read_to_string(folder.join(file)).ok().map(|text| text.trim().to_string())
    }

    #[test]
    fn the_first_process_leaves_the_root_and_every_controller_is_passed_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        std::fs::write(root.join("cgroup.controllers"), "cpuset\n").expect("a file");
        let id = run(&pass_on_in(root.to_str().expect("a plain path")));
        assert_eq!(read(root, "init.scope/cgroup.procs"), Some(id.to_string()));
        assert_eq!(read(root, "cgroup.subtree_control").as_deref(), Some("+cpuset"));
    }

    #[test]
    fn nothing_is_done_where_version_1_is() {
        let folder = tempfile::tempdir().expect("a folder");
        run(&pass_on_in(folder.path().to_str().expect("a plain path")));
        assert_eq!(folder.path().read_dir().expect("a folder").count(), 0);
    }

    #[test]
    fn what_cannot_be_written_ends_nothing() {
        // As in a container that is not privileged, whose tree is read-only.
        run(&step_aside_in("/proc/self/fdinfo"));
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("cgroup.controllers"), "").expect("a file");
        std::fs::write(folder.path().join("init.scope"), "in the way").expect("a file");
        run(&pass_on_in(folder.path().to_str().expect("a plain path")));
    }
}
