//! Kinds that a project of Argo CD does not let its Applications have: which of its lists says so.

use serde_json::{Value, json};

use super::Seen;
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, list, namespace, text};

const GROUP: &str = "argoproj.io";

/// A kind of object, as projects name it.
struct Kind<'a> {
    group: &'a str,
    kind: &'a str,
    /// Whether its objects are in namespaces, if that is known.
    namespaced: Option<bool>,
}

/// The finding about a kind that is refused, as one about the list of the project that refuses it.
pub(in crate::live::diagnose) fn explained(seen: &Seen<'_>, finding: Finding) -> Finding {
    let application = seen.snapshot.get(&finding.object).filter(|one| text(one, "/kind") == "Application");
    let Some(application) = application.filter(|_| finding.fault == Fault::MissingRights) else { return finding };
    let texts = finding.evidence.iter().map(|evidence| evidence.text.as_str());
    let Some((group, kind)) = texts.chain([finding.summary.as_str()]).find_map(refused) else { return finding };
    let kind = Kind { group, kind, namespaced: is_namespaced(seen, application, group, kind) };
    let project = Ref::new(GROUP, "AppProject", namespace(application), text(application, "/spec/project"));
    let Some(object) = seen.snapshot.get(&project) else { return finding };
    let Some((field, is_forbidden)) = at_fault(object, &kind) else { return finding };
    let (app, what) = (finding.object.clone(), json!({"group": kind.group, "kind": kind.kind}).to_string());
    let (summary, next) = match is_forbidden {
        true => (
            format!("forbids {} to its Applications (`{field}`), and {app} brings one", kind.kind),
            format!("Take {} out of `{field}` of {project}, or out of what {app} brings.", kind.kind),
        ),
        false => (
            format!("does not allow {} to its Applications (`{field}`), and {app} brings one", kind.kind),
            format!("Add `{what}` to `{field}` of {project}, or take {} out of what {app} brings.", kind.kind),
        ),
    };
    let said = object.pointer(&format!("/{}", field.replace(['.', '['], "/").replace(']', "")));
    let mut cause = Finding::new(Fault::MissingRights, project.clone(), summary).at(field.clone());
    cause.evidence = finding.evidence.clone();
    cause.affects.push(app.to_string());
    cause.with(field, &said.map_or_else(|| "not set".into(), Value::to_string)).next(next)
}

/// `resource apps:Deployment is not permitted in project x`.
fn refused(message: &str) -> Option<(&str, &str)> {
    let (before, _) = message.split_once(" is not permitted in project")?;
    let (_, what) = before.rsplit_once("resource ")?;
    what.split_once(':').filter(|(_, kind)| !kind.is_empty() && !kind.contains(' '))
}

fn is_namespaced(seen: &Seen<'_>, application: &Value, group: &str, kind: &str) -> Option<bool> {
    let served = seen.snapshot.served.iter().find(|one| one.group == group && one.kind == kind);
    served.map(|one| one.namespaced).or_else(|| {
        let mut tried = list(application, "/status/operationState/syncResult/resources").iter();
        let tried = tried.find(|one| text(one, "/group") == group && text(one, "/kind") == kind)?;
        Some(!text(tried, "/namespace").is_empty())
    })
}

/// The list of a project that is in the way of a kind, and whether it is one of what is forbidden. Of kinds of the cluster
/// nothing is allowed that no list names, of those of namespaces everything.
fn at_fault(project: &Value, kind: &Kind<'_>) -> Option<(String, bool)> {
    let listed = |name: &str| {
        list(project, &format!("/spec/{name}"))
            .iter()
            .position(|one| fits(text(one, "/group"), kind.group) && fits(text(one, "/kind"), kind.kind))
    };
    let scopes = [("namespaceResource", true), ("clusterResource", false)];
    let scopes = scopes.into_iter().filter(|(_, namespaced)| kind.namespaced.is_none_or(|known| known == *namespaced));
    let scopes: Vec<_> = scopes.collect();
    let forbidden = scopes.iter().find_map(|(name, _)| {
        let field = format!("{name}Blacklist");
        Some((format!("spec.{field}[{}]", listed(&field)?), true))
    });
    let missing = || {
        scopes.iter().find_map(|(name, namespaced)| {
            let field = format!("{name}Whitelist");
            let is_set = project.pointer(&format!("/spec/{field}")).is_some();
            let is_known = kind.namespaced.is_some();
            let is_closed = is_set || !namespaced && is_known;
            (is_closed && listed(&field).is_none()).then(|| (format!("spec.{field}"), false))
        })
    };
    forbidden.or_else(missing)
}

fn fits(pattern: &str, word: &str) -> bool {
    globset::Glob::new(pattern).is_ok_and(|glob| glob.compile_matcher().is_match(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::diagnose::diagnose;
    use crate::live::snapshot::Snapshot;

    fn told(spec: Value, place: &str, kind: &str) -> (String, String, String) {
        let message = format!("resource :{kind} is not permitted in project team");
        let project = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"namespace": "argocd", "name": "team"}, "spec": spec});
        let application = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"namespace": "argocd", "name": "shop"},
            "spec": {"project": "team"}, "status": {"sync": {"status": "OutOfSync"}, "operationState": {"phase": "Running", "syncResult": {"resources": [
                {"group": "", "kind": kind, "namespace": place, "name": "x", "status": "SyncFailed", "message": message}]}}}});
        let told =
            diagnose(&Snapshot::of("lab", [project, application]), "Application:argocd/shop").expect("an application");
        let cause = told.causes.into_iter().next().expect("a cause");
        (cause.object.to_string(), cause.field, cause.next)
    }

    #[test]
    fn the_list_of_the_project_that_refuses_a_kind_is_named() {
        let project = "AppProject argocd/team";
        let quota = json!({"group": "", "kind": "ResourceQuota"});
        let other = json!({"group": "apps", "kind": "*"});
        for (spec, place, kind, field, next) in [
            (
                json!({"namespaceResourceBlacklist": [other, quota]}),
                "shop",
                "ResourceQuota",
                "spec.namespaceResourceBlacklist[1]",
                "Take ResourceQuota out of",
            ),
            (
                json!({"namespaceResourceBlacklist": [{"group": "*", "kind": "*"}]}),
                "shop",
                "Secret",
                "spec.namespaceResourceBlacklist[0]",
                "Take Secret out of",
            ),
            (
                json!({"namespaceResourceWhitelist": [other]}),
                "shop",
                "ResourceQuota",
                "spec.namespaceResourceWhitelist",
                "Add `{\"group\":\"\",\"kind\":\"ResourceQuota\"}` to",
            ),
            (json!({"clusterResourceWhitelist": [other]}), "", "Namespace", "spec.clusterResourceWhitelist", "Add"),
            (json!({}), "", "Namespace", "spec.clusterResourceWhitelist", "Add"),
            (
                json!({"clusterResourceWhitelist": [{"group": "*", "kind": "*"}], "clusterResourceBlacklist": [{"group": "", "kind": "Namespace"}]}),
                "",
                "Namespace",
                "spec.clusterResourceBlacklist[0]",
                "Take Namespace out of",
            ),
        ] {
            let (object, at, step) = told(spec, place, kind);
            assert_eq!((object.as_str(), at.as_str()), (project, field));
            assert!(step.starts_with(next), "{step}");
        }
        // A list that allows it is not at fault, whatever the message says.
        assert_eq!(
            told(json!({"namespaceResourceWhitelist": [quota]}), "shop", "ResourceQuota").0,
            "Application argocd/shop"
        );
    }
}
