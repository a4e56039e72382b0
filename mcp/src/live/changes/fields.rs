//! Single fields of an object, named as people name them: `spec.template.spec.containers[0].image`,
//! `metadata.annotations["a.b/c"]`, or a JSON Pointer such as `/spec/replicas`.

use serde_json::{Map, Value};

/// Maps whose keys are anybody's, dots included: what follows them is one key.
const OPEN: [&str; 6] = ["labels", "annotations", "data", "stringData", "matchLabels", "nodeSelector"];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

/// Gives a field this value; null takes it away. Maps on the way are made; a list's item just behind its end is added.
///
/// # Errors
/// The field cannot be there, in words that begin with its name.
pub fn set(object: &mut Value, path: &str, value: &Value) -> Result<(), String> {
    let steps = steps(object, path)?;
    let (last, way) = steps.split_last().ok_or_else(|| format!("`{path}` names no field"))?;
    let mut at = object;
    for step in way {
        at = enter(at, step, path, value.is_null())?;
    }
    match (last, at) {
        (Step::Key(key), Value::Object(fields)) if value.is_null() => {
            fields.remove(key).map(drop).ok_or_else(|| format!("`{path}` is not there"))
        }
        (Step::Key(key), at @ (Value::Object(_) | Value::Null)) => {
            map(at).insert(key.clone(), value.clone());
            Ok(())
        }
        (Step::Index(index), Value::Array(items)) if value.is_null() && *index < items.len() => {
            items.remove(*index);
            Ok(())
        }
        (Step::Index(index), Value::Array(items)) if *index < items.len() => {
            items[*index] = value.clone();
            Ok(())
        }
        (Step::Index(index), Value::Array(items)) if *index == items.len() && !value.is_null() => {
            items.push(value.clone());
            Ok(())
        }
        (step, at) => Err(misplaced(path, step, at)),
    }
}

/// The value of a field, if it is there.
pub fn get<'a>(object: &'a Value, path: &str) -> Option<&'a Value> {
    steps(object, path).ok()?.iter().try_fold(object, |at, step| match step {
        Step::Key(key) => at.get(key),
        Step::Index(index) => at.get(*index),
    })
}

/// A map in place of nothing.
fn map(at: &mut Value) -> &mut Map<String, Value> {
    if !at.is_object() {
        *at = Value::Object(Map::new());
    }
    at.as_object_mut().expect("made an object above")
}

fn enter<'a>(at: &'a mut Value, step: &Step, path: &str, removes: bool) -> Result<&'a mut Value, String> {
    match step {
        Step::Key(key) if at.is_object() || (at.is_null() && !removes) => {
            let fields = map(at);
            if removes && !fields.contains_key(key) {
                return Err(format!("`{path}` is not there"));
            }
            Ok(fields.entry(key.clone()).or_insert(Value::Null))
        }
        Step::Index(index) if at.get(*index).is_some() => Ok(&mut at[*index]),
        step => Err(misplaced(path, step, at)),
    }
}

fn misplaced(path: &str, step: &Step, at: &Value) -> String {
    match (step, at) {
        (Step::Index(index), Value::Array(items)) => {
            format!("`{path}`: the list has {} items, counted from 0; there is no [{index}]", items.len())
        }
        (Step::Index(index), _) => format!("`{path}`: [{index}] is not in a list"),
        (Step::Key(key), Value::Array(items)) => {
            format!("`{path}`: `{key}` is in a list of {} items: name one of them, as [0]", items.len())
        }
        (Step::Key(key), _) => format!("`{path}`: `{key}` is in a single value"),
    }
}

pub(super) fn steps(object: &Value, path: &str) -> Result<Vec<Step>, String> {
    if let Some(pointer) = path.strip_prefix('/') {
        return Ok(pointer_steps(object, pointer));
    }
    let (mut steps, mut rest, mut at) = (Vec::new(), path.trim_start_matches('.'), Some(object));
    while !rest.is_empty() {
        let (step, behind) = match rest.strip_prefix('[') {
            Some(inner) => bracket(inner).ok_or_else(|| format!("`{path}`: write [0] or [\"key\"]"))?,
            None => {
                let open = matches!(steps.last(), Some(Step::Key(key)) if OPEN.contains(&key.as_str()));
                let (key, behind) = if open { (rest, "") } else { longest(at, rest) };
                (Step::Key(key.into()), behind)
            }
        };
        at = at.and_then(|at| match &step {
            Step::Key(key) => at.get(key),
            Step::Index(index) => at.get(*index),
        });
        steps.push(step);
        rest = behind.strip_prefix('.').unwrap_or(behind);
    }
    Ok(steps)
}

fn pointer_steps(object: &Value, pointer: &str) -> Vec<Step> {
    let mut at = Some(object);
    let steps = pointer.split('/').map(|token| {
        let key = token.replace("~1", "/").replace("~0", "~");
        let step = match (at, key.parse::<usize>()) {
            (Some(Value::Array(items)), _) if key == "-" => Step::Index(items.len()),
            (Some(Value::Array(_)), Ok(index)) => Step::Index(index),
            _ => Step::Key(key),
        };
        at = at.and_then(|at| match &step {
            Step::Key(key) => at.get(key),
            Step::Index(index) => at.get(*index),
        });
        step
    });
    steps.collect()
}

/// `0]rest` or `"a.b"]rest`.
fn bracket(inner: &str) -> Option<(Step, &str)> {
    for quote in ['"', '\''] {
        if let Some(inner) = inner.strip_prefix(quote) {
            let (key, rest) = inner.split_once(quote)?;
            return Some((Step::Key(key.into()), rest.strip_prefix(']')?));
        }
    }
    let (index, rest) = inner.split_once(']')?;
    Some((Step::Index(index.trim().parse().ok()?), rest))
}

/// The key that comes next: the longest that is there, as keys may have dots themselves; else up to the next dot.
fn longest<'a>(at: Option<&Value>, rest: &'a str) -> (&'a str, &'a str) {
    let ends = |length: usize| rest[length..].is_empty() || rest[length..].starts_with(['.', '[']);
    let known = at.and_then(Value::as_object).into_iter().flatten();
    let fitting = known.filter(|(key, _)| rest.starts_with(key.as_str()) && ends(key.len()) && !key.is_empty());
    let length = fitting.map(|(key, _)| key.len()).max();
    rest.split_at(length.unwrap_or_else(|| rest.find(['.', '[']).unwrap_or(rest.len())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object() -> Value {
        json!({"metadata": {"annotations": {"a.b/c": "1"}}, "spec": {"x.y": {"z": 1}, "list": [{"image": "a:1"}, 2], "none": null}})
    }

    fn after(path: &str, value: Value) -> Result<Value, String> {
        let mut object = object();
        set(&mut object, path, &value).map(|()| object)
    }

    #[test]
    fn fields_are_found_however_they_are_written() {
        for (path, pointer) in [
            ("spec.list[0].image", "/spec/list/0/image"),
            ("/spec/list/0/image", "/spec/list/0/image"),
            (".spec.x.y.z", "/spec/x.y/z"),
            ("spec[\"x.y\"].z", "/spec/x.y/z"),
            ("metadata.annotations.a.b/c", "/metadata/annotations/a.b~1c"),
            ("metadata.annotations['a.b/c']", "/metadata/annotations/a.b~1c"),
            ("metadata.labels.new/one.two", "/metadata/labels/new~1one.two"),
            ("spec.none.deep.er", "/spec/none/deep/er"),
            ("spec.list[2]", "/spec/list/2"),
            ("/spec/list/-", "/spec/list/2"),
        ] {
            let object = after(path, json!("new")).expect(path);
            assert_eq!(object.pointer(pointer), Some(&json!("new")), "{path}");
            assert!(path.ends_with('-') || get(&object, path) == Some(&json!("new")), "{path}");
        }
    }

    #[test]
    fn null_takes_away_what_is_there() {
        assert_eq!(after("spec.list[0]", Value::Null).expect("removed")["spec"]["list"], json!([2]));
        assert!(after("spec.x.y", Value::Null).expect("removed")["spec"].get("x.y").is_none());
        assert!(after("spec.gone.deep", Value::Null).expect_err("not there").contains("is not there"));
    }

    #[test]
    fn what_cannot_be_is_told_with_the_way_to_it() {
        for (path, part) in [
            ("spec.list[5]", "has 2 items"),
            ("spec.list.image", "name one of them"),
            ("spec.x.y.z.deeper", "is in a single value"),
            ("spec[0]", "not in a list"),
            ("spec.list[x]", "write [0]"),
            ("", "names no field"),
        ] {
            let error = after(path, json!(1)).expect_err(path);
            assert!(error.contains(part), "{path}: {error}");
        }
    }
}
