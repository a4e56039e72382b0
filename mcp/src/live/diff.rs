//! Differences, as people read them: fields of two objects, and lines of two texts.

use serde::Serialize;
use serde_json::Value;
use similar::TextDiff;

/// Unchanged lines that are shown around changed ones.
const AROUND: usize = 2;

/// A field that differs.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Difference {
    /// Way to the field, as `spec.containers[0].image`.
    pub path: String,
    /// What Git says; nothing if it has no such field.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::schema::any")]
    pub git: Option<Value>,
    /// What the cluster has; nothing if it has no such field.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::schema::any")]
    pub live: Option<Value>,
}

/// Fields of Git that the cluster has otherwise. What only the cluster has is mostly defaults and status: not told.
pub fn from_git(git: &Value, live: &Value) -> Vec<Difference> {
    let mut differences = Vec::new();
    compare(git, Some(live), "", &mut differences);
    differences.retain(|difference| !difference.path.starts_with("status") && difference.path != "metadata.namespace");
    differences
}

fn compare(git: &Value, live: Option<&Value>, path: &str, differences: &mut Vec<Difference>) {
    match (git, live) {
        (Value::Object(fields), Some(Value::Object(_))) => {
            for (key, value) in fields {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                compare(value, live.and_then(|live| live.get(key)), &path, differences);
            }
        }
        (Value::Array(items), Some(Value::Array(had))) if items.len() == had.len() => {
            for (index, item) in items.iter().enumerate() {
                compare(item, had.get(index), &format!("{path}[{index}]"), differences);
            }
        }
        (git, Some(live)) if same(git, live) => {}
        (Value::Null, None) => {}
        (Value::Object(fields), None) if fields.is_empty() => {}
        (git, live) => differences.push(Difference { path: path.into(), git: Some(git.clone()), live: live.cloned() }),
    }
}

/// `1` and `1.0`, `"80"` and `80` are not worth a word.
fn same(git: &Value, live: &Value) -> bool {
    let plain = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    git == live || (!git.is_object() && !git.is_array() && plain(git) == plain(live))
}

/// Lines of two texts as `-`, `+` and two lines around them.
pub fn lines(before: &str, after: &str) -> String {
    let (old, new): (Vec<_>, Vec<_>) = (before.lines().collect(), after.lines().collect());
    let difference = TextDiff::from_slices(&old, &new);
    let groups = difference.grouped_ops(AROUND);
    let told = groups.iter().map(|group| {
        let changes = group.iter().flat_map(|operation| difference.iter_changes(operation));
        changes
            .map(|change| format!("{}\n", format!("{} {}", change.tag(), change.value()).trim_end()))
            .collect::<String>()
    });
    told.collect::<Vec<_>>().join("...\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_git_says_is_compared() {
        let git = json!({"metadata": {"name": "a", "labels": {"team": "red"}}, "spec": {"port": "80", "image": "a:2", "gone": 1, "list": [1, 2]}});
        let live = json!({"metadata": {"name": "a", "uid": "1"}, "spec": {"port": 80, "image": "a:1", "extra": true, "list": [1, 3]}});
        let told: Vec<_> = from_git(&git, &live).into_iter().map(|difference| difference.path).collect();
        assert_eq!(told, ["metadata.labels", "spec.gone", "spec.image", "spec.list[1]"]);
        assert!(from_git(&git, &git).is_empty());
    }

    #[test]
    fn line_differences_show_their_surroundings() {
        let (before, after) = ("a\nb\nc\nd\ne\nf\n", "a\nb\nc\nd\nE\nf\n");
        assert_eq!(lines(before, after), "  c\n  d\n- e\n+ E\n  f\n");
        assert_eq!(lines("", "x\n"), "+ x\n");
        assert_eq!(lines("x\n", "x\n"), "");
        let far = ("a\n\nc\nd\ne\nf\ng\nh\n", "A\n\nc\nd\ne\nf\ng\nH\n");
        assert_eq!(lines(far.0, far.1), "- a\n+ A\n\n  c\n...\n  f\n  g\n- h\n+ H\n");
    }
}
