//! `backstack` as a library: everything but the command line's own text.
//!
//! ```text
//! cli        what was typed            -> settings
//! settings   what it means             -> UpSettings and friends
//! target     which cluster is meant: in the engine, or made by somebody else; what differs by that
//! up         request -> situation -> plan, for any target
//! doctor     the machine               -> Checks
//! room       an HTTP server for the machines of a room
//! bundle     all that a stack needs in one file, made, fetched and served
//! origin     where each image comes from: here, upstream, or its recipe
//! plan       settings + stack + what exists -> Plan (pure)
//! execute    Plan                      -> outcomes, through the crates below
//! definitions  custom resource definitions from upstream's release, by digest
//! etcd       what the Kubernetes API keeps, past that API
//! remove     one component less
//! checkpoint all that a platform is at one moment, kept
//! reset      ... and brought back
//! restore    ... as what a new cluster begins with
//! power      stopped and started
//! api        an API of a platform as a package for Crossplane
//! upgrade    to the stack of this program, with a plan and a way back
//! support    one archive for whoever helps, without secrets
//! trust      the platform's authority in the trust stores of the user and of the system
//! workshop   the course: its steps, their checks, who is how far
//! tools      kubectl and other programs of the platform's own
//! settle     waiting until a platform runs in full and answers
//! assistant  ports of the crate `backstack-mcp`: what AI assistants read of the platform
//! foreign    what reads bytes of others, for fuzz targets
//! ```
//!
//! What it stands on are crates of their own, shown again here: [`stack`], [`docker`], [`images`], [`build`],
//! [`kubernetes`], and [`error`], [`report`], [`log`], [`tls`] and others of `backstack-common`.
//!
//! The library never prints: it reports events ([`report::Reporter`]) and returns errors that
//! explain themselves ([`error::Explain`]).

pub mod api;
pub mod assistant;
pub mod bundle;
pub mod checkpoint;
pub mod cli;
pub mod definitions;
pub mod doctor;
pub mod etcd;
pub mod execute;
#[doc(hidden)]
pub mod foreign;
pub mod origin;
pub mod plan;
pub mod power;
pub mod remove;
pub mod reset;
pub mod restore;
pub mod room;
pub mod settings;
pub mod settle;
pub mod support;
pub mod target;
pub mod tools;
pub mod trust;
pub mod up;
pub mod upgrade;
pub mod workshop;

// The crates below, under the names that they have in the program.
pub use backstack_build as build;
pub use backstack_common::{error, file_lock, folders, log, loopback, report, tls, words};
pub use backstack_docker as docker;
pub use backstack_docker::proxy;
pub use backstack_images as images;
pub use backstack_kubernetes as kubernetes;
pub use backstack_stack as stack;
