//! Which Application takes which file: the folders of repositories that Argo CD reads, as its objects say.

use serde_json::Value;

use super::forge::{BRANCH, repository_of};
use super::glob;
use crate::live::object::{Ref, annotation, list, name, text};
use crate::live::snapshot::Snapshot;

/// Argo CD's mark on what it brings: `<application>:<group>/<kind>:<namespace>/<name>`.
const TRACKING: &str = "argocd.argoproj.io/tracking-id";

/// A folder of plain manifests in a repository of the platform's Git server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// As `backstack/platform`.
    pub repository: String,
    /// Branch, tag or commit that Argo CD follows; `main` where the Application names none.
    pub branch: String,
    /// Empty for the root.
    pub path: String,
    /// Whether files in folders below count too.
    pub recurse: bool,
    /// Glob of the only paths below it that count; empty for all.
    pub include: String,
    /// Glob of paths below it that do not count; empty for none.
    pub exclude: String,
}

/// Who would bring what a file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taker {
    /// As `Application platform`.
    pub name: String,
    /// AppProject that says what it may bring.
    pub project: String,
    /// Cluster that it deploys to: the address of its API, or its name in Argo CD.
    pub server: String,
    /// Where objects go that name no namespace.
    pub namespace: String,
    /// Address of the repository as the Application has it.
    pub address: String,
}

impl Folder {
    /// A source of an Application; nothing for one that is rendered, or that is somewhere else.
    fn of(source: &Value) -> Option<Self> {
        if ["helm", "chart", "kustomize", "plugin"].iter().any(|key| source.get(*key).is_some()) {
            return None;
        }
        let path = text(source, "/path").trim_matches('/');
        Some(Self {
            repository: repository_of(text(source, "/repoURL"))?,
            branch: branch(text(source, "/targetRevision")),
            path: if path == "." { String::new() } else { path.into() },
            recurse: source.pointer("/directory/recurse").and_then(Value::as_bool).unwrap_or(false),
            include: text(source, "/directory/include").into(),
            exclude: text(source, "/directory/exclude").into(),
        })
    }

    /// Whether a file of the repository is one of the folder's manifests.
    pub fn has(&self, file: &str) -> bool {
        let below = match self.path.as_str() {
            "" => Some(file),
            path => file.strip_prefix(path).and_then(|rest| rest.strip_prefix('/')),
        };
        let Some(below) = below.filter(|below| self.recurse || !below.contains('/')) else { return false };
        is_manifest(file)
            && (self.include.is_empty() || glob::path(&self.include, below))
            && (self.exclude.is_empty() || !glob::path(&self.exclude, below))
    }
}

/// Whether Argo CD would read this path as a manifest: it ends in `.yaml`, `.yml` or `.json`.
pub(crate) fn is_manifest(file: &str) -> bool {
    [".yaml", ".yml", ".json"].iter().any(|end| file.ends_with(end))
}

fn branch(revision: &str) -> String {
    if matches!(revision, "" | "HEAD") { BRANCH.into() } else { revision.into() }
}

fn sources(application: &Value) -> impl Iterator<Item = &Value> {
    application.pointer("/spec/source").into_iter().chain(list(application, "/spec/sources"))
}

/// The folders of an Application.
pub fn folders(application: &Value) -> Vec<Folder> {
    sources(application).filter_map(Folder::of).collect()
}

/// The Application that brings an object.
pub fn application_of<'a>(snapshot: &'a Snapshot, at: &Ref) -> Option<&'a Value> {
    let tracked = snapshot.get(at).and_then(|object| annotation(object, TRACKING)?.split(':').next());
    let mut all = snapshot.all("argoproj.io", "Application");
    match tracked {
        Some(tracked) => all.find(|application| name(application) == tracked.rsplit('_').next().unwrap_or(tracked)),
        None => all.find(|application| brings(application, at)),
    }
}

fn brings(application: &Value, at: &Ref) -> bool {
    list(application, "/status/resources").iter().any(|resource| {
        let part = |key: &str| text(resource, key);
        (part("/group"), part("/kind"), part("/namespace"), part("/name"))
            == (at.group.as_str(), at.kind.as_str(), at.namespace.as_str(), at.name.as_str())
    })
}

/// Who takes a file: an Application, or the set that will make one of it. Nothing if nobody does.
pub fn taker(snapshot: &Snapshot, repository: &str, file: &str) -> Option<Taker> {
    let own = |folder: &Folder| folder.repository == repository && folder.has(file);
    let application = snapshot.all("argoproj.io", "Application").find_map(|application| {
        let source = sources(application).find(|source| Folder::of(source).as_ref().is_some_and(own))?;
        Some(Taker {
            name: format!("Application {}", name(application)),
            project: text(application, "/spec/project").into(),
            server: destination(application.pointer("/spec")?),
            namespace: text(application, "/spec/destination/namespace").into(),
            address: text(source, "/repoURL").into(),
        })
    });
    application.or_else(|| snapshot.all("argoproj.io", "ApplicationSet").find_map(|set| of_set(set, repository, file)))
}

fn destination(spec: &Value) -> String {
    let (server, by_name) = (text(spec, "/destination/server"), text(spec, "/destination/name"));
    match (server, by_name) {
        ("", "in-cluster") => "https://kubernetes.default.svc".into(),
        ("", by_name) => by_name.into(),
        (server, _) => server.into(),
    }
}

/// A set that makes an Application of each file. Its template is filled in as far as it names parts of the path.
fn of_set(set: &Value, repository: &str, file: &str) -> Option<Taker> {
    let generators = list(set, "/spec/generators").iter();
    let takes = |git: &&Value| {
        let mut patterns = list(git, "/files").iter().map(|pattern| text(pattern, "/path"));
        repository_of(text(git, "/repoURL")).as_deref() == Some(repository)
            && (patterns.any(|pattern| glob::path(pattern, file)) || glob::path(text(git, "/files"), file))
    };
    // A generator of the platform's own says in its input what Argo CD's says in its fields.
    let own = "/plugin/input/parameters";
    let git = generators.filter_map(|generator| generator.get("git").or_else(|| generator.pointer(own))).find(takes)?;
    let spec = set.pointer("/spec/template/spec")?;
    Some(Taker {
        name: format!("ApplicationSet {}", name(set)),
        project: filled(text(spec, "/project"), file)?,
        server: destination(spec),
        namespace: filled(text(spec, "/destination/namespace"), file)?,
        address: text(git, "/repoURL").into(),
    })
}

/// `{{ index .path.segments 0 }}` and the like; nothing if a template says more than is understood here.
fn filled(template: &str, file: &str) -> Option<String> {
    let Some((before, rest)) = template.split_once("{{") else { return Some(template.into()) };
    let (expression, after) = rest.split_once("}}")?;
    let words: Vec<_> = expression.split_whitespace().collect();
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let value = match words[..] {
        ["index", ".path.segments", number] => folder.split('/').nth(number.parse().ok()?)?,
        [".path.basename"] => folder.rsplit('/').next()?,
        [".path.path"] => folder,
        [".path.filename"] => file.rsplit('/').next()?,
        _ => return None,
    };
    Some(format!("{before}{value}{}", filled(after, file)?))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use serde_json::json;

    pub(crate) const PLATFORM: &str = "http://gitea.gitea.svc/gitea/backstack/platform.git";
    pub(crate) const ORDERS: &str = "http://gitea.gitea.svc/gitea/backstack/demo-cluster.git";

    /// As a platform has them: one Application of a whole repository, a set that makes one of each file.
    pub(crate) fn argo_cd() -> Vec<Value> {
        vec![
            json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"namespace": "argocd", "name": "platform"},
                "spec": {"project": "platform", "destination": {"server": "https://kubernetes.default.svc", "namespace": "crossplane-system"},
                    "source": {"repoURL": PLATFORM, "path": ".", "targetRevision": "main", "directory": {"recurse": true, "exclude": "{examples/**,**/examples/**}"}}}}),
            json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "metadata": {"namespace": "argocd", "name": "orders"},
                "spec": {"generators": [{"git": {"repoURL": ORDERS, "files": [{"path": "*/*/*.yaml"}]}}],
                    "template": {"spec": {"project": "orders", "destination": {"server": "https://kubernetes.default.svc", "namespace": "{{ index .path.segments 0 }}"}}}}}),
            json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"namespace": "argocd", "name": "orders"},
                "spec": {"sourceRepos": [ORDERS], "destinations": [{"server": "https://kubernetes.default.svc", "namespace": "demo"}, {"server": "https://kubernetes.default.svc", "namespace": "cluster"}],
                    "clusterResourceWhitelist": [{"group": "p.dev", "kind": "*"}], "namespaceResourceWhitelist": [{"group": "p.dev", "kind": "*"}]}}),
            json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"namespace": "argocd", "name": "platform"},
                "spec": {"sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "*"}], "clusterResourceWhitelist": [{"group": "*", "kind": "*"}]}}),
        ]
    }

    #[test]
    fn every_file_has_the_application_that_takes_it() {
        let snapshot = Snapshot::of("lab", argo_cd());
        let taken = |repository: &str, file: &str| {
            taker(&snapshot, repository, file).map(|taker| (taker.name, taker.project, taker.namespace))
        };
        let wanted = |name: &str, project: &str, namespace: &str| Some((name.into(), project.into(), namespace.into()));
        assert_eq!(
            taken("backstack/platform", "policies/a.yaml"),
            wanted("Application platform", "platform", "crossplane-system")
        );
        assert_eq!(
            taken("backstack/demo-cluster", "demo/app/shop.yaml"),
            wanted("ApplicationSet orders", "orders", "demo")
        );
        for (repository, file) in [
            ("backstack/platform", "apis/app/examples/a.yaml"),
            ("backstack/platform", "README.md"),
            ("backstack/demo-cluster", "a.yaml"),
            ("backstack/other", "policies/a.yaml"),
        ] {
            assert_eq!(taken(repository, file), None, "{repository} {file}");
        }
    }

    #[test]
    fn a_generator_of_the_platforms_own_takes_files_too() {
        let mut objects = argo_cd();
        objects[1]["spec"]["generators"] = json!([{"plugin": {"configMapRef": {"name": "files"},
            "input": {"parameters": {"repoURL": ORDERS, "files": "*/*/*.yaml"}}}}]);
        let snapshot = Snapshot::of("lab", objects);
        let taken = |file: &str| taker(&snapshot, "backstack/demo-cluster", file).map(|taker| taker.namespace);
        assert_eq!((taken("lab/app/shop.yaml"), taken("shop.yaml")), (Some("lab".into()), None));
    }

    #[test]
    fn an_object_leads_to_its_application() {
        let tracked = json!({"apiVersion": "p.dev/v1", "kind": "App", "metadata": {"namespace": "demo", "name": "a", "annotations": {TRACKING: "platform:p.dev/App:demo/a"}}});
        let mut listing = argo_cd().remove(0);
        listing["metadata"]["name"] = "listing".into();
        listing["status"] =
            json!({"resources": [{"kind": "ConfigMap", "version": "v1", "namespace": "demo", "name": "c"}]});
        let snapshot = Snapshot::of("lab", [argo_cd(), vec![tracked, listing]].concat());
        let found = |at: Ref| application_of(&snapshot, &at).map(name);
        assert_eq!(found(Ref::new("p.dev", "App", "demo", "a")), Some("platform"));
        assert_eq!(found(Ref::new("", "ConfigMap", "demo", "c")), Some("listing"), "of a kind that is not kept");
        assert_eq!(found(Ref::new("p.dev", "App", "demo", "b")), None);
    }
}
