//! What has to be written so that a platform is as it was: pure, from the objects of then and of now.
//!
//! The running store gets what differs, and every controller hears of it as of any other change. Pods are not made
//! here but by their controllers, as for any object that asks for them: a pod that is put into the store
//! would be told ready before any container of it runs.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::checkpoint::Objects;
use crate::checkpoint::keys::{self, Treatment, treatment};
use crate::etcd::object::{Object, asks_the_same, is_computed, with_status_of};
use crate::etcd::{Change, Stored};

/// What has to be done.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// In the order in which they are made.
    pub changes: Vec<Change>,
    /// What a person hears of it.
    pub difference: Difference,
}

/// What differs, by kind. Pods are not counted: they come and go by themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Was deleted since, and comes back.
    pub gone: BTreeMap<String, usize>,
    /// Was changed since.
    pub changed: BTreeMap<String, usize>,
    /// Was made since, and goes.
    pub new: BTreeMap<String, usize>,
}

impl Difference {
    /// How many objects there are in it.
    pub fn count(&self) -> usize {
        [&self.gone, &self.changed, &self.new].into_iter().flat_map(BTreeMap::values).sum()
    }
}

/// Makes the plan. `restarting` are the keys of pods that have to begin anew, on the files of then.
pub fn build(then: &Objects, now: &[Stored], restarting: &BTreeSet<String>) -> Plan {
    let now: BTreeMap<&str, &Stored> = now.iter().map(|stored| (stored.key.as_str(), stored)).collect();
    let pods = Pods {
        then: generations(then.0.values().map(Vec::as_slice)),
        present: generations(now.values().map(|stored| stored.value.as_slice())),
        now: &now,
        restarting,
    };
    let mut plan = Plan::default();
    let (mut gone, mut put) = (Vec::new(), Vec::new());
    for (key, value) in &then.0 {
        let had = now.get(key.as_str()).map(|stored| stored.value.as_slice());
        let new = match treatment(key) {
            Treatment::Pod => pods.wanted(key, value),
            treatment => restored(treatment, value, had),
        };
        if let Some(new) = new {
            count(if had.is_some() { &mut plan.difference.changed } else { &mut plan.difference.gone }, key, value);
            put.push(Change::Put { key: key.clone(), value: new });
        }
    }
    for (key, stored) in &now {
        if pods.goes(key, stored, then.0.get(*key)) || is_left_over(key, stored, then) {
            let restarts = restarting.contains(*key) && then.0.contains_key(*key);
            if !restarts {
                count(&mut plan.difference.new, key, &stored.value);
            }
            gone.push(Change::Delete { key: (*key).to_string() });
        }
    }
    let nudged = nudges(&put, then, &now);
    // What goes first frees what comes back: a pod that has to begin anew is deleted and put.
    plan.changes = gone.into_iter().chain(put).chain(nudged).collect();
    plan
}

/// Workloads beside what comes back, written as they are.
///
/// A controller that could not make pods for want of it (an account, a Secret) tries again only after minutes; of a change of
/// the workload it hears at once.
pub(super) fn nudges(put: &[Change], then: &Objects, now: &BTreeMap<&str, &Stored>) -> Vec<Change> {
    let namespace_of = |value: &[u8]| Object::of(value).map(|object| object.namespace).unwrap_or_default();
    let comes_back = put.iter().filter_map(|change| match change {
        Change::Put { key, value } if !now.contains_key(key.as_str()) => Some(namespace_of(value)),
        _ => None,
    });
    let namespaces: BTreeSet<String> = comes_back.filter(|namespace| !namespace.is_empty()).collect();
    let written: BTreeSet<&str> = put.iter().map(Change::key).collect();
    let beside = now.iter().filter(|(key, stored)| {
        treatment(key) == Treatment::Workload
            && then.0.contains_key(**key)
            && !written.contains(*key)
            && !is_deleting(&stored.value)
            && namespaces.contains(&namespace_of(&stored.value))
    });
    beside.map(|(key, stored)| Change::Put { key: (*key).to_string(), value: stored.value.clone() }).collect()
}

/// What ends namespaces that are on their way out, with all that is in them.
///
/// Controllers wait for what they asked for in such a namespace, and do so for minutes after it has come back; of one that is
/// gone they remember nothing. So it goes first, and what was in it then comes back like anything else.
pub fn end_of_going(now: &[Stored]) -> Vec<Change> {
    let going: BTreeSet<&str> =
        now.iter().filter_map(|stored| keys::namespace(&stored.key).filter(|_| is_deleting(&stored.value))).collect();
    let is_inside = |stored: &Stored| {
        keys::namespace(&stored.key).is_some_and(|name| going.contains(name))
            || Object::of(&stored.value).is_some_and(|object| going.contains(object.namespace.as_str()))
    };
    // Without any, nothing has to be read.
    let inside = now.iter().filter(|stored| !going.is_empty() && is_inside(stored));
    inside.map(|stored| Change::Delete { key: stored.key.clone() }).collect()
}

pub(super) fn is_deleting(value: &[u8]) -> bool {
    Object::of(value).is_some_and(|object| object.is_deleting)
}

fn count(kinds: &mut BTreeMap<String, usize>, key: &str, value: &[u8]) {
    let counts = !matches!(treatment(key), Treatment::Pod | Treatment::Leave | Treatment::Endpoints);
    if counts && let Some(object) = Object::of(value) {
        *kinds.entry(object.kind).or_default() += 1;
    }
}

/// The value that an object gets, if it has another one.
pub(super) fn restored(treatment: Treatment, then: &[u8], now: Option<&[u8]>) -> Option<Vec<u8>> {
    match (treatment, now) {
        (Treatment::Leave | Treatment::Pod, _) | (Treatment::Own, Some(_)) => None,
        (Treatment::Workload | Treatment::Node, Some(now)) if asks_the_same(then, now) => None,
        // What it said of pods and nodes of then would be believed.
        (Treatment::Workload, _) => Some(with_status_of(then, None).unwrap_or_else(|| then.to_vec())),
        (Treatment::Node, Some(now)) => with_status_of(then, Some(now)),
        (Treatment::Endpoints, Some(_)) if is_computed(then) => None,
        (_, Some(now)) if then == now => None,
        _ => Some(then.to_vec()),
    }
}

/// Whether something was not there then: but for what is left alone, unless its namespace was not there either.
fn is_left_over(key: &str, stored: &Stored, then: &Objects) -> bool {
    match treatment(key) {
        Treatment::Pod => false,
        Treatment::Leave => keys::namespace_of_left(key)
            .is_some_and(|namespace| !then.0.contains_key(&format!("{}namespaces/{namespace}", crate::etcd::PREFIX))),
        _ => !stored.leased && !then.0.contains_key(key),
    }
}

/// The generation of everything, by UID.
fn generations<'a>(values: impl Iterator<Item = &'a [u8]>) -> BTreeMap<String, i64> {
    values.filter_map(Object::of).map(|object| (object.uid, object.generation)).collect()
}

/// Decides about pods.
struct Pods<'a> {
    /// Generations of all objects of then, and of now, by UID.
    then: BTreeMap<String, i64>,
    present: BTreeMap<String, i64>,
    now: &'a BTreeMap<&'a str, &'a Stored>,
    restarting: &'a BTreeSet<String>,
}

impl Pods<'_> {
    /// The value that a pod of then gets: only what nobody would make again, where it is gone or begins anew.
    fn wanted(&self, key: &str, then: &[u8]) -> Option<Vec<u8>> {
        let object = Object::of(then)?;
        let stays = self.now.get(key).and_then(|now| Object::of(&now.value)).is_some_and(|now| is_same(&object, &now));
        let comes = object.controller.is_none() && (!stays || self.restarting.contains(key));
        comes.then(|| then.to_vec())
    }

    /// Whether a pod of now goes: it was not there then and nobody of then asks for it, or it has to begin anew.
    fn goes(&self, key: &str, now: &Stored, then: Option<&Vec<u8>>) -> bool {
        if treatment(key) != Treatment::Pod {
            return false;
        }
        let Some(object) = Object::of(&now.value) else { return false };
        if object.controller.as_ref().is_some_and(|owner| owner.kind == "Node") {
            // The picture of a pod that the kubelet runs by itself.
            return false;
        }
        let stays = then.and_then(|then| Object::of(then)).is_some_and(|then| is_same(&then, &object));
        self.restarting.contains(key) || !(stays || self.is_asked_for(&object))
    }

    /// Whether its controller was there then and has not been changed since.
    fn is_asked_for(&self, pod: &Object) -> bool {
        let Some(owner) = pod.controller.as_ref().filter(|_| !pod.is_deleting) else { return false };
        self.then.get(&owner.uid).is_some_and(|then| self.present.get(&owner.uid) == Some(then))
    }
}

/// Whether it is the same pod, and not on its way out.
fn is_same(then: &Object, now: &Object) -> bool {
    then.uid == now.uid && !now.is_deleting
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
