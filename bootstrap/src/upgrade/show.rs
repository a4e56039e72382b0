//! The plan of an upgrade as a person reads it.

use std::fmt::Write;

use super::{Changes, Versions};
use crate::execute::preview::Previewed;
use crate::kubernetes::object::VersionedRef;
use crate::report::units;

/// More objects than this of one component say no more; `-o json` has all.
const LINES: usize = 12;

/// From which version to which, what changes of each component, what stays, and what leads back. `images` is a line for each
/// image that is not here yet.
pub fn show(changes: &Changes, images: &[String]) -> String {
    let mut text =
        format!("{}  {} -> {}\n\n", changes.platform, told(changes, &changes.from), told(changes, &changes.to));
    let (same, other): (Vec<_>, Vec<_>) = changes.components.iter().partition(|component| component.is_nothing());
    for component in other {
        text.push_str(&of_component(component));
    }
    if !same.is_empty() {
        let names: Vec<_> = same.iter().map(|component| component.component.as_str()).collect();
        let _ = writeln!(text, "  unchanged: {}", names.join(", "));
    }
    if !images.is_empty() {
        let _ = writeln!(text, "\nimages\n{}", images.join("\n"));
    }
    if !changes.stays.is_empty() {
        let _ = writeln!(text, "\nstays as it is\n  {}", changes.stays.join("\n  "));
    }
    let _ = writeln!(text, "\nway back\n  {}", way_back(changes));
    text
}

fn told(changes: &Changes, versions: &Versions) -> String {
    format!("{} {} (backstack {})", changes.stack, versions.stack, versions.program).replace("  ", " ")
}

fn of_component(component: &Previewed) -> String {
    let objects = &component.objects;
    let version = match (&objects.had, &component.version) {
        (Some(had), Some(new)) if had == new => had.clone(),
        (Some(had), Some(new)) => format!("{had} -> {new}"),
        (None, Some(new)) => format!("new, {new}"),
        (_, None) => "taken away".into(),
    };
    let counts = [(&objects.added, "added"), (&objects.changed, "changed"), (&objects.removed, "removed")];
    let counts = counts.iter().filter(|(objects, _)| !objects.is_empty());
    let counts: Vec<_> =
        counts.map(|(objects, what)| format!("{} {what}", units::count(objects.len(), "object"))).collect();
    let line = format!("  {:<16} {version:<24} {}", component.component, counts.join(", "));
    let mut text = format!("{}\n", line.trim_end());
    let marked = |mark: char, objects: &[VersionedRef]| {
        objects.iter().map(|object| format!("    {mark} {object}")).collect::<Vec<_>>()
    };
    let unknown = objects.unknown.iter().map(|(object, why)| format!("    ? {object}: {why}")).collect();
    let lines =
        [marked('+', &objects.added), marked('~', &objects.changed), marked('-', &objects.removed), unknown].concat();
    for line in lines.iter().take(LINES) {
        let _ = writeln!(text, "{line}");
    }
    if lines.len() > LINES {
        let _ = writeln!(text, "    and {} more, which `-o json` has", lines.len() - LINES);
    }
    if component.definitions_to_fetch {
        text.push_str("    ? its custom resource definitions are not here yet: they are fetched first\n");
    }
    text
}

/// What leads back, for the plan and the question.
pub fn way_back(changes: &Changes) -> String {
    match (&changes.checkpoint, changes.way_back()) {
        (Some(name), Some(command)) if changes.goes_on => {
            format!("Checkpoint `{name}` of before, which an upgrade made that was cut off: `{command}`.")
        }
        (Some(name), Some(command)) => format!("Checkpoint `{name}` is made first: `{command}` goes back to it."),
        _ => "None: on a cluster that somebody else made there are no checkpoints.".into(),
    }
}

/// What is asked before it is done.
pub fn question(changes: &Changes) -> String {
    format!(
        "Platform `{}` goes from {} to {}. Way back: {}",
        changes.platform,
        told(changes, &changes.from),
        told(changes, &changes.to),
        way_back(changes)
    )
}

/// That there is nothing to do.
pub fn nothing(changes: &Changes) -> String {
    let count = units::count(changes.components.len(), "component");
    let mut text = format!("  Nothing to do: {count} as {} has them.\n", told(changes, &changes.to));
    for stays in &changes.stays {
        let _ = writeln!(text, "  {stays}");
    }
    text
}
