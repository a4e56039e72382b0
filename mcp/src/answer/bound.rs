//! Cuts facts to a budget: long lists at their end, long texts where they reach the limit, and says what is gone.
//!
//! Room is shared out fairly: parts that need little get what they need, the rest is split among the large ones. No
//! field disappears, so the answer still fits its schema.

use serde_json::{Map, Value};

use super::LeftOut;

/// Characters of JSON to a token; real tokenizers need a little less for English, a little more for identifiers.
pub const CHARACTERS_PER_TOKEN: usize = 4;

/// Cuts `facts` to about `max_tokens`; gives what was left out.
pub fn bound(facts: &mut Map<String, Value>, max_tokens: usize) -> Vec<LeftOut> {
    let mut left_out = Vec::new();
    let budget = max_tokens * CHARACTERS_PER_TOKEN;
    shrink_object(facts, budget, "", &mut left_out);
    left_out
}

/// Empties these fields, one after the other, until the rest is within the budget; gives what was left out.
pub fn dropped(facts: &mut Map<String, Value>, fields: &[&str], max_tokens: usize) -> Vec<LeftOut> {
    let budget = max_tokens * CHARACTERS_PER_TOKEN;
    let mut left_out = Vec::new();
    for field in fields {
        if 2 + facts.iter().map(|(key, value)| key.len() + 4 + size(value)).sum::<usize>() <= budget {
            break;
        }
        let Some(Value::Array(items)) = facts.get_mut(*field) else { continue };
        if !items.is_empty() {
            left_out.push(LeftOut { what: (*field).into(), shown: 0, total: items.len(), unit: "items".into() });
            items.clear();
        }
    }
    left_out
}

/// Length of a value as JSON, nearly: quotes and commas count, escapes do not.
pub fn size(value: &Value) -> usize {
    match value {
        Value::Null => 4,
        Value::Bool(_) => 5,
        Value::Number(number) => number.to_string().len(),
        Value::String(text) => text.len() + 2,
        Value::Array(items) => 2 + items.iter().map(|item| size(item) + 1).sum::<usize>(),
        Value::Object(map) => 2 + map.iter().map(|(key, value)| key.len() + 4 + size(value)).sum::<usize>(),
    }
}

fn shrink(value: &mut Value, budget: usize, path: &str, left_out: &mut Vec<LeftOut>) {
    if size(value) <= budget {
        return;
    }
    match value {
        Value::String(text) => shrink_text(text, budget, path, left_out),
        Value::Array(items) => shrink_list(items, budget, path, left_out),
        Value::Object(map) => shrink_object(map, budget, path, left_out),
        _ => {}
    }
}

fn shrink_text(text: &mut String, budget: usize, path: &str, left_out: &mut Vec<LeftOut>) {
    let mut end = budget.saturating_sub(6).max(40);
    if end >= text.len() {
        return;
    }
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let total = text.chars().count();
    text.truncate(end);
    let shown = text.chars().count();
    text.push_str(" ...");
    left_out.push(LeftOut { what: path.into(), shown, total, unit: "characters".into() });
}

/// Keeps items from the first on. One item is always kept, cut if it must be.
fn shrink_list(items: &mut Vec<Value>, budget: usize, path: &str, left_out: &mut Vec<LeftOut>) {
    let total = items.len();
    let mut used = 2;
    let mut kept = 0;
    for item in items.iter() {
        used += size(item) + 1;
        if used > budget {
            break;
        }
        kept += 1;
    }
    if kept == 0
        && let Some(first) = items.first_mut()
    {
        shrink(first, budget.saturating_sub(4), &format!("{path}[0]"), left_out);
        kept = 1;
    }
    items.truncate(kept);
    if kept < total {
        left_out.push(LeftOut { what: path.into(), shown: kept, total, unit: "items".into() });
    }
}

fn shrink_object(map: &mut Map<String, Value>, budget: usize, path: &str, left_out: &mut Vec<LeftOut>) {
    let keys: usize = 2 + map.keys().map(|key| key.len() + 4).sum::<usize>();
    let mut sizes: Vec<usize> = map.values().map(size).collect();
    if keys + sizes.iter().sum::<usize>() <= budget {
        return;
    }
    sizes.sort_unstable();
    let limit = fair_share(&sizes, budget.saturating_sub(keys));
    for (key, value) in map.iter_mut() {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        shrink(value, limit, &path, left_out);
    }
}

/// The most that one part may take so that all fit: what small parts do not need goes to the large ones.
fn fair_share(ascending: &[usize], budget: usize) -> usize {
    let mut rest = budget;
    for (index, size) in ascending.iter().enumerate() {
        let share = rest / (ascending.len() - index);
        if *size > share {
            return share;
        }
        rest -= size;
    }
    usize::MAX
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(map) => map,
            other => panic!("not an object: {other}"),
        }
    }

    #[test]
    fn what_fits_is_left_alone() {
        let mut facts = object(json!({"a": 1, "list": ["x", "y"]}));
        let before = facts.clone();
        assert_eq!(bound(&mut facts, 200), vec![]);
        assert_eq!(facts, before);
    }

    #[test]
    fn long_lists_keep_their_head_and_say_what_is_gone() {
        let items: Vec<_> = (0..1000).map(|number| json!({"name": format!("entity-{number}")})).collect();
        let mut facts = object(json!({"total": 1000, "items": items}));
        let left_out = bound(&mut facts, 500);
        let kept = facts["items"].as_array().expect("list").len();
        assert_eq!(left_out, vec![LeftOut { what: "items".into(), shown: kept, total: 1000, unit: "items".into() }]);
        assert!(kept > 50 && size(&Value::Object(facts)) <= 2000);
    }

    #[test]
    fn small_parts_survive_beside_large_ones() {
        let mut facts = object(json!({"why": "the image does not exist", "log": "x".repeat(100_000), "n": 3}));
        let left_out = bound(&mut facts, 300);
        assert_eq!(facts["why"], "the image does not exist");
        assert_eq!(left_out.len(), 1);
        assert_eq!((left_out[0].what.as_str(), left_out[0].total), ("log", 100_000));
    }

    #[test]
    fn what_gives_way_goes_before_anything_else_is_cut() {
        let events: Vec<_> = (0..50).map(|number| json!({"message": format!("event {number}")})).collect();
        let mut facts = object(json!({"causes": ["x".repeat(600)], "events": events, "looked_at": [{"kind": "Pod"}]}));
        let left_out = dropped(&mut facts, &["events", "looked_at"], 250);
        assert_eq!((left_out.len(), left_out[0].what.as_str(), left_out[0].total), (1, "events", 50));
        assert_eq!(facts["causes"][0].as_str().map(str::len), Some(600));
        assert_eq!(facts["looked_at"], json!([{"kind": "Pod"}]), "it fits already");
    }

    #[test]
    fn text_is_cut_between_characters() {
        let mut facts = object(json!({"text": "ü".repeat(10_000)}));
        bound(&mut facts, 201);
        assert!(facts["text"].as_str().expect("text").ends_with("ü ..."));
    }
}
