//! The kinds that are kept in memory, by group. What a platform does not have of these is simply not there; kinds of
//! composite resources come on top, as its definitions say.

/// Group and kind. Secrets are not among them, and ConfigMaps only those that the installer keeps its inventory in.
pub const KEPT: &[(&str, &str)] = &[
    ("", "Pod"),
    ("", "Service"),
    ("", "Event"),
    ("", "Node"),
    ("", "Namespace"),
    ("", "PersistentVolumeClaim"),
    ("", "ResourceQuota"),
    ("apps", "Deployment"),
    ("apps", "ReplicaSet"),
    ("apps", "StatefulSet"),
    ("apps", "DaemonSet"),
    ("batch", "Job"),
    ("batch", "CronJob"),
    ("networking.k8s.io", "Ingress"),
    ("discovery.k8s.io", "EndpointSlice"),
    ("apiregistration.k8s.io", "APIService"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
    ("apiextensions.crossplane.io", "CompositeResourceDefinition"),
    ("apiextensions.crossplane.io", "Composition"),
    ("pkg.crossplane.io", "Function"),
    ("pkg.crossplane.io", "Provider"),
    ("pkg.crossplane.io", "Configuration"),
    ("argoproj.io", "Application"),
    ("argoproj.io", "ApplicationSet"),
    ("argoproj.io", "AppProject"),
    ("policies.kyverno.io", "ValidatingPolicy"),
    ("policies.kyverno.io", "NamespacedValidatingPolicy"),
    ("policies.kyverno.io", "MutatingPolicy"),
    ("policies.kyverno.io", "GeneratingPolicy"),
    ("policies.kyverno.io", "ImageValidatingPolicy"),
    ("kyverno.io", "ClusterPolicy"),
    ("kyverno.io", "Policy"),
    ("wgpolicyk8s.io", "PolicyReport"),
    ("wgpolicyk8s.io", "ClusterPolicyReport"),
    ("openreports.io", "Report"),
    ("openreports.io", "ClusterReport"),
];

/// The kind that defines further kinds to keep.
pub const DEFINES_MORE: (&str, &str) = ("apiextensions.crossplane.io", "CompositeResourceDefinition");

/// Where the assistant's account on the platform's Git server is kept: namespace and name of a Secret, and its key.
pub const GIT_ACCOUNT: (&str, &str, &str) = ("gitea", "assistant", "token");
/// Path of the Git server's API below the platform's address.
pub const GIT_API: &str = "/gitea/api/v1";
