//! What the files under `stacks/` say, as types.
//!
//! A *stack* is a list of components. A *component* is a folder: `component.yaml`, manifests, and
//! the recipes of its images. A *recipe* tells how an image is made from packages alone.
//! These types are the format: the published JSON schema is generated from them, and every doc
//! comment here is the text a person reads in their editor.
//!
//! All of them are plain data. Reading is in [`super::load`], judging in [`super::validate`].

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The only version of the format so far.
pub const API_VERSION: &str = "backstack.dev/v1";

/// `stack.yaml`: a named list of components.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StackFile {
    /// Version of the format: `backstack.dev/v1`.
    #[serde(rename = "apiVersion")]
    pub api_version: ApiVersion,
    /// Always `Stack`.
    pub kind: StackKind,
    /// Name of the stack: lower-case letters, digits and dashes.
    pub name: String,
    /// Version of the stack itself.
    pub version: String,
    /// One sentence on what it is for.
    #[serde(default)]
    pub description: String,
    /// What a machine needs to run it.
    #[serde(default)]
    pub needs: Needs,
    /// The components, in any order: what waits for what is said by `depends_on`.
    pub components: Vec<ComponentRef>,
}

/// What a machine needs to run a stack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Needs {
    /// Processors that the engine must offer.
    pub cpus: u32,
    /// Memory that the engine must offer, in MiB.
    pub memory_mib: u64,
    /// Free disk that the engine must have, in MiB.
    pub disk_mib: u64,
}

impl Default for Needs {
    fn default() -> Self {
        Self { cpus: 1, memory_mib: 1024, disk_mib: 4096 }
    }
}

/// One component of a stack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ComponentRef {
    /// Name of the component: its folder under `components/`.
    pub name: String,
    /// Take the component from this built-in stack instead of from `components/` here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Values for the component's parameters, in place of their defaults.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, serde_json::Value>,
}

/// `component.yaml`: one thing that is installed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ComponentFile {
    /// Version of the format: `backstack.dev/v1`.
    #[serde(rename = "apiVersion")]
    pub api_version: ApiVersion,
    /// Always `Component`.
    pub kind: ComponentKind,
    /// Name of the component; the same as its folder's.
    pub name: String,
    /// Name for people, as its makers write it. Default: `name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Upstream's version, without a leading `v`.
    pub version: String,
    /// One sentence on what it does here.
    pub description: String,
    /// Namespace that its namespaced objects go to; it is created first.
    pub namespace: String,
    /// Components that must be ready before this one is applied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<String>,
    /// Values that a stack may set; used as `${parameters.NAME}` in manifests.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Parameter>,
    /// Its images by a short name; used as `${images.NAME}` in manifests.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub images: BTreeMap<String, ImageRef>,
    /// Files of custom resource definitions taken from upstream's own release.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub crds: Vec<CrdSource>,
    /// Secrets that are generated once per platform and kept over re-runs, or copied from another component's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, GeneratedSecret>,
    /// ConfigMaps in the component's namespace that are made from folders, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub config_maps: BTreeMap<String, ConfigMapSource>,
    /// Where it answers behind the platform's ingress.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<Route>,
    /// Set on the one component that serves the routes: its IngressClass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ingress_class: Option<String>,
    /// When it counts as ready.
    #[serde(default)]
    pub readiness: Readiness,
    /// User names and passwords that people need, and where they are kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credentials: Vec<Credential>,
    /// Programs in its images that people use, for `backstack exec` and `backstack tools`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Tool>,
}

/// A value that a stack may set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// Type that a value must have.
    #[serde(rename = "type")]
    pub kind: ParameterType,
    /// What it changes.
    pub description: String,
    /// Value when the stack sets none; without it the stack has to set one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<serde_json::Value>,
    /// Value in place of the default on a cluster that somebody else made (`up --context`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<serde_json::Value>,
    /// The only values allowed, if given.
    #[serde(default, rename = "enum", skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<serde_json::Value>,
}

/// Types of parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(
    missing_docs,
    reason = "in the schema each would become a case of its own, and messages no longer list them all"
)]
pub enum ParameterType {
    String,
    Integer,
    Boolean,
}

/// An image of a component.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImageRef {
    /// Upstream's reference with registry host and tag, as `quay.io/argoproj/argocd:v3.6.1`.
    pub reference: String,
    /// Digest that upstream's image must have (`sha256:...`), where the stack pins it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Folder of the recipe under `images/`; without it the image can only come from its registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipe: Option<String>,
    /// Why no package can build it. Where no registry gives it, it is left out then, and with it every object whose
    /// manifest has the annotation `backstack.dev/needs-image: NAME`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
    /// The image is the stack's own: its recipe makes it, and no registry is asked for it by name alone, because
    /// whoever owns that name there could put anything under it. With a `digest` it may be fetched.
    #[serde(default, skip_serializing_if = "is_false")]
    pub own: bool,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// Custom resource definitions from upstream, by content.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CrdSource {
    /// Go module and version that carries the files, as `example.org/module/v3@v3.1.0`.
    pub module: String,
    /// Address of the same release's files, ending before the path.
    pub url: String,
    /// Path of each file, with the digest (`sha256:...`) that it must have from either place.
    pub files: BTreeMap<String, String>,
}

/// A Secret that `up` fills.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum GeneratedSecret {
    /// Random passwords: key of the Secret -> length in characters.
    Random(BTreeMap<String, u32>),
    /// A server certificate (`tls.crt`, `tls.key`, `ca.crt`) signed by the platform's CA, for these DNS
    /// names and addresses; the platform's own names are always among them.
    Certificate(Vec<String>),
    /// The platform's CA itself (`tls.crt`, `tls.key`, `ca.crt`), for a component that issues certificates.
    /// Takes no settings: `authority: {}`.
    Authority {},
    /// A copy of a Secret that another component has, for pods read Secrets of their own namespace only. It is
    /// waited for; when it changes, the next `up` changes the copy.
    Copy(SecretSource),
}

/// A Secret of another component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretSource {
    /// Namespace that it is in: that of a component that this one depends on.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// What a ConfigMap is made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfigMapSource {
    /// Folder below the component's own. Each file in it, however deep, becomes a key: its path with `__` in place
    /// of `/`. What is in it is taken as it is: nothing is filled in.
    pub folder: String,
    /// For a folder that is too large for one ConfigMap: its files are spread over so many, `NAME-1` to `NAME-N`. All
    /// of them are always there, if without a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2, max = 9))]
    pub parts: Option<usize>,
}

impl ConfigMapSource {
    /// The names of the ConfigMaps that are made of the folder, given its name in the component.
    pub fn names(&self, name: &str) -> Vec<String> {
        match self.parts {
            None => vec![name.to_string()],
            Some(parts) => (1..=parts).map(|part| format!("{name}-{part}")).collect(),
        }
    }
}

/// A path behind the platform's ingress.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Path prefix, as `/argocd` or `/`. Passed to the service as it is.
    pub path: String,
    /// Service in the component's namespace.
    pub service: String,
    /// Port of that service.
    pub port: u16,
    /// Name for people, as `Argo CD`. Default: the component's title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// When a component counts as ready. Its workloads, APIs and definitions are always awaited.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Readiness {
    /// Seconds until `up` gives up on it.
    pub timeout_seconds: u64,
    /// Further objects that must be there, and in a certain state.
    pub conditions: Vec<ReadyCondition>,
}

impl Default for Readiness {
    fn default() -> Self {
        Self { timeout_seconds: 300, conditions: Vec::new() }
    }
}

/// An object that must have a condition of status `True`, a field of a certain value, or just be there: exactly one
/// of `condition`, `field` with `value`, and `exists: true`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadyCondition {
    /// `apiVersion` of the object.
    #[serde(rename = "apiVersion")]
    pub api_version: String,
    /// Kind of the object.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its namespace; the component's if left out, none for cluster-wide objects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Type of the condition, as `Ready`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Path of a field, with dots, as `status.health.status`; a number is a place in a list, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Value that the field must have: text, a number, `true` or `false`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<serde_json::Value>,
    /// `true`: it is enough that the object is there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exists: bool,
}

/// A user name and password that people need.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// What it opens, as `Argo CD`.
    pub title: String,
    /// User name.
    pub username: String,
    /// Secret in the component's namespace.
    pub secret: String,
    /// Key of the password in that Secret.
    pub key: String,
    /// Path of the route it is for, as `/argocd`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// A program that people use with a component.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// Name of the program, as people type it.
    pub name: String,
    /// Short name of the image that has it.
    pub image: String,
    /// Its path in that image. Of the node's image a bare name will do: it is looked for where the node has its programs.
    pub path: String,
    /// Variables that `backstack exec` runs it with.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub environment: BTreeMap<String, String>,
}

macro_rules! constant {
    ($name:ident, $value:literal) => {
        #[doc = concat!("The fixed word `", $value, "`.")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
        pub enum $name {
            #[expect(missing_docs, reason = "in the schema it would become one case of several, and messages say less")]
            #[default]
            #[serde(rename = $value)]
            Value,
        }
    };
}

constant!(ApiVersion, "backstack.dev/v1");
constant!(StackKind, "Stack");
constant!(ComponentKind, "Component");
constant!(ImageRecipeKind, "ImageRecipe");
constant!(ClusterKind, "Cluster");

/// `cluster.yaml`: the images that a cluster itself is made of, the same for every stack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClusterFile {
    /// Version of the format: `backstack.dev/v1`.
    #[serde(rename = "apiVersion")]
    pub api_version: ApiVersion,
    /// Always `Cluster`.
    pub kind: ClusterKind,
    /// Version of Kubernetes that the node image carries, without a leading `v`.
    pub kubernetes: String,
    /// The node image.
    pub node: ImageRef,
    /// The image of the local registry.
    pub registry: ImageRef,
    /// The image in which recipes are built where the machine lacks their tools.
    pub builder: ImageRef,
    /// Programs of the node's image that people use.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Tool>,
}

impl ClusterFile {
    /// All its images, by their keys.
    pub fn images(&self) -> [(&'static str, &ImageRef); 3] {
        [("node", &self.node), ("registry", &self.registry), ("builder", &self.builder)]
    }
}
