//! Containers that their limit of processor time holds back: they run, slowly.

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, list, name, namespace, text};
use crate::live::quantity::milli;
use crate::live::questions::{Question, Reply, held_back};
use crate::live::references::template::Template;
use crate::live::snapshot::Snapshot;

/// Kind of figures that a metrics server has.
pub(in crate::live::diagnose) const FIGURES: (&str, &str) = ("metrics.k8s.io", "PodMetrics");
/// Of ten moments.
const MOST: u64 = 5;
/// Fewer moments tell nothing.
const LEAST: u64 = 4;
/// What of its limit a container uses that is at its limit, in percent.
const AT_LIMIT: i128 = 90;

/// What is worth to be asked of a pod.
pub(in crate::live::diagnose) fn questions(pod: &Value) -> Vec<Question> {
    list(pod, "/spec/containers").iter().filter_map(|one| held_back(pod, text(one, "/name"))).collect()
}

/// Containers of a pod that are held back.
pub(super) fn of_pod(seen: &Seen<'_>, pod: &Value) -> Vec<Finding> {
    let Some(template) = Template::of(pod) else { return Vec::new() };
    template.containers().filter_map(|(path, container)| of_container(seen, pod, &path, container)).collect()
}

fn of_container(seen: &Seen<'_>, pod: &Value, path: &str, container: &Value) -> Option<Finding> {
    let limit = text(container, "/resources/limits/cpu");
    let called = text(container, "/name");
    let counted = held_back(pod, called).and_then(|question| match seen.snapshot.reply(&question)? {
        Reply::Processor { moments, held_back } => Some((*moments, *held_back)),
        _ => None,
    });
    let used = used(seen.snapshot, pod, called);
    let is_at_limit = used.is_some_and(|used| used * 100 >= milli(limit).unwrap_or(i128::MAX / 200) * AT_LIMIT);
    let is_held = counted.is_some_and(|(moments, held)| moments >= LEAST && held * 10 >= moments * MOST);
    if limit.is_empty() || !(is_held || is_at_limit) {
        return None;
    }
    let how = match counted.filter(|_| is_held) {
        Some((moments, held)) => format!("in {held} of {moments} moments in which it had work it had to wait"),
        None => format!("it uses {}m", used.unwrap_or_default()),
    };
    let (at, field) = (Ref::of(pod), format!("{path}.resources.limits.cpu"));
    let text = format!("container `{called}` is held back by its limit of processor time, {limit}: {how}");
    let finding = Finding::new(Fault::Throttled, at.clone(), text).at(field.clone()).with(field.clone(), limit);
    let finding = finding.in_container(called).with("processor", &how);
    Some(finding.next(format!("Raise `{field}` of {at}, or take it away: its request sets aside what it needs.")))
}

/// Thousandths of a processor that a container has used lately.
fn used(snapshot: &Snapshot, pod: &Value, container: &str) -> Option<i128> {
    let figures = snapshot.get(&Ref::new(FIGURES.0, FIGURES.1, namespace(pod), name(pod)))?;
    let figure = list(figures, "/containers").iter().find(|one| text(one, "/name") == container)?;
    milli(text(figure, "/usage/cpu"))
}
