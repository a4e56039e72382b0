//! The played Internet without a test in it.

use std::io::Read;
use std::path::Path;

use crate::world::World;
use backstack_end_to_end::step;

/// Whoever publishes a release there.
const PUBLISHER: &str = "publisher:only-here";

/// Plays the public hosts until standard input is closed. How to get in is in the file that `BACKSTACK_PLAYED_WORLD`
/// names: namespaces, authority, folder.
#[test]
#[ignore = "no test: stays until its standard input is closed; scripts/tools/vm/world starts it"]
fn stay() {
    let file = std::env::var("BACKSTACK_PLAYED_WORLD").expect("BACKSTACK_PLAYED_WORLD names a file");
    let world = World::publishing("back", PUBLISHER);
    let mut ready = world.to_enter();
    ready["publisher"] = PUBLISHER.into();
    let unfinished = Path::new(&file).with_extension("new");
    std::fs::write(&unfinished, ready.to_string()).expect("write");
    std::fs::rename(unfinished, &file).expect("rename");
    step("the world is there");
    std::io::stdin().read_to_end(&mut Vec::new()).expect("read");
}
