//! Who wants an image that cannot be had, and the way to go on without.
//!
//! A component of one's own that was added once is part of every later `up`; if its image is gone, each of them would end
//! with the name of an image that says nothing to whoever runs it.

use crate::error::{ExitKind, Failure};
use crate::stack::{Changes, Stack};

/// Adds to a failure that is about an image which components want it, and how to leave them out.
pub(super) fn told(mut failure: Failure, stack: &Stack, changes: &Changes, flags: &str) -> Failure {
    if failure.kind != ExitKind::Image {
        return failure;
    }
    let is_about = |reference: &str| failure.messages.iter().chain(&failure.details).any(|text| names(text, reference));
    let wanting = stack
        .components
        .iter()
        .filter(|component| component.file.images.values().any(|image| is_about(&image.reference)));
    let hints: Vec<_> = wanting.map(|component| hint(component.name(), changes, flags)).collect();
    failure.hints.extend(hints);
    failure
}

/// Whether a text names just this image, and not one whose reference goes on after it.
fn names(text: &str, reference: &str) -> bool {
    let goes_on = |rest: &str| rest.starts_with(|next: char| next.is_ascii_alphanumeric() || "-_.".contains(next));
    text.match_indices(reference).any(|(at, _)| !goes_on(&text[at + reference.len()..]))
}

fn hint(name: &str, changes: &Changes, flags: &str) -> String {
    let without = format!("`backstack up --without {name}{flags}`");
    if changes.added.iter().any(|added| added.name == name) {
        return format!(
            "Component `{name}`, which was added by `stack add`, wants it. To go on without that component: \
             `backstack stack remove {name}{flags}`, or {without}."
        );
    }
    format!("Component `{name}` wants it. To go on without that component: {without}.")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::stack::StackSource;
    use crate::stack::changes::{Addition, Origin};
    use crate::target::Target;

    fn failure(kind: ExitKind, message: &str) -> Failure {
        Failure { kind, messages: vec![message.into()], details: Vec::new(), hints: vec!["Try again.".into()] }
    }

    #[test]
    fn the_component_is_named_with_the_way_to_leave_it_out() {
        let stack = Stack::load(StackSource::Builtin("minimal".into())).expect("stack");
        let own = &stack.components[0];
        let image = &own.file.images.values().next().expect("an image").reference;
        let gone = || failure(ExitKind::Image, &format!("{image}: registry.invalid cannot be reached: no such host"));
        let hint = |changes: &Changes, flags: &str| told(gone(), &stack, changes, flags).hints.pop().expect("a hint");
        let wanted = format!(
            "Component `{0}` wants it. To go on without that component: `backstack up --without {0}`.",
            own.name()
        );
        assert_eq!(hint(&Changes::default(), ""), wanted);
        let from = Origin::Folder("/x".into());
        let added = Addition { name: own.name().into(), from, parameters: BTreeMap::new() };
        let hint = hint(&Changes { added: vec![added], without: Vec::new() }, &Target::Local.flags("two"));
        assert!(hint.contains(&format!("`backstack stack remove {} --name two`", own.name())), "{hint}");
        // Of another image, or not about an image at all.
        let others =
            [failure(ExitKind::Image, &format!("{image}.2: no such image")), failure(ExitKind::Cluster, image)];
        for other in others {
            assert_eq!(told(other, &stack, &Changes::default(), "").hints, ["Try again."]);
        }
    }
}
