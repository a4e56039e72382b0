//! Two programs at the same moment, on an engine that has nothing yet: they share a network and a registry.

use std::thread;
use std::time::Duration;

use backstack_end_to_end::{Platform, docker, step};

#[test]
fn two_platforms_made_at_the_same_moment() {
    let platforms = [Platform::new("one-e2e", 28084, 28447), Platform::new("two-e2e", 28085, 28448)];
    let third = Platform::new("three-e2e", 28086, 28449);
    let nameless = || docker(&["images", "-q", "--filter", "dangling=true"]).stdout.lines().count();
    let nameless_before = nameless();

    step("two at once, while somebody plans a third and takes away what is not there of it");
    thread::scope(|scope| {
        let making = platforms.each_ref().map(|platform| scope.spawn(|| platform.up(&["--stack", "minimal"])));
        while !making.iter().all(thread::ScopedJoinHandle::is_finished) {
            third.up(&["--stack", "minimal", "--plan"]).succeeded("a plan while the registry comes");
            third.backstack(&["down"]).succeeded("down of what is not there");
            // On an empty machine both build images meanwhile, for minutes.
            thread::sleep(Duration::from_secs(1));
        }
        for made in making {
            made.join().expect("a thread").succeeded("up");
        }
    });

    step("one network, and an address for each");
    assert_eq!(docker(&["network", "ls", "-q", "--filter", "name=^backstack$"]).stdout.lines().count(), 1);
    let address = |platform: &Platform| {
        let node = format!("{}-control-plane", platform.name);
        docker(&["inspect", "-f", "{{.NetworkSettings.Networks.backstack.IPAddress}}", &node])
            .succeeded("inspect")
            .stdout
    };
    assert_ne!(address(&platforms[0]), address(&platforms[1]));
    for platform in &platforms {
        platform.backstack(&["status"]).succeeded("status");
    }
    step("both go, and the registry with the last, while somebody plans a third");
    thread::scope(|scope| {
        let going = platforms.each_ref().map(|platform| scope.spawn(|| platform.backstack(&["down"])));
        while !going.iter().all(thread::ScopedJoinHandle::is_finished) {
            third.up(&["--stack", "minimal", "--plan"]).succeeded("a plan while the registry goes");
        }
        for gone in going {
            gone.join().expect("a thread").succeeded("down");
        }
    });
    assert_eq!(docker(&["ps", "-aq", "--filter", "name=backstack-registry"]).stdout, "", "the registry");
    assert_eq!(nameless(), nameless_before, "images without a name");
}
