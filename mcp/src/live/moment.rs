//! Points in time as people write them: `10m`, `1h30m`, `2026-01-02T03:04:05Z`, `2026-01-02 03:04`, `03:04`.

use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

/// What a point in time looks like, for whoever wrote another thing.
pub const FORMS: &str = "as `10m`, `2h`, `1d`, or as `2026-01-02T03:04:05Z` (UTC)";

/// The moment that a text names; a span is one before `now`.
pub fn parse(text: &str, now: OffsetDateTime) -> Option<OffsetDateTime> {
    let text = text.trim().trim_start_matches('-').trim_end_matches("ago").trim();
    if let Some(span) = span(text) {
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
fn span(text: &str) -> Option<Duration> {
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
}
