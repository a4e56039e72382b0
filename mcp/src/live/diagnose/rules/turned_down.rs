//! A server that turns a program down by a rule that an operator's object says: the refusal names the setting.

use serde_json::Value;

use super::{Seen, declared};
use crate::live::diagnose::around::maker_of;
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, list, short, text};
use crate::live::references::template::Template;
use crate::live::scrub::scrub_text;

/// What a program weighs that its server turns down each time.
const TURNED_DOWN: u32 = 60;
/// Specifications are no deeper than this.
const DEEPEST: usize = 8;
/// Longest part of a setting that is told.
const LONGEST: usize = 160;
/// How servers say that a connection has to be encrypted, and how variables are called that decide about that.
const PLAIN: [&str; 4] = ["no encryption", "ssl off", "without tls", "requires ssl"];
const OF_TLS: [&str; 2] = ["SSL", "TLS"];

/// What a program's log says of a refusal (`line`, without its time), as one of the setting by which its server refuses.
pub(super) fn told(
    seen: &Seen<'_>,
    pod: &Value,
    path: &str,
    container: &Value,
    line: &str,
    finding: &Finding,
) -> Option<Finding> {
    let is_of_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let words: Vec<_> = line.split(|letter| !is_of_name(letter)).filter(|word| is_setting(word)).collect();
    let (server, field, value) = declared::servers(seen, pod, line).find_map(|server| {
        setting(server.get("spec")?, "spec", &words, 0).map(|(field, value)| (server, field, value))
    })?;
    let (at, maker) = (Ref::of(server), Ref::of(maker_of(seen.snapshot, pod)));
    let said = short(&scrub_text(&value.to_string()), LONGEST);
    let text = format!("turns {maker} down by its `{field}`: {}", short(line, LONGEST));
    let mut found = Finding::new(Fault::LogErrors, at.clone(), text).at(field.clone());
    found.weight = TURNED_DOWN;
    found.evidence.clone_from(&finding.evidence);
    found.affects.push(maker.to_string());
    let found = found.with(field.clone(), &said);
    let correct = format!("let `{field}` of {at} (now `{said}`) let it in");
    // It is written where the pod is.
    let above = Template::of(maker_of(seen.snapshot, pod)).map_or("spec", |template| template.path);
    Some(match plain(&path.replacen("spec", above, 1), container, line) {
        Some((place, name, value)) => {
            let found = found.with(place.clone(), value);
            found.next(format!(
                "Let the program encrypt its connection: it has `{name}` = `{value}` in `{place}` of {maker}, which has to be one that does (as `require`); or {correct}."
            ))
        }
        None => found.next(format!("Let the program come as that setting wants it, or {correct}.")),
    })
}

/// A word that is no plain English, as the name of a setting is: `pg_hba`.
fn is_setting(word: &str) -> bool {
    word.len() > 4 && word.trim_matches('_').contains('_') && word.bytes().any(|byte| byte.is_ascii_lowercase())
}

/// A field of a specification that is called as one of these words.
fn setting<'a>(value: &'a Value, path: &str, words: &[&str], depth: usize) -> Option<(String, &'a Value)> {
    let fields = value.as_object().filter(|_| depth < DEEPEST)?;
    fields.iter().find_map(|(key, inner)| {
        let own = format!("{path}.{key}");
        let is_empty = inner.as_array().is_some_and(Vec::is_empty) || inner.is_null();
        if words.contains(&key.as_str()) && !is_empty {
            return Some((own, inner));
        }
        setting(inner, &own, words, depth + 1)
    })
}

/// The variable that has a program connect without encryption, where that is what the server minds.
fn plain<'a>(path: &str, container: &'a Value, line: &str) -> Option<(String, &'a str, &'a str)> {
    let lower = line.to_lowercase();
    PLAIN.iter().any(|word| lower.contains(word)).then_some(())?;
    list(container, "/env").iter().enumerate().find_map(|(index, variable)| {
        let (name, value) = (text(variable, "/name"), text(variable, "/value"));
        let is_it = !value.is_empty() && OF_TLS.iter().any(|word| name.to_uppercase().contains(word));
        is_it.then(|| (format!("{path}.env[{index}].value"), name, value))
    })
}
