//! The documents of a package.

use std::collections::BTreeMap;

use semver::Version;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::ApiError;
use super::read::{Function, Parts, name, text};
use crate::images::Reference;
use crate::kubernetes::object::Owner;

/// What it is written for: definitions with a scope came with that version.
const CROSSPLANE: &str = ">=v2.0.0";
/// Labels and annotations of whoever applied an object here say nothing elsewhere.
const LOCAL: [&str; 4] = ["argocd.argoproj.io/", "kubectl.kubernetes.io/", "pkg.crossplane.io/", "meta.crossplane.io/"];

/// What a package is called.
#[derive(Debug, Clone)]
pub struct Naming {
    /// Another group than that of the API.
    pub group: Option<String>,
    /// As given, with or without a `v`.
    pub version: String,
}

/// A package that is not written yet.
#[derive(Debug, Clone)]
pub struct Package {
    /// Of the Configuration.
    pub name: String,
    /// The definition that it brings, as `apps.example.org`.
    pub definition: String,
    /// A tag, as `v0.1.0`.
    pub version: String,
    /// Names of those that it brings.
    pub compositions: Vec<String>,
    /// Packages that its compositions run.
    pub dependencies: Vec<Dependency>,
    /// Whether this platform knows the versions of all dependencies: one that it names by a digest has none.
    pub resolvable: bool,
    /// What is in it, the description first.
    pub documents: Vec<Value>,
}

/// A package that another one needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Dependency {
    /// Of the kind of package, as `pkg.crossplane.io/v1`.
    pub api_version: String,
    /// `Function`, so far.
    pub kind: String,
    /// Repository of its image, with the host and without a tag.
    pub package: String,
    /// A constraint, as `>=v0.9.0`, or a digest.
    pub version: String,
}

impl Package {
    /// Makes a package of an API.
    ///
    /// # Errors
    /// The API cannot work anywhere, or its new name is none.
    pub fn of(parts: &Parts, naming: &Naming) -> Result<Self, ApiError> {
        let version = tag(&naming.version)?;
        let old = text(&parts.definition, "/spec/group").to_string();
        let group = naming.group.clone().unwrap_or_else(|| old.clone());
        check_group(&group)?;
        if parts.compositions.is_empty() {
            return Err(ApiError::NoComposition { definition: name(&parts.definition) });
        }
        let (dependencies, resolvable) = dependencies(parts)?;
        // Compositions belong to the whole cluster too, so in another group they have other names.
        let called = |composition: &str| {
            if group == old { composition.to_string() } else { format!("{composition}.{group}") }
        };
        let definition = definition(&parts.definition, &group, called);
        let compositions: Vec<Value> = parts.compositions.iter().map(|one| composition(one, &group, called)).collect();
        let plural = text(&definition, "/spec/names/plural");
        let package = format!("{plural}-{}", group.replace('.', "-"));
        let about = json!({
            "apiVersion": "meta.pkg.crossplane.io/v1",
            "kind": "Configuration",
            "metadata": {"name": package, "annotations": {"meta.crossplane.io/description": description(&definition)}},
            "spec": {"crossplane": {"version": CROSSPLANE}, "dependsOn": dependencies},
        });
        Ok(Self {
            definition: name(&definition),
            compositions: compositions.iter().map(name).collect(),
            documents: [about, definition].into_iter().chain(compositions).collect(),
            name: package,
            version,
            dependencies,
            resolvable,
        })
    }

    /// A package without compositions.
    #[cfg(test)]
    pub(super) fn sample(documents: Vec<Value>, resolvable: bool) -> Self {
        Self {
            name: "apps-example-org".into(),
            definition: "apps.example.org".into(),
            version: "v0.1.0".into(),
            compositions: Vec::new(),
            dependencies: Vec::new(),
            resolvable,
            documents,
        }
    }

    /// Where it lies in the platform's registry.
    pub fn repository(&self) -> String {
        format!("configurations/{}", self.definition)
    }

    /// All documents as one stream.
    pub fn stream(&self) -> String {
        let documents = self.documents.iter().map(|one| serde_yaml::to_string(one).expect("JSON is YAML"));
        documents.collect::<Vec<_>>().join("---\n")
    }
}

/// A version as tags have it: Crossplane compares them, and takes no other.
fn tag(version: &str) -> Result<String, ApiError> {
    let plain = version.strip_prefix('v').unwrap_or(version);
    let wrong = || ApiError::Version { version: version.into() };
    // A tag has no place for a build.
    let parsed = Version::parse(plain).ok().filter(|parsed| parsed.build.is_empty()).ok_or_else(wrong)?;
    Ok(format!("v{parsed}"))
}

fn check_group(group: &str) -> Result<(), ApiError> {
    let label = |label: &str| {
        let inner = label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        !label.is_empty() && inner && !label.starts_with('-') && !label.ends_with('-')
    };
    let why = if !group.contains('.') {
        "it has no dot"
    } else if !group.split('.').all(label) {
        "it has lower-case letters, digits and dashes between its dots"
    } else if group.len() > 100 {
        "it has more than 100 characters"
    } else {
        return Ok(());
    };
    Err(ApiError::Group { group: group.into(), why: why.into() })
}

fn definition(definition: &Value, group: &str, called: impl Fn(&str) -> String) -> Value {
    let mut object = clean(definition);
    object["metadata"]["name"] = format!("{}.{group}", text(definition, "/spec/names/plural")).into();
    object["spec"]["group"] = group.into();
    for reference in ["/spec/defaultCompositionRef/name", "/spec/enforcedCompositionRef/name"] {
        if let Some(name) = object.pointer_mut(reference)
            && let Some(old) = name.as_str()
        {
            *name = called(old).into();
        }
    }
    object
}

fn composition(composition: &Value, group: &str, called: impl Fn(&str) -> String) -> Value {
    let mut object = clean(composition);
    let kind = text(composition, "/spec/compositeTypeRef/apiVersion");
    let version = kind.split('/').nth(1).unwrap_or_default();
    object["spec"]["compositeTypeRef"]["apiVersion"] = format!("{group}/{version}").into();
    object["metadata"]["name"] = called(&name(composition)).into();
    object
}

/// An object as its author wrote it, without what belongs to this cluster.
fn clean(object: &Value) -> Value {
    let owner = Owner { platform: String::new(), component: String::new() }.labels();
    let is_local = |key: &String| owner.contains_key(key) || LOCAL.iter().any(|prefix| key.starts_with(prefix));
    let mut metadata = Map::new();
    metadata.insert("name".into(), object["metadata"]["name"].clone());
    for map in ["labels", "annotations"] {
        let Some(entries) = object["metadata"][map].as_object() else { continue };
        let kept: Map<String, Value> =
            entries.iter().filter(|(key, _)| !is_local(key)).map(|(key, value)| (key.clone(), value.clone())).collect();
        if !kept.is_empty() {
            metadata.insert(map.into(), kept.into());
        }
    }
    json!({"apiVersion": object["apiVersion"], "kind": object["kind"], "metadata": metadata, "spec": object["spec"]})
}

/// What people are told of it.
fn description(definition: &Value) -> String {
    let ours = text(definition, "/metadata/annotations/backstack.dev~1description");
    let of_schema = text(definition, "/spec/versions/0/schema/openAPIV3Schema/description");
    let kind = || format!("The API {}.", text(definition, "/spec/names/kind"));
    [ours, of_schema].into_iter().find(|text| !text.is_empty()).map_or_else(kind, Into::into)
}

/// The functions that its compositions run, each once, and whether the platform knows versions of all.
fn dependencies(parts: &Parts) -> Result<(Vec<Dependency>, bool), ApiError> {
    let mut found = BTreeMap::new();
    for composition in &parts.compositions {
        let steps = composition.pointer("/spec/pipeline").and_then(Value::as_array);
        for function in steps.into_iter().flatten().map(|step| text(step, "/functionRef/name")) {
            let known = parts.functions.iter().find(|one| one.name == function);
            let known = known
                .ok_or_else(|| ApiError::NoFunction { composition: name(composition), function: function.into() })?;
            found.insert(function.to_string(), known);
        }
    }
    let (dependencies, versioned): (Vec<_>, Vec<_>) = found.into_values().map(dependency).unzip();
    Ok((dependencies, versioned.into_iter().all(|versioned| versioned)))
}

fn dependency(function: &Function) -> (Dependency, bool) {
    let reference = function.package.parse::<Reference>();
    let (package, tag, pinned) = match &reference {
        Ok(reference) => (
            format!("{}/{}", reference.host(), reference.repository()),
            reference.tag().filter(|tag| Version::parse(tag.trim_start_matches('v')).is_ok()),
            reference.digest().is_some(),
        ),
        Err(_) => (function.package.clone(), None, false),
    };
    let dependency = Dependency {
        api_version: "pkg.crossplane.io/v1".into(),
        kind: "Function".into(),
        version: format!(">={}", tag.unwrap_or("v0.0.0")),
        package,
    };
    (dependency, tag.is_some() && !pinned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(package: &str) -> Parts {
        let composition = |name: &str| {
            json!({
                "apiVersion": "apiextensions.crossplane.io/v1", "kind": "Composition",
                "metadata": {"name": name, "uid": "1", "labels": {"team.example/flavour": name}},
                "spec": {"compositeTypeRef": {"apiVersion": "team.example/v1alpha1", "kind": "App"},
                    "pipeline": [{"step": "compose", "functionRef": {"name": "python"}, "input": {"kind": "Composite"}}]},
            })
        };
        Parts {
            definition: json!({
                "apiVersion": "apiextensions.crossplane.io/v2", "kind": "CompositeResourceDefinition",
                "metadata": {"name": "apps.team.example", "resourceVersion": "7", "managedFields": [],
                    "labels": {"offered": "yes", "backstack.dev/component": "x"},
                    "annotations": {"backstack.dev/description": "An app.", "argocd.argoproj.io/tracking-id": "platform"}},
                "spec": {"group": "team.example", "names": {"plural": "apps", "kind": "App"},
                    "defaultCompositionRef": {"name": "app-standard"}},
                "status": {"conditions": []},
            }),
            compositions: vec![composition("app-large"), composition("app-standard")],
            functions: vec![
                Function { name: "other".into(), package: "xpkg.example/other:v1.0.0".into() },
                Function { name: "python".into(), package: package.into() },
            ],
        }
    }

    fn naming(group: Option<&str>, version: &str) -> Naming {
        Naming { group: group.map(Into::into), version: version.into() }
    }

    fn made(group: Option<&str>) -> Package {
        Package::of(&parts("xpkg.example/python:v0.6.3"), &naming(group, "0.1.0")).expect("a package")
    }

    #[test]
    fn a_package_has_its_description_the_definition_and_all_compositions() {
        let package = made(None);
        let kinds: Vec<_> = package.documents.iter().map(|one| text(one, "/kind")).collect();
        assert_eq!(kinds, ["Configuration", "CompositeResourceDefinition", "Composition", "Composition"]);
        assert_eq!((package.name.as_str(), package.version.as_str()), ("apps-team-example", "v0.1.0"));
        assert_eq!(package.repository(), "configurations/apps.team.example");
        let about = &package.documents[0];
        assert_eq!(text(about, "/apiVersion"), "meta.pkg.crossplane.io/v1");
        assert_eq!(text(about, "/metadata/annotations/meta.crossplane.io~1description"), "An app.");
        let needs = json!([{"apiVersion": "pkg.crossplane.io/v1", "kind": "Function", "package": "xpkg.example/python",
            "version": ">=v0.6.3"}]);
        assert_eq!(about["spec"]["dependsOn"], needs);
        let read: Vec<Value> = serde_yaml::Deserializer::from_str(&package.stream())
            .map(|one| serde::Deserialize::deserialize(one).expect("a document"))
            .collect();
        assert_eq!(read, package.documents);
    }

    #[test]
    fn what_belongs_to_this_cluster_stays_here() {
        let package = made(None);
        let definition = &package.documents[1];
        assert_eq!(
            definition["metadata"],
            json!({"name": "apps.team.example", "labels": {"offered": "yes"},
            "annotations": {"backstack.dev/description": "An app."}})
        );
        assert!(definition.get("status").is_none());
        assert_eq!(package.documents[2]["metadata"]["uid"], Value::Null);
    }

    #[test]
    fn in_another_group_everything_refers_to_each_other_as_before() {
        let package = made(Some("shop.example"));
        let definition = &package.documents[1];
        assert_eq!(package.definition, "apps.shop.example");
        assert_eq!(text(definition, "/metadata/name"), "apps.shop.example");
        assert_eq!(text(definition, "/spec/group"), "shop.example");
        assert_eq!(text(definition, "/spec/defaultCompositionRef/name"), "app-standard.shop.example");
        assert_eq!(package.compositions, ["app-large.shop.example", "app-standard.shop.example"]);
        assert_eq!(text(&package.documents[3], "/spec/compositeTypeRef/apiVersion"), "shop.example/v1alpha1");
        assert_eq!(text(&package.documents[3], "/metadata/labels/team.example~1flavour"), "app-standard");
    }

    #[test]
    fn a_function_that_is_pinned_by_a_digest_has_no_version_here() {
        let digest = format!("sha256:{}", "0".repeat(64));
        for (package, version, resolvable) in [
            ("xpkg.example/python:v0.6.3".to_string(), ">=v0.6.3", true),
            (format!("xpkg.example/python:v0.6.3@{digest}"), ">=v0.6.3", false),
            (format!("xpkg.example/python@{digest}"), ">=v0.0.0", false),
            ("xpkg.example/python:latest".into(), ">=v0.0.0", false),
        ] {
            let made = Package::of(&parts(&package), &naming(None, "v0.1.0")).expect("a package");
            let [one] = made.dependencies.as_slice() else { panic!("{:?}", made.dependencies) };
            assert_eq!((one.package.as_str(), one.version.as_str()), ("xpkg.example/python", version));
            assert_eq!(made.resolvable, resolvable, "{package}");
        }
    }

    #[test]
    fn what_cannot_work_is_not_packed() {
        let of = |parts: &Parts, group, version| Package::of(parts, &naming(group, version)).map(drop);
        let whole = parts("xpkg.example/python:v0.6.3");
        let lonely = Parts { compositions: Vec::new(), ..whole.clone() };
        assert!(matches!(of(&lonely, None, "0.1.0"), Err(ApiError::NoComposition { .. })));
        let poor = Parts { functions: Vec::new(), ..whole.clone() };
        assert!(matches!(of(&poor, None, "0.1.0"), Err(ApiError::NoFunction { function, .. }) if function == "python"));
        for version in ["1", "latest", "v1.2", "1.2.3+build"] {
            assert!(matches!(of(&whole, None, version), Err(ApiError::Version { .. })), "{version}");
        }
        for group in ["shop", "Shop.example", "a..b", "-a.example", ""] {
            assert!(matches!(of(&whole, Some(group), "0.1.0"), Err(ApiError::Group { .. })), "{group}");
        }
    }
}
