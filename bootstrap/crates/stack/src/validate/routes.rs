//! Routes: well-formed paths, one component on each, and one component that serves them.

use std::collections::BTreeMap;

use crate::draft::{ComponentDraft, StackDraft};
use crate::problem::Problems;
use backstack_common::words::is_label;

pub(super) fn check(stack: &StackDraft, problems: &mut Problems) {
    ingress(stack, problems);
    let mut taken: BTreeMap<String, &str> = BTreeMap::new();
    for draft in &stack.components {
        let Some(file) = &draft.component.file else { continue };
        for (index, route) in file.routes.iter().enumerate() {
            let pointer = format!("/routes/{index}");
            let read = &draft.component;
            if let Some(fault) = path_fault(&route.path) {
                problems.error(
                    &read.name,
                    read.line(&format!("{pointer}/path")),
                    format!("path `{}` {fault}", route.path),
                );
            }
            if !is_label(&route.service) {
                let message = format!("`{}` cannot be the name of a Service", route.service);
                problems.error(&read.name, read.line(&format!("{pointer}/service")), message);
            }
            if route.port == 0 {
                problems.error(&read.name, read.line(&format!("{pointer}/port")), "`port` must be 1 to 65535");
            }
            let place = route.path.trim_end_matches('/').to_string();
            let line = read.line(&format!("{pointer}/path"));
            match taken.get(&place) {
                Some(other) if *other == draft.name => {
                    problems.error(&read.name, line, format!("path `{}` is given twice", route.path));
                }
                Some(other) => {
                    problems.error(&read.name, line, format!("path `{}` is taken by component `{other}`", route.path));
                }
                None => {
                    taken.insert(place, &draft.name);
                }
            }
        }
    }
}

fn ingress(stack: &StackDraft, problems: &mut Problems) {
    let with_class =
        |draft: &&ComponentDraft| draft.component.file.as_ref().is_some_and(|file| file.ingress_class.is_some());
    let mut serving = stack.components.iter().filter(with_class);
    let first = serving.next();
    for draft in serving {
        let first = first.map_or("", |first| &first.name);
        let message = format!("only one component can serve the routes, and `{first}` has an `ingress_class` already");
        problems.error(&draft.component.name, draft.component.line("/ingress_class"), message);
    }
    // A component that could not be read may be the one.
    if first.is_some() || stack.stack.file.is_none() || !all_read(stack) {
        return;
    }
    let routed = |draft: &&ComponentDraft| draft.component.file.as_ref().is_some_and(|file| !file.routes.is_empty());
    if let Some(draft) = stack.components.iter().find(routed) {
        let message = "nothing serves routes: no component of this stack has an `ingress_class`";
        problems.error(&draft.component.name, draft.component.line("/routes"), message);
    }
}

fn all_read(stack: &StackDraft) -> bool {
    stack.components.len() == stack.listed.len() && stack.components.iter().all(|draft| draft.component.file.is_some())
}

fn path_fault(path: &str) -> Option<&'static str> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    if !path.starts_with('/') {
        Some("must start with `/`")
    } else if path.contains("//") || path.split('/').any(|part| part == "." || part == "..") {
        Some("must not have empty parts or dots")
    } else if !path.bytes().all(allowed) {
        Some("may have letters, digits and `-._~` only")
    } else if path.len() > 128 {
        Some("is longer than 128 characters")
    } else {
        None
    }
}
