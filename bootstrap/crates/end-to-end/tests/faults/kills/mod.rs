//! Commands are killed at random moments: what is found is one of the states that are expected, the same command again
//! completes, and its result is right.
//!
//! ```text
//! deeds   the commands: what is so before, what may be found, what is so afterwards
//! harm    what is done to them
//! scene   the platform that they work on
//! table   what came of it
//! ```
//!
//! [`some`] is ten of them, for every run of the tests. `scripts/tools/kills` has as many as are wanted.

mod deeds;
mod harm;
mod scene;
mod table;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::{assert_others_are_kept, platform};
use backstack_end_to_end::{Platform, step};
use deeds::Deed;
use harm::Harm;
use scene::Scene;
use table::Table;

/// All of them in an order in which each finds what it needs; the platform is gone in the end.
const TEN: [Deed; 10] = [
    Deed::Checkpoint,
    Deed::Reset,
    Deed::Upgrade,
    Deed::Up,
    Deed::Bundle,
    Deed::Checkpoint,
    Deed::Up,
    Deed::Stop,
    Deed::Start,
    Deed::Down,
];

/// The same with a new platform each time around.
const ROUND: [Deed; 18] = [
    Deed::Checkpoint,
    Deed::Reset,
    Deed::Upgrade,
    Deed::Up,
    Deed::Bundle,
    Deed::Stop,
    Deed::Start,
    Deed::Reset,
    Deed::Checkpoint,
    Deed::Upgrade,
    Deed::Up,
    Deed::Stop,
    Deed::Start,
    Deed::Reset,
    Deed::Upgrade,
    Deed::Bundle,
    Deed::Down,
    Deed::New,
];

/// Ten kills on a platform with the stack `minimal`, which is gone afterwards.
pub(crate) fn some(platform: &Platform) {
    let seed = seed();
    step(&format!("ten kills at random moments, by seed {seed}"));
    let mut random = StdRng::seed_from_u64(seed);
    let (mut scene, mut table) = (Scene::new(platform), Table::default());
    scene.furnish();
    for deed in TEN {
        one(&mut scene, deed, Harm::Kill, &mut deed.usual(), &mut random, &mut table);
    }
    eprintln!("{table}");
}

/// As many as `BACKSTACK_KILLS` says, with other harm among them; each command's usual time is measured before. One that goes
/// wrong does not keep the others from being tried.
#[test]
#[ignore = "takes a quarter of an hour for a hundred: scripts/tools/kills runs it"]
fn killed_as_often_as_is_wanted() {
    let count: usize = number("BACKSTACK_KILLS").and_then(|count| count.try_into().ok()).unwrap_or(100);
    let seed = seed();
    eprintln!("{count} kills by seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let (platform, _turn) = platform();
    let (mut scene, mut table) = (Scene::new(&platform), Table::default());
    let mut usual: BTreeMap<_, _> = Deed::ALL.map(|deed| (deed, unharmed(&mut scene, deed))).into();
    let mut wrong = Vec::new();
    for (number, deed) in ROUND.into_iter().cycle().take(count).enumerate() {
        let usual = usual.entry(deed).or_insert(deed.usual());
        let harm = Harm::of_number(number, deed);
        let tried = catch_unwind(AssertUnwindSafe(|| one(&mut scene, deed, harm, usual, &mut random, &mut table)));
        if tried.is_err() {
            wrong.push(format!("number {number}, {deed}, {harm}"));
            table.went_wrong(deed);
            scene.begin_anew();
        }
    }
    eprintln!("{table}");
    assert!(wrong.is_empty(), "by seed {seed}: {wrong:#?}");
}

/// How long a command takes that nothing is done to.
fn unharmed(scene: &mut Scene<'_>, deed: Deed) -> Duration {
    deed.prepare(scene);
    let start = Instant::now();
    scene.run(&deed.arguments(scene)).succeeded(&deed.to_string());
    let took = start.elapsed();
    step(&format!("{deed} takes {:.1} s", took.as_secs_f64()));
    deed.is_done(scene);
    took
}

/// `usual` is how long the command takes; one that is through before its moment takes less than that.
fn one(scene: &mut Scene<'_>, deed: Deed, harm: Harm, usual: &mut Duration, random: &mut StdRng, table: &mut Table) {
    deed.prepare(scene);
    let moment = usual.mul_f64(random.random_range(0.0..1.0));
    let arguments = deed.arguments(scene);
    let was_through = harm.inflict(scene, &arguments, moment);
    if was_through {
        *usual = moment;
    }
    let found = deed.found(scene);
    let start = Instant::now();
    let again = scene.run(&arguments);
    let took = start.elapsed();
    let (moment, seconds) = (moment.as_secs_f64(), took.as_secs_f64());
    step(&format!("{deed}, {harm} after {moment:.2} s: {found}; once more takes {seconds:.1} s"));
    deed.completes(found, again);
    deed.is_done(scene);
    assert_others_are_kept(scene.platform);
    table.add(deed, was_through, found, took);
}

fn seed() -> u64 {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock that goes").as_secs();
    number("BACKSTACK_KILLS_SEED").unwrap_or_else(now)
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|error| panic!("{variable}={text}: {error}")))
}
