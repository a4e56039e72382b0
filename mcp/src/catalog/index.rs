//! Entities of all sources, by reference and by name, with relations both ways.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use super::entity::Entity;
use super::reference::EntityRef;
use super::relation::inverse;
use super::source::EntitySource;
use crate::likeness::likeness;

/// The catalog: any number of sources, one view. A source that changed is taken in at the next question.
pub struct Catalog {
    sources: Vec<Arc<dyn EntitySource>>,
    current: Mutex<(Vec<u64>, Arc<Index>)>,
}

impl Catalog {
    /// Of two entities with one reference, the one of the earlier source counts.
    pub fn new(sources: Vec<Arc<dyn EntitySource>>) -> Self {
        Self { sources, current: Mutex::new((Vec::new(), Arc::new(Index::default()))) }
    }

    /// What there is now.
    pub fn index(&self) -> Arc<Index> {
        let snapshots: Vec<_> = self.sources.iter().map(|source| source.snapshot()).collect();
        let revisions: Vec<_> = snapshots.iter().map(|snapshot| snapshot.revision).collect();
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.0 != revisions {
            let mut index = Index::default();
            for snapshot in &snapshots {
                index.problems.extend(snapshot.problems.iter().cloned());
                snapshot.entities.iter().for_each(|entity| index.add(entity));
            }
            index.relate();
            *current = (revisions, Arc::new(index));
        }
        current.1.clone()
    }

    /// The sources' own news.
    pub fn sources(&self) -> &[Arc<dyn EntitySource>] {
        &self.sources
    }
}

/// One view of all entities.
#[derive(Default)]
pub struct Index {
    /// In the order of their references.
    entities: BTreeMap<EntityRef, Arc<Entity>>,
    by_name: HashMap<String, Vec<EntityRef>>,
    edges: HashMap<EntityRef, Vec<Edge>>,
    /// The same in the same order, to be found by number.
    listed: Vec<Arc<Entity>>,
    /// Numbers of what each owner has, by the owner's name alone.
    by_owner: HashMap<String, Vec<usize>>,
    /// What is searched by text, in lower case, one entity behind the other: read in one go, not entity by entity.
    words: String,
    /// Where each entity's part of it ends.
    ends: Vec<usize>,
    /// What the sources could not read, and references that two of them have: one sentence each.
    pub problems: Vec<String>,
}

/// A relation from one entity's side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// The relation as this side calls it: `ownedBy` from the owned one, `ownerOf` from the owner.
    pub kind: &'static str,
    /// The entity at the other end; the catalog need not have it.
    pub target: EntityRef,
}

/// One step of a walk over relations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Steps from the start, from 1.
    pub depth: usize,
    /// The entity that the step starts from.
    pub from: EntityRef,
    /// The relation from `from` to `to`, as the side of `from` calls it.
    pub kind: &'static str,
    /// The entity that the step leads to; the catalog need not have it.
    pub to: EntityRef,
}

impl Index {
    fn add(&mut self, entity: &Arc<Entity>) {
        if let Some(first) = self.entities.get(&entity.reference) {
            // A stack and the cluster that it runs in bring the same file.
            if first.descriptor() == entity.descriptor() {
                return;
            }
            let (reference, one, two) = (&entity.reference, &first.origin, &entity.origin);
            self.problems.push(format!("{reference} is in {one} and in {two}; the first counts"));
            return;
        }
        self.by_name.entry(entity.reference.name.clone()).or_default().push(entity.reference.clone());
        self.entities.insert(entity.reference.clone(), entity.clone());
    }

    fn relate(&mut self) {
        self.listed = self.entities.values().cloned().collect();
        for (number, entity) in self.listed.iter().enumerate() {
            self.words.push_str(&entity.words().to_lowercase());
            // Nothing that is looked for goes beyond the end of a line.
            self.words.push('\n');
            self.ends.push(self.words.len());
            if let Some(owner) = &entity.owner {
                self.by_owner.entry(owner.name.clone()).or_default().push(number);
            }
        }
        self.by_name.values_mut().for_each(|references| references.sort());
        for (reference, entity) in &self.entities {
            for relation in &entity.relations {
                let there = Edge { kind: relation.kind, target: relation.target.clone() };
                let back = Edge { kind: inverse(relation.kind), target: reference.clone() };
                for (from, edge) in [(reference, there), (&relation.target, back)] {
                    let edges = self.edges.entry(from.clone()).or_default();
                    // Both sides may state it.
                    if !edges.contains(&edge) {
                        edges.push(edge);
                    }
                }
            }
        }
    }

    /// Whether no source has any entity.
    pub(crate) fn is_empty(&self) -> bool {
        self.entities.is_empty()
    }

    /// All entities, in the order of their references.
    pub fn entities(&self) -> impl Iterator<Item = &Arc<Entity>> {
        self.listed.iter()
    }

    /// Entities that may fit, in the order of their references: those of owners with this name, or with this text in
    /// their words, both in lower case. Without either all of them.
    pub fn narrowed(&self, owner: Option<&str>, text: Option<&str>) -> Vec<&Arc<Entity>> {
        let numbers: Vec<usize> = match (owner, text) {
            (Some(owner), _) => self.by_owner.get(owner).cloned().unwrap_or_default(),
            (None, Some(text)) => self.mentioning(text),
            (None, None) => return self.listed.iter().collect(),
        };
        let has_text = |number: &usize| text.is_none_or(|text| self.part(*number).contains(text));
        numbers.into_iter().filter(has_text).map(|number| &self.listed[number]).collect()
    }

    fn mentioning(&self, text: &str) -> Vec<usize> {
        let found = memchr::memmem::find_iter(self.words.as_bytes(), text);
        let mut numbers: Vec<_> = found.map(|at| self.ends.partition_point(|end| *end <= at)).collect();
        numbers.dedup();
        numbers
    }

    fn part(&self, number: usize) -> &str {
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.words[start..self.ends[number]]
    }

    /// The entity of exactly this reference.
    pub(crate) fn get(&self, reference: &EntityRef) -> Option<&Arc<Entity>> {
        self.entities.get(reference)
    }

    /// Entities with this name, of any kind and namespace.
    pub fn named(&self, name: &str) -> &[EntityRef] {
        self.by_name.get(&name.to_lowercase()).map_or(&[], Vec::as_slice)
    }

    /// References that look like this one, best first.
    pub fn near(&self, text: &str) -> Vec<EntityRef> {
        let lower = text.to_lowercase();
        let name = lower.rsplit(['/', ':']).next().unwrap_or(&lower);
        let mut scored: Vec<_> = self
            .entities
            .keys()
            .map(|reference| (likeness(&reference.name, name), reference))
            .filter(|(score, reference)| *score > 0.84 || (name.len() > 2 && reference.name.contains(name)))
            .collect();
        scored.sort_by(|one, two| two.0.total_cmp(&one.0).then_with(|| one.1.cmp(two.1)));
        scored.into_iter().take(5).map(|(_, reference)| reference.clone()).collect()
    }

    /// Relations of one entity.
    pub fn edges(&self, reference: &EntityRef) -> &[Edge] {
        self.edges.get(reference).map_or(&[], Vec::as_slice)
    }

    /// Walks relations from one entity on, breadth first, each entity once. `kinds` empty means all.
    pub fn walk(&self, start: &EntityRef, depth: usize, kinds: &[String]) -> Vec<Found> {
        let mut found = Vec::new();
        let mut seen = HashSet::from([start.clone()]);
        let mut queue = VecDeque::from([(start.clone(), 0)]);
        while let Some((from, at)) = queue.pop_front() {
            if at == depth {
                continue;
            }
            for edge in self.edges(&from) {
                if !kinds.is_empty() && !kinds.iter().any(|kind| kind == edge.kind) {
                    continue;
                }
                if seen.insert(edge.target.clone()) {
                    let (from, to) = (from.clone(), edge.target.clone());
                    queue.push_back((to.clone(), at + 1));
                    found.push(Found { depth: at + 1, from, kind: edge.kind, to });
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn index() -> Index {
        let entity = |name: &str, owner: &str, title: &str| {
            let text = json!({"apiVersion": "backstage.io/v1alpha1", "kind": "Component", "metadata": {"name": name, "title": title},
                "spec": {"type": "service", "lifecycle": "production", "owner": owner}});
            Arc::new(Entity::new(&text, "test").expect("an entity"))
        };
        let mut index = Index::default();
        for entity in [
            entity("b", "team-one", "The Shop"),
            entity("a", "team-two", "shop and shop"),
            entity("c", "team-one", "Ünder"),
        ] {
            index.add(&entity);
        }
        index.relate();
        index
    }

    #[test]
    fn entities_are_found_by_owner_and_by_text_in_the_order_of_their_references() {
        let index = index();
        let names = |owner: Option<&str>, text: Option<&str>| -> Vec<String> {
            index.narrowed(owner, text).into_iter().map(|entity| entity.reference.name.clone()).collect()
        };
        assert_eq!(names(None, None), ["a", "b", "c"]);
        assert_eq!(names(None, Some("shop")), ["a", "b"], "each once");
        assert_eq!(names(None, Some("ünder")), ["c"]);
        assert_eq!(names(Some("team-one"), None), ["b", "c"]);
        assert_eq!(names(Some("team-one"), Some("shop")), ["b"]);
        assert!(names(Some("nobody"), None).is_empty() && names(None, Some("nothing")).is_empty());
    }
}
