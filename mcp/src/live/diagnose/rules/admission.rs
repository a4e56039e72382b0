//! Webhooks that do not answer: whose they are, and why everything that they must be asked about is refused.

use serde_json::{Value, json};

use super::Seen;
use super::webhooks::{self, Trouble};
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, list, name, text};
use crate::live::references::selector::{fits, fits_plain, selected};
use crate::live::references::template::Template;
use crate::live::references::there_are;
use crate::live::snapshot::Snapshot;

const GROUP: &str = "admissionregistration.k8s.io";
const KINDS: [&str; 2] = ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"];

/// The finding about a refusal, as one about the webhook that is at fault, where that can be seen.
pub(in crate::live::diagnose) fn explained(seen: &Seen<'_>, finding: Finding) -> Finding {
    if finding.fault != Fault::Webhook {
        return finding;
    }
    let texts = || finding.evidence.iter().map(|evidence| evidence.text.as_str()).chain([finding.summary.as_str()]);
    let Some(webhook) = texts().find_map(|text| text.split_once("failed calling webhook \"")?.1.split('"').next())
    else {
        return finding;
    };
    let configurations = KINDS.iter().flat_map(|kind| seen.snapshot.all(GROUP, kind));
    let found = configurations.filter_map(|configuration| {
        let index = list(configuration, "/webhooks").iter().position(|one| text(one, "/name") == webhook)?;
        Some((configuration, index))
    });
    let Some((configuration, index)) = found.last() else { return finding };
    let webhook_of = &list(configuration, "/webhooks")[index];
    let at = Ref::of(configuration);
    let refused = finding.object.to_string();
    let Some(why) = no_answer(seen, webhook_of) else {
        let said: Vec<_> = texts().collect();
        let trouble = webhooks::trouble(seen, webhook_of, &at, index, &said.join(" "));
        return trouble.map(|trouble| answers_otherwise(&finding, at, webhook, trouble)).unwrap_or(finding);
    };
    let text = format!("refuses what webhook `{webhook}` must be asked about (`failurePolicy: Fail`): {why}");
    let field = format!("webhooks[{index}].clientConfig.service");
    let mut cause = Finding::new(Fault::Webhook, at.clone(), text).at(field);
    cause.evidence = finding.evidence.clone();
    cause.affects.push(refused);
    if let Some(server) = shut_out(seen, webhook_of) {
        return deadlocked(cause, index, &server);
    }
    cause.next(format!("Bring the webhook's Service up, or take {at} away if what it is of is gone."))
}

/// A webhook that is there, and that cannot be asked as its configuration says.
fn answers_otherwise(finding: &Finding, at: Ref, webhook: &str, trouble: Trouble) -> Finding {
    let text = format!("refuses what webhook `{webhook}` must be asked about (`failurePolicy: Fail`): {}", trouble.why);
    let mut cause = Finding::new(Fault::Webhook, at, text).at(trouble.field);
    cause.evidence.clone_from(&finding.evidence);
    cause.affects.push(finding.object.to_string());
    cause.next(trouble.next)
}

/// Webhooks that must be asked, and that nobody answers for: whatever they are asked about is refused.
pub(super) fn of_configuration(seen: &Seen<'_>, configuration: &Value) -> Vec<Finding> {
    let webhooks = list(configuration, "/webhooks").iter().enumerate();
    let found = webhooks.filter(|(_, webhook)| matches!(text(webhook, "/failurePolicy"), "" | "Fail"));
    let found = found.filter_map(|(index, webhook)| {
        let (at, why) = (Ref::of(configuration), no_answer(seen, webhook)?);
        let summary = format!(
            "refuses what webhook `{}` must be asked about (`failurePolicy: Fail`): {why}",
            text(webhook, "/name")
        );
        let field = format!("webhooks[{index}].clientConfig.service");
        let rules = webhook.get("rules").map(Value::to_string).unwrap_or_default();
        let finding = Finding::new(Fault::Webhook, at.clone(), summary).at(field).with("rules", &rules);
        if let Some(server) = shut_out(seen, webhook) {
            return Some(deadlocked(finding, index, &server));
        }
        let part = |field: &str| text(webhook, &format!("/clientConfig/service/{field}"));
        let service = format!("{}/{}", part("namespace"), part("name"));
        Some(finding.next(format!("Bring Service {service} up, or take {at} away if what it is of is gone.")))
    });
    found.collect()
}

/// The workload that should answer for a webhook, and whose own pods have to pass it first: it can never start.
fn shut_out(seen: &Seen<'_>, webhook: &Value) -> Option<Ref> {
    let part = |field: &str| text(webhook, &format!("/clientConfig/service/{field}"));
    let service = seen.snapshot.get(&Ref::new("", "Service", part("namespace"), part("name")))?;
    if !selected(seen.snapshot, service).is_empty() {
        return None;
    }
    let kinds = ["Deployment", "StatefulSet", "DaemonSet"].into_iter();
    let mut workloads = kinds.flat_map(|kind| seen.snapshot.inside("apps", kind, part("namespace")));
    let server = workloads.find(|workload| {
        let labels = Template::of(workload).and_then(|template| template.labels);
        let is_wanted = workload.pointer("/spec/replicas").and_then(Value::as_i64) != Some(0);
        let sets = text(workload, "/kind") == "Deployment"
            && takes(seen.snapshot, webhook, ("apps", "replicasets"), part("namespace"), labels);
        let pods = || takes(seen.snapshot, webhook, ("", "pods"), part("namespace"), labels);
        is_wanted && fits_plain(service.pointer("/spec/selector"), labels) && (sets || pods())
    })?;
    Some(Ref::of(server))
}

/// A webhook that refuses its own server: to bring that up is no way out.
fn deadlocked(finding: Finding, index: usize, server: &Ref) -> Finding {
    let (at, field) = (finding.object.clone(), format!("webhooks[{index}].failurePolicy"));
    let mut finding = finding.at(field.clone()).should_be("Ignore");
    finding.summary = format!(
        "{}, and the pods of {server}, which should answer, have to pass it themselves: so they can never start",
        finding.summary
    );
    finding.next(format!(
        "Set `{field}` of {at} to Ignore until {server} runs. To last: leave its pods out with `webhooks[{index}].objectSelector`, or move it to a namespace that `webhooks[{index}].namespaceSelector` leaves out."
    ))
}

/// Whether what is made of a resource in a namespace, with such labels, has to pass a webhook.
pub(in crate::live::diagnose) fn takes(
    snapshot: &Snapshot,
    webhook: &Value,
    (group, resource): (&str, &str),
    place: &str,
    labels: Option<&Value>,
) -> bool {
    let space = snapshot.get(&Ref::new("", "Namespace", "", place));
    let of_space = space.and_then(|space| space.pointer("/metadata/labels"));
    // Kubernetes itself gives each namespace its name as a label.
    let named = json!({"kubernetes.io/metadata.name": place});
    let is_all = |selector: Option<&Value>| selector.and_then(Value::as_object).is_none_or(serde_json::Map::is_empty);
    let chosen = |selector: &str, labels: Option<&Value>| {
        let selector = webhook.get(selector);
        is_all(selector) || fits(selector, labels)
    };
    let is_inside = chosen("namespaceSelector", of_space.or(Some(&named)));
    let is_asked = list(webhook, "/rules").iter().any(|rule| {
        let has = |field: &str, words: &[&str]| {
            list(rule, field).iter().filter_map(Value::as_str).any(|one| words.contains(&one))
        };
        has("/apiGroups", &[group, "*"])
            && has("/resources", &[resource, "*", "*/*"])
            && has("/operations", &["CREATE", "*"])
    });
    is_asked && is_inside && chosen("objectSelector", labels)
}

/// Whether a configuration is about what happens in a namespace, and says so.
pub(in crate::live::diagnose) fn is_of(configuration: &Value, namespace: &Value) -> bool {
    let labels = namespace.pointer("/metadata/labels");
    list(configuration, "/webhooks").iter().any(|webhook| {
        let selector = webhook.get("namespaceSelector");
        let is_said = selector.and_then(Value::as_object).is_some_and(|selector| !selector.is_empty());
        is_said && fits(selector, labels)
    })
}

/// Why nobody answers for a webhook.
fn no_answer(seen: &Seen<'_>, webhook: &Value) -> Option<String> {
    let part = |field: &str| text(webhook, &format!("/clientConfig/service/{field}"));
    let at = Ref::new("", "Service", part("namespace"), part("name"));
    let Some(service) = seen.snapshot.get(&at).filter(|_| !at.name.is_empty()) else {
        return (!at.name.is_empty()).then(|| {
            format!("its {at} does not exist ({})", there_are(seen.snapshot.inside("", "Service", &at.namespace)))
        });
    };
    let pods = selected(seen.snapshot, service);
    let is_ready = |pod: &&&Value| crate::live::diagnose::pod_is_ready(pod);
    match pods.iter().find(|pod| !is_ready(pod)) {
        _ if pods.is_empty() => Some(format!("its {at} has no pods")),
        Some(pod) if !pods.iter().any(|pod| is_ready(&pod)) => {
            Some(format!("pod {} of its {at} is not ready", name(pod)))
        }
        _ => None,
    }
}
