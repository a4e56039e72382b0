//! Pods that their node does not take or cannot set up, before any container begins: which of the pod's own fields is meant.

use serde_json::{Value, json};

use super::custom::named_in;
use super::mutated::value_at;
use super::{Fault, Finding};
use crate::live::object::{name, namespace, text};
use crate::live::references::template::Template;

/// What makes the whole name of a pod its host name.
const WHOLE_NAME: &str = "setHostnameAsFQDN";
/// Parts of a pod's specification that are nobody's wish as to its node, or that a container tells of itself.
const NO_WISHES: [&str; 8] = [
    "nodeName",
    "containers",
    "initContainers",
    "serviceAccountName",
    "serviceAccount",
    "schedulerName",
    "restartPolicy",
    "dnsPolicy",
];
/// A host name has at most so many letters.
const MOST_LETTERS: usize = 64;

/// The field that a message about the pod as a whole means.
pub(super) fn field(object: &Value, template: Template<'_>, finding: &Finding) -> Option<String> {
    let said = finding.evidence.iter().map(|evidence| evidence.text.as_str()).chain([finding.summary.as_str()]);
    let said = said.collect::<Vec<_>>().join(" ");
    if is_of_name(&said.to_lowercase()) && template.spec.get(WHOLE_NAME).is_some() {
        return Some(format!("{}.{WHOLE_NAME}", template.path));
    }
    let mut own = json!({"spec": template.spec});
    // Where it was put, and what it runs, its node says in any message.
    let spec = own.get_mut("spec")?.as_object_mut()?;
    NO_WISHES.iter().for_each(|part| drop(spec.remove(*part)));
    let found = named_in(&own, &said)?;
    let value = value_at(&own, &found)?.as_str()?;
    (!name(object).starts_with(value)).then(|| found.replacen("spec", template.path, 1))
}

/// The finding with what to do about a host name that is too long.
pub(super) fn told(object: &Value, finding: Finding) -> Finding {
    if finding.fault != Fault::CannotStart || !finding.field.ends_with(WHOLE_NAME) {
        return finding;
    }
    let Some(template) = Template::of(object) else { return finding };
    let (subdomain, field) = (text(template.spec, "/subdomain"), finding.field.clone());
    let rest = format!("{subdomain}.{}.svc.cluster.local", namespace(object)).len() + 1;
    let short = match MOST_LETTERS.checked_sub(rest) {
        Some(left) if left > 8 && !subdomain.is_empty() => {
            format!(" Or give its pods a `hostname` of at most {left} letters.")
        }
        _ if subdomain.is_empty() => String::new(),
        _ => format!(
            " Or make `subdomain` (`{subdomain}`) and the names shorter: more than {MOST_LETTERS} letters are no host name."
        ),
    };
    finding.next(format!(
        "Take `{field}` out: then its short name is its host name, and the whole one is found all the same.{short}"
    ))
}

fn is_of_name(said: &str) -> bool {
    said.contains("fqdn") || said.contains("hostname") && said.contains("too long")
}
