//! What matters of events.

use serde::Deserialize;

use super::Meta;

/// An event, of the core group.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Event {
    pub metadata: Meta,
    pub involved_object: Involved,
    pub reason: String,
    pub message: String,
    pub last_timestamp: Option<String>,
    pub event_time: Option<String>,
    pub count: Option<i64>,
    pub series: Option<Series>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Involved {
    pub kind: String,
    pub namespace: String,
    pub name: String,
    pub field_path: String,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Series {
    pub count: i64,
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
