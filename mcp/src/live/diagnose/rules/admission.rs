//! Webhooks that do not answer: whose they are, and why everything that they must be asked about is refused.

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, list, name, text};
use crate::live::references::selector::{fits, selected};
use crate::live::references::there_are;

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
    let Some(why) = no_answer(seen, &list(configuration, "/webhooks")[index]) else { return finding };
    let at = Ref::of(configuration);
    let refused = finding.object.to_string();
    let text = format!("refuses what webhook `{webhook}` must be asked about (`failurePolicy: Fail`): {why}");
    let field = format!("webhooks[{index}].clientConfig.service");
    let mut cause = Finding::new(Fault::Webhook, at.clone(), text).at(field);
    cause.evidence = finding.evidence.clone();
    cause.affects.push(refused);
    cause.next(format!("Bring the webhook's Service up, or take {at} away if what it is of is gone."))
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
        let part = |field: &str| text(webhook, &format!("/clientConfig/service/{field}"));
        let service = format!("{}/{}", part("namespace"), part("name"));
        Some(finding.next(format!("Bring Service {service} up, or take {at} away if what it is of is gone.")))
    });
    found.collect()
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
