//! What the public registries do to `up`: all of them are played, by name, in a network of their own, with a real
//! registry behind TLS, a real engine, and the whole stack's images.
//!
//! ```text
//! world     the network, the hosts, the engine; the program under test in it
//! fill      the images that the hosts have
//! debian    an image of Debian, as Docker Hub has it
//! faults    what goes wrong, in words
//! planned   a plan, as programs read it
//! plans     what `up --plan` makes of it, image by image
//! ups       what `up` makes of it
//! builders  what `up` makes of a machine that has Docker and no package tools
//! leftovers what is there after `down --purge` that was not before
//! stay      the world alone, for people and for `scripts/tools/vm`
//! ```
//!
//! It needs root, a Docker Engine's program (`dockerd`), `ip`, `iptables` and `nsenter`. `scripts/test` runs it.
#![cfg(target_os = "linux")]
#![allow(clippy::print_stderr, reason = "long tests tell how far they are")]
#![allow(clippy::unwrap_used, reason = "tests")]

mod builders;
mod bundles;
mod debian;
mod faults;
mod fill;
mod leftovers;
mod planned;
mod plans;
mod stay;
mod ups;
mod world;

/// Whether an image is the stack's own, which no public registry is asked for by its name alone.
pub(crate) fn is_own(reference: &str) -> bool {
    reference.starts_with("ghcr.io/backstack/")
}
