//! A platform's cluster as a source of the catalog: kept up to date in the background, answered from memory.

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use backstack_mcp::catalog::Entity;
use backstack_mcp::live::entities::descriptors;
use backstack_mcp::ports::{EntitySource, Platforms, Snapshot};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::platforms::LivePlatforms;

/// Changes come in showers; the catalog need not follow each.
const SHOWER: Duration = Duration::from_secs(1);
/// Pause before a platform that is not there is looked for again.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// The entities of one platform.
pub struct LiveEntities {
    current: Arc<RwLock<Snapshot>>,
    changes: watch::Receiver<u64>,
    _task: Mutex<JoinSet<()>>,
}

impl LiveEntities {
    /// Starts to follow the one platform that is asked about; where there are several, none. Must be called within a
    /// tokio runtime.
    pub fn follow(platforms: Arc<LivePlatforms>) -> Self {
        let current = Arc::new(RwLock::new(Snapshot::default()));
        let (tell, changes) = watch::channel(0);
        let mut task = JoinSet::new();
        task.spawn(keep_up(platforms, current.clone(), tell));
        Self { current, changes, _task: Mutex::new(task) }
    }
}

impl EntitySource for LiveEntities {
    fn name(&self) -> &'static str {
        "cluster"
    }

    fn snapshot(&self) -> Snapshot {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn changes(&self) -> Option<watch::Receiver<u64>> {
        Some(self.changes.clone())
    }
}

async fn keep_up(platforms: Arc<LivePlatforms>, current: Arc<RwLock<Snapshot>>, tell: watch::Sender<u64>) {
    let mut known: Vec<Entity> = Vec::new();
    loop {
        // The platform is asked for by name every time: it may be another one after a `down` and `up`.
        let Ok(cluster) = platforms.platform(None).await else {
            publish(&mut known, Vec::new(), &current, &tell);
            sleep(LOOK_AGAIN).await;
            continue;
        };
        let mut changes = cluster.changes();
        changes.mark_unchanged();
        if let Ok(snapshot) = cluster.snapshot().await {
            let origin = format!("cluster {}", cluster.platform());
            let entities =
                descriptors(&snapshot).iter().filter_map(|descriptor| Entity::new(descriptor, &origin)).collect();
            publish(&mut known, entities, &current, &tell);
        }
        let _ = tokio::time::timeout(LOOK_AGAIN, changes.changed()).await;
        sleep(SHOWER).await;
    }
}

/// Tells others only of what is really new: pods and events change all the time.
fn publish(known: &mut Vec<Entity>, entities: Vec<Entity>, current: &RwLock<Snapshot>, tell: &watch::Sender<u64>) {
    if *known == entities {
        return;
    }
    known.clone_from(&entities);
    let mut current = current.write().unwrap_or_else(PoisonError::into_inner);
    current.revision += 1;
    current.entities = entities.into_iter().map(Arc::new).collect();
    tell.send_replace(current.revision);
}
