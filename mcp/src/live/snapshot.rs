//! The cluster at one moment, as plain objects. Answers are computed from this and nothing else, so every one of
//! them can be tested on a snapshot that was recorded from a real cluster.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use backstack_health::Cluster;
use backstack_health::facts::{Claim, Event, Node, Pod};
use serde::de::DeserializeOwned;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::object::{self, Ref, is_owned_by, list, name, namespace, text};
use super::questions::{Question, Reply};
use super::scrub::scrubbed;
use super::served::ServedKind;

/// Group and kind.
pub type Kind = (String, String);
/// Objects of one kind by namespace and name.
pub type Table = BTreeMap<(String, String), Arc<Value>>;

/// The objects that are kept, by kind. A clone is cheap: tables are shared until one of them changes.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Name of the platform that it is of.
    pub platform: String,
    tables: BTreeMap<Kind, Arc<Table>>,
    /// Kinds that could not be read, and why.
    unreadable: BTreeMap<Kind, String>,
    /// Last lines of containers that ended, where somebody fetched them.
    logs: BTreeMap<LogKey, Arc<str>>,
    /// What containers that run have written lately, where somebody fetched it.
    recent: BTreeMap<LogKey, Arc<str>>,
    /// Whether something listens at an address and port of a pod, where somebody tried.
    listening: BTreeMap<Door, bool>,
    /// What programs have answered, where somebody asked.
    replies: BTreeMap<Question, Reply>,
    /// Every kind that the cluster serves, kept or not; empty in tests that do not care.
    pub served: Arc<[ServedKind]>,
    /// Now, as RFC 3339; empty in tests that do not care.
    pub now: String,
}

/// Namespace, pod and container of a log.
pub type LogKey = (String, String, String);
/// The address of a pod, and a TCP port.
pub type Door = (String, u16);

impl Snapshot {
    /// The moment that it is of.
    pub fn moment(&self) -> OffsetDateTime {
        OffsetDateTime::parse(&self.now, &Rfc3339).unwrap_or_else(|_| OffsetDateTime::now_utc())
    }

    /// A snapshot of these objects.
    pub fn of(platform: &str, objects: impl IntoIterator<Item = Value>) -> Self {
        let mut snapshot = Self { platform: platform.into(), ..Self::default() };
        for object in objects {
            snapshot.put(object);
        }
        snapshot
    }

    /// Keeps an object, scrubbed, in place of what was.
    pub fn put(&mut self, object: Value) {
        let at = Ref::of(&object);
        let table = Arc::make_mut(self.tables.entry((at.group, at.kind)).or_default());
        table.insert((at.namespace, at.name), Arc::new(scrubbed(object)));
    }

    /// Forgets an object; one that is not kept is no error.
    pub fn remove(&mut self, at: &Ref) {
        if let Some(table) = self.tables.get_mut(&(at.group.clone(), at.kind.clone())) {
            Arc::make_mut(table).remove(&(at.namespace.clone(), at.name.clone()));
        }
    }

    /// Puts a whole table in place of what was: a fresh list has all there is.
    pub fn replace(&mut self, kind: Kind, table: Arc<Table>) {
        self.unreadable.remove(&kind);
        self.tables.insert(kind, table);
    }

    /// Forgets a kind: the cluster does not have it any more.
    pub fn drop_kind(&mut self, kind: &Kind) {
        self.tables.remove(kind);
        self.unreadable.remove(kind);
    }

    /// Notes that a kind cannot be read.
    pub fn mark_unreadable(&mut self, kind: Kind, why: impl Into<String>) {
        self.unreadable.insert(kind, why.into());
    }

    /// Kinds that could not be read, each with the reason.
    pub fn unreadable(&self) -> impl Iterator<Item = (&Kind, &str)> {
        self.unreadable.iter().map(|(kind, why)| (kind, why.as_str()))
    }

    /// Every table that is kept, by group and kind; one may be empty.
    pub fn tables(&self) -> impl Iterator<Item = (&Kind, &Table)> {
        self.tables.iter().map(|(kind, table)| (kind, table.as_ref()))
    }

    /// Whether a kind is kept, so that what is not in its table does not exist.
    pub fn has_kind(&self, group: &str, kind: &str) -> bool {
        self.tables.contains_key(&(group.to_string(), kind.to_string()))
    }

    /// An object of a kind that is kept; `None` also for kinds that are not.
    pub fn get(&self, at: &Ref) -> Option<&Value> {
        let table = self.tables.get(&(at.group.clone(), at.kind.clone()))?;
        table.get(&(at.namespace.clone(), at.name.clone())).map(AsRef::as_ref)
    }

    /// All objects of a kind, by namespace and name.
    pub fn all<'a>(&'a self, group: &str, kind: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
        let table = self.tables.get(&(group.to_string(), kind.to_string()));
        table.into_iter().flat_map(|table| table.values()).map(AsRef::as_ref)
    }

    /// All objects of a kind in a namespace.
    pub fn inside<'a>(&'a self, group: &str, kind: &str, namespace: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
        let table = self.tables.get(&(group.to_string(), kind.to_string()));
        let namespace = namespace.to_string();
        let from = (namespace.clone(), String::new());
        let rows = table.into_iter().flat_map(move |table| table.range(from.clone()..));
        rows.take_while(move |((place, _), _)| *place == namespace).map(|(_, object)| object.as_ref())
    }

    /// Objects of whatever kind.
    pub fn everything(&self) -> impl Iterator<Item = &Value> {
        self.tables.values().flat_map(|table| table.values()).map(AsRef::as_ref)
    }

    /// What an object owns, through owner references, of any kept kind.
    pub fn owned<'a>(&'a self, owner: &'a Value) -> impl Iterator<Item = &'a Value> {
        self.everything().filter(move |object| is_owned_by(object, owner) && text(object, "/kind") != "Event")
    }

    /// The pods that a workload made, directly or through what it owns.
    pub fn pods_of<'a>(&'a self, workload: &'a Value) -> Vec<&'a Value> {
        match text(workload, "/kind") {
            "Pod" => vec![workload],
            "Deployment" => {
                let sets = self.inside("apps", "ReplicaSet", namespace(workload));
                let sets = sets.filter(|set| is_owned_by(set, workload));
                sets.flat_map(|set| self.pods_owned(set)).collect()
            }
            "CronJob" => {
                let jobs = self.inside("batch", "Job", namespace(workload)).filter(|job| is_owned_by(job, workload));
                jobs.flat_map(|job| self.pods_owned(job)).collect()
            }
            _ => self.pods_owned(workload),
        }
    }

    fn pods_owned<'a>(&'a self, owner: &Value) -> Vec<&'a Value> {
        self.inside("", "Pod", namespace(owner)).filter(|pod| is_owned_by(pod, owner)).collect()
    }

    /// Events about an object, the newest first.
    pub fn events_of(&self, at: &Ref) -> Vec<&Value> {
        // Events stand in the namespace of what they are about; those about cluster-wide objects stand anywhere.
        let mut events: Vec<_> = match at.namespace.as_str() {
            "" => self.all("", "Event").filter(|event| is_about(event, at)).collect(),
            place => self.inside("", "Event", place).filter(|event| is_about(event, at)).collect(),
        };
        events.sort_by(|a, b| event_time(b).cmp(event_time(a)));
        events
    }

    /// Keeps the last lines of a container.
    pub fn put_log(&mut self, key: LogKey, log: &str) {
        self.logs.insert(key, super::scrub::scrub_text(log).into());
    }

    /// Last lines of a container that ended; `None` if nobody has fetched them.
    pub fn log(&self, key: &LogKey) -> Option<&str> {
        self.logs.get(key).map(AsRef::as_ref)
    }

    /// Keeps what a container that runs has written lately.
    pub fn put_recent_log(&mut self, key: LogKey, log: &str) {
        self.recent.insert(key, super::scrub::scrub_text(log).into());
    }

    /// What a container that runs has written lately; nothing if nobody has looked.
    pub fn recent_log(&self, key: &LogKey) -> Option<&str> {
        self.recent.get(key).map(AsRef::as_ref)
    }

    /// Keeps whether something listens.
    pub fn put_listening(&mut self, door: Door, listens: bool) {
        self.listening.insert(door, listens);
    }

    /// Whether something listens at a port of a pod; nothing if nobody has tried.
    pub fn listens(&self, address: &str, port: u16) -> Option<bool> {
        self.listening.get(&(address.to_string(), port)).copied()
    }

    /// Keeps what a program has answered.
    pub fn put_reply(&mut self, question: Question, reply: Reply) {
        self.replies.insert(question, reply);
    }

    /// What a program has answered; nothing if nobody has asked, or nobody answered.
    pub fn reply(&self, question: &Question) -> Option<&Reply> {
        self.replies.get(question)
    }

    /// How many ports have been tried.
    pub fn doors_tried(&self) -> usize {
        self.listening.len()
    }

    /// Kinds of composite resources: what the XRDs here define.
    pub fn composite_kinds(&self) -> Vec<CompositeKind<'_>> {
        self.all("apiextensions.crossplane.io", "CompositeResourceDefinition").map(CompositeKind::of).collect()
    }
}

impl Cluster for Snapshot {
    fn events_of(&self, at: &Ref) -> Vec<Cow<'_, Event>> {
        Self::events_of(self, at).into_iter().filter_map(typed).map(Cow::Owned).collect()
    }

    fn claim(&self, namespace: &str, name: &str) -> Option<Cow<'_, Claim>> {
        typed(self.get(&Ref::new("", "PersistentVolumeClaim", namespace, name))?).map(Cow::Owned)
    }

    fn nodes(&self) -> Vec<Cow<'_, Node>> {
        self.all("", "Node").filter_map(typed).map(Cow::Owned).collect()
    }

    fn pods(&self) -> Vec<Cow<'_, Pod>> {
        self.all("", "Pod").filter_map(typed).map(Cow::Owned).collect()
    }

    fn makers(&self, workload: &Ref) -> Vec<Ref> {
        let Some(object) = self.get(workload).filter(|_| workload.kind == "Deployment") else {
            return vec![workload.clone()];
        };
        let sets = self.inside("apps", "ReplicaSet", &workload.namespace);
        sets.filter(|set| is_owned_by(set, object)).map(Ref::of).collect()
    }

    fn log(&self, pod: &Ref, container: &str) -> Cow<'_, str> {
        let key = (pod.namespace.clone(), pod.name.clone(), container.to_string());
        Cow::Borrowed(Self::log(self, &key).unwrap_or_default())
    }
}

/// What an XRD defines.
#[derive(Debug, Clone, Copy)]
pub struct CompositeKind<'a> {
    /// Group that the XRD defines it in, as `platform.backstack.dev`.
    pub group: &'a str,
    /// Kind of the composites, as `App`.
    pub kind: &'a str,
    /// Their plural, as in addresses: `apps`.
    pub plural: &'a str,
    /// The CompositeResourceDefinition itself.
    pub definition: &'a Value,
}

impl<'a> CompositeKind<'a> {
    /// Reads an XRD. What it does not say is empty.
    pub fn of(definition: &'a Value) -> Self {
        Self {
            group: text(definition, "/spec/group"),
            kind: text(definition, "/spec/names/kind"),
            plural: text(definition, "/spec/names/plural"),
            definition,
        }
    }

    /// The version that is served and can be referred to.
    pub fn version(&self) -> &'a str {
        let versions = list(self.definition, "/spec/versions");
        let referenced = |version: &&Value| version.get("referenceable").and_then(Value::as_bool).unwrap_or(false);
        versions.iter().find(referenced).or(versions.last()).map_or("", |version| text(version, "/name"))
    }

    /// Whether things can be ordered in a version.
    pub fn serves(&self, version: &str) -> bool {
        let is_served = |one: &Value| one.get("served").and_then(Value::as_bool).unwrap_or(true);
        list(self.definition, "/spec/versions").iter().any(|one| text(one, "/name") == version && is_served(one))
    }

    /// Whether its resources live in namespaces: the XRD's scope is `Namespaced`.
    pub(crate) fn is_namespaced(&self) -> bool {
        text(self.definition, "/spec/scope") == "Namespaced"
    }
}

fn is_about(event: &Value, at: &Ref) -> bool {
    let about = |field: &str| text(event, &format!("/involvedObject/{field}"));
    about("kind") == at.kind
        && about("name") == at.name
        // Events about cluster-wide objects name no namespace, or the one that they were written to.
        && (about("namespace") == at.namespace || at.namespace.is_empty())
        && (about("apiVersion").is_empty() || object::group_of(about("apiVersion")) == at.group)
}

/// When an event happened last.
pub fn event_time(event: &Value) -> &str {
    let times =
        ["/series/lastObservedTime", "/lastTimestamp", "/eventTime", "/firstTimestamp", "/metadata/creationTimestamp"];
    times.iter().map(|pointer| text(event, pointer)).find(|time| !time.is_empty()).unwrap_or_default()
}

/// How often an event happened.
pub fn event_count(event: &Value) -> i64 {
    [object::number(event, "/count"), object::number(event, "/series/count"), 1].into_iter().max().unwrap_or(1)
}

/// The few fields that are judged by; nothing of an object of a wrong shape.
pub(super) fn typed<T: DeserializeOwned>(object: &Value) -> Option<T> {
    T::deserialize(object).ok()
}

/// Sorting key for people: namespace, then name.
pub fn place(object: &Value) -> (&str, &str) {
    (namespace(object), name(object))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn owned(kind: &str, name: &str, uid: &str, owner: &str) -> Value {
        let group = if kind == "Pod" { "v1" } else { "apps/v1" };
        json!({"apiVersion": group, "kind": kind, "metadata": {"namespace": "a", "name": name, "uid": uid,
            "ownerReferences": [{"uid": owner}]}})
    }

    #[test]
    fn a_deployment_finds_its_pods_through_its_sets() {
        let deployment = owned("Deployment", "web", "1", "0");
        let objects = [
            deployment.clone(),
            owned("ReplicaSet", "web-1", "2", "1"),
            owned("Pod", "web-1-x", "3", "2"),
            owned("Pod", "other", "4", "9"),
        ];
        let snapshot = Snapshot::of("lab", objects);
        let pods: Vec<_> = snapshot.pods_of(&deployment).into_iter().map(name).collect();
        assert_eq!(pods, ["web-1-x"]);
    }

    #[test]
    fn a_clone_does_not_see_later_changes() {
        let mut snapshot = Snapshot::of("lab", [owned("Pod", "a", "1", "0")]);
        let before = snapshot.clone();
        snapshot.remove(&Ref::new("", "Pod", "a", "a"));
        assert_eq!((before.all("", "Pod").count(), snapshot.all("", "Pod").count()), (1, 0));
    }

    #[test]
    fn events_are_the_objects_own_and_newest_first() {
        let event = |name: &str, kind: &str, time: &str| {
            json!({"apiVersion": "v1", "kind": "Event",
            "metadata": {"namespace": "a", "name": format!("{name}{time}")}, "lastTimestamp": time,
            "involvedObject": {"kind": kind, "namespace": "a", "name": name}})
        };
        let snapshot = Snapshot::of(
            "lab",
            [event("x", "Pod", "2026-01-01"), event("x", "Pod", "2026-01-02"), event("x", "Job", "2026-01-03")],
        );
        let times: Vec<_> = snapshot.events_of(&Ref::new("", "Pod", "a", "x")).into_iter().map(event_time).collect();
        assert_eq!(times, ["2026-01-02", "2026-01-01"]);
    }
}
