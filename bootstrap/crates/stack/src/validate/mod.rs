//! Whether what was read makes sense. Every rule has a test in `tests.rs` beside this file.
//!
//! ```text
//! component   names, images, secrets, definitions, credentials
//! copies      Secrets that are another component's
//! parameters  what a stack sets against what a component declares
//! recipe      layers, and the files beside them
//! manifest    objects, and what they refer to by `${...}`
//! limits      what the API would refuse: too much of something, numbers as text
//! graph       depends_on: existence, cycles, order
//! routes      paths and the one ingress
//! ```

mod component;
mod copies;
pub(super) mod graph;
mod limits;
mod manifest;
pub(super) mod parameters;
mod recipe;
mod routes;

#[cfg(test)]
pub(super) mod tests;

use super::draft::{ClusterDraft, ComponentDraft, StackDraft};
use super::problem::Problems;
use backstack_common::words::is_label;

/// Checks a stack and all that belongs to it.
pub(super) fn stack(draft: &StackDraft, problems: &mut Problems) {
    if let Some(file) = &draft.stack.file {
        if !is_label(&file.name) {
            let message = format!("stack name `{}` must be lower-case letters, digits and dashes", file.name);
            problems.error(&draft.stack.name, draft.stack.line("/name"), message);
        }
        if file.components.is_empty() {
            problems.error(&draft.stack.name, draft.stack.line("/components"), "a stack needs at least one component");
        }
    }
    for component in &draft.components {
        parameters::check(draft, component, problems);
        alone(component, problems);
    }
    graph::check(draft, problems);
    copies::check(&draft.components, problems);
    routes::check(draft, problems);
    manifest::check_duplicates(&draft.components, problems);
}

/// Checks what can be told of a component without the others.
pub(super) fn alone(component: &ComponentDraft, problems: &mut Problems) {
    component::check(component, problems);
    recipe::check_all(&component.recipes, problems);
    manifest::check(component, problems);
}

/// Checks the built-in cluster.
pub(super) fn cluster(draft: &ClusterDraft, problems: &mut Problems) {
    if let Some(file) = &draft.cluster.file {
        for (key, image) in file.images() {
            component::check_image(&draft.cluster, &format!("/{key}"), image, problems);
        }
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if file.kubernetes.split('.').count() != 3 || !file.kubernetes.split('.').all(digits) {
            let line = draft.cluster.line("/kubernetes");
            problems.error(&draft.cluster.name, line, "`kubernetes` must be a full version, as `1.36.3`");
        }
    }
    recipe::check_all(&draft.recipes, problems);
}
