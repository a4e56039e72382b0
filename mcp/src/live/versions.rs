//! Versions of an API, in Kubernetes' own order.

/// What versions are sorted by: `v2` > `v1` > `v1beta2` > `v1beta1` > `v1alpha1`; what is written otherwise comes last.
pub(super) fn rank(version: &str) -> (u8, u32, u32) {
    parts(version).unwrap_or_default()
}

fn parts(version: &str) -> Option<(u8, u32, u32)> {
    let rest = version.strip_prefix('v')?;
    for (word, stage) in [("alpha", 1), ("beta", 2)] {
        if let Some((major, minor)) = rest.split_once(word) {
            return Some((stage, major.parse().ok()?, minor.parse().ok()?));
        }
    }
    Some((3, rest.parse().ok()?, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stable_version_is_newer_than_any_other() {
        let mut versions = ["v1beta1", "v2", "odd", "v1", "v1alpha1", "v1beta2", "v10"];
        versions.sort_by_key(|version| rank(version));
        assert_eq!(versions, ["odd", "v1alpha1", "v1beta1", "v1beta2", "v1", "v2", "v10"]);
    }
}
