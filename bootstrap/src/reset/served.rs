//! Whether the API server serves a kind again whose definition was put back.
//!
//! Until it does, it answers as if no object of the kind existed, and controllers believe it.

use std::collections::BTreeSet;

use kube::Client;
use serde_json::Value;

/// Whether objects of all these kinds, each as `GROUP/PLURAL`, can be read.
pub(super) async fn are_all(client: &Client, kinds: &BTreeSet<String>) -> bool {
    if kinds.is_empty() {
        return true;
    }
    // Any error means that it cannot be told yet.
    let Ok(groups) = client.list_api_groups().await else { return false };
    for kind in kinds {
        let Some((name, plural)) = kind.split_once('/') else { return false };
        let Some(group) = groups.groups.iter().find(|group| group.name == name) else { return false };
        let mut is_served = false;
        for version in &group.versions {
            is_served = is_served || answers(client, &version.group_version, plural).await;
        }
        if !is_served {
            return false;
        }
    }
    true
}

async fn answers(client: &Client, version: &str, plural: &str) -> bool {
    let Ok(request) = http::Request::get(format!("/apis/{version}/{plural}?limit=1")).body(Vec::new()) else {
        return false;
    };
    client.request::<Value>(request).await.is_ok()
}
