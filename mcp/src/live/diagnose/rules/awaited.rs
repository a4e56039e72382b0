//! What a pod waits for by its own program's words, and that does not come by itself: a Job that is suspended or has
//! failed, a workload that has no replicas, a member of its own set that is made only after it.

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::{Fault, Finding};
use crate::live::moment::in_words;
use crate::live::object::{Ref, condition, list, name, namespace, number, text};
use crate::live::owners;
use crate::live::references::template::Template;

/// So long whatever is waited for may take to begin.
const PATIENCE: i64 = 30;
/// Lines of a log that tell what a program waits for now.
const LINES: usize = 5;
/// What stands in the words of a program that waits.
const WAITS: [&str; 6] = ["wait", "until", "while", "sleep", "poll", "not complete"];
/// What may be waited for: kind, group, and how people and `kubectl` write the kind.
const KINDS: [(&str, &str, &[&str]); 4] = [
    ("Job", "batch", &["job", "jobs", "job.batch", "jobs.batch"]),
    ("CronJob", "batch", &["cronjob", "cronjobs", "cronjob.batch", "cronjobs.batch"]),
    ("Deployment", "apps", &["deployment", "deployments", "deploy", "deployment.apps", "deployments.apps"]),
    ("StatefulSet", "apps", &["statefulset", "statefulsets", "sts", "statefulset.apps", "statefulsets.apps"]),
];

/// Members of a set that are made one after the other, and the first waits for one that comes after it.
pub(super) fn of_member(seen: &Seen<'_>, pod: &Value) -> Option<Finding> {
    let waiting = waiting(seen, pod).filter(|waiting| waiting.seconds > PATIENCE)?;
    let set = owners::line(seen.snapshot, pod).find(|owner| text(owner, "/kind") == "StatefulSet")?;
    if text(set, "/spec/podManagementPolicy") == "Parallel" {
        return None;
    }
    let prefix = format!("{}-", name(set));
    let own: i64 = name(pod).strip_prefix(&prefix)?.parse().ok()?;
    let first = number(set, "/spec/ordinals/start");
    let later: Vec<_> = (own + 1..first + number(set, "/spec/replicas")).map(|one| format!("{prefix}{one}")).collect();
    let is_made = |member: &String| seen.snapshot.get(&Ref::new("", "Pod", namespace(set), member)).is_some();
    if later.iter().any(is_made) {
        return None;
    }
    let ends = |letter: char| !letter.is_ascii_alphanumeric() && letter != '-';
    let names = |line: &&str| line.split(ends).any(|word| later.iter().any(|member| member == word));
    let line = waiting.log.lines().rev().take(LINES).find(names)?;
    let (at, field) = (Ref::of(set), "spec.podManagementPolicy");
    let text = format!(
        "makes its pods one after the other, and {} is not ready before it sees one that is made only when it is",
        Ref::of(pod)
    );
    let mut finding = Finding::new(Fault::MissingReference, at.clone(), text).at(field).should_be("Parallel");
    finding.affects.push(Ref::of(pod).to_string());
    let finding = finding.with(field, "OrderedReady").with(format!("log of {}", waiting.name), line);
    Some(finding.next(format!(
        "Make {at} again with `{field}: Parallel` (it cannot be changed: `kubectl -n {} delete statefulset {} --cascade=orphan`, then apply), or let its readiness probe not ask for the others.",
        at.namespace, at.name
    )))
}

/// The container that the others wait for, or that runs and is not ready.
struct Waiting<'a> {
    name: &'a str,
    is_init: bool,
    seconds: i64,
    /// What it says lately, and what it was told to do.
    words: String,
    log: &'a str,
    spec: &'a Value,
}

/// What a pod that does not become ready waits for.
pub(super) fn of_pod(seen: &Seen<'_>, pod: &Value) -> Option<Finding> {
    let waiting = waiting(seen, pod).filter(|waiting| waiting.seconds > PATIENCE)?;
    let lower = waiting.words.to_lowercase();
    if !WAITS.iter().any(|word| lower.contains(word)) {
        return None;
    }
    let own: Vec<_> = owners::line(seen.snapshot, pod).map(Ref::of).collect();
    let all = KINDS.iter().flat_map(|(kind, group, words)| {
        seen.snapshot.inside(group, kind, namespace(pod)).map(move |one| (one, *words))
    });
    let mut idle = all.filter(|(one, _)| !own.contains(&Ref::of(one))).filter_map(|(one, words)| {
        let how = how_it_is_known(pod, &waiting, one, words)?;
        Some((one, idle(one)?, how))
    });
    let (one, idle, how) = idle.next()?;
    let at = Ref::of(one);
    let (span, top) = (in_words(waiting.seconds), own.last().cloned().unwrap_or_else(|| Ref::of(pod)));
    let text = format!("{}, and container `{}` of {} waits for it since {span}", idle.text, waiting.name, Ref::of(pod));
    let mut finding = Finding::new(idle.fault, at, text).at(idle.field).with(how.0, &how.1);
    finding.affects.push(top.to_string());
    let finding = match idle.value {
        Some(value) => finding.should_be(value),
        None => finding,
    };
    let source = if idle.field.is_empty() { "condition Failed" } else { idle.field };
    Some(finding.with(source, &idle.said).next(idle.next))
}

fn waiting<'a>(seen: &Seen<'a>, pod: &'a Value) -> Option<Waiting<'a>> {
    let is_waiting =
        |status: &&Value| status.get("ready") != Some(&Value::Bool(true)) && status.pointer("/state/running").is_some();
    let statuses = ["initContainerStatuses", "containerStatuses"].into_iter();
    let status = statuses.flat_map(|field| list(pod, &format!("/status/{field}"))).find(is_waiting)?;
    let (container, template) = (text(status, "/name"), Template::of(pod)?);
    let (path, spec) = template.container(container)?;
    let told = ["command", "args"].into_iter().flat_map(|part| list(spec, &format!("/{part}")));
    let told = told.filter_map(Value::as_str).chain(list(spec, "/env").iter().map(|one| text(one, "/value")));
    let key = (namespace(pod).into(), name(pod).into(), container.into());
    let log = seen.snapshot.recent_log(&key).unwrap_or_default();
    let words = log.lines().rev().take(LINES).chain(told).collect::<Vec<_>>().join("\n");
    let seconds = seen.seconds_since(text(status, "/state/running/startedAt"))?;
    let is_init = path.contains("initContainers");
    Some(Waiting { name: container, is_init, seconds, words, log, spec })
}

/// By what it is known that a container waits for an object: its name beside its kind, or a path on a volume of both.
fn how_it_is_known(pod: &Value, waiting: &Waiting<'_>, one: &Value, kinds: &[&str]) -> Option<(String, String)> {
    let named = waiting.words.lines().find(|line| is_named(line, name(one), kinds));
    if let Some(line) = named {
        return Some((format!("container {}", waiting.name), line.into()));
    }
    // A file is waited for before a program begins; it is written by what runs once.
    if !waiting.is_init || text(one, "/kind") != "Job" {
        return None;
    }
    let (mine, its) = (mounted(&Template::of(pod)?, waiting.spec), Template::of(one)?);
    let shared = its.containers().flat_map(|(_, spec)| mounted(&its, spec)).find_map(|(claim, _)| {
        let mut paths = mine.iter().filter(|(own, _)| *own == claim);
        paths.find(|(_, path)| waiting.words.contains(&format!("{path}/"))).map(|(_, path)| (claim, *path))
    })?;
    Some((format!("container {}", waiting.name), format!("looks below {}, on claim {} of both", shared.1, shared.0)))
}

/// Claims that a container has mounted, each with its folder.
fn mounted<'a>(template: &Template<'a>, spec: &'a Value) -> Vec<(&'a str, &'a str)> {
    let claim = |volume: &str| {
        let found = list(template.spec, "/volumes").iter().find(|one| text(one, "/name") == volume)?;
        Some(text(found, "/persistentVolumeClaim/claimName")).filter(|claim| !claim.is_empty())
    };
    let mounts = list(spec, "/volumeMounts").iter();
    let all = mounts
        .filter_map(|mount| Some((claim(text(mount, "/name"))?, text(mount, "/mountPath").trim_end_matches('/'))));
    all.collect()
}

/// Whether a line names an object beside its kind: `job migrate`, `job/migrate`, `jobs.batch "migrate"`.
fn is_named(line: &str, name: &str, kinds: &[&str]) -> bool {
    let ends = |letter: char| !letter.is_ascii_alphanumeric() && !matches!(letter, '-' | '.');
    let words: Vec<_> = line.split(ends).filter(|word| !word.is_empty()).map(|word| word.trim_matches('.')).collect();
    let is_kind = |word: &str| kinds.iter().any(|kind| word.eq_ignore_ascii_case(kind));
    words.windows(2).any(|pair| pair[1] == name && is_kind(pair[0]) || pair[0] == name && is_kind(pair[1]))
}

/// Why something does not come by itself.
struct Idle {
    fault: Fault,
    field: &'static str,
    text: String,
    said: String,
    value: Option<Value>,
    next: String,
}

fn idle(object: &Value) -> Option<Idle> {
    let at = Ref::of(object);
    let is_suspended = object.pointer("/spec/suspend") == Some(&Value::Bool(true));
    if is_suspended && condition(object, "Complete").is_none() {
        let patch = r#"'{"spec":{"suspend":false}}'"#;
        let kind = at.kind.to_lowercase();
        return Some(Idle {
            fault: Fault::Paused,
            field: "spec.suspend",
            text: "is suspended: it does not run".into(),
            said: "true".into(),
            value: Some(false.into()),
            next: format!(
                "Set `spec.suspend` of {at} to false: `kubectl -n {} patch {kind} {} -p {patch}`.",
                at.namespace, at.name
            ),
        });
    }
    if let Some(failed) = condition(object, "Failed").filter(|failed| failed.is_true() && at.kind == "Job") {
        return Some(Idle {
            fault: Fault::JobFailed,
            field: "",
            text: format!("has failed for good ({})", failed.reason),
            said: format!("{}: {}", failed.reason, failed.message),
            value: None,
            next: format!(
                "Ask about {at} why it failed, correct that, and make it again: it does not begin by itself."
            ),
        });
    }
    let has_replicas = object.pointer("/spec/replicas").is_none() || number(object, "/spec/replicas") > 0;
    (!has_replicas).then(|| Idle {
        fault: Fault::Paused,
        field: "spec.replicas",
        text: "has 0 replicas: nothing of it runs".into(),
        said: "0".into(),
        value: Some(1.into()),
        next: format!("Set `spec.replicas` of {at} to 1 or more."),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::is_named;
    use crate::live::diagnose::{Fault, Verdict, diagnose};
    use crate::live::snapshot::Snapshot;

    fn job(spec: Value, status: Value) -> Value {
        let mut job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"namespace": "shop", "name": "migrate"}, "spec": spec, "status": status});
        job["spec"]["template"] = json!({"spec": {"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}],
            "containers": [{"name": "m", "volumeMounts": [{"name": "d", "mountPath": "/out"}]}]}});
        job
    }

    fn told(job: Value, command: &str, log: &str) -> (Verdict, Fault, String, String) {
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "shop", "name": "api"},
            "spec": {"nodeName": "n", "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}], "containers": [{"name": "app"}],
                "initContainers": [{"name": "wait", "command": ["sh", "-c", command], "volumeMounts": [{"name": "v", "mountPath": "/data"}]}]},
            "status": {"phase": "Pending", "startTime": "2026-01-01T11:58:30Z", "initContainerStatuses": [{"name": "wait", "ready": false, "restartCount": 0,
                "state": {"running": {"startedAt": "2026-01-01T11:58:30Z"}}}]}});
        let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"namespace": "shop", "name": "data"}, "status": {"phase": "Bound"}});
        let mut snapshot = Snapshot::of("lab", [pod, job, claim]);
        snapshot.now = "2026-01-01T12:00:00Z".into();
        snapshot.put_recent_log(("shop".into(), "api".into(), "wait".into()), log);
        let told = diagnose(&snapshot, "Pod:shop/api").expect("it is there");
        let cause = &told.causes[0];
        (told.verdict, cause.fault, cause.object.to_string(), cause.field.clone())
    }

    #[test]
    fn a_pod_that_waits_for_what_does_not_come_by_itself_leads_there() {
        let suspended = || job(json!({"suspend": true}), json!({}));
        let expected = (Verdict::Broken, Fault::Paused, "Job shop/migrate".to_string(), "spec.suspend".to_string());
        assert_eq!(told(suspended(), "sleep 5", "waiting for job migrate"), expected);
        assert_eq!(told(suspended(), "until [ -f /data/done ]; do sleep 1; done", "."), expected);
        let failed = job(
            json!({}),
            json!({"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]}),
        );
        assert_eq!(
            told(failed.clone(), "chown -R app /data/files", "job migrate").0,
            Verdict::Starting,
            "it does not wait"
        );
        assert_eq!(told(failed, "kubectl wait job/migrate --for=condition=complete", ".").1, Fault::JobFailed);
        // One that runs will come; of one that is named nowhere nothing is known.
        for (job, command) in
            [(job(json!({}), json!({"active": 1})), "kubectl wait job/migrate"), (suspended(), "sleep 5")]
        {
            assert_eq!(told(job, command, "migrate").0, Verdict::Starting);
        }
    }

    #[test]
    fn a_set_whose_first_member_waits_for_the_second_is_the_cause() {
        let told = |policy: &str, log: &str, others: &[&str]| {
            let member = |name: &str| {
                json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "shop", "name": name,
                    "ownerReferences": [{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "store", "uid": "s", "controller": true}]},
                "spec": {"nodeName": "n", "containers": [{"name": "app", "readinessProbe": {"exec": {"command": ["test", "-f", "/r"]}}}]},
                "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}], "containerStatuses": [{"name": "app",
                    "ready": false, "started": true, "restartCount": 0, "state": {"running": {"startedAt": "2026-01-01T11:50:00Z"}}}]}})
            };
            let set = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"namespace": "shop", "name": "store", "uid": "s"},
                "spec": {"replicas": 3, "podManagementPolicy": policy, "template": {"spec": {"containers": [{"name": "app"}]}}}, "status": {"replicas": 1}});
            let event = json!({"apiVersion": "v1", "kind": "Event", "metadata": {"namespace": "shop", "name": "e"}, "type": "Warning",
                "reason": "Unhealthy", "lastTimestamp": "2026-01-01T11:59:57Z", "message": "Readiness probe failed: ",
                "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "store-0", "fieldPath": "spec.containers{app}"}});
            let others = others.iter().map(|name| member(name));
            let mut snapshot = Snapshot::of("lab", others.chain([member("store-0"), set, event]));
            snapshot.now = "2026-01-01T12:00:00Z".into();
            snapshot.put_recent_log(("shop".into(), "store-0".into(), "app".into()), log);
            let told = diagnose(&snapshot, "StatefulSet:shop/store").expect("it is there");
            told.causes[0].field.clone()
        };
        let log = "no quorum: 1 of 3 (store-0.store, store-1.store, store-2.store)";
        assert_eq!(told("OrderedReady", log, &[]), "spec.podManagementPolicy");
        for (policy, log, others) in
            [("Parallel", log, [].as_slice()), ("OrderedReady", "no quorum", &[]), ("OrderedReady", log, &["store-1"])]
        {
            assert_ne!(told(policy, log, others), "spec.podManagementPolicy", "{policy} {log} {others:?}");
        }
    }

    #[test]
    fn an_object_is_named_beside_its_kind_only() {
        let kinds = ["job", "jobs.batch"];
        for (line, expected) in [
            ("waiting for /data/x, which job migrate writes", true),
            ("kubectl wait --for=condition=complete job/migrate", true),
            ("jobs.batch \"migrate\" is not complete", true),
            ("the migrate job has not run", true),
            ("migrate is not there", false),
            ("job migrate-2 runs", false),
        ] {
            assert_eq!(is_named(line, "migrate", &kinds), expected, "{line}");
        }
    }
}
