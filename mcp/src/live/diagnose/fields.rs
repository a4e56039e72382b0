//! Which field is at fault, and where a person would change it: a pod's container is written in its Deployment, and
//! that may be written in an App.

use backstack_health::finding::Change;
use serde_json::{Value, json};

use super::mutated::value_at;
use super::{Fault, Finding, applications_of, chosen, denied, mutated, next_step, sandbox, source};
use crate::live::mutations::{mutation_of, mutation_to};
use crate::live::object::{Ref, list, namespace, text};
use crate::live::owners;
use crate::live::policy::missing_key;
use crate::live::references::template::{Template, uses};
use crate::live::snapshot::Snapshot;

/// The finding with its field, and with the place where that is written.
pub(super) fn located(snapshot: &Snapshot, mut finding: Finding) -> Finding {
    let Some(object) = snapshot.get(&finding.object) else { return finding };
    if finding.field.is_empty() {
        let own = field(object, &finding).or_else(|| denied::field(snapshot, object, &finding));
        finding.field = own.unwrap_or_default();
        // A message names what is missing; the field says what that is.
        let is_missing = finding.fault == Fault::MissingReference;
        if let Some(used) = uses(object).into_iter().find(|used| is_missing && used.field == finding.field) {
            finding.next = format!("Make {}, or correct `{}` of {}.", used.at, used.field, finding.object);
        }
    }
    if finding.field.is_empty() {
        return with_source(snapshot, object, finding);
    }
    let mut finding = sandbox::told(object, finding);
    let value = finding.change.take().and_then(|change| change.value);
    let (written, field) = written_in(snapshot, object, &finding.field);
    let mut field = as_limit(written, &field).unwrap_or(field);
    if field.is_empty()
        && let Some((choice, next)) = chosen::told(snapshot, written, &finding)
    {
        (field, finding.next) = (choice, next);
    }
    let at = Ref::of(written);
    if at != finding.object || value.is_some() {
        finding.change = Some(Change { object: at.typed(), field: field.clone(), value });
    }
    if let Some(told) = mutated::told(snapshot, object, written, &field, &finding) {
        return with_source(snapshot, written, told);
    }
    if let Some(told) = next_step::mended_already(snapshot, object, &finding) {
        return with_source(snapshot, object, told);
    }
    let mut finding = next_step::doable(&at, &field, finding);
    if at != finding.object && !field.is_empty() {
        finding.next = format!("{} It is written in `{field}` of {at}.", finding.next);
    } else if at != finding.object {
        finding.next = format!("{} It comes from {at}.", finding.next);
    } else if !finding.next.contains(&finding.field) {
        finding.next = format!("{} The field is `{field}` of {at}.", finding.next);
    }
    with_source(snapshot, written, finding)
}

/// The limit that a request was made of: of what has only a limit the API server writes a request into each pod.
fn as_limit(written: &Value, field: &str) -> Option<String> {
    let limit = field.replacen(".resources.requests.", ".resources.limits.", 1);
    let (place, resource) = limit.split_once(".resources.limits.")?;
    let resources = value_at(written, place)?.get("resources")?;
    let has = |part: &str| resources.get(part).is_some_and(|all| all.get(resource).is_some());
    (limit != field && has("limits") && !has("requests")).then_some(limit)
}

/// Where in Git the object comes from.
fn with_source(snapshot: &Snapshot, object: &Value, finding: Finding) -> Finding {
    if matches!(text(object, "/kind"), "Application" | "ApplicationSet") {
        return finding;
    }
    let applications = applications_of(snapshot, object);
    let Some(application) = applications.first() else { return finding };
    let told = format!("{}, application {}", source::in_words(application), text(application, "/metadata/name"));
    finding.with("Git", &told)
}

/// Goes up from an object as far as the field can be followed: through the workloads that repeat it, to the object that
/// a person has written.
fn written_in<'a>(snapshot: &'a Snapshot, object: &'a Value, field: &str) -> (&'a Value, String) {
    let (mut object, mut field) = (object, field.to_string());
    for owner in owners::line(snapshot, object) {
        field = match (Template::of(object), Template::of(owner)) {
            (Some(below), Some(above)) if is_label_of(below, &field) => {
                format!("{}{}", meta(above), &field[meta(below).len()..])
            }
            (Some(below), Some(above)) if field.starts_with(below.path) => {
                let above_field = format!("{}{}", above.path, &field[below.path.len()..]);
                let added = added_on_the_way(snapshot, object, owner, &field, &above_field);
                if let Some(found) = added.or_else(|| mutated::on_the_way(snapshot, object, owner, &field)) {
                    return found;
                }
                above_field
            }
            // A Job is all that its schedule says of it.
            _ if is_of_schedule(object, owner) && field.starts_with("spec.") => format!("spec.jobTemplate.{field}"),
            // Everything else is made of what its owner says: the same value there is where it comes from.
            _ => {
                let value = value_at(object, &field).map(|value| number_of_port(object, value).unwrap_or(value));
                let above = value.and_then(|value| same_value(owner.get("spec")?, value, "spec"));
                match above.ok_or_else(|| by_a_policy(snapshot, object, &field)) {
                    Ok(above) => above,
                    Err(Some(found)) => return found,
                    Err(None) => String::new(),
                }
            }
        };
        object = owner;
        if field.is_empty() {
            return (object, field);
        }
    }
    by_a_policy(snapshot, object, &field).unwrap_or((object, field))
}

fn is_of_schedule(object: &Value, owner: &Value) -> bool {
    text(object, "/kind") == "Job" && text(owner, "/kind") == "CronJob"
}

/// A text that a policy writes into such objects: nobody finds it where they have written the rest.
fn by_a_policy<'a>(snapshot: &'a Snapshot, object: &Value, field: &str) -> Option<(&'a Value, String)> {
    let written = match value_at(object, field)? {
        Value::String(text) => text.clone(),
        // Short numbers stand everywhere.
        Value::Number(number) if number.as_i64().is_some_and(|number| number > 99) => number.to_string(),
        _ => return None,
    };
    mutation_to(snapshot, object, last_key(field), &written)
}

/// `image` of `spec.containers[0].image`.
fn last_key(field: &str) -> &str {
    field.rsplit('.').next().and_then(|last| last.split('[').next()).unwrap_or(field)
}

/// Where the labels of a template's pods stand, as `spec.template.metadata`.
fn meta(template: Template<'_>) -> String {
    format!("{}metadata", template.path.strip_suffix("spec").unwrap_or_default())
}

fn is_label_of(template: Template<'_>, field: &str) -> bool {
    let rest = field.strip_prefix(meta(template).as_str());
    rest.is_some_and(|rest| rest.starts_with(".labels[") || rest.starts_with(".annotations["))
}

/// What a pod has and its workload has not, or has otherwise: a limit range has put it there, or a policy.
fn added_on_the_way<'a>(
    snapshot: &'a Snapshot,
    object: &Value,
    owner: &Value,
    field: &str,
    above: &str,
) -> Option<(&'a Value, String)> {
    let value = value_at(object, field).filter(|value| value_at(owner, above) != Some(value))?;
    if let Some(policy) = mutation_of(snapshot, object, last_key(field)) {
        return Some(policy);
    }
    if value_at(owner, above).is_some() {
        return None;
    }
    let (_, resource) = field.split_once(".resources.")?;
    let (part, resource) = resource.split_once('.')?;
    let word = if part == "limits" { "default" } else { "defaultRequest" };
    snapshot.inside("", "LimitRange", namespace(object)).find_map(|range| {
        let limits = list(range, "/spec/limits").iter().enumerate();
        let mut fitting = limits.filter(|(_, limit)| limit.get(word).and_then(|all| all.get(resource)) == Some(value));
        fitting.next().map(|(index, _)| (range, format!("spec.limits[{index}].{word}.{resource}")))
    })
}

/// The number of a port that is named, as `http`: what is above knows only numbers.
fn number_of_port<'a>(object: &'a Value, value: &Value) -> Option<&'a Value> {
    let name = value.as_str()?;
    let template = Template::of(object)?;
    let mut ports = template.containers().flat_map(|(_, container)| list(container, "/ports"));
    ports.find(|port| text(port, "/name") == name)?.get("containerPort")
}

/// Where the same plain value stands in an object. Short numbers and truths are everywhere: they tell nothing.
fn same_value(within: &Value, wanted: &Value, path: &str) -> Option<String> {
    let is_telling = match wanted {
        Value::String(text) => text.len() > 2,
        Value::Number(number) => number.as_i64().is_some_and(|number| number > 21),
        _ => false,
    };
    if !is_telling {
        return None;
    }
    match within {
        Value::Object(fields) => fields
            .iter()
            .filter(|(key, _)| *key != "crossplane")
            .find_map(|(key, value)| same_value(value, wanted, &format!("{path}.{key}"))),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(index, value)| same_value(value, wanted, &format!("{path}[{index}]")))
        }
        value => (value == wanted).then(|| path.to_string()),
    }
}

/// The field that a finding about a pod, or about what makes pods, is about.
fn field(object: &Value, finding: &Finding) -> Option<String> {
    let template = Template::of(object)?;
    let container = template.container(&finding.container);
    let (path, container) = match &container {
        Some((path, container)) => (path.as_str(), *container),
        None => ("", &Value::Null),
    };
    let of_container = |field: &str| (!path.is_empty()).then(|| format!("{path}.{field}"));
    match finding.fault {
        Fault::Paused if object.pointer("/spec/paused").is_some() => Some("spec.paused".into()),
        Fault::Paused => Some("spec.replicas".into()),
        Fault::BadImage if said(finding).contains("pull policy of never") => of_container("imagePullPolicy"),
        Fault::BadImage => of_container("image"),
        Fault::OutOfMemory => of_container("resources.limits.memory"),
        Fault::CrashLoop if path.is_empty() => evicted(template, finding),
        Fault::CrashLoop => match (program(container, finding), as_user(template, path, container, finding)) {
            (None | Some("args" | "command"), Some(user)) => Some(user),
            (part, _) => of_container(part?),
        },
        Fault::CannotStart if path.is_empty() => sandbox::field(object, template, finding),
        Fault::CannotStart => Some(start(template, path, container, finding)),
        Fault::FailingProbe => probe(path, container, finding),
        // A node that is full is no matter of the pod's.
        Fault::Unschedulable if said(finding).contains("too many pods") => None,
        Fault::Unschedulable => Some(placement(template, finding)),
        Fault::MissingReference | Fault::Volume => named(object, finding),
        Fault::MissingRights => Some(format!("{}.serviceAccountName", template.path)),
        Fault::PolicyDenied if said(finding).contains("podsecurity") => {
            let path = template.containers().next().map_or_else(|| template.path.to_string(), |(path, _)| path);
            Some(format!("{path}.securityContext"))
        }
        // What it refuses is the pod that would be made.
        Fault::PolicyDenied => {
            let pod = json!({"metadata": {"labels": template.labels}});
            let all: Vec<_> = finding.evidence.iter().map(|evidence| evidence.text.as_str()).collect();
            let field = missing_key(None, &all.join(" "), &pod)?;
            Some(format!("{}{}", meta(template), field.strip_prefix("metadata")?))
        }
        Fault::Quota if said(finding).contains("requested: pods") => Some("spec.replicas".into()),
        Fault::Quota => Some(format!("{}.containers[0].resources", template.path)),
        Fault::LimitRange => Some(amount(template, finding)),
        _ => None,
    }
}

/// What is said of a finding, in small letters.
fn said(finding: &Finding) -> String {
    // What is declared has words of its own, as `timeoutSeconds`.
    let told = finding.evidence.iter().filter(|evidence| !matches!(evidence.source.as_str(), "probe" | "requests"));
    let evidence = told.map(|evidence| evidence.text.as_str());
    std::iter::once(finding.summary.as_str()).chain(evidence).collect::<Vec<_>>().join(" ").to_lowercase()
}

/// The part of a container that says what runs: a variable that is complained about, its arguments, its command.
fn program(container: &Value, finding: &Finding) -> Option<&'static str> {
    let said = said(finding);
    let variables = list(container, "/env").iter().map(|variable| text(variable, "/name").to_lowercase());
    if variables.filter(|name| name.len() > 3).any(|name| said.contains(&name)) {
        return Some("env");
    }
    let read_only = container.pointer("/securityContext/readOnlyRootFilesystem") == Some(&Value::Bool(true));
    if read_only && said.contains("read-only file system") {
        return Some("securityContext.readOnlyRootFilesystem");
    }
    let parts = ["args", "command"];
    parts.into_iter().find(|part| container.get(*part).is_some())
}

/// The user that a program runs as, where that may not write what it has to.
fn as_user(template: Template<'_>, path: &str, container: &Value, finding: &Finding) -> Option<String> {
    let lines = finding.evidence.iter().filter(|evidence| evidence.source == "log").map(|evidence| &evidence.text);
    let is_denied = |line: &String| line.to_lowercase().contains("permission denied") && line.contains('/');
    lines.into_iter().any(is_denied).then_some(())?;
    let pod = (template.path, template.spec);
    let (place, _) =
        [(path, container), pod].into_iter().find(|(_, one)| one.pointer("/securityContext/runAsUser").is_some())?;
    Some(format!("{place}.securityContext.runAsUser"))
}

/// What a pod used too much of: space, or time.
fn evicted(template: Template<'_>, finding: &Finding) -> Option<String> {
    let said = said(finding);
    if let Some(name) = said.split_once("emptydir volume \"").and_then(|(_, rest)| rest.split('"').next()) {
        let index =
            list(template.spec, "/volumes").iter().position(|volume| text(volume, "/name").to_lowercase() == name)?;
        return Some(format!("{}.volumes[{index}].emptyDir.sizeLimit", template.path));
    }
    // The kubelet ends it as a whole when its own time is over.
    if said.contains("deadline") && template.spec.get("activeDeadlineSeconds").is_some() {
        return Some(format!("{}.activeDeadlineSeconds", template.path));
    }
    said.contains("ephemeral").then(|| format!("{}.containers[0].resources.limits.ephemeral-storage", template.path))
}

fn start(template: Template<'_>, path: &str, container: &Value, finding: &Finding) -> String {
    let said = said(finding);
    if said.contains("runasnonroot") || said.contains("non-root") || said.contains("non-numeric user") {
        let own = container.pointer("/securityContext/runAsNonRoot").is_some();
        let place =
            if own || template.spec.pointer("/securityContext/runAsNonRoot").is_none() { path } else { template.path };
        return format!("{place}.securityContext.runAsNonRoot");
    }
    if said.contains("poststart") {
        return format!("{path}.lifecycle.postStart.exec.command");
    }
    if said.contains("mount") {
        return format!("{path}.volumeMounts");
    }
    match container.get("command").is_some() {
        true => format!("{path}.command[0]"),
        false => format!("{path}.args"),
    }
}

fn probe(path: &str, container: &Value, finding: &Finding) -> Option<String> {
    let said = said(finding);
    let kinds = ["readiness", "liveness", "startup"];
    let kind = kinds.iter().find(|kind| said.contains(&format!("{kind} probe")))?;
    let probe = container.get(format!("{kind}Probe"))?;
    let how = ["httpGet", "tcpSocket", "grpc", "exec"].into_iter().find(|how| probe.get(*how).is_some())?;
    let late = said.contains("deadline exceeded") || said.contains("timed out") || said.contains("timeout");
    let part = match how {
        _ if late && how == "exec" => return Some(format!("{path}.{kind}Probe.timeoutSeconds")),
        "exec" => "exec.command".to_string(),
        _ if late && !said.contains("dial tcp") => return Some(format!("{path}.{kind}Probe.timeoutSeconds")),
        "httpGet" if said.contains("statuscode: 4") => "httpGet.path".into(),
        "httpGet" if said.contains("statuscode: 5") => "httpGet.path".into(),
        "httpGet" if said.contains("http response to https") || said.contains("malformed http") => {
            "httpGet.scheme".into()
        }
        how => format!("{how}.port"),
    };
    Some(format!("{path}.{kind}Probe.{part}"))
}

/// The amount that a limit range refuses: `maximum memory usage per Container is 64Mi, but limit is 128Mi`.
fn amount(template: Template<'_>, finding: &Finding) -> String {
    let said = said(finding);
    let resource = ["maximum ", "minimum ", "request ratio per "]
        .iter()
        .find_map(|word| said.split(word).nth(1)?.split_whitespace().next());
    let part = if said.contains("but request") || said.contains("minimum") { "requests" } else { "limits" };
    let path = template.containers().next().map_or_else(|| template.path.to_string(), |(path, _)| path);
    match resource {
        Some(resource) => format!("{path}.resources.{part}.{resource}"),
        None => format!("{path}.resources"),
    }
}

/// What of its wishes no node can fulfil.
fn placement(template: Template<'_>, finding: &Finding) -> String {
    let said = said(finding);
    let resource = said.split("insufficient ").nth(1).and_then(|rest| rest.split([' ', ',', ';', '(']).next());
    let resource = resource.map(|resource| resource.trim_end_matches('.'));
    if let Some(resource) = resource.filter(|resource| !resource.is_empty()) {
        let asks =
            |container: &Value| container.pointer("/resources/requests").and_then(|all| all.get(resource)).is_some();
        let path = template.containers().find(|(_, container)| asks(container)).map(|(path, _)| path);
        let path = path.unwrap_or_else(|| format!("{}.containers[0]", template.path));
        return format!("{path}.resources.requests.{resource}");
    }
    let has = |field: &str| template.spec.pointer(field).is_some();
    let field = match () {
        () if said.contains("anti-affinity") => "affinity.podAntiAffinity",
        () if said.contains("pod affinity") => "affinity.podAffinity",
        () if said.contains("topology spread") => "topologySpreadConstraints",
        () if said.contains("untolerated taint") || said.contains("taints keep") => "tolerations",
        () if said.contains("affinity") && !has("/nodeSelector") => "affinity.nodeAffinity",
        () if said.contains("selector") => "nodeSelector",
        () if said.contains("free ports") || said.contains("host port") => "containers[0].ports[0].hostPort",
        () if said.contains("volume") || said.contains("claim") => "volumes",
        () => "",
    };
    if field.is_empty() { template.path.to_string() } else { format!("{}.{field}", template.path) }
}

/// The field that names what is missing.
fn named(object: &Value, finding: &Finding) -> Option<String> {
    let said = said(finding);
    let named = uses(object).into_iter().filter(|used| {
        let name = used.at.name.to_lowercase();
        let quoted =
            [format!("\"{name}\""), format!("`{name}`"), format!("/{name}"), format!("/{name}:"), format!(" {name} ")];
        !name.is_empty() && quoted.iter().any(|quoted| said.contains(quoted.as_str()))
    });
    let is_key = said.contains("couldn't find key") || said.contains("references non-existent");
    let mut fitting: Vec<_> = named
        .filter(|used| {
            let key = used.key.as_ref().map(|key| key.to_lowercase());
            !is_key || key.is_none_or(|key| said.contains(&format!("key {key} ")) || said.contains(&key))
        })
        .collect();
    // Of several keys of one object the one that is named is meant.
    fitting.sort_by_key(|used| used.key.is_none());
    let used = fitting.into_iter().next()?;
    Some(if is_key && !used.key_field.is_empty() { used.key_field } else { used.field })
}
