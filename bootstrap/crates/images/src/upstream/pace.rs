//! How often and how long something is tried again.

use std::time::Duration;

use super::fault::Fault;
use crate::error::ImageError;

/// Waiting longer than this for a registry would be longer than most images take to build.
const WITH_ANOTHER_WAY: Duration = Duration::from_secs(60);

/// Limits of trying again.
#[derive(Debug, Clone)]
pub struct Patience {
    /// Attempts in a row that bring nothing, until it is given up.
    pub attempts: u32,
    /// The first pause; each further one is twice as long.
    pub pause: Duration,
    /// No pause of our own is longer.
    pub longest_pause: Duration,
    /// All pauses of one transfer together, those that a registry asks for included.
    pub waiting: Duration,
    /// A connection over which nothing comes for so long is cut.
    pub idle: Duration,
    /// A connection must be there after so long.
    pub connect: Duration,
    /// So long a credential helper may take, which may have to ask a person.
    pub helper: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            attempts: 6,
            pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(20),
            waiting: Duration::from_secs(300),
            idle: Duration::from_secs(45),
            connect: Duration::from_secs(10),
            helper: Duration::from_secs(20),
        }
    }
}

impl Patience {
    /// For a question whose answer only decides what is done: no second try that takes longer than asking.
    #[must_use]
    pub fn hurried(&self) -> Self {
        let (pause, waiting) = (Duration::from_millis(200), Duration::from_secs(1));
        Self { attempts: 2, pause, waiting, helper: Duration::from_secs(2), ..self.clone() }
    }

    /// For an image that can be had in another way as well.
    #[must_use]
    pub fn with_another_way(&self) -> Self {
        Self { waiting: self.waiting.min(WITH_ANOTHER_WAY), ..self.clone() }
    }

    pub(super) fn pace(&self) -> Pace<'_> {
        Pace { patience: self, failures: 0, waited: Duration::ZERO }
    }
}

/// Where one transfer stands between its attempts.
pub(super) struct Pace<'a> {
    patience: &'a Patience,
    failures: u32,
    waited: Duration,
}

impl Pace<'_> {
    /// Something came: the attempts before do not count any more.
    pub(super) fn progressed(&mut self) {
        self.failures = 0;
    }

    /// Waits before the next attempt, and tells what for.
    ///
    /// # Errors
    /// The fault is final, or it was tried often or long enough.
    pub(super) async fn again(&mut self, fault: Fault, tell: impl FnOnce(&str)) -> Result<(), ImageError> {
        let (error, asked) = match fault {
            Fault::Final(error) => return Err(*error),
            Fault::Again { error, after } => (*error, after),
        };
        // Who limits how much may be pulled says when to come back, or nothing: only time helps, not the number of tries.
        let only_time = matches!(error, ImageError::RateLimited { .. });
        let Some(pause) = self.pause(asked, only_time) else { return Err(self.given_up(error)) };
        tell(&format!("trying again in {:.1} s: {}", pause.as_secs_f64(), error.without_image()));
        tokio::time::sleep(pause).await;
        Ok(())
    }

    /// The next pause, or none if it is enough.
    fn pause(&mut self, asked: Option<Duration>, only_time: bool) -> Option<Duration> {
        self.failures += 1;
        if self.failures >= self.patience.attempts && !only_time {
            return None;
        }
        let doubled = self.patience.pause.saturating_mul(1 << (self.failures - 1).min(16));
        // Many clients that were cut at the same moment must not come back at the same moment.
        let own = doubled.min(self.patience.longest_pause).mul_f64(rand::random_range(0.5..1.0));
        let pause = asked.map_or(own, |asked| asked + own.mul_f64(0.1));
        self.waited += pause;
        (self.waited <= self.patience.waiting).then_some(pause)
    }

    fn given_up(&self, error: ImageError) -> ImageError {
        match error {
            ImageError::Cut { image, host, reason, .. } => {
                ImageError::Cut { image, host, attempts: self.failures, reason }
            }
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patience() -> Patience {
        Patience {
            attempts: 4,
            pause: Duration::from_secs(1),
            waiting: Duration::from_secs(100),
            ..Patience::default()
        }
    }

    #[test]
    fn pauses_grow_and_end() {
        let patience = patience();
        let mut pace = patience.pace();
        let pauses: Vec<_> = std::iter::from_fn(|| pace.pause(None, false)).collect();
        assert_eq!(pauses.len(), 3);
        for (pause, doubled) in pauses.iter().zip([1.0, 2.0, 4.0]) {
            assert!((doubled / 2.0..doubled).contains(&pause.as_secs_f64()), "{pauses:?}");
        }
    }

    #[test]
    fn what_the_registry_asks_for_is_waited_at_least() {
        let patience = patience();
        assert!(
            patience.pace().pause(Some(Duration::from_secs(30)), false).expect("a pause") >= Duration::from_secs(30)
        );
        assert_eq!(patience.pace().pause(Some(Duration::from_secs(101)), false), None);
    }

    #[test]
    fn a_rate_limit_is_waited_for_as_long_as_there_is_patience() {
        let patience = patience();
        let mut pace = patience.pace();
        let waited: Duration = std::iter::from_fn(|| pace.pause(None, true)).sum();
        assert!(waited > Duration::from_secs(60) && waited <= patience.waiting, "{waited:?}");
    }

    #[test]
    fn progress_starts_the_count_anew() {
        let patience = patience();
        let mut pace = patience.pace();
        for _ in 0..10 {
            assert!(pace.pause(None, false).is_some());
            pace.progressed();
        }
    }
}
