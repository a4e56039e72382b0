//! Changes: planned and shown first, proposed as a pull request, followed until they run.

pub mod compose;
pub mod follow;
pub mod forge;
pub mod git_server;
pub mod plan;
pub mod yaml;
