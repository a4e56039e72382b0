//! What a pod asks of its node that no node can give: a label, a label to be spread over, a pod to run beside.
//!
//! The scheduler says only which of its checks no node passes. Which rule of the pod that is, and what it asks for in
//! vain, is read from the nodes and the pods that are there.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Seen;
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, condition, list, name, namespace, text};
use crate::live::references::nearest;
use crate::live::references::selector::{fits, label, shown};

/// The label that every node has, and that is another on each.
const HOST: &str = "kubernetes.io/hostname";
const BESIDE: &str = "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution";

/// What is asked for in vain.
struct Vain {
    field: String,
    text: String,
    next: String,
    value: Option<Value>,
}

/// A pod that no node takes, with the rule that none fulfils, where that is one that can be seen.
pub(super) fn explained(seen: &Seen<'_>, finding: Finding) -> Finding {
    if finding.fault != Fault::Unschedulable || !finding.field.is_empty() {
        return finding;
    }
    let Some(pod) = seen.snapshot.get(&finding.object).filter(|_| finding.object.kind == "Pod") else { return finding };
    let said = condition(pod, "PodScheduled").map(|one| one.message.to_lowercase()).unwrap_or_default();
    if said.contains("persistentvolume's node affinity") {
        return volume_elsewhere(seen, pod, &finding).unwrap_or(finding);
    }
    let vain = match () {
        () if said.contains("topology spread") => spread(seen, pod),
        () if said.contains("pod affinity") => beside(seen, pod),
        () if said.contains("node affinity") || said.contains("selector") => on_a_node(seen, pod),
        () => None,
    };
    let Some(vain) = vain else { return finding };
    let summary = format!("{}: {}", finding.summary, vain.text);
    let finding = Finding { summary, ..finding }.at(vain.field).next(vain.next);
    match vain.value {
        Some(value) => finding.should_be(value),
        None => finding,
    }
}

/// A volume that lies on a node which is not there.
fn volume_elsewhere(seen: &Seen<'_>, pod: &Value, finding: &Finding) -> Option<Finding> {
    let snapshot = seen.snapshot;
    let names = list(pod, "/spec/volumes").iter().map(|volume| text(volume, "/persistentVolumeClaim/claimName"));
    let claims = names.filter_map(|claim| snapshot.get(&Ref::new("", "PersistentVolumeClaim", namespace(pod), claim)));
    let bound = claims.filter_map(|claim| {
        let volume = snapshot.get(&Ref::new("", "PersistentVolume", "", text(claim, "/spec/volumeName")))?;
        Some((claim, volume))
    });
    let nodes = nodes(seen);
    let fulfils = |one: &Value| {
        let selector = json!({"matchExpressions": [one]});
        nodes.iter().any(|node| fits(Some(&selector), labels(node)))
    };
    let lost = |volume: &'_ Value| {
        let terms = list(volume, "/spec/nodeAffinity/required/nodeSelectorTerms").iter();
        // One term that a node fulfils is enough.
        let vain = terms.map(|term| list(term, "/matchExpressions").iter().find(|one| !fulfils(one)));
        vain.collect::<Option<Vec<_>>>()?.first().map(|wanted| (*wanted).clone())
    };
    let mut lost = bound.filter_map(|(claim, volume)| Some((Ref::of(claim), Ref::of(volume), lost(volume)?)));
    let (claim, volume, wanted) = lost.next()?;
    let values: Vec<_> = list(&wanted, "/values").iter().filter_map(Value::as_str).collect();
    let label = format!("`{}` {}", text(&wanted, "/key"), values.join(" or "));
    let summary = format!("lies on a node with label {label}, and no node has that: {} waits for it", finding.object);
    let mut found = Finding::new(finding.fault, volume.clone(), summary).at("spec.nodeAffinity");
    found.evidence.clone_from(&finding.evidence);
    Some(found.next(format!(
        "Bring that node back. If it is gone for good, so is what lay there: delete {claim} and {volume}, and make the claim again."
    )))
}

fn nodes<'a>(seen: &Seen<'a>) -> Vec<&'a Value> {
    seen.snapshot.all("", "Node").collect()
}

fn labels(object: &Value) -> Option<&Value> {
    object.pointer("/metadata/labels")
}

/// Whether no node has a label; of no nodes at all nothing is said.
fn is_on_none(nodes: &[&Value], key: &str) -> bool {
    !nodes.is_empty() && nodes.iter().all(|node| label(labels(node), key).is_none())
}

/// A label of nodes to be spread over, which none has.
fn spread(seen: &Seen<'_>, pod: &Value) -> Option<Vain> {
    let nodes = nodes(seen);
    let rules = list(pod, "/spec/topologySpreadConstraints").iter().enumerate();
    let mut strict = rules.filter(|(_, rule)| text(rule, "/whenUnsatisfiable") != "ScheduleAnyway");
    let (index, rule) = strict.find(|(_, rule)| is_on_none(&nodes, text(rule, "/topologyKey")))?;
    let key = text(rule, "/topologyKey");
    let is_by_host = nodes.iter().all(|node| label(labels(node), HOST).is_some());
    let own =
        if is_by_host { format!("set `topologyKey` to `{HOST}`, which every node has; or ") } else { String::new() };
    Some(Vain {
        field: format!("spec.topologySpreadConstraints[{index}].topologyKey"),
        text: format!("it must be spread over label `{key}`, which no node has"),
        next: sentence(&format!(
            "{own}set `whenUnsatisfiable` to ScheduleAnyway, or label the nodes: `kubectl label node {} {key}=VALUE`.",
            nodes.first().map_or("NODE", |node| name(node))
        )),
        value: None,
    })
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A label that the pod asks of its node: by a plain selector, or by an expression.
fn on_a_node(seen: &Seen<'_>, pod: &Value) -> Option<Vain> {
    let nodes = nodes(seen);
    let plain = pod.pointer("/spec/nodeSelector").and_then(Value::as_object);
    let mut pairs = plain.into_iter().flatten().filter_map(|(key, value)| Some((key, value.as_str()?)));
    if let Some((key, wanted)) =
        pairs.find(|(key, wanted)| nodes.iter().all(|node| label(labels(node), key) != Some(*wanted)))
    {
        let is_only = plain.is_some_and(|plain| plain.len() == 1);
        let field = if is_only { "spec.nodeSelector".into() } else { format!("spec.nodeSelector[{key}]") };
        return Some(unlabeled(&nodes, &field, key, &[wanted]));
    }
    let terms = "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms";
    // One term that a node fulfils is enough; an expression of numbers is left to the scheduler.
    let vain = list(pod, terms).iter().map(|term| {
        let mut all = list(term, "/matchExpressions").iter();
        all.find(|one| {
            let selector = json!({"matchExpressions": [one]});
            let is_plain = !matches!(text(one, "/operator"), "Gt" | "Lt");
            is_plain && nodes.iter().all(|node| !fits(Some(&selector), labels(node)))
        })
    });
    let first = vain.collect::<Option<Vec<_>>>()?.into_iter().next()?;
    let wanted: Vec<_> = list(first, "/values").iter().filter_map(Value::as_str).collect();
    let wanted = if text(first, "/operator") == "In" { wanted } else { Vec::new() };
    Some(unlabeled(&nodes, "spec.affinity.nodeAffinity", text(first, "/key"), &wanted))
}

/// No node has a label, or none has it with a value that is wanted.
fn unlabeled(nodes: &[&Value], field: &str, key: &str, wanted: &[&str]) -> Vain {
    let had: BTreeSet<_> = nodes.iter().filter_map(|node| label(labels(node), key)).collect();
    let told = had.iter().copied().collect::<Vec<_>>().join(", ");
    let (asked, first) = (wanted.join(", "), wanted.first().copied().unwrap_or("VALUE"));
    let asks = if wanted.is_empty() { String::new() } else { format!(" with value {asked}") };
    let has = if had.is_empty() { "no node has it".into() } else { format!("the nodes have it as {told}") };
    let near = nearest(first, had.iter().copied());
    let keys = nodes.iter().filter_map(|node| labels(node)?.as_object()).flat_map(|all| all.keys());
    let meant = match near {
        Some(near) => format!("Set its value to `{near}`, if that is meant"),
        None => match nearest(key, keys.map(String::as_str)).filter(|_| had.is_empty()) {
            Some(near) => format!("Use label `{near}`, if that is meant"),
            None => "Correct or remove it".into(),
        },
    };
    let node = nodes.first().map_or("NODE", |node| name(node));
    Vain {
        field: field.into(),
        text: format!("it asks for a node's label `{key}`{asks}, and {has}"),
        next: format!("{meant}, or label a node: `kubectl label node {node} {key}={first}`."),
        value: None,
    }
}

/// A pod to run beside, which is not where it is looked for.
fn beside(seen: &Seen<'_>, pod: &Value) -> Option<Vain> {
    let rules = list(pod, &format!("/{}", BESIDE.replace('.', "/"))).iter().enumerate();
    rules.filter_map(|(index, rule)| without_company(seen, pod, rule, &format!("{BESIDE}[{index}]"))).next()
}

fn without_company(seen: &Seen<'_>, pod: &Value, rule: &Value, field: &str) -> Option<Vain> {
    let key = text(rule, "/topologyKey");
    if is_on_none(&nodes(seen), key) {
        return Some(Vain {
            field: format!("{field}.topologyKey"),
            text: format!("what counts as beside is told by label `{key}`, which no node has"),
            next: format!("Set its `topologyKey` to a label that the nodes have (`{HOST}`), or label the nodes."),
            value: None,
        });
    }
    let selector = rule.get("labelSelector");
    let is_meant = |one: &&Value| !is_through(one) && fits(selector, labels(one));
    let is_in = |one: &Value| is_searched(seen, pod, rule, namespace(one));
    let (near, far): (Vec<_>, Vec<_>) =
        seen.snapshot.all("", "Pod").filter(is_meant).partition(|one: &&Value| is_in(one));
    // Where some are, their node is the matter: it has no room, or is another one's.
    if !near.is_empty() || rule.get("matchLabelKeys").is_some() {
        return None;
    }
    let wanted = in_words(selector);
    let places: BTreeSet<_> = far.into_iter().map(namespace).collect();
    let Some(first) = places.first() else {
        return Some(Vain {
            field: format!("{field}.labelSelector"),
            text: format!("it must run beside a pod with {wanted}, and there is none"),
            next: "Correct that `labelSelector`, start what it must run beside, or make the rule a preferred one."
                .into(),
            value: None,
        });
    };
    let told = places.iter().copied().collect::<Vec<_>>().join(", ");
    let (part, said) = ["namespaceSelector", "namespaces"]
        .into_iter()
        .find(|part| rule.get(*part).is_some())
        .map_or(("namespaces", "without `namespaces` or `namespaceSelector`"), |part| {
            (part, "with what it says there")
        });
    Some(Vain {
        field: format!("{field}.{part}"),
        text: format!(
            "it must run beside a pod with {wanted}, and {said} it looks for one in {} only; such pods run in namespace {told}",
            searched(seen, pod, rule)
        ),
        next: format!("Set `namespaces: [{told}]` in that rule, or make the rule a preferred one."),
        value: (part == "namespaces" && places.len() == 1).then(|| json!([first])),
    })
}

fn is_through(pod: &Value) -> bool {
    matches!(text(pod, "/status/phase"), "Succeeded" | "Failed")
}

/// Whether a rule of affinity looks at the pods of a namespace: at its own, unless it says others.
fn is_searched(seen: &Seen<'_>, pod: &Value, rule: &Value, place: &str) -> bool {
    let named = list(rule, "/namespaces");
    let is_named = named.iter().any(|one| one.as_str() == Some(place));
    match rule.get("namespaceSelector") {
        Some(selector) => {
            let object = seen.snapshot.all("", "Namespace").find(|one| name(one) == place);
            is_named || fits(Some(selector), object.and_then(labels))
        }
        None if named.is_empty() => place == namespace(pod),
        None => is_named,
    }
}

/// The namespaces that a rule looks at, in words.
fn searched(seen: &Seen<'_>, pod: &Value, rule: &Value) -> String {
    let all = seen.snapshot.all("", "Namespace").map(name).filter(|place| is_searched(seen, pod, rule, place));
    let all: Vec<_> = all.take(4).collect();
    if all.is_empty() { "no namespace that there is".into() } else { format!("namespace {}", all.join(", ")) }
}

/// A selector as people write it, `app=web`.
fn in_words(selector: Option<&Value>) -> String {
    let plain = shown(selector.and_then(|selector| selector.get("matchLabels")));
    match plain.as_str() {
        "" => "the labels of its `labelSelector`".into(),
        plain => format!("`{plain}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::diagnose::diagnose;
    use crate::live::snapshot::Snapshot;

    fn told(spec: Value, said: &str, more: Vec<Value>) -> (String, String, String) {
        let mut spec = spec;
        spec["containers"] = json!([{"name": "app"}]);
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "shop", "name": "web"}, "spec": spec,
            "status": {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False",
                "message": format!("0/1 nodes are available: 1 node(s) didn't match {said}.")}]}});
        let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n", "labels": {HOST: "n", "disk": "slow"}},
            "status": {"conditions": [{"type": "Ready", "status": "True"}]}});
        let place = |name: &str| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        let snapshot = Snapshot::of("lab", [pod, node, place("shop"), place("data")].into_iter().chain(more));
        let cause = diagnose(&snapshot, "Pod:shop/web").expect("it is there").causes.remove(0);
        assert_eq!(cause.fault, Fault::Unschedulable);
        (cause.field, cause.summary, cause.next)
    }

    fn cache(place: &str) -> Value {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": place, "name": "cache", "labels": {"app": "cache"}},
            "spec": {"nodeName": "n"}, "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}})
    }

    #[test]
    fn a_label_to_be_spread_over_is_named_where_no_node_has_it() {
        let rule = |key: &str, how: &str| {
            json!({"topologySpreadConstraints": [{"topologyKey": HOST, "whenUnsatisfiable": "DoNotSchedule"},
            {"topologyKey": key, "whenUnsatisfiable": how}]})
        };
        let said = "pod topology spread constraints (missing required label)";
        let (field, summary, next) = told(rule("example.org/rack", "DoNotSchedule"), said, vec![]);
        assert_eq!(field, "spec.topologySpreadConstraints[1].topologyKey");
        assert!(summary.contains("`example.org/rack`, which no node has") && next.contains(HOST), "{summary} {next}");
        // Nothing is said of a rule that is only a wish, or of a label that there is.
        for rule in [rule("example.org/rack", "ScheduleAnyway"), rule("disk", "DoNotSchedule")] {
            assert_eq!(told(rule, said, vec![]).0, "spec.topologySpreadConstraints");
        }
    }

    #[test]
    fn a_volume_that_lies_on_a_lost_node_is_named_with_its_claim() {
        let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"namespace": "shop", "name": "data"},
            "spec": {"volumeName": "pv-1"}, "status": {"phase": "Bound"}});
        let volume = |node: &str| {
            json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "pv-1"},
            "spec": {"nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [{"key": HOST, "operator": "In", "values": [node]}]}]}}}})
        };
        let pod = json!({"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]});
        let said = "PersistentVolume's node affinity";
        let (field, summary, next) = told(pod.clone(), said, vec![claim.clone(), volume("worker-2")]);
        assert_eq!(field, "spec.nodeAffinity");
        assert!(summary.contains("worker-2") && next.contains("PersistentVolumeClaim shop/data"), "{summary} {next}");
        // Of one that a node has the scheduler's own words stand.
        assert!(told(pod, said, vec![claim, volume("n")]).1.contains("node affinity"));
    }

    #[test]
    fn a_pod_to_run_beside_is_looked_for_in_the_namespaces_that_are_said() {
        let rule = |more: Value| {
            let mut rule = json!({"labelSelector": {"matchLabels": {"app": "cache"}}, "topologyKey": HOST});
            rule.as_object_mut().expect("a map").extend(more.as_object().expect("a map").clone());
            json!({"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [rule]}}})
        };
        let said = "pod affinity rules";
        let (field, summary, next) = told(rule(json!({})), said, vec![cache("data")]);
        assert_eq!(field, format!("{BESIDE}[0].namespaces"));
        assert!(
            summary.contains("in namespace shop only") && next.contains("`namespaces: [data]`"),
            "{summary} {next}"
        );
        let selector = rule(json!({"namespaceSelector": {"matchLabels": {"team": "data"}}}));
        assert_eq!(told(selector, said, vec![cache("data")]).0, format!("{BESIDE}[0].namespaceSelector"));
        assert_eq!(told(rule(json!({})), said, vec![]).0, format!("{BESIDE}[0].labelSelector"));
        let rack = rule(json!({"topologyKey": "example.org/rack"}));
        assert_eq!(told(rack, said, vec![cache("shop")]).0, format!("{BESIDE}[0].topologyKey"));
        // Where such a pod is in reach, it is a matter of its node.
        for (rule, place) in [(rule(json!({})), "shop"), (rule(json!({"namespaceSelector": {}})), "data")] {
            assert_eq!(told(rule, said, vec![cache(place)]).0, "spec.affinity.podAffinity");
        }
    }

    #[test]
    fn a_label_of_a_node_is_named_with_what_the_nodes_have() {
        let said = "Pod's node affinity/selector";
        let (field, summary, next) = told(json!({"nodeSelector": {"disk": "slwo"}}), said, vec![]);
        assert_eq!(field, "spec.nodeSelector");
        assert!(summary.contains("the nodes have it as slow") && next.contains("`slow`"), "{summary} {next}");
        assert_eq!(
            told(json!({"nodeSelector": {"disk": "slow", "zone": "a"}}), said, vec![]).0,
            "spec.nodeSelector[zone]"
        );
        let affinity = |one: Value| {
            json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution":
            {"nodeSelectorTerms": [{"matchExpressions": [one]}]}}}})
        };
        let (field, summary, _) = told(affinity(json!({"key": "zone", "operator": "Exists"})), said, vec![]);
        assert_eq!(field, "spec.affinity.nodeAffinity");
        assert!(summary.contains("label `zone`, and no node has it"), "{summary}");
        let (_, summary, _) = told(affinity(json!({"key": "cores", "operator": "Gt", "values": ["9"]})), said, vec![]);
        assert!(!summary.contains("asks for"), "{summary}");
    }
}
