//! From a name to everything that makes it run: the application in Git, the composite resource, what it composed,
//! down to the pods.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use serde_json::Value;

use crate::live::object::{Ref, annotation, group_of, list, name, namespace, text};
use crate::live::references::hosts::Host;
use crate::live::snapshot::Snapshot;

/// Annotation by which Argo CD knows what it made: `application:group/kind:namespace/name`.
const TRACKING: &str = "argocd.argoproj.io/tracking-id";
/// Nobody wants to read further than this, and cycles end here.
const MOST: usize = 20_000;

/// How an object hangs together with what was asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It is what was asked about, or part of that, or what that came from.
    Own,
    /// It refers to that, or that refers to it.
    Beside,
    /// The programs of that need it, as far as can be seen.
    Needed,
}

impl Role {
    /// The role of what stands beside an object of this role.
    pub(super) fn beside(self) -> Self {
        match self {
            Self::Own => Self::Beside,
            other => other,
        }
    }
}

/// One object of the walk.
#[derive(Debug, Clone)]
pub struct Step<'a> {
    /// The object's group, kind, namespace and name.
    pub at: Ref,
    /// The object; nothing if it is referred to but not there, or of a kind that is not kept.
    pub object: Option<&'a Value>,
    /// How far it is from the top: 0 for what the walk began at.
    pub depth: usize,
    /// Index of the step that led here.
    pub parent: Option<usize>,
    /// How it hangs together with what was asked about.
    pub role: Role,
}

/// All that belongs to one thing, from the top down.
#[derive(Debug, Clone, Default)]
pub struct Walk<'a> {
    /// Everything that was reached, each object once, parents before children.
    pub steps: Vec<Step<'a>>,
    /// Hosts that the programs of each workload are told to use.
    pub hosts: BTreeMap<Ref, Vec<Host>>,
    /// Which workload's programs need which Service, and what runs behind that.
    pub needs: Vec<Need>,
}

/// One thing that a workload's programs are told to use.
#[derive(Debug, Clone, PartialEq)]
pub struct Need {
    pub from: Ref,
    pub service: Ref,
    /// The things that people would name behind it: the app, not its pod.
    pub to: Vec<Ref>,
}

impl<'a> Walk<'a> {
    /// Walks down from these objects.
    pub fn from(snapshot: &'a Snapshot, roots: &[&'a Value]) -> Self {
        Self::within(snapshot, &Children::of(snapshot), roots, |_| true)
    }

    /// Walks down from these objects, as far as what is met belongs to the question.
    pub(super) fn within(
        snapshot: &'a Snapshot,
        children: &Children<'a>,
        roots: &[&'a Value],
        belongs: impl Fn(&Ref) -> bool,
    ) -> Self {
        let mut walk = Self::default();
        let mut seen = HashSet::new();
        let mut queue: VecDeque<(Ref, usize, Option<usize>)> = VecDeque::new();
        queue.extend(roots.iter().map(|root| (Ref::of(root), 0, None)));
        while let Some((at, depth, parent)) = queue.pop_front() {
            if walk.steps.len() >= MOST || !(parent.is_none() || belongs(&at)) || !seen.insert(at.clone()) {
                continue;
            }
            let object = snapshot.get(&at);
            let index = walk.steps.len();
            walk.steps.push(Step { at, object, depth, parent, role: Role::Own });
            let Some(object) = object else { continue };
            for child in referred(object).into_iter().chain(owned(object, children)) {
                queue.push_back((child, depth + 1, Some(index)));
            }
        }
        walk
    }

    /// The objects that are there.
    pub fn objects(&self) -> impl Iterator<Item = &'a Value> + '_ {
        self.steps.iter().filter_map(|step| step.object)
    }

    /// What is referred to and could not be looked at, because its kind is not kept.
    pub fn unknown(&self, snapshot: &Snapshot) -> Vec<Ref> {
        // Secrets are never read, so whether one is there stays unknown.
        let unknown = |step: &&Step| {
            step.object.is_none() && step.at.kind != "Secret" && !snapshot.has_kind(&step.at.group, &step.at.kind)
        };
        self.steps.iter().filter(unknown).map(|step| step.at.clone()).collect()
    }

    /// `App demo/a → Deployment demo/a → Pod demo/a-1`.
    pub fn path(&self, at: &Ref) -> String {
        let mut index = self.steps.iter().position(|step| step.at == *at);
        let mut names = Vec::new();
        while let Some(step) = index.map(|index| &self.steps[index]) {
            names.push(step.at.to_string());
            index = step.parent;
        }
        names.reverse();
        names.join(" → ")
    }

    /// How far an object is from the top; 0 also for one that the walk does not have.
    pub(crate) fn depth(&self, at: &Ref) -> usize {
        self.steps.iter().find(|step| step.at == *at).map_or(0, |step| step.depth)
    }
}

/// All objects by the identity of what owns them: found once for all walks over one snapshot.
pub(super) struct Children<'a>(HashMap<&'a str, Vec<&'a Value>>);

impl<'a> Children<'a> {
    pub(super) fn of(snapshot: &'a Snapshot) -> Self {
        let mut children: HashMap<&str, Vec<&Value>> = HashMap::new();
        for object in snapshot.everything() {
            for owner in list(object, "/metadata/ownerReferences") {
                children.entry(text(owner, "/uid")).or_default().push(object);
            }
        }
        Self(children)
    }
}

fn owned(object: &Value, children: &Children<'_>) -> Vec<Ref> {
    let uid = text(object, "/metadata/uid");
    let children = children.0.get(uid).filter(|_| !uid.is_empty());
    // Old ReplicaSets say nothing about now.
    children
        .into_iter()
        .flatten()
        .map(|child| Ref::of(child))
        .filter(|child| !child.kind.ends_with("Report") && child.kind != "Event")
        .collect()
}

/// What an object names as its own: composed resources, resources of an application.
pub fn referred(object: &Value) -> Vec<Ref> {
    let composed = [list(object, "/spec/crossplane/resourceRefs"), list(object, "/spec/resourceRefs")].concat();
    let own = namespace(object);
    let mut refs: Vec<_> = composed
        .iter()
        .map(|reference| {
            let place = text(reference, "/namespace");
            let place = if place.is_empty() { own } else { place };
            Ref::new(
                group_of(text(reference, "/apiVersion")),
                text(reference, "/kind"),
                place,
                text(reference, "/name"),
            )
        })
        // A reference without a name is one that was not made yet.
        .filter(|reference| !reference.name.is_empty())
        .collect();
    if text(object, "/kind") == "Application" {
        refs.extend(list(object, "/status/resources").iter().map(|resource| {
            let part = |key: &str| text(resource, key);
            Ref::new(part("/group"), part("/kind"), part("/namespace"), part("/name"))
        }));
    }
    refs
}

/// The Applications that an object came from.
pub fn applications_of<'a>(snapshot: &'a Snapshot, object: &Value) -> Vec<&'a Value> {
    let at = Ref::of(object);
    let tracked = annotation(object, TRACKING).and_then(|id| id.split(':').next()).unwrap_or_default();
    let found = applications(snapshot).filter(|application| {
        let lists_it = || referred(application).contains(&at);
        (!tracked.is_empty() && name(application) == tracked.rsplit('_').next().unwrap_or(tracked)) || lists_it()
    });
    found.collect()
}

/// All Applications of Argo CD, whatever they bring.
pub fn applications(snapshot: &Snapshot) -> impl Iterator<Item = &Value> + use<'_> {
    snapshot.all("argoproj.io", "Application")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::owners::top;
    use serde_json::json;

    fn snapshot() -> Snapshot {
        Snapshot::of(
            "lab",
            [
                json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"namespace": "argocd", "name": "demo-app-web"},
                    "status": {"resources": [{"group": "p.dev", "kind": "App", "namespace": "demo", "name": "web"}]}}),
                json!({"apiVersion": "p.dev/v1", "kind": "App", "metadata": {"namespace": "demo", "name": "web", "uid": "1"},
                    "spec": {"crossplane": {"resourceRefs": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
                        {"apiVersion": "x.dev/v1", "kind": "Bucket", "name": "files"}]}}}),
                json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": "demo", "name": "web", "uid": "2",
                    "ownerReferences": [{"apiVersion": "p.dev/v1", "kind": "App", "name": "web", "uid": "1"}]}}),
            ],
        )
    }

    #[test]
    fn the_walk_goes_from_git_down_and_names_what_it_could_not_see() {
        let snapshot = snapshot();
        let deployment = snapshot.get(&Ref::new("apps", "Deployment", "demo", "web")).expect("there");
        let top = top(&snapshot, deployment);
        assert_eq!(text(top, "/kind"), "App");
        let roots = applications_of(&snapshot, top);
        let walk = Walk::from(&snapshot, &roots);
        let path = walk.path(&Ref::new("apps", "Deployment", "demo", "web"));
        assert_eq!(path, "Application argocd/demo-app-web → App demo/web → Deployment demo/web");
        assert_eq!(walk.unknown(&snapshot), [Ref::new("x.dev", "Bucket", "demo", "files")]);
    }
}
