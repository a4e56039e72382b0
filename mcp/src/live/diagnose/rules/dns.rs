//! Names: whether the cluster's name server runs and answers truly, and whether a pod asks it at all.

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, list, text};
use crate::live::references::hosts::Host;
use crate::live::references::selector::selected;
use crate::live::references::template::Template;

/// The Service that pods ask, and the ConfigMap that says how it answers.
const SERVER: (&str, &str) = ("kube-system", "kube-dns");
const SETTINGS: (&str, &str) = ("kube-system", "coredns");
/// Plugins of the name server that make up answers of their own.
const OWN_ANSWERS: [&str; 4] = ["template", "rewrite", "hosts", "file"];

/// Why the hosts that a workload is configured to use may not be found.
pub(super) fn of_template(seen: &Seen<'_>, object: &Value) -> Vec<Finding> {
    let needs = seen.hosts_of(&Ref::of(object));
    if needs.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<Finding> = asks_others(object, needs).into_iter().collect();
    found.extend(no_server(seen));
    found.extend(needs.iter().find_map(|host| made_up(seen, host)));
    found
}

/// A pod that does not ask the cluster's name server knows none of its Services.
fn asks_others(object: &Value, needs: &[Host]) -> Option<Finding> {
    let template = Template::of(object)?;
    let policy = text(template.spec, "/dnsPolicy");
    let is_on_host = template.spec.get("hostNetwork").and_then(Value::as_bool).unwrap_or(false);
    let servers = list(template.spec, "/dnsConfig/nameservers");
    let asks_others = policy == "Default" || (policy == "None") || (is_on_host && policy == "ClusterFirst");
    if !asks_others {
        return None;
    }
    let field = format!("{}.dnsPolicy", template.path);
    let right = if is_on_host { "ClusterFirstWithHostNet" } else { "ClusterFirst" };
    let at = Ref::of(object);
    let text = format!(
        "does not ask the cluster's name server (`dnsPolicy: {policy}`), and is configured to use `{}`",
        needs[0].written
    );
    let servers: Vec<_> = servers.iter().filter_map(Value::as_str).collect();
    Some(
        Finding::new(Fault::Dns, at.clone(), text)
            .at(field.clone())
            .should_be(right)
            .with(field.clone(), policy)
            .with("dnsConfig.nameservers", &servers.join(", "))
            .next(format!("Set `{field}` of {at} to {right}.")),
    )
}

fn no_server(seen: &Seen<'_>) -> Option<Finding> {
    let at = Ref::new("", "Service", SERVER.0, SERVER.1);
    let service = seen.snapshot.get(&at)?;
    let pods = selected(seen.snapshot, service);
    let is_ready = |pod: &&&Value| crate::live::diagnose::pod_is_ready(pod);
    if pods.iter().any(|pod| is_ready(&pod)) {
        return None;
    }
    let text = match pods.len() {
        0 => "the cluster's name server has no pod: no name is found".to_string(),
        all => format!("none of the {all} pods of the cluster's name server is ready: no name is found"),
    };
    let workload = seen.snapshot.inside("apps", "Deployment", SERVER.0).find(|one| {
        Template::of(one).is_some_and(|template| {
            crate::live::references::selector::fits_plain(service.pointer("/spec/selector"), template.labels)
        })
    });
    let object = workload.map_or(at, Ref::of);
    let replicas = workload.map_or(1, |one| crate::live::object::number(one, "/spec/replicas"));
    let finding = Finding::new(Fault::Dns, object.clone(), text).with("replicas", &replicas.to_string());
    Some(match replicas {
        0 => finding.at("spec.replicas").should_be(2).next(format!("Set `spec.replicas` of {object} to 2.")),
        _ => finding.next(format!("See why the pods of {object} are not ready.")),
    })
}

/// A line of the server's settings that answers for a host in its own way.
fn made_up(seen: &Seen<'_>, host: &Host) -> Option<Finding> {
    let at = Ref::new("", "ConfigMap", SETTINGS.0, SETTINGS.1);
    let settings = seen.snapshot.get(&at)?;
    let file = settings.pointer("/data/Corefile").and_then(Value::as_str)?;
    let service = &host.service;
    let names =
        [format!("{}.{}", service.name, service.namespace), format!("{}\\.{}", service.name, service.namespace)];
    let mut own_answers = false;
    let line = file.lines().map(str::trim).find(|line| {
        let first = line.split_whitespace().next().unwrap_or_default();
        let begins = OWN_ANSWERS.contains(&first);
        own_answers = begins || (own_answers && *line != "}");
        (own_answers || begins) && names.iter().any(|name| line.contains(name.as_str()))
    })?;
    let text = format!("answers for `{}` in its own way: `{line}`", service.name);
    Some(
        Finding::new(Fault::Dns, at.clone(), text)
            .at("data.Corefile")
            .with("data.Corefile", line)
            .next(format!("Take that line out of `data.Corefile` of {at}, and restart the name server's pods.")),
    )
}
