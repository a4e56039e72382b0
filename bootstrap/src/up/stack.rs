//! The stack as the platform has it, or is about to: with what was added to it and left out of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::parameters;
use crate::error::{ExitKind, Failure};
use crate::settings::UpSettings;
use crate::stack::additions;
use crate::stack::changes::{self, Changes};
use crate::stack::{Stack, StackSource};

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

/// The stack that the settings mean. They are brought in step with what is added and left out. `existing` is a
/// cluster that somebody else made.
///
/// # Errors
/// Something is wrong in a file of the stack or of what is added, or does not fit together.
pub(super) fn load(
    settings: &mut UpSettings,
    add: Option<&AddWish>,
    existing: bool,
) -> Result<(Stack, Option<Adding>), Failure> {
    let source = StackSource::named(&settings.stack);
    let mut adding = None;
    if add.is_some() || !settings.without.is_empty() {
        let base = Stack::load(source.clone())?;
        settings.changes.leave_out(&base, &settings.without)?;
        if let Some(wish) = add {
            adding = Some(apply(settings, &base, wish)?);
        }
    }
    let without = settings.changes.without.clone();
    settings.parameters.retain(|(component, ..)| !without.contains(component));
    let mut stack = Stack::load_changed(source, &settings.changes)?;
    if existing {
        stack.suit_other_clusters();
    }
    // What was added and whose files are gone is not there to be set.
    let gone = stack.kept.clone();
    settings.parameters.retain(|(component, ..)| !gone.contains(component));
    parameters::set(&mut stack, &settings.parameters)?;
    Ok((stack, adding))
}

fn apply(settings: &mut UpSettings, base: &Stack, wish: &AddWish) -> Result<Adding, Failure> {
    let left_out = settings.changes.without.contains(&wish.what);
    let added = if left_out && !changes::is_path(&wish.what) {
        let mut back = settings.changes.clone();
        back.without.retain(|name| *name != wish.what);
        changes::Added { changes: back, names: vec![wish.what.clone()], there: Vec::new() }
    } else {
        settings.changes.add(base, additions::read_additions(&wish.what)?)?
    };
    settings.changes = added.changes;
    take_over_parameters(&mut settings.changes, &mut settings.parameters, &added.names);
    Ok(Adding { names: added.names.into_iter().collect(), there: added.there })
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
