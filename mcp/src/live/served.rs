//! Kinds that the cluster serves, by whatever word people use for one.

use crate::likeness::likeness;

/// A kind of object, as the cluster serves it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServedKind {
    /// API group, as `apps`; empty for the core group.
    pub group: String,
    /// Kind as manifests write it, `Deployment`.
    pub kind: String,
    /// Name in addresses, as `pods`.
    pub plural: String,
    /// Whether its objects are in namespaces.
    pub namespaced: bool,
}

/// Short names as command lines have them.
const SHORT: [(&str, &str); 24] = [
    ("cj", "cronjob"),
    ("cm", "configmap"),
    ("crd", "customresourcedefinition"),
    ("deploy", "deployment"),
    ("ds", "daemonset"),
    ("ep", "endpoints"),
    ("ev", "event"),
    ("hpa", "horizontalpodautoscaler"),
    ("ing", "ingress"),
    ("limits", "limitrange"),
    ("netpol", "networkpolicy"),
    ("no", "node"),
    ("ns", "namespace"),
    ("pc", "priorityclass"),
    ("pdb", "poddisruptionbudget"),
    ("po", "pod"),
    ("pv", "persistentvolume"),
    ("pvc", "persistentvolumeclaim"),
    ("quota", "resourcequota"),
    ("rs", "replicaset"),
    ("sa", "serviceaccount"),
    ("sc", "storageclass"),
    ("sts", "statefulset"),
    ("svc", "service"),
];

/// The kind that a word means: its name, plural, short name, or plural and group (`apps.platform.backstack.dev`). Of
/// several with one name the cluster's own counts, then the one with the shorter group.
pub fn find<'a>(kinds: &'a [ServedKind], word: &str) -> Option<&'a ServedKind> {
    let word = word.trim().to_lowercase();
    let word = SHORT.iter().find(|(short, _)| *short == word).map_or(word.as_str(), |(_, long)| *long);
    let fits = |kind: &&ServedKind| {
        let name = kind.kind.to_lowercase();
        word == name
            || word == kind.plural
            || word == format!("{}.{}", kind.plural, kind.group)
            || word == format!("{name}.{}", kind.group)
    };
    // Figures of pods are served under the plural of pods.
    kinds.iter().filter(fits).min_by_key(|kind| (word != kind.kind.to_lowercase(), is_copy(kind), kind.group.len()))
}

/// Groups that show again what another group keeps.
pub fn is_copy(kind: &ServedKind) -> bool {
    matches!(kind.group.as_str(), "metrics.k8s.io" | "events.k8s.io")
}

/// Names that come close to a word.
pub fn near(kinds: &[ServedKind], word: &str) -> Vec<String> {
    let word = word.to_lowercase();
    let scored = kinds.iter().map(|kind| (likeness(&kind.kind.to_lowercase(), &word), &kind.kind));
    let mut close: Vec<_> = scored.filter(|(score, _)| *score > 0.85).collect();
    close.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut names: Vec<_> = close.into_iter().map(|(_, name)| name.clone()).collect();
    names.dedup();
    names.truncate(5);
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served(group: &str, kind: &str, plural: &str) -> ServedKind {
        ServedKind { group: group.into(), kind: kind.into(), plural: plural.into(), namespaced: true }
    }

    #[test]
    fn a_kind_is_found_by_any_of_its_names() {
        let kinds = [
            served("metrics.k8s.io", "PodMetrics", "pods"),
            served("", "Pod", "pods"),
            served("events.k8s.io", "Event", "events"),
            served("", "Event", "events"),
            served("autoscaling", "HorizontalPodAutoscaler", "horizontalpodautoscalers"),
        ];
        for (word, group, kind) in [
            ("pods", "", "Pod"),
            ("Pod", "", "Pod"),
            ("po", "", "Pod"),
            ("PodMetrics", "metrics.k8s.io", "PodMetrics"),
            ("event", "", "Event"),
            ("hpa", "autoscaling", "HorizontalPodAutoscaler"),
            ("horizontalpodautoscalers.autoscaling", "autoscaling", "HorizontalPodAutoscaler"),
        ] {
            let found = find(&kinds, word).expect(word);
            assert_eq!((found.group.as_str(), found.kind.as_str()), (group, kind), "{word}");
        }
        assert!(find(&kinds, "ScaledObject").is_none());
        assert_eq!(near(&kinds, "HorizontalPodAutoscaler2"), ["HorizontalPodAutoscaler"]);
    }
}
