//! What clients are told while they wait: progress of a call, and that a list is another one now.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::SelectAll;
use rmcp::model::{ProgressNotificationParam, ProgressToken, ResourceUpdatedNotificationParam};
use rmcp::service::SubscriptionContext;
use rmcp::{Peer, RoleServer};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, mpsc};

use super::Inner;
use crate::secrets::clean_text;
use crate::toolset::{Changed, ProgressSink};

/// Sends progress in the order in which it was reported, without holding up the work.
pub(super) struct Progress {
    reports: mpsc::UnboundedSender<ProgressNotificationParam>,
    token: ProgressToken,
    /// The protocol wants it to grow.
    last: Mutex<f64>,
}

/// Reports under way when a call ends have so long to go out.
const LAST_REPORTS: Duration = Duration::from_secs(1);
/// How often it is looked whether a client without news is still there.
const STILL_THERE: Duration = Duration::from_secs(60);

/// Ends when every report is out.
pub(super) struct Sending(tokio::task::JoinHandle<()>);

impl Progress {
    pub(super) fn start(token: ProgressToken, peer: Peer<RoleServer>) -> (Arc<Self>, Sending) {
        let (reports, mut queue) = mpsc::unbounded_channel();
        let sending = tokio::spawn(async move {
            while let Some(report) = queue.recv().await {
                if peer.notify_progress(report).await.is_err() {
                    break;
                }
            }
        });
        (Arc::new(Self { reports, token, last: Mutex::new(-1.0) }), Sending(sending))
    }
}

impl Sending {
    /// Waits for the last report to be out, but not for work in the background that still holds the sink.
    pub(super) async fn done(mut self) {
        if tokio::time::timeout(LAST_REPORTS, &mut self.0).await.is_err() {
            self.0.abort();
        }
    }
}

impl ProgressSink for Progress {
    fn progress(&self, done: f64, total: Option<f64>, message: &str) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if done <= *last {
            return;
        }
        *last = done;
        let mut report = ProgressNotificationParam::new(self.token.clone(), done);
        report.total = total;
        if !message.is_empty() {
            report.message = Some(clean_text(message).into_owned());
        }
        // Nobody listening is no error.
        drop(self.reports.send(report));
    }
}

/// Every change of every toolset, one after the other.
fn changes(inner: &Inner) -> SelectAll<futures::stream::BoxStream<'static, Changed>> {
    futures::stream::select_all(inner.changes().into_iter().map(|receiver| {
        futures::stream::unfold(receiver, |mut receiver: broadcast::Receiver<Changed>| async move {
            match receiver.recv().await {
                Ok(changed) => Some((changed, receiver)),
                // Missed some: the list surely is another one.
                Err(RecvError::Lagged(_)) => Some((Changed::Resources, receiver)),
                Err(RecvError::Closed) => None,
            }
        })
        .boxed()
    }))
}

/// Tells an older client, as long as it is there.
pub(super) fn tell_session(inner: &Inner, peer: Peer<RoleServer>, subscribed: Arc<Mutex<HashSet<String>>>) {
    let mut changes = changes(inner);
    tokio::spawn(async move {
        loop {
            let changed = match tokio::time::timeout(STILL_THERE, changes.next()).await {
                Ok(Some(changed)) => changed,
                Ok(None) => return,
                Err(_) if peer.is_transport_closed() => return,
                Err(_) => continue,
            };
            let sent = match changed {
                Changed::Tools => peer.notify_tool_list_changed().await,
                Changed::Prompts => peer.notify_prompt_list_changed().await,
                Changed::Resources => {
                    let uris: Vec<_> =
                        subscribed.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect();
                    for uri in uris {
                        drop(peer.notify_resource_updated(ResourceUpdatedNotificationParam::new(uri)).await);
                    }
                    peer.notify_resource_list_changed().await
                }
            };
            if sent.is_err() || peer.is_transport_closed() {
                return;
            }
        }
    });
}

/// Tells a newer client what it asked for, until it goes away.
pub(super) async fn tell_subscription(inner: &Inner, context: SubscriptionContext) {
    let mut changes = changes(inner);
    let wanted = context.accepted().clone();
    loop {
        let changed = tokio::select! {
            () = context.cancelled() => return,
            changed = changes.next() => match changed {
                Some(changed) => changed,
                // Nothing will ever change; the client still listens.
                None => return context.cancelled().await,
            },
        };
        let sink = context.sink();
        let sent = match changed {
            Changed::Tools if wanted.tools_list_changed == Some(true) => sink.notify_tool_list_changed().await,
            Changed::Prompts if wanted.prompts_list_changed == Some(true) => sink.notify_prompt_list_changed().await,
            Changed::Resources => {
                for uri in wanted.resource_subscriptions.iter().flatten() {
                    if sink.notify_resource_updated(uri.clone()).await.is_err() {
                        return;
                    }
                }
                if wanted.resources_list_changed != Some(true) {
                    continue;
                }
                sink.notify_resource_list_changed().await
            }
            _ => continue,
        };
        if sent.is_err() {
            return;
        }
    }
}
