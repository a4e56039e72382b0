//! Judges a descriptor: every problem at once, each with where it is and what to write.
//!
//! The rules are those of Backstage's catalog, for its own kinds; other kinds are only checked as far as all kinds
//! are alike.

use serde_json::{Map, Value};

use super::reference::EntityRef;
use super::relation::{Field, fields};
use backstack_files::yaml::{self, Document, Places, Words};

/// Something wrong with a descriptor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where, as `spec.owner`.
    pub path: String,
    /// Line in its file, from 1, if it was read from one.
    pub line: Option<usize>,
    /// What is wrong, in words that stand alone, with the offending text in backquotes.
    pub message: String,
    /// What to write instead.
    pub hint: String,
}

const KINDS: [&str; 9] = ["Component", "API", "Resource", "System", "Domain", "Group", "User", "Template", "Location"];

/// The documents of a file, and what ended the reading before its end, with its line.
pub fn read(bytes: &[u8]) -> (Vec<Document>, Option<String>) {
    let (documents, faults) = yaml::parse_with(bytes, Words::Text);
    let broken = faults.into_iter().next().map(|(line, message)| format!("line {line}: {message}"));
    (documents, broken)
}

/// Whether this is meant as a catalog entity at all.
pub fn is_entity(document: &Value) -> bool {
    let version = document["apiVersion"].as_str().unwrap_or_default();
    version.starts_with("backstage.io/") || version.starts_with("scaffolder.backstage.io/")
}

/// Everything that is wrong with a descriptor that was read from a file, with its lines.
pub fn judge(document: &Document) -> Vec<Problem> {
    let told = document.faults.iter().map(|(line, message)| Problem {
        path: String::new(),
        line: Some(*line),
        message: message.clone(),
        hint: "Fix this line.".into(),
    });
    let mut all: Vec<_> = told.chain(doubtful(document)).collect();
    for mut problem in problems(&document.value) {
        let pointer = yaml::pointer(&document.value, &problem.path);
        problem.line = Some(document.places.line(&pointer));
        if let Some(hint) = quoted(&document.places, &pointer, &problem.message) {
            problem.hint = hint;
        }
        all.push(problem);
    }
    all
}

/// What to write for a number that should be text: `1.10` is more than the number 1.1.
fn quoted(places: &Places, pointer: &str, message: &str) -> Option<String> {
    let written = places.written(pointer).filter(|_| message.ends_with(IN_QUOTES))?;
    Some(format!("Write `\"{written}\"`."))
}

/// Words that are text to the catalog and truth values to other readers of the same file.
fn doubtful(document: &Document) -> Vec<Problem> {
    let is_text = |pointer: &str| document.value.pointer(pointer).is_some_and(Value::is_string);
    // What stands deeper in `spec` belongs to whoever defined it.
    let matters = |pointer: &str| !pointer.starts_with("/spec/") || pointer.matches('/').count() == 2;
    let words = document.places.all_written().filter(|(pointer, _)| is_text(pointer) && matters(pointer));
    let problem = |(pointer, word): (&str, &str)| Problem {
        path: pointer.trim_start_matches('/').replace('/', ".").replace("~1", "/").replace("~0", "~"),
        line: Some(document.places.line(pointer)),
        message: format!("`{word}` is a truth value for some readers of YAML{IN_QUOTES}"),
        hint: format!("Write `\"{word}\"`."),
    };
    words.map(problem).collect()
}

/// How messages end that have a simple remedy.
const IN_QUOTES: &str = ": put it in quotes";

/// Everything that is wrong with a descriptor; nothing if the catalog would take it.
pub fn problems(document: &Value) -> Vec<Problem> {
    let mut found = Found(Vec::new());
    let Some(map) = document.as_object() else {
        found.add("", "a descriptor is a mapping", "Begin with `apiVersion:`, `kind:`, `metadata:` and `spec:`.");
        return found.0;
    };
    found.head(map);
    match map.get("metadata") {
        Some(Value::Object(metadata)) => found.metadata(metadata),
        _ => found.add("metadata", "is missing", "Add `metadata:` with at least a `name:`."),
    }
    let kind = map.get("kind").and_then(Value::as_str).unwrap_or_default();
    let empty = Map::new();
    let spec = match map.get("spec") {
        Some(Value::Object(spec)) => spec,
        None => &empty,
        Some(_) => {
            found.add("spec", "is not a mapping", "Write fields below it, as `owner: team-a`.");
            &empty
        }
    };
    found.spec(kind, spec);
    found.0
}

struct Found(Vec<Problem>);

impl Found {
    fn add(&mut self, path: &str, message: impl Into<String>, hint: impl Into<String>) {
        self.0.push(Problem { path: path.into(), line: None, message: message.into(), hint: hint.into() });
    }

    /// Something other than text stands where text has to be.
    fn no_text(&mut self, path: &str, value: &Value, hint: impl Into<String>) {
        match value {
            Value::Number(_) => {
                self.add(path, format!("is the number {value}, not text{IN_QUOTES}"), format!("Write `\"{value}\"`."));
            }
            Value::Bool(_) => {
                self.add(
                    path,
                    format!("is the truth value {value}, not text{IN_QUOTES}"),
                    format!("Write `\"{value}\"`."),
                );
            }
            _ => self.add(path, "is no text", hint),
        }
    }

    fn head(&mut self, map: &Map<String, Value>) {
        let kind = map.get("kind").and_then(Value::as_str);
        let wanted = if kind == Some("Template") { "scaffolder.backstage.io/v1beta3" } else { "backstage.io/v1alpha1" };
        match map.get("apiVersion").and_then(Value::as_str) {
            None if is_told(map.get("apiVersion")) => self.no_text("apiVersion", &map["apiVersion"], ""),
            None => self.add("apiVersion", "is missing", format!("Write `apiVersion: {wanted}`.")),
            Some(version) => {
                let known = ["backstage.io/v1alpha1", "backstage.io/v1beta1", "scaffolder.backstage.io/v1beta3"];
                if kind.is_some_and(|kind| KINDS.contains(&kind)) && !known.contains(&version) {
                    let message = format!("`{version}` is no version of the catalog's format");
                    self.add("apiVersion", message, format!("Write `apiVersion: {wanted}`."));
                }
            }
        }
        match kind {
            None if is_told(map.get("kind")) => self.no_text("kind", &map["kind"], ""),
            None | Some("") => self.add("kind", "is missing", format!("Write one of {}.", KINDS.join(", "))),
            Some(kind) if !kind.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                self.add("kind", format!("`{kind}` is no kind"), format!("Write one of {}.", KINDS.join(", ")));
            }
            Some(kind) => {
                let near = KINDS.iter().find(|known| known.eq_ignore_ascii_case(kind) && **known != kind);
                if let Some(near) = near {
                    self.add("kind", format!("`{kind}` is written `{near}`"), format!("Write `kind: {near}`."));
                }
            }
        }
        for key in map
            .keys()
            .filter(|key| !["apiVersion", "kind", "metadata", "spec", "status", "relations"].contains(&key.as_str()))
        {
            self.add(key, "is no field of a descriptor", "Move it below `metadata` or `spec`.");
        }
    }

    fn metadata(&mut self, metadata: &Map<String, Value>) {
        match metadata.get("name").and_then(Value::as_str) {
            None if is_told(metadata.get("name")) => self.no_text("metadata.name", &metadata["name"], ""),
            None | Some("") => self.add("metadata.name", "is missing", "Add a name, as `my-service`."),
            Some(name) if !is_name(name) => self.add(
                "metadata.name",
                format!("`{name}` is no name"),
                "Use at most 63 letters, digits, `-`, `_` and `.`, beginning and ending with a letter or digit.",
            ),
            Some(_) => {}
        }
        if let Some(namespace) = metadata.get("namespace").filter(|namespace| is_told(Some(namespace))) {
            self.no_text("metadata.namespace", namespace, "");
        } else if let Some(namespace) = metadata.get("namespace")
            && !namespace.as_str().is_some_and(is_namespace)
        {
            let message = format!("{namespace} is no namespace");
            self.add("metadata.namespace", message, "Use at most 63 lower-case letters, digits and dashes.");
        }
        for field in ["title", "description"] {
            if let Some(value) = metadata.get(field).filter(|value| !value.is_string()) {
                self.no_text(&format!("metadata.{field}"), value, "Write a text.");
            }
        }
        self.tags(metadata.get("tags"));
        self.pairs("labels", metadata.get("labels"));
        self.pairs("annotations", metadata.get("annotations"));
        self.links(metadata.get("links"));
    }

    fn tags(&mut self, tags: Option<&Value>) {
        let Some(tags) = tags else { return };
        let Some(tags) = tags.as_array() else {
            return self.add("metadata.tags", "is no list", "Write `tags: [java, data]`.");
        };
        for (index, tag) in tags.iter().enumerate() {
            let path = format!("metadata.tags[{index}]");
            if is_told(Some(tag)) {
                self.no_text(&path, tag, "");
            } else if !tag.as_str().is_some_and(is_tag) {
                self.add(&path, format!("{tag} is no tag"), "Use lower-case letters, digits, `+`, `#` and dashes.");
            }
        }
    }

    fn pairs(&mut self, field: &str, pairs: Option<&Value>) {
        let Some(pairs) = pairs else { return };
        let Some(pairs) = pairs.as_object() else {
            return self.add(&format!("metadata.{field}"), "is no mapping", "Write `key: \"value\"` lines below it.");
        };
        for (key, value) in pairs {
            let path = format!("metadata.{field}.{key}");
            if !is_key(key) {
                self.add(&path, format!("`{key}` is no key"), "Write `name` or `prefix.example.com/name`.");
            }
            if !value.is_string() {
                self.no_text(&path, value, "Write `key: \"value\"`.");
            }
        }
    }

    fn links(&mut self, links: Option<&Value>) {
        let Some(links) = links else { return };
        let Some(links) = links.as_array() else {
            return self.add("metadata.links", "is no list", "Write `links: [{url: https://..., title: ...}]`.");
        };
        for (index, link) in links.iter().enumerate() {
            if !link["url"].as_str().is_some_and(|url| url.contains("://")) {
                let path = format!("metadata.links[{index}].url");
                self.add(&path, "is missing or no address", "Write a full address, as `https://example.com`.");
            }
        }
    }

    fn spec(&mut self, kind: &str, spec: &Map<String, Value>) {
        let needed: &[&str] = match kind {
            "Component" => &["type", "lifecycle", "owner"],
            "API" => &["type", "lifecycle", "owner", "definition"],
            "Resource" => &["type", "owner"],
            "System" | "Domain" => &["owner"],
            "Group" => &["type"],
            "Template" => &["type", "steps"],
            _ => &[],
        };
        for field in needed {
            let path = format!("spec.{field}");
            match spec.get(*field) {
                None | Some(Value::Null) => self.add(&path, "is missing", example(kind, field)),
                Some(value) if *field == "steps" => {
                    if !value.is_array() {
                        self.add(&path, "is no list", example(kind, field));
                    }
                }
                // An API's definition may be pulled in from elsewhere: `definition: {$text: ./openapi.yaml}`.
                Some(Value::Object(map)) if *field == "definition" && map.keys().any(|key| key.starts_with('$')) => {}
                Some(Value::String(text)) if !text.is_empty() => {}
                Some(value) => self.no_text(&path, value, example(kind, field)),
            }
        }
        if kind == "Group" && !spec.get("children").is_some_and(Value::is_array) {
            self.add("spec.children", "is missing or no list", "Write `children: []` if there are none.");
        }
        for field in fields(&kind.to_lowercase()) {
            self.references(field, spec.get(field.name));
        }
    }

    fn references(&mut self, field: &Field, value: Option<&Value>) {
        let path = format!("spec.{}", field.name);
        match (value, field.many) {
            (None | Some(Value::Null), _) => {}
            (Some(Value::String(text)), false) => self.reference(&path, field, text),
            (Some(Value::Array(items)), true) => {
                for (index, item) in items.iter().enumerate() {
                    match item.as_str() {
                        Some(text) => self.reference(&format!("{path}[{index}]"), field, text),
                        None => self.no_text(&format!("{path}[{index}]"), item, "Write a reference."),
                    }
                }
            }
            (Some(_), true) => self.add(&path, "is no list", "Write one reference a line, each behind a dash."),
            // A missing or empty owner was told above.
            (Some(_), false) if field.name == "owner" => {}
            (Some(value), false) => self.no_text(&path, value, "Write one reference."),
        }
    }

    fn reference(&mut self, path: &str, field: &Field, text: &str) {
        if text.is_empty() {
            return;
        }
        if let Err(error) = EntityRef::parse_with(text, field.kind, "default") {
            let kind = field.kind.unwrap_or("component");
            self.add(path, error.to_string(), format!("Write `{kind}:default/name`."));
        }
    }
}

/// Whether it is a number or truth value, of which a text can be made with quotes.
fn is_told(value: Option<&Value>) -> bool {
    value.is_some_and(|value| value.is_number() || value.is_boolean())
}

fn example(kind: &str, field: &str) -> String {
    let value = match (kind, field) {
        ("Component", "type") => "service",
        ("API", "type") => "openapi",
        ("Resource", "type") => "database",
        ("Group", "type") => "team",
        ("Template", "type") => "service",
        (_, "lifecycle") => "production",
        (_, "owner") => "group:default/team-a",
        (_, "definition") => "{$text: ./openapi.yaml}",
        (_, "steps") => "[...]",
        _ => "...",
    };
    format!("Write `{field}: {value}`.")
}

fn is_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    name.len() <= 63
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
        && bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
}

fn is_namespace(name: &str) -> bool {
    is_name(name) && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn is_tag(tag: &str) -> bool {
    (1..=63).contains(&tag.len())
        && tag.split('-').all(|part| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+#.:_".contains(&byte))
        })
}

fn is_key(key: &str) -> bool {
    let (prefix, name) = key.split_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    is_name(name)
        && prefix.is_none_or(|prefix| prefix.len() <= 253 && prefix.to_lowercase().split('.').all(is_namespace))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(yaml: &str) -> Vec<String> {
        let (documents, broken) = read(yaml.as_bytes());
        assert_eq!(broken, None);
        judge(&documents[0]).into_iter().map(|problem| problem.path).collect()
    }

    #[test]
    fn a_good_descriptor_has_no_problem() {
        let yaml = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: web\n  tags: [go, c++]\n  \
                    annotations: {backstage.io/techdocs-ref: 'dir:.'}\n  links: [{url: 'https://example.com'}]\nspec:\n  \
                    type: service\n  lifecycle: production\n  owner: team-a\n  dependsOn: ['resource:db']\n";
        assert_eq!(paths(yaml), Vec::<String>::new());
    }

    #[test]
    fn every_problem_is_told_at_once() {
        let yaml = "apiVersion: v1\nkind: component\nmetadata:\n  name: -web\n  namespace: A\n  tags: [Big]\n  labels: {a b: x, n: 1}\n\
                    extra: 1\nspec: {}\n";
        let found = paths(yaml);
        for path in [
            "kind",
            "extra",
            "metadata.name",
            "metadata.namespace",
            "metadata.tags[0]",
            "metadata.labels.a b",
            "metadata.labels.n",
        ] {
            assert!(found.iter().any(|found| found == path), "{path} not in {found:?}");
        }
        let component =
            "apiVersion: v1\nkind: Component\nmetadata: {name: a}\nspec: {dependsOn: [db], providesApis: x}\n";
        let expected =
            ["apiVersion", "spec.type", "spec.lifecycle", "spec.owner", "spec.providesApis", "spec.dependsOn[0]"];
        assert_eq!(paths(component), expected);
    }

    #[test]
    fn anything_at_all_is_judged_without_a_panic() {
        for text in ["1", "[]", "a: b", "kind: 1", "metadata: x", "kind: API\nspec: []\nmetadata: {tags: 1, links: 2}"]
        {
            assert!(!judge(&read(text.as_bytes()).0[0]).is_empty(), "{text}");
        }
        assert!(read(b"a: [").1.is_some());
    }

    #[test]
    fn what_should_be_in_quotes_is_told_with_its_line() {
        let yaml = "\u{feff}apiVersion: backstage.io/v1alpha1\r\nkind: Component\r\nmetadata:\r\n  name: 1.10\r\n  title: yes\r\n  \
                    labels:\r\n    example.com/a.b: true\r\n    x: 'no'\r\nspec:\r\n  type: service\r\n  lifecycle: off\r\n  owner: 7\r\n  \
                    deep: {x: yes}\r\n  owner: 8\r\n";
        let (documents, broken) = read(yaml.as_bytes());
        assert_eq!(broken, None);
        let mut found: Vec<_> = judge(&documents[0])
            .into_iter()
            .map(|problem| (problem.line.expect("a line"), problem.path, problem.message, problem.hint))
            .collect();
        found.sort();
        let texts: Vec<_> =
            found.iter().map(|(line, path, message, hint)| format!("{line} {path} {message} {hint}")).collect();
        let wanted = [
            "4 metadata.name is the number 1.1, not text: put it in quotes Write `\"1.10\"`.",
            "5 metadata.title `yes` is a truth value for some readers of YAML: put it in quotes Write `\"yes\"`.",
            "7 metadata.labels.example.com/a.b is the truth value true, not text: put it in quotes Write `\"true\"`.",
            "11 spec.lifecycle `off` is a truth value for some readers of YAML: put it in quotes Write `\"off\"`.",
            "12 spec.owner is the number 7, not text: put it in quotes Write `\"7\"`.",
            "14  key `owner` is given twice (first in line 12) Fix this line.",
        ];
        assert_eq!(texts, wanted);
    }

    #[test]
    fn an_alias_ends_with_its_document() {
        let (documents, broken) = read(b"a: &x 1\n---\nb: *x\n");
        assert_eq!(documents.len(), 1);
        assert!(
            broken.is_some_and(|why| why.starts_with("line 3: ") && why.contains("anchors end with their document"))
        );
    }
}
