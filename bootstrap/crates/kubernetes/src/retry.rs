//! Trying a request again until it is through, it is refused, or the time is over.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::Error;
use super::client::REQUEST_TIMEOUT;
use super::kinds::{Kinds, Unresolved};
use super::object::VersionedRef;
use super::refusal::{Failed, Refusal, Verdict, judge};
use backstack_common::report::Progress;

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Why one attempt did not succeed.
#[derive(Debug)]
pub(crate) enum Fault {
    Unresolved(Unresolved),
    /// What was begun takes its time; the text says what it is.
    Waiting(String),
    /// Nothing that the API said; no second attempt would help.
    Fatal(Error),
}

impl From<Unresolved> for Fault {
    fn from(error: Unresolved) -> Self {
        Self::Unresolved(error)
    }
}

impl From<kube::Error> for Fault {
    fn from(error: kube::Error) -> Self {
        Self::Unresolved(Unresolved::Request(error))
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error {
            Error::Request { source, .. } => Self::Unresolved(Unresolved::Request(source)),
            other => Self::Fatal(other),
        }
    }
}

/// How trying ended without success.
#[derive(Debug)]
pub(crate) enum GaveUp {
    /// The API refuses it for good.
    Refused(Failed),
    /// The deadline came; the refusal holds what blocked last.
    Late(Failed),
    /// Something else of the same wave was refused: no use in waiting any longer.
    Stopped,
    Fatal(Error),
}

/// How long to try, and who is told what blocks.
pub(crate) struct Retry<'a> {
    pub(crate) kinds: &'a Kinds,
    pub(crate) progress: &'a Progress,
    pub(crate) deadline: Instant,
    /// Ends the waiting of all attempts that share it.
    pub(crate) stop: CancellationToken,
}

impl Retry<'_> {
    /// Runs attempts until one succeeds.
    pub(crate) async fn run<T, F, A>(&self, object: &VersionedRef, attempt: A) -> Result<T, GaveUp>
    where
        A: Fn() -> F,
        F: Future<Output = Result<T, Fault>>,
    {
        let (mut pause, mut patience) = (FIRST_PAUSE, REQUEST_TIMEOUT);
        let mut forbidden = false;
        loop {
            let refusal = match timeout(self.at_most(patience), attempt()).await {
                Ok(Ok(done)) => return Ok(done),
                Ok(Err(Fault::Fatal(error))) => return Err(GaveUp::Fatal(error)),
                Ok(Err(Fault::Waiting(what))) => waiting(what, None),
                Ok(Err(Fault::Unresolved(error))) => self.judge(object, &error, &mut forbidden).await?,
                Err(_) => {
                    let silent = format!("the API server did not answer within {} s", patience.as_secs());
                    patience *= 2;
                    waiting(silent, None)
                }
            };
            self.progress.detail(format!("{object}: {}", refusal.message));
            let pausing = jittered(pause);
            if Instant::now() + pausing >= self.deadline {
                return Err(GaveUp::Late(Failed { object: object.clone(), refusal }));
            }
            tokio::select! {
                () = sleep(pausing) => {}
                () = self.stop.cancelled() => return Err(GaveUp::Stopped),
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// What blocks, if it is worth waiting for. That the user may not do it is believed the second time, if the server was
    /// ready in between: that is what `forbidden` keeps.
    async fn judge(&self, object: &VersionedRef, error: &Unresolved, forbidden: &mut bool) -> Result<Refusal, GaveUp> {
        let request = match error {
            Unresolved::Unknown { .. } => {
                let hint =
                    format!("Check which component brings kind `{}` and name it under `depends_on`.", object.kind);
                return Ok(waiting(error.to_string(), Some(hint)));
            }
            Unresolved::Request(request) => request,
        };
        match judge(request) {
            Verdict::Wait(what) => Ok(waiting(what, None)),
            Verdict::Rediscover(what) => {
                self.kinds.forget(&object.api_version()).await;
                Ok(waiting(what, None))
            }
            Verdict::Forbidden(refusal) if !*forbidden => {
                *forbidden = !self.kinds.starting().await;
                Ok(refusal)
            }
            Verdict::Forbidden(refusal) | Verdict::Refused(refusal) => {
                self.stop.cancel();
                Err(GaveUp::Refused(Failed { object: object.clone(), refusal }))
            }
        }
    }

    fn at_most(&self, patience: Duration) -> Duration {
        let left = self.deadline.saturating_duration_since(Instant::now());
        left.clamp(Duration::from_secs(1), patience)
    }
}

fn waiting(message: String, hint: Option<String>) -> Refusal {
    Refusal { message, causes: Vec::new(), hint }
}

/// Between half and all of it, so that objects that failed together do not come back together.
fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(rand::random_range(0.5..1.0))
}
