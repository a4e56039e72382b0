//! The certificate that the ingress really shows for a host: by that it is known whether a Secret that nobody reads is there,
//! is for that host, and has not run out.

use serde_json::Value;

use super::Seen;
use super::secrets::{self, Unusable};
use super::tls::{hosts, question};
use crate::live::diagnose::{Fault, Finding};
use crate::live::moment::in_words;
use crate::live::object::{Ref, list, namespace, text};
use crate::live::questions::{Question, Reply, serves};
use crate::live::snapshot::Snapshot;

const CERTIFICATES: &str = "cert-manager.io";
/// What a certificate says that only clients may use.
const FOR_CLIENTS: &str = "client auth";
/// What makes a certificate good for servers.
const FOR_SERVERS: [&str; 2] = ["server auth", "any"];

/// What is worth to be asked.
pub(in crate::live::diagnose) fn questions(snapshot: &Snapshot, ingress: &Value) -> Vec<Question> {
    hosts(ingress).into_iter().filter_map(|(_, host, _)| question(snapshot, host)).collect()
}

/// Whether the certificates of an Ingress have been seen, and fit: nothing is left open then.
pub(in crate::live::diagnose) fn is_seen(snapshot: &Snapshot, ingress: &Value) -> bool {
    let hosts = hosts(ingress);
    let shown = |host: &str| {
        question(snapshot, host).is_some_and(|asked| matches!(snapshot.reply(&asked), Some(Reply::Certificate(_))))
    };
    !hosts.is_empty() && hosts.iter().all(|(_, host, _)| shown(host))
}

/// What is wrong with the certificates of an Ingress.
pub(super) fn of_ingress(seen: &Seen<'_>, ingress: &Value) -> Vec<Finding> {
    let mut found: Vec<_> = for_clients(seen, ingress).into_iter().collect();
    if found.is_empty() {
        found.extend(hosts(ingress).into_iter().find_map(|at| of_host(seen, ingress, at)));
        found.extend(not_listed(ingress));
    }
    found
}

/// A certificate that says of itself that servers may not use it.
fn for_clients(seen: &Seen<'_>, ingress: &Value) -> Option<Finding> {
    let secrets: Vec<_> = list(ingress, "/spec/tls").iter().map(|tls| text(tls, "/secretName")).collect();
    let mut all = seen.snapshot.inside(CERTIFICATES, "Certificate", namespace(ingress));
    let certificate = all.find(|one| {
        let usages: Vec<_> = list(one, "/spec/usages").iter().filter_map(Value::as_str).collect();
        let is_for_servers = usages.iter().any(|usage| FOR_SERVERS.contains(usage));
        secrets.contains(&text(one, "/spec/secretName")) && usages.contains(&FOR_CLIENTS) && !is_for_servers
    })?;
    let (at, field) = (Ref::of(certificate), "spec.usages");
    let text = format!("is for clients only, and {} shows it to browsers, which refuse it", Ref::of(ingress));
    let usages = certificate.pointer("/spec/usages").map(Value::to_string).unwrap_or_default();
    let finding = Finding::new(Fault::Certificate, at.clone(), text).at(field).with(field, &usages);
    Some(finding.next(format!("Add `server auth` to `{field}` of {at}.")))
}

fn of_host(seen: &Seen<'_>, ingress: &Value, (index, host, secret): (usize, &str, &str)) -> Option<Finding> {
    let snapshot = seen.snapshot;
    let Reply::Certificate(shown) = snapshot.reply(&question(snapshot, host)?)? else { return None };
    let (at, field) = (Ref::of(ingress), format!("spec.tls[{index}].secretName"));
    let maker = snapshot
        .inside(CERTIFICATES, "Certificate", namespace(ingress))
        .find(|one| text(one, "/spec/secretName") == secret);
    let over = seen.seconds_since(&shown.ends).filter(|over| *over >= 0);
    let names = shown.names.join(", ");
    let said = super::keepers::said(seen, ingress, secret);
    let unusable = said.and_then(secrets::unusable).filter(|_| !shown.serves(host));
    let place = namespace(ingress);
    let make = format!(
        "Make Secret {secret} in namespace {place} (type kubernetes.io/tls) with a certificate for `{host}` and its own key: a Certificate with `secretName: {secret}` does so; or correct `{field}` of {at}."
    );
    let (text, next) = match over {
        _ if !shown.serves(host) && maker.is_some() => return None,
        _ if !shown.serves(host) => {
            let why = match &unusable {
                Some(Unusable::Lacks(keys)) => {
                    let finding = secrets::lacking(Ref::new("", "Secret", place, secret), keys, &at, said?);
                    return Some(
                        finding.with(field, secret).with(format!("shown for {host}"), &format!("for {names}")),
                    );
                }
                Some(Unusable::Gone) => "is not there",
                Some(Unusable::NoPair) => "has no certificate with its own key",
                None => "is not there, is for other hosts, or its key is of another certificate",
            };
            (format!("shows for `{host}` a certificate that is for {names}: Secret {secret} {why}"), make)
        }
        Some(over) => (
            format!("shows for `{host}` a certificate that ran out {} ago", in_words(over)),
            format!("Put a new certificate into Secret {secret}, which `{field}` of {at} names."),
        ),
        None if !shown.is_for_servers => (
            format!("shows for `{host}` a certificate that servers may not use: its purposes are others"),
            format!("Put a certificate for servers into Secret {secret}, which `{field}` of {at} names."),
        ),
        None => return None,
    };
    let finding = Finding::new(Fault::Certificate, at, text).at(field.clone()).with(field, secret);
    let finding = finding.with(format!("shown for {host}"), &format!("for {names}, until {}", shown.ends));
    let finding = said.into_iter().fold(finding, |finding, line| finding.with("log of the ingress", line));
    Some(finding.next(next))
}

/// A host that is served, and that is none of those that have a certificate.
fn not_listed(ingress: &Value) -> Option<Finding> {
    let listed: Vec<_> =
        list(ingress, "/spec/tls").iter().flat_map(|tls| list(tls, "/hosts")).filter_map(Value::as_str).collect();
    let served = list(ingress, "/spec/rules").iter().map(|rule| text(rule, "/host"));
    let lacking = served.into_iter().find(|host| !host.is_empty() && !listed.iter().any(|one| serves(one, host)))?;
    if listed.is_empty() {
        return None;
    }
    let (at, field, had) = (Ref::of(ingress), "spec.tls[0].hosts", listed.join(", "));
    let text = format!("serves `{lacking}`, and has a certificate for {had} only: browsers are shown another one");
    let finding = Finding::new(Fault::Certificate, at.clone(), text).at(field).at_most(46).with(field, &had);
    Some(finding.next(format!(
        "Add `{lacking}` to `{field}` of {at} (and to the certificate), or correct the host of the rule."
    )))
}
