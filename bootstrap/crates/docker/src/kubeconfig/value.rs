//! What a kubeconfig says, whatever its text looks like, and whether a change left that of others alone.

use serde::Deserialize;
use serde_yaml::{Mapping, Value};

use super::item::{EXTENSION, Item, LISTS};

const CURRENT: &str = "current-context";

/// Reads a kubeconfig as kubectl does: JSON, or the first document of YAML.
///
/// # Errors
/// What is wrong with it.
pub(super) fn parse(text: &str) -> Result<Mapping, String> {
    if let Ok(map) = serde_json::from_str::<Mapping>(text) {
        return Ok(map);
    }
    let Some(document) = serde_yaml::Deserializer::from_str(text).next() else { return Ok(Mapping::new()) };
    match Value::deserialize(document).map_err(|error| error.to_string())? {
        Value::Mapping(map) => Ok(map),
        Value::Null => Ok(Mapping::new()),
        _ => Err("it is not a mapping".into()),
    }
}

/// The items of a list.
pub(super) fn items<'a>(config: &'a Mapping, list: &str) -> impl Iterator<Item = &'a Value> {
    config.get(list).and_then(Value::as_sequence).into_iter().flatten()
}

/// Whether an item has this name.
pub(super) fn is_named(item: &Value, name: &str) -> bool {
    item.get("name").and_then(Value::as_str) == Some(name)
}

/// Whether the text that `up` made has all of ours, and of others what it had before.
///
/// # Errors
/// It does not.
pub(super) fn check_added(before: &Mapping, after: &Mapping, context: &str, wanted: &[Item]) -> Result<(), String> {
    for item in wanted {
        let found: Vec<_> = items(after, item.list).filter(|found| is_named(found, context)).collect();
        let [found] = found[..] else { return Err(unclear()) };
        let wanted = serde_yaml::to_value(&item.value).map_err(|error| error.to_string())?;
        if without_note(found) != without_note(&wanted) {
            return Err(unclear());
        }
    }
    let current = after.get(CURRENT).and_then(Value::as_str) == Some(context);
    if current && others(before, context) == others(after, context) { Ok(()) } else { Err(unclear()) }
}

/// Whether the text that `down` made has nothing of ours, and of others what it had before.
///
/// # Errors
/// It does not.
pub(super) fn check_removed(before: &Mapping, after: &Mapping, context: &str) -> Result<(), String> {
    let word = |config: &Mapping| config.get(CURRENT).and_then(Value::as_str).unwrap_or_default().to_string();
    let current = if word(before) == context { word(after) != context } else { word(after) == word(before) };
    let gone = LISTS.iter().all(|list| items(after, list).all(|item| !is_named(item, context)));
    let same = others(before, context) == others(after, context);
    if current && gone && same { Ok(()) } else { Err(unclear()) }
}

/// Why a change was not made although the file is well-formed.
pub(super) const UNCLEAR: &str = "its form allows no change that leaves everything else as it is";

fn unclear() -> String {
    UNCLEAR.into()
}

/// What is not ours. An empty list, none and a missing one are the same.
fn others(config: &Mapping, context: &str) -> Mapping {
    let mut others = config.clone();
    others.shift_remove(CURRENT);
    for (key, word) in [("apiVersion", "v1"), ("kind", "Config")] {
        if others.get(key).and_then(Value::as_str) == Some(word) {
            others.shift_remove(key);
        }
    }
    for list in LISTS {
        match others.get_mut(list) {
            Some(Value::Sequence(items)) => {
                items.retain(|item| !is_named(item, context));
                items.iter_mut().for_each(|item| *item = without_note(item));
                if items.is_empty() {
                    others.shift_remove(list);
                }
            }
            Some(Value::Null) => drop(others.shift_remove(list)),
            _ => {}
        }
    }
    others
}

fn without_note(item: &Value) -> Value {
    let mut item = item.clone();
    let Some(context) = item.get_mut("context").and_then(Value::as_mapping_mut) else { return item };
    if let Some(Value::Sequence(extensions)) = context.get_mut("extensions") {
        extensions.retain(|extension| !is_named(extension, EXTENSION));
        if extensions.is_empty() {
            context.shift_remove("extensions");
        }
    }
    item
}
