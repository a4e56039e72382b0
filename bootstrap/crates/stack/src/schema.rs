//! The formats as JSON schemas, made from the types in [`super::model`] and [`super::recipe`].

use std::sync::OnceLock;

use jsonschema::Validator;
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::Value;

use super::model::{ClusterFile, ComponentFile, StackFile};
use super::recipe::ImageRecipe;

/// A kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `stack.yaml`.
    Stack,
    /// `component.yaml`.
    Component,
    /// `image.yaml`.
    Image,
    /// `cluster.yaml`.
    Cluster,
}

impl Format {
    /// The formats that people write themselves.
    pub const PUBLIC: [Self; 3] = [Self::Stack, Self::Component, Self::Image];

    /// The word on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stack => "stack",
            Self::Component => "component",
            Self::Image => "image",
            Self::Cluster => "cluster",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Stack => "stack.yaml of backstack",
            Self::Component => "component.yaml of backstack",
            Self::Image => "image.yaml of backstack",
            Self::Cluster => "cluster.yaml of backstack",
        }
    }

    /// The schema and its validator, made once.
    pub fn compiled(self) -> &'static (Value, Validator) {
        static STACK: OnceLock<(Value, Validator)> = OnceLock::new();
        static COMPONENT: OnceLock<(Value, Validator)> = OnceLock::new();
        static IMAGE: OnceLock<(Value, Validator)> = OnceLock::new();
        static CLUSTER: OnceLock<(Value, Validator)> = OnceLock::new();
        match self {
            Self::Stack => STACK.get_or_init(|| compile::<StackFile>(self.title())),
            Self::Component => COMPONENT.get_or_init(|| compile::<ComponentFile>(self.title())),
            Self::Image => IMAGE.get_or_init(|| compile::<ImageRecipe>(self.title())),
            Self::Cluster => CLUSTER.get_or_init(|| compile::<ClusterFile>(self.title())),
        }
    }
}

/// The schema of a type, and its validator.
pub fn compile<T: JsonSchema>(title: &str) -> (Value, Validator) {
    let generator: SchemaGenerator = SchemaSettings::draft2020_12().into();
    let mut schema = generator.into_root_schema_for::<T>().to_value();
    if let Some(map) = schema.as_object_mut() {
        map.insert("title".into(), title.into());
    }
    let validator = jsonschema::validator_for(&schema).expect("schemas made from types are valid");
    (schema, validator)
}

/// The JSON schema of a format, for editors: `backstack stack schema component`.
pub fn schema(format: Format) -> String {
    let (schema, _) = format.compiled();
    let mut text = serde_json::to_string_pretty(schema).expect("a JSON value can be written");
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_every_format_is_explained() {
        for format in [Format::Stack, Format::Component, Format::Image, Format::Cluster] {
            let schema: Value = serde_json::from_str(&schema(format)).expect("JSON");
            assert_eq!(schema["title"], format.title());
            assert!(schema["description"].as_str().is_some_and(|text| text.len() > 20), "{format:?}");
            for (key, property) in schema["properties"].as_object().expect("an object") {
                assert!(property["description"].is_string(), "{format:?}: {key}");
            }
            for (name, definition) in schema["$defs"].as_object().into_iter().flatten() {
                for (key, property) in definition["properties"].as_object().into_iter().flatten() {
                    assert!(
                        property["description"].is_string() || definition["title"].is_string() || name == "ImageConfig",
                        "{format:?}: {name}.{key}"
                    );
                }
            }
        }
    }
}
