//! `depends_on`: whether it exists, whether it ends, and the order that follows.

use std::collections::BTreeSet;

use crate::draft::{ComponentDraft, StackDraft};
use crate::problem::Problems;
use backstack_common::words::{closest, it_has};

pub(crate) fn check(stack: &StackDraft, problems: &mut Problems) {
    let names: BTreeSet<&str> = stack.listed.iter().map(String::as_str).collect();
    for draft in &stack.components {
        for (index, wanted) in dependencies(draft).iter().enumerate() {
            if names.contains(wanted.as_str()) {
                continue;
            }
            let help = match closest(wanted, names.iter().copied()) {
                Some(guess) => format!("; did you mean `{guess}`?"),
                None => format!(" {}", it_has(names.iter().copied())),
            };
            let line = draft.component.line(&format!("/depends_on/{index}"));
            let message = format!("depends on `{wanted}`, which this stack does not have{help}");
            problems.error(&draft.component.name, line, message);
        }
    }
    cycles(&stack.components, problems);
}

fn dependencies(draft: &ComponentDraft) -> &[String] {
    draft.component.file.as_ref().map_or(&[], |file| &file.depends_on)
}

fn position(components: &[ComponentDraft], name: &str) -> Option<usize> {
    components.iter().position(|draft| draft.name == name)
}

/// Each cycle once, at the `depends_on` of its first component.
fn cycles(components: &[ComponentDraft], problems: &mut Problems) {
    let mut done = BTreeSet::new();
    for start in 0..components.len() {
        let mut path = Vec::new();
        walk(components, start, &mut path, &mut done, problems);
    }
}

fn walk(
    components: &[ComponentDraft],
    at: usize,
    path: &mut Vec<usize>,
    done: &mut BTreeSet<usize>,
    problems: &mut Problems,
) {
    if let Some(first) = path.iter().position(|seen| *seen == at) {
        let cycle: Vec<&str> =
            path[first..].iter().chain([&at]).map(|index| components[*index].name.as_str()).collect();
        let draft = &components[at];
        let message = format!("components wait for each other: {}", cycle.join(" -> "));
        problems.error(&draft.component.name, draft.component.line("/depends_on"), message);
        return;
    }
    if done.contains(&at) {
        return;
    }
    path.push(at);
    for next in dependencies(&components[at]).iter().filter_map(|name| position(components, name)) {
        walk(components, next, path, done, problems);
    }
    path.pop();
    done.insert(at);
}

/// Indices so that each component comes after those it depends on; otherwise as listed.
/// What is in a cycle is left out.
pub(crate) fn order(components: &[ComponentDraft]) -> Vec<usize> {
    let mut order = Vec::new();
    let mut ready = BTreeSet::new();
    while let Some(next) = (0..components.len()).find(|index| {
        let has_all = |draft: &ComponentDraft| dependencies(draft).iter().all(|name| ready.contains(name.as_str()));
        !order.contains(index) && has_all(&components[*index])
    }) {
        order.push(next);
        ready.insert(components[next].name.as_str());
    }
    order
}
