//! Values that cannot be meant like that: a variable that is said twice, a time zone that there is not.

use serde_json::Value;

use crate::live::cron;
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, list, text};
use crate::live::references::nearest;
use crate::live::references::template::Template;

/// How names of the cluster end.
const DOMAIN: &str = "cluster.local";
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
            let field = format!("{field}.value");
            found.extend(no_zone(object, variable, &field));
            found.extend(no_port(object, variable, &field));
            found.extend(no_address(object, variable, &field));
            found.extend(no_domain(object, text(variable, "/value"), &field));
        }
        for word in ["command", "args"] {
            for (index, argument) in list(container, &format!("/{word}")).iter().filter_map(Value::as_str).enumerate() {
                found.extend(no_domain(object, argument, &format!("{path}.{word}[{index}]")));
            }
        }
    }
    found
}

fn ends(variable: &Value, words: &[&str]) -> bool {
    let called = text(variable, "/name").to_uppercase();
    words.iter().any(|word| called == *word || called.ends_with(&format!("_{word}")))
}

/// A port that is no number, or none that there is.
fn no_port(object: &Value, variable: &Value, field: &str) -> Option<Finding> {
    let value = text(variable, "/value").trim();
    let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    // Names of ports, addresses, and what is replaced are ways to say one, too.
    let is_slip = !is_number
        && value.bytes().any(|byte| byte.is_ascii_digit())
        && value.len() < 8
        && !value.contains(['$', ':', ',', '-', '/', '.']);
    let is_too_great = is_number && value.parse::<u16>().map_or(true, |port| port == 0 && value != "0");
    if !ends(variable, &["PORT"]) || !(is_slip || is_too_great) {
        return None;
    }
    let at = Ref::of(object);
    let text = format!("sets `{}` to `{value}`, which is no port", text(variable, "/name"));
    let finding = Finding::new(Fault::WrongPort, at.clone(), text).at(field).with(field, value);
    Some(finding.next(format!("Set `{field}` of {at} to a number from 1 to 65535.")))
}

/// An address whose beginning is misspelled: `http:/api`, `htp://api`.
fn no_address(object: &Value, variable: &Value, field: &str) -> Option<Finding> {
    const RIGHT: [&str; 4] = ["http", "https", "ws", "wss"];
    let value = text(variable, "/value").trim();
    if !ends(variable, &["URL", "URI", "ENDPOINT"]) || value.contains('$') {
        return None;
    }
    let (scheme, rest) = value.split_once(['/', ':'])?;
    let is_near = |right: &&str| scheme != *right && right.len() > 3 && strsim::levenshtein(scheme, right) == 1;
    let right = match RIGHT.contains(&scheme) {
        true if value.starts_with(&format!("{scheme}://")) => return None,
        true => scheme,
        false if value.contains("://") && scheme.len() < 7 => {
            RIGHT.into_iter().find(|right| is_near(right) && !RIGHT.contains(&scheme))?
        }
        false => return None,
    };
    let right = format!("{right}://{}", rest.trim_start_matches(['/', ':']));
    let at = Ref::of(object);
    let text = format!("sets `{}` to `{value}`, which is no address", text(variable, "/name"));
    let finding =
        Finding::new(Fault::NoSuchHost, at.clone(), text).at(field).should_be(right.clone()).with(field, value);
    Some(finding.next(format!("Set `{field}` of {at} to `{right}`.")))
}

/// A name of the cluster's own that does not end as those do.
fn no_domain(object: &Value, value: &str, field: &str) -> Option<Finding> {
    let (before, after) = value.split_once(".svc.").filter(|_| value.len() < 2000)?;
    let end: String =
        after.chars().take_while(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-')).collect();
    let end = end.trim_end_matches('.');
    let near = crate::likeness::likeness(end, DOMAIN) > 0.85 && end != DOMAIN;
    let host = before.rsplit(|letter: char| !letter.is_ascii_alphanumeric() && !matches!(letter, '.' | '-')).next()?;
    near.then(|| {
        let at = Ref::of(object);
        let text =
            format!("is configured to use `{host}.svc.{end}`, and names of the cluster end with `.svc.{DOMAIN}`");
        let right = value.replacen(&format!(".svc.{end}"), &format!(".svc.{DOMAIN}"), 1);
        let finding = Finding::new(Fault::NoSuchHost, at.clone(), text).at(field).should_be(right).with(field, value);
        finding.next(format!("Change `{end}` in `{field}` of {at} to `{DOMAIN}`."))
    })
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
    if !VARIABLES.contains(&text(variable, "/name")) || !is_region {
        return None;
    }
    let zones: Vec<_> = cron::zones().collect();
    if zones.iter().any(|zone| zone == value) {
        return None;
    }
    let at = Ref::of(object);
    let text =
        format!("is to run in time zone `{value}`, and there is none of that name: programs take UTC in its place");
    let finding = Finding::new(Fault::WrongValue, at.clone(), text).at(field).with(field, value);
    Some(match nearest(value, zones.iter().map(String::as_str)) {
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
        let wrong = json!([{"name": "DB_PORT", "value": "54320000"}, {"name": "API_PORT", "value": "808O"}, {"name": "API_URL", "value": "http:/api:80/x"},
            {"name": "WEB_URL", "value": "htp://web"}, {"name": "DB_HOST", "value": "db.shop.svc.cluster.locl"}]);
        let values: Vec<_> =
            fields(wrong).into_iter().map(|(field, value)| (field, value.unwrap_or_default())).collect();
        let expected = [
            ("env[0].value", Value::Null),
            ("env[1].value", Value::Null),
            ("env[2].value", "http://api:80/x".into()),
            ("env[3].value", "http://web".into()),
            ("env[4].value", "db.shop.svc.cluster.local".into()),
        ];
        assert_eq!(values, expected.map(|(field, value)| (field.to_string(), value)));
        let well = json!([{"name": "TZ", "value": "America/New_York"}, {"name": "PATHS", "value": "/a"}, {"name": "PATHS", "value": "$(PATHS):/b"},
            {"name": "DB_PORT", "value": "5432"}, {"name": "GRPC_PORT", "value": "grpc"}, {"name": "API_URL", "value": "http://api:80"},
            {"name": "DB_URL", "value": "jdbc:postgresql://db:5432/x"}, {"name": "BUCKET_URI", "value": "s3://b"}, {"name": "H", "value": "a.b.svc.cluster.local:80"},
            {"name": "SELF_ENDPOINT", "value": "/metrics"}, {"name": "BASE_URL", "value": "$(SCHEME)://x"},
            {"name": "TIMEZONE", "value": "UTC"}, {"name": "A", "value": "1"}, {"name": "A", "value": "1"}, {"name": "IMAGE_TZ", "value": "x/y"}]);
        assert!(fields(well).is_empty());
    }
}
