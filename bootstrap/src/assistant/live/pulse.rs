//! Whether a cluster still answers: asked in the background, so that a call need not ask and never hangs.

use std::time::Duration;

use kube::Client;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::kubernetes::client::ready;

const BEAT: Duration = Duration::from_secs(3);
const PATIENCE: Duration = Duration::from_secs(3);

/// Asks a cluster again and again until it is dropped.
pub(super) struct Pulse {
    state: watch::Receiver<Option<String>>,
    _task: JoinSet<()>,
}

impl Pulse {
    /// Starts asking. The cluster is taken to answer until it does not.
    pub(super) fn start(client: Client) -> Self {
        let (tell, state) = watch::channel(None);
        let mut task = JoinSet::new();
        task.spawn(async move {
            loop {
                sleep(BEAT).await;
                let trouble = ready(&client, PATIENCE).await.err();
                tell.send_if_modified(|known| {
                    let changed = *known != trouble;
                    *known = trouble;
                    changed
                });
            }
        });
        Self { state, _task: task }
    }

    /// Why the cluster does not answer; nothing if it does.
    pub(super) fn trouble(&self) -> Option<String> {
        self.state.borrow().clone()
    }
}
