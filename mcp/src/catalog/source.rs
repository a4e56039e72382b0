//! Where catalog entities come from.

use std::sync::Arc;

use tokio::sync::watch;

use super::Entity;

/// All entities of one source at one moment.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Grows with every change, so that nothing is rebuilt in vain.
    pub revision: u64,
    /// Every entity that could be read; of two with one reference, the first counts.
    pub entities: Arc<[Arc<Entity>]>,
    /// What could not be read, one sentence each, naming file or object.
    pub problems: Arc<[String]>,
}

/// A source of entities: a stack, a folder of descriptors, a cluster. Answers from memory.
pub trait EntitySource: Send + Sync + 'static {
    /// Name for people, as `stack back` or `cluster backstack`.
    fn name(&self) -> &str;

    /// What there is now.
    fn snapshot(&self) -> Snapshot;

    /// Changes with every new snapshot; `None` for sources that never change.
    fn changes(&self) -> Option<watch::Receiver<u64>> {
        None
    }
}
