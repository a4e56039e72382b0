//! `stack remove`: one component less, and the platform remembers it.

use std::sync::Arc;
use std::time::{Duration, Instant as Clock};

use serde::Serialize;
use tokio::time::Instant;

use crate::error::{ExitKind, Explain, Failure};
use crate::kubernetes::inventory::{Entry, Inventory};
use crate::kubernetes::object::VersionedRef;
use crate::kubernetes::record;
use crate::kubernetes::sweep::Sweep;
use crate::kubernetes::{Installer, removal};
use crate::report::{Event, Outcome, Phase, Planned, Progress, Reporter};
use crate::settings::Record;
use crate::stack::{Stack, StackSource};

const DEADLINE: Duration = Duration::from_secs(180);
/// How long objects of people may take to go before their finalizers are taken off.
const PATIENCE: Duration = Duration::from_secs(45);

/// A component cannot be removed.
#[derive(Debug, thiserror::Error)]
pub enum RemoveError {
    /// Other components that are installed depend on it.
    #[error("component `{component}` cannot be removed: {} on it", stands(.by))]
    Needed {
        /// The component that was to be removed.
        component: String,
        /// Names of those that depend on it.
        by: Vec<String>,
    },
    /// Without it the stack does not fit together.
    #[error("component `{component}` cannot be removed: the rest of the platform does not work without it")]
    Unfit {
        /// The component that was to be removed.
        component: String,
        /// What is wrong then, one sentence each.
        problems: Vec<String>,
    },
    /// Objects of its kinds are there that no component made, and `--purge` was not given.
    #[error("component `{component}` cannot be removed: people made {} of its kinds", counted(.objects))]
    InUse {
        /// The component that was to be removed.
        component: String,
        /// Those objects.
        objects: Vec<VersionedRef>,
    },
}

fn stands(by: &[String]) -> String {
    match by {
        [one] => format!("`{one}` stands"),
        many => format!("{} stand", many.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
    }
}

fn counted(objects: &[VersionedRef]) -> String {
    match objects {
        [one] => one.to_string(),
        many => format!("{} objects", many.len()),
    }
}

impl Explain for RemoveError {
    fn kind(&self) -> ExitKind {
        ExitKind::Usage
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Needed { .. } => Vec::new(),
            Self::Unfit { problems, .. } => problems.clone(),
            Self::InUse { objects, .. } => objects.iter().map(ToString::to_string).collect(),
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Needed { by, .. } => {
                by.iter().map(|name| format!("`backstack stack remove {name}` first.")).collect()
            }
            Self::Unfit { .. } => vec!["Remove what needs it first.".into()],
            Self::InUse { .. } => vec!["Delete them, or give --purge to have them deleted.".into()],
        }
    }
}

/// What is about to be removed.
pub struct Removal {
    /// The component that goes, by its name in the stack: `traefik`.
    pub component: String,
    /// What the cluster has of it; nothing if it is not installed.
    pub entry: Option<Entry>,
    /// Objects that people made of its kinds, which go too.
    pub others: Vec<VersionedRef>,
    /// Components that are installed.
    pub installed: Vec<String>,
    client: kube::Client,
    record: Record,
    /// The record as it will be.
    new_record: Record,
}

/// What came of it.
#[derive(Debug, Clone, Serialize)]
pub struct Removed {
    /// The component that is gone, by its name in the stack: `traefik`.
    pub component: String,
    /// Objects that are gone.
    pub objects: usize,
    /// Objects that were left alone, and why.
    pub kept: Vec<String>,
    /// Objects whose finalizers had to be taken off.
    pub forced: Vec<String>,
    /// How long it took, in seconds.
    pub seconds: f64,
}

impl Removal {
    /// Whether there is nothing to do.
    pub fn is_nothing(&self) -> bool {
        self.entry.is_none() && self.record.changes == self.new_record.changes
    }
}

/// Finds out what would be removed, and whether that may be. Touches nothing.
///
/// # Errors
/// [`RemoveError`], or the API's refusal.
pub async fn prepare(
    client: kube::Client,
    name: &str,
    record: Record,
    component: &str,
    purge: bool,
) -> Result<Removal, Failure> {
    let entries = Inventory::new(client.clone(), name).load_all().await?;
    let by = removal::dependents(&entries, component);
    if !by.is_empty() {
        return Err(RemoveError::Needed { component: component.into(), by }.into());
    }
    let new_record = Record { name: name.into(), ..without(&record, component, entries.contains_key(component))? };
    let entry = entries.get(component).cloned();
    let others = match &entry {
        Some(entry) => removal::made_by_others(&client, entry).await?,
        None => Vec::new(),
    };
    if !others.is_empty() && !purge {
        return Err(RemoveError::InUse { component: component.into(), objects: others }.into());
    }
    let installed = entries.into_keys().collect();
    Ok(Removal { component: component.into(), entry, others, installed, client, record, new_record })
}

/// The record without the component, checked as far as the stack's files can still be read.
fn without(record: &Record, component: &str, installed: bool) -> Result<Record, Failure> {
    let mut new = record.clone();
    let source = StackSource::named(&record.stack);
    let Ok(now) = Stack::load_changed(source.clone(), &record.changes) else {
        // Without the files nobody knows whether it is the stack's own: what is not there is not left out.
        new.changes.added.retain(|added| added.name != component);
        return Ok(new);
    };
    let added = record.changes.added.iter().any(|added| added.name == component);
    if !added && now.component(component).is_none() {
        return Ok(new);
    }
    new.changes = record.changes.remove(component);
    new.parameters.retain(|(of, ..)| of != component);
    if let Err(error) = Stack::load_changed(source, &new.changes)
        && installed
    {
        let problems = error.details();
        return Err(RemoveError::Unfit { component: component.into(), problems }.into());
    }
    Ok(new)
}

/// Removes it, all of it.
///
/// The record is written first: a run that is cut off leaves a component that belongs to nothing, and the next `up`
/// or `stack remove` takes away what is left of it.
///
/// # Errors
/// Names what is still there at the deadline, or what the API refuses.
pub async fn run(removal: &Removal, reporter: Arc<dyn Reporter>) -> Result<Removed, Failure> {
    let (start, deadline) = (Clock::now(), Instant::now() + DEADLINE);
    let component = removal.component.as_str();
    reporter.report(planned(removal));
    let progress = Progress::new(reporter, component);
    progress.phase(Phase::Removing);
    record::write(&removal.client, &removal.new_record).await?;
    let result = take_away(removal, deadline, &progress).await;
    let seconds = start.elapsed().as_secs_f64();
    match &result {
        Ok(_) => progress.finished(Outcome::Removed, "", seconds),
        Err(failure) => progress.finished(Outcome::Failed, failure.messages[0].clone(), seconds),
    }
    result.map(|removed| Removed { seconds, ..removed })
}

async fn take_away(removal: &Removal, deadline: Instant, progress: &Progress) -> Result<Removed, Failure> {
    let component = removal.component.as_str();
    let mut forced = Vec::new();
    if let Some(entry) = removal.entry.as_ref().filter(|_| !removal.others.is_empty()) {
        let sweep = Sweep { client: &removal.client, progress, deadline, patience: PATIENCE };
        let kinds = removal::kinds_of(&removal.client, entry).await?;
        let others = |object: &VersionedRef| !entry.objects.iter().any(|own| own.object == object.object);
        forced = sweep.run(component, &kinds, others).await?.forced;
    }
    let installer = Installer::new(removal.client.clone(), &removal.new_record.name, "localhost");
    let pruned = installer.remove(component, deadline, progress).await?;
    Ok(Removed {
        component: component.into(),
        objects: pruned.removed.len() + removal.others.len(),
        kept: pruned.kept.into_iter().map(|(object, why)| format!("{object}: {why}")).collect(),
        forced: forced.iter().map(ToString::to_string).collect(),
        seconds: 0.0,
    })
}

fn planned(removal: &Removal) -> Event {
    Event::Planned(Planned {
        platform: removal.new_record.name.clone(),
        stack: removal.record.stack.clone(),
        version: String::new(),
        subjects: vec![removal.component.clone()],
        images: 0,
        image_bytes: None,
        fetch_bytes: None,
    })
}

/// What would be removed, for people.
pub fn show(removal: &Removal) -> String {
    let component = &removal.component;
    let Some(entry) = &removal.entry else { return nothing(removal) };
    let count = entry.objects.len() + removal.others.len();
    let mut text = format!("{component} {}  ·  {count} objects to remove\n", entry.version);
    let (own, others) = (
        entry.objects.iter().map(|object| (object, "")),
        removal.others.iter().map(|object| (object, "  (made by people)")),
    );
    for (object, note) in others.chain(own) {
        text.push_str(&format!("  remove  {object}{note}\n"));
    }
    text
}

/// That there is nothing to do.
pub fn nothing(removal: &Removal) -> String {
    let installed = removal.installed.join(", ");
    if removal.record.changes == removal.new_record.changes {
        return format!(
            "  Component `{}` is not installed: nothing to do. Installed: {installed}.\n",
            removal.component
        );
    }
    format!(
        "  Component `{}` is not installed; it is left out from now on. Installed: {installed}.\n",
        removal.component
    )
}
