//! Why one attempt failed, and whether the next may go better.

use std::time::{Duration, SystemTime};

use reqwest::header::RETRY_AFTER;
use reqwest::{Response, StatusCode};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use super::Site;
use crate::error::{ImageError, said};

/// Why an attempt failed.
pub(super) enum Fault {
    /// Trying again would change nothing.
    Final(Box<ImageError>),
    /// It may go better next time, not before `after` if the registry said so.
    Again { error: Box<ImageError>, after: Option<Duration> },
}

impl Fault {
    pub(super) fn last(error: ImageError) -> Self {
        Self::Final(Box::new(error))
    }

    pub(super) fn again(error: ImageError) -> Self {
        Self::Again { error: Box::new(error), after: None }
    }
}

/// What an answer means that is no success.
pub(super) async fn refusal(site: &Site, what: &str, answer: Response) -> Fault {
    let (image, host) = (site.image.clone(), site.host.clone());
    let (status, after) = (answer.status(), retry_after(&answer));
    let said = said(&answer.bytes().await.unwrap_or_default());
    let odd = |said| ImageError::Answer {
        image: image.clone(),
        host: host.clone(),
        what: what.into(),
        status: status.as_u16(),
        said,
    };
    match status {
        StatusCode::NOT_FOUND => Fault::last(ImageError::NotFound { image, host, said }),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            Fault::last(ImageError::Unauthorised { image, host, said, note: None })
        }
        StatusCode::TOO_MANY_REQUESTS => {
            let error = ImageError::RateLimited { image, host, retry_after: after, said };
            Fault::Again { error: Box::new(error), after }
        }
        StatusCode::REQUEST_TIMEOUT => Fault::again(odd(said)),
        status if status.is_server_error() => Fault::Again { error: Box::new(odd(said)), after },
        _ => Fault::last(odd(said)),
    }
}

/// How long a registry asks to wait: seconds, or a date.
fn retry_after(answer: &Response) -> Option<Duration> {
    let text = answer.headers().get(RETRY_AFTER)?.to_str().ok()?;
    wait_of(text, SystemTime::now())
}

fn wait_of(text: &str, now: SystemTime) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = OffsetDateTime::parse(&text.trim().replace("GMT", "+0000"), &Rfc2822).ok()?;
    Some(SystemTime::from(date).duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_is_seconds_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_445_412_480 - 90);
        assert_eq!(wait_of("120", now), Some(Duration::from_secs(120)));
        assert_eq!(wait_of("Wed, 21 Oct 2015 07:28:00 GMT", now), Some(Duration::from_secs(90)));
        assert_eq!(wait_of("Wed, 21 Oct 2009 07:28:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(wait_of("soon", now), None);
    }
}
