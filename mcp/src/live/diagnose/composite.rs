//! What keeps a composite resource from being composed.

use std::collections::BTreeSet;

use serde_json::Value;

use super::compositions::{CROSSPLANE, composition_of, compositions_of};
use super::custom::{VIOLATION, named_in, path_in};
use super::mutated::value_at;
use super::{Fault, Finding, classify, misplaced, program, readiness, revision, taken};
use crate::live::object::{Ref, annotation, condition, conditions, gist, group_of, list, name, text};
use crate::live::references::nearest;
use crate::live::snapshot::{Snapshot, event_count, event_time};

const PACKAGES: &str = "pkg.crossplane.io";
/// What an error weighs at least that Crossplane tells of something that is not ready.
const WARNED: u32 = 52;
/// How Crossplane begins a list of what it could not apply.
const UNSYNCED: &str = "Unsynced resources";

/// Everything that is wrong with a composite resource.
pub(super) fn of_composite(snapshot: &Snapshot, composite: &Value) -> Vec<Finding> {
    let at = Ref::of(composite);
    let mut findings = functions(snapshot, composite, &at);
    let synced = condition(composite, "Synced").filter(|condition| condition.is_false());
    if let Some(synced) = synced {
        let said = why_unsynced(snapshot, &at, synced.message);
        let message = said.unwrap_or(synced.message);
        let fault = classify(message).unwrap_or(Fault::Unexplained);
        let known = findings.iter().any(|finding| finding.fault == fault || finding.fault == Fault::MissingFunction);
        if known {
            findings = findings.into_iter().map(|finding| finding.with("condition Synced", message)).collect();
        } else {
            let told = unwatched(snapshot, composite, &at, message)
                .or_else(|| misplaced::told(snapshot, composite, message))
                .or_else(|| nowhere(composite, &at, message))
                .or_else(|| taken::told(snapshot, composite, message));
            let mut finding = told.unwrap_or_else(|| of_message(fault, &at, message));
            // What is not ready, and will not be by itself, is no remark.
            let is_ready = condition(composite, "Ready").is_some_and(|ready| ready.is_true());
            if !is_ready && !message.is_empty() && !message.contains("object has been modified") {
                finding.weight = finding.weight.max(WARNED);
            }
            let finding =
                program::told(composition_of(snapshot, composite), composite, selected(composite, finding), message);
            findings.push(finding.with(format!("condition Synced: {}", synced.reason), message));
        }
    }
    if annotation(composite, "crossplane.io/paused") == Some("true") {
        findings.push(
            Finding::new(Fault::Paused, at.clone(), "Crossplane leaves it alone: it is paused")
                .at("metadata.annotations[crossplane.io/paused]")
                .with("annotation", "crossplane.io/paused: true")
                .next(format!("Remove the annotation `crossplane.io/paused` of {}.", Ref::of(composite))),
        );
    }
    if findings.is_empty() {
        findings.extend(warnings(snapshot, composite, &at));
    }
    if findings.is_empty() {
        findings.extend(unmade(snapshot, composite, &at).or_else(|| revision::older(snapshot, composite)));
    }
    if findings.is_empty() {
        let told = readiness::never_said(snapshot, composite).or_else(|| not_ready(composite, &at));
        findings.extend(told.or_else(|| untouched(composite, &at)));
    }
    findings
}

/// A selector that finds no composition is the field at fault.
fn selected(composite: &Value, finding: Finding) -> Finding {
    let selector = composite.pointer("/spec/crossplane/compositionSelector/matchLabels").and_then(Value::as_object);
    let Some(labels) = selector.filter(|_| finding.fault == Fault::MissingComposition) else { return finding };
    let (at, field) = (Ref::of(composite), "spec.crossplane.compositionSelector.matchLabels");
    let told = Value::Object(labels.clone()).to_string();
    finding
        .at(field)
        .with(field, &told)
        .next(format!("Set `{field}` of {at} to labels that a composition of its kind has."))
}

/// A definition of a composite API that Crossplane does not serve.
pub(super) fn of_definition(snapshot: &Snapshot, definition: &Value) -> Option<Finding> {
    let at = Ref::of(definition);
    let established = condition(definition, "Established");
    if established.as_ref().is_some_and(|condition| condition.is_true()) {
        return None;
    }
    let said = established.map_or("", |condition| condition.message);
    let why = if said.is_empty() { newest_warning(snapshot, &at) } else { said };
    if why.is_empty() {
        return Some(Finding::new(Fault::Starting, at, "the API that it defines is not served yet"));
    }
    let summary = format!("the API that it defines is not served: {}", gist(innermost(why), 200));
    Some(
        Finding::new(Fault::InvalidManifest, at, summary)
            .with("Crossplane", why)
            .next("Correct the definition in Git."),
    )
}

/// What Crossplane warns of, where its condition only lists what it could not apply.
fn why_unsynced<'a>(snapshot: &'a Snapshot, at: &Ref, said: &str) -> Option<&'a str> {
    if !said.is_empty() && !said.starts_with(UNSYNCED) {
        return None;
    }
    let warnings = snapshot.events_of(at).into_iter().filter(|event| text(event, "/type") == "Warning");
    let tells = |event: &&Value| text(event, "/message").contains("cannot ") && is_lasting(event);
    let why = warnings.into_iter().find(tells).map(|event| text(event, "/message"));
    let newest = Some(newest_warning(snapshot, at)).filter(|newest| said.is_empty() && !newest.is_empty());
    why.or(newest)
}

fn newest_warning<'a>(snapshot: &'a Snapshot, at: &Ref) -> &'a str {
    let events = snapshot.events_of(at);
    events.into_iter().find(|event| text(event, "/type") == "Warning").map_or("", |event| text(event, "/message"))
}

/// What Crossplane warns of. It may do so before it writes any condition; and of one that is ready only what stands last
/// and is known counts.
fn warnings(snapshot: &Snapshot, composite: &Value, at: &Ref) -> Option<Finding> {
    let is_ready = condition(composite, "Ready").is_some_and(|ready| ready.is_true());
    let events = snapshot.events_of(at);
    let is_warning = |event: &Value| text(event, "/type") == "Warning" && text(event, "/reason") != VIOLATION;
    let well = events.iter().filter(|event| !is_warning(event)).map(|event| event_time(event));
    let synced = condition(composite, "Synced").filter(|synced| synced.is_true()).map(|synced| synced.since);
    // Whatever was before it went well is over.
    let well = well.chain(synced).max().unwrap_or_default();
    let most = if is_ready { 1 } else { events.len() };
    let open = events.into_iter().take(most);
    let open: Vec<_> =
        open.filter(|event| is_warning(event) && event_time(event) >= well && is_lasting(event)).collect();
    let known = open.iter().find_map(|event| Some((classify(text(event, "/message"))?, *event)));
    let (fault, told) = known.or_else(|| Some((Fault::Unexplained, *open.first().filter(|_| !is_ready)?)))?;
    let mut finding = of_message(fault, at, text(told, "/message"));
    finding.weight = finding.weight.max(WARNED);
    let evidence =
        std::iter::once(&told).chain(open.iter().filter(|event| text(event, "/reason") != text(told, "/reason")));
    Some(evidence.fold(finding, |finding, event| {
        let source = format!("event {} ×{}", text(event, "/reason"), event_count(event));
        finding.with(source, text(event, "/message"))
    }))
}

/// Nothing was made of it although its composition makes something: Crossplane only warns of that, and calls it ready.
fn unmade(snapshot: &Snapshot, composite: &Value, at: &Ref) -> Option<Finding> {
    let (composition, said) = revision::nothing_made(snapshot, composite)?;
    let source = Ref::of(composition);
    let text = format!("makes nothing of {at}: {}", gist(innermost(said), 200));
    let field =
        path_in(composition, said).or_else(|| named_in(composition, said)).unwrap_or_else(|| "spec.pipeline".into());
    let mut finding = Finding::new(Fault::FunctionFailed, source.clone(), text).at(field.clone());
    finding.affects.push(at.to_string());
    let finding = finding.with("event ComposeResources", said);
    let path = value_at(composition, &field).and_then(Value::as_str).filter(|path| path.starts_with("spec."));
    Some(match path {
        Some(path) if is_known(snapshot, composite, path) => {
            finding.next(format!("Set `{path}` of {at}: `{field}` of {source} needs it."))
        }
        Some(path) => {
            let near = near_field(snapshot, composite, path);
            let near = near.map_or_else(String::new, |near| format!(" (there is `{near}`)"));
            finding.next(format!(
                "Correct `{field}` of {source}: `{path}` is no field of its API{near}; or take the requirement away."
            ))
        }
        None => finding.next(format!("Correct `{field}` of {source}, which the message names, or what {at} gives it.")),
    })
}

/// The schema of what stands above the last part of a path, and that part: of `spec.owner.mail` that of `owner`.
fn schema_above<'a>(snapshot: &'a Snapshot, composite: &Value, path: &'a str) -> Option<(&'a Value, &'a str)> {
    let (group, kind) = (group_of(text(composite, "/apiVersion")), text(composite, "/kind"));
    let definition = snapshot.composite_kinds().into_iter().find(|one| one.group == group && one.kind == kind)?;
    let versions = list(definition.definition, "/spec/versions").iter();
    let version = versions.into_iter().find(|one| text(composite, "/apiVersion").ends_with(text(one, "/name")))?;
    let (above, last) = path.rsplit_once('.')?;
    let root = version.pointer("/schema/openAPIV3Schema")?;
    let schema = above.split('.').try_fold(root, |schema, part| schema.get("properties")?.get(part))?;
    Some((schema.get("properties")?, last))
}

fn is_known(snapshot: &Snapshot, composite: &Value, path: &str) -> bool {
    schema_above(snapshot, composite, path).is_none_or(|(fields, last)| fields.get(last).is_some())
}

fn near_field(snapshot: &Snapshot, composite: &Value, path: &str) -> Option<String> {
    let (fields, last) = schema_above(snapshot, composite, path)?;
    let near = nearest(last, fields.as_object()?.keys().map(String::as_str))?;
    Some(format!("{}.{near}", path.rsplit_once('.')?.0))
}

/// Two who write at once: whoever comes late tries again.
fn is_lasting(event: &Value) -> bool {
    !text(event, "/message").contains("the object has been modified")
}

fn not_ready(composite: &Value, at: &Ref) -> Option<Finding> {
    // `Responsive` only says that Crossplane hears of many changes of it less often for a while: what is ready stays so.
    let is_ready = condition(composite, "Ready").is_some_and(|ready| ready.is_true());
    let tells = |kind: &str| matches!(kind, "Ready" | "Healthy") || (kind == "Responsive" && !is_ready);
    let ready = conditions(composite).find(|condition| condition.is_false() && tells(condition.kind))?;
    let why = if ready.message.is_empty() { ready.reason } else { ready.message };
    let fault = classify(ready.message).unwrap_or(Fault::Starting);
    Some(
        Finding::new(fault, at.clone(), format!("is not ready: {}", gist(why, 160)))
            .with(format!("condition {}: {}", ready.kind, ready.reason), ready.message)
            .next("Look at what it composed: tree shows which part is not ready."),
    )
}

/// One that Crossplane has said nothing of yet.
fn untouched(composite: &Value, at: &Ref) -> Option<Finding> {
    let made = text(composite, "/metadata/creationTimestamp");
    (conditions(composite).next().is_none() && !made.is_empty()).then(|| {
        Finding::new(Fault::Starting, at.clone(), "was made, and Crossplane has said nothing of it yet")
            .with("metadata.creationTimestamp", made)
            .next("Ask again in a moment; if it stays so, see whether Crossplane runs.")
    })
}

/// Crossplane does not name the kind that it cannot list; it is one of those that it composes.
fn unwatched(snapshot: &Snapshot, composite: &Value, at: &Ref, message: &str) -> Option<Finding> {
    if !message.contains("Informer to sync") {
        return None;
    }
    let references = list(composite, "/spec/crossplane/resourceRefs").iter();
    let kinds: BTreeSet<_> =
        references.map(|it| format!("{} ({})", text(it, "/kind"), text(it, "/apiVersion"))).collect();
    let kinds = kinds.into_iter().collect::<Vec<_>>().join(", ");
    let kinds = if kinds.is_empty() { kinds } else { format!(": one of {kinds}") };
    let summary = format!("Crossplane lacks the right to list and watch a kind that it composes{kinds}");
    // Before that it may have said which.
    let warnings = snapshot.events_of(at).into_iter().filter(|event| text(event, "/type") == "Warning");
    let mut refused =
        warnings.map(|event| text(event, "/message")).filter(|said| classify(said) == Some(Fault::MissingRights));
    let what = refused.find_map(resource_in).unwrap_or_else(|| "that kind".into());
    Some(Finding::new(Fault::MissingRights, at.clone(), summary).next(grant(&what)))
}

/// A namespace that the composite names and that is not there. That Crossplane may do nothing in it is no second fault.
fn nowhere(composite: &Value, at: &Ref, message: &str) -> Option<Finding> {
    let (_, rest) = message.split_once("namespaces \"")?;
    let (place, rest) = rest.split_once('"')?;
    if !rest.starts_with(" not found") {
        return None;
    }
    let mut own = composite.clone();
    // What Crossplane has written there itself.
    own.get_mut("spec")?.as_object_mut()?.remove("crossplane");
    let field = named_in(&own, place)?;
    let summary = format!("is to be made in namespace `{place}`, which is not there");
    let next = format!("Make it (`kubectl create namespace {place}`), or correct `{field}` of {at}.");
    Some(Finding::new(Fault::MissingReference, at.clone(), summary).at(field).next(next))
}

/// How Crossplane gets the right to work on something.
fn grant(what: &str) -> String {
    format!(
        "Grant get, list, watch, create, update, patch and delete of {what} with a ClusterRole that has the label `rbac.crossplane.io/aggregate-to-crossplane: \"true\"`."
    )
}

/// The resource, with its group, that a server says nobody may touch: `resource "leases" in API group "x"`, `] resource
/// leases/v1`.
fn resource_in(message: &str) -> Option<String> {
    let (_, rest) = message.rsplit_once(" resource \"").or_else(|| message.split_once("] resource "))?;
    let resource = rest.split(['"', '/', ' ']).next().filter(|resource| !resource.is_empty())?;
    let group = rest.split_once("in API group \"").and_then(|(_, rest)| rest.split('"').next());
    Some(match group {
        Some("") => format!("`{resource}` (of the core API group)"),
        Some(group) => format!("`{resource}` (API group `{group}`)"),
        None => format!("`{resource}`"),
    })
}

fn of_message(fault: Fault, at: &Ref, message: &str) -> Finding {
    let core = gist(innermost(message), 200);
    let (summary, next) = match fault {
        Fault::MissingFunction => (
            format!("its composition cannot call a function: {core}"),
            "Install the function that the composition names, or correct the name in the composition.".to_string(),
        ),
        Fault::FunctionFailed => (
            format!("its composition's function gave up: {core}"),
            "Correct the field that the message names in the resource, or the composition itself.".to_string(),
        ),
        Fault::MissingComposition if message.contains("compositionSelector") || message.contains("selector") => (
            format!("no composition has the labels that it asks for: {core}"),
            "Correct `spec.crossplane.compositionSelector.matchLabels`.".to_string(),
        ),
        Fault::MissingRights => (
            format!("Crossplane lacks a right: {core}"),
            grant(&resource_in(message).unwrap_or_else(|| "that kind".into())),
        ),
        Fault::Quota => (
            format!("a quota does not let it compose: {core}"),
            "Raise the namespace's ResourceQuota, or free some of it.".to_string(),
        ),
        Fault::PolicyDenied => (
            format!("a policy refuses what it composes: {core}"),
            "Read policies for how to comply; then change the resource, or the composition.".to_string(),
        ),
        Fault::InvalidManifest => (
            format!("what it composes is not valid: {core}"),
            "Correct the composition, or the field of the resource that it copies.".to_string(),
        ),
        Fault::MissingComposition => (
            format!("no composition fits it: {core}"),
            "Add a Composition for its kind, or correct `spec.crossplane.compositionRef`.".to_string(),
        ),
        _ => (format!("{}: {core}", fault.title()), "Read events for all that Crossplane says about it.".to_string()),
    };
    Finding::new(fault, at.clone(), summary).next(next)
}

/// Crossplane wraps errors in layers from left to right; what happened stands last.
fn innermost(message: &str) -> &str {
    let layers = [
        "cannot compose resources: ",
        "cannot run Composition pipeline step ",
        "cannot apply composed resource ",
        "cannot apply cluster-scoped composed resource ",
    ];
    layers.iter().fold(message, |core, layer| core.split_once(layer).map_or(core, |(_, tail)| tail))
}

/// Functions that its composition calls, and that are not there or not healthy.
fn functions(snapshot: &Snapshot, composite: &Value, at: &Ref) -> Vec<Finding> {
    let Some(composition) = composition_of(snapshot, composite) else { return no_composition(snapshot, composite, at) };
    if !snapshot.has_kind(PACKAGES, "Function") {
        return Vec::new();
    }
    let steps = list(composition, "/spec/pipeline").iter();
    let names = steps.map(|step| (text(step, "/step"), text(step, "/functionRef/name")));
    let broken = names.filter_map(|(step, function)| {
        let found = snapshot.get(&Ref::new(PACKAGES, "Function", "", function));
        let Some(found) = found else {
            let there: Vec<_> = snapshot.all(PACKAGES, "Function").map(name).collect();
            let there = if there.is_empty() { "no function at all".into() } else { there.join(", ") };
            return Some(
                Finding::new(
                    Fault::MissingFunction,
                    at.clone(),
                    format!(
                        "its composition `{}` calls function `{function}`, which is not installed",
                        name(composition)
                    ),
                )
                .with("composition", &format!("step `{step}` calls `{function}`; installed: {there}"))
                .next(format!(
                    "Install function `{function}`, or correct the name in composition `{}`.",
                    name(composition)
                )),
            );
        };
        of_function(found).map(|why| {
            Finding::new(
                Fault::MissingFunction,
                at.clone(),
                format!(
                    "its composition `{}` calls function `{function}`, which is not healthy: {}",
                    name(composition),
                    gist(why, 160)
                ),
            )
            .with(format!("Function {function}"), why)
            .next(format!("Repair function `{function}`: look at its image and at its pod in Crossplane's namespace."))
        })
    });
    broken.collect()
}

/// Why a package does not work; nothing if it does.
pub(super) fn of_function(function: &Value) -> Option<&str> {
    let bad = conditions(function)
        .find(|condition| matches!(condition.kind, "Installed" | "Healthy") && condition.is_false())?;
    Some(if bad.message.is_empty() { bad.reason } else { bad.message })
}

fn no_composition(snapshot: &Snapshot, composite: &Value, at: &Ref) -> Vec<Finding> {
    if !snapshot.has_kind(CROSSPLANE, "Composition") {
        return Vec::new();
    }
    let kind = text(composite, "/kind");
    let chosen = text(composite, "/spec/crossplane/compositionRef/name");
    let what = if chosen.is_empty() {
        format!("there is no composition for kind {kind}")
    } else {
        format!("its composition `{chosen}` does not exist")
    };
    let others: Vec<_> = compositions_of(snapshot, composite).map(name).collect();
    let field = "spec.crossplane.compositionRef.name";
    let finding = Finding::new(Fault::MissingComposition, at.clone(), what).with("compositions", &others.join(", "));
    vec![match (chosen.is_empty(), others.as_slice()) {
        (false, [only]) => finding.at(field).should_be(*only).next(format!("Set `{field}` of {at} to `{only}`.")),
        (false, [_, ..]) => {
            finding.at(field).next(format!("Set `{field}` of {at} to one that exists ({}).", others.join(", ")))
        }
        _ => finding.next(format!("Add a Composition for {kind} to the platform's Git repository.")),
    }]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_ready_stays_so_while_crossplane_listens_less_often() {
        let order = |ready: &str| {
            json!({"apiVersion": "p.dev/v1", "kind": "App", "metadata": {"namespace": "lab", "name": "shop"}, "status": {"conditions": [
                {"type": "Ready", "status": ready, "reason": "x", "message": "unready resources: web"},
                {"type": "Responsive", "status": "False", "reason": "WatchCircuitOpen", "message": "Too many watch events"}]}})
        };
        let told = |ready: &str| not_ready(&order(ready), &Ref::of(&order(ready))).map(|finding| finding.summary);
        assert_eq!(told("True"), None);
        assert!(told("False").is_some_and(|text| text.contains("unready resources")));
    }

    #[test]
    fn a_namespace_that_is_not_there_is_named_where_the_order_names_it() {
        let order = json!({"apiVersion": "p.dev/v1", "kind": "ClusterApp", "metadata": {"name": "shop"},
            "spec": {"namespace": "shop-prod", "image": "r/shop-prod:1", "crossplane": {"resourceRefs": [{"namespace": "shop-prod", "name": "shop-prod-web"}]}}});
        let said = r#"cannot apply composed resource "web": namespaces "shop-prod" not found, x is not allowed to get"#;
        let found = nowhere(&order, &Ref::of(&order), said).expect("it is told");
        assert_eq!((found.fault, found.field.as_str()), (Fault::MissingReference, "spec.namespace"));
        assert!(found.next.contains("kubectl create namespace shop-prod"), "{}", found.next);
        assert!(nowhere(&order, &Ref::of(&order), r#"namespaces "shop-prod" is terminating"#).is_none());
        assert!(
            nowhere(&order, &Ref::of(&order), r#"namespaces "other" not found"#).is_none(),
            "its composition says that"
        );
    }

    const REFUSED: &str = r#"cannot compose resources: cannot apply composed resource "x": leases.a.dev "b" is forbidden: User "c" cannot patch resource "leases" in API group "a.dev" in the namespace "lab""#;

    fn warned(conditions: Value, events: &[(&str, &str, &str)]) -> Vec<(Fault, bool, String)> {
        let order = json!({"apiVersion": "p.dev/v1", "kind": "App", "metadata": {"namespace": "lab", "name": "shop", "creationTimestamp": "2026-01-01T12:00:00Z"},
            "status": {"conditions": conditions}});
        let about = json!({"apiVersion": "p.dev/v1", "kind": "App", "namespace": "lab", "name": "shop"});
        let events = events.iter().enumerate().map(|(index, (kind, second, message))| {
            json!({"apiVersion": "v1", "kind": "Event", "metadata": {"namespace": "lab", "name": format!("e{index}")}, "type": kind, "reason": format!("R{index}"),
                "message": message, "lastTimestamp": format!("2026-01-01T12:00:{second}Z"), "involvedObject": about})
        });
        let snapshot = Snapshot::of("lab", events.chain([order.clone()]));
        let found = of_composite(&snapshot, &order).into_iter();
        found.map(|one| (one.fault, one.weight >= Fault::NoEndpoints.weight(), one.next)).collect()
    }

    #[test]
    fn an_error_that_is_told_only_by_an_event_is_the_cause_at_once() {
        let begun = ("Normal", "01", "Successfully selected composition: apps");
        let told = warned(json!([]), &[begun, ("Warning", "01", REFUSED), ("Warning", "02", "something odd")]);
        assert_eq!((told[0].0, told[0].1, told.len()), (Fault::MissingRights, true, 1));
        assert!(told[0].2.contains("`leases` (API group `a.dev`)"), "{}", told[0].2);
        let told = warned(json!([]), &[begun, ("Warning", "02", "something odd")]);
        assert_eq!((told[0].0, told[0].1), (Fault::Unexplained, true));
        let told = warned(json!([]), &[begun]);
        assert_eq!((told[0].0, told[0].1), (Fault::Starting, false), "nothing is said yet");
        let waits = json!([{"type": "Synced", "status": "False", "reason": "ReconcileError", "message": "Timeout: failed waiting for *unstructured.Unstructured Informer to sync"}]);
        assert!(warned(waits, &[("Warning", "02", REFUSED)])[0].2.contains("`leases`"));
    }

    #[test]
    fn what_was_warned_of_before_it_went_well_is_over() {
        let well = json!([{"type": "Synced", "status": "True", "lastTransitionTime": "2026-01-01T12:00:05Z"}, {"type": "Ready", "status": "True"}]);
        let composed = ("Normal", "05", "Successfully composed resources");
        assert_eq!(warned(well.clone(), &[("Warning", "02", REFUSED), composed]), []);
        assert_eq!(warned(well.clone(), &[("Warning", "02", REFUSED)]), []);
        assert_eq!(warned(well, &[composed, ("Warning", "07", "something odd")]), []);
        let late = "Operation cannot be fulfilled: the object has been modified";
        let told = warned(json!([]), &[("Warning", "02", late)]);
        assert_eq!(told[0].0, Fault::Starting, "whoever comes late tries again");
    }
}
