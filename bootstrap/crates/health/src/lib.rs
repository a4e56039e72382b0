//! Why something in a Kubernetes cluster does not run.
//!
//! `up`, `status` and the assistant's `diagnose` all ask here, so that they can never give two reasons for one pod.
//! Pure: what is known of a cluster comes in through [`Cluster`], [`Finding`]s go out.
//!
//! ```text
//! object    which object
//! facts     the few fields of objects that matter, as types
//! cluster   what a judge may ask about the rest of the cluster
//! fault     the faults that are told apart, what they weigh, how a message gives one away
//! finding   one fault of one object: a sentence, its evidence, the next step
//! pod       what is wrong with a pod: scheduling, images, volumes, containers, probes
//! workload  how far a workload is, and why its pods cannot be made
//! quantity  amounts, compared and shown
//! ```

pub mod cluster;
pub mod facts;
pub mod fault;
pub mod finding;
pub mod object;
pub mod pod;
pub mod quantity;
pub mod words;
pub mod workload;

pub use cluster::Cluster;
pub use fault::Fault;
pub use finding::{Evidence, Finding, LogSource, Verdict};
pub use object::Ref;
