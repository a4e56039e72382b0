//! What matters of events.

use serde::Deserialize;

use super::Meta;

/// An event, of the core group.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Event {
    /// Name, namespace and the time of its creation.
    pub metadata: Meta,
    /// The object that it is about.
    pub involved_object: Involved,
    /// One word for programs, as `FailedScheduling`.
    pub reason: String,
    /// The same for people.
    pub message: String,
    /// When it happened last (RFC 3339); some senders leave it out.
    pub last_timestamp: Option<String>,
    /// When it happened first (RFC 3339), from newer senders.
    pub event_time: Option<String>,
    /// How often it happened; some senders leave it out.
    pub count: Option<i64>,
    /// How often and when it happened again, from newer senders.
    pub series: Option<Series>,
}

/// The object that an event is about.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Involved {
    /// Its kind, as `Pod`.
    pub kind: String,
    /// Its namespace; empty for cluster-wide objects.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The part of it that is meant, as `spec.containers{web}`; empty if it is the whole.
    pub field_path: String,
}

/// An event that happened several times.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Series {
    /// How often so far.
    pub count: i64,
    /// When it happened last (RFC 3339).
    pub last_observed_time: Option<String>,
}

impl Event {
    /// How often it happened.
    pub fn times(&self) -> i64 {
        let series = self.series.as_ref().map_or(1, |series| series.count);
        self.count.unwrap_or(1).max(series).max(1)
    }

    /// When it happened last, as RFC 3339; such texts of UTC sort by time.
    pub fn time(&self) -> &str {
        let series = self.series.as_ref().and_then(|series| series.last_observed_time.as_deref());
        let times = [series, self.last_timestamp.as_deref(), self.event_time.as_deref()];
        times.into_iter().flatten().next().or(self.metadata.creation_timestamp.as_deref()).unwrap_or_default()
    }
}
