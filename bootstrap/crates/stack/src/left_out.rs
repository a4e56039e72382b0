//! What a platform does without where an image cannot be had.
//!
//! An image that no registry gives and no package can build is left out, and with it every object that says by an
//! annotation that it needs the image. Nothing later has to know: [`Stack::leave_out`] takes all of it out of the
//! stack, and says what and why.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::model::ReadyCondition;
use super::types::{Component, Stack};

/// Annotation of an object that is worth nothing without an image: the image's name under `images`, or several with
/// commas between them.
pub const NEEDS_IMAGE: &str = "backstack.dev/needs-image";

/// An image that is left out, and what goes with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Name of the component that the image is of.
    pub component: String,
    /// The image's reference; empty for a component that only depends on one that is left out.
    pub image: String,
    /// Why it is left out, without a subject.
    pub why: String,
    /// Objects that need it, as `Function function-kcl`, or the whole component.
    pub objects: Vec<String>,
}

impl LeftOut {
    /// `image X (why); with it Function a`.
    pub fn text(&self) -> String {
        if self.image.is_empty() {
            return format!("{}: {}", self.objects.join(", "), self.why);
        }
        let with_it =
            if self.objects.is_empty() { String::new() } else { format!("; with it {}", self.objects.join(", ")) };
        format!("image {} ({}){with_it}", self.image, self.why.trim_end_matches('.'))
    }
}

/// The text of an object's annotation; nothing if it has none.
pub fn annotation(object: &Value) -> Option<&Value> {
    object.get("metadata")?.get("annotations")?.get(NEEDS_IMAGE)
}

/// Names of the images that an object needs.
pub fn needed(object: &Value) -> impl Iterator<Item = &str> {
    let text = annotation(object).and_then(Value::as_str).unwrap_or_default();
    text.split(',').map(str::trim).filter(|name| !name.is_empty())
}

/// An image that cannot be had, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unavailable {
    /// Name of the component that the image is of.
    pub component: String,
    /// The image's reference.
    pub image: String,
    /// Why it cannot be had, without a subject.
    pub why: String,
}

impl Stack {
    /// Takes out images that cannot be had, what needs them, and the waiting for that.
    pub fn leave_out(&mut self, images: &[Unavailable]) -> Vec<LeftOut> {
        self.components.iter_mut().flat_map(|component| Arc::make_mut(component).leave_out(images)).collect()
    }

    /// Takes out components, and those that depend on them. What is installed of them stays as it is.
    pub fn leave_out_components(&mut self, images: &[Unavailable]) -> Vec<LeftOut> {
        let mut left_out: Vec<LeftOut> = Vec::new();
        for component in &self.components {
            let name = component.name();
            let own = images.iter().filter(|one| one.component == name);
            let gone = |needed: &&String| left_out.iter().any(|one| one.component == **needed);
            let needed = component.file.depends_on.iter().find(gone);
            let without = |image: &str, why: String| LeftOut {
                component: name.into(),
                image: image.into(),
                why,
                objects: vec![format!("component {name}")],
            };
            let mut without: Vec<_> = own.map(|one| without(&one.image, one.why.clone())).collect();
            if let (Some(needed), true) = (needed, without.is_empty()) {
                let (why, objects) = (format!("it depends on component {needed}"), vec![format!("component {name}")]);
                without.push(LeftOut { component: name.into(), image: String::new(), why, objects });
            }
            left_out.extend(without);
        }
        let gone = |name: &str| left_out.iter().any(|one| one.component == name);
        self.kept.extend(self.components.iter().map(|one| one.name().to_string()).filter(|name| gone(name)));
        self.components.retain(|component| !gone(component.name()));
        left_out
    }

    /// Whether the rest of a component is worth something without an image: every object that uses it says so.
    pub fn can_do_without(&self, component: &str, image: &str) -> bool {
        self.component(component).is_some_and(|component| component.can_do_without(image))
    }
}

impl Component {
    fn short_names<'a>(&'a self, image: &'a str) -> impl Iterator<Item = &'a String> {
        self.file.images.iter().filter(move |(_, one)| one.reference == image).map(|(short, _)| short)
    }

    fn can_do_without(&self, image: &str) -> bool {
        self.short_names(image).all(|short| {
            // The whole reference, or a part of it (`.repository`, `.digest`).
            let forms = [format!("${{images.{short}}}"), format!("${{images.{short}.")];
            let uses = |object: &Value| forms.iter().any(|form| mentions(object, form));
            let mut users = self.manifests.iter().filter(|manifest| uses(&manifest.object));
            users.all(|manifest| needed(&manifest.object).any(|needed| needed == short))
        })
    }

    fn leave_out(&mut self, images: &[Unavailable]) -> Vec<LeftOut> {
        let name = self.file.name.clone();
        let missing = images.iter().filter(|one| one.component == name).flat_map(|one| {
            let left_out = |short: &String| {
                let needs_it = |object: &&Value| needed(object).any(|needed| needed == short);
                let objects = self.manifests.iter().map(|manifest| &manifest.object).filter(needs_it).map(described);
                let (image, why, objects) = (one.image.clone(), one.why.clone(), objects.collect());
                (short.clone(), LeftOut { component: name.clone(), image, why, objects })
            };
            self.short_names(&one.image).map(left_out).collect::<Vec<_>>()
        });
        let (shorts, left_out): (Vec<String>, Vec<LeftOut>) = missing.unzip();
        let needs_missing = |object: &Value| needed(object).any(|needed| shorts.iter().any(|short| short == needed));
        let gone: Vec<Value> =
            self.manifests.extract_if(.., |manifest| needs_missing(&manifest.object)).map(|gone| gone.object).collect();
        self.file.images.retain(|short, _| !shorts.contains(short));
        let namespace = self.file.namespace.clone();
        self.file.readiness.conditions.retain(|wanted| !gone.iter().any(|object| is_about(wanted, object, &namespace)));
        left_out
    }
}

/// Whether a text occurs in a value anywhere.
fn mentions(value: &Value, text: &str) -> bool {
    match value {
        Value::String(found) => found.contains(text),
        Value::Array(items) => items.iter().any(|item| mentions(item, text)),
        Value::Object(map) => map.values().any(|item| mentions(item, text)),
        _ => false,
    }
}

fn described(object: &Value) -> String {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    format!("{} {}", text("/kind"), text("/metadata/name"))
}

/// Whether a condition is about this very object. Of cluster-wide objects neither side has a namespace.
fn is_about(wanted: &ReadyCondition, object: &Value, own: &str) -> bool {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let namespace = |given: Option<&str>| given.filter(|given| *given != "${namespace}").unwrap_or(own).to_string();
    text("/apiVersion") == Some(&wanted.api_version)
        && text("/kind") == Some(&wanted.kind)
        && text("/metadata/name") == Some(&wanted.name)
        && namespace(text("/metadata/namespace")) == namespace(wanted.namespace.as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::tests::one_stack;

    const IMAGES: &str = "images:\n  kcl: {reference: 'example.org/kcl:1', missing: its source is no module.}\n  app: {reference: 'example.org/app:1'}\nreadiness:\n  conditions:\n    - {apiVersion: e.org/v1, kind: Function, name: kcl, condition: Healthy}\n    - {apiVersion: e.org/v1, kind: Function, name: app, condition: Healthy}\n";
    const MANIFESTS: &str = "apiVersion: e.org/v1\nkind: Function\nmetadata: {name: kcl, annotations: {backstack.dev/needs-image: 'kcl'}}\nspec: {package: '${images.kcl}'}\n---\napiVersion: e.org/v1\nkind: Composition\nmetadata: {name: by-kcl, annotations: {backstack.dev/needs-image: 'app, kcl'}}\n---\napiVersion: e.org/v1\nkind: Function\nmetadata: {name: app}\nspec: {package: '${images.app}'}\n";

    fn unavailable(image: &str) -> Unavailable {
        Unavailable { component: "shop".into(), image: image.into(), why: "its source is no module.".into() }
    }

    #[test]
    fn what_needs_a_missing_image_goes_and_is_told() {
        let mut stack = one_stack(IMAGES, MANIFESTS);
        let left_out = stack.leave_out(&[unavailable("example.org/kcl:1")]);
        let texts: Vec<_> = left_out.iter().map(LeftOut::text).collect();
        assert_eq!(
            texts,
            ["image example.org/kcl:1 (its source is no module); with it Function kcl, Composition by-kcl"]
        );
        let shop = &stack.components[0];
        assert_eq!(shop.file.images.keys().collect::<Vec<_>>(), ["app"]);
        let left: Vec<_> = shop.manifests.iter().map(|manifest| described(&manifest.object)).collect();
        assert_eq!(left, ["Function app"]);
        let awaited: Vec<_> = shop.file.readiness.conditions.iter().map(|wanted| wanted.name.as_str()).collect();
        assert_eq!(awaited, ["app"]);
        assert!(stack.leave_out(&[unavailable("example.org/kcl:1")]).is_empty());
    }

    #[test]
    fn only_where_every_user_says_so_a_component_does_without() {
        let stack = one_stack(IMAGES, MANIFESTS);
        assert!(stack.can_do_without("shop", "example.org/kcl:1"));
        assert!(!stack.can_do_without("shop", "example.org/app:1"));
    }

    #[test]
    fn a_component_that_is_left_out_stays_as_it_is_installed() {
        let mut stack = one_stack(IMAGES, MANIFESTS);
        let left_out = stack.leave_out_components(&[unavailable("example.org/app:1")]);
        assert_eq!(left_out[0].objects, ["component shop"]);
        assert_eq!((stack.components.len(), stack.kept), (0, vec!["shop".to_string()]));
    }
}
