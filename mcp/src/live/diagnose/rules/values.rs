//! Values that cannot be meant like that: a variable that is said twice, a time zone that there is not.

use serde_json::Value;

use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, list, text};
use crate::live::references::nearest;
use crate::live::references::template::Template;

/// Every name of a time zone, as the world's list of them has it.
const ZONES: &str = include_str!("zones.txt");
/// Variables that hold one.
const VARIABLES: [&str; 4] = ["TZ", "TIMEZONE", "TIME_ZONE", "PGTZ"];

/// What is written in the variables of a template.
pub(super) fn of_template(object: &Value) -> Vec<Finding> {
    let Some(template) = Template::of(object) else { return Vec::new() };
    let mut found = Vec::new();
    for (path, container) in template.containers() {
        let variables = list(container, "/env");
        for (index, variable) in variables.iter().enumerate() {
            let field = format!("{path}.env[{index}]");
            found.extend(said_twice(object, &variables[..index], variable, &field));
            found.extend(no_zone(object, variable, &format!("{field}.value")));
        }
    }
    found
}

/// Of two variables of one name the last one counts, without a word.
fn said_twice(object: &Value, before: &[Value], variable: &Value, field: &str) -> Option<Finding> {
    let called = text(variable, "/name");
    let first = before.iter().find(|one| text(one, "/name") == called && **one != *variable)?;
    // `A=/x` and then `A=$(A):/y` is a way to add to what was.
    if text(variable, "/value").contains(&format!("$({called})")) {
        return None;
    }
    let (at, was) = (Ref::of(object), text(first, "/value"));
    let was = if was.is_empty() { "something else".to_string() } else { format!("`{was}`") };
    let text = format!("sets variable `{called}` twice: what counts is `{}`, not {was}", text(variable, "/value"));
    let finding = Finding::new(Fault::WrongValue, at.clone(), text).at(field).with(field, &variable.to_string());
    Some(finding.next(format!("Take one of the two `{called}` out of the variables of {at} (`{field}` is the last).")))
}

fn no_zone(object: &Value, variable: &Value, field: &str) -> Option<Finding> {
    let value = text(variable, "/value");
    let is_region = value
        .split_once('/')
        .is_some_and(|(area, place)| !place.is_empty() && area.chars().all(|letter| letter.is_ascii_alphabetic()));
    let mut all = ZONES.split_whitespace();
    if !VARIABLES.contains(&text(variable, "/name")) || !is_region || all.any(|zone| zone == value) {
        return None;
    }
    let at = Ref::of(object);
    let text =
        format!("is to run in time zone `{value}`, and there is none of that name: programs take UTC in its place");
    let finding = Finding::new(Fault::WrongValue, at.clone(), text).at(field).with(field, value);
    Some(match nearest(value, ZONES.split_whitespace()) {
        Some(near) => finding.should_be(near).next(format!("Set `{field}` of {at} to `{near}`, if that is meant.")),
        None => finding.next(format!("Set `{field}` of {at} to a name such as `Europe/Berlin` or `UTC`.")),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(env: Value) -> Vec<(String, Option<Value>)> {
        let object = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": "a", "name": "x"},
            "spec": {"template": {"spec": {"containers": [{"name": "app", "env": env}]}}}});
        let found = of_template(&object).into_iter();
        found
            .map(|one| {
                (one.field.replace("spec.template.spec.containers[0].", ""), one.change.and_then(|change| change.value))
            })
            .collect()
    }

    #[test]
    fn a_name_that_is_said_twice_and_a_zone_that_there_is_not_are_told() {
        let twice =
            json!([{"name": "MODE", "value": "a"}, {"name": "X", "value": "b"}, {"name": "MODE", "value": "c"}]);
        assert_eq!(fields(twice), [("env[2]".to_string(), None)]);
        let zone = json!([{"name": "TZ", "value": "Europe/Berlyn"}]);
        assert_eq!(fields(zone), [("env[0].value".to_string(), Some("Europe/Berlin".into()))]);
        let well = json!([{"name": "TZ", "value": "America/New_York"}, {"name": "PATHS", "value": "/a"}, {"name": "PATHS", "value": "$(PATHS):/b"},
            {"name": "TIMEZONE", "value": "UTC"}, {"name": "A", "value": "1"}, {"name": "A", "value": "1"}, {"name": "IMAGE_TZ", "value": "x/y"}]);
        assert!(fields(well).is_empty());
    }
}
