//! How far a learner is: a ConfigMap of the platform's own cluster, so that a reset brings it back with all the rest, and
//! the portal can show it.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::Client;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::track::Track;
use crate::kubernetes::{Error, SYSTEM_NAMESPACE};

/// What marks such a ConfigMap.
pub const LABEL: &str = "backstack.dev/workshop";
const PROGRESS: &str = "progress";
/// Field manager.
const MANAGER: &str = "backstack-workshop";

/// How far somebody is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Name of the learner.
    pub learner: String,
    /// Whom of the platform's people somebody is like who learns beside others: the portal lets them in as such.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub like: Option<String>,
    /// Name of the track that is followed.
    pub track: String,
    /// The step that is worked on; it may be among those that are done.
    pub step: String,
    /// When it began, as RFC 3339.
    pub began: String,
    /// What is done, of all tracks, in the order in which it was done.
    pub done: Vec<Done>,
}

/// A step that is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// The track that the step is of, as `developer`.
    pub track: String,
    /// Anchor of the step.
    pub step: String,
    /// When its checks held for the first time, as RFC 3339.
    pub at: String,
}

impl Progress {
    /// At the beginning of a track; what was done of others stays.
    pub fn beginning(learner: &str, track: &Track, had: Option<Self>, now: &str) -> Self {
        let mut progress = had.unwrap_or_default();
        progress.learner = learner.into();
        progress.track.clone_from(&track.name);
        progress.done.retain(|done| done.track != track.name);
        progress.step = track.steps.first().map(|step| step.id.clone()).unwrap_or_default();
        progress.began = now.into();
        progress
    }

    /// Whether a step of the track is done.
    pub fn is_done(&self, step: &str) -> bool {
        self.done.iter().any(|done| done.track == self.track && done.step == step)
    }

    /// Notes that the step that is worked on is done.
    pub fn finish(&mut self, now: &str) {
        if !self.is_done(&self.step) {
            self.done.push(Done { track: self.track.clone(), step: self.step.clone(), at: now.into() });
        }
    }

    /// Goes on to the next step. It began when the one before was done: whoever reads ahead may have begun it already.
    pub fn go_on(&mut self, next: &str, now: &str) {
        let done = self.done.iter().rfind(|done| done.track == self.track && done.step == self.step);
        self.began = done.map_or_else(|| now.into(), |done| done.at.clone());
        self.step = next.into();
    }

    /// The step that is worked on is begun again.
    pub fn begin_again(&mut self, now: &str) {
        let Self { track, step, done, began, .. } = self;
        done.retain(|done| done.track != *track || done.step != *step);
        *began = now.into();
    }

    fn of(data: &BTreeMap<String, String>) -> Option<Self> {
        let text = |key: &str| data.get(key).cloned();
        Some(Self {
            learner: text("learner")?,
            like: text("like"),
            track: text("track")?,
            step: text("step")?,
            began: text("began").unwrap_or_default(),
            done: serde_json::from_str(&text("done").unwrap_or_default()).unwrap_or_default(),
        })
    }

    fn data(&self) -> BTreeMap<String, String> {
        let done = serde_json::to_string(&self.done).expect("plain data is JSON");
        let pairs = [
            ("learner", self.learner.clone()),
            ("track", self.track.clone()),
            ("step", self.step.clone()),
            ("began", self.began.clone()),
            ("done", done),
        ];
        let like = self.like.iter().map(|like| ("like", like.clone()));
        pairs.into_iter().chain(like).map(|(key, value)| (key.to_string(), value)).collect()
    }
}

fn api(client: &Client) -> Api<ConfigMap> {
    Api::namespaced(client.clone(), SYSTEM_NAMESPACE)
}

fn name_of(learner: &str) -> String {
    format!("workshop-{learner}")
}

/// How far a learner is; none who has not begun.
///
/// # Errors
/// The API refuses.
pub async fn read(client: &Client, learner: &str) -> Result<Option<Progress>, Error> {
    let found = api(client).get_opt(&name_of(learner)).await.map_err(Error::request("read how far the course is"))?;
    Ok(found.and_then(|map| map.data).and_then(|data| Progress::of(&data)))
}

/// Everybody who has begun.
///
/// # Errors
/// The API refuses.
pub async fn all(client: &Client) -> Result<Vec<Progress>, Error> {
    let params = ListParams::default().labels(&format!("{LABEL}={PROGRESS}"));
    let found = api(client).list(&params).await.map_err(Error::request("read how far the course is"))?;
    Ok(found.items.into_iter().filter_map(|map| map.data).filter_map(|data| Progress::of(&data)).collect())
}

/// Writes how far a learner is.
///
/// # Errors
/// The API refuses.
pub async fn write(client: &Client, progress: &Progress) -> Result<(), Error> {
    let name = name_of(&progress.learner);
    let object = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": SYSTEM_NAMESPACE, "labels": {LABEL: PROGRESS}},
        "data": progress.data(),
    });
    let applied = api(client).patch(&name, &PatchParams::apply(MANAGER).force(), &Patch::Apply(&object)).await;
    applied.map(drop).map_err(Error::request("write how far the course is"))
}

/// Forgets a learner; whether there was anything to forget.
///
/// # Errors
/// The API refuses.
pub async fn forget(client: &Client, learner: &str) -> Result<bool, Error> {
    match api(client).delete(&name_of(learner), &DeleteParams::default()).await {
        Ok(_) => Ok(true),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(false),
        Err(error) => Err(Error::request("forget how far the course is")(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse::tests::small;
    use super::*;

    #[test]
    fn a_learner_goes_from_step_to_step() {
        let track = small();
        let elsewhere = Done { track: "other".into(), step: "x".into(), at: "1".into() };
        let had = Progress { track: "small".into(), done: vec![elsewhere.clone()], ..Progress::default() };
        let mut progress = Progress::beginning("ada", &track, Some(had), "2026-01-01T00:00:00Z");
        assert_eq!((progress.step.as_str(), progress.done.as_slice()), ("order-an-app", [elsewhere].as_slice()));
        assert!(!progress.is_done("order-an-app"));
        progress.finish("2026-01-01T00:05:00Z");
        progress.finish("2026-01-01T00:09:00Z");
        assert!(progress.is_done("order-an-app") && progress.done.len() == 2);
        progress.go_on("look", "2026-01-01T00:10:00Z");
        assert_eq!((progress.step.as_str(), progress.began.as_str()), ("look", "2026-01-01T00:05:00Z"));
        assert_eq!(Progress::of(&progress.data()), Some(progress.clone()), "what is written can be read");
        progress.go_on("order-an-app", "2026-01-01T00:11:00Z");
        assert_eq!(progress.began, "2026-01-01T00:11:00Z", "the one before was left out");
        let again = Progress::beginning("ada", &track, Some(progress), "2026-01-02T00:00:00Z");
        assert_eq!(again.done.len(), 1, "what was done of this track is begun anew");
    }

    #[test]
    fn what_somebody_else_wrote_is_nobodys_progress() {
        assert_eq!(Progress::of(&BTreeMap::from([("learner".to_string(), "ada".to_string())])), None);
    }
}
