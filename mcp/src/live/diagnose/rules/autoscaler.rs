//! Autoscalers and disruption budgets.

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, condition, group_of, list, name, namespace, number, text};
use crate::live::owners;
use crate::live::references::selector::{fits, shown};
use crate::live::references::template::Template;
use crate::live::references::{nearest, there_are};

/// What a budget weighs that keeps its pods from moving while nobody wants to move them.
pub(super) const TIGHT: u32 = 46;
/// A pod has figures so long after its start: the kubelet's rounds and those of the metrics server.
const MEASURED_SECONDS: i64 = 90;

/// What keeps an autoscaler from scaling.
pub(super) fn of_autoscaler(seen: &Seen<'_>, scaler: &Value) -> Vec<Finding> {
    let at = Ref::of(scaler);
    let target = "/spec/scaleTargetRef";
    let part = |field: &str| text(scaler, &format!("{target}/{field}")).to_string();
    let aim = Ref::new(group_of(&part("apiVersion")), &part("kind"), namespace(scaler), &part("name"));
    let Some(workload) = seen.snapshot.get(&aim) else {
        if !seen.snapshot.has_kind(&aim.group, &aim.kind) {
            return unable(seen, scaler, &at, None).into_iter().collect();
        }
        let others = || seen.snapshot.inside(&aim.group, &aim.kind, &aim.namespace);
        let text = format!("scales {aim}, which does not exist ({})", there_are(others()));
        let field = "spec.scaleTargetRef.name";
        let finding = Finding::new(Fault::MissingReference, at.clone(), text).at(field).with(field, &aim.name);
        let finding = match nearest(&aim.name, others().map(name)) {
            Some(near) => finding.should_be(near).next(format!("Set `{field}` of {at} to `{near}`, if that is meant.")),
            None => finding.next(format!("Correct `{field}` of {at}.")),
        };
        return vec![finding];
    };
    let known = of_no_container(scaler, workload, &at).or_else(|| without_request(scaler, workload, &at));
    let mut found: Vec<Finding> = known.into_iter().collect();
    if found.is_empty() {
        found.extend(unable(seen, scaler, &at, Some(workload)));
    }
    found.extend(at_its_end(scaler, &at));
    found
}

/// A metric of one container, which none of the pods has.
fn of_no_container(scaler: &Value, workload: &Value, at: &Ref) -> Option<Finding> {
    let template = Template::of(workload)?;
    let containers: Vec<_> = template.containers().map(|(_, one)| one).map(name_of).collect();
    let metrics = list(scaler, "/spec/metrics").iter().enumerate();
    let mut named =
        metrics.filter_map(|(index, metric)| Some((index, metric.pointer("/containerResource/container")?.as_str()?)));
    let (index, wanted) = named.find(|(_, wanted)| !containers.contains(wanted))?;
    let field = format!("spec.metrics[{index}].containerResource.container");
    let (workload, there) = (Ref::of(workload), containers.join(", "));
    let text = format!(
        "scales by container `{wanted}`, and the pods of {workload} have no such container (they have {there})"
    );
    let said = condition(scaler, "ScalingActive").map_or("", |active| active.message);
    let finding = Finding::new(Fault::CannotScale, at.clone(), text).at(field.clone());
    let finding = finding.with(field.clone(), wanted).with("condition ScalingActive", said);
    let own = template.containers().filter(|(path, _)| !path.contains("initContainers"));
    let own: Vec<_> = own.map(|(_, one)| one).map(name_of).collect();
    Some(match nearest(wanted, own.iter().copied()).or(own.first().copied().filter(|_| own.len() == 1)) {
        Some(right) => finding.should_be(right).next(format!("Set `{field}` of {at} to `{right}`.")),
        None => finding.next(format!("Set `{field}` of {at} to a container that its pods have ({there}).")),
    })
}

fn name_of(container: &Value) -> &str {
    text(container, "/name")
}

/// A share of a request needs a request.
fn without_request(scaler: &Value, workload: &Value, at: &Ref) -> Option<Finding> {
    let metrics = list(scaler, "/spec/metrics").iter();
    let of_share = metrics.filter(|metric| text(metric, "/resource/target/type") == "Utilization");
    let resources: Vec<_> = of_share.map(|metric| text(metric, "/resource/name")).collect();
    let template = Template::of(workload)?;
    let mut containers = template.containers().filter(|(path, _)| !path.contains("initContainers"));
    let (path, container, resource) = containers.find_map(|(path, container)| {
        let had = |resource: &&&str| {
            let resources = container.get("resources");
            ["requests", "limits"].iter().all(|part| resources.and_then(|all| all.get(part)?.get(**resource)).is_none())
        };
        let lacking = resources.iter().find(|resource| had(resource))?;
        Some((path, text(container, "/name").to_string(), (*lacking).to_string()))
    })?;
    let workload = Ref::of(workload);
    let field = format!("{path}.resources.requests.{resource}");
    let text = format!("has no request of {resource} in container `{container}`: {at} scales by a share of it");
    let said =
        condition(scaler, "ScalingActive").filter(|active| !active.is_true()).map_or("", |active| active.message);
    let finding = Finding::new(Fault::CannotScale, workload.clone(), text).at(field.clone());
    Some(
        finding
            .with("condition ScalingActive", said)
            .with("spec.metrics", &format!("{resource}: Utilization"))
            .next(format!("Set `{field}` of {workload}.")),
    )
}

fn unable(seen: &Seen<'_>, scaler: &Value, at: &Ref, workload: Option<&Value>) -> Option<Finding> {
    let kinds = ["AbleToScale", "ScalingActive"];
    let bad = kinds.iter().filter_map(|kind| condition(scaler, kind)).find(|condition| condition.is_false())?;
    if bad.reason == "ScalingDisabled" {
        let aim = workload.map_or_else(|| at.clone(), Ref::of);
        let text = format!("has 0 replicas, so {at} leaves it alone");
        let finding = Finding::new(Fault::Paused, aim.clone(), text)
            .at("spec.replicas")
            .with("condition ScalingActive", bad.message);
        return Some(finding.next(format!("Set `spec.replicas` of {aim} to 1 or more.")));
    }
    if let Some(finding) = unserved(seen, scaler, at, bad.reason, bad.message) {
        return Some(finding);
    }
    let metric = bad.reason.starts_with("FailedGet") || bad.message.contains("metric");
    if let Some(workload) = workload.filter(|workload| metric && is_young(seen, workload)) {
        let text = format!("waits for the first figures of the pods of {}", Ref::of(workload));
        let finding = Finding::new(Fault::Starting, at.clone(), text)
            .with(format!("condition {}: {}", bad.kind, bad.reason), bad.message);
        return Some(finding.next("Ask again in a minute: pods are measured some time after their start."));
    }
    let field = if metric { "spec.metrics" } else { "spec.scaleTargetRef" };
    if bad.reason == "AmbiguousSelector" {
        let field = "spec.scaleTargetRef";
        let finding = Finding::new(
            Fault::CannotScale,
            at.clone(),
            "scales pods that another autoscaler scales too: none of them does",
        )
        .at(field)
        .with(format!("condition {}: {}", bad.kind, bad.reason), bad.message);
        return Some(finding.next(format!("Delete one of the autoscalers, or give {at} another `{field}`.")));
    }
    let text = format!("cannot scale: {}", crate::live::object::short(bad.message, 200));
    let finding = Finding::new(Fault::CannotScale, at.clone(), text)
        .at(field)
        .with(format!("condition {}: {}", bad.kind, bad.reason), bad.message);
    Some(finding.next(format!("Correct `{field}` of {at}; look at what the metrics server knows of its pods.")))
}

/// A metric that is not processor or memory, and nobody who serves such: no waiting brings it.
fn unserved(seen: &Seen<'_>, scaler: &Value, at: &Ref, reason: &str, message: &str) -> Option<Finding> {
    let (kinds, group): (&[&str], _) = match reason {
        "FailedGetPodsMetric" => (&["Pods"], "custom.metrics.k8s.io"),
        "FailedGetObjectMetric" => (&["Object"], "custom.metrics.k8s.io"),
        "FailedGetExternalMetric" => (&["External"], "external.metrics.k8s.io"),
        _ => return None,
    };
    let mut services = seen.snapshot.all("apiregistration.k8s.io", "APIService");
    if services.any(|service| text(service, "/spec/group") == group) {
        return None;
    }
    let mut metrics = list(scaler, "/spec/metrics").iter().enumerate();
    let (index, metric) = metrics.find(|(_, metric)| kinds.contains(&text(metric, "/type")))?;
    let part = text(metric, "/type").to_lowercase();
    let called = text(metric, &format!("/{part}/metric/name"));
    let field = format!("spec.metrics[{index}].{part}.metric.name");
    let summary = format!("scales by metric `{called}`, and nothing here serves such metrics (no API {group})");
    let finding =
        Finding::new(Fault::CannotScale, at.clone(), summary).at(field).with(format!("condition {reason}"), message);
    Some(finding.next(format!(
        "Install an adapter that serves {group}, or scale by cpu or memory: a metric of type Resource in `spec.metrics[{index}]` of {at}."
    )))
}

/// Whether all pods of a workload are too young to have been measured.
fn is_young(seen: &Seen<'_>, workload: &Value) -> bool {
    let pods = seen.snapshot.pods_of(workload);
    let ages = pods.iter().map(|pod| seen.seconds_since(text(pod, "/status/startTime")));
    !pods.is_empty() && ages.into_iter().all(|age| age.is_none_or(|age| age < MEASURED_SECONDS))
}

/// It would scale on, and may not.
fn at_its_end(scaler: &Value, at: &Ref) -> Option<Finding> {
    let limited = condition(scaler, "ScalingLimited")
        .filter(|limited| limited.is_true() && limited.reason == "TooManyReplicas")?;
    let most = number(scaler, "/spec/maxReplicas");
    let text = format!("has scaled to its end ({most} replicas) and wants more");
    let finding = Finding::new(Fault::CannotScale, at.clone(), text).at("spec.maxReplicas").at_most(46);
    Some(
        finding
            .with("condition ScalingLimited", limited.message)
            .next(format!("Raise `spec.maxReplicas` of {at}, or find out what makes the load.")),
    )
}

/// Another budget that decides about the same pods.
fn twin(seen: &Seen<'_>, budget: &Value, pods: &[&Value]) -> Option<Ref> {
    let at = Ref::of(budget);
    let others = seen.snapshot.inside("policy", "PodDisruptionBudget", &at.namespace);
    let decides = |other: &&Value| {
        let selector = other.pointer("/spec/selector");
        pods.iter().any(|pod| fits(selector, pod.pointer("/metadata/labels")))
    };
    others.filter(|other| Ref::of(other) != at).find(decides).map(Ref::of)
}

/// What is wrong with a budget: it protects nobody, or lets no pod go that has to.
pub(super) fn of_budget(seen: &Seen<'_>, budget: &Value) -> Vec<Finding> {
    let at = Ref::of(budget);
    let selector = budget.pointer("/spec/selector");
    let pods: Vec<_> = seen
        .snapshot
        .inside("", "Pod", &at.namespace)
        .filter(|pod| fits(selector, pod.pointer("/metadata/labels")))
        .collect();
    // What made a budget makes its pods too, and knows whether there should be any.
    if pods.is_empty() && owners::reference(budget).is_some() {
        return Vec::new();
    }
    if pods.is_empty() {
        let labels = shown(selector.and_then(|selector| selector.get("matchLabels")));
        let finding =
            Finding::new(Fault::WrongSelector, at.clone(), format!("selects `{labels}`, and no pod has these labels"));
        let finding = finding.at("spec.selector").at_most(46).with("spec.selector", &labels);
        return vec![finding.next(format!("Correct `spec.selector` of {at}."))];
    }
    if let Some(twin) = twin(seen, budget, &pods) {
        let text = format!("selects pods that {twin} selects too: none of them can be evicted");
        let finding = Finding::new(Fault::BudgetBlocks, at.clone(), text).at("spec.selector").at_most(TIGHT);
        return vec![
            finding
                .with("other", &twin.to_string())
                .next(format!("Delete {at} or {twin}: of a pod only one budget may decide.")),
        ];
    }
    let allowed = number(budget, "/status/disruptionsAllowed");
    let is_on = |node: &Value| pods.iter().any(|pod| text(pod, "/spec/nodeName") == name(node));
    let is_cordoned = |node: &&Value| node.pointer("/spec/unschedulable").and_then(Value::as_bool).unwrap_or(false);
    let node = seen.snapshot.all("", "Node").filter(is_cordoned).find(|node| is_on(node));
    // With pods missing it holds on to the rest, as it should.
    let is_complete = number(budget, "/status/currentHealthy") >= number(budget, "/status/expectedPods");
    if allowed > 0 || budget.pointer("/status/disruptionsAllowed").is_none() || (node.is_none() && !is_complete) {
        return Vec::new();
    }
    let (field, value) = match (budget.pointer("/spec/minAvailable"), budget.pointer("/spec/maxUnavailable")) {
        (Some(least), _) => ("spec.minAvailable", least.to_string()),
        (_, Some(most)) => ("spec.maxUnavailable", most.to_string()),
        _ => ("spec", String::new()),
    };
    let all = pods.len();
    let (text, weight) = match node {
        Some(node) => (
            format!("lets none of its {all} pods go, and node {} is to be emptied", name(node)),
            Fault::BudgetBlocks.weight(),
        ),
        None => {
            (format!("lets none of its {all} pods go, even while all of them are well: no node can be emptied"), TIGHT)
        }
    };
    let finding = Finding::new(Fault::BudgetBlocks, at.clone(), text).at(field).at_most(weight).with(field, &value);
    vec![finding.next(format!("Loosen `{field}` of {at}, or run more replicas first."))]
}
