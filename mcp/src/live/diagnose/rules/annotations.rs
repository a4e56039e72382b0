//! What an annotation names: middlewares and options of a route, entry points, and words for a controller that does not
//! serve it.

use serde_json::Value;

use super::{Seen, network};
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, list, name, namespace, text};
use crate::live::references::annotations::{Named, OF_CLUSTER, annotations, named, word_of};
use crate::live::references::template::Template;
use crate::live::references::{nearest, there_are};
use crate::live::served::ServedKind;

/// End of the key that says at which doors a route is served.
const DOORS: &str = "router.entrypoints";
/// What annotations for a controller begin with, and what that controller calls itself in an IngressClass.
const CONTROLLERS: [(&str, &str); 6] = [
    ("nginx.ingress.kubernetes.io/", "ingress-nginx"),
    ("traefik.ingress.kubernetes.io/", "traefik"),
    ("haproxy.org/", "haproxy"),
    ("haproxy-ingress.github.io/", "haproxy"),
    ("alb.ingress.kubernetes.io/", "alb"),
    ("konghq.com/", "kong"),
];

/// What is wrong with them.
pub(super) fn of_object(seen: &Seen<'_>, object: &Value) -> Vec<Finding> {
    let mut found: Vec<_> =
        named(&seen.snapshot.served, object).iter().filter_map(|named| missing(seen, object, named)).collect();
    if text(object, "/kind") == "Ingress" {
        found.extend(of_another(seen, object));
        found.extend(other_prefix(seen, object));
    }
    if text(object, "/kind").starts_with("Ingress") {
        found.extend(no_door(seen, object));
    }
    found
}

fn missing(seen: &Seen<'_>, object: &Value, named: &Named<'_>) -> Option<Finding> {
    let ServedKind { group, kind, .. } = named.kind;
    let all = || seen.snapshot.all(group, kind);
    if !seen.snapshot.has_kind(group, kind) || all().any(|one| named.is(one)) {
        return None;
    }
    let (at, place) = (Ref::of(object), namespace(object));
    let field = format!("metadata.annotations[{}]", named.key);
    let own = || all().filter(|one| namespace(one) == place);
    let text = format!(
        "names {kind} `{}`, which does not exist ({} in namespace {place}): without it the route is not served",
        named.word,
        there_are(own())
    );
    let finding = Finding::new(Fault::MissingReference, at.clone(), text).at(field.clone());
    let finding = finding.with(field.clone(), &format!("{}{OF_CLUSTER}", named.word));
    // Of another namespace by the same name, or one of the own namespace that is called alike.
    let same = own().find(|one| named.word.ends_with(&format!("-{}", name(one))) || named.word == name(one));
    let words: Vec<_> = all().map(word_of).collect();
    let near = same.map(word_of).or_else(|| nearest(named.word, words.iter().map(String::as_str)).map(Into::into));
    Some(match near {
        Some(near) => finding
            .should_be(format!("{near}{OF_CLUSTER}"))
            .next(format!("Set `{field}` of {at} to `{near}{OF_CLUSTER}` (namespace, `-`, name), if that is meant.")),
        None => {
            let own = named.word.strip_prefix(&format!("{place}-"));
            let which =
                own.map_or_else(|| format!("that {kind}"), |name| format!("{kind} `{name}` in namespace {place}"));
            let next = format!("Make {which}, or take it out of `{field}` of {at} (the word is namespace, `-`, name).");
            finding.next(next)
        }
    })
}

/// A door that the controller does not have.
fn no_door(seen: &Seen<'_>, ingress: &Value) -> Option<Finding> {
    let noted = annotations(ingress).find(|(key, _)| key.ends_with(DOORS));
    let noted = noted.map(|(key, value)| (format!("metadata.annotations[{key}]"), value.to_string()));
    let listed = list(ingress, "/spec/entryPoints").iter().filter_map(Value::as_str).collect::<Vec<_>>().join(",");
    let (field, value) = noted.or((!listed.is_empty()).then_some(("spec.entryPoints".to_string(), listed)))?;
    let value = value.as_str();
    let pods = network::ingress_pods(seen.snapshot);
    let template = Template::of(pods.first()?)?;
    let arguments: Vec<_> = template
        .containers()
        .flat_map(|(_, container)| list(container, "/args").iter().chain(list(container, "/command")))
        .filter_map(Value::as_str)
        .collect();
    let doors: Vec<_> = arguments
        .iter()
        .filter_map(|argument| {
            let (start, _) = argument.trim_start_matches('-').split_once(".address=")?;
            start.to_lowercase().strip_prefix("entrypoints.").map(String::from)
        })
        .collect();
    let wanted = value.split(',').map(str::trim).find(|word| !doors.contains(&word.to_lowercase()))?;
    if doors.is_empty() {
        return None;
    }
    let (at, there) = (Ref::of(ingress), doors.join(", "));
    let text =
        format!("is to be served at entry point `{wanted}`, and there is none of that name (there are: {there})");
    let finding = Finding::new(Fault::MissingReference, at.clone(), text).at(field.clone()).with(field.clone(), value);
    Some(finding.next(format!("Set `{field}` of {at} to one that exists ({there}), or take it away.")))
}

/// A prefix that is to be taken off, and that no path of the Ingress has.
fn other_prefix(seen: &Seen<'_>, ingress: &Value) -> Option<Finding> {
    let snapshot = seen.snapshot;
    let rules = list(ingress, "/spec/rules").iter().flat_map(|rule| list(rule, "/http/paths"));
    let paths: Vec<_> = rules.map(|path| text(path, "/path")).collect();
    named(&snapshot.served, ingress).iter().find_map(|named| {
        let middleware = snapshot.all(&named.kind.group, &named.kind.kind).find(|one| named.is(one))?;
        let prefixes: Vec<_> =
            list(middleware, "/spec/stripPrefix/prefixes").iter().filter_map(Value::as_str).collect();
        let fits = |prefix: &&str| paths.iter().any(|path| path.starts_with(*prefix) || prefix.starts_with(path));
        if prefixes.is_empty() || paths.is_empty() || prefixes.iter().any(fits) {
            return None;
        }
        let (at, field) = (Ref::of(middleware), "spec.stripPrefix.prefixes[0]");
        let (had, wanted) = (prefixes.join(", "), paths.join(", "));
        let text = format!("takes `{had}` off, and {} has `{wanted}`: nothing is taken off", Ref::of(ingress));
        let finding = Finding::new(Fault::WrongRoute, at.clone(), text).at(field).with(field, &had);
        let finding = match paths.as_slice() {
            [only] => finding.should_be(*only),
            _ => finding,
        };
        Some(finding.next(format!("Set `{field}` of {at} to the path of the Ingress (`{wanted}`).")))
    })
}

/// Words for a controller that does not serve this.
fn of_another(seen: &Seen<'_>, ingress: &Value) -> Option<Finding> {
    let class = text(ingress, "/spec/ingressClassName");
    let classes = seen.snapshot.all("networking.k8s.io", "IngressClass");
    let controller = classes.into_iter().find(|one| name(one) == class).map(|one| text(one, "/spec/controller"))?;
    let (key, word) = annotations(ingress).find_map(|(key, _)| {
        let (_, word) = CONTROLLERS.iter().find(|(prefix, _)| key.starts_with(prefix))?;
        (!controller.contains(word)).then_some((key, *word))
    })?;
    let (at, field) = (Ref::of(ingress), format!("metadata.annotations[{key}]"));
    let text = format!(
        "has annotation `{key}`, which is for {word}: its class `{class}` is served by {controller}, which does not read it"
    );
    // It may be a relic that does no harm; what it asks for does not happen.
    let finding = Finding::new(Fault::WrongRoute, at.clone(), text).at(field.clone()).at_most(48);
    let finding = finding.with("spec.controller", controller);
    Some(finding.next(format!(
        "Take `{field}` out of {at}, and say the same in the way of {controller} (this platform's: a Middleware that annotation `traefik.ingress.kubernetes.io/router.middlewares` names)."
    )))
}
