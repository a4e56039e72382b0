//! Patience: whatever does not answer is left out, and all together take no longer than people wait.

use std::time::Duration;

use tokio::time::{Instant, timeout};

/// So long one question may take.
const EACH: Duration = Duration::from_secs(10);

/// The time that a part of the work has.
#[derive(Clone, Copy)]
pub(super) struct Clock {
    until: Instant,
}

impl Clock {
    pub(super) fn of(patience: Duration) -> Self {
        Self { until: Instant::now() + patience }
    }

    /// A clock for a part, which has at most so long, and no longer than the whole.
    pub(super) fn part(self, patience: Duration) -> Self {
        Self { until: self.until.min(Instant::now() + patience) }
    }

    /// What a question gives, or why there is no answer.
    pub(super) async fn within<T, E: Into<String>>(
        self,
        asked: impl Future<Output = Result<T, E>>,
    ) -> Result<T, String> {
        let left = self.until.saturating_duration_since(Instant::now()).min(EACH);
        if left.is_zero() {
            return Err("there was no time left".into());
        }
        match timeout(left, asked).await {
            Ok(answer) => answer.map_err(Into::into),
            Err(_) => Err(format!("no answer within {} s", left.as_secs_f64().ceil())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_question_has_its_time_and_all_have_theirs() {
        let clock = Clock::of(Duration::from_secs(25));
        let never = || std::future::pending::<Result<(), String>>();
        assert_eq!(clock.within(async { Ok::<_, String>(1) }).await, Ok(1));
        assert_eq!(clock.within(never()).await, Err("no answer within 10 s".into()));
        assert_eq!(clock.part(Duration::from_secs(3)).within(never()).await, Err("no answer within 3 s".into()));
        assert_eq!(clock.within(never()).await, Err("no answer within 10 s".into()));
        assert_eq!(clock.within(never()).await, Err("no answer within 2 s".into()));
        assert_eq!(clock.within(async { Ok::<_, String>(1) }).await, Err("there was no time left".into()));
    }
}
