//! The live platform, as answers over a [`snapshot::Snapshot`]: plain objects in, plain answers out.
//!
//! ```text
//! snapshot   the objects, scrubbed (scrub) and read through a few questions (object)
//! target     what a name means
//! diagnose   "why is X broken?"
//! references what an object refers to, each with its field
//! apis       the platform's own APIs as tables and examples; schema: what does not fit them
//! owners     who made an object
//! graph      what a thing is made of, with the health of each part
//! policy     policies and their reports; mutations: what they write into objects
//! versions   which of two versions of an API is newer
//! served     the kinds that the cluster serves, by any of their names
//! look       what a list tells of an object: owner, images, age
//! gitops     applications; diff: how Git and the cluster differ
//! changes    what a change would write, the Git server, how far a change has come
//! ```

pub mod apis;
pub mod changes;
mod cron;
pub mod diagnose;
pub mod diff;
pub mod entities;
pub mod gitops;
pub mod graph;
pub mod health;
pub mod kinds;
pub mod lines;
pub mod look;
pub mod moment;
pub mod mutations;
pub mod object;
pub mod owners;
pub mod policy;
pub mod quantity;
pub mod questions;
pub mod references;
pub mod schema;
pub mod scrub;
pub mod served;
pub mod snapshot;
pub mod target;
mod versions;
