//! What keeps an application from arriving from Git.

use serde_json::Value;

use super::custom::named_in;
use super::{Fault, Finding, chart, classify, immutable, source};
use crate::live::object::{Ref, conditions, gist, list, short, text};

/// What weighs that an Application never becomes what its source says: it is broken, however well its parts run.
const NEVER: u32 = 50;

/// Everything that is wrong with an Application or ApplicationSet.
pub(super) fn of_application(application: &Value) -> Vec<Finding> {
    let at = Ref::of(application);
    let mut findings: Vec<_> = conditions_of(application, &at).collect();
    findings.extend(sync_result(application, &at));
    if findings.is_empty() {
        findings.extend(
            shared(application, &at)
                .or_else(|| never_synced(application, &at))
                .or_else(|| out_of_sync(application, &at)),
        );
    }
    findings
}

/// Two Applications bring the same object: each undoes what the other does.
fn shared(application: &Value, at: &Ref) -> Option<Finding> {
    let warning = conditions(application).find(|condition| condition.kind == "SharedResourceWarning")?;
    let summary = format!("brings what another Application brings too: {}", short(warning.message, 200));
    let field = if application.pointer("/spec/source").is_some() { "spec.source" } else { "spec.sources" };
    let part =
        ["path", "chart"].into_iter().find(|part| application.pointer(&format!("/spec/source/{part}")).is_some());
    let field = part.map_or_else(|| field.to_string(), |part| format!("{field}.{part}"));
    let mut finding = Finding::new(Fault::OutOfSync, at.clone(), summary).at(field.clone());
    // As long as both bring it, what this one says is there only until the other syncs.
    if text(application, "/status/sync/status") == "OutOfSync" && follows(application) {
        finding.weight = finding.weight.max(NEVER);
    }
    let others: Vec<_> = named_beside(warning.message, &at.name).collect();
    let (place, name) = others.first().map_or((at.namespace.as_str(), "NAME"), |other| {
        other.split_once('/').unwrap_or((at.namespace.as_str(), other))
    });
    Some(finding.with("condition SharedResourceWarning", warning.message).next(format!(
        "Let only one of them have it: give Application {place}/{name} another `spec.destination.namespace`, or take its `metadata.finalizers` away and delete it (`kubectl -n {place} delete application {name}`: so what it made stays); then sync {at}. What {at} brings, `{field}` of it says."
    )))
}

/// Applications that a warning names beside this one: `a/web is part of applications argocd/web and shop`.
fn named_beside<'a>(message: &'a str, own: &'a str) -> impl Iterator<Item = &'a str> {
    let named = message.split_once("part of applications ").map_or("", |(_, named)| named);
    let words = named.split([' ', ',']).filter(|word| !word.is_empty() && *word != "and");
    words.filter(move |word| word.rsplit('/').next() != Some(own))
}

/// Whether an Application is to follow its source by itself.
fn follows(application: &Value) -> bool {
    let automated = application.pointer("/spec/syncPolicy/automated");
    automated.is_some_and(|automated| automated.get("enabled") != Some(&Value::Bool(false)))
}

/// What nobody has ever synced, and that nothing syncs by itself.
fn never_synced(application: &Value, at: &Ref) -> Option<Finding> {
    let is_new = application.pointer("/status/operationState").is_none();
    let automated = application.pointer("/spec/syncPolicy/automated");
    let is_off = automated.and_then(|one| one.get("enabled")) == Some(&Value::Bool(false));
    let is_manual = automated.is_none() || is_off;
    (is_new && is_manual && text(application, "/status/sync/status") == "OutOfSync").then(|| {
        let text = "was never synced, and nothing syncs it by itself: what it brings is not there yet";
        let (field, said) = match is_off {
            true => ("spec.syncPolicy.automated.enabled", "false"),
            false => ("spec.syncPolicy.automated", "not set"),
        };
        let mut finding = Finding::new(Fault::NotApplied, at.clone(), text).at(field).with(field, said);
        // What it would bring is missing because of that.
        finding.weight += 1;
        finding.next(format!("Sync {at}, or set `{field}` of it."))
    })
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
    let differing: Vec<_> = differing.collect();
    let is_prune = |resource: &&Value| resource.get("requiresPruning") == Some(&Value::Bool(true));
    if !differing.is_empty() && differing.iter().all(is_prune) {
        let mut finding = not_pruned(at, &differing);
        // What is to follow its source by itself never gets there.
        if follows(application) && application.pointer("/spec/syncPolicy/automated/prune") != Some(&Value::Bool(true)) {
            finding.weight = finding.weight.max(NEVER);
        }
        return Some(finding);
    }
    let names: Vec<_> =
        differing.iter().map(|resource| format!("{} {}", text(resource, "/kind"), text(resource, "/name"))).collect();
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

/// What Git does not have any more, and that nobody takes away.
fn not_pruned(at: &Ref, left: &[&Value]) -> Finding {
    let names: Vec<_> = left.iter().map(|one| format!("{} {}", text(one, "/kind"), text(one, "/name"))).collect();
    let field = "spec.syncPolicy.automated.prune";
    let text = format!("Git has {} no more, and nothing takes it away", short(&names.join(", "), 120));
    let finding = Finding::new(Fault::OutOfSync, at.clone(), text).at(field).with("requiresPruning", &names.join(", "));
    finding.next(format!("Sync {at} with pruning, set `{field}` of it to true, or put it back into Git."))
}

fn finding(fault: Fault, application: &Value, at: &Ref, message: &str) -> Finding {
    if let Some(found) = immutable::told(application, message) {
        return found;
    }
    if let Some(found) = chart::told(application, message) {
        return found;
    }
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
            format!("the repository {} cannot be read: {}", source.repository, gist(core_of(message), 120)),
            match message.to_lowercase() {
                said if said.contains("authentication required") || said.contains("unauthorized") => {
                    "Give Argo CD a login for the repository: a Secret in its namespace with the label `argocd.argoproj.io/secret-type: repository`."
                }
                _ => "Correct the repository's address or its credentials; look whether the Git server runs.",
            }
            .to_string(),
        ),
        Fault::InvalidManifest => (
            format!("a manifest in Git is invalid: {}", gist(core_of(message), 160)),
            match source.file {
                "" => format!("Correct the manifest in {}.", source::in_words(application)),
                file => format!("Correct the file `{}/{file}` in {}.", source.path, source.repository),
            },
        ),
        Fault::PolicyDenied => (
            format!("a policy refuses what Git says: {}", gist(core_of(message), 160)),
            "Change the manifest in Git so that it complies with the policy.".to_string(),
        ),
        Fault::MissingRights => (
            format!("Argo CD may not apply it: {}", gist(core_of(message), 160)),
            "Grant the named account the right, or allow the kind and namespace in the AppProject.".to_string(),
        ),
        // Before the first sync there is none that could have failed.
        Fault::SyncFailed if application.pointer("/status/operationState").is_none() => (
            format!("cannot be synced: {}", gist(core_of(message), 160)),
            format!("Correct what the message names in {at}."),
        ),
        _ => (
            format!("{}: {}", fault.title(), gist(core_of(message), 160)),
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
    let finding = Finding::new(fault, at.clone(), summary).at(field).next(next);
    if field.is_empty() { told_by_message(finding, application, message) } else { finding }
}

/// What Argo CD says of the Application itself: the field whose value stands in the message, and what to do about it.
fn told_by_message(finding: Finding, application: &Value, message: &str) -> Finding {
    let at = Ref::of(application);
    let quoted = |field: &str| {
        let value = text(application, &format!("/{}", field.replace('.', "/")));
        !value.is_empty()
            && message
                .split(|letter: char| !letter.is_ascii_alphanumeric() && !matches!(letter, '-' | '.' | '_'))
                .any(|word| word == value)
    };
    let said = message.to_lowercase();
    let (field, next) = match () {
        () if said.contains("resource ") && said.contains("not permitted in project") => {
            let project = text(application, "/spec/project");
            (
                "spec.project",
                format!(
                    "Let AppProject {project} have that kind (`spec.namespaceResourceBlacklist`, `spec.namespaceResourceWhitelist`; of the cluster `spec.clusterResourceWhitelist`), or set `spec.project` of {at} to a project that has it."
                ),
            )
        }
        () if said.contains("plugin with name") => (
            "spec.source.plugin.name",
            format!(
                "Set `spec.source.plugin.name` of {at} to a plugin that Argo CD's repository server has, or take `spec.source.plugin` away: folders of manifests, Kustomize and Helm need none."
            ),
        ),
        () if said.contains("not permitted in project") => {
            let project = text(application, "/spec/project");
            (
                "spec.project",
                format!(
                    "Add the repository and the namespace to `spec.sourceRepos` and `spec.destinations` of AppProject {project}, or set `spec.project` of {at} to a project that allows them."
                ),
            )
        }
        () if said.contains("project") && said.contains("does not exist") && quoted("spec.project") => {
            ("spec.project", format!("Set `spec.project` of {at} to a project that exists."))
        }
        () if said.contains("crd is installed") => {
            let asked =
                message.split_once("could not find ").and_then(|(_, rest)| rest.split_once(" for requested resource "));
            let (kind, object) = asked.unwrap_or(("that kind", "it"));
            (
                "spec.source",
                format!(
                    "Install what defines {kind} (the operator that it belongs to), or take {} out of the source of {at}: of a chart by the value that makes it. If the definition comes later by itself, add `SkipDryRunOnMissingResource=true` to `spec.syncPolicy.syncOptions`.",
                    object.split(". ").next().unwrap_or(object)
                ),
            )
        }
        () if quoted("spec.destination.name") => (
            "spec.destination.name",
            format!("Set `spec.destination.name` of {at} to a cluster that Argo CD knows: `in-cluster` is this one."),
        ),
        () if said.contains("namespaces \"") && said.contains("not found") && quoted("spec.destination.namespace") => (
            "spec.destination.namespace",
            format!(
                "Correct `spec.destination.namespace` of {at}, or add `CreateNamespace=true` to `spec.syncPolicy.syncOptions`."
            ),
        ),
        () => {
            // What stands in every message names nothing.
            let is_known = finding.fault != Fault::SyncFailed;
            let by_message = named_in(application, message).filter(|field| !is_known && !field.contains("destination"));
            return match by_message {
                Some(field) => {
                    let next = format!("Correct `{field}` of {at}, which the message names.");
                    finding.at(field).next(next)
                }
                None => finding,
            };
        }
    };
    finding.at(field).next(next)
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
        "rpc error: code = Unknown ",
        "desc = ",
        "Manifest generation error (cached): ",
        "error when creating \"/dev/shm/",
        "error when patching \"/dev/shm/",
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_kind_that_nobody_defines_is_installed_or_taken_out() {
        let application = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"namespace": "argocd", "name": "web"},
            "spec": {"source": {"repoURL": "http://git/x", "path": "web"}}, "status": {"operationState": {"phase": "Failed"}}});
        let said = "The Kubernetes API could not find monitoring.coreos.com/ServiceMonitor for requested resource shop/web. Make sure the \"ServiceMonitor\" CRD is installed on the destination cluster.";
        let found = finding(Fault::SyncFailed, &application, &Ref::of(&application), said);
        assert_eq!(found.field, "spec.source");
        assert!(
            found.next.starts_with("Install what defines monitoring.coreos.com/ServiceMonitor")
                && found.next.contains("take shop/web out of the source"),
            "{}",
            found.next
        );
    }
}
