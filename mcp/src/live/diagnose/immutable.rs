//! What Kubernetes lets nobody change, and a source wants otherwise: the manifest is right, and can never be applied.

use serde_json::Value;

use super::{Fault, Finding, source};
use crate::live::object::{Ref, list, text};

/// How the API says that a field is fixed.
const FIXED: [&str; 8] = [
    "is immutable",
    "are immutable",
    "may not change once set",
    "cannot be changed",
    "cannot change roleref",
    "updates to statefulset spec",
    "updates to parameters",
    "may not be changed",
];
/// How it says which field a complaint is of.
const BEHIND_FIELD: [&str; 2] = [": Invalid value: ", ": Forbidden: "];
/// Annotation by which Argo CD makes an object anew where it cannot change it.
const OPTIONS: &str = "argocd.argoproj.io/sync-options: Replace=true,Force=true";

/// A sync that fails because of such a field: the object and the field are at fault, as the message names them.
pub(super) fn told(application: &Value, message: &str) -> Option<Finding> {
    let (before, said) = message.split_once(" is invalid: ")?;
    let fixed = said.to_lowercase();
    let at_phrase = FIXED.iter().filter_map(|words| fixed.find(words)).min()?;
    let field = field(said.get(..at_phrase)?)?;
    let at = object(application, before)?;
    let (app, from) = (Ref::of(application), source::in_words(application));
    let text = format!(
        "cannot be changed as {from} says: Kubernetes lets nobody change `{field}` of a {} that is there",
        at.kind
    );
    let mut found = Finding::new(Fault::NotApplied, at.clone(), text).at(field.clone());
    // Nothing that comes from there arrives before this is out of the way.
    found.weight = Fault::InvalidManifest.weight();
    found.affects.push(app.to_string());
    let found = found.with("sync", &told_last(message));
    let lost = match at.kind.as_str() {
        "PersistentVolumeClaim" => " (what lies on it is lost with it: save that first)",
        "StatefulSet" | "Deployment" => " (with `--cascade=orphan` its pods stay meanwhile)",
        _ => "",
    };
    Some(found.next(format!(
        "Delete {at}{lost} and sync {app}: that makes it anew as the source says. Or give it there annotation `{OPTIONS}`, or take `{field}` back to what it was."
    )))
}

/// The end of a long message says why.
fn told_last(message: &str) -> String {
    let letters: Vec<_> = message.chars().collect();
    letters[letters.len().saturating_sub(280)..].iter().collect()
}

/// The last field that is named before the complaint.
fn field(said: &str) -> Option<String> {
    let end = BEHIND_FIELD.iter().filter_map(|words| said.rfind(words)).max()?;
    let field = said[..end].rsplit([' ', ',']).next()?.trim_start_matches('[');
    (!field.is_empty() && field.starts_with(|letter: char| letter.is_ascii_lowercase())).then(|| field.into())
}

/// The object that a message names, `Deployment.apps "web"`: where it is, the Application knows.
fn object(application: &Value, before: &str) -> Option<Ref> {
    let (before, called) = before.strip_suffix('"')?.rsplit_once('"')?;
    let word = before.trim_end().rsplit(|letter: char| letter.is_whitespace() || letter == '"').next()?;
    let (kind, group) = word.split_once('.').unwrap_or((word, ""));
    let all = ["/status/operationState/syncResult/resources", "/status/resources"];
    let mut known = all.into_iter().flat_map(|place| list(application, place));
    let is_it = |one: &&Value| text(one, "/kind") == kind && text(one, "/name") == called;
    let place = known
        .find(is_it)
        .map_or_else(|| text(application, "/spec/destination/namespace"), |resource| text(resource, "/namespace"));
    (!kind.is_empty() && kind.starts_with(char::is_uppercase)).then(|| Ref::new(group, kind, place, called))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn application() -> Value {
        json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"namespace": "argocd", "name": "web"},
            "spec": {"source": {"repoURL": "http://charts", "chart": "web", "targetRevision": "2.0.0"}, "destination": {"namespace": "shop"}},
            "status": {"resources": [{"kind": "ConfigMap", "namespace": "other", "name": "settings"}]}})
    }

    #[test]
    fn a_field_that_nobody_may_change_is_named_with_its_object() {
        for (message, object, field) in [
            (
                "error when patching \"/dev/shm/2857065703\": Deployment.apps \"web\" is invalid: spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"web\"}}: field is immutable",
                "Deployment shop/web",
                "spec.selector",
            ),
            (
                "one or more objects failed to apply, reason: StatefulSet.apps \"db\" is invalid: spec: Forbidden: updates to statefulset spec for fields other than 'replicas' are forbidden",
                "StatefulSet shop/db",
                "spec",
            ),
            (
                "Service \"web\" is invalid: spec.clusterIPs[0]: Invalid value: [\"None\"]: may not change once set (retried 5 times).",
                "Service shop/web",
                "spec.clusterIPs[0]",
            ),
            (
                "ConfigMap \"settings\" is invalid: data: Forbidden: field is immutable when `immutable` is set",
                "ConfigMap other/settings",
                "data",
            ),
        ] {
            let found = told(&application(), message).unwrap_or_else(|| panic!("{message}"));
            assert_eq!((found.object.to_string().as_str(), found.field.as_str()), (object, field));
            assert!(found.next.starts_with(&format!("Delete {object}")) && found.next.contains("Replace=true"));
            assert!(found.summary.contains("chart `web` 2.0.0") && !found.summary.contains("``"), "{}", found.summary);
        }
    }

    #[test]
    fn other_complaints_are_left_to_those_who_read_manifests() {
        for message in [
            "App.p.dev \"shop\" is invalid: spec.image: Required value",
            "Deployment.apps \"web\" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0",
            "Deployment.apps \"web\" is invalid: spec.template.metadata.labels: Invalid value: {\"app\":\"x\"}: `selector` does not match template `labels`",
            "secrets \"immutable\" not found",
        ] {
            assert!(told(&application(), message).is_none(), "{message}");
        }
    }
}
