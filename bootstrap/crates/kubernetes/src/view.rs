//! A picture of the cluster: the objects that readiness and blockers are judged by.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use backstack_health::facts::{
    Claim, Conditioned, ContainerStatus, EndpointSlice, Event, Node, Owned, OwnerReference, Pod, Workload, parse_time,
};
use backstack_health::{Cluster, Ref};
use futures::future::try_join_all;
use kube::api::{Api, ApiResource, DynamicObject, ListParams};
use kube::core::gvk::GroupVersionKind;
use kube::{Client, ResourceExt};
use serde::de::DeserializeOwned;
use serde_json::Value;
use time::OffsetDateTime;

use super::object::VersionedRef;

/// Objects of one kind by `namespace/name`.
pub type Table<T> = HashMap<String, T>;

/// The kinds that the picture has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tracked {
    /// Of group `apps`.
    Deployments,
    /// Of group `apps`.
    StatefulSets,
    /// Of group `apps`.
    DaemonSets,
    /// Of group `batch`.
    Jobs,
    /// Of group `apps`; only whose they are, as what stands between a Deployment and its pods.
    ReplicaSets,
    /// Of every namespace, finished ones too.
    Pods,
    /// Of the core group, in every namespace; the API server forgets them after a while.
    Events,
    /// PersistentVolumeClaims.
    Claims,
    /// Of group `discovery.k8s.io`: who answers for a Service.
    EndpointSlices,
    /// Of group `apiregistration.k8s.io`: parts of the API that workloads serve.
    ApiServices,
    /// Of the core group, cluster-wide.
    Nodes,
}

impl Tracked {
    /// Each of them once.
    pub const ALL: [Self; 11] = [
        Self::Deployments,
        Self::StatefulSets,
        Self::DaemonSets,
        Self::Jobs,
        Self::ReplicaSets,
        Self::Pods,
        Self::Events,
        Self::Claims,
        Self::EndpointSlices,
        Self::ApiServices,
        Self::Nodes,
    ];

    /// Group, version and kind.
    pub fn gvk(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Deployments => ("apps", "v1", "Deployment"),
            Self::StatefulSets => ("apps", "v1", "StatefulSet"),
            Self::DaemonSets => ("apps", "v1", "DaemonSet"),
            Self::Jobs => ("batch", "v1", "Job"),
            Self::ReplicaSets => ("apps", "v1", "ReplicaSet"),
            Self::Pods => ("", "v1", "Pod"),
            Self::Events => ("", "v1", "Event"),
            Self::Claims => ("", "v1", "PersistentVolumeClaim"),
            Self::EndpointSlices => ("discovery.k8s.io", "v1", "EndpointSlice"),
            Self::ApiServices => ("apiregistration.k8s.io", "v1", "APIService"),
            Self::Nodes => ("", "v1", "Node"),
        }
    }

    /// The workload kind of this name.
    pub fn workload(kind: &str) -> Option<Self> {
        [Self::Deployments, Self::StatefulSets, Self::DaemonSets, Self::Jobs]
            .into_iter()
            .find(|tracked| tracked.gvk().2 == kind)
    }

    /// Requests for objects of the kind in all namespaces.
    pub(crate) fn api(self, client: &Client) -> Api<DynamicObject> {
        let (group, version, kind) = self.gvk();
        Api::all_with(client.clone(), &ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind)))
    }
}

/// The picture. Objects that are not in it are not there, or not seen yet.
#[derive(Debug, Default)]
pub struct View {
    deployments: Table<Workload>,
    stateful_sets: Table<Workload>,
    daemon_sets: Table<Workload>,
    jobs: Table<Workload>,
    replica_sets: Table<Owned>,
    /// Pods of every namespace.
    pub pods: Table<Pod>,
    /// Events of every namespace; [`Cluster::events_of`] finds those of an object.
    pub events: Table<Event>,
    claims: Table<Claim>,
    slices: Table<EndpointSlice>,
    api_services: Table<Conditioned>,
    /// Nodes; their keys begin with the `/`.
    pub nodes: Table<Node>,
    /// Kinds that were listed in full.
    listed: HashSet<Tracked>,
    /// Single objects of any kind whose state somebody waits for, whole.
    followed: HashMap<VersionedRef, Value>,
}

/// Filling a table with objects of any kind.
trait Fill {
    fn put(&mut self, key: String, object: &Value);
    fn take_out(&mut self, key: &str);
    fn keep(&mut self, keys: &HashSet<String>);
}

impl<T: DeserializeOwned> Fill for Table<T> {
    fn put(&mut self, key: String, object: &Value) {
        // All fields have defaults: only an object of a wrong shape fails, and that one cannot be judged.
        if let Ok(facts) = T::deserialize(object) {
            self.insert(key, facts);
        }
    }

    fn take_out(&mut self, key: &str) {
        self.remove(key);
    }

    fn keep(&mut self, keys: &HashSet<String>) {
        self.retain(|key, _| keys.contains(key));
    }
}

impl View {
    fn table(&mut self, tracked: Tracked) -> &mut dyn Fill {
        match tracked {
            Tracked::Deployments => &mut self.deployments,
            Tracked::StatefulSets => &mut self.stateful_sets,
            Tracked::DaemonSets => &mut self.daemon_sets,
            Tracked::Jobs => &mut self.jobs,
            Tracked::ReplicaSets => &mut self.replica_sets,
            Tracked::Pods => &mut self.pods,
            Tracked::Events => &mut self.events,
            Tracked::Claims => &mut self.claims,
            Tracked::EndpointSlices => &mut self.slices,
            Tracked::ApiServices => &mut self.api_services,
            Tracked::Nodes => &mut self.nodes,
        }
    }

    /// Takes an object in under its key ([`key_of`]); what was there is replaced.
    pub fn put(&mut self, tracked: Tracked, key: String, object: &Value) {
        self.table(tracked).put(key, object);
    }

    /// Takes out what is under this key ([`key_of`]), if anything is.
    pub(crate) fn remove(&mut self, tracked: Tracked, key: &str) {
        self.table(tracked).take_out(key);
    }

    /// Drops all objects of a kind but these: what a fresh list does not have is gone.
    pub fn keep(&mut self, tracked: Tracked, keys: &HashSet<String>) {
        self.table(tracked).keep(keys);
        self.listed.insert(tracked);
    }

    /// Whether every kind has been listed: before, what is not in the picture may be there all the same.
    pub fn is_whole(&self) -> bool {
        Tracked::ALL.iter().all(|tracked| self.listed.contains(tracked))
    }

    /// Notes what a followed object looks like; nothing if it is gone.
    pub fn follow(&mut self, object: &VersionedRef, found: Option<&Value>) {
        match found {
            Some(found) => self.followed.insert(object.clone(), found.clone()),
            None => self.followed.remove(object),
        };
    }

    /// What a followed object looks like; `None` if it is not there or nobody follows it.
    pub(crate) fn followed(&self, object: &VersionedRef) -> Option<&Value> {
        self.followed.get(object)
    }

    /// Asks the cluster for everything once.
    ///
    /// # Errors
    /// The API's, for any of the kinds.
    pub async fn load(client: &Client) -> Result<Self, kube::Error> {
        let params = ListParams::default();
        let lists = Tracked::ALL.map(|tracked| {
            let (api, params) = (tracked.api(client), &params);
            async move { Ok::<_, kube::Error>((tracked, api.list(params).await?)) }
        });
        let mut view = Self::default();
        for (tracked, list) in try_join_all(lists).await? {
            for object in list {
                view.put(tracked, key_of(&object), &to_value(object));
            }
        }
        Ok(view)
    }

    /// The Deployment, StatefulSet, DaemonSet or Job; `None` if it is not there or of another kind.
    pub(crate) fn workload(&self, at: &Ref) -> Option<&Workload> {
        let table = match Tracked::workload(&at.kind)? {
            Tracked::Deployments => &self.deployments,
            Tracked::StatefulSets => &self.stateful_sets,
            Tracked::DaemonSets => &self.daemon_sets,
            _ => &self.jobs,
        };
        table.get(&key(&at.namespace, &at.name))
    }

    /// The APIService of this name, as `v1beta1.metrics.k8s.io`.
    pub(crate) fn api_service(&self, name: &str) -> Option<&Conditioned> {
        self.api_services.get(&key("", name))
    }

    /// Whether a Service has at least one address that answers.
    pub fn has_endpoints(&self, namespace: &str, service: &str) -> bool {
        let of_service = |slice: &&EndpointSlice| slice.metadata.namespace == namespace && slice.service() == service;
        self.slices.values().filter(of_service).any(EndpointSlice::has_ready)
    }

    /// The pods of a workload that are not on their way out, by name.
    pub fn pods_of(&self, workload: &Ref) -> Vec<&Pod> {
        let makers = self.makers(workload);
        let belongs = |pod: &&Pod| {
            let owners = &pod.metadata.owner_references;
            pod.metadata.namespace == workload.namespace
                && pod.is_live()
                && makers.iter().any(|maker| is_owned(owners, &maker.kind, &maker.name))
        };
        let mut pods: Vec<_> = self.pods.values().filter(belongs).collect();
        pods.sort_by(|a, b| a.metadata.name.cmp(&b.metadata.name));
        pods
    }

    /// Workloads with fewer ready pods than they ask for, by the pods themselves: what a status says may be older.
    /// Each as `KIND NAMESPACE/NAME`, sorted.
    pub fn short_of_pods(&self) -> Vec<String> {
        let tables =
            [("Deployment", &self.deployments), ("StatefulSet", &self.stateful_sets), ("DaemonSet", &self.daemon_sets)];
        let mut short = Vec::new();
        for (kind, table) in tables {
            for workload in table.values() {
                let (namespace, name) = (&workload.metadata.namespace, &workload.metadata.name);
                let wanted = match kind {
                    "DaemonSet" => workload.status.desired_number_scheduled,
                    _ => workload.spec.replicas.unwrap_or(1),
                };
                let ready =
                    self.pods_of(&Ref::new("apps", kind, namespace, name)).iter().filter(|pod| pod.is_ready()).count();
                let seen = workload.status.observed_generation >= workload.metadata.generation;
                if !seen || (ready as i64) < wanted {
                    short.push(format!("{kind} {namespace}/{name}"));
                }
            }
        }
        short.sort();
        short
    }

    /// Ready pods that no workload of Kubernetes' own kinds makes: those of operators, and those that people made. Each
    /// as `NAMESPACE/NAME`, sorted.
    pub fn pods_of_others(&self) -> Vec<String> {
        const MAKERS: [&str; 6] = ["ReplicaSet", "StatefulSet", "DaemonSet", "ReplicationController", "Job", "Node"];
        let is_other = |pod: &&Pod| {
            let owners = &pod.metadata.owner_references;
            pod.is_live() && pod.is_ready() && !owners.iter().any(|owner| MAKERS.contains(&owner.kind.as_str()))
        };
        let mut pods: Vec<_> =
            self.pods.values().filter(is_other).map(|pod| key(&pod.metadata.namespace, &pod.metadata.name)).collect();
        pods.sort();
        pods
    }

    /// Pods that are told to run since before that time, each as `NAMESPACE/NAME`: their node has started since, and its
    /// kubelet has not come to them yet.
    pub fn started_before(&self, time: OffsetDateTime) -> Vec<String> {
        let runs_since = |status: &ContainerStatus| parse_time(status.state.running.as_ref()?.started_at.as_deref()?);
        let is_old = |pod: &&Pod| {
            let since = pod.status.container_statuses.iter().filter_map(runs_since);
            pod.is_live() && since.into_iter().any(|since| since < time)
        };
        let mut pods: Vec<_> =
            self.pods.values().filter(is_old).map(|pod| key(&pod.metadata.namespace, &pod.metadata.name)).collect();
        pods.sort();
        pods
    }
}

impl Cluster for View {
    fn events_of(&self, at: &Ref) -> Vec<Cow<'_, Event>> {
        let concerns = |event: &&Event| {
            let object = &event.involved_object;
            object.kind == at.kind && object.namespace == at.namespace && object.name == at.name
        };
        let mut events: Vec<_> = self.events.values().filter(concerns).collect();
        events.sort_by(|a, b| b.time().cmp(a.time()));
        events.into_iter().map(Cow::Borrowed).collect()
    }

    fn claim(&self, namespace: &str, name: &str) -> Option<Cow<'_, Claim>> {
        self.claims.get(&key(namespace, name)).map(Cow::Borrowed)
    }

    fn nodes(&self) -> Vec<Cow<'_, Node>> {
        self.nodes.values().map(Cow::Borrowed).collect()
    }

    fn pods(&self) -> Vec<Cow<'_, Pod>> {
        self.pods.values().map(Cow::Borrowed).collect()
    }

    fn makers(&self, workload: &Ref) -> Vec<Ref> {
        let Ref { kind, namespace, name, .. } = workload;
        if kind != "Deployment" {
            return vec![workload.clone()];
        }
        let owned = self
            .replica_sets
            .values()
            .filter(|set| set.metadata.namespace == *namespace && is_owned(&set.metadata.owner_references, kind, name));
        owned.map(|set| Ref::new("apps", "ReplicaSet", namespace, &set.metadata.name)).collect()
    }

    fn log(&self, _: &Ref, _: &str) -> Cow<'_, str> {
        // Nobody fetches logs to judge by: those that are told are fetched afterwards.
        Cow::Borrowed("")
    }
}

fn is_owned(owners: &[OwnerReference], kind: &str, name: &str) -> bool {
    owners.iter().any(|owner| owner.kind == kind && owner.name == name)
}

fn key(namespace: &str, name: &str) -> String {
    format!("{namespace}/{name}")
}

/// The key under which an object is kept.
pub fn key_of(object: &DynamicObject) -> String {
    key(object.metadata.namespace.as_deref().unwrap_or_default(), &object.name_any())
}

/// The object as JSON again, without the bulky part of its metadata.
pub fn to_value(mut object: DynamicObject) -> Value {
    object.metadata.managed_fields = None;
    object.metadata.annotations = None;
    serde_json::to_value(object).unwrap_or_default()
}

#[cfg(test)]
impl View {
    /// A picture of these objects, for tests.
    pub fn of(objects: &[Value]) -> Self {
        let mut view = Self::default();
        for object in objects {
            let kind = object["kind"].as_str().expect("a kind");
            let tracked = Tracked::ALL.into_iter().find(|tracked| tracked.gvk().2 == kind);
            let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default();
            view.put(tracked.expect("a tracked kind"), key(text("namespace"), text("name")), object);
        }
        view
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(name: &str, owner: (&str, &str), ready: &str, started: &str) -> Value {
        json!({"kind": "Pod", "metadata": {"name": name, "namespace": "a", "ownerReferences": [{"kind": owner.0, "name": owner.1}]},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": ready}],
                "containerStatuses": [{"name": "c", "state": {"running": {"startedAt": started}}}]}})
    }

    fn set(name: &str, replicas: i64, seen: i64) -> Value {
        json!({"kind": "StatefulSet", "metadata": {"name": name, "namespace": "a", "generation": 2},
            "spec": {"replicas": replicas}, "status": {"observedGeneration": seen, "readyReplicas": replicas, "availableReplicas": replicas}})
    }

    #[test]
    fn pods_count_and_not_what_is_said_of_them() {
        let running = pod("x-0", ("StatefulSet", "x"), "True", "1970-01-01T00:01:00Z");
        let starting = pod("y-0", ("StatefulSet", "y"), "False", "1970-01-01T00:01:00Z");
        let all =
            [set("x", 1, 2), set("y", 1, 2), set("z", 1, 2), set("none", 0, 2), set("unseen", 0, 1), running, starting];
        let short = View::of(&all).short_of_pods();
        assert_eq!(short, ["StatefulSet a/unseen", "StatefulSet a/y", "StatefulSet a/z"]);
    }

    #[test]
    fn pods_of_operators_and_people_are_told_apart() {
        let bare = json!({"kind": "Pod", "metadata": {"name": "bare", "namespace": "a"},
            "status": {"conditions": [{"type": "Ready", "status": "True"}]}});
        let of = |name, kind, ready| pod(name, (kind, "o"), ready, "1970-01-01T00:01:00Z");
        let all =
            [bare, of("db-1", "Cluster", "True"), of("db-2", "Cluster", "False"), of("set-0", "StatefulSet", "True")];
        assert_eq!(View::of(&all).pods_of_others(), ["a/bare", "a/db-1"]);
    }

    #[test]
    fn what_was_told_before_a_node_started_is_known() {
        let view = View::of(&[
            pod("old", ("StatefulSet", "x"), "True", "1970-01-01T00:00:59Z"),
            pod("new", ("StatefulSet", "x"), "True", "1970-01-01T00:01:00Z"),
        ]);
        assert_eq!(view.started_before(OffsetDateTime::from_unix_timestamp(60).expect("a time")), ["a/old"]);
    }

    #[test]
    fn a_picture_is_whole_when_every_kind_was_listed() {
        let mut view = View::default();
        let (last, all) = Tracked::ALL.split_last().expect("kinds");
        all.iter().for_each(|tracked| view.keep(*tracked, &HashSet::new()));
        assert!(!view.is_whole());
        view.keep(*last, &HashSet::new());
        assert!(view.is_whole());
    }
}
