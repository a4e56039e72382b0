//! The program or the engine ends in the middle: the next run goes on, and the last one is through.

use std::time::Duration;

use crate::running::{Running, up};
use crate::wire::Wire;
use crate::{assert_others_are_kept, containers, kills, platform};
use backstack_end_to_end::{Platform, step};

/// Where the program is killed: at an event with this text, so many milliseconds later.
const MOMENTS: &[(&str, u64)] = &[
    ("\"planned\"", 0),
    ("making node", 0),
    ("making node", 250),
    ("kubeadm makes the control plane", 0),
    ("kubeadm makes the control plane", 4000),
    ("waiting for the API server", 0),
    ("node faults-control-plane is not ready", 0),
    ("\"applying\",\"subject\":\"traefik\"", 0),
    // The node goes on by itself between two runs: what is told only while it works comes first.
    ("pulling image", 500),
    ("\"starting\",\"subject\":\"traefik\"", 0),
];

#[test]
fn whatever_stops_it_the_next_run_goes_on() {
    let (platform, _turn) = platform();
    the_engine_goes_away(&platform);
    ctrl_c(&platform);
    for (text, later) in MOMENTS {
        step(&format!("kill -9, {later} ms after {text}"));
        let mut running = Running::start(up(&platform, "minimal"));
        running.until(text);
        std::thread::sleep(Duration::from_millis(*later));
        let ended = running.kill();
        assert_eq!(ended.code, None, "it ended by itself: {:#?}", ended.events);
        assert_others_are_kept(&platform);
    }

    step("the last run is through");
    let ended = Running::start(up(&platform, "minimal")).end();
    assert_eq!(ended.code, Some(0), "{:#?}", ended.events);
    platform.backstack(&["status"]).succeeded("status");
    assert_others_are_kept(&platform);
    let again = platform.up(&["--stack", "minimal"]).succeeded("up once more");
    assert!(again.stdout.contains("Nothing to do"), "{}", again.stdout);

    step("the engine goes away from a platform that is through");
    let wire = Wire::lay();
    wire.cut();
    let mut status = platform.command(&["status"]);
    let status = status.env("DOCKER_HOST", wire.address()).output().expect("status");
    assert_eq!(status.status.code(), Some(3), "{}", String::from_utf8_lossy(&status.stderr));

    kills::some(&platform);

    step("down has left nothing, and everything of others");
    assert_eq!(containers(), "");
    assert_others_are_kept(&platform);
    let text = std::fs::read_to_string(platform.kubeconfig()).expect("the kubeconfig");
    assert!(!text.contains("faults"), "{text}");
}

fn the_engine_goes_away(platform: &Platform) {
    step("the engine goes away while kubeadm runs");
    let wire = Wire::lay();
    let mut command = up(platform, "minimal");
    command.env("DOCKER_HOST", wire.address());
    let mut running = Running::start(command);
    running.until("kubeadm makes the control plane");
    std::thread::sleep(Duration::from_secs(1));
    wire.cut();
    let ended = running.end();
    assert_eq!(ended.code, Some(5), "{:#?}", ended.events);
    assert!(ended.took < Duration::from_secs(10), "it took {:?} to notice", ended.took);
    let errors = ended.errors();
    let [error] = errors.as_slice() else { panic!("one error was expected: {errors:#?}") };
    let message = error["messages"].to_string();
    assert!(message.contains("the Docker Engine") && message.contains("kubeadm"), "{message}");
    assert!(error["hints"].to_string().contains("again"), "{error}");
    assert_others_are_kept(platform);
}

fn ctrl_c(platform: &Platform) {
    for (text, later) in
        [("making node", 100), ("kubeadm makes the control plane", 1500), ("waiting for the API server", 0)]
    {
        step(&format!("Ctrl-C, {later} ms after {text}"));
        let mut running = Running::start(up(platform, "minimal"));
        running.until(text);
        std::thread::sleep(Duration::from_millis(later));
        let ended = running.interrupt();
        assert_eq!(ended.code, Some(130), "{:#?}", ended.events);
        assert!(ended.took < Duration::from_secs(2), "it took {:?} to stop", ended.took);
        assert!(ended.error("interrupted")["hints"].to_string().contains("goes on from here"));
        assert_others_are_kept(platform);
    }
}
