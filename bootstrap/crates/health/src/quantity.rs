//! Amounts as Kubernetes writes them (`500m`, `512Mi`, `1e3`), compared and shown to people.

/// Thousandths of a unit: of a processor, of a byte.
pub type Milli = i128;

/// Reads a quantity; nothing if it is none.
pub fn parse(text: &str) -> Option<Milli> {
    let text = text.trim();
    // An exponent ends in a digit, so that `1E` is still an exa.
    if text.ends_with(|last: char| last.is_ascii_digit() || last == '.') {
        return text
            .parse::<f64>()
            .ok()
            .filter(|number| number.is_finite())
            .map(|number| (number * 1000.0).round() as Milli);
    }
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let factor = match &text[digits.len()..] {
        "n" => 1e-6,
        "u" => 1e-3,
        "m" => 1.0,
        "k" => 1e6,
        "M" => 1e9,
        "G" => 1e12,
        "T" => 1e15,
        "P" => 1e18,
        "E" => 1e21,
        "Ki" => 1000.0 * 1024.0,
        "Mi" => 1000.0 * 1024_f64.powi(2),
        "Gi" => 1000.0 * 1024_f64.powi(3),
        "Ti" => 1000.0 * 1024_f64.powi(4),
        "Pi" => 1000.0 * 1024_f64.powi(5),
        "Ei" => 1000.0 * 1024_f64.powi(6),
        _ => return None,
    };
    digits.parse::<f64>().ok().map(|number| (number * factor).ceil() as Milli)
}

/// `512 Mi` for bytes, `0.5` for everything that is counted.
pub fn show(resource: &str, amount: Milli) -> String {
    if !matches!(resource, "memory" | "ephemeral-storage") && !resource.starts_with("hugepages-") {
        return trimmed(amount as f64 / 1000.0, 2);
    }
    let bytes = amount as f64 / 1000.0;
    let (value, unit) = match bytes {
        small if small < 1024.0 * 1024.0 => (small / 1024.0, "Ki"),
        medium if medium < 10.0 * 1024_f64.powi(3) => (medium / 1024_f64.powi(2), "Mi"),
        large => (large / 1024_f64.powi(3), "Gi"),
    };
    format!("{} {unit}", trimmed(value, usize::from(unit == "Gi")))
}

fn trimmed(value: f64, places: usize) -> String {
    let text = format!("{value:.places$}");
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_writing_an_amount_is_read() {
        let cases = [
            ("500m", Some(500)),
            ("2", Some(2000)),
            ("0.5", Some(500)),
            ("1e3", Some(1_000_000)),
            ("1Ki", Some(1_024_000)),
            ("1M", Some(1_000_000_000)),
            ("1.5Gi", Some(1_610_612_736_000)),
            ("1n", Some(1)),
            ("", None),
            ("Mi", None),
            ("12 apples", None),
            ("1e999", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text), expected, "{text}");
        }
    }

    #[test]
    fn amounts_are_shown_in_the_unit_that_fits() {
        let shown = |resource, text| show(resource, parse(text).expect("a quantity"));
        assert_eq!(shown("memory", "512Mi"), "512 Mi");
        assert_eq!(shown("memory", "3Gi"), "3072 Mi");
        assert_eq!(shown("memory", "15.5Gi"), "15.5 Gi");
        assert_eq!(shown("cpu", "250m"), "0.25");
        assert_eq!(shown("cpu", "4"), "4");
        assert_eq!(shown("pods", "110"), "110");
    }
}
