//! Told before anything is made, with nothing left behind; and again where the checks were skipped.

use std::net::TcpListener;

use crate::disk::Disk;
use crate::{HTTP, HTTPS, OTHERS, assert_others_are_kept, containers, platform};
use backstack_end_to_end::{Platform, Ran, docker, step};

/// `up` is refused with exit code 3 for all these reasons, and made nothing.
fn refused(platform: &Platform, flags: &[&str], reasons: &[&str]) -> Ran {
    let ran = platform.up(&[&["--stack", "minimal"], flags].concat());
    for reason in reasons {
        assert!(ran.stderr.contains(reason), "`{reason}` is not in: {}", ran.stderr);
    }
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    ran
}

#[test]
fn what_cannot_work_is_refused_before_anything_is_made() {
    let (platform, _turn) = platform();

    step("a port that is taken");
    let holder = TcpListener::bind(("127.0.0.1", HTTP)).expect("the port");
    refused(&platform, &[], &["127.0.0.1:18080 for HTTP is taken", "--http-port"]);
    assert_eq!(containers(), "");
    step("a port that is taken after the checks");
    refused(&platform, &["--skip-checks"], &["port 18080 on 127.0.0.1 is taken already", "--http-port"]);
    assert_eq!(containers(), "");
    drop(holder);

    step("a name that somebody else's container has");
    let image = docker(&["images", "-q", "backstack/registry"]).stdout;
    let image = image.lines().next().expect("the registry's own image");
    docker(&["create", "--name", "faults-control-plane", image]).succeeded("docker create");
    let name = "container `faults-control-plane` exists and was not made by backstack";
    refused(&platform, &[], &[name, "--name"]);
    let ran = platform.up(&["--stack", "minimal", "--skip-checks"]);
    assert!(ran.code == 2 && ran.stderr.contains(name), "{}", ran.stderr);
    platform.backstack(&["down"]).succeeded("down");
    assert_eq!(containers(), "faults-control-plane\n", "a container of somebody else's was removed");
    docker(&["rm", "--volumes", "faults-control-plane"]).succeeded("docker rm");

    step("a malformed kubeconfig");
    let path = platform.kubeconfig();
    for bad in ["clusters: [", "- just a list", "users: none of them\n"] {
        std::fs::write(&path, bad).expect("write");
        refused(&platform, &[], &["kubeconfig", "malformed", "KUBECONFIG"]);
        assert_eq!(std::fs::read_to_string(&path).expect("read"), bad, "the file was changed");
    }

    step("a kubeconfig that may not be written");
    std::fs::write(&path, OTHERS).expect("write");
    set_read_only(&path, true);
    refused(&platform, &[], &["kubeconfig", "is not writable", "KUBECONFIG"]);
    set_read_only(&path, false);
    step("a kubeconfig on a disk that may not be written");
    let disk = Disk::mount(platform.path("read-only"), "ro");
    let kubeconfig = disk.0.join("kubeconfig");
    let doctor = platform.command(&["doctor", "--images", "registry"]).env("KUBECONFIG", &kubeconfig).output();
    let doctor = Ran::from(doctor.expect("doctor"));
    let wanted = format!("{} is not writable", kubeconfig.display());
    assert!(doctor.code == 3 && doctor.stdout.contains(&wanted), "{}", doctor.stdout);

    assert_others_are_kept(&platform);
    assert_eq!(containers(), "");
}

#[test]
fn the_first_kubeconfig_of_a_list_is_the_one_that_has_to_be_writable() {
    let (platform, _turn) = platform();
    let disk = Disk::mount(platform.path("read-only"), "size=1m");
    let (first, second) = (disk.0.join("kubeconfig"), platform.kubeconfig());
    let own = OTHERS.replace("work", "home");
    std::fs::write(&first, &own).expect("write");
    disk.make_read_only();
    let list = format!("{}:{}", first.display(), second.display());
    let wanted = format!("{} is not writable", first.display());
    let (http, https) = (HTTP.to_string(), HTTPS.to_string());
    let up = ["up", "--images", "source", "--stack", "minimal", "--http-port", &http, "--https-port", &https];
    for command in [&["doctor", "--stack", "minimal"][..], &up[..]] {
        let ran = Ran::from(platform.command(command).env("KUBECONFIG", &list).output().expect("the program"));
        let told = [&*ran.stdout, &*ran.stderr].concat();
        assert!(ran.code == 3 && told.contains(&wanted), "{command:?}: {} {told}", ran.code);
        assert_eq!(containers(), "");
        assert_eq!(std::fs::read_to_string(&first).expect("read"), own);
        assert_eq!(std::fs::read_to_string(&second).expect("read"), OTHERS);
    }
}

fn set_read_only(path: &std::path::Path, read_only: bool) {
    let mut permissions = std::fs::metadata(path).expect("the file").permissions();
    permissions.set_readonly(read_only);
    std::fs::set_permissions(path, permissions).expect("set permissions");
}
