//! Changes: planned and shown first, proposed as a pull request, followed until they run.
//!
//! ```text
//! source   which Application takes which file; project: what it may bring, newcomer: also to new namespaces; glob: their
//!          patterns
//! origin   the file that a thing comes from
//! fields   single fields by name; yaml: their place in a file
//! plan     what would be written
//! compose  what a composition would make of it; images: what it names; drafts: new APIs, before anybody may try them
//! forge    the Git server; pulls: what stands before a merge
//! follow   how far a change has come (stage); subjects: what it is about; settle: whether the cluster rests at it
//! ```

pub mod compose;
pub mod drafts;
pub mod dry_run;
pub mod fields;
pub mod follow;
pub mod forge;
pub mod git_server;
pub mod glob;
pub mod images;
pub mod newcomer;
pub mod origin;
pub mod plan;
pub mod project;
pub mod pulls;
pub mod settle;
pub mod source;
pub mod stage;
pub mod subjects;
pub mod yaml;
