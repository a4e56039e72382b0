//! Whether a cluster still answers: asked when a call wants to know, never twice within some seconds, so that a platform
//! nobody asks about has nothing to answer.

use std::time::Duration;

use kube::Client;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::kubernetes::client::ready;

/// How long an answer counts.
const BEAT: Duration = Duration::from_secs(3);
const PATIENCE: Duration = Duration::from_secs(3);

/// What a cluster answered last.
pub(super) struct Pulse {
    last: Mutex<Beat>,
}

struct Beat {
    at: Instant,
    trouble: Option<String>,
}

impl Pulse {
    /// Of a cluster that has just answered.
    pub(super) fn start() -> Self {
        Self { last: Mutex::new(Beat { at: Instant::now(), trouble: None }) }
    }

    /// Why the cluster does not answer; nothing if it does.
    pub(super) async fn trouble(&self, client: &Client) -> Option<String> {
        self.feel(async || ready(client, PATIENCE).await.err()).await
    }

    /// Calls that ask at once share one question.
    async fn feel(&self, ask: impl AsyncFnOnce() -> Option<String>) -> Option<String> {
        let mut last = self.last.lock().await;
        if last.at.elapsed() > BEAT {
            let trouble = ask().await;
            *last = Beat { at: Instant::now(), trouble };
        }
        last.trouble.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::time::{advance, sleep};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_cluster_is_asked_by_calls_only_and_once_for_all_of_them() {
        let (pulse, asked) = (Pulse::start(), AtomicUsize::new(0));
        let down = async || {
            asked.fetch_add(1, Ordering::Relaxed);
            sleep(Duration::from_secs(1)).await;
            Some("no answer".to_string())
        };
        assert_eq!(pulse.feel(down).await, None, "it has just answered");
        advance(Duration::from_secs(60)).await;
        assert_eq!(asked.load(Ordering::Relaxed), 0, "nobody wanted to know");
        let both = tokio::join!(pulse.feel(down), pulse.feel(down));
        assert_eq!(both, (Some("no answer".into()), Some("no answer".into())));
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        advance(BEAT + Duration::from_millis(1)).await;
        assert_eq!(pulse.feel(async || None).await, None, "it has come back");
    }
}
