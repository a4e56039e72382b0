//! The images that a change names, and whether there are such.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

/// Images that are asked about in one call.
const MOST: usize = 10;

/// Whether an image can be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The platform's own registry has it, or a node.
    Here,
    /// The public registry that its name says has it.
    Public,
    /// Everybody that can have it was asked, and nobody has. In words, why.
    Nowhere(String),
    /// It is not known. In words, why.
    Unknown(String),
}

/// An image of a change, as it is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Told {
    /// The reference, as the change writes it.
    pub image: String,
    /// `found`, `missing` or `not checked`.
    pub state: &'static str,
    /// Where it was found, or why it was not.
    pub detail: String,
}

impl Told {
    /// Puts what was found about an image into words.
    pub(crate) fn of(image: &str, found: Found) -> Self {
        let (state, detail) = match found {
            Found::Here => ("found", "the platform has it".into()),
            Found::Public => ("found", "the registry of its name has it".into()),
            Found::Nowhere(why) => ("missing", why),
            Found::Unknown(why) => ("not checked", why),
        };
        Self { image: image.into(), state, detail }
    }

    /// Whether everybody that could have it was asked, and nobody has it.
    pub(crate) fn is_missing(&self) -> bool {
        self.state == "missing"
    }
}

/// Images that these objects name and that `before` does not: what runs already needs no question.
pub fn named(objects: &[Value], before: Option<&Value>) -> Vec<String> {
    let (mut images, mut had) = (BTreeSet::new(), BTreeSet::new());
    for object in objects {
        collect(object.get("spec").unwrap_or(&Value::Null), &mut images);
    }
    if let Some(before) = before {
        collect(before.get("spec").unwrap_or(&Value::Null), &mut had);
    }
    images.retain(|image| !had.contains(image));
    images.into_iter().take(MOST).collect()
}

fn collect(value: &Value, images: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, images)),
        Value::Object(fields) => {
            for (key, value) in fields {
                match value {
                    Value::String(image) if key == "image" && is_reference(image) => drop(images.insert(image.clone())),
                    value => collect(value, images),
                }
            }
        }
        _ => {}
    }
}

/// Not a template, a pattern or a sentence.
fn is_reference(text: &str) -> bool {
    let good = |letter: char| letter.is_ascii_alphanumeric() || "._-/:@".contains(letter);
    !text.is_empty() && text.chars().all(good) && text.starts_with(|first: char| first.is_ascii_alphanumeric())
}

/// Whether a node has an image of this name already, as its status lists them.
pub fn on_a_node<'a>(nodes: impl Iterator<Item = &'a Value>, image: &str) -> bool {
    let names = nodes.flat_map(|node| crate::live::object::list(node, "/status/images"));
    let names = names.flat_map(|image| crate::live::object::list(image, "/names"));
    let wanted = full(image);
    names.filter_map(Value::as_str).any(|name| name == wanted)
}

/// The name with what Docker fills in.
fn full(image: &str) -> String {
    let (first, rest) = image.split_once('/').unwrap_or(("", image));
    let has_host = first.contains(['.', ':']) || first == "localhost";
    let name = match (has_host, first) {
        (true, _) => image.to_string(),
        (false, "") => format!("docker.io/library/{rest}"),
        (false, _) => format!("docker.io/{image}"),
    };
    let last = name.rsplit('/').next().unwrap_or_default();
    if last.contains([':', '@']) { name } else { format!("{name}:latest") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_images_that_are_new_are_asked_about() {
        let object = json!({"spec": {"image": "a:2", "template": {"containers": [{"image": "b:1"}, {"image": "${tag}"}, {"image": {"tag": 1}}]}}});
        let before = json!({"spec": {"image": "b:1"}});
        assert_eq!(named(std::slice::from_ref(&object), Some(&before)), ["a:2"]);
        assert_eq!(named(&[object], None), ["a:2", "b:1"]);
    }

    #[test]
    fn a_nodes_images_have_their_full_names() {
        let node = json!({"status": {"images": [{"names": ["docker.io/library/nginx:latest", "quay.io/a/b:1"]}]}});
        for (image, there) in
            [("nginx", true), ("library/nginx:latest", true), ("nginx:2", false), ("quay.io/a/b:1", true)]
        {
            assert_eq!(on_a_node(std::iter::once(&node), image), there, "{image}");
        }
    }
}
