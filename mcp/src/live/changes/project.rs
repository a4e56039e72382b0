//! Whether Argo CD will apply what a file says: the rules of its projects, asked before anything is proposed.

use serde_json::Value;

use super::glob;
use super::source::Taker;
use crate::live::object::{Ref, annotation, list, name, text};
use crate::live::snapshot::Snapshot;

/// On a project: how a namespace will be that an order makes, as `{"labels": {...}, "rule": "..."}`.
pub(super) const NEW_NAMESPACES: &str = "backstack.dev/new-namespaces";
/// Why Argo CD would not apply these objects; nothing if it would.
pub fn refusals(snapshot: &Snapshot, taker: &Taker, objects: &[Value]) -> Vec<String> {
    let named = |project: &&Value| name(project) == taker.project;
    let Some(project) = snapshot.all("argoproj.io", "AppProject").find(named) else {
        return vec![format!("{} is of project `{}`, which does not exist", taker.name, taker.project)];
    };
    let mut refusals = Vec::new();
    if !is_source(project, &taker.address) {
        refusals.push(format!("project `{}` takes nothing from repository {}", taker.project, taker.address));
    }
    // Argo CD looks at the Application's own destination first, whatever its objects say.
    if !is_destination(project, &taker.server, &taker.namespace) {
        refusals.push(closed(project, taker, &taker.namespace));
        return refusals;
    }
    refusals.extend(objects.iter().filter_map(|object| refusal(snapshot, project, taker, object)));
    refusals
}

fn refusal(snapshot: &Snapshot, project: &Value, taker: &Taker, object: &Value) -> Option<String> {
    let mut at = Ref::of(object);
    let wide = is_wide(snapshot, &at);
    let (allow, deny) = if wide {
        ("/spec/clusterResourceWhitelist", "/spec/clusterResourceBlacklist")
    } else {
        ("/spec/namespaceResourceWhitelist", "/spec/namespaceResourceBlacklist")
    };
    let is_listed = |pointer: &str| list(project, pointer).iter().any(|rule| is_kind(rule, &at));
    // Without a list, all kinds within namespaces may come, and none beside them.
    let may = is_listed(allow) || (!wide && list(project, allow).is_empty());
    if !may || is_listed(deny) {
        let scope = if wide { "cluster-wide objects" } else { "objects in namespaces" };
        let allowed: Vec<_> = list(project, allow).iter().map(rule_told).collect();
        let allowed = if allowed.is_empty() { "none".into() } else { allowed.join(", ") };
        return Some(format!(
            "{at}: project `{}` does not allow {} among {scope} (it allows {allowed})",
            taker.project,
            rule_of(&at)
        ));
    }
    if at.namespace.is_empty() {
        at.namespace.clone_from(&taker.namespace);
    }
    (!wide && !is_destination(project, &taker.server, &at.namespace)).then(|| closed(project, taker, &at.namespace))
}

fn closed(project: &Value, taker: &Taker, namespace: &str) -> String {
    let rules = list(project, "/spec/destinations").iter().map(|rule| text(rule, "/namespace"));
    let (denied, open): (Vec<_>, Vec<_>) = rules.partition(|rule| rule.starts_with('!'));
    // The rest of a long list is nothing to the point.
    let fits = |rule: &&str| glob::name(rule.trim_start_matches('!'), namespace);
    let why = match denied.into_iter().find(fits) {
        Some(rule) => format!("it denies {}", rule.trim_start_matches('!')),
        None => format!("it allows {}", open.join(", ")),
    };
    let rule = rule(project).map(|rule| format!(". {rule}")).unwrap_or_default();
    format!("project `{}` of {} does not allow namespace `{namespace}` ({why}){rule}", taker.project, taker.name)
}

/// Whether a project takes a kind among what belongs to namespaces.
pub(super) fn takes(project: &Value, at: &Ref) -> bool {
    list(project, "/spec/namespaceResourceWhitelist").iter().any(|rule| is_kind(rule, at))
}

fn is_source(project: &Value, address: &str) -> bool {
    let rules: Vec<_> = list(project, "/spec/sourceRepos").iter().filter_map(Value::as_str).collect();
    allows(&rules, |rule| glob::name(rule, address))
}

pub(super) fn is_destination(project: &Value, server: &str, namespace: &str) -> bool {
    let rules = list(project, "/spec/destinations");
    let there = |rule: &Value| {
        let (by_server, by_name) = (text(rule, "/server"), text(rule, "/name"));
        (!by_server.is_empty() && glob::name(by_server.trim_start_matches('!'), server))
            || (!by_name.is_empty() && (glob::name(by_name, server) || (by_name == "in-cluster" && is_here(server))))
    };
    let place = |rule: &Value| glob::name(text(rule, "/namespace").trim_start_matches('!'), namespace);
    let denies = |rule: &&Value| text(rule, "/server").starts_with('!') || text(rule, "/namespace").starts_with('!');
    rules.iter().any(|rule| !denies(&rule) && there(rule) && place(rule))
        && !rules.iter().filter(denies).any(|rule| there(rule) && place(rule))
}

/// The cluster that Argo CD itself is in.
pub(super) const HERE: &str = "https://kubernetes.default.svc";

fn is_here(server: &str) -> bool {
    server == HERE
}

/// A `!` before a rule denies.
fn allows(rules: &[&str], fits: impl Fn(&str) -> bool) -> bool {
    rules.iter().any(|rule| !rule.starts_with('!') && fits(rule))
        && !rules.iter().filter_map(|rule| rule.strip_prefix('!')).any(fits)
}

fn is_kind(rule: &Value, at: &Ref) -> bool {
    let named = text(rule, "/name");
    glob::name(text(rule, "/group"), &at.group)
        && glob::name(text(rule, "/kind"), &at.kind)
        && (named.is_empty() || glob::name(named, &at.name))
}

fn rule_told(rule: &Value) -> String {
    let (group, kind) = (text(rule, "/group"), text(rule, "/kind"));
    if group.is_empty() { kind.into() } else { format!("{kind} of {group}") }
}

fn rule_of(at: &Ref) -> String {
    if at.group.is_empty() { at.kind.clone() } else { format!("{} of {}", at.kind, at.group) }
}

/// Whether objects of a kind belong to no namespace: what its definition says, or else the objects that there are, or
/// else the object itself.
pub fn is_wide(snapshot: &Snapshot, at: &Ref) -> bool {
    let composites = snapshot.composite_kinds();
    if let Some(kind) = composites.iter().find(|kind| kind.group == at.group && kind.kind == at.kind) {
        return !kind.is_namespaced();
    }
    match snapshot.all(&at.group, &at.kind).next() {
        Some(other) => text(other, "/metadata/namespace").is_empty(),
        None => at.namespace.is_empty() && WIDE.contains(&at.kind.as_str()),
    }
}

/// Kinds of the cluster that stand in files, where no object of them is kept to look at.
const WIDE: [&str; 12] = [
    "Namespace",
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "CompositeResourceDefinition",
    "Composition",
    "Function",
    "Provider",
    "ValidatingPolicy",
    "MutatingPolicy",
    "ClusterPolicy",
    "StorageClass",
];

/// What a project says about namespaces that are made.
fn rule(project: &Value) -> Option<String> {
    let told: Value = serde_json::from_str(annotation(project, NEW_NAMESPACES)?).ok()?;
    Some(text(&told, "/rule").into()).filter(|rule: &String| !rule.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::apis::tests::definition;
    use crate::live::changes::source::{taker, tests::argo_cd};
    use serde_json::json;

    fn refused(file: &str, object: Value) -> Vec<String> {
        let mut objects = argo_cd();
        objects.push(definition());
        let snapshot = Snapshot::of("lab", objects);
        let repository = if file.starts_with("policies") { "backstack/platform" } else { "backstack/demo-cluster" };
        refusals(&snapshot, &taker(&snapshot, repository, file).expect("a taker"), &[object])
    }

    fn object(api: &str, kind: &str, namespace: &str) -> Value {
        json!({"apiVersion": api, "kind": kind, "metadata": {"namespace": namespace, "name": "x"}})
    }

    #[test]
    fn what_a_project_does_not_allow_is_told_with_what_it_allows() {
        let app = |namespace| object("p.dev/v1alpha1", "App", namespace);
        assert_eq!(refused("demo/app/x.yaml", app("demo")), Vec::<String>::new());
        assert_eq!(refused("demo/app/x.yaml", app("")), Vec::<String>::new(), "it goes where the file's folder says");
        for (file, object, part) in [
            ("prod/app/x.yaml", app("prod"), "namespace `prod` (it allows demo, cluster)"),
            ("demo/app/x.yaml", app("other"), "namespace `other`"),
            (
                "demo/deployment/x.yaml",
                object("apps/v1", "Deployment", "demo"),
                "Deployment of apps among objects in namespaces (it allows * of p.dev)",
            ),
            (
                "cluster/clusterrole/x.yaml",
                object("rbac.authorization.k8s.io/v1", "ClusterRole", ""),
                "ClusterRole of rbac.authorization.k8s.io among cluster-wide",
            ),
        ] {
            let told = refused(file, object);
            assert!(told.len() == 1 && told[0].contains(part), "{file}: {told:?}");
        }
        let anything = object("rbac.authorization.k8s.io/v1", "ClusterRole", "");
        assert_eq!(refused("policies/x.yaml", anything), Vec::<String>::new());
    }

    #[test]
    fn what_is_denied_is_not_allowed_whatever_else_is() {
        let project = json!({"spec": {"destinations": [{"server": "*", "namespace": "*"}, {"server": "*", "namespace": "!kube-*"}], "sourceRepos": ["*", "!https://bad/*"]}});
        let open = |namespace| is_destination(&project, "https://kubernetes.default.svc", namespace);
        assert_eq!((open("demo"), open("kube-system")), (true, false));
        let taker = Taker {
            name: "ApplicationSet orders".into(),
            project: "orders".into(),
            server: HERE.into(),
            namespace: "kube-a".into(),
            address: String::new(),
        };
        assert!(closed(&project, &taker, "kube-a").ends_with("does not allow namespace `kube-a` (it denies kube-*)"));
        assert_eq!((is_source(&project, "https://good/a"), is_source(&project, "https://bad/a")), (true, false));
    }
}
