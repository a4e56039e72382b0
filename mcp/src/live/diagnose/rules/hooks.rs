//! What a sync of Argo CD waits for: hooks that fail and are tried again, and hooks and waves that do not end.

use serde_json::Value;

use super::Seen;
use super::logs::{is_error, message, running};
use crate::live::diagnose::{Fault, Finding};
use crate::live::moment::in_words;
use crate::live::object::{Ref, both_ends, gist, list, name, namespace, number, text};
use crate::live::references::template::Template;
use crate::live::snapshot::event_count;

/// A hook may take its time; after this it is worth to say what the sync waits for.
const LONG: i64 = 120;
/// Longest part of a log's line in a summary.
const LONGEST: usize = 120;

/// Hooks in the way of an Application.
pub(super) fn of_application(seen: &Seen<'_>, application: &Value) -> Vec<Finding> {
    let failed = failed(seen, application);
    if failed.is_empty() { waited_for(seen, application).into_iter().collect() } else { failed }
}

/// Hooks that have failed: in this try of the sync, or in the ones before it.
fn failed(seen: &Seen<'_>, application: &Value) -> Vec<Finding> {
    let operation = "/status/operationState";
    let phase = text(application, &format!("{operation}/phase"));
    let tries = number(application, &format!("{operation}/retryCount"));
    if !matches!(phase, "Failed" | "Error" | "Running") {
        return Vec::new();
    }
    let is_hook = |one: &&Value| !text(one, "/hookType").is_empty();
    let tried: Vec<_> =
        list(application, &format!("{operation}/syncResult/resources")).iter().filter(is_hook).collect();
    // While a sync begins anew it has no results yet.
    let known = list(application, "/status/resources").iter().filter(|one| one.get("hook") == Some(&Value::Bool(true)));
    let hooks = if tried.is_empty() { known.collect() } else { tried };
    let hooks = hooks.into_iter().filter(|one| text(one, "/hookPhase") != "Succeeded");
    let found = hooks.filter_map(|hook| {
        let at = Ref::new(text(hook, "/group"), text(hook, "/kind"), text(hook, "/namespace"), text(hook, "/name"));
        let warnings = seen.snapshot.events_of(&at).into_iter();
        // Of a hook that is tried again the object is a new one: what it said before stands in the events.
        let warning = warnings.into_iter().find(|event| text(event, "/type") == "Warning");
        let has_failed = matches!(text(hook, "/hookPhase"), "Failed" | "Error");
        (has_failed || tries > 0 && warning.is_some()).then(|| of_hook(seen, application, hook, at, warning))
    });
    found.collect()
}

fn of_hook(seen: &Seen<'_>, application: &Value, hook: &Value, at: Ref, warning: Option<&Value>) -> Finding {
    let app = Ref::of(application);
    let object = seen.snapshot.get(&at);
    let tries = number(application, "/status/operationState/retryCount");
    let why = [text(hook, "/message"), warning.map_or("", |event| text(event, "/message"))];
    let why = why.into_iter().find(|why| !why.is_empty()).unwrap_or("it does not say why");
    let line = object.and_then(|object| last_line(seen, object));
    let sort = format!("{} hook", text(hook, "/hookType"));
    let sort = sort.trim_start();
    let again = if tries > 0 { format!(", and was tried {tries} times again") } else { String::new() };
    let said =
        line.map_or_else(|| gist(why, LONGEST), |line| format!("its log says `{}`", both_ends(message(line), LONGEST)));
    let summary = format!("fails as a {sort} of {app}{again}, so that nothing behind it is applied: {said}");
    let mut finding = Finding::new(Fault::JobFailed, at.clone(), summary).with("sync", text(hook, "/message"));
    finding = finding.with("sync", text(application, "/status/operationState/message"));
    if let Some(event) = warning {
        let times = event_count(event);
        finding = finding.with(format!("event {} ×{times}", text(event, "/reason")), text(event, "/message"));
    }
    finding = finding.with("log", line.unwrap_or_default());
    finding.affects.push(app.to_string());
    // What its pod says of itself tells more.
    finding.weight = Fault::JobFailed.weight() - 1;
    let container = object.and_then(|object| Template::of(object)?.containers().last());
    match container {
        Some((path, container)) => {
            let called = text(container, "/name");
            finding.at(path.clone()).next(format!(
                "Read the log of the last pod of {at} (container `{called}`), and correct in Git what it runs (`{path}`) or what it asks for; then sync {app} again."
            ))
        }
        None => finding.next(format!(
            "Correct {at} in Git and sync {app} again. It is not there any more: without annotation `argocd.argoproj.io/hook-delete-policy: HookFailed` it stays, and its log with it."
        )),
    }
}

/// The last line of a hook's pods that tells of trouble, or the very last.
fn last_line<'a>(seen: &Seen<'a>, hook: &'a Value) -> Option<&'a str> {
    let pods = seen.snapshot.pods_of(hook);
    let logs = pods.iter().flat_map(|pod| {
        let ended = list(pod, "/spec/containers").iter();
        let ended = ended.map(|one| (namespace(pod).into(), name(pod).into(), text(one, "/name").into()));
        running(pod).into_iter().chain(ended)
    });
    let log = logs.into_iter().find_map(|key| seen.snapshot.log(&key).or_else(|| seen.snapshot.recent_log(&key)))?;
    let mut lines = log.lines().rev().filter(|line| !line.trim().is_empty());
    lines.clone().find(|line| is_error(line)).or_else(|| lines.next())
}

/// A sync that waits for a hook, or for a wave, for long.
fn waited_for(seen: &Seen<'_>, application: &Value) -> Option<Finding> {
    let message = text(application, "/status/operationState/message");
    let is_running = text(application, "/status/operationState/phase") == "Running";
    let since = seen.seconds_since(text(application, "/status/operationState/startedAt"))?;
    let (_, what) = message.split_once("waiting for ").filter(|_| is_running && since > LONG)?;
    let word = what.split_whitespace().find(|word| word.contains('/'))?;
    let mut parts = word.rsplit('/');
    let (called, kind) = (parts.next()?, parts.next()?);
    let place = text(application, "/spec/destination/namespace");
    let found = seen.snapshot.everything().find(|one| {
        name(one) == called && text(one, "/kind") == kind && (namespace(one).is_empty() || namespace(one) == place)
    });
    let at = found.map_or_else(|| Ref::of(application), Ref::of);
    let is_hook = message.contains("hook");
    let what = if is_hook { "a hook" } else { "an earlier wave" };
    let text = format!(
        "keeps {} from being synced any further: it is {what}, and the sync waits for it since {}",
        Ref::of(application),
        in_words(since)
    );
    let mut finding = Finding::new(Fault::Stalled, at.clone(), text).with("status.operationState.message", message);
    finding.affects.push(Ref::of(application).to_string());
    Some(finding.next(format!(
        "See why {at} does not get ready: its log and its events tell. Nothing behind it is applied before."
    )))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::live::diagnose::diagnose;
    use crate::live::snapshot::Snapshot;

    fn told(phase: &str, tries: i64, warned: bool) -> Vec<(String, Fault, String)> {
        let hook = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"namespace": "shop", "name": "check", "uid": "j"},
            "spec": {"template": {"spec": {"containers": [{"name": "check", "image": "r/x:1"}]}}}, "status": {"active": 1}});
        let application = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"namespace": "argocd", "name": "shop"},
            "spec": {"destination": {"namespace": "shop"}}, "status": {"sync": {"status": "OutOfSync"},
                "resources": [{"group": "apps", "kind": "Deployment", "namespace": "shop", "name": "web", "status": "OutOfSync"},
                    {"group": "batch", "kind": "Job", "namespace": "shop", "name": "check", "hook": true}],
                "operationState": {"phase": "Running", "retryCount": tries, "message": "Retrying", "syncResult": {"resources": [
                    {"group": "batch", "kind": "Job", "namespace": "shop", "name": "check", "hookType": "PreSync", "hookPhase": phase, "message": "it failed"}]}}}});
        let other =
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": "other", "name": "x"}});
        let mut all = vec![hook, application, other];
        all.extend(warned.then(|| {
            json!({"apiVersion": "v1", "kind": "Event", "metadata": {"namespace": "shop", "name": "e"}, "type": "Warning", "reason": "BackoffLimitExceeded",
            "message": "Job has reached the specified backoff limit", "involvedObject": {"apiVersion": "batch/v1", "kind": "Job", "namespace": "shop", "name": "check"}})
        }));
        let told = diagnose(&Snapshot::of("lab", all), "Application:argocd/shop").expect("an application");
        told.causes.into_iter().map(|cause| (cause.object.to_string(), cause.fault, cause.field)).collect()
    }

    #[test]
    fn a_hook_that_fails_is_the_cause_also_while_it_is_tried_again() {
        let hook = ("Job shop/check".to_string(), Fault::JobFailed, "spec.template.spec.containers[0]".to_string());
        for (phase, tries, warned) in [("Failed", 0, false), ("Running", 3, true), ("Error", 2, true)] {
            assert_eq!(told(phase, tries, warned).first(), Some(&hook), "{phase} {tries}");
        }
        // The results of a try that has just begun are not there yet.
        assert_eq!(told("", 3, true).first(), Some(&hook));
        for (phase, tries, warned) in [("Running", 0, true), ("Running", 0, false), ("Succeeded", 3, true)] {
            assert!(!told(phase, tries, warned).contains(&hook), "{phase} {tries}");
        }
    }
}
