//! Programs that wait for each other: each is ready only when the other answers, and behind a Service stands only who is ready.

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::around::maker_of;
use crate::live::diagnose::{Finding, pod_is_ready};
use crate::live::object::{Ref, list, text};
use crate::live::references::hosts::named_in;
use crate::live::references::selector::selected;
use crate::live::references::template::Template;

/// No circle of programs is longer that anybody would look through.
const LONGEST: usize = 4;

/// A readiness probe that asks a Service which, over others, waits for this very pod.
pub(super) fn told(seen: &Seen<'_>, pod: &Value, finding: &Finding) -> Option<Finding> {
    let template = Template::of(pod)?;
    let (path, container) = template.container(&finding.container)?;
    let is_readiness = finding.summary.contains("readiness probe");
    let own = Ref::of(maker_of(seen.snapshot, pod));
    let circle = asked(seen, pod, container)
        .into_iter()
        .filter(|_| is_readiness)
        .find_map(|service| back(seen, &own, &service, 1))?;
    let probe = container.get("readinessProbe")?;
    let how = ["exec", "httpGet", "tcpSocket"].into_iter().find(|how| probe.get(*how).is_some())?;
    let part = if how == "exec" { "exec.command".to_string() } else { format!("{how}.host") };
    let field = format!("{path}.readinessProbe.{part}");
    let (first, others) =
        (circle.first()?, circle.iter().map(ToString::to_string).collect::<Vec<_>>().join(", which asks "));
    let mut found = finding.clone().at(field.clone());
    found.summary = format!(
        "{}; it asks {others}, which asks {own}: each is ready only when the other is, and so none ever is",
        finding.summary
    );
    found.affects.push(first.to_string());
    let port = list(container, "/ports")
        .first()
        .and_then(|port| port.get("containerPort"))
        .map_or_else(|| "its own port".to_string(), |port| format!("its own port {port}"));
    Some(found.next(format!(
        "Let the readiness probe of {own} (and of {first}) ask {port} (`tcpSocket` or `httpGet`) in place of another program: `{field}`."
    )))
}

/// Services whose answer the readiness probe of a container waits for.
fn asked(seen: &Seen<'_>, pod: &Value, container: &Value) -> Vec<Ref> {
    let Some(probe) = container.get("readinessProbe") else { return Vec::new() };
    let hosts = ["httpGet", "tcpSocket"].into_iter().filter_map(|how| {
        let host = text(probe, &format!("/{how}/host"));
        (!host.is_empty()).then(|| format!("{host}:80"))
    });
    let words = list(probe, "/exec/command").iter().filter_map(Value::as_str).map(String::from);
    let mut found: Vec<_> = words.chain(hosts).flat_map(|said| named_in(seen.snapshot, pod, &said)).collect();
    found.dedup();
    found
}

/// Who is asked on the way back to a workload: those behind a Service, of whom none is ready.
fn back(seen: &Seen<'_>, own: &Ref, service: &Ref, length: usize) -> Option<Vec<Ref>> {
    let pods = selected(seen.snapshot, seen.snapshot.get(service)?);
    if length > LONGEST || pods.iter().any(|pod| pod_is_ready(pod)) {
        return None;
    }
    let pod = pods.first()?;
    let maker = Ref::of(maker_of(seen.snapshot, pod));
    let containers = Template::of(pod)?.containers();
    let asked: Vec<_> = containers.flat_map(|(_, container)| asked(seen, pod, container)).collect();
    let leads_back = |service: &Ref| {
        let behind = seen.snapshot.get(service).map(|service| selected(seen.snapshot, service)).unwrap_or_default();
        behind.into_iter().any(|pod| Ref::of(maker_of(seen.snapshot, pod)) == *own)
    };
    if maker != *own && asked.iter().any(leads_back) {
        return Some(vec![maker]);
    }
    asked
        .iter()
        .find_map(|next| back(seen, own, next, length + 1))
        .map(|rest| std::iter::once(maker.clone()).chain(rest).collect())
}
