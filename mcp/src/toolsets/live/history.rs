//! Tool `history`: what changed, when, and by whom, in Git and in the cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use super::Seen;
use super::platform::PlatformTools;
use crate::answer::{self, Answer};
use crate::error::{ToolError, quoted};
use crate::live::changes::forge::{Forge, OWNER, RESOURCES, repository_of};
use crate::live::diagnose::walk_of;
use crate::live::gitops;
use crate::live::look;
use crate::live::moment;
use crate::live::object::{COMPONENT, Ref, annotation, label, list, short, text};
use crate::live::owners;
use crate::live::policy::last_change;
use crate::live::snapshot::Snapshot;
use crate::live::target::{typed, typed_form};
use crate::ports::PortError;
use crate::toolset::Call;

/// How far back, if nobody says.
const USUAL: &str = "1d";
const MOST_ROWS: usize = 300;
const SUMMARY: usize = 160;
/// Who makes an object may write it more than once.
const MAKING: Duration = Duration::seconds(5);
/// How the tools that people change objects with by hand call themselves.
const BY_HAND: &str = "kubectl";
/// Who made such things.
const INSTALLER: &str = "backstack up";
/// Letters of a commit that tell it from others.
const SHORT_COMMIT: usize = 10;

#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HistoryInput {
    #[serde(default)]
    /// Platform
    platform: Option<String>,
    /// A thing, with all that belongs to it
    entity: Option<String>,
    /// Only there
    namespace: Option<String>,
    /// `10m` or RFC 3339; a day
    since: Option<String>,
    cursor: Option<String>,
}

#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct History {
    since: String,
    total: usize,
    /// The newest first.
    changes: Vec<Change>,
    /// What could not be asked, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_seen: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum What {
    Commit,
    Merge,
    Sync,
    Rollout,
    Created,
    /// By a person's hand, past Git.
    Edited,
    Deleting,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
struct Change {
    time: String,
    what: What,
    /// Who did it, so far as anybody wrote it down.
    who: String,
    /// What it happened to: an object, or a repository.
    entity: String,
    summary: String,
}

/// What is asked about.
struct Scope {
    since: OffsetDateTime,
    namespace: Option<String>,
    /// Objects that belong to the thing; nothing if all count.
    members: Option<BTreeSet<Ref>>,
    /// Files in Git that belong to it: beginnings or ends of paths, by repository.
    files: BTreeSet<(String, String)>,
}

impl Scope {
    fn of(seen: &Seen, input: &HistoryInput) -> Result<Self, ToolError> {
        let now = seen.snapshot.moment();
        let typed = input.since.as_deref().filter(|typed| !typed.is_empty()).unwrap_or(USUAL);
        let since = moment::parse(typed, now).ok_or_else(|| {
            ToolError::invalid(format!("`since` is no time: {}", quoted(typed)))
                .hint(format!("Write it {}.", moment::FORMS))
        })?;
        let mut members = None;
        if let Some(entity) = &input.entity {
            let found = seen.resolve(entity)?;
            members =
                Some(walk_of(&seen.snapshot, &found).steps.into_iter().map(|step| step.at).collect::<BTreeSet<_>>());
        }
        let mut scope = Self { since, namespace: input.namespace.clone(), members, files: BTreeSet::new() };
        let applications = gitops::applications(&seen.snapshot).filter(|application| scope.has(application));
        let files = applications.flat_map(gitops::sources).filter_map(|source| {
            let include = source.include.trim_start_matches('*');
            let path = source.path.trim_matches(['.', '/']);
            let file = if include.is_empty() { format!("{path}/") } else { format!("{path}/{include}") };
            Some((repository_of(&source.repository)?, file.trim_start_matches('/').to_string()))
        });
        scope.files = files.collect();
        Ok(scope)
    }

    fn has(&self, object: &Value) -> bool {
        let at = Ref::of(object);
        let place = match at.kind.as_str() {
            "Application" => text(object, "/spec/destination/namespace"),
            "Namespace" => &at.name,
            _ => &at.namespace,
        };
        self.namespace.as_deref().is_none_or(|wanted| wanted == place)
            && self.members.as_ref().is_none_or(|members| members.contains(&at))
    }

    fn is_all(&self) -> bool {
        self.namespace.is_none() && self.members.is_none()
    }

    /// Whether a file of a repository belongs to what is asked about.
    fn has_file(&self, repository: &str, file: &str) -> bool {
        let from_sources =
            self.files.iter().any(|(of, path)| of == repository && !path.is_empty() && file.starts_with(path));
        let place = self.namespace.as_deref().is_some_and(|place| file.starts_with(&format!("{place}/")));
        // A thing that is not there any more, or not yet, has no application: its file is named after it.
        let named = self
            .members
            .iter()
            .flatten()
            .any(|at| file.ends_with(&format!("{}/{}/{}.yaml", at.namespace, at.kind.to_lowercase(), at.name)));
        self.is_all() || from_sources || place || named
    }

    fn is_recent(&self, time: &str) -> bool {
        moment::parse(time, self.since).is_some_and(|time| time >= self.since)
    }
}

impl PlatformTools {
    pub(super) async fn history(self: Arc<Self>, input: HistoryInput, _: Call) -> Result<Answer<History>, ToolError> {
        let seen = self.0.look(input.platform.as_deref()).await?;
        let from = answer::offset(input.cursor.as_deref())?;
        let scope = Scope::of(&seen, &input)?;
        let mut not_seen = Vec::new();
        let (mut changes, authors) = in_git(&seen, &scope, &mut not_seen).await;
        changes.extend(syncs(&seen.snapshot, &scope, &authors));
        changes.extend(installed_once(in_cluster(&seen.snapshot, &scope)));
        changes.extend(by_hand(&seen.snapshot, &scope));
        match revisions(&seen, &scope).await {
            Ok(revisions) => changes.extend(rollouts(&seen.snapshot, &scope, &revisions)),
            Err(error) => not_seen.push(format!("rollouts of StatefulSets and DaemonSets: {}", error.message)),
        }
        changes.sort_by(|a, b| (&b.time, &a.what, &a.entity).cmp(&(&a.time, &b.what, &b.entity)));
        changes.dedup();
        let total = changes.len();
        let changes = changes.into_iter().skip(from).take(MOST_ROWS).collect();
        let facts = History { since: moment::told(scope.since), total, changes, not_seen };
        Ok(Answer::new(facts).about(seen.platform()).page("changes", from, total))
    }
}

/// Commits and merges, and who wrote each commit.
async fn in_git(seen: &Seen, scope: &Scope, not_seen: &mut Vec<String>) -> (Vec<Change>, BTreeMap<String, String>) {
    let (mut changes, mut authors) = (Vec::new(), BTreeMap::new());
    let forge = match seen.cluster.git().await {
        Ok(server) => Forge::new(server),
        Err(error) => {
            not_seen.push(format!("Git: {}", error.message));
            return (changes, authors);
        }
    };
    let mut repositories: BTreeSet<_> = gitops::applications(&seen.snapshot)
        .flat_map(gitops::sources)
        .filter_map(|source| repository_of(&source.repository))
        .collect();
    repositories.insert(format!("{OWNER}/{RESOURCES}"));
    let since = moment::told(scope.since);
    let (forge, since) = (&forge, since.as_str());
    let asked = repositories.iter().map(|repository| async move {
        let (commits, pulls) = futures::join!(forge.commits(repository, since), forge.closed(repository));
        (repository, commits, pulls)
    });
    for (repository, commits, pulls) in futures::future::join_all(asked).await {
        let mut of_pulls = BTreeSet::new();
        match (commits, pulls) {
            (Ok(commits), Ok(pulls)) => {
                let own: Vec<_> = commits.iter().filter(|commit| touches(scope, repository, commit)).collect();
                for pull in pulls.iter().filter(|pull| scope.is_recent(text(pull, "/merged_at"))) {
                    let commit = text(pull, "/merge_commit_sha");
                    // A merge counts if its commit does; one that the list does not reach counts if all do.
                    if own.iter().any(|known| text(known, "/sha") == commit) || scope.is_all() {
                        changes.push(merged(repository, pull));
                        of_pulls.insert(commit.to_string());
                    }
                }
                authors.extend(commits.iter().map(|commit| (text(commit, "/sha").to_string(), author(commit))));
                let alone = own.into_iter().filter(|commit| !of_pulls.contains(text(commit, "/sha")));
                changes.extend(alone.map(|commit| committed(repository, commit)));
            }
            (Err(error), _) | (_, Err(error)) => not_seen.push(error.message),
        }
    }
    (changes, authors)
}

fn touches(scope: &Scope, repository: &str, commit: &Value) -> bool {
    let files = list(commit, "/files");
    scope.is_all() || files.iter().any(|file| scope.has_file(repository, text(file, "/filename")))
}

/// The account, or the name that the commit has.
fn author(commit: &Value) -> String {
    let account = text(commit, "/author/login");
    if account.is_empty() { text(commit, "/commit/author/name").into() } else { account.into() }
}

fn committed(repository: &str, commit: &Value) -> Change {
    let files: Vec<_> = list(commit, "/files").iter().map(|file| text(file, "/filename")).collect();
    let shown = match files.as_slice() {
        [] => String::new(),
        [first] => format!(" ({first})"),
        [first, rest @ ..] => format!(" ({first} and {} more)", rest.len()),
    };
    let title = text(commit, "/commit/message").lines().next().unwrap_or_default();
    Change {
        time: utc(text(commit, "/commit/author/date")),
        what: What::Commit,
        who: author(commit),
        entity: repository.into(),
        summary: short(&format!("{}: {title}{shown}", commit_name(text(commit, "/sha"))), SUMMARY),
    }
}

fn merged(repository: &str, pull: &Value) -> Change {
    let (by, who) = (text(pull, "/merged_by/login"), text(pull, "/user/login"));
    let told = if by == who || by.is_empty() { who.to_string() } else { format!("{who}, merged by {by}") };
    let number = crate::live::object::number(pull, "/number");
    Change {
        time: utc(text(pull, "/merged_at")),
        what: What::Merge,
        who: told,
        entity: repository.into(),
        summary: short(&format!("#{number} {}", text(pull, "/title")), SUMMARY),
    }
}

/// Git servers write the zone of whoever committed.
fn utc(time: &str) -> String {
    moment::parse(time, OffsetDateTime::UNIX_EPOCH).map_or_else(|| time.into(), moment::told)
}

fn commit_name(sha: &str) -> &str {
    sha.get(..SHORT_COMMIT).unwrap_or(sha)
}

/// What Argo CD brought into the cluster.
fn syncs(snapshot: &Snapshot, scope: &Scope, authors: &BTreeMap<String, String>) -> Vec<Change> {
    let mut changes = Vec::new();
    for application in gitops::applications(snapshot).filter(|application| scope.has(application)) {
        let by = |place: &Value, revision: &str| {
            let user = text(place, "/initiatedBy/username");
            let author = authors.get(revision).map(|author| format!(", commit by {author}")).unwrap_or_default();
            if user.is_empty() { format!("Argo CD{author}") } else { format!("{user}{author}") }
        };
        for entry in
            list(application, "/status/history").iter().filter(|entry| scope.is_recent(text(entry, "/deployedAt")))
        {
            let revision = text(entry, "/revision");
            changes.push(Change {
                time: text(entry, "/deployedAt").into(),
                what: What::Sync,
                who: by(entry, revision),
                entity: typed_form(application),
                summary: format!("synced to {}", commit_name(revision)),
            });
        }
        let last = application.pointer("/status/operationState").unwrap_or(&Value::Null);
        let failed = matches!(text(last, "/phase"), "Failed" | "Error");
        if failed && scope.is_recent(text(last, "/finishedAt")) {
            let revision = text(last, "/syncResult/revision");
            changes.push(Change {
                time: text(last, "/finishedAt").into(),
                what: What::Sync,
                who: by(last.get("operation").unwrap_or(&Value::Null), revision),
                entity: typed_form(application),
                summary: short(&format!("failed at {}: {}", commit_name(revision), text(last, "/message")), SUMMARY),
            });
        }
    }
    changes
}

/// What the installer made, as one change for each of its components: nobody asks for its Deployments one by one.
fn installed_once(changes: Vec<(Option<String>, Change)>) -> Vec<Change> {
    let mut kept = Vec::new();
    let mut installed: BTreeMap<String, (usize, Change)> = BTreeMap::new();
    for (component, change) in changes {
        let Some(component) = component.filter(|_| change.what == What::Created && change.who == INSTALLER) else {
            kept.push(change);
            continue;
        };
        let (count, last) = installed.entry(component).or_insert_with(|| (0, change.clone()));
        *count += 1;
        if change.time > last.time {
            *last = change;
        }
    }
    kept.extend(installed.into_iter().map(|(component, (count, last))| Change {
        entity: format!("component:{component}"),
        summary: format!("{count} of its workloads and namespaces"),
        ..last
    }));
    kept
}

/// Rollouts, and what came and goes, with the component of the platform that it is part of.
fn in_cluster(snapshot: &Snapshot, scope: &Scope) -> Vec<(Option<String>, Change)> {
    let mut changes = Vec::new();
    let sets =
        snapshot.all("apps", "ReplicaSet").filter(|set| scope.is_recent(text(set, "/metadata/creationTimestamp")));
    for set in sets {
        let Some(deployment) = owners::above(snapshot, set).filter(|deployment| scope.has(deployment)) else {
            continue;
        };
        let revision = annotation(set, "deployment.kubernetes.io/revision").unwrap_or("1");
        // The first is told as what was created.
        if revision != "1" {
            let rollout = Change {
                time: text(set, "/metadata/creationTimestamp").into(),
                what: What::Rollout,
                who: in_the_name_of(snapshot, deployment),
                entity: typed_form(deployment),
                summary: short(&format!("revision {revision}: {}", look::images(snapshot, set).join(", ")), SUMMARY),
            };
            changes.push((None, rollout));
        }
    }
    let composites = snapshot.composite_kinds();
    let kinds = composites.iter().map(|kind| (kind.group, kind.kind));
    let kinds =
        kinds.chain([("apps", "Deployment"), ("apps", "StatefulSet"), ("apps", "DaemonSet"), ("", "Namespace")]);
    for object in kinds.flat_map(|(group, kind)| snapshot.all(group, kind)).filter(|object| scope.has(object)) {
        let change = |time: &str, what: What, summary: String| Change {
            time: time.into(),
            what,
            who: in_the_name_of(snapshot, object),
            entity: typed_form(object),
            summary,
        };
        let created = text(object, "/metadata/creationTimestamp");
        // What something else made came with it.
        if list(object, "/metadata/ownerReferences").is_empty() && scope.is_recent(created) {
            let component = label(object, COMPONENT).map(Into::into);
            let mut made = change(created, What::Created, look::images(snapshot, object).join(", "));
            if made.who.is_empty() {
                made.who = made_by_hand(object).unwrap_or_default();
            }
            changes.push((component, made));
        }
        if let Some((since, waits)) = look::deleting(object).filter(|(since, _)| scope.is_recent(since)) {
            changes.push((None, change(&since, What::Deleting, format!("waits for {}", waits.join(", ")))));
        }
    }
    changes
}

/// What StatefulSets and DaemonSets keep of their rollouts.
async fn revisions(seen: &Seen, scope: &Scope) -> Result<Vec<Value>, PortError> {
    let kinds = seen.cluster.kinds().await?;
    match kinds.iter().find(|kind| kind.group == "apps" && kind.kind == "ControllerRevision") {
        Some(kind) => seen.cluster.list(kind, scope.namespace.as_deref()).await,
        None => Ok(Vec::new()),
    }
}

/// Rollouts of StatefulSets and DaemonSets.
fn rollouts(snapshot: &Snapshot, scope: &Scope, revisions: &[Value]) -> Vec<Change> {
    // One that is gone back to gets a new number, and stays as old as it is.
    let recent = revisions.iter().filter(|one| scope.is_recent(last_change(one)));
    let told = recent.filter_map(|one| {
        let set = owners::above(snapshot, one).filter(|set| scope.has(set))?;
        let number = crate::live::object::number(one, "/revision");
        let images = list(one, "/data/spec/template/spec/containers").iter().map(|container| text(container, "/image"));
        let images = images.collect::<Vec<_>>().join(", ");
        // The first is told as what was created.
        (number > 1).then(|| Change {
            time: last_change(one).into(),
            what: What::Rollout,
            who: in_the_name_of(snapshot, set),
            entity: typed_form(set),
            summary: short(&format!("revision {number}: {images}"), SUMMARY),
        })
    });
    told.collect()
}

/// Changes that somebody made with kubectl. The cluster writes down with what, not who.
fn by_hand(snapshot: &Snapshot, scope: &Scope) -> Vec<Change> {
    let mut changes = Vec::new();
    for object in snapshot.everything().filter(|object| text(object, "/kind") != "Event") {
        let writers = list(object, "/metadata/managedFields").iter();
        let created = text(object, "/metadata/creationTimestamp");
        for writer in writers.filter(|writer| text(writer, "/manager").starts_with(BY_HAND)) {
            let (time, manager) = (text(writer, "/time"), text(writer, "/manager"));
            // What it was made with is told as what was created, where that is told.
            if came_with(created, time) || !scope.is_recent(time) || !scope.has(object) {
                continue;
            }
            let git = crate::live::diagnose::applications_of(snapshot, object);
            let past = git.first().map(|one| format!("; {} brings it from Git", typed_form(one))).unwrap_or_default();
            changes.push(Change {
                time: time.into(),
                what: What::Edited,
                who: format!("somebody with {manager}"),
                entity: typed_form(object),
                summary: format!("changed by hand{past}"),
            });
        }
    }
    changes
}

/// Whether a change belongs to the making of an object.
fn came_with(created: &str, time: &str) -> bool {
    let at = |time: &str| moment::parse(time, OffsetDateTime::UNIX_EPOCH);
    at(created).zip(at(time)).is_some_and(|(created, time)| time - created <= MAKING)
}

/// With what somebody has made an object by hand.
fn made_by_hand(object: &Value) -> Option<String> {
    let created = text(object, "/metadata/creationTimestamp");
    let mut writers = list(object, "/metadata/managedFields").iter();
    let maker =
        writers.find(|writer| text(writer, "/time") == created && text(writer, "/manager").starts_with(BY_HAND))?;
    Some(format!("somebody with {}", text(maker, "/manager")))
}

/// The application or resource through which an object was changed: people change those.
fn in_the_name_of(snapshot: &Snapshot, object: &Value) -> String {
    match owners::above(snapshot, object) {
        Some(above) => typed_form(above),
        None => crate::live::diagnose::applications_of(snapshot, object)
            .first()
            .map(|application| typed(&Ref::of(application)))
            .or_else(|| label(object, COMPONENT).map(|_| INSTALLER.into()))
            .unwrap_or_default(),
    }
}
