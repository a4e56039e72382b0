//! Times as people write and read them. Points in time: `10m`, `1h30m`, `2026-01-02T03:04:05Z`, `2026-01-02 03:04`, `03:04`.

use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

/// What a point in time looks like, for whoever wrote another thing.
pub const FORMS: &str = "as `10m`, `2h`, `1d`, or as `2026-01-02T03:04:05Z` (UTC)";

/// The moment that a text names; a span is one before `now`.
pub fn parse(text: &str, now: OffsetDateTime) -> Option<OffsetDateTime> {
    let text = text.trim().trim_start_matches('-').trim_end_matches("ago").trim();
    if let Some(span) = seconds_of(text) {
        return now.checked_sub(span);
    }
    let with_date = match text.get(..10).filter(|date| date.contains('-')) {
        Some(_) => text.replacen(' ', "T", 1),
        None => format!("{}T{text}", now.date()),
    };
    let candidates =
        [with_date.clone(), format!("{with_date}Z"), format!("{with_date}:00Z"), format!("{with_date}T00:00:00Z")];
    candidates.iter().find_map(|candidate| OffsetDateTime::parse(candidate, &Rfc3339).ok())
}

/// `90`, `10m`, `1h30m`, `2d`; a number alone is seconds.
fn seconds_of(text: &str) -> Option<Duration> {
    let mut seconds: i64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let number: i64 = rest[..digits].parse().ok()?;
        let unit_end = rest[digits..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |end| digits + end);
        let size = match rest[digits..unit_end].trim() {
            "" | "s" | "sec" | "seconds" => 1,
            "m" | "min" | "minutes" => 60,
            "h" | "hour" | "hours" => 3_600,
            "d" | "day" | "days" => 86_400,
            _ => return None,
        };
        seconds = seconds.checked_add(number.checked_mul(size)?)?;
        rest = &rest[unit_end..];
    }
    (!text.is_empty()).then(|| Duration::seconds(seconds))
}

/// As the API server writes times, to the second.
pub fn told(moment: OffsetDateTime) -> String {
    let whole = moment.to_offset(time::UtcOffset::UTC).replace_nanosecond(0).unwrap_or(moment);
    whole.format(&Rfc3339).unwrap_or_default()
}

/// A span in its two largest units, for columns: `3d4h`.
pub fn span(seconds: i64) -> String {
    let units = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];
    let mut rest = seconds.max(0);
    let Some(first) = units.iter().position(|(size, _)| rest >= *size) else { return "0s".into() };
    let mut told = String::new();
    for (size, unit) in units.iter().skip(first).take(2) {
        if rest / size > 0 {
            told.push_str(&format!("{}{unit}", rest / size));
        }
        rest %= size;
    }
    told
}

/// A span within a sentence: `45 s`, `12 min`, `3 h`, `2 days`.
pub fn in_words(seconds: i64) -> String {
    match seconds.max(0) {
        few @ ..120 => format!("{few} s"),
        some @ 120..7_200 => format!("{} min", some / 60),
        many @ 7_200..172_800 => format!("{} h", many / 3_600),
        days => format!("{} days", days / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_people_write_them() {
        let now = OffsetDateTime::parse("2026-01-02T03:04:05Z", &Rfc3339).expect("a time");
        for (text, wanted) in [
            ("10m", "2026-01-02T02:54:05Z"),
            ("1h30m", "2026-01-02T01:34:05Z"),
            ("-2d", "2025-12-31T03:04:05Z"),
            ("30", "2026-01-02T03:03:35Z"),
            ("1h ago", "2026-01-02T02:04:05Z"),
            ("2026-01-01T10:00:00+02:00", "2026-01-01T08:00:00Z"),
            ("2026-01-01 10:00", "2026-01-01T10:00:00Z"),
            ("2026-01-01", "2026-01-01T00:00:00Z"),
            ("02:30", "2026-01-02T02:30:00Z"),
        ] {
            assert_eq!(parse(text, now).map(told).as_deref(), Some(wanted), "{text}");
        }
        for bad in ["", "soon", "10x", "m", "2026-13-01", "99999999999999999999d", "💥"] {
            assert_eq!(parse(bad, now), None, "{bad}");
        }
    }

    #[test]
    fn spans_are_told_in_the_unit_that_fits() {
        let told = [45, 185, 7_300, 200_000].map(in_words);
        assert_eq!(told, ["45 s", "3 min", "2 h", "2 days"]);
    }

    #[test]
    fn spans_have_two_units() {
        for (seconds, told) in [(0, "0s"), (59, "59s"), (60, "1m"), (3_725, "1h2m"), (90_000, "1d1h"), (86_400, "1d")] {
            assert_eq!(span(seconds), told);
        }
    }
}
