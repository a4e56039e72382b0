//! Variables that do not say what was meant: one that is not replaced, a blank at an end, one that Kubernetes sets itself.

use serde_json::Value;

use super::Seen;
use super::listening::all_lines;
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, list, name, namespace, short, text};
use crate::live::references::template::Template;

/// Ends of names of variables in which a blank is a slip.
const EXACT: [&str; 9] = ["HOST", "PORT", "URL", "URI", "ADDR", "ADDRESS", "DSN", "USER", "NAME"];

/// What is written in the variables of a template.
pub(super) fn of_template(seen: &Seen<'_>, object: &Value) -> Vec<Finding> {
    let Some(template) = Template::of(object) else { return Vec::new() };
    let mut found = Vec::new();
    for (path, container) in template.containers() {
        let variables = list(container, "/env");
        for (index, variable) in variables.iter().enumerate() {
            let field = format!("{path}.env[{index}].value");
            let value = text(variable, "/value");
            found.extend(not_replaced(object, container, &variables[..index], variable, &field));
            found.extend(blank(object, name_of(variable), value, &field));
        }
        found.extend(linked(seen, object, template, container));
    }
    found
}

fn name_of(variable: &Value) -> &str {
    text(variable, "/name")
}

/// `$(OTHER)` is replaced only by a variable that comes before it.
fn not_replaced(object: &Value, container: &Value, before: &[Value], variable: &Value, field: &str) -> Option<Finding> {
    let value = text(variable, "/value");
    // What comes from whole ConfigMaps and Secrets comes first, and may be called so.
    if container.get("envFrom").is_some() {
        return None;
    }
    let mut parts = value.match_indices("$(").filter(|(at, _)| !value[..*at].ends_with('$'));
    let wanted = parts.find_map(|(at, _)| {
        let wanted = value[at + 2..].split(')').next().filter(|name| !name.is_empty() && value[at..].contains(')'))?;
        let is_name = wanted.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.'));
        (is_name && !before.iter().any(|one| name_of(one) == wanted) && !is_given(wanted)).then_some(wanted)
    })?;
    let at = Ref::of(object);
    let text = format!(
        "variable `{}` names `$({wanted})`, and no variable before it is called so: its program gets that text as it stands",
        name_of(variable)
    );
    let finding = Finding::new(Fault::MissingReference, at.clone(), text).at(field).with(field, value);
    Some(finding.next(format!(
        "Define `{wanted}` before `{}` in the container's variables, or correct `{field}` of {at}.",
        name_of(variable)
    )))
}

/// Variables that every container gets.
fn is_given(name: &str) -> bool {
    name.starts_with("KUBERNETES_") || name.ends_with("_SERVICE_HOST") || name.contains("_SERVICE_PORT")
}

/// A blank at the end of an address belongs to nobody's name.
fn blank(object: &Value, variable: &str, value: &str, field: &str) -> Option<Finding> {
    let is_exact = EXACT.iter().any(|word| variable == *word || variable.ends_with(&format!("_{word}")));
    if !is_exact || value.trim() == value || value.trim().is_empty() {
        return None;
    }
    let at = Ref::of(object);
    let text = format!("variable `{variable}` is `{value}`, with a blank at its end");
    let finding = Finding::new(Fault::NoSuchHost, at.clone(), text).at(field).should_be(value.trim());
    Some(finding.with(field, value).next(format!("Take the blank out of `{field}` of {at}.")))
}

/// `REDIS_PORT=tcp://10.96.0.1:6379`: set for a Service of that name, where the program reads something else in it.
fn linked(seen: &Seen<'_>, object: &Value, template: Template<'_>, container: &Value) -> Option<Finding> {
    if template.spec.get("enableServiceLinks") == Some(&Value::Bool(false)) {
        return None;
    }
    let pods = seen.snapshot.pods_of(object);
    let mut lines = pods.iter().flat_map(|pod| all_lines(seen.snapshot, pod, text(container, "/name")));
    let services: Vec<_> = seen.snapshot.inside("", "Service", namespace(object)).collect();
    let (line, service) = lines.find_map(|line| {
        let link = services.iter().find(|service| {
            let address = text(service, "/spec/clusterIP");
            !address.is_empty() && line.contains(&format!("tcp://{address}:"))
        })?;
        Some((line, *link))
    })?;
    let variable = format!("{}_PORT", name(service).to_uppercase().replace('-', "_"));
    if list(container, "/env").iter().any(|one| name_of(one) == variable) {
        return None;
    }
    let (at, field) = (Ref::of(object), format!("{}.enableServiceLinks", template.path));
    let text = format!(
        "its program reads `{variable}`, which Kubernetes sets for {} as `tcp://...`: {}",
        Ref::of(service),
        short(line, 120)
    );
    let finding = Finding::new(Fault::WrongPort, at.clone(), text).at(field.clone()).should_be(false).with("log", line);
    Some(finding.next(format!("Set `{field}` of {at} to false, or `{variable}` in its variables to a number.")))
}
