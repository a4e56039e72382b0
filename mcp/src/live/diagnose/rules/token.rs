//! The token with which a program logs in to the Kubernetes API: that its pod has none where the program looks for it, that
//! it is for somebody else, that it is of an account that was made again since.

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::around::maker_of;
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, list, namespace, text};
use crate::live::references::template::Template;

/// Where the token of a pod's account lies, if it gets one.
const FOLDER: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// How clients say that there is nothing there: by the path, by their own words, by looking for a server elsewhere.
const NONE: [&str; 4] = [
    "service token file does not exist",
    "unable to load in-cluster config",
    "could not load the in-cluster config",
    "the connection to the server localhost:8080 was refused",
];
/// How programs say that a file is not there.
const GONE: [&str; 4] = ["no such file", "enoent", "not found", "does not exist"];
/// What the API server, and what its clients, say to a token that is none for it.
const REFUSED: [&str; 4] = [
    "\"reason\":\"unauthorized\"",
    "you must be logged in to the server",
    "the server has asked for the client to provide credentials",
    "status\":\"failure\",\"message\":\"unauthorized\"",
];

/// What a program says of its token, as a finding about what is at fault for that.
pub(super) fn told(seen: &Seen<'_>, pod: &Value, container: &Value, line: &str) -> Option<Finding> {
    let template = Template::of(pod)?;
    let found = match () {
        () if misses(line) => missing(seen, pod, template, container),
        () if is_refused(line) => made_again(seen, pod, template).or_else(|| for_others(pod, template, container)),
        () => None,
    }?;
    Some(found.in_container(text(container, "/name")).with("log", line))
}

/// Whether a line is about the token of its program.
pub(super) fn concerns(line: &str) -> bool {
    misses(line) || is_refused(line)
}

fn misses(line: &str) -> bool {
    let lower = line.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|words| lower.contains(words));
    says(&NONE) || lower.contains(FOLDER) && says(&GONE)
}

fn is_refused(line: &str) -> bool {
    // As it stands in a log of JSON, or by itself.
    let lower = line.to_lowercase().replace("\\\"", "\"").replace("\": ", "\":");
    REFUSED.iter().any(|words| lower.contains(words))
}

/// A source of tokens in a volume that a container mounts: the path of the source, the source, and where it is mounted.
struct Token<'a> {
    field: String,
    source: &'a Value,
    folder: &'a str,
}

fn tokens<'a>(template: Template<'a>, container: &'a Value) -> Vec<Token<'a>> {
    let mounts = list(container, "/volumeMounts").iter();
    let all = mounts.flat_map(|mount| {
        let volumes = list(template.spec, "/volumes").iter().enumerate();
        let own = volumes.filter(move |(_, volume)| text(volume, "/name") == text(mount, "/name"));
        own.flat_map(move |(index, volume)| {
            let sources = list(volume, "/projected/sources").iter().enumerate();
            sources.filter_map(move |(number, source)| {
                let source = source.get("serviceAccountToken")?;
                let field =
                    format!("{}.volumes[{index}].projected.sources[{number}].serviceAccountToken", template.path);
                Some(Token { field, source, folder: text(mount, "/mountPath") })
            })
        })
    });
    all.collect()
}

/// Nothing is mounted where every client looks.
fn missing(seen: &Seen<'_>, pod: &Value, template: Template<'_>, container: &Value) -> Option<Finding> {
    let mounts = list(container, "/volumeMounts").iter();
    if mounts.into_iter().any(|mount| FOLDER.starts_with(text(mount, "/mountPath").trim_end_matches('/'))) {
        return None;
    }
    let account = account(pod, template);
    let account_of = seen.snapshot.get(&account);
    let is_off = |object: &Value| object.get("automountServiceAccountToken") == Some(&Value::Bool(false));
    let (at, maker) = (Ref::of(pod), Ref::of(maker_of(seen.snapshot, pod)));
    let field = format!("{}.automountServiceAccountToken", template.path);
    let what = "its program logs in to the Kubernetes API with the token of its account";
    if is_off(template.spec) {
        let text = format!("gets no token (`{field}` is false), and {what}");
        let found = Finding::new(Fault::MissingReference, at.clone(), text).at(field.clone()).should_be(true);
        return Some(found.with(field.clone(), "false").next(format!("Set `{field}` of {at} to true.")));
    }
    let own = "automountServiceAccountToken";
    let by_account = account_of.filter(|one| is_off(one) && template.spec.get(own).is_none());
    by_account?;
    let text = format!("gives the pods of {maker} no token (`{own}` is false), and {what}");
    let mut found = Finding::new(Fault::MissingReference, account.clone(), text).at(own).should_be(true);
    found.affects.push(maker.to_string());
    let of_template = Template::of(maker_of(seen.snapshot, pod)).map_or("spec", |template| template.path);
    Some(found.with(format!("{own} of {account}"), "false").next(format!(
        "Set `{own}` of {account} to true and start the pods of {maker} anew; or set `{of_template}.{own}` of {maker} to true, which lets only these have one."
    )))
}

fn account(pod: &Value, template: Template<'_>) -> Ref {
    let called = text(template.spec, "/serviceAccountName");
    Ref::new("", "ServiceAccount", namespace(pod), if called.is_empty() { "default" } else { called })
}

/// An account that is younger than the pod is another one, whatever it is called.
fn made_again(seen: &Seen<'_>, pod: &Value, template: Template<'_>) -> Option<Finding> {
    let account = account(pod, template);
    let (made, begun) = (
        seen.snapshot.get(&account).map(|one| text(one, "/metadata/creationTimestamp"))?,
        text(pod, "/metadata/creationTimestamp"),
    );
    // Times of one form: their order is that of their letters.
    (!begun.is_empty() && made > begun).then(|| {
        let (at, maker) = (Ref::of(pod), Ref::of(maker_of(seen.snapshot, pod)));
        let text = format!("has a token of an account that is gone: {account} was made again at {made}, after the pod");
        let found =
            Finding::new(Fault::MissingRights, at.clone(), text).at(format!("{}.serviceAccountName", template.path));
        found.with(format!("{account} was made"), made).next(format!(
            "Start the pods of {maker} anew (delete {at}): they get tokens of the account that is there now."
        ))
    })
}

/// A token that is made for another server. One that is for this one beside it may be what the program takes.
fn for_others(pod: &Value, template: Template<'_>, container: &Value) -> Option<Finding> {
    let is_own = |token: &Token<'_>| {
        let audience = text(token.source, "/audience");
        audience.is_empty() || audience.contains("kubernetes.default") || audience == "https://kubernetes"
    };
    let (own, others): (Vec<_>, Vec<_>) = tokens(template, container).into_iter().partition(is_own);
    let told = ["command", "args", "env"].into_iter().filter_map(|part| container.get(part)).map(Value::to_string);
    let told = told.collect::<String>();
    let is_meant = |token: &&Token<'_>| own.is_empty() || told.contains(token.folder.trim_end_matches('/'));
    let token = others.iter().find(is_meant)?;
    let (at, field, audience) = (Ref::of(pod), format!("{}.audience", token.field), text(token.source, "/audience"));
    let text = format!(
        "its token is made for `{audience}`, and its program logs in to the Kubernetes API with it, which takes only those that are made for it"
    );
    let found = Finding::new(Fault::MissingRights, at.clone(), text).at(field.clone()).with(field.clone(), audience);
    Some(found.next(format!("Take `{field}` out of {at}: without it the token is for the Kubernetes API. Or let the program read another token there.")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::live::diagnose::diagnose;
    use crate::live::snapshot::Snapshot;

    const GONE_LINE: &str = "cat: /var/run/secrets/kubernetes.io/serviceaccount/token: No such file or directory\nFATAL: cannot log in to the API";
    const UNAUTHORIZED: &str = r#"ERROR: cannot read: {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}"#;

    /// The first cause of a pod that ends or that runs, with what is in it and in its account.
    fn first(spec: Value, account: Value, log: &str, runs: bool) -> (String, String, String) {
        let state = if runs {
            json!({"running": {"startedAt": "2026-01-01T00:00:00Z"}})
        } else {
            json!({"waiting": {"reason": "CrashLoopBackOff"}})
        };
        let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "shop", "name": "lister", "creationTimestamp": "2026-01-01T10:00:00Z"},
            "spec": {"nodeName": "n", "serviceAccountName": "lister", "containers": [{"name": "app", "command": ["sh", "-c", "cat token"]}]},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": if runs { "True" } else { "False" }}],
                "containerStatuses": [{"name": "app", "ready": runs, "restartCount": if runs { 0 } else { 5 }, "state": state, "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}}}]}});
        for (key, value) in spec.as_object().into_iter().flatten() {
            pod["spec"][key] = value.clone();
        }
        let mut own = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"namespace": "shop", "name": "lister", "creationTimestamp": "2026-01-01T09:00:00Z"}});
        for (key, value) in account.as_object().into_iter().flatten() {
            own[key] = value.clone();
        }
        let mut snapshot = Snapshot::of("lab", [pod, own]);
        snapshot.now = "2026-01-01T10:10:00Z".into();
        let key = ("shop".to_string(), "lister".to_string(), "app".to_string());
        match runs {
            true => snapshot.put_recent_log(key, &format!("{log}\n{log}\n{log}\n{log}")),
            false => snapshot.put_log(key, log),
        }
        let causes = diagnose(&snapshot, "Pod:shop/lister").expect("it is there").causes;
        causes.into_iter().next().map(|one| (one.object.to_string(), one.field, one.next)).unwrap_or_default()
    }

    #[test]
    fn a_pod_without_a_token_is_told_where_that_is_said() {
        let off = json!({"automountServiceAccountToken": false});
        for runs in [false, true] {
            let (object, field, next) = first(json!({}), off.clone(), GONE_LINE, runs);
            assert_eq!(
                (object.as_str(), field.as_str()),
                ("ServiceAccount shop/lister", "automountServiceAccountToken"),
                "{runs}"
            );
            assert!(next.contains("start the pods of Pod shop/lister anew"), "{next}");
            let (object, field, _) = first(off.clone(), json!({}), GONE_LINE, runs);
            assert_eq!((object.as_str(), field.as_str()), ("Pod shop/lister", "spec.automountServiceAccountToken"));
        }
        let said = "The connection to the server localhost:8080 was refused - did you specify the right host or port?";
        assert_eq!(first(json!({}), off.clone(), said, false).0, "ServiceAccount shop/lister");
        // One that has its token misses another file.
        let volumes = json!({"volumes": [{"name": "t", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}],
            "containers": [{"name": "app", "volumeMounts": [{"name": "t", "mountPath": FOLDER}]}]});
        assert_ne!(first(volumes, off, GONE_LINE, false).1, "automountServiceAccountToken");
    }

    #[test]
    fn a_token_for_another_server_is_told_and_one_for_this_is_not() {
        let with = |audience: Value| {
            let mut token = json!({"path": "token"});
            token["audience"] = audience;
            json!({"automountServiceAccountToken": false, "volumes": [{"name": "t", "projected": {"sources": [{"serviceAccountToken": token}]}}],
                "containers": [{"name": "app", "volumeMounts": [{"name": "t", "mountPath": "/tokens"}]}]})
        };
        let field = "spec.volumes[0].projected.sources[0].serviceAccountToken.audience";
        let (object, at, next) = first(with("vault".into()), json!({}), UNAUTHORIZED, true);
        assert_eq!((object.as_str(), at.as_str()), ("Pod shop/lister", field));
        assert!(next.starts_with("Take `spec.volumes[0]"), "{next}");
        for audience in [Value::Null, "https://kubernetes.default.svc.cluster.local".into()] {
            assert_ne!(first(with(audience), json!({}), UNAUTHORIZED, true).1, field);
        }
        // That somebody else refuses a login says nothing of it.
        assert_ne!(first(with("vault".into()), json!({}), "ERROR: vault: 401 unauthorized", true).1, field);
        let again =
            json!({"metadata": {"namespace": "shop", "name": "lister", "creationTimestamp": "2026-01-01T10:05:00Z"}});
        let (_, at, next) = first(json!({}), again, UNAUTHORIZED, true);
        assert_eq!((at.as_str(), next.contains("delete Pod shop/lister")), ("spec.serviceAccountName", true));
    }
}
