//! Whether a document has the keys and types that its format asks for, in plain words.
//!
//! The JSON schema finds what is wrong, all of it; this module says it the way a person would.

use jsonschema::Validator;
use jsonschema::error::{TypeKind, ValidationError, ValidationErrorKind};
use serde_json::Value;

use super::schema::Format;
use super::yaml::{Document, Fault, child};
use backstack_common::words::{closest, one_of};

/// Keys that people bring from elsewhere, and what to do instead.
const GUIDANCE: &[(Format, &str, &str)] = &[
    (Format::Component, "metadata", "there is no `metadata` here; write `name` and `namespace` at the top"),
    (Format::Component, "spec", "there is no `spec` here; its keys stand at the top"),
    (Format::Component, "dependencies", "write `depends_on`"),
    (Format::Component, "requires", "write `depends_on`"),
    (Format::Component, "values", "write `parameters`"),
    (Format::Component, "inputs", "write `parameters`"),
    (Format::Component, "ingress", "write `routes`, a list of `path`, `service` and `port`"),
    (Format::Component, "paths", "write `routes`, a list of `path`, `service` and `port`"),
    (Format::Component, "ingressClassName", "write `ingress_class`"),
    (Format::Component, "chart", "charts are not read; put plain manifests under manifests/"),
    (Format::Component, "helm", "charts are not read; put plain manifests under manifests/"),
    (Format::Component, "resources", "put plain manifests under manifests/"),
    (Format::Component, "manifests", "every file under manifests/ is read by itself"),
    (Format::Component, "labels", "labels belong to the manifests"),
    (Format::Component, "annotations", "annotations belong to the manifests"),
    (Format::Component, "tag", "write the tag into `reference`, as `example.org/app:v1.0`"),
    (Format::Component, "repository", "write `reference`, as `example.org/app:v1.0`"),
    (Format::Component, "serviceName", "write `service`, a name, and `port`"),
    (Format::Component, "timeout", "write `timeout_seconds`"),
    (Format::Stack, "metadata", "there is no `metadata` here; write `name` at the top"),
    (Format::Stack, "spec", "there is no `spec` here; its keys stand at the top"),
    (Format::Stack, "values", "write `parameters`"),
    (Format::Stack, "requirements", "write `needs`"),
    (Format::Stack, "resources", "write `needs`"),
    (Format::Stack, "memory", "write `memory_mib`, a number of MiB"),
    (Format::Stack, "disk", "write `disk_mib`, a number of MiB"),
    (Format::Stack, "depends_on", "`depends_on` belongs into the component's own component.yaml"),
    (Format::Image, "metadata", "there is no `metadata` here; an image is named by its folder"),
    (Format::Image, "name", "an image is named by its folder"),
    (Format::Image, "spec", "there is no `spec` here; its keys stand at the top"),
    (Format::Image, "cmd", "write `command`"),
    (Format::Image, "entrypoint", "write it under `config`"),
    (Format::Image, "apt", "write `debian`"),
    (Format::Image, "pip", "write `pypi`"),
    (Format::Image, "content", "write `text`"),
    (Format::Image, "contents", "write `text`"),
    (Format::Image, "symlink", "write `link`"),
    (Format::Image, "dir", "write `directory: true`"),
];

/// Whole numbers below it are written the same by everybody.
const LARGEST_EXACT: f64 = 9e15;

/// All that is wrong with a document's shape.
pub(crate) fn check(format: Format, document: &Document) -> Vec<Fault> {
    faults(Some(format), format.compiled(), document)
}

/// The same for a format that is none of a stack's.
pub fn check_by(compiled: &(Value, Validator), document: &Document) -> Vec<Fault> {
    faults(None, compiled, document)
}

fn faults(format: Option<Format>, (schema, validator): &(Value, Validator), document: &Document) -> Vec<Fault> {
    let mut checker = Checker { format, schema, document, faults: Vec::new() };
    let errors: Vec<_> = validator.iter_errors(&document.value).collect();
    checker.all(&errors.iter().collect::<Vec<_>>());
    let told: Vec<&str> = errors.iter().map(|error| error.instance_path().as_str()).collect();
    checker.whole_numbers("", &document.value, &told);
    checker.faults
}

struct Checker<'a> {
    format: Option<Format>,
    schema: &'a Value,
    document: &'a Document,
    faults: Vec<Fault>,
}

impl Checker<'_> {
    fn all(&mut self, errors: &[&ValidationError<'_>]) {
        // A key that is only misspelled is not missing too.
        let mut meant = Vec::new();
        for error in errors {
            if let ValidationErrorKind::AdditionalProperties { unexpected } = error.kind() {
                let pointer = error.instance_path().as_str();
                for key in unexpected {
                    if let Some(guess) = self.unknown_key(pointer, key) {
                        meant.push((pointer.to_string(), guess));
                    }
                }
            }
        }
        for error in errors {
            self.one(error, &meant);
        }
    }

    fn one(&mut self, error: &ValidationError<'_>, meant: &[(String, String)]) {
        let pointer = error.instance_path().as_str();
        let name = path_name(pointer);
        let value = error.instance();
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { .. } => {}
            ValidationErrorKind::Required { property } => {
                let key = property.as_str().unwrap_or_default();
                if !meant.iter().any(|(at, guess)| at == pointer && guess == key) {
                    self.missing_key(pointer, key);
                }
            }
            ValidationErrorKind::Type { kind } => {
                let written = self.document.places.written(pointer);
                self.say(pointer, wrong_type(&name, kind, value, written));
            }
            ValidationErrorKind::Enum { options } => {
                let options: Vec<_> = options.as_array().into_iter().flatten().map(plain).collect();
                self.say(pointer, not_one_of(&name, &plain(value), &options));
            }
            ValidationErrorKind::Constant { expected_value } => {
                self.say(pointer, not_one_of(&name, &plain(value), &[plain(expected_value)]));
            }
            ValidationErrorKind::Minimum { limit } => {
                self.say(pointer, format!("{name} must be at least {limit}, not {value}"));
            }
            ValidationErrorKind::Maximum { limit } => {
                self.say(pointer, format!("{name} must be at most {limit}, not {value}"));
            }
            ValidationErrorKind::OneOfNotValid { context } | ValidationErrorKind::AnyOf { context } => {
                self.variants(pointer, value, context);
            }
            _ => self.say(pointer, format!("{name}: {error}")),
        }
    }

    /// For a schema 1.0 is a whole number, and so is one with a hundred digits; for what reads the file neither is.
    fn whole_numbers(&mut self, pointer: &str, value: &Value, told: &[&str]) {
        match value {
            Value::Object(map) => {
                map.iter().for_each(|(key, inner)| self.whole_numbers(&child(pointer, key), inner, told));
            }
            Value::Array(items) => {
                let items = items.iter().enumerate();
                items.for_each(|(at, inner)| self.whole_numbers(&child(pointer, at.to_string()), inner, told));
            }
            Value::Number(number) => {
                let whole = subschema(self.schema, pointer).is_some_and(is_whole);
                if let Some(float) = number.as_f64().filter(|_| number.is_f64() && whole && !told.contains(&pointer)) {
                    let (name, written) = (path_name(pointer), self.document.places.written(pointer));
                    let help = if float.abs() < LARGEST_EXACT { format!("; write {float:.0}") } else { String::new() };
                    let words = if help.is_empty() { "a whole number that is smaller" } else { "a whole number" };
                    self.say(pointer, format!("{name} must be {words}, not {}{help}", describe(value, written)));
                }
            }
            _ => {}
        }
    }

    fn say(&mut self, pointer: &str, message: String) {
        self.faults.push((self.document.places.line(pointer), message));
    }

    /// Reports a key that is not known, and tells which one was probably meant.
    fn unknown_key(&mut self, pointer: &str, key: &str) -> Option<String> {
        let known = self.known_keys(pointer);
        let guess = closest(key, known.iter().map(String::as_str)).map(str::to_string);
        let guided = GUIDANCE.iter().find(|(format, word, _)| Some(*format) == self.format && *word == key);
        let help = match (guided, &guess) {
            (Some((_, _, text)), _) => format!("; {text}"),
            (None, Some(guess)) => format!("; did you mean `{guess}`?"),
            (None, None) if known.is_empty() => String::new(),
            (None, None) => format!("; known here: {}", known.join(", ")),
        };
        self.say(&child(pointer, key), format!("unknown key `{key}`{help}"));
        guess
    }

    fn missing_key(&mut self, pointer: &str, key: &str) {
        let inside = if pointer.is_empty() { String::new() } else { format!(" in {}", path_name(pointer)) };
        let purpose = subschema(self.schema, &child(pointer, key))
            .and_then(|schema| schema.get("description"))
            .and_then(Value::as_str)
            .map(|text| {
                format!(" ({})", text.split_terminator(['.', ':', ';']).next().unwrap_or(text).replace('\n', " "))
            })
            .unwrap_or_default();
        self.say(pointer, format!("key `{key}` is missing{inside}{purpose}"));
    }

    /// A value that has to be one of several kinds, each told by its only key.
    fn variants(&mut self, pointer: &str, value: &Value, branches: &[Vec<ValidationError<'static>>]) {
        let lacking: Vec<Option<String>> = branches.iter().map(|branch| lacks(branch, pointer)).collect();
        let keys: Vec<&str> = lacking.iter().flatten().map(String::as_str).collect();
        let fitting =
            branches.iter().zip(&lacking).find(|(branch, lacks)| lacks.is_none() && !is_null_branch(branch, pointer));
        let written: Vec<&String> = value.as_object().into_iter().flat_map(|map| map.keys()).collect();
        let name = path_name(pointer);
        match (fitting, written.as_slice()) {
            (Some((branch, _)), [_]) => self.all(&branch.iter().collect::<Vec<_>>()),
            (_, []) => {
                let kinds = self.known_keys(pointer);
                self.say(
                    pointer,
                    format!("{name} must be a map with one key: {}", one_of(kinds.iter().map(String::as_str))),
                );
            }
            (_, [key]) => {
                self.unknown_key(pointer, key);
            }
            _ if keys.is_empty() => self.say(pointer, format!("{name} does not fit any form it may have")),
            _ => {
                let kinds = self.known_keys(pointer);
                let kinds = one_of(kinds.iter().map(String::as_str));
                self.say(pointer, format!("{name} must have exactly one key, not {}: {kinds}", written.len()));
            }
        }
    }

    fn known_keys(&self, pointer: &str) -> Vec<String> {
        let Some(schema) = subschema(self.schema, pointer) else { return Vec::new() };
        let mut keys = Vec::new();
        let branches = schema.get("oneOf").and_then(Value::as_array);
        for schema in branches.into_iter().flatten().chain([schema]) {
            let properties = schema.get("properties").and_then(Value::as_object);
            keys.extend(properties.into_iter().flat_map(|map| map.keys().cloned()));
        }
        keys
    }
}

/// The key at the value itself that a variant asks for and does not find.
fn lacks(branch: &[ValidationError<'_>], pointer: &str) -> Option<String> {
    branch.iter().find_map(|error| match error.kind() {
        ValidationErrorKind::Required { property } if error.instance_path().as_str() == pointer => {
            property.as_str().map(str::to_string)
        }
        _ => None,
    })
}

/// Whether a variant asks for something other than a map, as the `null` of an optional value.
fn is_null_branch(branch: &[ValidationError<'_>], pointer: &str) -> bool {
    branch.iter().any(|error| {
        matches!(error.kind(), ValidationErrorKind::Type { .. }) && error.instance_path().as_str() == pointer
    })
}

/// The schema that applies to the value at a pointer.
fn subschema<'a>(root: &'a Value, pointer: &str) -> Option<&'a Value> {
    let mut schema = root;
    for segment in pointer.split('/').skip(1) {
        let segment = segment.replace("~1", "/").replace("~0", "~");
        schema = step(resolve(root, schema), &segment)?;
    }
    Some(resolve(root, schema))
}

fn step<'a>(schema: &'a Value, segment: &str) -> Option<&'a Value> {
    if let Some(property) = schema.get("properties").and_then(|map| map.get(segment)) {
        return Some(property);
    }
    if let Some(items) = schema.get("items").filter(|_| segment.bytes().all(|byte| byte.is_ascii_digit())) {
        return Some(items);
    }
    if let Some(values) = schema.get("additionalProperties").filter(|values| values.is_object()) {
        return Some(values);
    }
    let variants = schema.get("oneOf").or_else(|| schema.get("anyOf"))?.as_array()?;
    variants.iter().find_map(|variant| step(variant, segment))
}

/// Whether a schema asks for a whole number.
fn is_whole(schema: &Value) -> bool {
    match schema.get("type") {
        Some(Value::Array(kinds)) => {
            kinds.iter().any(|kind| kind == "integer") && !kinds.iter().any(|kind| kind == "number")
        }
        Some(kind) => kind == "integer",
        None => schema.get("anyOf").and_then(Value::as_array).is_some_and(|any| any.iter().any(is_whole)),
    }
}

fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let target = schema.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix('#'));
    target.and_then(|pointer| root.pointer(pointer)).unwrap_or(schema)
}

/// `/routes/0/port` as "`routes[0].port`".
pub(crate) fn path_name(pointer: &str) -> String {
    let mut name = String::new();
    for segment in pointer.split('/').skip(1) {
        if segment.bytes().all(|byte| byte.is_ascii_digit()) && !segment.is_empty() {
            name.push_str(&format!("[{segment}]"));
        } else {
            let dot = if name.is_empty() { "" } else { "." };
            name.push_str(&format!("{dot}{}", segment.replace("~1", "/").replace("~0", "~")));
        }
    }
    if name.is_empty() { "the file".into() } else { format!("`{name}`") }
}

fn wrong_type(name: &str, kind: &TypeKind, value: &Value, written: Option<&str>) -> String {
    let wanted: Vec<String> = match kind {
        TypeKind::Single(kind) => vec![kind.to_string()],
        TypeKind::Multiple(kinds) => kinds.iter().map(|kind| kind.to_string()).collect(),
    };
    let wanted: Vec<&str> = wanted.iter().map(String::as_str).filter(|kind| *kind != "null").collect();
    let words: Vec<&str> = wanted.iter().map(|kind| type_words(kind)).collect();
    let quotes = match value {
        Value::Number(_) | Value::Bool(_) if wanted == ["string"] => in_quotes(value, written),
        Value::String(text) if wanted == ["integer"] && text.parse::<i64>().is_ok() => "; leave the quotes out".into(),
        _ => String::new(),
    };
    format!("{name} must be {}, not {}{quotes}", words.join(" or "), describe(value, written))
}

/// The advice to quote a number or word, as it was written.
pub(crate) fn in_quotes(value: &Value, written: Option<&str>) -> String {
    format!("; put it in quotes: \"{}\"", written.map_or_else(|| value.to_string(), str::to_string))
}

fn type_words(kind: &str) -> &'static str {
    match kind {
        "string" => "text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "`true` or `false`",
        "array" => "a list",
        "object" => "a map of keys and values",
        _ => "empty",
    }
}

/// What a value is, for "not ...".
pub(crate) fn describe(value: &Value, written: Option<&str>) -> String {
    match value {
        Value::Null => "empty".into(),
        Value::Bool(value) => format!("`{value}`"),
        Value::Number(value) => format!("the number {}", written.map_or_else(|| value.to_string(), str::to_string)),
        Value::String(text) if text.len() <= 40 && !text.contains('\n') => format!("the text `{text}`"),
        Value::String(_) => "text".into(),
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "a map".into(),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_string)
}

fn not_one_of(name: &str, written: &str, options: &[String]) -> String {
    let options = || options.iter().map(String::as_str);
    let guess =
        if options().count() > 1 { backstack_common::words::did_you_mean(written, options()) } else { String::new() };
    format!("{name} must be {}, not `{written}`{guess}", one_of(options()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml;

    fn faults(format: Format, text: &str) -> Vec<Fault> {
        let (documents, faults) = yaml::parse(text.as_bytes());
        assert_eq!(faults, []);
        let mut faults = check(format, &documents[0]);
        faults.sort();
        faults
    }

    const COMPONENT: &str =
        "apiVersion: backstack.dev/v1\nkind: Component\nname: a\nversion: '1'\ndescription: d\nnamespace: n\n";
    const IMAGE: &str = "apiVersion: backstack.dev/v1\nkind: ImageRecipe\nlayers:\n";

    #[test]
    fn a_good_component_has_no_faults() {
        assert_eq!(faults(Format::Component, COMPONENT), []);
    }

    #[test]
    fn component_faults_are_plain() {
        for (text, line, message) in [
            ("dependsOn: [b]", 7, "unknown key `dependsOn`; did you mean `depends_on`?"),
            ("spec: {}", 7, "unknown key `spec`; there is no `spec` here; its keys stand at the top"),
            ("depends_on: b", 7, "`depends_on` must be a list, not the text `b`"),
            ("depends_on:", 7, "`depends_on` must be a list, not empty"),
            (
                "depends_on:\n  - b\n  - 1.5",
                9,
                "`depends_on[1]` must be text, not the number 1.5; put it in quotes: \"1.5\"",
            ),
            (
                "routes:\n  - path: /a\n    service: s\n    port: 70000",
                10,
                "`routes[0].port` must be at most 65535, not 70000",
            ),
            (
                "routes:\n  - path: /a\n    service: s\n    port: '80'",
                10,
                "`routes[0].port` must be a whole number, not the text `80`; leave the quotes out",
            ),
            (
                "routes:\n  - path: /a\n    service: s\n    port: 80.0",
                10,
                "`routes[0].port` must be a whole number, not the number 80.0; write 80",
            ),
            ("routes:\n  - path: /a\n    service: s", 8, "key `port` is missing in `routes[0]` (Port of that service)"),
            ("routes:\n  - path: /a\n    service: s\n    prot: 80", 10, "unknown key `prot`; did you mean `port`?"),
            (
                "parameters:\n  x: {type: int, description: d}",
                8,
                "`parameters.x.type` must be `string`, `integer` or `boolean`, not `int`",
            ),
            ("secrets:\n  x:\n    radnom: {a: 1}", 9, "unknown key `radnom`; did you mean `random`?"),
            ("secrets:\n  x:\n    random: {a: b}", 9, "`secrets.x.random.a` must be a whole number, not the text `b`"),
            (
                "secrets:\n  x: {random: {a: 1}, authority: {}}",
                8,
                "`secrets.x` must have exactly one key, not 2: `random`, `certificate`, `authority` or `copy`",
            ),
            (
                "secrets:\n  x: random",
                8,
                "`secrets.x` must be a map with one key: `random`, `certificate`, `authority` or `copy`",
            ),
            (
                "images:\n  x: example.org/a:1",
                8,
                "`images.x` must be a map of keys and values, not the text `example.org/a:1`",
            ),
        ] {
            assert_eq!(
                faults(Format::Component, &format!("{COMPONENT}{text}\n")),
                [(line, message.to_string())],
                "{text}"
            );
        }
    }

    #[test]
    fn every_fault_is_found() {
        let text = "apiVersion: backstack.dev/v2\nkind: Stack\nnaem: a\nversion: 1.10\nnamespace: n\n";
        assert_eq!(
            faults(Format::Component, text),
            [
                (1, "`apiVersion` must be `backstack.dev/v1`, not `backstack.dev/v2`".to_string()),
                (1, "key `description` is missing (One sentence on what it does here)".to_string()),
                (2, "`kind` must be `Component`, not `Stack`".to_string()),
                (3, "unknown key `naem`; did you mean `name`?".to_string()),
                (4, "`version` must be text, not the number 1.10; put it in quotes: \"1.10\"".to_string()),
            ]
        );
        assert_eq!(
            faults(Format::Stack, "[]\n"),
            [(1, "the file must be a map of keys and values, not a list".to_string())]
        );
    }

    #[test]
    fn layers_are_judged_by_their_own_kind() {
        for (text, line, message) in [
            ("  - debain: {suite: trixie, packages: []}", 4, "unknown key `debain`; did you mean `debian`?"),
            ("  - debian:\n      suite: trixie", 4, "key `packages` is missing in `layers[0].debian` (Packages)"),
            ("  - go:\n      programms: {/a: .}", 5, "unknown key `programms`; did you mean `programs`?"),
            ("  - files:\n      - path: /a\n        symlink: b", 6, "unknown key `symlink`; write `link`"),
            (
                "  - files:\n      - path: /a\n        from: b\n        mode: 0755",
                7,
                "`layers[0].files[0].mode` must be text, not the number 0755; put it in quotes: \"0755\"",
            ),
        ] {
            assert_eq!(faults(Format::Image, &format!("{IMAGE}{text}\n")), [(line, message.to_string())], "{text}");
        }
    }
}
