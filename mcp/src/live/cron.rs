//! Times of schedules, as `cron` writes them: minute, hour, day, month, weekday.

use time::{Duration, OffsetDateTime};

/// A schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cron {
    minutes: Vec<u8>,
    hours: Vec<u8>,
    days: Vec<u8>,
    months: Vec<u8>,
    weekdays: Vec<u8>,
    /// Where both days are said, either of them is enough.
    is_any_day: bool,
}

impl Cron {
    /// Nothing for what is no schedule of five fields, or one of the words for such.
    pub(super) fn parse(written: &str) -> Option<Self> {
        let written = match written.trim() {
            "@hourly" => "0 * * * *",
            "@daily" | "@midnight" => "0 0 * * *",
            "@weekly" => "0 0 * * 0",
            "@monthly" => "0 0 1 * *",
            "@yearly" | "@annually" => "0 0 1 1 *",
            other => other,
        };
        let fields: Vec<_> = written.split_whitespace().filter(|field| !field.contains('=')).collect();
        let [minute, hour, day, month, weekday] = fields.as_slice() else { return None };
        const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
        const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
        let mut weekdays = numbers(weekday, 0, 7, &WEEKDAYS, 0)?;
        // Sunday has two numbers.
        if weekdays.contains(&7) {
            weekdays.push(0);
        }
        let is_all = |field: &str| field.starts_with(['*', '?']);
        Some(Self {
            minutes: numbers(minute, 0, 59, &[], 0)?,
            hours: numbers(hour, 0, 23, &[], 0)?,
            days: numbers(day, 1, 31, &[], 0)?,
            months: numbers(month, 1, 12, &MONTHS, 1)?,
            weekdays,
            is_any_day: !is_all(day) && !is_all(weekday),
        })
    }

    /// Whether it comes in the minute of this moment.
    fn fits(&self, at: OffsetDateTime) -> bool {
        let day = self.days.contains(&at.day());
        let weekday = self.weekdays.contains(&at.weekday().number_days_from_sunday());
        self.minutes.contains(&at.minute())
            && self.hours.contains(&at.hour())
            && self.months.contains(&u8::from(at.month()))
            && if self.is_any_day { day || weekday } else { day && weekday }
    }

    /// The last moment of this schedule that is not longer ago than that.
    pub(super) fn last_within(&self, now: OffsetDateTime, span: Duration) -> Option<OffsetDateTime> {
        let minutes = span.whole_minutes();
        (0..=minutes).map(|ago| now - Duration::minutes(ago)).find(|at| self.fits(*at)).filter(|at| {
            // The minute may have begun before the span did.
            let begin = *at - Duration::seconds(i64::from(at.second()));
            now - begin < span
        })
    }
}

/// `*`, `*/5`, `1-5`, `1,2`, `mon-fri`.
fn numbers(field: &str, least: u8, most: u8, names: &[&str], first: u8) -> Option<Vec<u8>> {
    let number = |word: &str| {
        let by_name = names.iter().position(|name| word.eq_ignore_ascii_case(name));
        match by_name {
            Some(index) => Some(u8::try_from(index).ok()? + first),
            None => word.parse().ok(),
        }
        .filter(|number| (least..=most).contains(number))
    };
    let mut all = Vec::new();
    for part in field.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse::<usize>().ok().filter(|step| *step > 0)?),
            None => (part, 1),
        };
        let (from, to) = match range.split_once('-') {
            _ if matches!(range, "*" | "?") => (least, most),
            Some((from, to)) => (number(from)?, number(to)?),
            None => (number(range)?, if step > 1 { most } else { number(range)? }),
        };
        all.extend((from..=to).step_by(step));
    }
    (!all.is_empty()).then_some(all)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn schedules_mean_what_cron_means_by_them() {
        // A Wednesday.
        let now = datetime!(2026-01-07 12:30:40 UTC);
        let last = |written: &str| Cron::parse(written)?.last_within(now, Duration::days(8));
        let ago = |minutes: i64| Some(now - Duration::minutes(minutes));
        for (written, expected) in [
            ("* * * * *", ago(0)),
            ("*/20 * * * *", ago(10)),
            ("0 12 * * mon-fri", ago(30)),
            ("0 0 * * *", ago(750)),
            ("@hourly", ago(30)),
            ("30 12 7 * 1", ago(0)),
            ("30 12 * * 7", ago(3 * 24 * 60)),
            ("30 12 1 2 *", None),
            ("61 * * * *", None),
            ("* * * *", None),
        ] {
            assert_eq!(last(written), expected, "{written}");
        }
    }
}
