//! Times of schedules, as `cron` writes them: minute, hour, day, month, weekday.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use time::{Duration, OffsetDateTime};

/// Those of the program itself: a machine need not have any.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// The name of every time zone there is.
pub(super) fn zones() -> impl Iterator<Item = String> {
    ZONES.available().map(|name| name.to_string())
}

/// A schedule in a time zone.
#[derive(Debug, Clone)]
pub(super) struct Cron {
    pattern: croner::Cron,
    zone: TimeZone,
}

impl Cron {
    /// Nothing for what is no schedule, or in a zone that nobody knows. Without a zone it is UTC, as in a cluster; one that stands
    /// before the schedule (`TZ=Europe/Berlin 0 9 * * *`) counts first.
    pub(super) fn parse(written: &str, zone: &str) -> Option<Self> {
        let (zone, written) = match written.trim().split_once(' ') {
            Some((first, rest)) if first.contains('=') => (first.split_once('=')?.1, rest),
            _ => (zone, written.trim()),
        };
        let zone = if zone.is_empty() { TimeZone::UTC } else { ZONES.get(zone).ok()? };
        Some(Self { pattern: written.parse().ok()?, zone })
    }

    /// Whether it ever comes: no year has a 31st of February.
    pub(super) fn comes(&self, now: OffsetDateTime) -> bool {
        let at = Timestamp::from_second(now.unix_timestamp()).map(|at| at.to_zoned(self.zone.clone()));
        at.is_ok_and(|at| self.pattern.find_next_occurrence(&at, false).is_ok())
    }

    /// The last moment of this schedule that is not longer ago than that.
    pub(super) fn last_within(&self, now: OffsetDateTime, span: Duration) -> Option<OffsetDateTime> {
        let at = Timestamp::from_second(now.unix_timestamp()).ok()?.to_zoned(self.zone.clone());
        let last = self.pattern.find_previous_occurrence(&at, true).ok()?;
        let last = OffsetDateTime::from_unix_timestamp(last.timestamp().as_second()).ok()?;
        (now - last < span).then_some(last)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn schedules_mean_what_cron_means_by_them() {
        // A Wednesday.
        let now = datetime!(2026-01-07 12:30:40 UTC);
        let last = |written: &str| Cron::parse(written, "")?.last_within(now, Duration::days(8));
        let ago = |minutes: i64| Some(datetime!(2026-01-07 12:30 UTC) - Duration::minutes(minutes));
        for (written, expected) in [
            ("* * * * *", ago(0)),
            ("*/20 * * * *", ago(10)),
            ("0 12 * * mon-fri", ago(30)),
            ("0 12 ? * *", ago(30)),
            ("0 0 * * *", ago(750)),
            ("@hourly", ago(30)),
            ("30 12 7 * 1", ago(0)),
            ("30 12 * * 7", ago(3 * 24 * 60)),
            ("TZ=Asia/Tokyo 0 21 * * *", ago(30)),
            ("30 12 1 2 *", None),
            ("61 * * * *", None),
            ("* * * *", None),
        ] {
            assert_eq!(last(written), expected, "{written}");
        }
        for (written, comes) in
            [("0 0 31 2 *", false), ("0 0 29 2 *", true), ("0 0 31 4,6 *", false), ("0 0 31 2 1", true)]
        {
            assert_eq!(Cron::parse(written, "").map(|cron| cron.comes(now)), Some(comes), "{written}");
        }
        let there = |zone: &str| Cron::parse("30 13 * * *", zone)?.last_within(now, Duration::hours(1));
        assert_eq!(there("Europe/Berlin"), ago(0));
        assert_eq!(there("Europe/Nowhere"), None);
        assert!(zones().any(|zone| zone == "America/Sao_Paulo"));
    }
}
