//! Parameters: what a component declares against what the stack gives.

use std::collections::BTreeMap;

use serde_json::Value;

use super::component::short_name;
use crate::draft::{ComponentDraft, StackDraft};
use crate::model::{Parameter, ParameterType};
use crate::problem::Problems;
use crate::shape::{describe, in_quotes};
use crate::yaml::child;
use backstack_common::words::{did_you_mean, it_has, one_of};

/// The value of every parameter: the given one, or else the default.
pub(crate) fn resolve(
    declared: &BTreeMap<String, Parameter>,
    given: &BTreeMap<String, Value>,
) -> BTreeMap<String, Value> {
    let values = declared.iter().filter_map(|(name, parameter)| {
        let value = given.get(name).or(parameter.default.as_ref())?;
        Some((name.clone(), value.clone()))
    });
    values.collect()
}

pub(crate) fn check(stack: &StackDraft, draft: &ComponentDraft, problems: &mut Problems) {
    let Some(file) = &draft.component.file else { return };
    for (name, parameter) in &file.parameters {
        declaration(draft, name, parameter, problems);
    }
    let place = child(&draft.pointer, "parameters");
    // Values for an added component do not stand in any file: its own is where one looks.
    let was_added = draft.pointer.is_empty();
    let giver = if was_added { &draft.component.name } else { &stack.stack.name };
    for (name, value) in &draft.given {
        let line = (!was_added).then(|| stack.stack.line(&child(&place, name)));
        match file.parameters.get(name) {
            Some(parameter) => {
                let written = stack.stack.written(&child(&place, name)).filter(|_| !was_added);
                if let Some(message) = misfit(name, value, written, parameter) {
                    problems.error(giver, line, message);
                }
            }
            None => {
                let names = || file.parameters.keys().map(String::as_str);
                let guess = did_you_mean(name, names());
                let help = if guess.is_empty() { format!(" {}", it_has(names())) } else { guess };
                problems.error(giver, line, format!("component `{}` has no parameter `{name}`{help}", file.name));
            }
        }
    }
    for (name, parameter) in &file.parameters {
        if parameter.default.is_none() && !draft.given.contains_key(name) {
            let message =
                format!("component `{}` needs a value for parameter `{name}` ({})", file.name, parameter.description);
            let line = (!was_added).then(|| stack.stack.line(&draft.pointer));
            problems.error(giver, line, message);
        }
    }
}

fn declaration(draft: &ComponentDraft, name: &str, parameter: &Parameter, problems: &mut Problems) {
    let read = &draft.component;
    let pointer = child("/parameters", name);
    short_name(read, &pointer, "parameter", name, problems);
    for (index, value) in parameter.allowed.iter().enumerate() {
        if !has_type(value, parameter.kind) {
            let at = format!("{pointer}/enum/{index}");
            let message = wrong_type(&format!("`enum` of `{name}`"), value, read.written(&at), parameter.kind);
            problems.error(&read.name, read.line(&at), message);
        }
    }
    let at = child(&pointer, "default");
    let default = parameter.default.as_ref();
    if let Some(message) = default.and_then(|value| misfit(name, value, read.written(&at), parameter)) {
        problems.error(&read.name, read.line(&at), format!("default of {message}"));
    }
    let at = child(&pointer, "elsewhere");
    let elsewhere = parameter.elsewhere.as_ref();
    if let Some(message) = elsewhere.and_then(|value| misfit(name, value, read.written(&at), parameter)) {
        problems.error(&read.name, read.line(&at), format!("`elsewhere` of {message}"));
    }
}

fn misfit(name: &str, value: &Value, written: Option<&str>, parameter: &Parameter) -> Option<String> {
    let subject = format!("parameter `{name}`");
    if !has_type(value, parameter.kind) {
        return Some(wrong_type(&subject, value, written, parameter.kind));
    }
    if parameter.allowed.is_empty() || parameter.allowed.contains(value) {
        return None;
    }
    let allowed: Vec<String> = parameter.allowed.iter().map(text).collect();
    Some(format!("{subject} must be {}, not `{}`", one_of(allowed.iter().map(String::as_str)), text(value)))
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_string)
}

fn has_type(value: &Value, kind: ParameterType) -> bool {
    match kind {
        ParameterType::String => value.is_string(),
        ParameterType::Integer => value.is_i64() || value.is_u64(),
        ParameterType::Boolean => value.is_boolean(),
    }
}

fn wrong_type(subject: &str, value: &Value, written: Option<&str>, kind: ParameterType) -> String {
    let wanted = match kind {
        ParameterType::String => "text",
        ParameterType::Integer => "a whole number",
        ParameterType::Boolean => "`true` or `false`",
    };
    let quotes = if kind == ParameterType::String && (value.is_number() || value.is_boolean()) {
        in_quotes(value, written)
    } else {
        String::new()
    };
    format!("{subject} must be {wanted}, not {}{quotes}", describe(value, written))
}
