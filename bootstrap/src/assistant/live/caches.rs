//! Objects of a cluster in memory, kept up to date by one watch for each kind.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use backstack_mcp::live::kinds::{DEFINES_MORE, KEPT};
use backstack_mcp::live::object::Ref;
use backstack_mcp::live::scrub::scrubbed;
use backstack_mcp::live::snapshot::{Kind, Snapshot, Table};
use futures::StreamExt;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::FieldsV1;
use kube::api::{Api, ApiResource, DynamicObject};
use kube::core::PartialObjectMeta;
use kube::discovery::Scope;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Config, Event, watcher};
use kube::{Client, Discovery};
use serde_json::Value;
use tokio::sync::{Notify, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep, timeout_at};

/// Longest wait for the first lists.
const FIRST_LISTS: Duration = Duration::from_secs(10);
/// New kinds come in showers.
const SHOWER: Duration = Duration::from_millis(300);

/// How far the watch of a kind is.
#[derive(Debug, Clone, PartialEq)]
enum Progress {
    Listing,
    Listed,
    /// Not listed yet, and why.
    Failed(String),
}

/// A kind as the cluster serves it.
#[derive(Debug, Clone)]
pub(super) struct Served {
    pub resource: ApiResource,
    pub namespaced: bool,
}

impl Served {
    /// Its API in a namespace, if it has namespaces.
    pub(super) fn api(&self, client: &Client, namespace: &str) -> Api<DynamicObject> {
        match (self.namespaced, namespace) {
            (false, _) => Api::all_with(client.clone(), &self.resource),
            (true, "") => Api::default_namespaced_with(client.clone(), &self.resource),
            (true, namespace) => Api::namespaced_with(client.clone(), namespace, &self.resource),
        }
    }
}

#[derive(Default)]
struct State {
    snapshot: Snapshot,
    progress: BTreeMap<Kind, Progress>,
    /// Every kind that the cluster serves, and whether it has namespaces; empty until it was asked once.
    served: BTreeMap<Kind, Served>,
}

struct Shared {
    state: RwLock<State>,
    changes: watch::Sender<u64>,
    /// The kinds to keep may have changed.
    look_again: Notify,
}

impl Shared {
    fn change(&self, act: impl FnOnce(&mut State)) {
        act(&mut self.state.write().unwrap_or_else(PoisonError::into_inner));
        self.changes.send_modify(|count| *count += 1);
    }

    fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The caches of one cluster. Dropping them ends the watches.
pub(super) struct Caches {
    shared: Arc<Shared>,
    _tasks: Mutex<JoinSet<()>>,
}

impl Caches {
    /// Starts watching.
    pub(super) fn start(client: &Client, platform: &str) -> Self {
        let state = State { snapshot: Snapshot::of(platform, []), ..State::default() };
        let shared =
            Arc::new(Shared { state: RwLock::new(state), changes: watch::Sender::new(0), look_again: Notify::new() });
        let mut tasks = JoinSet::new();
        tasks.spawn(oversee(client.clone(), shared.clone()));
        tasks.spawn(await_definitions(client.clone(), shared.clone()));
        Self { shared, _tasks: Mutex::new(tasks) }
    }

    /// Everything that is kept; waits for the first lists, but not for ever.
    pub(super) async fn snapshot(&self) -> Snapshot {
        let deadline = Instant::now() + FIRST_LISTS;
        let mut changes = self.shared.changes.subscribe();
        loop {
            if self.shared.read(is_listed) || timeout_at(deadline, changes.changed()).await.is_err() {
                return self.shared.read(with_failures);
            }
        }
    }

    /// How the cluster serves a kind; [`Caches::snapshot`] has waited until that is known.
    pub(super) fn served(&self, group: &str, kind: &str) -> Option<Served> {
        self.shared.read(|state| state.served.get(&(group.to_string(), kind.to_string())).cloned())
    }

    /// Every kind that the cluster serves.
    pub(super) fn kinds(&self) -> Vec<Served> {
        self.shared.read(|state| state.served.values().cloned().collect())
    }

    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.shared.changes.subscribe()
    }
}

/// Whether all first lists have come, those too of kinds that only the list of definitions told of.
fn is_listed(state: &State) -> bool {
    let is_watched = |kind| state.progress.contains_key(kind);
    !state.served.is_empty()
        && !state.progress.values().any(|it| *it == Progress::Listing)
        && kept(&state.served, &state.snapshot).keys().all(is_watched)
}

fn with_failures(state: &State) -> Snapshot {
    let mut snapshot = state.snapshot.clone();
    for (kind, progress) in &state.progress {
        match progress {
            Progress::Failed(why) => snapshot.mark_unreadable(kind.clone(), why.clone()),
            Progress::Listing => snapshot.mark_unreadable(kind.clone(), "its first list has not come yet"),
            Progress::Listed => {}
        }
    }
    snapshot
}

/// Starts and ends watches as the kinds to keep come and go.
async fn oversee(client: Client, shared: Arc<Shared>) {
    let mut running: BTreeMap<Kind, AbortHandle> = BTreeMap::new();
    let mut tasks = JoinSet::new();
    loop {
        match served(&client).await {
            Ok(served) => {
                let kept = shared.read(|state| kept(&served, &state.snapshot));
                running.retain(|kind, task| {
                    let stays = kept.contains_key(kind);
                    if !stays {
                        task.abort();
                        shared.change(|state| forget(state, kind));
                    }
                    stays
                });
                let new: Vec<_> = kept.into_iter().filter(|(kind, _)| !running.contains_key(kind)).collect();
                shared.change(|state| {
                    state.progress.extend(new.iter().map(|(kind, _)| (kind.clone(), Progress::Listing)));
                    state.served = served;
                });
                for (kind, resource) in new {
                    let task = keep_up(client.clone(), kind.clone(), resource, shared.clone());
                    running.insert(kind, tasks.spawn(task));
                }
                shared.look_again.notified().await;
                sleep(SHOWER).await;
            }
            // What a cluster that is away serves cannot be watched: asking again is all there is.
            Err(_) => sleep(Duration::from_secs(1)).await,
        }
    }
}

fn forget(state: &mut State, kind: &Kind) {
    state.progress.remove(kind);
    state.snapshot.drop_kind(kind);
}

/// Everything that the cluster serves, each kind in its own most stable version: a group may have a newer version that
/// some of its kinds are not in.
async fn served(client: &Client) -> Result<BTreeMap<Kind, Served>, kube::Error> {
    let discovery = Discovery::new(client.clone()).run_aggregated().await?;
    let resources = discovery.groups().flat_map(|group| group.resources_by_stability());
    let served = resources.map(|(resource, able)| {
        let namespaced = able.scope == Scope::Namespaced;
        ((resource.group.clone(), resource.kind.clone()), Served { resource, namespaced })
    });
    Ok(served.collect())
}

/// The kinds to keep among these.
fn kept(served: &BTreeMap<Kind, Served>, snapshot: &Snapshot) -> BTreeMap<Kind, ApiResource> {
    let kinds = snapshot.composite_kinds();
    let composites: BTreeSet<Kind> = kinds.iter().map(|kind| (kind.group.to_string(), kind.kind.to_string())).collect();
    let is_kept = |kind: &Kind| KEPT.contains(&(kind.0.as_str(), kind.1.as_str())) || composites.contains(kind);
    let kept = served.iter().filter(|(kind, _)| is_kept(kind));
    kept.map(|(kind, served)| (kind.clone(), served.resource.clone())).collect()
}

/// Keeps one kind. The watcher comes back by itself after every failure.
async fn keep_up(client: Client, kind: Kind, resource: ApiResource, shared: Arc<Shared>) {
    let api: Api<DynamicObject> = Api::all_with(client, &resource);
    let mut events = std::pin::pin!(watcher(api, Config::default()).default_backoff());
    let mut fresh = Table::new();
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::Init) => fresh.clear(),
            Ok(Event::InitApply(object)) => {
                let object = to_value(object, &resource);
                let at = Ref::of(&object);
                fresh.insert((at.namespace, at.name), Arc::new(scrubbed(object)));
            }
            Ok(Event::InitDone) => {
                let table = Arc::new(std::mem::take(&mut fresh));
                shared.change(|state| {
                    state.snapshot.replace(kind.clone(), table);
                    state.progress.insert(kind.clone(), Progress::Listed);
                });
                defined(&kind, &shared);
            }
            Ok(Event::Apply(object)) => {
                let object = to_value(object, &resource);
                shared.change(|state| state.snapshot.put(object));
                defined(&kind, &shared);
            }
            Ok(Event::Delete(object)) => {
                let at = Ref::of(&to_value(object, &resource));
                shared.change(|state| state.snapshot.remove(&at));
                defined(&kind, &shared);
            }
            Err(error) => failed(&kind, &error, &shared),
        }
    }
}

fn defined(kind: &Kind, shared: &Shared) {
    if (kind.0.as_str(), kind.1.as_str()) == DEFINES_MORE {
        shared.look_again.notify_one();
    }
}

/// What was listed once stays as it was; the pulse tells whether the cluster answers at all.
fn failed(kind: &Kind, error: &watcher::Error, shared: &Shared) {
    let why = crate::error::chain(error).pop().unwrap_or_default();
    let listed = shared.read(|state| state.progress.get(kind) == Some(&Progress::Listed));
    if !listed {
        shared.change(|state| {
            state.progress.insert(kind.clone(), Progress::Failed(why));
        });
    }
    // It may not be served any more.
    shared.look_again.notify_one();
}

/// Definitions come and go with components; only their names are watched.
async fn await_definitions(client: Client, shared: Arc<Shared>) {
    let api: Api<PartialObjectMeta<CustomResourceDefinition>> = Api::all(client);
    let mut events = std::pin::pin!(watcher(api, Config::default()).default_backoff());
    while let Some(event) = events.next().await {
        if matches!(event, Ok(Event::InitDone | Event::Apply(_) | Event::Delete(_))) {
            shared.look_again.notify_one();
        }
    }
}

/// An object as JSON; items of lists leave their own type out.
pub(super) fn to_value(mut object: DynamicObject, resource: &ApiResource) -> Value {
    // Who wrote which fields is the longest part of most objects, and only who and when is of use, and who scales.
    let scales = |fields: &FieldsV1| fields.0.pointer("/f:spec/f:replicas").is_some();
    for entry in object.metadata.managed_fields.iter_mut().flatten() {
        let fields = entry.fields_v1.take().filter(scales);
        entry.fields_v1 = fields.map(|_| FieldsV1(serde_json::json!({"f:spec": {"f:replicas": {}}})));
    }
    object.types =
        Some(kube::core::TypeMeta { api_version: resource.api_version.clone(), kind: resource.kind.clone() });
    serde_json::to_value(object).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use kube::core::GroupVersionKind;
    use serde_json::json;

    use super::*;

    fn kind(group: &str, kind: &str) -> Kind {
        (group.into(), kind.into())
    }

    #[test]
    fn kinds_that_a_definition_tells_of_are_waited_for() {
        let definition = json!({"apiVersion": "apiextensions.crossplane.io/v2", "kind": "CompositeResourceDefinition", "metadata": {"name": "apps.p.dev"},
            "spec": {"group": "p.dev", "scope": "Namespaced", "names": {"kind": "App", "plural": "apps"}, "versions": [{"name": "v1", "referenceable": true}]}});
        let served = |group: &str, version: &str, kind: &str| Served {
            resource: ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind)),
            namespaced: true,
        };
        let (definitions, app) =
            (kind("apiextensions.crossplane.io", "CompositeResourceDefinition"), kind("p.dev", "App"));
        let mut state = State {
            snapshot: Snapshot::of("lab", [definition]),
            progress: [(definitions.clone(), Progress::Listed)].into(),
            served: [
                (definitions.clone(), served(&definitions.0, "v2", &definitions.1)),
                (app.clone(), served("p.dev", "v1", "App")),
            ]
            .into(),
        };
        assert!(!is_listed(&state), "nothing is known of Apps yet");
        state.progress.insert(app.clone(), Progress::Listing);
        assert!(!is_listed(&state));
        state.progress.insert(app, Progress::Listed);
        assert!(is_listed(&state));
    }
}
