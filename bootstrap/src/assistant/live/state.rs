//! How the install is, from the caches: the same judgement as `backstack status`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use backstack_mcp::live::diagnose::diagnose;
use backstack_mcp::live::object::{name, namespace};
use backstack_mcp::live::snapshot::Snapshot;
use backstack_mcp::ports::{ComponentState, NodeState, PlatformState, RouteState};
use futures::StreamExt;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Client;
use kube::api::Api;
use kube::runtime::watcher::{Config, watcher};
use kube::runtime::{WatchStreamExt, reflector};
use time::OffsetDateTime;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::kubernetes::blockers::deeper;
use crate::kubernetes::inventory::{self, Entry};
use crate::kubernetes::object::VersionedRef;
use crate::kubernetes::readiness::assess;
use crate::kubernetes::scope::Scope;
use crate::kubernetes::status::{self, Health};
use crate::kubernetes::view::{Tracked, View};
use crate::kubernetes::{Error, SYSTEM_NAMESPACE};
use crate::settings::Record;
use crate::stack::{Stack, StackSource};

const FIRST_LIST: Duration = Duration::from_secs(5);

/// What is installed, kept by a watch.
pub(super) struct Installed {
    maps: reflector::Store<ConfigMap>,
    _task: JoinSet<()>,
}

impl Installed {
    pub(super) fn start(client: &Client, platform: &str) -> Self {
        let (maps, writer) = reflector::store();
        let api: Api<ConfigMap> = Api::namespaced(client.clone(), SYSTEM_NAMESPACE);
        let config = Config::default().labels(&inventory::selector(platform));
        let mut task = JoinSet::new();
        task.spawn(async move {
            let events = watcher(api, config).default_backoff().reflect(writer);
            events.for_each(|_| std::future::ready(())).await;
        });
        Self { maps, _task: task }
    }

    /// The components there are, by name.
    pub(super) async fn entries(&self) -> Result<BTreeMap<String, Entry>, Error> {
        // A platform that `up` has just begun has none: then there is nothing to wait for.
        let _ = timeout(FIRST_LIST, self.maps.wait_until_ready()).await;
        let maps: Vec<Arc<ConfigMap>> = self.maps.state();
        inventory::entries(maps.iter().map(AsRef::as_ref))
    }
}

/// Objects of whatever kind that components wait for.
pub(super) fn awaited(entries: &BTreeMap<String, Entry>) -> Vec<VersionedRef> {
    entries.values().flat_map(|entry| Scope::of_entry(entry).conditions).map(|(object, _)| object).collect()
}

/// Judges everything. `awaited` are the objects of [`awaited`] that are there.
pub(super) fn state(
    snapshot: &Snapshot,
    record: Option<&Record>,
    entries: &BTreeMap<String, Entry>,
    awaited: &[(VersionedRef, serde_json::Value)],
) -> PlatformState {
    let mut view = view_of(snapshot);
    for (object, found) in awaited {
        view.follow(object, Some(found));
    }
    let now = OffsetDateTime::now_utc();
    let mut components: Vec<_> = entries
        .values()
        .map(|entry| status::component(entry, assess(&normalized(entry, awaited), &view, now)))
        .map(|state| component(explained(snapshot, state)))
        .collect();
    let stack = record.and_then(|record| Stack::load_changed(StackSource::named(&record.stack), &record.changes).ok());
    components.extend(stack.iter().flat_map(|stack| to_come(stack, entries)));
    PlatformState {
        url: record.map(|record| record.url.clone()).unwrap_or_default(),
        stack: stack.as_ref().map(|stack| format!("{} {}", stack.name, stack.version)).unwrap_or_default(),
        nodes: nodes(&view),
        routes: stack.iter().flat_map(|stack| routes(stack, record, &view)).collect(),
        components,
    }
}

/// Conditions of cluster-wide objects are looked up without a namespace.
fn normalized(entry: &Entry, awaited: &[(VersionedRef, serde_json::Value)]) -> Scope {
    let mut scope = Scope::of_entry(entry);
    for (object, _) in &mut scope.conditions {
        let is_it = |known: &VersionedRef| known.object == object.within(known.namespaced()).object;
        if let Some((known, _)) = awaited.iter().find(|(known, _)| is_it(known)) {
            *object = known.clone();
        }
    }
    scope
}

fn view_of(snapshot: &Snapshot) -> View {
    let mut view = View::default();
    for tracked in Tracked::ALL {
        let (group, _, kind) = tracked.gvk();
        for object in snapshot.all(group, kind) {
            view.put(tracked, format!("{}/{}", namespace(object), name(object)), object);
        }
    }
    view
}

/// What will not pass by itself, as `diagnose` tells it.
fn explained(snapshot: &Snapshot, state: status::ComponentState) -> status::ComponentState {
    if state.health != Health::Degraded {
        return state;
    }
    let subjects = deeper::subjects(&state.blockers).into_iter();
    let causes = subjects.filter_map(|subject| {
        let diagnosis = diagnose(snapshot, &subject.typed()).ok()?;
        Some((subject, diagnosis.causes.into_iter().next()?))
    });
    let causes: Vec<_> = causes.collect();
    status::ComponentState { blockers: deeper::told(state.blockers, &causes), ..state }
}

fn component(state: status::ComponentState) -> ComponentState {
    let health = match state.health {
        Health::Ready => "ready",
        Health::Progressing => "progressing",
        Health::Degraded => "degraded",
    };
    ComponentState {
        name: state.name,
        version: state.version,
        namespace: state.namespace,
        health: health.into(),
        waits_for: state.blockers.iter().map(ToString::to_string).collect(),
    }
}

/// Components of the stack that `up` has not come to.
fn to_come(stack: &Stack, entries: &BTreeMap<String, Entry>) -> Vec<ComponentState> {
    let missing = stack.components.iter().filter(|component| !entries.contains_key(&component.file.name));
    let states = missing.map(|component| {
        let file = &component.file;
        let needs: Vec<_> = file.depends_on.iter().map(|name| format!("component {name}")).collect();
        let why = match needs.as_slice() {
            [] => "`backstack up` has not come to it yet".to_string(),
            needs => format!("`backstack up` has not come to it yet; it needs {}", needs.join(", ")),
        };
        ComponentState {
            name: file.name.clone(),
            version: file.version.clone(),
            namespace: file.namespace.clone(),
            health: "progressing".into(),
            waits_for: vec![why],
        }
    });
    states.collect()
}

fn nodes(view: &View) -> Vec<NodeState> {
    let nodes = status::nodes(view).into_iter();
    nodes.map(|node| NodeState { name: node.name, ready: node.ready, version: node.version }).collect()
}

fn routes(stack: &Stack, record: Option<&Record>, view: &View) -> Vec<RouteState> {
    let url = record.map(|record| record.url.as_str()).unwrap_or_default();
    let all = stack
        .components
        .iter()
        .flat_map(|component| component.file.routes.iter().map(move |route| (&component.file, route)));
    let states = all.map(|(file, route)| RouteState {
        url: format!("{url}{}", route.path),
        component: file.name.clone(),
        service: format!("{}/{}:{}", file.namespace, route.service, route.port),
        answers: view.has_endpoints(&file.namespace, &route.service),
    });
    states.collect()
}
