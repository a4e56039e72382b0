//! Tool `find`: things of any kind, those in trouble first.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Things, is_of_catalog};
use crate::answer::{self, Answer, NextCall};
use crate::error::ToolError;
use crate::live::health::{self, Health};
use crate::live::look;
use crate::live::object::{list, name, namespace, short, text};
use crate::live::served::{self, ServedKind};
use crate::live::snapshot::Snapshot;
use crate::live::{apis, target};
use crate::toolset::Call;
use crate::toolsets::catalog::{Item, ListInput};
use crate::toolsets::live::Seen;

/// Rows that are made for one answer; what is behind them has a cursor.
const MOST_ROWS: usize = 400;
/// Characters of the column that says what a thing is, or why it is in trouble.
const ABOUT: usize = 95;
/// Kinds that nobody means who does not name them.
const NOISE: [&str; 6] = ["Event", "EndpointSlice", "ReplicaSet", "ControllerRevision", "Lease", "CompositionRevision"];
const WORKLOADS: [(&str, &str); 5] = [
    ("apps", "Deployment"),
    ("apps", "StatefulSet"),
    ("apps", "DaemonSet"),
    ("batch", "CronJob"),
    ("argoproj.io", "Application"),
];

#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FindInput {
    #[serde(default)]
    /// Platform
    platform: Option<String>,
    /// Any, as App, Pod, hpa, Component, API
    kind: Option<String>,
    /// Only there
    namespace: Option<String>,
    /// In name, image, title
    text: Option<String>,
    /// As `a=b,c`
    label: Option<String>,
    /// Group or user
    owner: Option<String>,
    /// Only what is in trouble
    #[serde(default)]
    unhealthy: bool,
    cursor: Option<String>,
}

#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct Found {
    total: usize,
    /// How many of each kind.
    kinds: BTreeMap<String, usize>,
    items: Vec<Row>,
    /// What could not be looked at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<String>,
}

/// One thing.
#[derive(Debug, Default, PartialEq, Serialize, JsonSchema)]
struct Row {
    entity: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    health: Option<Health>,
    #[serde(skip_serializing_if = "String::is_empty")]
    owner: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    image: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    age: String,
    /// Why it is in trouble; of what is not, what it is.
    #[serde(skip_serializing_if = "String::is_empty")]
    about: String,
}

impl FindInput {
    fn fits(&self, snapshot: &Snapshot, object: &Value) -> bool {
        let wanted = self.text.as_deref().map(str::to_lowercase).filter(|text| !text.is_empty());
        let says = |wanted: &String| {
            name(object).to_lowercase().contains(wanted)
                || look::images(snapshot, object).iter().any(|image| image.to_lowercase().contains(wanted))
        };
        self.namespace.as_deref().is_none_or(|place| place == namespace(object))
            && self.label.as_deref().is_none_or(|labels| look::has_labels(object, labels))
            && wanted.as_ref().is_none_or(says)
    }

    /// Whether only the cluster can have what is wanted.
    fn is_of_cluster(&self) -> bool {
        self.label.is_some() || self.unhealthy
    }
}

impl Things {
    pub(super) async fn find(self: Arc<Self>, input: FindInput, call: Call) -> Result<Answer<Found>, ToolError> {
        let from = answer::offset(input.cursor.as_deref())?;
        let seen = self.look(input.platform.as_deref()).await?;
        let of_catalog = input.kind.as_deref().is_some_and(is_of_catalog);
        let mut rows = match &seen {
            Some(seen) if !of_catalog || is_api(&input) => self.of_cluster(seen, &input).await?,
            _ => Vec::new(),
        };
        let mut problems = Vec::new();
        if (of_catalog || input.kind.is_none()) && !input.is_of_cluster() {
            let (more, troubled) = self.of_catalog(&input, seen.is_some(), call.max_tokens)?;
            rows.extend(more);
            problems = troubled;
        }
        if rows.is_empty() && seen.is_none() && !of_catalog && input.kind.is_some() {
            return Err(ToolError::unavailable("no platform runs: only kinds of the catalog can be listed")
                .hint("Bring one up with `backstack up`; or leave `kind` out for what the catalog has."));
        }
        if let Some(seen) = &seen {
            problems.extend(unreadable(&seen.snapshot, input.kind.as_deref()));
        }
        let answer = told(rows, from, problems);
        Ok(match seen {
            Some(seen) => answer.about(seen.platform()),
            None => answer,
        })
    }

    async fn of_cluster(&self, seen: &Seen, input: &FindInput) -> Result<Vec<Row>, ToolError> {
        let snapshot = &seen.snapshot;
        if is_api(input) {
            return Ok(apis::rows(snapshot).into_iter().filter(|api| matches_api(input, api)).map(api).collect());
        }
        let listed;
        let objects: Vec<&Value> = match input.kind.as_deref() {
            None => outstanding(snapshot, input),
            Some(word) => {
                let kinds = seen.cluster.kinds().await?;
                let kind = served_kind(seen.platform(), &kinds, word)?;
                if snapshot.has_kind(&kind.group, &kind.kind) {
                    snapshot.all(&kind.group, &kind.kind).collect()
                } else if kind.group.is_empty() && kind.kind == "Secret" {
                    return Err(secrets());
                } else {
                    listed = seen.cluster.list(kind, input.namespace.as_deref()).await?;
                    listed.iter().collect()
                }
            }
        };
        let fitting = objects.into_iter().filter(|object| input.fits(snapshot, object));
        let rows = fitting.map(|object| self.row(snapshot, object)).filter(|row| {
            let in_trouble = row.health.is_some_and(|health| health < Health::Present);
            (!input.unhealthy || in_trouble) && input.owner.as_deref().is_none_or(|owner| is_owner(&row.owner, owner))
        });
        Ok(rows.collect())
    }

    fn row(&self, snapshot: &Snapshot, object: &Value) -> Row {
        let (health, why) = health::of(snapshot, object);
        let (health, why) = match look::deleting(object) {
            Some((since, waits)) => {
                (Health::Progressing, format!("being deleted since {since}, waits for {}", waits.join(", ")))
            }
            None => (health, why),
        };
        Row {
            entity: target::typed_form(object),
            health: Some(health),
            owner: self.owner(snapshot, object),
            image: look::images(snapshot, object).join(", "),
            age: look::age(snapshot, object),
            about: short(if why.is_empty() { look::description(object) } else { &why }, ABOUT),
        }
    }

    fn of_catalog(
        &self,
        input: &FindInput,
        live: bool,
        max_tokens: usize,
    ) -> Result<(Vec<Row>, Vec<String>), ToolError> {
        let kind = input.kind.as_deref().map(|kind| {
            let kind = kind.to_lowercase();
            kind.strip_suffix('s').map(Into::into).unwrap_or(kind)
        });
        if self.catalog.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        let question = ListInput {
            kind,
            namespace: input.namespace.clone(),
            owner: input.owner.clone(),
            text: input.text.clone(),
            ..ListInput::default()
        };
        // All of them, so that pages count on: an item is small.
        let found = self.catalog.list(&question, max_tokens.max(answer::MOST_TOKENS))?;
        let facts = found.into_facts();
        // What stands for a thing in the cluster is told from there.
        let is_told = |item: &Item| {
            live && self.catalog.entity(&item.reference).is_some_and(|entity| entity.origin.starts_with("cluster "))
        };
        let rows = facts.items.into_iter().filter(|item| !is_told(item) || input.kind.is_some() && !is_api(input));
        let rows = rows.map(|item| Row {
            entity: item.reference,
            owner: item.owner.unwrap_or_default(),
            about: short(
                &[item.title, item.kind_type, item.description]
                    .iter()
                    .filter(|part| !part.is_empty())
                    .cloned()
                    .collect::<Vec<_>>()
                    .join(", "),
                ABOUT,
            ),
            ..Row::default()
        });
        Ok((rows.collect(), facts.problems))
    }
}

fn is_api(input: &FindInput) -> bool {
    input.kind.as_deref().is_some_and(|kind| matches!(kind.to_lowercase().as_str(), "api" | "apis"))
}

fn matches_api(input: &FindInput, api: &apis::ApiRow) -> bool {
    let wanted = input.text.as_deref().unwrap_or_default().to_lowercase();
    format!("{} {}", api.kind, api.description).to_lowercase().contains(&wanted) && !input.is_of_cluster()
}

fn api(api: apis::ApiRow) -> Row {
    let about = format!("{}, {}, {} made; {}", api.api_version, api.scope, api.resources, api.description);
    let health = if api.established { Health::Healthy } else { Health::Progressing };
    Row { entity: format!("API:{}", api.kind), health: Some(health), about: short(&about, ABOUT), ..Row::default() }
}

/// What people mean who name no kind: what was ordered, and workloads and applications that stand alone. With a text, a
/// label or trouble to look for: all kinds but noise.
fn outstanding<'a>(snapshot: &'a Snapshot, input: &FindInput) -> Vec<&'a Value> {
    let composites: BTreeSet<_> =
        snapshot.composite_kinds().iter().map(|kind| (kind.group.to_string(), kind.kind.to_string())).collect();
    let is_wide = input.text.is_some() || input.is_of_cluster();
    let kinds = snapshot.tables().filter(|((group, kind), _)| {
        let is_noise = NOISE.contains(&kind.as_str()) || kind.ends_with("Report");
        match is_wide {
            true => !is_noise,
            false => {
                composites.contains(&(group.clone(), kind.clone()))
                    || WORKLOADS.contains(&(group.as_str(), kind.as_str()))
            }
        }
    });
    let objects = kinds.flat_map(|(_, table)| table.values()).map(AsRef::as_ref);
    objects.filter(|object| is_wide || list(object, "/metadata/ownerReferences").is_empty()).collect()
}

/// A kind that the cluster serves.
///
/// # Errors
/// It serves none of this name.
pub(super) fn served_kind<'a>(
    platform: &str,
    kinds: &'a [ServedKind],
    word: &str,
) -> Result<&'a ServedKind, ToolError> {
    served::find(kinds, word).ok_or_else(|| {
        ToolError::not_found(format!("platform `{platform}` has no kind {}", crate::error::quoted(word)))
            .candidates(served::near(kinds, word))
            .next(NextCall::new("find", json!({"kind": "API"}), "the platform's own APIs"))
    })
}

pub(super) fn secrets() -> ToolError {
    ToolError::new(crate::error::ErrorKind::Forbidden, "Secrets are never read, not even which ones there are")
        .hint("What refers to one tells its name and keys; whether it is there, `diagnose` sees by what waits for it.")
}

fn is_owner(owner: &str, wanted: &str) -> bool {
    let wanted = wanted.to_lowercase();
    owner == wanted
        || owner.rsplit(['/', ':']).next() == wanted.rsplit(['/', ':']).next()
            && (!wanted.contains(':') || owner.ends_with(&wanted))
}

fn unreadable(snapshot: &Snapshot, word: Option<&str>) -> Vec<String> {
    let wanted = word.map(str::to_lowercase);
    let fits = |kind: &str| wanted.as_deref().is_none_or(|wanted| kind.to_lowercase() == wanted.trim_end_matches('s'));
    snapshot
        .unreadable()
        .filter(|((_, kind), _)| fits(kind))
        .map(|((_, kind), why)| format!("{kind}: {}", short(why, 100)))
        .collect()
}

/// In trouble first; then by kind and name.
fn told(mut rows: Vec<Row>, from: usize, problems: Vec<String>) -> Answer<Found> {
    let trouble = |row: &Row| row.health.filter(|health| *health < Health::Present);
    rows.sort_by(|a, b| {
        let key = |row: &Row| trouble(row).map_or(2, |health| usize::from(health != Health::Degraded));
        (key(a), &a.entity).cmp(&(key(b), &b.entity))
    });
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for row in &rows {
        let kind = row.entity.split(':').next().unwrap_or_default();
        *kinds.entry(kind.into()).or_default() += 1;
    }
    let worst = rows.first().filter(|row| trouble(row).is_some()).map(|row| row.entity.clone());
    let total = rows.len();
    let items = rows.into_iter().skip(from).take(MOST_ROWS).collect();
    let answer = Answer::new(Found { total, kinds, items, problems }).page("items", from, total);
    match worst {
        Some(entity) => {
            answer.next(NextCall::new("diagnose", json!({"entity": entity}), "why the first is in trouble"))
        }
        None if total == 0 => answer.next(NextCall::new("find", json!({}), "what there is, without filters")),
        None => answer,
    }
}

/// Objects that a text names, of a kind that may not be kept.
pub(super) fn is_called(object: &Value, wanted: &target::Query) -> bool {
    name(object) == wanted.name
        && wanted.namespace.as_deref().is_none_or(|place| place == text(object, "/metadata/namespace"))
}
