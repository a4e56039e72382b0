//! `up` from a checkpoint: a new cluster whose store begins with the objects of an old one.
//!
//! kubeadm makes the certificates and lets the kubelet start the store alone; the objects go into it before anybody else looks.
//! Then comes the API server. Pods are put in last, when their images can be pulled, and their controllers start after them:
//! each finds what it would have made, and nothing has to be admitted, scheduled or made a second time.
//!
//! ```text
//! plan   what goes into the store (pure)
//! ```

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::checkpoint::node::VOLUMES;
use crate::checkpoint::{CheckpointError, Portable};
use crate::docker::kubeadm::NodeFacts;
use crate::docker::{Engine, provision};
use crate::etcd::{Etcd, EtcdError};
use crate::report::Progress;

pub mod plan;

/// How long the kubelet may need to start the store.
const DEADLINE: Duration = Duration::from_secs(180);
/// What does not listen yet cannot be watched.
const ASK_AGAIN: Duration = Duration::from_millis(100);
/// Volumes wait here until all of them are there.
const STAGE: &str = "/var/lib/backstack/restore";

/// Makes the control plane in a node that runs, with all objects of a checkpoint but its pods, and no controllers.
///
/// # Errors
/// [`CheckpointError`]; the node is half made then.
pub async fn control_plane(
    engine: &Engine,
    facts: &NodeFacts,
    from: &Portable,
    progress: &Progress,
) -> Result<(), CheckpointError> {
    from.check_kubernetes(&facts.version)?;
    progress.detail("starting the store alone");
    provision::start_store(engine, facts, progress).await?;
    let objects = from.objects()?;
    let authority = provision::authority(engine, &facts.name).await?;
    let begun = plan::build(&objects, &facts.name, &authority);
    let mut etcd = await_store(engine, facts).await?;
    progress.detail("putting the objects of the checkpoint in place");
    etcd.fill(&begun.objects).await?;
    provision::start_api(engine, facts).await?;
    Ok(())
}

/// Puts the pods of a checkpoint into the store, and starts the controllers.
///
/// # Errors
/// [`CheckpointError`]; the node is half made then.
pub async fn pods(engine: &Engine, facts: &NodeFacts, from: &Portable) -> Result<(), CheckpointError> {
    let begun = plan::build(&from.objects()?, &facts.name, "");
    Etcd::connect(engine, &facts.name).await?.change(&begun.pods).await?;
    Ok(provision::start_controllers(engine, facts).await?)
}

/// Puts the volumes of a node of the checkpoint where the storage class expects them.
///
/// # Errors
/// The file is damaged, or the engine refuses.
pub async fn volumes(engine: &Engine, node: &str, from: &Portable) -> Result<(), CheckpointError> {
    let index = from.about.nodes.iter().position(|had| had == node);
    let Some(index) = index else { return Ok(()) };
    let Some(archive) = from.volumes_of(index).await? else { return Ok(()) };
    let make = format!("rm -rf {STAGE} && mkdir -p -m 700 {STAGE}");
    engine.run(node, &["sh", "-c", &make], None).await?;
    engine.unpack_into(node, STAGE, tokio::fs::File::from_std(archive)).await?;
    let place = format!("rm -rf {VOLUMES} && mv {STAGE}/volumes {VOLUMES} && chmod 0755 {VOLUMES} && rm -rf {STAGE}");
    engine.run(node, &["sh", "-c", &place], None).await?;
    Ok(())
}

async fn await_store(engine: &Engine, facts: &NodeFacts) -> Result<Etcd, EtcdError> {
    let deadline = Instant::now() + facts.pace.patience(DEADLINE);
    loop {
        let answers = async {
            let mut etcd = Etcd::connect(engine, &facts.name).await?;
            etcd.all().await.map(|_| etcd)
        };
        match answers.await {
            Ok(etcd) => return Ok(etcd),
            Err(error) if Instant::now() >= deadline => return Err(error),
            Err(_) => sleep(ASK_AGAIN).await,
        }
    }
}
