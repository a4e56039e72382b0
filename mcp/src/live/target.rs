//! What a name means: `shop`, `demo/shop`, `App demo/shop`, `component:demo/shop`, `deployment/shop -n demo` all lead
//! to an object, or to an error that lists what it could be.

use serde_json::Value;

use super::object::{COMPONENT, Ref, label, name, namespace, text};
use super::snapshot::Snapshot;
use crate::error::quoted;
use crate::likeness::likeness;

/// Kinds of the catalog; they say nothing about the kind in the cluster.
const CATALOG: [&str; 7] = ["component", "resource", "api", "system", "domain", "template", "entity"];
const WORKLOADS: [&str; 5] = ["Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job"];
/// Kinds that only serve others, and are often called like them.
const SUPPORTING: [&str; 10] = [
    "ConfigMap",
    "ServiceAccount",
    "Role",
    "RoleBinding",
    "ClusterRole",
    "ClusterRoleBinding",
    "NetworkPolicy",
    "HorizontalPodAutoscaler",
    "PodDisruptionBudget",
    "EndpointSlice",
];
const MOST_CANDIDATES: usize = 12;

/// A name as somebody typed it, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Kind, plural or short name, as typed; `None` if there is none, or only a word of the catalog.
    pub kind: Option<String>,
    /// Namespace, as typed; `None` if there is none.
    pub namespace: Option<String>,
    /// Name of the object; all that stands behind the kind if that could not be taken apart.
    pub name: String,
}

impl Query {
    /// Takes apart `name`, `namespace/name`, `Kind namespace/name`, `kind:namespace/name` and `kind/name`.
    pub(crate) fn parse(typed: &str) -> Self {
        let typed = typed.trim().trim_matches('`');
        let (kind, rest) = match typed.split_once(':').or_else(|| typed.split_once(char::is_whitespace)) {
            Some((kind, rest)) => (Some(kind.trim()), rest.trim()),
            None => (None, typed),
        };
        let parts: Vec<_> = rest.split('/').map(str::trim).filter(|part| !part.is_empty()).collect();
        let (kind, namespace, name) = match (kind, parts.as_slice()) {
            (kind, [name]) => (kind, None, *name),
            // `deployment/shop` as command lines have it, `demo/shop` as catalogs have it.
            (None, [first, name]) if is_kind_word(first) => (Some(*first), None, *name),
            (kind, [namespace, name]) => (kind, Some(*namespace), *name),
            (None, [kind, namespace, name]) => (Some(*kind), Some(*namespace), *name),
            _ => (kind, None, rest),
        };
        let kind = kind.filter(|kind| !CATALOG.contains(&kind.to_lowercase().as_str()));
        Self { kind: kind.map(Into::into), namespace: namespace.map(Into::into), name: name.into() }
    }

    fn fits(&self, object: &Value) -> bool {
        let kind = text(object, "/kind");
        let wanted = self.kind.as_deref().map(str::to_lowercase);
        let is_kind = wanted.is_none_or(|wanted| {
            let kind = kind.to_lowercase();
            wanted == kind
                || wanted == format!("{kind}s")
                || is_short(&wanted, &kind)
                || wanted.split('.').next() == Some(kind.as_str())
        });
        let is_place = self
            .namespace
            .as_deref()
            .is_none_or(|place| place == namespace(object) || (namespace(object).is_empty() && place == "default"));
        is_kind && is_place && name(object) == self.name
    }
}

fn is_kind_word(word: &str) -> bool {
    let word = word.to_lowercase();
    let known = [
        "pod",
        "deployment",
        "deploy",
        "statefulset",
        "sts",
        "daemonset",
        "ds",
        "job",
        "cronjob",
        "service",
        "svc",
        "application",
        "app",
        "clusterapp",
        "webapp",
        "database",
        "node",
        "namespace",
        "ns",
        "ingress",
        "pvc",
    ];
    known.contains(&word.as_str())
}

fn is_short(word: &str, kind: &str) -> bool {
    let shorts = [
        ("deploy", "deployment"),
        ("sts", "statefulset"),
        ("ds", "daemonset"),
        ("svc", "service"),
        ("ns", "namespace"),
        ("pvc", "persistentvolumeclaim"),
        ("po", "pod"),
        ("ing", "ingress"),
        ("rs", "replicaset"),
        ("cj", "cronjob"),
    ];
    shorts.contains(&(word, kind))
}

/// Why a name leads nowhere, in words that help to ask again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unclear {
    /// No object fits.
    #[error("nothing is called {} on platform {}{}", quoted(name), quoted(platform), closest.as_ref().map(|it| format!("; did you mean {it}?")).unwrap_or_default())]
    Nothing {
        /// What was typed.
        name: String,
        /// The platform that was looked at.
        platform: String,
        /// The nearest name that there is, in backquotes; `None` if none comes close.
        closest: Option<String>,
    },
    /// Several objects fit, and none of them stands above the others.
    #[error("`{name}` could be {}: ask again with one of these", candidates.join(", "))]
    Ambiguous {
        /// What was typed.
        name: String,
        /// Each of them in backquotes, as it is typed to mean that one alone.
        candidates: Vec<String>,
    },
}

/// How far up a kind stands: the topmost of several with one name is what people mean.
fn rank(snapshot: &Snapshot, object: &Value) -> u8 {
    let at = Ref::of(object);
    let is_composite = snapshot.composite_kinds().iter().any(|kind| kind.group == at.group && kind.kind == at.kind);
    match at.kind.as_str() {
        _ if is_composite => 0,
        "Application" => 1,
        "ApplicationSet" => 2,
        kind if WORKLOADS.contains(&kind) => 3,
        "Pod" => 4,
        "Node" | "Namespace" => 6,
        kind if SUPPORTING.contains(&kind) => 7,
        _ => 5,
    }
}

/// The objects that a name means: one, or all workloads of a component of the platform.
///
/// # Errors
/// [`Unclear`], with what comes close or what it could be.
pub fn resolve<'a>(snapshot: &'a Snapshot, typed: &str) -> Result<Vec<&'a Value>, Unclear> {
    let query = Query::parse(typed);
    let skipped = |kind: &str| kind.ends_with("Report") || matches!(kind, "Event" | "EndpointSlice" | "ReplicaSet");
    let fitting = snapshot.everything().filter(|object| query.fits(object));
    let mut found: Vec<_> = fitting.filter(|object| query.kind.is_some() || !skipped(text(object, "/kind"))).collect();
    found.sort_by_key(|object| (rank(snapshot, object), namespace(object)));
    let members = members_of_component(snapshot, &query);
    let is_component = typed.trim().to_lowercase().starts_with("component:");
    let is_only_supported = found.first().is_none_or(|object| rank(snapshot, object) > 3) && query.kind.is_none();
    if !members.is_empty() && (is_component || is_only_supported) {
        return Ok(members);
    }
    if let Some(best) = found.first().map(|object| rank(snapshot, object)) {
        let workloads = if best <= 3 { 3 } else { best };
        // Several of one level are several things; what stands below the top in one namespace belongs to it.
        let tops: Vec<_> = found.iter().filter(|object| rank(snapshot, object) <= workloads).copied().collect();
        return one_thing(snapshot, typed, &tops);
    }
    match applications_named_after(snapshot, &query).as_slice() {
        [] => Err(nothing(snapshot, typed, &query)),
        [one] => Ok(vec![*one]),
        several => Err(ambiguous(typed, several)),
    }
}

/// The one thing that these objects are parts of.
fn one_thing<'a>(snapshot: &Snapshot, typed: &str, found: &[&'a Value]) -> Result<Vec<&'a Value>, Unclear> {
    let Some(first) = found.first() else { return Ok(Vec::new()) };
    let is_other = |object: &&&Value| {
        let same_place = namespace(object) == namespace(first)
            || namespace(first).is_empty()
            || text(object, "/kind") == "Application";
        !same_place || (rank(snapshot, object) == rank(snapshot, first) && Ref::of(object).kind != "Application")
    };
    let others: Vec<_> = found[1..].iter().filter(is_other).copied().collect();
    if others.is_empty() {
        return Ok(vec![*first]);
    }
    let all: Vec<_> = [*first].into_iter().chain(others).collect();
    Err(ambiguous(typed, &all))
}

fn ambiguous(typed: &str, found: &[&Value]) -> Unclear {
    let mut candidates: Vec<_> =
        found.iter().take(MOST_CANDIDATES).map(|object| format!("`{}`", typed_form(object))).collect();
    if found.len() > candidates.len() {
        candidates.push(format!("{} more", found.len() - candidates.len()));
    }
    Unclear::Ambiguous { name: typed.into(), candidates }
}

/// How an object is written so that it is found again.
pub fn typed_form(object: &Value) -> String {
    match namespace(object) {
        "" => format!("{}:{}", text(object, "/kind"), name(object)),
        place => format!("{}:{place}/{}", text(object, "/kind"), name(object)),
    }
}

/// A reference as it is written to ask for it.
pub fn typed(at: &Ref) -> String {
    match at.namespace.as_str() {
        "" => format!("{}:{}", at.kind, at.name),
        place => format!("{}:{place}/{}", at.kind, at.name),
    }
}

fn members_of_component<'a>(snapshot: &'a Snapshot, query: &Query) -> Vec<&'a Value> {
    let kinds = WORKLOADS.iter().flat_map(|kind| {
        let group = if matches!(*kind, "Job" | "CronJob") { "batch" } else { "apps" };
        snapshot.all(group, kind)
    });
    kinds.filter(|object| label(object, COMPONENT) == Some(&query.name)).collect()
}

/// Applications often carry the namespace and kind in front of the name, and what they bring may not exist yet.
fn applications_named_after<'a>(snapshot: &'a Snapshot, query: &Query) -> Vec<&'a Value> {
    let place = |application: &Value| text(application, "/spec/destination/namespace").to_string();
    let ending = format!("-{}", query.name);
    let fits = |application: &&Value| {
        name(application).ends_with(&ending)
            && query.namespace.as_ref().is_none_or(|wanted| {
                *wanted == place(application) || name(application).starts_with(&format!("{wanted}-"))
            })
    };
    snapshot.all("argoproj.io", "Application").filter(fits).collect()
}

fn nothing(snapshot: &Snapshot, typed: &str, query: &Query) -> Unclear {
    let near = snapshot.everything().filter(|object| matches!(rank(snapshot, object), 0..=3));
    let near = near.map(|object| (likeness(name(object), &query.name), object));
    let best = near.filter(|(score, _)| *score > 0.8).max_by(|a, b| a.0.total_cmp(&b.0));
    let closest = best.map(|(_, object)| format!("`{}`", typed_form(object)));
    Unclear::Nothing { name: typed.into(), platform: snapshot.platform.clone(), closest }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(api: &str, kind: &str, namespace: &str, name: &str) -> Value {
        json!({"apiVersion": api, "kind": kind, "metadata": {"namespace": namespace, "name": name}})
    }

    fn snapshot() -> Snapshot {
        let xrd = json!({"apiVersion": "apiextensions.crossplane.io/v2", "kind": "CompositeResourceDefinition",
            "metadata": {"name": "apps.p.dev"}, "spec": {"group": "p.dev", "names": {"kind": "App", "plural": "apps"}}});
        let mut late = object("argoproj.io/v1alpha1", "Application", "argocd", "demo-app-late");
        late["spec"]["destination"]["namespace"] = "demo".into();
        let mut part = object("apps/v1", "Deployment", "tools", "tool-server");
        part["metadata"]["labels"][COMPONENT] = "tool".into();
        Snapshot::of(
            "lab",
            [
                xrd,
                late,
                part,
                object("p.dev/v1", "App", "demo", "shop"),
                object("apps/v1", "Deployment", "demo", "shop"),
                object("v1", "Service", "demo", "shop"),
                object("p.dev/v1", "App", "demo", "twice"),
                object("p.dev/v1", "App", "prod", "twice"),
                object("v1", "Pod", "demo", "shop-1"),
            ],
        )
    }

    fn found(typed: &str) -> Result<Vec<String>, String> {
        let snapshot = snapshot();
        let found = resolve(&snapshot, typed);
        found.map(|all| all.into_iter().map(typed_form).collect()).map_err(|error| error.to_string())
    }

    #[test]
    fn many_ways_of_writing_lead_to_the_topmost_object() {
        for typed in
            ["shop", "demo/shop", "app:demo/shop", "App demo/shop", "component:demo/shop", "app/shop", "App/demo/shop"]
        {
            assert_eq!(found(typed), Ok(vec!["App:demo/shop".to_string()]), "{typed}");
        }
        assert_eq!(found("deployment/shop"), Ok(vec!["Deployment:demo/shop".into()]));
        assert_eq!(found("svc:demo/shop"), Ok(vec!["Service:demo/shop".into()]));
        assert_eq!(found("shop-1"), Ok(vec!["Pod:demo/shop-1".into()]));
        assert_eq!(
            found("late"),
            Ok(vec!["Application:argocd/demo-app-late".into()]),
            "what Git has and the cluster has not"
        );
        assert_eq!(found("component:tool"), Ok(vec!["Deployment:tools/tool-server".into()]));
    }

    #[test]
    fn what_is_not_clear_is_told_with_what_it_could_be() {
        let error = found("twice").expect_err("two of them");
        assert!(error.contains("`App:demo/twice`") && error.contains("`App:prod/twice`"), "{error}");
        let error = found("shup").expect_err("nothing");
        assert!(error.contains("did you mean `App:demo/shop`"), "{error}");
        assert_eq!(found("prod/twice"), Ok(vec!["App:prod/twice".into()]));
    }
}
