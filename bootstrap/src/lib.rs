//! `backstack` as a library: everything but the command line's own text.
//!
//! ```text
//! cli        what was typed            -> settings
//! settings   what it means             -> UpSettings and friends
//! stack      files under stacks/       -> Stack (validated, rendered per platform)
//! doctor     the machine               -> Checks
//! origin     where each image comes from: here, upstream, or its recipe
//! plan       settings + stack + what exists -> Plan (pure)
//! execute    Plan                      -> outcomes, through the adapters below
//!   docker     Docker Engine: network, registry, nodes, kubeadm, kubeconfig
//!   etcd       what the Kubernetes API keeps, past that API
//!   images     upstream or build -> the local registry, by one way
//!   build      recipes -> OCI images, from package registries alone
//!   kubernetes Kubernetes API: apply, inventory, readiness, blockers, secrets
//! existing   a cluster that somebody else made: reached, checked, left as it was
//! remove     one component less
//! checkpoint all that a platform is at one moment, kept
//! reset      ... and brought back
//! power      stopped and started
//! settle     waiting until a platform runs in full and answers
//! assistant  ports of the crate `backstack-mcp`: what AI assistants read of the platform
//! report     typed events              -> terminal, plain lines, JSON lines, recorder
//! proxy      the user's proxy: what nodes and tools get of it
//! tls        whom the process trusts, and HTTP clients
//! log        what was done, asked and answered, for whoever looks into a run that failed
//! folders    where files of ours are kept
//! words      names, numbers and lists in texts
//! file_lock  waits for a lock that another program holds
//! foreign    what reads bytes of others, for fuzz targets
//! error      every error's kind (exit code), text and hints
//! ```
//!
//! The library never prints: it reports events ([`report::Reporter`]) and returns errors that
//! explain themselves ([`error::Explain`]).

pub mod assistant;
pub mod build;
pub mod checkpoint;
pub mod cli;
pub mod definitions;
pub mod docker;
pub mod doctor;
pub mod down;
pub mod error;
pub mod etcd;
pub mod execute;
pub mod existing;
pub mod file_lock;
pub mod folders;
#[doc(hidden)]
pub mod foreign;
pub mod images;
pub mod kubernetes;
pub mod log;
pub mod origin;
pub mod plan;
pub mod power;
pub mod proxy;
pub mod remove;
pub mod report;
pub mod reset;
pub mod settings;
pub mod settle;
pub mod stack;
pub mod tls;
pub mod up;
pub(crate) mod words;
