//! What `diagnose` says of that which keeps components from running, so that `up` and `status` say the same.

use std::time::Duration;

use backstack_health::{Finding, Ref};
use backstack_mcp::ports::{Cluster, Platforms};
use backstack_mcp::toolsets::live::judged;
use futures::future::join_all;
use tokio::time::timeout;

use super::live::{LivePlatforms, Way};
use crate::kubernetes::blockers::{Blocker, deeper};
use crate::target::Target;

/// It is a help, not a duty: what the pods show is known already.
const PATIENCE: Duration = Duration::from_secs(20);

/// These lists of blockers, in the words of `diagnose` wherever it finds a cause. Where it cannot be asked (the platform
/// has no account for assistants yet, or does not answer in time), they stay as they are.
pub(crate) async fn told(target: &Target, platform: &str, lists: Vec<Vec<Blocker>>) -> Vec<Vec<Blocker>> {
    let subjects: Vec<Ref> = lists.iter().flat_map(|list| deeper::subjects(list)).collect();
    let causes = match subjects.is_empty() {
        true => Vec::new(),
        false => timeout(PATIENCE, causes(target, platform, &subjects)).await.unwrap_or_default(),
    };
    lists.into_iter().map(|list| deeper::told(list, &causes)).collect()
}

async fn causes(target: &Target, platform: &str, subjects: &[Ref]) -> Vec<(Ref, Finding)> {
    let way = match target {
        Target::Local => Way::Containers,
        Target::Existing { context } => Way::Kubeconfig { path: None, context: context.clone() },
    };
    let cluster = match LivePlatforms::only(platform, way).platform(None).await {
        Ok(cluster) => cluster,
        Err(error) => {
            tracing::info!(error = error.message, "no deeper look at what does not run");
            return Vec::new();
        }
    };
    let asked = subjects.iter().map(|subject| cause(cluster.as_ref(), subject));
    join_all(asked).await.into_iter().flatten().collect()
}

async fn cause(cluster: &dyn Cluster, subject: &Ref) -> Option<(Ref, Finding)> {
    let diagnosis = judged(cluster, &subject.typed()).await.ok()?;
    Some((subject.clone(), diagnosis.causes.into_iter().next()?))
}
