//! What the API's "no" means: wait and try again, or give up with what it said.

use kube::Error;
use kube::core::Status;

use super::object::VersionedRef;

/// What to do about an error of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It passes by itself; the text says what blocks.
    Wait(String),
    /// As [`Verdict::Wait`], and what is known of the API's kinds is stale.
    Rediscover(String),
    /// The user may not do it, says a server that may only be starting: it serves before it has read who may do what.
    Forbidden(Refusal),
    /// Trying again would not help.
    Refused(Refusal),
}

/// An object that the API does not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The server's own words.
    pub message: String,
    /// Field and problem, one each, where the server lists several.
    pub causes: Vec<String>,
    /// What a person can do about it, one sentence; `None` if the message is all there is.
    pub hint: Option<String>,
}

/// An object, and why it could not be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// The object that was to be applied or deleted.
    pub object: VersionedRef,
    /// What the API said to that.
    pub refusal: Refusal,
}

/// Calls of a webhook that fail like this come from one that is only starting.
const WEBHOOK_CALLS: [&str; 3] = ["failed calling webhook", "failed to call webhook", "conversion webhook"];

/// Judges an error of a request.
pub(crate) fn judge(error: &Error) -> Verdict {
    match error {
        Error::Api(status) => judge_status(status),
        Error::BuildRequest(_) | Error::SerdeError(_) | Error::Auth(_) | Error::HttpError(_) => {
            Verdict::Refused(Refusal { message: error.to_string(), causes: Vec::new(), hint: None })
        }
        other => Verdict::Wait(format!("the API server does not answer: {}", innermost(other))),
    }
}

fn judge_status(status: &Status) -> Verdict {
    let message = status.message.as_str();
    if WEBHOOK_CALLS.iter().any(|call| message.contains(call)) && !message.contains("denied the request") {
        return Verdict::Wait(webhook(message));
    }
    let kind = status.details.as_ref().map_or("", |details| details.kind.as_str());
    match status.code {
        // Server-side apply says so with code 500, and would say so for ever.
        500 if message.contains("failed to create typed") => Verdict::Refused(refusal(status)),
        404 if kind == "namespaces" => Verdict::Wait(message.to_string()),
        404 => Verdict::Rediscover("the cluster does not serve its kind yet".into()),
        403 if is_passing_ban(status) => Verdict::Wait(message.to_string()),
        403 if message.contains(" is forbidden: User \"") => Verdict::Forbidden(refusal(status)),
        409 | 410 => Verdict::Wait(format!("changed by somebody else at the same time: {message}")),
        408 | 429 => Verdict::Wait("the API server is busy".into()),
        500..=599 => Verdict::Wait(format!("the API server is not able to answer yet: {message}")),
        _ => Verdict::Refused(refusal(status)),
    }
}

/// Bans that end by themselves: a namespace on its way out, admission still loading.
fn is_passing_ban(status: &Status) -> bool {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    causes.into_iter().any(|cause| cause.reason == "NamespaceTerminating")
        || ["not yet ready to handle request", "error looking up service account"]
            .iter()
            .any(|passing| status.message.contains(passing))
}

/// `failed calling webhook "NAME": failed to call webhook: Post "URL": REASON`, in a person's words.
fn webhook(message: &str) -> String {
    let quoted = |after: &str| message.split_once(after)?.1.split('"').next().map(str::to_string);
    let reason = message.rsplit("\": ").next().unwrap_or(message);
    let reason = reason.strip_prefix("failed to call webhook: ").unwrap_or(reason);
    match quoted("failed calling webhook \"") {
        Some(name) => format!("webhook `{name}` does not answer: {reason}"),
        None => format!("a webhook does not answer: {reason}"),
    }
}

fn refusal(status: &Status) -> Refusal {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    let mut causes: Vec<String> = causes
        .filter(|cause| !cause.message.is_empty())
        .map(|cause| match cause.field.as_str() {
            "" => cause.message.clone(),
            field => format!("{field}: {}", cause.message),
        })
        .collect();
    // A single cause is already part of the message.
    if causes.len() == 1 && status.message.contains(&causes[0]) {
        causes.clear();
    }
    let message = status.message.trim_end_matches(": ").to_string();
    Refusal { hint: hint(status), message, causes }
}

fn hint(status: &Status) -> Option<String> {
    let text = |words: &str| Some(words.to_string());
    let message = status.message.as_str();
    if message.contains("immutable") || message.contains("updates to statefulset spec for fields other than") {
        return text("A field of it cannot change once it exists: delete the object, then run the same command again.");
    }
    if message.contains("field not declared in schema") {
        return text(
            "Correct the field's name or place in the manifest; `kubectl explain` lists the fields there are.",
        );
    }
    if message.contains("denied the request") {
        return text("A policy in the cluster forbids it: change the manifest or the policy.");
    }
    match status.code {
        401 => text("The kubeconfig's credentials are not accepted: get new ones."),
        403 => text("The kubeconfig's user lacks this right: use one that may administer the cluster."),
        400 | 422 => text("Correct the manifest in the component's folder."),
        _ => None,
    }
}

/// The last cause says what happened; those before it only where.
fn innermost(error: &dyn std::error::Error) -> String {
    backstack_common::error::chain(error).pop().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn verdict(status: Value) -> Verdict {
        judge(&Error::Api(serde_json::from_value::<Status>(status).expect("a status").boxed()))
    }

    /// The messages are those of a Kubernetes 1.36 API server.
    #[test]
    fn what_passes_by_itself_is_waited_for_by_name() {
        let call = "Internal error occurred: failed calling webhook \"w.example.dev\": failed to call webhook: \
                    Post \"https://w.default.svc:443/v?timeout=10s\": ";
        let cases = [
            (
                500,
                format!("{call}no endpoints available for service \"w\""),
                "no endpoints available for service \"w\"",
            ),
            (500, format!("{call}service \"w\" not found"), "service \"w\" not found"),
            (500, format!("{call}dial tcp 10.96.0.9:443: connect: connection refused"), "connection refused"),
            (500, format!("{call}tls: x509: certificate signed by unknown authority"), "unknown authority"),
        ];
        for (code, message, expected) in cases {
            let Verdict::Wait(text) = verdict(json!({"code": code, "message": message, "reason": "InternalError"}))
            else {
                panic!("{message} is not waited for")
            };
            assert!(text.starts_with("webhook `w.example.dev` does not answer: "), "{text}");
            assert!(text.ends_with(expected), "{text}");
        }
        for code in [408, 409, 429, 500, 503, 504] {
            assert!(matches!(verdict(json!({"code": code, "message": "x"})), Verdict::Wait(_)), "{code}");
        }
    }

    #[test]
    fn an_unknown_kind_is_looked_up_again_but_a_missing_namespace_is_not() {
        assert!(matches!(verdict(json!({"code": 404, "message": "404 page not found"})), Verdict::Rediscover(_)));
        let missing = json!({"code": 404, "message": "namespaces \"nope\" not found", "reason": "NotFound",
            "details": {"name": "nope", "kind": "namespaces"}});
        assert_eq!(verdict(missing), Verdict::Wait("namespaces \"nope\" not found".into()));
    }

    #[test]
    fn a_namespace_on_its_way_out_is_waited_for_and_other_bans_are_final() {
        let leaving = json!({"code": 403, "reason": "Forbidden", "message": "forbidden: namespace a is being terminated",
            "details": {"causes": [{"reason": "NamespaceTerminating", "message": "namespace a is being terminated"}]}});
        assert!(matches!(verdict(leaving), Verdict::Wait(_)));
        let banned = json!({"code": 403, "reason": "Forbidden", "message": "configmaps \"a\" is forbidden"});
        assert!(matches!(verdict(banned), Verdict::Refused(Refusal { hint: Some(_), .. })));
    }

    #[test]
    fn final_refusals_keep_the_servers_words_and_say_what_to_do() {
        let immutable = json!({"code": 422, "reason": "Invalid",
            "message": "Deployment.apps \"a\" is invalid: spec.selector: Invalid value: {}: field is immutable",
            "details": {"causes": [{"reason": "FieldValueInvalid", "field": "spec.selector",
                "message": "Invalid value: {}: field is immutable"}]}});
        let Verdict::Refused(refusal) = verdict(immutable) else { panic!("not final") };
        assert!(refusal.hint.expect("a hint").contains("delete the object"));
        assert!(refusal.causes.is_empty(), "the only cause is in the message already");

        let schema = json!({"code": 500, "message": "failed to create typed patch object (/a; /v1, Kind=ConfigMap): \
            .foo: field not declared in schema"});
        assert!(matches!(verdict(schema), Verdict::Refused(_)));

        let policy = json!({"code": 400, "message": "admission webhook \"p\" denied the request: no latest tags"});
        assert!(matches!(verdict(policy), Verdict::Refused(_)));
    }

    #[test]
    fn several_causes_are_listed() {
        let Verdict::Refused(refusal) = verdict(json!({"code": 422, "reason": "Invalid", "message": "two problems",
            "details": {"causes": [{"field": "a", "message": "bad"}, {"field": "b", "message": "worse"}]}}))
        else {
            panic!("not final")
        };
        assert_eq!(refusal.causes, ["a: bad", "b: worse"]);
    }
}
