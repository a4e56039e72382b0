//! What keeps an application from arriving from Git.

use serde_json::Value;

use super::{Fault, Finding, classify};
use crate::live::object::{Ref, conditions, list, short, text};

/// Everything that is wrong with an Application or ApplicationSet.
pub(super) fn of_application(application: &Value) -> Vec<Finding> {
    let at = Ref::of(application);
    let mut findings: Vec<_> = conditions_of(application, &at).collect();
    findings.extend(sync_result(application, &at));
    if findings.is_empty() {
        findings.extend(out_of_sync(application, &at));
    }
    findings
}

fn conditions_of<'a>(application: &'a Value, at: &'a Ref) -> impl Iterator<Item = Finding> + 'a {
    let troubles = conditions(application).filter(|condition| {
        let is_error = condition.kind.ends_with("Error") || condition.kind == "ErrorOccurred";
        // Conditions of Applications have no status; those of ApplicationSets do.
        is_error && (condition.status.is_empty() || condition.is_true())
    });
    troubles.map(move |condition| {
        let fault = classify(condition.message).unwrap_or(Fault::SyncFailed);
        finding(fault, application, at, condition.message)
            .with(format!("condition {}", condition.kind), condition.message)
    })
}

/// The first resources that the last sync could not apply.
fn sync_result(application: &Value, at: &Ref) -> Vec<Finding> {
    let phase = text(application, "/status/operationState/phase");
    if !matches!(phase, "Failed" | "Error" | "Running") {
        return Vec::new();
    }
    let failed = list(application, "/status/operationState/syncResult/resources")
        .iter()
        .filter(|resource| text(resource, "/status") == "SyncFailed" || text(resource, "/hookPhase") == "Failed");
    let mut findings: Vec<_> = failed
        .map(|resource| {
            let message = text(resource, "/message");
            let target = Ref::new(
                text(resource, "/group"),
                text(resource, "/kind"),
                text(resource, "/namespace"),
                text(resource, "/name"),
            );
            let fault = classify(message).unwrap_or(Fault::SyncFailed);
            finding(fault, application, at, message).with(format!("sync of {target}"), message)
        })
        .collect();
    let message = text(application, "/status/operationState/message");
    if findings.is_empty() && phase != "Running" {
        let fault = classify(message).unwrap_or(Fault::SyncFailed);
        findings.push(finding(fault, application, at, message).with(format!("sync {phase}"), message));
    }
    findings
}

fn out_of_sync(application: &Value, at: &Ref) -> Option<Finding> {
    if text(application, "/status/sync/status") != "OutOfSync" {
        return None;
    }
    let differing =
        list(application, "/status/resources").iter().filter(|resource| text(resource, "/status") == "OutOfSync");
    let names: Vec<_> =
        differing.map(|resource| format!("{} {}", text(resource, "/kind"), text(resource, "/name"))).collect();
    Some(
        Finding::new(
            Fault::OutOfSync,
            at.clone(),
            format!("Git and the cluster differ in {}", short(&names.join(", "), 120)),
        )
        .with("sync status", text(application, "/status/sync/status"))
        .next("Look at the difference; then sync, or put the change into Git."),
    )
}

fn finding(fault: Fault, application: &Value, at: &Ref, message: &str) -> Finding {
    let source = Source::of(application);
    let (summary, next) = match fault {
        Fault::WrongRevision => (
            format!("Git has no revision `{}` in {}", source.revision, source.repository),
            format!(
                "Correct `targetRevision` of {at} to a branch, tag or commit that exists (the default branch is usually `main`), or push that branch."
            ),
        ),
        Fault::WrongPath => (
            format!("Git has no folder `{}` at `{}` in {}", source.path, source.revision, source.repository),
            format!("Correct `path` of {at}, or add the folder to the repository."),
        ),
        Fault::GitUnreachable => (
            format!("the repository {} cannot be read: {}", source.repository, short(message, 120)),
            "Correct the repository's address or its credentials; look whether the Git server runs.".to_string(),
        ),
        Fault::InvalidManifest => (
            format!("a manifest in Git is invalid: {}", short(core_of(message), 160)),
            match source.file {
                "" => format!("Correct the manifest in {} below `{}`.", source.repository, source.path),
                file => format!("Correct the file `{}/{file}` in {}.", source.path, source.repository),
            },
        ),
        Fault::PolicyDenied => (
            format!("a policy refuses what Git says: {}", short(core_of(message), 160)),
            "Change the manifest in Git so that it complies with the policy.".to_string(),
        ),
        Fault::MissingRights => (
            format!("Argo CD may not apply it: {}", short(core_of(message), 160)),
            "Grant the named account the right, or allow the kind and namespace in the AppProject.".to_string(),
        ),
        _ => (
            format!("{}: {}", fault.title(), short(message, 160)),
            format!("Look at the whole state of the sync of {at}."),
        ),
    };
    let field = match fault {
        Fault::WrongRevision => "spec.source.targetRevision",
        Fault::WrongPath => "spec.source.path",
        Fault::GitUnreachable => "spec.source.repoURL",
        _ if message.contains("allowed destinations") => "spec.destination",
        _ => "",
    };
    Finding::new(fault, at.clone(), summary).at(field).next(next)
}

/// Where an Application takes its manifests from.
struct Source<'a> {
    repository: &'a str,
    revision: &'a str,
    path: &'a str,
    /// The one file of the folder that is taken; empty for more.
    file: &'a str,
}

impl<'a> Source<'a> {
    fn of(application: &'a Value) -> Self {
        let first = application.pointer("/spec/sources/0");
        let source = application.pointer("/spec/source").or(first).unwrap_or(application);
        let revision = match text(source, "/targetRevision") {
            "" => "HEAD",
            revision => revision,
        };
        let include = text(source, "/directory/include");
        let file = if include.contains(['*', '?', '{', '[']) { "" } else { include };
        Self { repository: text(source, "/repoURL"), revision, path: text(source, "/path"), file }
    }
}

/// What is left when the layers of wrapping are taken off an error.
fn core_of(message: &str) -> &str {
    let layers = [
        "desc = ",
        "Manifest generation error (cached): ",
        "error when creating \"/dev/shm/",
        "error validating data: ",
    ];
    let mut core = message;
    for layer in layers {
        if let Some((_, tail)) = core.split_once(layer) {
            core = tail;
        }
    }
    core
}
