//! The stack as the platform has it, or is about to: with what was added to it and left out of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::parameters;
use crate::error::{ExitKind, Failure};
use crate::settings::UpSettings;
use crate::stack::additions;
use crate::stack::changes::{self, Changes};
use crate::stack::{Listing, Stack, StackFiles, StackSource};
use crate::target::Target;

/// Components to add to a platform that exists; the rest of it is left alone.
#[derive(Debug, Clone, Default)]
pub struct AddWish {
    /// Folder of a component or of a stack, name of a built-in stack, or of a component that was left out.
    pub what: String,
}

impl AddWish {
    /// What can be told of it before any platform is asked. A bare name may be one that was left out.
    ///
    /// # Errors
    /// It is neither component nor stack, or something in its files is wrong.
    pub fn check(&self) -> Result<(), Failure> {
        let is_builtin = Stack::builtin_names().contains(&self.what);
        if is_builtin || changes::is_path(&self.what) {
            additions::check(&self.what, &additions::read_additions(&self.what)?)?;
        }
        Ok(())
    }
}

/// What is added.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Adding {
    /// Names of the components that are added.
    pub names: BTreeSet<String>,
    /// What the platform has already, and was named again.
    pub there: Vec<String>,
}

/// A stack, and the settings in step with it.
pub(super) struct Loaded {
    pub settings: UpSettings,
    pub stack: Stack,
    pub adding: Option<Adding>,
}

/// The files of the stack that the settings mean.
///
/// # Errors
/// There is no such stack.
pub(super) fn read(settings: &UpSettings) -> Result<StackFiles, Failure> {
    Ok(StackFiles::read(StackSource::named(&settings.stack))?)
}

/// The stack that the settings mean, out of its files, for such a target; and the settings with what is added and left out.
///
/// # Errors
/// Something is wrong in a file of the stack or of what is added, or does not fit together.
pub(super) fn load(
    mut settings: UpSettings,
    files: &StackFiles,
    add: Option<&AddWish>,
    target: &Target,
) -> Result<Loaded, Failure> {
    let mut adding = None;
    if add.is_some() || !settings.without.is_empty() {
        let base = files.listing()?;
        settings.changes.leave_out(&base, &settings.without)?;
        if let Some(wish) = add {
            let added = added(&settings.changes, &base, wish)?;
            settings.changes = added.changes;
            take_over_parameters(&mut settings.changes, &mut settings.parameters, &added.names);
            adding = Some(Adding { names: added.names.into_iter().collect(), there: added.there });
        }
    }
    let without = settings.changes.without.clone();
    settings.parameters.retain(|(component, ..)| !without.contains(component));
    let mut stack = target.suit(files.stack(&settings.changes)?);
    // What was added and whose files are gone is not there to be set.
    settings.parameters.retain(|(component, ..)| !stack.kept.contains(component));
    parameters::set(&mut stack, &settings.parameters)?;
    Ok(Loaded { settings, stack, adding })
}

fn added(had: &Changes, base: &Listing, wish: &AddWish) -> Result<changes::Added, Failure> {
    if !had.without.contains(&wish.what) || changes::is_path(&wish.what) {
        return Ok(had.add(base, additions::read_additions(&wish.what)?)?);
    }
    let mut back = had.clone();
    back.without.retain(|name| *name != wish.what);
    Ok(changes::Added { changes: back, names: vec![wish.what.clone()], there: Vec::new() })
}

/// Values for what is added are kept with it.
fn take_over_parameters(changes: &mut Changes, parameters: &mut Vec<(String, String, Value)>, names: &[String]) {
    parameters.retain(|(component, parameter, value)| {
        !(names.contains(component) && changes.set(component, parameter, value))
    });
}

/// Makes sure that what is added finds what it depends on.
///
/// # Errors
/// Names the components that are not installed.
pub(super) fn check_needs(stack: &Stack, adding: &Adding, installed: &BTreeMap<String, String>) -> Result<(), Failure> {
    let mut missing = Vec::new();
    for component in stack.components.iter().filter(|component| adding.names.contains(component.name())) {
        let absent = component
            .file
            .depends_on
            .iter()
            .filter(|name| !installed.contains_key(*name) && !adding.names.contains(*name));
        missing
            .extend(absent.map(|name| format!("`{}` depends on `{name}`, which is not installed", component.name())));
    }
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failure {
        kind: ExitKind::Cluster,
        messages: vec![format!("component {}", missing.remove(0))],
        details: missing,
        hints: vec!["Run `backstack up` first: it installs what of the platform's stack is missing.".into()],
    })
}
