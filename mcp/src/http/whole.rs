//! Bodies of requests that are taken to their end whatever the answer is.
//!
//! A client that is still sending when its connection ends sees no more than that: not the 401, 413 or 429 that tells it why.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};

use super::MOST_BODY_BYTES;

/// Of a body that nobody wants, so much more is taken, and for so long.
const MOST_THROWN_AWAY: usize = 16 * MOST_BODY_BYTES;
const THROWING_AWAY: Duration = Duration::from_secs(10);

/// A body whose rest is read, within limits, when whoever had it lets go of it, while the answer is under way.
pub(super) struct Whole(Option<Incoming>);

impl Whole {
    pub(super) fn new(body: Incoming) -> Self {
        Self(Some(body))
    }
}

impl Body for Whole {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.0 {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map(Body::size_hint).unwrap_or_default()
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        let rest = self.0.take().filter(|body| !body.is_end_stream());
        if let (Some(body), Ok(runtime)) = (rest, tokio::runtime::Handle::try_current()) {
            runtime.spawn(throw_away(body));
        }
    }
}

async fn throw_away(body: Incoming) {
    let mut rest = Limited::new(body, MOST_THROWN_AWAY);
    let end = async { while let Some(Ok(_)) = rest.frame().await {} };
    let _ = tokio::time::timeout(THROWING_AWAY, end).await;
}
