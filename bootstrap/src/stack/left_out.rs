//! What a platform does without where images are built from packages.
//!
//! An image with `missing` cannot be built from packages. It is left out then, and with it every object that says
//! by an annotation that it needs the image. Nothing later has to know: [`Stack::leave_out_missing`] takes all of it
//! out of the stack, and says what and why.

use serde::Serialize;
use serde_json::Value;

use super::load::{Component, Stack};
use super::model::ReadyCondition;

/// Annotation of an object that is worth nothing without an image: the image's name under `images`, or several with
/// commas between them.
pub const NEEDS_IMAGE: &str = "backstack.dev/needs-image";

/// An image that is left out, and what goes with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    pub component: String,
    /// The image's reference.
    pub image: String,
    pub why: String,
    /// Objects that need it, as `Function function-kcl`.
    pub objects: Vec<String>,
}

impl LeftOut {
    /// `image X (why); with it Function a`.
    pub fn text(&self) -> String {
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

impl Stack {
    /// Takes out every image that no package can build, what needs it, and the waiting for that.
    pub fn leave_out_missing(&mut self) -> Vec<LeftOut> {
        self.components.iter_mut().flat_map(Component::leave_out_missing).collect()
    }
}

impl Component {
    fn leave_out_missing(&mut self) -> Vec<LeftOut> {
        let name = self.file.name.clone();
        let missing = self.file.images.iter().filter_map(|(short, image)| {
            let why = image.missing.clone()?;
            let needs_it = |object: &&Value| needed(object).any(|needed| needed == short);
            let objects = self.manifests.iter().map(|manifest| &manifest.object).filter(needs_it).map(described);
            let left_out =
                LeftOut { component: name.clone(), image: image.reference.clone(), why, objects: objects.collect() };
            Some((short.clone(), left_out))
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
    use crate::stack::validate::tests::one_stack;

    const IMAGES: &str = "images:\n  kcl: {reference: 'example.org/kcl:1', missing: its source is no module.}\n  app: {reference: 'example.org/app:1'}\nreadiness:\n  conditions:\n    - {apiVersion: e.org/v1, kind: Function, name: kcl, condition: Healthy}\n    - {apiVersion: e.org/v1, kind: Function, name: app, condition: Healthy}\n";
    const MANIFESTS: &str = "apiVersion: e.org/v1\nkind: Function\nmetadata: {name: kcl, annotations: {backstack.dev/needs-image: 'kcl'}}\nspec: {package: '${images.kcl}'}\n---\napiVersion: e.org/v1\nkind: Composition\nmetadata: {name: by-kcl, annotations: {backstack.dev/needs-image: 'app, kcl'}}\n---\napiVersion: e.org/v1\nkind: Function\nmetadata: {name: app}\nspec: {package: '${images.app}'}\n";

    #[test]
    fn what_needs_a_missing_image_goes_and_is_told() {
        let mut stack = one_stack(IMAGES, MANIFESTS);
        let left_out = stack.leave_out_missing();
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
        assert!(stack.leave_out_missing().is_empty());
    }
}
