//! Amounts as Kubernetes writes them (`100m`, `1.5`, `64Mi`, `123456n`), told in the units of its own tools.

/// Thousandths of a processor, or bytes times a thousand: what both can be counted in.
pub use backstack_health::quantity::parse as milli;

/// Thousandths of a processor, as `250m` or `1.5`.
pub fn processors(milli: i128) -> String {
    if milli < 1000 { format!("{milli}m") } else { format!("{:.1}", milli as f64 / 1000.0) }
}

/// Bytes times a thousand, as `64Mi` or `1.5Gi`.
pub fn memory(milli: i128) -> String {
    let mebi = milli as f64 / 1e3 / 1024f64.powi(2);
    if mebi < 1024.0 { format!("{mebi:.0}Mi") } else { format!("{:.1}Gi", mebi / 1024.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_and_told() {
        for (text, wanted) in [("100m", 100), ("1", 1_000), ("1.5", 1_500), ("2500000n", 3), ("1k", 1_000_000)] {
            assert_eq!(milli(text), Some(wanted), "{text}");
        }
        assert_eq!(milli("64Mi").map(memory).as_deref(), Some("64Mi"));
        assert_eq!(milli("1536Mi").map(memory).as_deref(), Some("1.5Gi"));
        assert_eq!((processors(250), processors(1_500)), ("250m".to_string(), "1.5".to_string()));
        for bad in ["", "x", "1Q", "."] {
            assert_eq!(milli(bad), None, "{bad}");
        }
    }
}
