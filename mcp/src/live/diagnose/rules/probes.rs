//! Probes that give a program too little time to start: it is ended before it can answer, again and again.

use serde_json::Value;

use super::{Seen, listening, mutual};
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, list, text};
use crate::live::references::template::Template;

const KINDS: [&str; 3] = ["startup", "liveness", "readiness"];
/// What Kubernetes itself gives, where a probe says nothing: 3 tries, 10 seconds apart.
const TRIES: i64 = 3;
const PERIOD: i64 = 10;
/// A program may well need so long to start; a probe that gives it more is not what ends it.
const SHORT: i64 = 20;

/// A probe that fails: at a port where its program says that it does not listen; or while the program starts, which is a
/// matter of the time that it gets.
pub(in crate::live::diagnose) fn judged(seen: &Seen<'_>, finding: Finding) -> Finding {
    if finding.fault != Fault::FailingProbe || finding.container.is_empty() || !finding.field.is_empty() {
        return finding;
    }
    let Some(pod) = seen.snapshot.get(&finding.object) else { return finding };
    let found = mutual::told(seen, pod, &finding).or_else(|| elsewhere(seen, pod, &finding));
    let found = found.or_else(|| too_short(pod, &finding));
    found.or_else(|| in_its_time(seen, pod, &finding)).unwrap_or(finding)
}

/// A startup probe is there to fail for a while: until its last try the program is starting.
fn in_its_time(seen: &Seen<'_>, pod: &Value, finding: &Finding) -> Option<Finding> {
    let template = Template::of(pod)?;
    let (path, container) = template.container(&finding.container)?;
    let said = finding.evidence.iter().map(|evidence| evidence.text.to_lowercase()).collect::<Vec<_>>().join(" ");
    let probe = container.get("startupProbe").filter(|_| said.contains("startup probe"))?;
    // Where a program listens already, and not there, more time is no help.
    let listens =
        probe.get("exec").is_none() && !listening::of_container(seen.snapshot, pod, &finding.container).is_empty();
    if listens || was_ended(pod, &finding.container) || !has_not_answered_yet(&said, container, probe) {
        return None;
    }
    let mut statuses = list(pod, "/status/containerStatuses").iter();
    let status = statuses.find(|status| text(status, "/name") == finding.container)?;
    let since = seen.seconds_since(text(status, "/state/running/startedAt"))?;
    let time = time_of(probe);
    if since >= time {
        return None;
    }
    let summary =
        format!("container `{}` is starting since {since} s: its startup probe gives it {time} s", finding.container);
    let mut found = Finding::new(Fault::Starting, finding.object.clone(), summary).in_container(&finding.container);
    found.evidence.clone_from(&finding.evidence);
    found = found.at(format!("{path}.startupProbe"));
    Some(
        found.next(format!(
            "Wait for {} s more; its log tells how far it is. After that it is begun anew.",
            time - since
        )),
    )
}

/// Seconds that a probe gives a program until it is ended.
fn time_of(probe: &Value) -> i64 {
    let number = |field: &str, usual: i64| probe.get(field).and_then(Value::as_i64).unwrap_or(usual);
    number("initialDelaySeconds", 0) + number("periodSeconds", PERIOD) * number("failureThreshold", TRIES)
}

/// Nobody listens where the probe looks, and the log says where the program does.
fn elsewhere(seen: &Seen<'_>, pod: &Value, finding: &Finding) -> Option<Finding> {
    let template = Template::of(pod)?;
    let (path, container) = template.container(&finding.container)?;
    let said = finding.evidence.iter().map(|evidence| evidence.text.to_lowercase()).collect::<Vec<_>>().join(" ");
    let kind = KINDS.into_iter().find(|kind| said.contains(&format!("{kind} probe")))?;
    let probe = container.get(format!("{kind}Probe"))?;
    let how = ["httpGet", "tcpSocket", "grpc"].into_iter().find(|how| probe.get(*how).is_some())?;
    let port = number(container, probe.get(how)?.get("port")?)?;
    let opened = listening::of_container(seen.snapshot, pod, &finding.container);
    let [only] = opened.as_slice() else { return None };
    if !said.contains("refused") || i64::from(only.port) == port {
        return None;
    }
    let field = format!("{path}.{kind}Probe.{how}.port");
    let log = format!("the program listens on port {}", only.port);
    let found = finding.clone().at(field.clone()).should_be(only.port).with("log", &log);
    Some(found.next(format!("Set `{field}` of {} to {}: its log says that it listens there.", Ref::of(pod), only.port)))
}

/// The number of a probe's port, which may have a name.
fn number(container: &Value, port: &Value) -> Option<i64> {
    let named = |wanted: &str| {
        let found = list(container, "/ports").iter().find(|one| text(one, "/name") == wanted)?;
        found.get("containerPort")?.as_i64()
    };
    port.as_i64().or_else(|| named(port.as_str()?))
}

fn too_short(pod: &Value, finding: &Finding) -> Option<Finding> {
    let template = Template::of(pod)?;
    let (path, container) = template.container(&finding.container)?;
    let said = finding.evidence.iter().map(|evidence| evidence.text.to_lowercase()).collect::<Vec<_>>().join(" ");
    let kind = ["startup", "liveness"].into_iter().find(|kind| said.contains(&format!("{kind} probe")))?;
    // With a startup probe the other one waits.
    if kind == "liveness" && container.get("startupProbe").is_some() {
        return None;
    }
    let probe = container.get(format!("{kind}Probe"))?;
    if !was_ended(pod, &finding.container) || !has_not_answered_yet(&said, container, probe) {
        return None;
    }
    let number = |field: &str, usual: i64| probe.get(field).and_then(Value::as_i64).unwrap_or(usual);
    let (delay, period, tries) =
        (number("initialDelaySeconds", 0), number("periodSeconds", PERIOD), number("failureThreshold", TRIES));
    let time = time_of(probe);
    let short = if tries < TRIES { "failureThreshold" } else { "periodSeconds" };
    if time > SHORT || (tries >= TRIES && period >= PERIOD) {
        return None;
    }
    let field = format!("{path}.{kind}Probe.{short}");
    let mut found = finding.clone().at(field.clone());
    found.summary = format!("{}; the probe gives it {time} s to start", finding.summary);
    found = found.with(
        "time to start",
        &format!("initialDelaySeconds {delay} + periodSeconds {period} × failureThreshold {tries} = {time} s"),
    );
    let instead = match kind {
        "liveness" => ", or give it a `startupProbe` with more tries: until that succeeds the liveness probe waits",
        _ => "",
    };
    let what = if probe.get("exec").is_some() { "command" } else { "port or path" };
    Some(found.next(format!(
        "Raise `{field}` of {}{instead}. If it starts faster than that, correct the probe's {what}.",
        Ref::of(pod)
    )))
}

fn was_ended(pod: &Value, container: &str) -> bool {
    let mut statuses = list(pod, "/status/containerStatuses").iter();
    let status = statuses.find(|status| text(status, "/name") == container);
    status.is_some_and(|status| status.get("restartCount").and_then(Value::as_i64).unwrap_or_default() > 0)
}

/// Whether the probe looks where the program says that it will be: refused there means not yet.
fn has_not_answered_yet(said: &str, container: &Value, probe: &Value) -> bool {
    let Some(port) = ["httpGet", "tcpSocket", "grpc"].iter().find_map(|how| probe.get(*how)?.get("port")) else {
        // What a command looks for may come later too, unless the command itself is wrong.
        return probe.get("exec").is_some()
            && !["not found", "no such file", "executable"].iter().any(|word| said.contains(word));
    };
    let declared = list(container, "/ports");
    let is_declared =
        declared.iter().any(|one| one.get("containerPort") == Some(port) || one.get("name") == Some(port));
    let refused = ["refused", "statuscode: 503", "eof", "reset by peer"].iter().any(|word| said.contains(word));
    refused && (is_declared || declared.is_empty())
}
