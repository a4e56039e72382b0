//! Sizes, rates and times as people read them.

const UNITS: [(&str, u64); 4] = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000), ("B", 1)];

/// A number of bytes in decimal units: `402 MB`, `1.90 GB`.
pub fn bytes(bytes: u64) -> String {
    let (name, unit) = unit_of(bytes);
    format!("{} {name}", in_unit(bytes, unit))
}

/// Progress in one unit, the larger number's: `312 of 402 MB`.
pub fn bytes_of(done: u64, total: u64) -> String {
    let (name, unit) = unit_of(total.max(done));
    format!("{} of {} {name}", in_unit(done, unit), in_unit(total, unit))
}

/// Bytes per second: `41 MB/s`.
pub fn rate(bytes_per_second: f64) -> String {
    format!("{}/s", bytes(bytes_per_second.max(0.0) as u64))
}

/// A time span in seconds: `0.8 s`, `16 s`, `3 min 42 s`, `1 h 5 min`.
pub fn duration(seconds: f64) -> String {
    let seconds = seconds.max(0.0);
    if seconds < 9.95 && seconds.fract() > 0.0 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

/// A running time: whole seconds, so that it does not flicker.
pub fn elapsed(seconds: f64) -> String {
    duration(seconds.max(0.0).floor())
}

fn unit_of(bytes: u64) -> (&'static str, u64) {
    // 999.6 MB is shown as 1.00 GB, not as 1000 MB.
    UNITS.into_iter().find(|(_, unit)| bytes + unit / 2_000 >= *unit).unwrap_or(("B", 1))
}

/// Two decimals for gigabytes, none for the rest: what changes too fast to be read is noise.
fn in_unit(bytes: u64, unit: u64) -> String {
    let value = bytes as f64 / unit as f64;
    if unit == UNITS[0].1 { format!("{value:.2}") } else { format!("{value:.0}") }
}

/// A number of things: `1 component`, `3 components`.
pub fn count(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (size, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1 kB"),
            (84_400_000, "84 MB"),
            (999_400_000, "999 MB"),
            (999_600_000, "1.00 GB"),
            (1_900_000_000, "1.90 GB"),
            (u64::MAX / 2, "9223372036.85 GB"),
        ] {
            assert_eq!(bytes(size), text);
        }
        assert_eq!(bytes_of(312_000_000, 402_000_000), "312 of 402 MB");
        assert_eq!(bytes_of(40_000_000, 1_900_000_000), "0.04 of 1.90 GB");
        assert_eq!(bytes_of(0, 0), "0 of 0 B");
        assert_eq!(rate(41_200_000.0), "41 MB/s");
        assert_eq!(rate(-1.0), "0 B/s");
    }

    #[test]
    fn times() {
        for (seconds, text) in [
            (0.0, "0 s"),
            (0.84, "0.8 s"),
            (9.99, "10 s"),
            (16.2, "16 s"),
            (59.6, "1 min 0 s"),
            (222.0, "3 min 42 s"),
            (3900.0, "1 h 5 min"),
            (-1.0, "0 s"),
        ] {
            assert_eq!(duration(seconds), text);
        }
        assert_eq!(elapsed(3.9), "3 s");
    }
}
