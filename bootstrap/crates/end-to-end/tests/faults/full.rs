//! Disks without room: the error says which, and what was there stays whole.

use std::path::Path;

use crate::disk::Disk;
use crate::{OTHERS, assert_others_are_kept, containers, platform};
use backstack_end_to_end::{Platform, Ran, docker, step};

#[test]
fn a_full_disk_is_told_and_loses_nothing() {
    let (platform, _turn) = platform();

    step("a cache without room to build in");
    let disk = Disk::mount(platform.path("cache"), "size=20m");
    let up_with = |more: &[&str]| {
        let mut command = platform.command(&["up", "--images", "source", "--stack", "minimal"]);
        command.args(["--http-port", "18080", "--https-port", "18443"]).args(more).env("BACKSTACK_CACHE", &disk.0);
        Ran::from(command.output().expect("up"))
    };
    let refused = up_with(&[]);
    assert!(
        refused.code == 3
            && refused.stderr.contains("free for the cache")
            && refused.stderr.contains("BACKSTACK_CACHE"),
        "{}",
        refused.stderr
    );
    assert_eq!(containers(), "");

    step("a cache that fills up in the middle");
    let built = |room: &str| {
        let ran = up_with(&["--skip-checks"]);
        assert!(ran.stderr.to_lowercase().contains("no space left on device"), "{room}: {}", ran.stderr);
        assert!(ran.stderr.contains("BACKSTACK_CACHE"), "{room}: {}", ran.stderr);
        assert_eq!(containers(), "", "{room}");
        ran.code
    };
    assert_eq!(built("little"), 6);
    step("a cache without any room");
    disk.fill();
    assert_eq!(built("none"), 6);

    step("a kubeconfig on a disk without room");
    let small = Disk::mount(platform.path("home"), "size=1m");
    let kubeconfig = small.0.join("kubeconfig");
    std::fs::write(&kubeconfig, OTHERS).expect("write");
    small.fill();
    let up = platform.up(&["--stack", "minimal"]).succeeded("up");
    assert!(up.stdout.contains("Ready"), "{}", up.stdout);
    let mut again = platform.command(&["up", "--images", "source"]);
    let again = Ran::from(again.env("KUBECONFIG", &kubeconfig).output().expect("up"));
    assert!(again.code != 0 && again.stderr.contains("cannot be written"), "{}", again.stderr);
    assert!(again.stderr.to_lowercase().contains("no space left on device"), "{}", again.stderr);
    assert_eq!(std::fs::read_to_string(&kubeconfig).expect("read"), OTHERS);
    assert_others_are_kept(&platform);

    a_bundle_without_room(&platform);
    a_checkpoint_without_room(&platform);
}

fn a_bundle_without_room(platform: &Platform) {
    step("a bundle on a disk without room");
    let disk = Disk::mount(platform.path("bundles"), "size=40m");
    let create = |file: &Path| {
        let file = file.display().to_string();
        platform.backstack(&["bundle", "create", "--stack", "minimal", "--images", "source", "--file", &file])
    };
    let refused = create(&disk.0.join("minimal.bundle"));
    assert!(refused.code != 0 && refused.stderr.to_lowercase().contains("no space left"), "{}", refused.stderr);
    assert_eq!(std::fs::read_dir(&disk.0).expect("the disk").count(), 0, "something was left behind");
    create(&platform.path("minimal.bundle")).succeeded("the same where there is room");
}

fn a_checkpoint_without_room(platform: &Platform) {
    step("a checkpoint on a node's disk without room");
    let in_node = |script: &str| docker(&["exec", "faults-control-plane", "sh", "-c", script]).succeeded(script).stdout;
    let create = || platform.backstack(&["checkpoint", "create", "some"]);
    in_node("mount -t tmpfs -o size=16k tmpfs /var/lib/backstack/checkpoints");
    let refused = create();
    assert!(refused.code != 0 && refused.stderr.to_lowercase().contains("no space left"), "{}", refused.stderr);
    let list = platform.backstack(&["checkpoint", "list"]).succeeded("checkpoint list").stdout;
    assert!(list.contains("There is no checkpoint"), "{list}");
    in_node("umount /var/lib/backstack/checkpoints");
    create().succeeded("the same where there is room");
    platform.backstack(&["reset", "--to", "some", "--yes"]).succeeded("and it leads back");
}
