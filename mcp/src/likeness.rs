//! How alike two names are, for "did you mean".

/// Longer than any name that Kubernetes, the catalog or this documentation has: comparing takes the product of both lengths.
const LONGEST: usize = 256;

/// From 0, nothing in common, to 1, the same (Jaro and Winkler's measure). What is too long to be a name is like none.
pub(crate) fn likeness(one: &str, other: &str) -> f64 {
    if one.len().max(other.len()) > LONGEST { 0.0 } else { strsim::jaro_winkler(one, other) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_alike_and_a_flood_is_not() {
        assert!(likeness("deployment", "deployments") > 0.9 && likeness("a", "b") < 0.1);
        let flood = "a".repeat(LONGEST + 1);
        assert!(likeness(&flood, &flood) == 0.0 && likeness("a", &flood) == 0.0);
    }
}
