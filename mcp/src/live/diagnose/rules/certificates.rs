//! Certificates that are not there, have run out, or will soon.

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::custom::named_in;
use crate::live::diagnose::{Fault, Finding};
use crate::live::moment::in_words;
use crate::live::object::{Ref, condition, group_of, list, name, namespace, short, text};
use crate::live::owners;
use crate::live::references::template::Template;
use crate::live::references::{nearest, there_are};

const GROUP: &str = "cert-manager.io";
/// Annotations that ask for a certificate: of an issuer of the cluster, and of one of the namespace.
const OF_CLUSTER: &str = "cert-manager.io/cluster-issuer";
const OF_NAMESPACE: &str = "cert-manager.io/issuer";
/// Where a certificate is written.
const SECRET: &str = "/spec/secretName";
/// What is not harmed yet weighs no more than this.
const MAY_BE_HARMED: u32 = 46;
/// So long a renewal may take.
const RENEWS: i64 = 3600;
/// How messages say that a server was not reached.
const UNREACHABLE: [&str; 4] = ["no such host", "connection refused", "i/o timeout", "no route to host"];

/// What is wrong with a certificate.
pub(super) fn of_certificate(seen: &Seen<'_>, certificate: &Value) -> Vec<Finding> {
    let at = Ref::of(certificate);
    if let Some(finding) = no_issuer(seen, certificate, &at) {
        return vec![finding];
    }
    if let Some(finding) = issuer_not_ready(seen, certificate) {
        return vec![finding];
    }
    if let Some(finding) = same_secret(seen, certificate, &at) {
        return vec![finding];
    }
    let ends = text(certificate, "/status/notAfter");
    if let Some(over) = seen.seconds_since(ends).filter(|over| *over >= 0) {
        let text = format!("ran out {} ago", in_words(over));
        let finding =
            Finding::new(Fault::Certificate, at.clone(), text).at("status.notAfter").with("status.notAfter", ends);
        return vec![finding.next(format!("See why {at} is not renewed: its conditions and events tell."))];
    }
    let Some(ready) = condition(certificate, "Ready").filter(|ready| ready.is_false()) else {
        return not_renewed(seen, certificate, &at).into_iter().collect();
    };
    let why = condition(certificate, "Issuing")
        .filter(|issuing| issuing.is_false())
        .map_or(ready.message, |issuing| issuing.message);
    let text = format!("is not issued: {}", short(why, 200));
    let finding = Finding::new(Fault::Certificate, at.clone(), text)
        .with(format!("condition Ready: {}", ready.reason), ready.message);
    vec![finding.with("condition Issuing", why).next(format!("Read the events of {at} and of its CertificateRequest."))]
}

/// One that is good still, and should be a new one by now.
fn not_renewed(seen: &Seen<'_>, certificate: &Value, at: &Ref) -> Option<Finding> {
    let (due, ends) = (text(certificate, "/status/renewalTime"), text(certificate, "/status/notAfter"));
    let late = seen.seconds_since(due).filter(|late| *late > RENEWS)?;
    let text = format!("should have been renewed {} ago, and was not", in_words(late));
    let finding = Finding::new(Fault::Certificate, at.clone(), text).at("status.renewalTime").at_most(MAY_BE_HARMED);
    let finding = finding.with("status.renewalTime", due).with("status.notAfter", ends);
    Some(
        finding.next(format!(
            "See why {at} is not renewed: whether cert-manager runs, and what its CertificateRequest says."
        )),
    )
}

/// An issuer that cannot issue: what its own condition says.
fn issuer_not_ready(seen: &Seen<'_>, certificate: &Value) -> Option<Finding> {
    let issuer = |field: &str| text(certificate, &format!("/spec/issuerRef/{field}"));
    let kind = if issuer("kind").is_empty() { "Issuer" } else { issuer("kind") };
    let place = if kind == "ClusterIssuer" { "" } else { namespace(certificate) };
    let found = seen.snapshot.get(&Ref::new(GROUP, kind, place, issuer("name")))?;
    of_issuer(seen, found)
}

/// Whether an object issues certificates.
pub(in crate::live::diagnose) fn is_issuer(object: &Value) -> bool {
    matches!(text(object, "/kind"), "Issuer" | "ClusterIssuer") && group_of(text(object, "/apiVersion")) == GROUP
}

/// An issuer that cannot issue: what its own condition says.
pub(super) fn of_issuer(seen: &Seen<'_>, issuer: &Value) -> Option<Finding> {
    let ready = condition(issuer, "Ready").filter(|ready| ready.is_false())?;
    let at = Ref::of(issuer);
    if let Some(found) = in_another_namespace(seen, issuer, ready.message) {
        return Some(found.with(format!("condition Ready: {}", ready.reason), ready.message));
    }
    let finding = Finding::new(Fault::Certificate, at.clone(), format!("cannot issue: {}", short(ready.message, 200)));
    let ca = issuer.pointer("/spec/ca/secretName").map(|_| "spec.ca.secretName".to_string());
    let field = ca.or_else(|| named_in(issuer, ready.message)).unwrap_or_else(|| "spec".into());
    let finding = finding.at(field.clone()).with(format!("condition Ready: {}", ready.reason), ready.message);
    let next = match UNREACHABLE.iter().any(|words| ready.message.contains(words)) {
        true => format!(
            "Its server cannot be reached from the cluster: correct `{field}` of {at}, or use an issuer of the platform's own."
        ),
        false => match text(issuer, &format!("/{}", field.replace('.', "/"))) {
            "" => format!("Correct `{field}` of {at}, or make what it names."),
            named => format!("Correct `{field}` of {at}, or make what it names: `{named}`."),
        },
    };
    Some(finding.next(next))
}

/// An issuer of the whole cluster looks for Secrets in one namespace only, and a Certificate makes that one elsewhere.
fn in_another_namespace(seen: &Seen<'_>, issuer: &Value, said: &str) -> Option<Finding> {
    let (at, secret) = (Ref::of(issuer), text(issuer, "/spec/ca/secretName"));
    if !at.namespace.is_empty() || secret.is_empty() || !said.contains("not found") {
        return None;
    }
    let place = place_of_issuers(seen)?;
    let made =
        seen.snapshot.all(GROUP, "Certificate").find(|one| text(one, SECRET) == secret && namespace(one) != place)?;
    let (certificate, there) = (Ref::of(made), namespace(made));
    let field = "spec.ca.secretName";
    let summary = format!(
        "cannot issue: an issuer of the whole cluster looks for Secret `{secret}` in namespace {place}, and {certificate} makes it in {there}"
    );
    let finding = Finding::new(Fault::Certificate, at.clone(), summary).at(field).with(field, secret);
    Some(finding.next(format!(
        "Make the Certificate of `{secret}` in namespace {place} in place of {there}; or make an Issuer (not a ClusterIssuer) in {there} with `{field}: {secret}`, and let the certificates there name that in `spec.issuerRef`."
    )))
}

/// The namespace in which issuers of the whole cluster look for Secrets: their controller is told, mostly as its own.
fn place_of_issuers<'a>(seen: &Seen<'a>) -> Option<&'a str> {
    seen.snapshot.all("apps", "Deployment").find_map(|controller| {
        let containers = Template::of(controller)?.containers();
        let mut told = containers.flat_map(|(_, container)| list(container, "/args").iter().filter_map(Value::as_str));
        let place = told.find_map(|word| word.trim_start_matches('-').strip_prefix("cluster-resource-namespace="))?;
        Some(if place.starts_with("$(") { namespace(controller) } else { place })
    })
}

/// Two certificates that are written into one Secret: each takes it from the other.
fn same_secret(seen: &Seen<'_>, certificate: &Value, at: &Ref) -> Option<Finding> {
    let secret = text(certificate, SECRET);
    let others = seen.snapshot.inside(GROUP, "Certificate", &at.namespace);
    let twin = others.filter(|other| Ref::of(other) != *at).find(|other| text(other, SECRET) == secret)?;
    let field = "spec.secretName";
    let text = format!("is written into Secret {secret}, and so is {}: each takes it from the other", Ref::of(twin));
    let is_ready = condition(certificate, "Ready").is_some_and(|ready| ready.is_true());
    let weight = if is_ready { MAY_BE_HARMED } else { Fault::Certificate.weight() };
    let finding = Finding::new(Fault::Certificate, at.clone(), text).at(field).at_most(weight).with(field, secret);
    Some(finding.next(format!("Give {at} or {} another `{field}`.", Ref::of(twin))))
}

fn no_issuer(seen: &Seen<'_>, certificate: &Value, at: &Ref) -> Option<Finding> {
    let issuer = |field: &str| text(certificate, &format!("/spec/issuerRef/{field}"));
    let kind = if issuer("kind").is_empty() { "Issuer" } else { issuer("kind") };
    let is_known = matches!(issuer("group"), "" | GROUP) && seen.snapshot.has_kind(GROUP, kind);
    let place = if kind == "ClusterIssuer" { "" } else { namespace(certificate) };
    let wanted = Ref::new(GROUP, kind, place, issuer("name"));
    if !is_known || seen.snapshot.get(&wanted).is_some() {
        return None;
    }
    let others = || seen.snapshot.inside(GROUP, kind, place);
    let elsewhere = namesake(seen, kind, &wanted.name, namespace(certificate));
    let text = format!("is to be issued by {wanted}, which does not exist ({})", there_are(others()));
    let field = "spec.issuerRef.name";
    let finding = Finding::new(Fault::MissingReference, at.clone(), text).at(field).with(field, &wanted.name);
    let near = nearest(&wanted.name, others().map(name)).map(String::from);
    let finding = match &elsewhere {
        Some(one) => finding.with("of that name there is", &Ref::of(one).to_string()),
        None => finding,
    };
    if let Some(finding) = by_annotation(seen, certificate, &wanted, (near.as_deref(), elsewhere), &finding) {
        return Some(finding);
    }
    Some(match (near, elsewhere) {
        (_, Some(one)) if is_usable(one, namespace(certificate)) => {
            let other = Ref::of(one).kind;
            let finding = finding.at("spec.issuerRef.kind").should_be(other.as_str());
            finding.next(format!("Set `spec.issuerRef.kind` of {at} to {other}."))
        }
        (Some(near), _) => {
            finding.should_be(near.as_str()).next(format!("Set `{field}` of {at} to `{near}`, if that is meant."))
        }
        (None, Some(one)) => finding.next(format!(
            "{} serves its own namespace only: correct `{field}` of {at}, or make {wanted}.",
            Ref::of(one)
        )),
        (None, None) => finding.next(format!("Correct `{field}` of {at}, or make {wanted}.")),
    })
}

/// An issuer of the name that is wanted, of the other kind or in another namespace; one that can be used comes first.
fn namesake<'a>(seen: &Seen<'a>, kind: &str, wanted: &str, place: &str) -> Option<&'a Value> {
    let other = if kind == "ClusterIssuer" { "Issuer" } else { "ClusterIssuer" };
    let all = [other, "Issuer"].into_iter().flat_map(|kind| seen.snapshot.all(GROUP, kind));
    let mut named: Vec<_> = all.filter(|one| name(one) == wanted).collect();
    named.sort_by_key(|one| !is_usable(one, place));
    named.into_iter().next()
}

/// Whether certificates of a namespace can be issued by it.
fn is_usable(issuer: &Value, place: &str) -> bool {
    namespace(issuer).is_empty() || namespace(issuer) == place
}

/// A certificate that an Ingress asks for by an annotation: there its issuer is written, and the key says of which kind
/// it is.
fn by_annotation(
    seen: &Seen<'_>,
    certificate: &Value,
    wanted: &Ref,
    (near, elsewhere): (Option<&str>, Option<&Value>),
    found: &Finding,
) -> Option<Finding> {
    let owner = owners::above(seen.snapshot, certificate)?;
    let notes = owner.pointer("/metadata/annotations").and_then(Value::as_object)?;
    let (key, _) = notes.iter().find(|(key, value)| key.starts_with(GROUP) && *value == wanted.name.as_str())?;
    let (at, field) = (Ref::of(owner), format!("metadata.annotations[{key}]"));
    let text = format!("asks for a certificate of {wanted}, which does not exist");
    let finding =
        Finding::new(Fault::MissingReference, at.clone(), text).at(field.clone()).with(field.clone(), &wanted.name);
    let finding = finding.with(Ref::of(certificate).to_string(), &found.summary);
    let elsewhere = elsewhere.map(|one| (Ref::of(one), is_usable(one, namespace(certificate))));
    let finding = match &elsewhere {
        Some((other, _)) => finding.with("of that name there is", &other.to_string()),
        None => finding,
    };
    Some(match (near, elsewhere) {
        (_, Some((other, true))) => {
            let right = if other.kind == "ClusterIssuer" { OF_CLUSTER } else { OF_NAMESPACE };
            let mut finding = finding;
            finding.summary = format!("{}: `{}` is a {}", finding.summary, other.name, other.kind);
            finding.next(format!("Write annotation `{right}: {}` of {at} in place of `{key}`: {other} is there.", other.name))
        }
        (Some(near), _) => finding.should_be(near).next(format!("Set `{field}` of {at} to `{near}`, if that is meant.")),
        (None, Some((other, false))) => finding.next(format!(
            "{other} serves its own namespace only: set `{field}` of {at} to an issuer that exists, make {wanted}, or name a ClusterIssuer with `{OF_CLUSTER}`."
        )),
        (None, None) => finding.next(format!("Set `{field}` of {at} to an issuer that exists, or make {wanted}.")),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::live::diagnose::diagnose;
    use crate::live::snapshot::Snapshot;

    fn told(key: &str, kind: &str, there: (&str, &str)) -> Finding {
        let issuer = |kind: &str, place: &str, name: &str| json!({"apiVersion": "cert-manager.io/v1", "kind": kind, "metadata": {"namespace": place, "name": name}});
        let ingress = json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"namespace": "shop", "name": "web", "uid": "i",
            "annotations": {key: "house"}}, "spec": {"tls": [{"secretName": "web-tls"}]}});
        let certificate = json!({"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": {"namespace": "shop", "name": "web",
            "ownerReferences": [{"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "name": "web", "uid": "i"}]},
            "spec": {"secretName": "web-tls", "issuerRef": {"kind": kind, "name": "house"}}, "status": {}});
        let all = [
            issuer(there.0, there.1, "house"),
            issuer("ClusterIssuer", "", "x"),
            issuer("Issuer", "x", "x"),
            ingress,
            certificate,
        ];
        let told = diagnose(&Snapshot::of("lab", all), "Ingress:shop/web").expect("an ingress");
        told.causes.into_iter().next().expect("a cause")
    }

    #[test]
    fn an_annotation_for_the_other_kind_of_issuer_says_which_one_to_write() {
        for (key, kind, there, next) in [
            (
                OF_NAMESPACE,
                "Issuer",
                ("ClusterIssuer", ""),
                "Write annotation `cert-manager.io/cluster-issuer: house` of",
            ),
            (OF_CLUSTER, "ClusterIssuer", ("Issuer", "shop"), "Write annotation `cert-manager.io/issuer: house` of"),
            (OF_CLUSTER, "ClusterIssuer", ("Issuer", "other"), "Issuer other/house serves its own namespace only"),
            (OF_NAMESPACE, "Issuer", ("Issuer", "other"), "Issuer other/house serves its own namespace only"),
        ] {
            let told = told(key, kind, there);
            assert_eq!(
                (told.object.to_string(), told.field),
                ("Ingress shop/web".into(), format!("metadata.annotations[{key}]"))
            );
            assert!(told.next.starts_with(next), "{}", told.next);
        }
    }
}
