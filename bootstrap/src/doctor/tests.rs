//! Machines as people have them, and what is said of each.

use super::cgroups::Cgroups;
use super::clock::Clock;
use super::facts::{Absent, EngineFacts, Facts, PortUse};
use super::handed_on::HandedOn;
use super::names::{Answer, Names};
use super::storage::Storage;
use super::ways::Ways;
use super::*;
use crate::docker::endpoint::Endpoint;
use crate::docker::inotify::{FileWatches, Limits, Used};
use crate::stack::{Stack, StackSource};

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// What distributions ship; the second number comes from the machine's memory.
fn default_watches(watches: u64) -> Option<FileWatches> {
    let used = Used { instances: 14, watches: 120, in_part: true };
    Some(FileWatches { limits: Limits { instances: 128, watches }, used })
}

fn used_of(instances: u64, of: u64) -> Option<FileWatches> {
    let used = Used { instances, watches: 2000, in_part: false };
    Some(FileWatches { limits: Limits { instances: of, watches: 524_288 }, used })
}

/// An engine's address with what named it, as people are told.
fn told(address: &str, reason: &str) -> String {
    Endpoint { address: address.into(), reason: reason.into(), tls: None }.to_string()
}

/// Four processors, 8 GiB and 40 GiB free.
fn engine(version: &str, storage_driver: &str) -> EngineFacts {
    EngineFacts {
        version: version.into(),
        endpoint: told("unix:///var/run/docker.sock", "the default"),
        remote: false,
        storage: Storage { driver: storage_driver.into(), file_system: Some("ext4".into()) },
        cgroups: Cgroups { version: Some(2), missing: Vec::new(), rootless: false },
        mode: "privileged nodes".into(),
        cpus: 4,
        memory: 8 * GIB,
        disk_free: Some(40 * GIB),
        file_watches: default_watches(62_000),
        may_raise: true,
        has_platform: false,
        name_in_use: None,
        shared_in_use: Vec::new(),
    }
}

/// A virtual machine beside this one: nothing of this machine's own files tells about it.
fn desktop(cpus: u64, memory: u64) -> EngineFacts {
    let endpoint = told("unix:///home/me/.docker/desktop/docker.sock", "context `desktop-linux` (DOCKER_CONTEXT)");
    EngineFacts { cpus, memory, endpoint, disk_free: None, file_watches: None, ..engine("28.5.1", "overlayfs") }
}

fn facts(engine: EngineFacts) -> Facts {
    let kubeconfig = Ok("~/.kube/config".into());
    Facts {
        engine: Ok(engine),
        ports: Vec::new(),
        kubeconfig,
        cache: None,
        building: None,
        proxy: Default::default(),
        certificates: None,
        handed_on: HandedOn::default(),
        names: Names {
            host: "localhost".into(),
            leads: Answer::Addresses(vec![std::net::Ipv4Addr::LOCALHOST.into()]),
            below: Answer::Silence,
            own: Default::default(),
        },
        ways: Ways::default(),
        clock: Clock { engine_ahead: Some(0.1), ..Clock::default() },
    }
}

fn wants(stack: &str) -> Wants {
    Wants::here(&Stack::load(StackSource::Builtin(stack.into())).expect("stack"), 0)
}

/// Names of the checks that came out so.
fn named(checks: &[Check], verdict: Verdict) -> Vec<&'static str> {
    checks.iter().filter(|check| check.verdict == verdict).map(|check| check.name).collect()
}

/// What fails and what is warned of, for the built-in stack.
fn judged(engine: EngineFacts) -> (Vec<&'static str>, Vec<&'static str>) {
    let checks = judge(&facts(engine), &wants("back"));
    (named(&checks, Verdict::Failed), named(&checks, Verdict::Warning))
}

#[test]
fn machines_as_they_are_installed_need_no_preparation() {
    let as_installed = [
        ("Debian 12", engine("20.10.24+dfsg1", "overlay2")),
        ("Debian 13", EngineFacts { file_watches: default_watches(46_641), ..engine("26.1.5+dfsg1", "overlay2") }),
        ("Ubuntu 22.04", EngineFacts { file_watches: default_watches(58_000), ..engine("26.1.3", "overlay2") }),
        ("Ubuntu 24.04", engine("28.2.2", "overlay2")),
        ("a small cloud machine", EngineFacts { cpus: 2, memory: 6200 * MIB, ..engine("26.1.5", "overlay2") }),
        ("Docker Desktop, 8 GB", desktop(8, 8_200_000_000)),
        ("a rootful engine without AppArmor", engine("29.0.0", "overlayfs")),
    ];
    for (machine, engine) in as_installed {
        assert_eq!(judged(engine), (vec![], vec![]), "{machine}");
    }
}

#[test]
fn what_is_a_little_short_is_a_warning_with_numbers_and_up_goes_on() {
    let short = [
        ("Docker Desktop, 4 GB", desktop(4, 4_100_000_000), "memory", "4.10 GB (`back` needs 6.44 GB)"),
        ("Docker Desktop, 3 GB", desktop(2, 3 * GIB), "memory", "3.22 GB (`back` needs 6.44 GB)"),
        ("a small disk", EngineFacts { disk_free: Some(6 * GIB), ..engine("26", "overlay2") }, "disk", "6.44 GB free"),
        (
            "a rootless engine",
            EngineFacts { may_raise: false, ..engine("28", "fuse-overlayfs") },
            "inotify",
            "at least 14 of 128 instances",
        ),
        (
            "others have most of it",
            EngineFacts { may_raise: false, file_watches: used_of(412, 512), ..engine("28", "overlay2") },
            "inotify",
            "412 of 512 instances",
        ),
    ];
    for (machine, engine, name, text) in short {
        let checks = judge(&facts(engine), &wants("back"));
        assert_eq!(named(&checks, Verdict::Failed), [""; 0], "{machine}");
        assert_eq!(named(&checks, Verdict::Warning), [name], "{machine}");
        let check = checks.iter().find(|check| check.name == name).expect("check");
        assert!(check.found.contains(text), "{machine}: {}", check.found);
        assert!(check.fix.is_some() && check.up_goes_on == Some(true), "{machine}");
        assert!(show(&checks).contains(": `up` goes on"), "{machine}");
    }
}

#[test]
fn only_what_cannot_work_is_refused() {
    let port = PortUse { port: 8443, purpose: "HTTPS", flag: "--https-port", taken: true };
    let with = |engine| facts(engine);
    let good = || facts(engine("28", "overlay2"));
    let cannot = [
        ("cpu", with(EngineFacts { cpus: 1, ..engine("28", "overlay2") })),
        ("memory", with(desktop(2, 2_000_000_000))),
        ("disk", with(EngineFacts { disk_free: Some(GIB), ..engine("28", "overlay2") })),
        ("disk", with(EngineFacts { disk_free: Some(100 * MIB), has_platform: true, ..engine("28", "overlay2") })),
        ("name", with(EngineFacts { shared_in_use: vec!["network `backstack`".into()], ..engine("28", "overlay2") })),
        ("kubeconfig", Facts { kubeconfig: Err("is malformed".into()), ..good() }),
        ("cache", Facts { cache: Some(("~/x".into(), MIB)), ..good() }),
        ("clock", Facts { clock: Clock { engine_ahead: Some(-4000.0), ..Clock::default() }, ..good() }),
        ("ports", Facts { ports: vec![port], ..good() }),
        ("engine", Facts { engine: Err(Absent { found: "none".into(), fix: "start it".into() }), ..good() }),
    ];
    for (name, facts) in cannot {
        let checks = judge(&facts, &wants("back"));
        assert_eq!(named(&checks, Verdict::Failed), [name]);
        let check = checks.iter().find(|check| check.name == name).expect("check");
        assert!(check.fix.is_some() && check.up_goes_on == Some(false), "{name}");
        assert!(show(&checks).contains(": `up` stops here"), "{name}");
        assert_eq!(Unmet(checks).hints().len(), 2, "{name}");
    }
}

#[test]
fn the_engine_is_told_with_what_named_it() {
    let here = engine("28.2.2", "overlay2");
    let there = EngineFacts { remote: true, endpoint: told("tcp://lab:2375", "DOCKER_HOST"), ..here.clone() };
    for (engine, verdict, line) in [
        (here, Verdict::Ok, "Docker 28.2.2 at unix:///var/run/docker.sock (the default), overlay2"),
        (there, Verdict::Warning, "Docker 28.2.2 at tcp://lab:2375 (DOCKER_HOST), overlay2"),
    ] {
        let checks = judge(&facts(engine), &wants("back"));
        let check = checks.iter().find(|check| check.name == "engine").expect("check");
        assert_eq!((check.verdict, check.found.as_str()), (verdict, line));
        assert!(show(&checks).contains(line), "{}", show(&checks));
    }
}

#[test]
fn a_certificate_that_cannot_be_used_is_a_warning_as_long_as_others_can() {
    let part = "SSL_CERT_FILE /x.pem: certificate 2 (line 9) cannot be used: it is cut off";
    let with = |certificates| Facts { certificates: Some(certificates), ..facts(engine("28", "overlay2")) };
    for (certificates, verdict, line) in [
        (Ok(("1 certificate of SSL_CERT_FILE".into(), vec![part.into()])), Verdict::Warning, part),
        (Ok(("2 certificates".into(), Vec::new())), Verdict::Ok, "2 certificates; new nodes trust them too"),
        (Err("there is none in SSL_CERT_FILE".into()), Verdict::Failed, "there is none in SSL_CERT_FILE"),
    ] {
        let checks = judge(&with(certificates), &wants("back"));
        let found: Vec<_> = checks.iter().filter(|check| check.name == "certificates").collect();
        assert!(found.len() == 1 && found[0].verdict == verdict && found[0].found == line, "{found:?}");
        assert_eq!(has_failed(&checks), verdict == Verdict::Failed, "{}", show(&checks));
    }
}

#[test]
fn a_smaller_stack_runs_where_a_large_one_does_not() {
    let small = facts(EngineFacts { cpus: 1, ..desktop(1, 2_000_000_000) });
    assert_eq!(named(&judge(&small, &wants("minimal")), Verdict::Failed), [""; 0]);
    assert_eq!(named(&judge(&small, &wants("back")), Verdict::Failed), ["cpu", "memory"]);
}

#[test]
fn a_platform_that_has_its_images_needs_little_disk() {
    let little = EngineFacts { disk_free: Some(GIB), has_platform: true, ..engine("28", "overlay2") };
    assert_eq!(judged(little), (vec![], vec![]));
}

#[test]
fn limits_that_nodes_raise_are_told_with_what_is_used() {
    let checks =
        judge(&facts(EngineFacts { file_watches: used_of(412, 512), ..engine("28", "overlay2") }), &wants("back"));
    let check = checks.iter().find(|check| check.name == "inotify").expect("check");
    assert_eq!(check.verdict, Verdict::Ok);
    assert!(check.found.starts_with("412 of 512 instances") && check.found.contains("raise"), "{}", check.found);
    let rich = FileWatches { limits: Limits { instances: 8192, watches: 524_288 }, used: Used::default() };
    let checks = judge(&facts(EngineFacts { file_watches: Some(rich), ..engine("28", "overlay2") }), &wants("back"));
    assert!(!show(&checks).contains("raise"), "{}", show(&checks));
}

#[test]
fn what_cannot_be_known_is_not_judged() {
    let checks = judge(&facts(desktop(4, 8 * GIB)), &wants("back"));
    assert!(!checks.iter().any(|check| check.name == "disk" || check.name == "inotify"));
    assert!(!has_failed(&checks) && show(&checks).ends_with("All is well.\n"));
}

#[test]
fn a_cache_on_a_small_disk_is_a_warning_until_there_is_next_to_nothing() {
    let cache = |free: u64| {
        let facts = Facts { cache: Some(("~/x".into(), free)), ..facts(engine("28", "overlay2")) };
        judge(&facts, &wants("back")).iter().find(|check| check.name == "cache").expect("check").verdict
    };
    assert_eq!((cache(MIB), cache(4096 * MIB), cache(6000 * MIB)), (Verdict::Failed, Verdict::Warning, Verdict::Ok));
}
