//! Ingresses: who serves them, and where they lead.

use serde_json::Value;

use super::{Seen, allowed, answers, shown};
use crate::live::diagnose::around::backends;
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, annotation, list, name, namespace, text};
use crate::live::questions::serves;
use crate::live::references::{nearest, there_are};
use crate::live::snapshot::Snapshot;

const GROUP: &str = "networking.k8s.io";
const CERTIFICATES: &str = "cert-manager.io";
/// What weighs a conflict for the one of the two that is probably served.
const SERVED: u32 = 46;
const OLD_CLASS: &str = "kubernetes.io/ingress.class";
const DEFAULT_CLASS: &str = "ingressclass.kubernetes.io/is-default-class";

/// What keeps requests from arriving through an Ingress.
pub(super) fn of_ingress(seen: &Seen<'_>, ingress: &Value) -> Vec<Finding> {
    let mut found: Vec<Finding> = class(seen, ingress).into_iter().collect();
    for (field, service) in backends(ingress) {
        found.extend(backend(seen, ingress, &field, service));
    }
    found.extend(other_certificate(seen, ingress));
    found.extend(shown::of_ingress(seen, ingress));
    found.extend(claimed_twice(seen, ingress));
    found.extend(allowed::of_ingress(seen, ingress));
    // Where something is missing that is known already, nobody needs to try the way.
    if found.is_empty() {
        found.extend(answers::of_ingress(seen, ingress));
    }
    found
}

fn class(seen: &Seen<'_>, ingress: &Value) -> Option<Finding> {
    let snapshot = seen.snapshot;
    if !snapshot.has_kind(GROUP, "IngressClass") {
        return None;
    }
    let (field, wanted) = match (text(ingress, "/spec/ingressClassName"), annotation(ingress, OLD_CLASS)) {
        ("", Some(class)) => (format!("metadata.annotations[{OLD_CLASS}]"), class),
        (class, _) => ("spec.ingressClassName".into(), class),
    };
    let classes = || snapshot.all(GROUP, "IngressClass");
    let at = Ref::of(ingress);
    if wanted.is_empty() {
        let has_default = classes().any(|class| annotation(class, DEFAULT_CLASS) == Some("true"));
        return (!has_default).then(|| {
            let text = format!("names no class, and no class is the default one ({})", there_are(classes()));
            let finding = Finding::new(Fault::MissingReference, at.clone(), text).at(field.clone());
            finding.with("spec.ingressClassName", "not set").next(format!("Set `{field}` of {at}."))
        });
    }
    if classes().any(|class| name(class) == wanted) {
        return None;
    }
    let there = there_are(classes());
    let text = format!("its class `{wanted}` does not exist ({there}): nobody serves it");
    let finding = Finding::new(Fault::MissingReference, at.clone(), text).at(field.clone()).with(field.clone(), wanted);
    let names: Vec<_> = classes().map(name).collect();
    let finding = match names.as_slice() {
        [only] => finding.should_be(*only),
        _ => finding,
    };
    Some(finding.next(format!("Set `{field}` of {at} to a class that exists ({there}).")))
}

fn backend(seen: &Seen<'_>, ingress: &Value, field: &str, service: &str) -> Option<Finding> {
    let at = Ref::of(ingress);
    let place = namespace(ingress);
    let target = Ref::new("", "Service", place, service);
    let services = || seen.snapshot.inside("", "Service", place);
    let Some(found) = seen.snapshot.get(&target) else {
        let text = format!("leads to {target}, which does not exist ({})", there_are(services()));
        let finding = Finding::new(Fault::MissingReference, at.clone(), text).at(format!("{field}.name"));
        let finding = finding.with(field, service);
        return Some(match nearest(service, services().map(name)) {
            Some(near) => {
                finding.should_be(near).next(format!("Set `{field}.name` of {at} to `{near}`, if that is meant."))
            }
            None => finding.next(format!("Correct `{field}.name` of {at}, or make the Service.")),
        });
    };
    let pointer = format!("/{}", field.replace(['.', '['], "/").replace(']', ""));
    let port = ingress.pointer(&pointer)?.get("port")?;
    let ports = list(found, "/spec/ports");
    let (word, wanted, fits) =
        match (port.get("number").and_then(Value::as_i64), port.get("name").and_then(Value::as_str)) {
            (Some(number), _) => (
                "number",
                number.to_string(),
                ports.iter().any(|had| had.get("port").and_then(Value::as_i64) == Some(number)),
            ),
            (None, Some(wanted)) => ("name", wanted.into(), ports.iter().any(|had| text(had, "/name") == wanted)),
            _ => return None,
        };
    if fits {
        return None;
    }
    let numbers: Vec<_> = ports.iter().filter_map(|port| port.get("port").and_then(Value::as_i64)).collect();
    let names: Vec<_> = ports.iter().map(|port| text(port, "/name")).filter(|name| !name.is_empty()).collect();
    let shown = match word {
        "name" if names.is_empty() => "none of its ports has a name".into(),
        "name" => names.join(", "),
        _ => numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    };
    let text = format!("leads to port {wanted} of {target}, which has no such port (it has {shown})");
    let finding = Finding::new(Fault::WrongPort, at.clone(), text).at(format!("{field}.port.{word}"));
    let finding = finding.with(format!("ports of {target}"), &shown);
    let finding = match numbers.as_slice() {
        [only] if word == "number" => finding.should_be(*only),
        _ if word == "name" && names.len() == 1 => finding.should_be(names[0]),
        _ => finding,
    };
    Some(finding.next(format!("Set `{field}.port.{word}` of {at} to a port of {target} ({shown}).")))
}

/// A certificate for other hosts than those that the Ingress serves with it. The Secret itself is never read: only a
/// Certificate that makes it tells what is in it.
fn other_certificate(seen: &Seen<'_>, ingress: &Value) -> Option<Finding> {
    let at = Ref::of(ingress);
    let certificates = || seen.snapshot.inside(CERTIFICATES, "Certificate", &at.namespace);
    list(ingress, "/spec/tls").iter().enumerate().find_map(|(index, tls)| {
        let secret = text(tls, "/secretName");
        let certificate = certificates().find(|one| text(one, "/spec/secretName") == secret)?;
        let hosts = list(tls, "/hosts").iter().filter_map(Value::as_str);
        let lacking = hosts.into_iter().find(|host| !names_of(certificate).iter().any(|name| serves(name, host)))?;
        let (made_by, names) = (Ref::of(certificate), names_of(certificate).join(", "));
        let text = format!("serves `{lacking}` with Secret `{secret}`, whose certificate is for {names}");
        let right = certificates().find(|one| names_of(one).iter().any(|name| serves(name, lacking)));
        let finding = match right {
            Some(right) => {
                let (field, secret) =
                    (format!("spec.tls[{index}].secretName"), crate::live::object::text(right, "/spec/secretName"));
                let finding = Finding::new(Fault::Certificate, at.clone(), text).at(field.clone()).should_be(secret);
                finding.next(format!("Set `{field}` of {at} to `{secret}`: {} is for that host.", Ref::of(right)))
            }
            None => {
                let text = format!("is for {names}, and {at} serves `{lacking}` with it");
                let finding = Finding::new(Fault::Certificate, made_by.clone(), text).at("spec.dnsNames");
                finding.next(format!(
                    "Add `{lacking}` to `spec.dnsNames` of {made_by}, or correct `spec.tls[{index}].hosts` of {at}."
                ))
            }
        };
        Some(finding.with(format!("spec.dnsNames of {made_by}"), &names).with("spec.tls.hosts", lacking))
    })
}

fn names_of(certificate: &Value) -> Vec<&str> {
    let names = list(certificate, "/spec/dnsNames").iter().filter_map(Value::as_str);
    names.chain(Some(text(certificate, "/spec/commonName")).filter(|name| !name.is_empty())).collect()
}

/// Secrets with certificates that nothing here says anything of.
pub(in crate::live::diagnose) fn unread_certificates(snapshot: &Snapshot, ingress: &Value) -> Vec<String> {
    let made = |secret: &str| {
        let mut all = snapshot.inside(CERTIFICATES, "Certificate", namespace(ingress));
        all.any(|certificate| text(certificate, "/spec/secretName") == secret)
    };
    // What is shown tells more than what is kept.
    if shown::is_seen(snapshot, ingress) {
        return Vec::new();
    }
    let secrets = list(ingress, "/spec/tls").iter().map(|tls| text(tls, "/secretName"));
    secrets.filter(|secret| !secret.is_empty() && !made(secret)).map(Into::into).collect()
}

/// The same host and path in another Ingress: one of the two gets the requests, the older one most probably.
fn claimed_twice(seen: &Seen<'_>, ingress: &Value) -> Option<Finding> {
    let age = |one: &Value| (text(one, "/metadata/creationTimestamp").to_string(), Ref::of(one));
    let (own_age, at) = (age(ingress), Ref::of(ingress));
    let is_served = |other: &&Value| class(seen, other).is_none();
    let others = seen.snapshot.all(GROUP, "Ingress").filter(|other| Ref::of(other) != at);
    let others: Vec<_> = others.filter(is_served).collect();
    claims(ingress).into_iter().find_map(|(field, host, path)| {
        let mut twins: Vec<_> = others
            .iter()
            .filter(|other| claims(other).iter().any(|(_, its_host, its_path)| (its_host, its_path) == (&host, &path)))
            .collect();
        twins.sort_by_key(|twin| age(twin));
        let twin = Ref::of(twins.first()?);
        let is_older = age(twins[0]) < own_age;
        let text = format!("claims `{host}{path}`, and so does {twin}: only one of them gets the requests");
        let finding = Finding::new(Fault::RouteConflict, at.clone(), text).at(field.clone());
        // The older one is served, as long as nothing is made anew.
        let finding = if is_older { finding } else { finding.at_most(SERVED) };
        let which = if is_older { "older" } else { "newer" };
        Some(
            finding
                .with(which, &twin.to_string())
                .next(format!("Give `{field}` of {at} a path or a host of its own, or take {twin} away.")),
        )
    })
}

fn claims(ingress: &Value) -> Vec<(String, String, String)> {
    let mut claims = Vec::new();
    for (rule, value) in list(ingress, "/spec/rules").iter().enumerate() {
        for (path, one) in list(value, "/http/paths").iter().enumerate() {
            let field = format!("spec.rules[{rule}].http.paths[{path}].path");
            claims.push((field, text(value, "/host").into(), text(one, "/path").into()));
        }
    }
    claims
}
