//! What somebody else was taking away when a platform was brought back, and may go on with for a while.
//!
//! A definition that is deleted takes all objects of its kind along, and the API server goes on with that although the
//! definition has come back. With an object that is gone, even for a moment, goes what it owns, down to claims and the files of
//! their volumes.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::{is_deleting, nudges, restored};
use crate::checkpoint::Objects;
use crate::checkpoint::keys::{self, Treatment, treatment};
use crate::etcd::object::Object;
use crate::etcd::{Change, Stored};

/// Namespaces with all that is in them, and kinds, as `GROUP/PLURAL`, with all their objects and what those own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Taken {
    namespaces: BTreeSet<String>,
    kinds: BTreeSet<String>,
    /// Whether something is on its way out whose controller may take others along: an Application of Argo CD takes all that it
    /// has applied, and goes on with that although the Application has come back.
    others: bool,
}

impl Taken {
    /// Namespaces that are ended by these changes, and kinds of then whose definition is gone or on its way out.
    pub(super) fn of(then: &Objects, now: &[Stored], ended: &[Change]) -> Self {
        let now: BTreeMap<&str, &Stored> = now.iter().map(|stored| (stored.key.as_str(), stored)).collect();
        let stays = |key: &str| now.get(key).is_some_and(|stored| !is_deleting(&stored.value));
        let kinds = then.0.keys().filter(|key| !stays(key)).filter_map(|key| keys::defined(key));
        let namespaces = ended.iter().filter_map(|change| keys::namespace(change.key())).map(String::from);
        let is_ended = |key: &str| now.get(key).is_some_and(|stored| is_deleting(&stored.value));
        // Whose end takes what is known.
        let is_known = |key: &str| keys::defined(key).is_some() || keys::namespace(key).is_some();
        let mut all = then.0.iter();
        let others = all.any(|(key, value)| is_ended(key) && !is_deleting(value) && matters(key) && !is_known(key));
        Self { namespaces: namespaces.collect(), kinds: kinds.collect(), others }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.namespaces.is_empty() && self.kinds.is_empty() && !self.others
    }

    /// As `GROUP/PLURAL`.
    pub(super) fn kinds(&self) -> &BTreeSet<String> {
        &self.kinds
    }

    /// With what a reset that was cut off wrote down.
    #[must_use]
    pub(super) fn and(mut self, noted: &str) -> Self {
        for line in noted.lines() {
            match line.split_once(' ') {
                Some(("namespace", name)) => drop(self.namespaces.insert(name.into())),
                Some(("kind", name)) => drop(self.kinds.insert(name.into())),
                Some(("others", _)) => self.others = true,
                _ => {}
            }
        }
        self
    }

    /// To be written down: a line for each.
    pub(super) fn noted(&self) -> String {
        let namespaces = self.namespaces.iter().map(|name| format!("namespace {name}\n"));
        let kinds = self.kinds.iter().map(|name| format!("kind {name}\n"));
        let others = self.others.then(|| "others taken\n".to_string());
        namespaces.chain(kinds).chain(others).collect()
    }

    /// The keys of all objects of then that may be lost with it.
    pub(super) fn covered(&self, then: &Objects) -> BTreeSet<String> {
        if self.is_empty() {
            return BTreeSet::new();
        }
        let objects: Vec<_> =
            then.0.iter().filter_map(|(key, value)| Some((key.as_str(), Object::of(value)?))).collect();
        let is_taken = |key: &str, object: &Object| {
            self.kinds.iter().any(|kind| keys::is_of(key, kind)) || self.namespaces.contains(&object.namespace)
        };
        let (mut covered, mut uids) = (BTreeSet::new(), BTreeSet::new());
        let mut found = true;
        // Whose owner is found only later is found in the next round.
        while found {
            found = false;
            for (key, object) in &objects {
                let is_owned = || object.owners.iter().any(|owner| uids.contains(owner.uid.as_str()));
                if !covered.contains(*key) && (is_taken(key, object) || is_owned()) {
                    covered.insert((*key).to_string());
                    uids.insert(object.uid.as_str());
                    found = true;
                }
            }
        }
        let volumes = uids.iter().map(|uid| keys::volume_of_claim(uid)).filter(|key| then.0.contains_key(key));
        covered.extend(volumes);
        if self.others {
            // What belongs to somebody else its owner makes again, or takes away with good reason.
            let free = |key: &str, object: &Object| object.owners.is_empty() || keys::defined(key).is_some();
            let free = objects.iter().filter(|(key, object)| free(key, object) && matters(key));
            covered.extend(free.map(|(key, _)| (*key).to_string()));
        }
        covered
    }
}

/// Whether an object is none of those that come and go by themselves.
fn matters(key: &str) -> bool {
    matches!(treatment(key), Treatment::Restore | Treatment::Workload)
}

/// What writes again those of the `covered` objects of then that are not there or on their way out.
pub(super) fn lost(then: &Objects, now: &[Stored], covered: &BTreeSet<String>) -> Vec<Change> {
    let now: BTreeMap<&str, &Stored> = now.iter().map(|stored| (stored.key.as_str(), stored)).collect();
    let is_lost = |key: &str, value: &[u8]| match now.get(key) {
        Some(now) => is_deleting(&now.value) && !is_deleting(value),
        None => true,
    };
    let lost = then.0.iter().filter(|(key, value)| covered.contains(*key) && is_lost(key, value));
    let put = lost.filter_map(|(key, value)| {
        let value = restored(treatment(key), value, None).filter(|_| treatment(key) != Treatment::Endpoints)?;
        Some(Change::Put { key: key.clone(), value })
    });
    let put: Vec<_> = put.collect();
    let nudged = nudges(&put, then, &now);
    put.into_iter().chain(nudged).collect()
}

/// Whether a claim or a volume is among what was lost: whoever took it away may have removed its files.
pub(super) fn has_volumes(lost: &[Change]) -> bool {
    lost.iter().any(|change| keys::is_of_volume(change.key()))
}
