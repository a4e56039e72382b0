//! In what order the objects of a component are applied; deletion runs the other way round.

use super::object::VersionedRef;

/// Objects with a lower number are applied first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Wave {
    Namespaces,
    Definitions,
    /// What workloads refer to: accounts, rights, configuration, services, claims.
    Foundations,
    /// Workloads and what stands in front of them.
    Workloads,
    /// Admission webhooks: after the workloads that answer them, or a component would block itself.
    Admission,
    /// Objects of definitions: their webhooks and controllers should be there.
    Custom,
}

impl Wave {
    pub(crate) const ALL: [Self; 6] =
        [Self::Namespaces, Self::Definitions, Self::Foundations, Self::Workloads, Self::Admission, Self::Custom];

    pub(crate) fn of(object: &VersionedRef) -> Self {
        match (object.group.as_str(), object.kind.as_str()) {
            ("", "Namespace") => Self::Namespaces,
            ("apiextensions.k8s.io", _) => Self::Definitions,
            ("", "Pod" | "ReplicationController") => Self::Workloads,
            ("" | "rbac.authorization.k8s.io" | "storage.k8s.io" | "scheduling.k8s.io" | "node.k8s.io", _) => {
                Self::Foundations
            }
            ("networking.k8s.io", "IngressClass" | "NetworkPolicy") => Self::Foundations,
            ("admissionregistration.k8s.io", _) => Self::Admission,
            (group, _) if is_built_in(group) => Self::Workloads,
            _ => Self::Custom,
        }
    }
}

/// Groups that every cluster serves itself.
fn is_built_in(group: &str) -> bool {
    !group.contains('.')
        || matches!(group.split_once('.'), Some((_, "k8s.io" | "authorization.k8s.io" | "apiserver.k8s.io")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_come_in_the_order_in_which_they_need_each_other() {
        let cases = [
            ("v1", "Namespace", Wave::Namespaces),
            ("apiextensions.k8s.io/v1", "CustomResourceDefinition", Wave::Definitions),
            ("v1", "ServiceAccount", Wave::Foundations),
            ("v1", "PersistentVolumeClaim", Wave::Foundations),
            ("rbac.authorization.k8s.io/v1", "ClusterRole", Wave::Foundations),
            ("networking.k8s.io/v1", "IngressClass", Wave::Foundations),
            ("networking.k8s.io/v1", "Ingress", Wave::Workloads),
            ("apps/v1", "Deployment", Wave::Workloads),
            ("apiregistration.k8s.io/v1", "APIService", Wave::Workloads),
            ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", Wave::Admission),
            ("example.dev/v1", "Policy", Wave::Custom),
            ("metrics.example.k8s.io.dev/v1", "Thing", Wave::Custom),
        ];
        for (api_version, kind, wave) in cases {
            assert_eq!(Wave::of(&VersionedRef::new(api_version, kind, None, "x")), wave, "{kind}");
        }
    }
}
