//! A component's objects for one platform: references filled in, an Ingress per route.
//!
//! Substitution happens in parsed values, so a value can break nothing. Which kinds are
//! namespaced only the API server knows: objects that name no namespace are left without one
//! here, and [`backstack_kubernetes`] puts `component.file.namespace` into those that need it.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::model::Route;
use super::reference::{ImageField, Piece, PlatformField, Reference, pieces};
use super::rollout;
use super::types::Component;
use backstack_images::Digest;
use backstack_images::Reference as ImageName;

/// What manifests can know about the platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlatformFacts {
    /// Name of the platform, and of its cluster.
    pub name: String,
    /// Where people reach it, as `https://localhost:8443`; no slash at the end.
    pub url: String,
    /// The host in `url`.
    pub host: String,
    /// The port in `url`.
    pub port: u16,
    /// Namespace of the platform's own records.
    pub namespace: String,
    /// Certificate of the platform's CA: PEM, then base64, as `caBundle` fields want it.
    pub ca_bundle: String,
    /// The local registry as nodes and pods reach it, as `172.31.250.5:5000`.
    pub registry: String,
    /// What images are called on this platform, by the reference that the stack has: with the digest that the
    /// local registry holds, so that a changed image is another one for the cluster too. Others keep their reference.
    pub images: BTreeMap<String, String>,
    /// IngressClass of the stack's routes ([`super::Stack::ingress_class`]).
    pub ingress_class: Option<String>,
}

/// All objects of a component: its ConfigMaps from folders, its manifests in their order, then an Ingress for each
/// route.
pub fn render(component: &Component, facts: &PlatformFacts) -> Vec<Value> {
    let context = Context { component, facts };
    let manifests = component.manifests.iter().map(|manifest| &manifest.object);
    // Where every image comes from upstream itself, an object that leads to the platform's registry leads nowhere.
    let manifests = manifests.filter(|object| !facts.registry.is_empty() || !names_the_registry(object));
    let manifests = manifests.map(|object| context.object(object));
    let routes = component.file.routes.iter().map(|route| ingress(component, facts, route));
    let mut objects: Vec<Value> = config_maps(component).chain(manifests).chain(routes).collect();
    rollout::stamp(&mut objects, &component.file.namespace);
    objects
}

/// Files are what somebody wrote for somewhere else: nothing is filled in.
fn config_maps(component: &Component) -> impl Iterator<Item = Value> {
    component.config_maps.iter().map(|(name, contents)| {
        let (mut data, mut binary) = (Map::new(), Map::new());
        for (key, content) in contents {
            match std::str::from_utf8(content) {
                Ok(text) => data.insert(key.clone(), text.into()),
                Err(_) => binary.insert(key.clone(), STANDARD.encode(content).into()),
            };
        }
        let mut object = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": component.file.namespace},
            "data": data,
        });
        if !binary.is_empty() {
            object["binaryData"] = binary.into();
        }
        object
    })
}

fn names_the_registry(value: &Value) -> bool {
    match value {
        Value::String(text) => pieces(text).iter().any(|piece| match piece {
            Piece::Reference(name, _) => Reference::parse(name) == Ok(Reference::Platform(PlatformField::Registry)),
            _ => false,
        }),
        Value::Array(items) => items.iter().any(names_the_registry),
        Value::Object(map) => map.values().any(names_the_registry),
        _ => false,
    }
}

struct Context<'a> {
    component: &'a Component,
    facts: &'a PlatformFacts,
}

impl Context<'_> {
    fn object(&self, object: &Value) -> Value {
        let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default();
        self.value(object, &mut Vec::new(), kind)
    }

    fn value<'v>(&self, value: &'v Value, path: &mut Vec<&'v str>, kind: &str) -> Value {
        match value {
            Value::String(text) => match self.text(text) {
                filled @ (Value::Number(_) | Value::Bool(_)) if is_text_place(path, kind) => plain(&filled).into(),
                filled => filled,
            },
            Value::Array(items) => {
                path.push("[]");
                let items = items.iter().map(|item| self.value(item, path, kind)).collect();
                path.pop();
                items
            }
            Value::Object(map) => {
                let mut filled = Map::new();
                for (key, item) in map {
                    path.push(key);
                    filled.insert(key.clone(), self.value(item, path, kind));
                    path.pop();
                }
                Value::Object(filled)
            }
            other => other.clone(),
        }
    }

    /// A text that is nothing but a reference takes the type of what it refers to.
    fn text(&self, text: &str) -> Value {
        let pieces = pieces(text);
        if let [Piece::Reference(name, _)] = pieces.as_slice() {
            return self.resolve(name);
        }
        let mut filled = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Reference(name, _) => filled.push_str(&plain(&self.resolve(name))),
                Piece::Unclosed(_) => filled.push_str("${"),
            }
        }
        filled.into()
    }

    fn resolve(&self, name: &str) -> Value {
        let file = &self.component.file;
        let known = match Reference::parse(name) {
            Ok(Reference::Image(image, field)) => {
                file.images.get(image).and_then(|image| self.image(&image.reference, field)).map(Value::from)
            }
            Ok(Reference::Parameter(parameter)) => self.component.parameters.get(parameter).cloned(),
            Ok(Reference::Namespace) => Some(file.namespace.clone().into()),
            Ok(Reference::Platform(field)) => Some(self.platform(field)),
            Err(_) => None,
        };
        // Loading has refused what is not known; text of other origin stays as it is.
        known.unwrap_or_else(|| format!("${{{name}}}").into())
    }

    /// An image, or a part of what it is called; nothing for a digest that is not known.
    fn image(&self, reference: &str, field: ImageField) -> Option<String> {
        let here = self.facts.images.get(reference).map_or(reference, String::as_str);
        match field {
            ImageField::Reference => Some(here.into()),
            ImageField::Repository => reference.parse::<ImageName>().ok().map(|name| name.mirror_repository()),
            ImageField::Digest => here.split_once('@').map(|(_, digest)| digest.into()),
        }
    }

    fn platform(&self, field: PlatformField) -> Value {
        let facts = self.facts;
        match field {
            PlatformField::Name => facts.name.clone().into(),
            PlatformField::Url => facts.url.clone().into(),
            PlatformField::Host => facts.host.clone().into(),
            PlatformField::Port => facts.port.into(),
            PlatformField::Namespace => facts.namespace.clone().into(),
            PlatformField::CaBundle => facts.ca_bundle.clone().into(),
            PlatformField::Registry => facts.registry.clone().into(),
        }
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_string)
}

/// Where Kubernetes takes text alone, so that a number filled in has to become text: there is no
/// way to quote a value after it is parsed.
fn is_text_place(path: &[&str], kind: &str) -> bool {
    match path {
        [.., "env", "[]", "value"] | [.., "args" | "command", "[]"] => true,
        [.., "labels" | "annotations" | "matchLabels" | "nodeSelector", _] => true,
        ["data", _] => kind == "ConfigMap",
        ["stringData", _] => kind == "Secret",
        _ => false,
    }
}

/// No host in the rule: `localhost`, `127.0.0.1` and any other name of the machine all work.
fn ingress(component: &Component, facts: &PlatformFacts, route: &Route) -> Value {
    let mut spec = json!({
        "rules": [{"http": {"paths": [{
            "path": route.path,
            "pathType": "Prefix",
            "backend": {"service": {"name": route.service, "port": {"number": route.port}}},
        }]}}],
    });
    if let Some(class) = &facts.ingress_class {
        spec["ingressClassName"] = class.clone().into();
    }
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": ingress_name(component.name(), &route.path),
            "namespace": component.file.namespace,
        },
        "spec": spec,
    })
}

/// `shop` and `/a` make `shop-a`. What a name cannot show of a path is told apart by a digest.
fn ingress_name(component: &str, path: &str) -> String {
    let trimmed = path.trim_matches('/');
    if trimmed.is_empty() {
        return format!("{component}-root");
    }
    let is_plain = trimmed != "root" && backstack_common::words::is_label(trimmed);
    if is_plain {
        return format!("{component}-{trimmed}");
    }
    let dashed: String =
        trimmed.to_ascii_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let short: String = dashed.trim_matches('-').chars().take(40).collect();
    let digest = Digest::of(trimmed.as_bytes());
    format!("{component}-{}-{}", short.trim_matches('-'), &digest.hex()[..6]).replace("--", "-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::tests::one_component;

    fn facts() -> PlatformFacts {
        PlatformFacts {
            name: "dev".into(),
            url: "https://localhost:8443".into(),
            host: "localhost".into(),
            port: 8443,
            namespace: "backstack-system".into(),
            ca_bundle: "Q0E=".into(),
            registry: "172.31.250.5:5000".into(),
            images: BTreeMap::new(),
            ingress_class: Some("web".into()),
        }
    }

    fn rendered(component_yaml: &str, manifest: &str) -> Vec<Value> {
        render(&one_component(component_yaml, manifest), &facts())
    }

    const HEAD: &str = "parameters:\n  size: {type: integer, description: d, default: 3}\n  on: {type: boolean, description: d, default: true}\n  word: {type: string, description: d, default: 'a\"b: c'}\nimages:\n  app: {reference: 'example.org/app:1'}\n";

    #[test]
    fn references_are_filled_in_by_type() {
        let manifest = "apiVersion: example.org/v1\nkind: Thing\nmetadata: {name: x, labels: {size: '${parameters.size}'}}\nspec:\n  size: ${parameters.size}\n  on: ${parameters.on}\n  word: ${parameters.word}\n  mixed: ${platform.url}/x?size=${parameters.size}\n  port: ${platform.port}\n  all: ['${namespace}', '${platform.name}', '${platform.host}', '${platform.namespace}', '${platform.ca_bundle}']\n  image: ${images.app}\n  literal: $${HOME} $x $(y)\n";
        let objects = rendered(HEAD, manifest);
        assert_eq!(objects[0]["metadata"]["labels"]["size"], json!("3"));
        assert_eq!(objects[0]["metadata"].get("namespace"), None);
        assert_eq!(
            objects[0]["spec"],
            json!({
                "size": 3, "on": true, "word": "a\"b: c", "mixed": "https://localhost:8443/x?size=3", "port": 8443,
                "all": ["n", "dev", "localhost", "backstack-system", "Q0E="],
                "image": "example.org/app:1", "literal": "${HOME} $x $(y)",
            })
        );
    }

    #[test]
    fn an_image_can_be_named_as_the_local_registry_has_it() {
        let manifest = "apiVersion: example.org/v1\nkind: Package\nmetadata: {name: x}\nspec: {package: '${platform.registry}/${images.app.repository}@${images.app.digest}'}\n";
        let component = one_component(HEAD, manifest);
        let images = [("example.org/app:1".to_string(), "example.org/app:1@sha256:00".to_string())].into();
        let objects = render(&component, &PlatformFacts { images, ..facts() });
        assert_eq!(objects[0]["spec"]["package"], json!("172.31.250.5:5000/example.org/app@sha256:00"));
    }

    #[test]
    fn files_become_config_maps_word_for_word() {
        let mut component = one_component("", "");
        let text = "${namespace}: $${x}\n".to_string();
        component.config_maps.insert("seed".into(), [("a__b".to_string(), text.clone().into_bytes())].into());
        let objects = render(&component, &facts());
        assert_eq!(
            objects,
            [
                json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "seed", "namespace": "n"}, "data": {"a__b": text}})
            ]
        );
    }

    #[test]
    fn a_picture_becomes_binary_data() {
        let mut component = one_component("", "");
        let contents = [("a.jpg".to_string(), vec![0xff, 0xd8]), ("b.svg".to_string(), b"<svg/>".to_vec())];
        component.config_maps.insert("pictures".into(), contents.into());
        let object = &render(&component, &facts())[0];
        assert_eq!((&object["data"], &object["binaryData"]), (&json!({"b.svg": "<svg/>"}), &json!({"a.jpg": "/9g="})));
    }

    #[test]
    fn numbers_become_text_where_only_text_may_stand() {
        let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: x, annotations: {a: '${platform.port}'}}\nspec:\n  containers:\n    - name: c\n      image: ${images.app}\n      args: ['${parameters.size}']\n      env: [{name: A, value: '${parameters.on}'}]\n      ports: [{containerPort: '${parameters.size}'}]\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: y}\ndata: {port: '${platform.port}'}\n";
        let objects = rendered(HEAD, pod);
        let container = &objects[0]["spec"]["containers"][0];
        assert_eq!(objects[0]["metadata"]["annotations"]["a"], json!("8443"));
        assert_eq!(container["args"], json!(["3"]));
        assert_eq!(container["env"][0]["value"], json!("true"));
        assert_eq!(container["ports"][0]["containerPort"], json!(3));
        assert_eq!(objects[1]["data"]["port"], json!("8443"));
    }

    #[test]
    fn without_a_registry_nothing_leads_to_it() {
        let manifest = "apiVersion: example.org/v1\nkind: Rewrite\nmetadata: {name: x}\nspec: {to: ['${platform.registry}/a']}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: y}\n";
        let component = one_component(HEAD, manifest);
        let kinds = |facts: &PlatformFacts| {
            render(&component, facts).iter().map(|object| object["kind"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(kinds(&facts()), ["Rewrite", "ConfigMap"]);
        assert_eq!(kinds(&PlatformFacts { registry: String::new(), ..facts() }), ["ConfigMap"]);
    }

    #[test]
    fn every_route_has_an_ingress() {
        let routes =
            "ingress_class: web\nroutes:\n  - {path: /, service: s, port: 80}\n  - {path: /a, service: t, port: 81}\n";
        let objects = rendered(routes, "");
        assert_eq!(objects.len(), 2);
        assert_eq!(
            objects[1],
            json!({
                "apiVersion": "networking.k8s.io/v1",
                "kind": "Ingress",
                "metadata": {"name": "shop-a", "namespace": "n"},
                "spec": {
                    "ingressClassName": "web",
                    "rules": [{"http": {"paths": [{
                        "path": "/a",
                        "pathType": "Prefix",
                        "backend": {"service": {"name": "t", "port": {"number": 81}}},
                    }]}}],
                },
            })
        );
    }

    #[test]
    fn names_of_ingresses_are_valid_and_apart() {
        let names =
            ["/", "/root", "/a", "/a/b", "/a-b", "/A", "/a.b", "/~", "/-x-"].map(|path| ingress_name("shop", path));
        let distinct: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(distinct.len(), names.len(), "{names:?}");
        for name in &names {
            assert!(backstack_common::words::is_label(name), "{name}");
        }
        assert_eq!(names[..3], ["shop-root".to_string(), names[1].clone(), "shop-a".into()]);
    }
}
