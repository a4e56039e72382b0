//! The real thing: Docker Engine, kubeadm cluster, components, and clients that we did not write.
//!
//! One platform goes through its whole life, because making it is what takes time; a second, smaller one has
//! workers and ends by the `kind` command. `scripts/test` runs this with `--test-threads=1`.

#![expect(clippy::print_stderr, reason = "long tests tell how far they are")]

mod added;
mod certificates;
mod diagnose;
mod existing;
mod features;
mod kind;
mod life;
mod packed;
mod policies;
mod portable;
mod reset;
mod support;
mod together;
mod tools;
mod trust;
mod upgrade;
mod workshop;

/// Folder of a component that is nobody's but the tests'.
pub(crate) fn shop() -> String {
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/end_to_end/shop").into()
}
