//! What a question is about: one thing, the workloads of a component, a namespace, the whole platform.

use std::collections::BTreeSet;

use serde_json::Value;

use super::around;
use super::rules::admission::is_of;
use super::walk::{Children, Role, Step, Walk, applications_of};
use crate::live::object::{Ref, name, namespace, text};
use crate::live::owners::{above, top};
use crate::live::snapshot::Snapshot;
use crate::live::target::{self, Unclear};

/// Ways to ask for everything.
const EVERYTHING: [&str; 3] = ["", "platform", "*"];
/// Kinds whose objects nobody asks about when they ask about a whole: records, and parts of others.
const RECORDS: [&str; 9] = [
    "Event",
    "EndpointSlice",
    "ControllerRevision",
    "CompositionRevision",
    "Lease",
    "PolicyReport",
    "ClusterPolicyReport",
    "Report",
    "ClusterReport",
];

/// What a question is about.
pub(super) enum Scope<'a> {
    Things(Vec<&'a Value>),
    /// A namespace with all that is in it.
    Namespace(&'a Value),
    Platform,
}

impl<'a> Scope<'a> {
    /// # Errors
    /// [`Unclear`] if the name leads nowhere, or to several things.
    pub(super) fn of(snapshot: &'a Snapshot, typed: &str) -> Result<Self, Unclear> {
        if EVERYTHING.contains(&typed.trim()) {
            return Ok(Self::Platform);
        }
        let found = target::resolve(snapshot, typed)?;
        Ok(match found.as_slice() {
            [one] if text(one, "/kind") == "Namespace" => Self::Namespace(one),
            _ => Self::Things(found),
        })
    }

    /// Whether it is about many things at once.
    pub(super) fn is_whole(&self) -> bool {
        !matches!(self, Self::Things(_))
    }

    /// Whether it is about this object, and not about many at once.
    pub(super) fn is_about(&self, object: &Value) -> bool {
        matches!(self, Self::Things(found) if found.iter().any(|one| Ref::of(one) == Ref::of(object)))
    }

    /// The things that it is about; none where it is about many at once.
    pub(super) fn things(&self) -> &[&'a Value] {
        match self {
            Self::Things(found) => found,
            _ => &[],
        }
    }

    /// As it is written to ask again.
    pub(super) fn subject(&self, typed: &str) -> String {
        match self {
            Self::Things(found) if found.len() > 1 => typed.into(),
            Self::Things(found) => found.first().map_or_else(|| typed.into(), |object| target::typed_form(object)),
            Self::Namespace(object) => target::typed_form(object),
            Self::Platform => "platform".into(),
        }
    }

    /// All that belongs to it, and what stands beside that.
    pub(super) fn walk(&self, snapshot: &'a Snapshot) -> Walk<'a> {
        let children = Children::of(snapshot);
        let mut walk = match self {
            Self::Things(found) => walk_with(snapshot, &children, found),
            Self::Namespace(object) => {
                let place = name(object);
                let applications = applications_into(snapshot, place);
                let own = snapshot.everything().filter(|one| namespace(one) == place);
                let hooks = ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"];
                let hooks = hooks.into_iter().flat_map(|kind| snapshot.all("admissionregistration.k8s.io", kind));
                let own = own.chain(hooks.filter(|one| is_of(one, object)));
                let belongs = |at: &Ref| at.namespace == place;
                whole(snapshot, &children, std::iter::once(*object).chain(applications).chain(own), belongs)
            }
            Self::Platform => whole(snapshot, &children, snapshot.everything(), |_| true),
        };
        around::reach(&mut walk, snapshot, &children);
        walk
    }

    /// The namespaces that its things are in.
    pub(super) fn namespaces(&self) -> BTreeSet<&'a str> {
        let Self::Things(found) = self else { return BTreeSet::new() };
        found.iter().map(|object| namespace(object)).filter(|place| !place.is_empty()).collect()
    }
}

fn applications_into<'a>(snapshot: &'a Snapshot, place: &str) -> Vec<&'a Value> {
    let all = super::applications(snapshot);
    all.filter(|application| text(application, "/spec/destination/namespace") == place).collect()
}

/// Everything of a whole: what nobody that is kept owns, and down from there.
fn whole<'a>(
    snapshot: &'a Snapshot,
    children: &Children<'a>,
    objects: impl Iterator<Item = &'a Value>,
    belongs: impl Fn(&Ref) -> bool,
) -> Walk<'a> {
    let is_asked = |object: &&Value| !RECORDS.contains(&text(object, "/kind"));
    let mut roots: Vec<_> = objects.filter(is_asked).filter(|object| above(snapshot, object).is_none()).collect();
    // What came from Git is reached from its application, which says more.
    roots.sort_by_key(|object| !text(object, "/kind").starts_with("Application"));
    Walk::within(snapshot, children, &roots, belongs)
}

/// The objects where a walk starts: the top of what was asked for, and what brought it from Git.
fn roots<'a>(snapshot: &'a Snapshot, found: &[&'a Value]) -> Vec<&'a Value> {
    let mut roots: Vec<&Value> = Vec::new();
    for object in found {
        let top = top(snapshot, object);
        let applications = applications_of(snapshot, top);
        roots.extend(if applications.is_empty() { vec![top] } else { applications });
    }
    let mut seen = BTreeSet::new();
    roots.retain(|root| seen.insert(Ref::of(root)));
    roots
}

/// The walk that belongs to an object.
pub fn walk_of<'a>(snapshot: &'a Snapshot, found: &[&'a Value]) -> Walk<'a> {
    walk_with(snapshot, &Children::of(snapshot), found)
}

fn walk_with<'a>(snapshot: &'a Snapshot, children: &Children<'a>, found: &[&'a Value]) -> Walk<'a> {
    let from = |roots: &[&'a Value]| Walk::within(snapshot, children, roots, |_| true);
    let (own, whole) = (from(found), from(&roots(snapshot, found)));
    // An application brings many things: what was asked for is one of them.
    let is_one_of_many =
        found.iter().all(|object| text(object, "/kind") != "Application") && siblings(&whole, found) > 0;
    if !is_one_of_many {
        return whole;
    }
    let mut narrowed = own;
    for step in
        whole.steps.iter().filter(|step| step.at.kind.starts_with("Application") || is_above(&whole, &step.at, found))
    {
        if !narrowed.steps.iter().any(|known| known.at == step.at) {
            narrowed.steps.push(Step { depth: 0, parent: None, role: Role::Own, ..step.clone() });
        }
    }
    narrowed
}

/// Other things that the same applications bring.
fn siblings(whole: &Walk<'_>, found: &[&Value]) -> usize {
    let own: BTreeSet<_> = found.iter().map(|object| Ref::of(object)).collect();
    let is_sibling = |step: &&Step<'_>| {
        let parent_is_application = step.parent.is_some_and(|parent| whole.steps[parent].at.kind == "Application");
        parent_is_application && !own.contains(&step.at) && !is_above(whole, &step.at, found)
    };
    whole.steps.iter().filter(is_sibling).count()
}

fn is_above(whole: &Walk<'_>, at: &Ref, found: &[&Value]) -> bool {
    found.iter().any(|object| {
        let mut index = whole.steps.iter().position(|step| step.at == Ref::of(object));
        while let Some(step) = index.map(|index| &whole.steps[index]) {
            if step.at == *at {
                return true;
            }
            index = step.parent;
        }
        false
    })
}
