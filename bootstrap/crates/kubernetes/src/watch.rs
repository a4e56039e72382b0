//! One set of watches for a whole cluster, shared by everybody who waits for something in it.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use futures::StreamExt;
use kube::Client;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{Config, Event, watch_object, watcher};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::kinds::Kinds;
use super::object::VersionedRef;
use super::view::{Tracked, View, key_of, to_value};

/// Pause before an unknown kind is looked up again: that it appears cannot be watched.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Keeps a [`View`] up to date from the moment it is started until it is dropped.
pub struct ClusterWatch {
    client: Client,
    shared: Arc<Shared>,
    /// Dropping it ends the watches.
    tasks: Mutex<JoinSet<()>>,
    followed: Mutex<HashSet<VersionedRef>>,
}

struct Shared {
    view: RwLock<View>,
    changes: watch::Sender<u64>,
}

impl Shared {
    fn change(&self, act: impl FnOnce(&mut View)) {
        act(&mut self.view.write().unwrap_or_else(PoisonError::into_inner));
        self.changes.send_modify(|count| *count += 1);
    }
}

impl ClusterWatch {
    /// Starts watching. Must be called within a tokio runtime.
    pub fn start(client: Client) -> Self {
        let shared = Arc::new(Shared { view: RwLock::default(), changes: watch::Sender::new(0) });
        let mut tasks = JoinSet::new();
        for tracked in Tracked::ALL {
            tasks.spawn(keep_up(tracked, client.clone(), shared.clone()));
        }
        Self { client, shared, tasks: Mutex::new(tasks), followed: Mutex::default() }
    }

    /// Looks at the cluster as it is now. Nothing slow may be done inside.
    pub fn read<T>(&self, look: impl FnOnce(&View) -> T) -> T {
        look(&self.shared.view.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Tells of every change; many at once count as one.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.shared.changes.subscribe()
    }

    /// Watches one more object, of any kind, for its conditions.
    pub fn follow(&self, object: &VersionedRef, kinds: Arc<Kinds>) {
        let is_new = self.followed.lock().unwrap_or_else(PoisonError::into_inner).insert(object.clone());
        if is_new {
            let task = keep_following(object.clone(), kinds, self.shared.clone());
            self.tasks.lock().unwrap_or_else(PoisonError::into_inner).spawn(task);
        }
    }

    /// The client that is watched with.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }
}

async fn keep_up(tracked: Tracked, client: Client, shared: Arc<Shared>) {
    let mut events = std::pin::pin!(watcher(tracked.api(&client), Config::default()).default_backoff());
    let mut listed = HashSet::new();
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::Init) => listed.clear(),
            Ok(Event::InitApply(object)) => {
                let key = key_of(&object);
                listed.insert(key.clone());
                shared.change(|view| view.put(tracked, key, &to_value(object)));
            }
            Ok(Event::InitDone) => shared.change(|view| view.keep(tracked, &listed)),
            Ok(Event::Apply(object)) => {
                shared.change(|view| view.put(tracked, key_of(&object), &to_value(object)));
            }
            Ok(Event::Delete(object)) => shared.change(|view| view.remove(tracked, &key_of(&object))),
            // The watcher comes back by itself; until then the picture stays as it was.
            Err(_) => {}
        }
    }
}

async fn keep_following(object: VersionedRef, kinds: Arc<Kinds>, shared: Arc<Shared>) {
    let api = loop {
        match kinds.api(&object).await {
            Ok(api) => break api,
            Err(_) => sleep(LOOK_AGAIN).await,
        }
    };
    let mut states = std::pin::pin!(watch_object(api, &object.name).default_backoff());
    while let Some(state) = states.next().await {
        if let Ok(found) = state {
            let found = found.map(to_value);
            shared.change(|view| view.follow(&object, found.as_ref()));
        }
    }
}
