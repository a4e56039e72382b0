//! Each kind of check, where it holds and where it does not, in words.

use serde_json::json;

use super::super::check::{AnswerCheck, EntityCheck, HealthyCheck, Thing};
use super::*;

fn thing(text: &str) -> Thing {
    Thing::try_from(text.to_string()).expect("an object")
}

fn holds(check: &Check, seen: &Seen) -> String {
    let said = judge(check, seen);
    assert!(said.holds, "{}", said.said);
    said.said
}

fn lacks(check: &Check, seen: &Seen) -> String {
    let said = judge(check, seen);
    assert!(!said.holds, "{}", said.said);
    said.said
}

fn object(condition: Option<&str>, values: Value, absent: bool) -> Check {
    Check::Object(ObjectCheck {
        object: thing("App lab/shop"),
        api_version: None,
        condition: condition.map(Into::into),
        values: serde_json::from_value(values).expect("a map"),
        absent,
    })
}

fn shop(ready: &str) -> Seen {
    Seen::Object(Some(json!({"metadata": {"name": "shop"}, "spec": {"replicas": 1},
        "status": {"conditions": [{"type": "Ready", "status": ready, "reason": "Creating", "message": "the pod starts"}]}})))
}

#[test]
fn nothing_holds_that_could_not_be_looked_at() {
    let checks = [
        object(None, json!({}), false),
        object(None, json!({}), true),
        Check::Healthy(HealthyCheck { healthy: thing("App lab/shop") }),
        Check::Entity(EntityCheck { entity: "component:lab/shop".into() }),
        Check::Git(GitCheck { repository: "r".into(), file: "f".into(), has: None, absent: true }),
    ];
    for check in &checks {
        assert_eq!(
            lacks(check, &Seen::Nothing("the API server does not answer".into())),
            "it could not be looked at: the API server does not answer"
        );
        assert_eq!(lacks(check, &Seen::Answer(Some("x".into()))), "it was not looked at");
    }
    let silent = Check::Answer(AnswerCheck { question: "Which?".into(), is: "x".into() });
    assert_eq!(lacks(&silent, &Seen::Object(None)), "it was not looked at");
}

#[test]
fn an_object_is_there_and_as_it_should_be() {
    assert_eq!(holds(&object(None, json!({}), false), &shop("False")), "App lab/shop is there");
    assert_eq!(
        holds(&object(Some("Ready"), json!({"/spec/replicas": 1}), false), &shop("True")),
        "App lab/shop is there, as it should be"
    );
    assert_eq!(lacks(&object(None, json!({}), false), &Seen::Object(None)), "App lab/shop is not there");
    assert_eq!(
        lacks(&object(Some("Ready"), json!({}), false), &shop("False")),
        "App lab/shop is there, but its condition Ready is False: Creating: the pod starts"
    );
    assert_eq!(
        lacks(&object(Some("Synced"), json!({}), false), &shop("True")),
        "App lab/shop is there, but says nothing of Synced yet"
    );
    assert_eq!(
        lacks(&object(None, json!({"/spec/replicas": 2}), false), &shop("True")),
        "App lab/shop is there, but its /spec/replicas is 1, and should be 2"
    );
    assert_eq!(
        lacks(&object(None, json!({"/spec/port": 80}), false), &shop("True")),
        "App lab/shop is there, but has no /spec/port, which should be 80"
    );
}

#[test]
fn an_object_that_is_on_its_way_out_is_neither_there_nor_gone() {
    let leaving =
        Seen::Object(Some(json!({"metadata": {"name": "shop", "deletionTimestamp": "2026-01-01T00:00:00Z"}})));
    assert_eq!(lacks(&object(None, json!({}), false), &leaving), "App lab/shop is there, but it is being deleted");
    assert_eq!(lacks(&object(None, json!({}), true), &leaving), "App lab/shop is on its way out, and not gone yet");
    assert_eq!(lacks(&object(None, json!({}), true), &shop("True")), "App lab/shop is still there");
    assert_eq!(holds(&object(None, json!({}), true), &Seen::Object(None)), "App lab/shop is gone");
}

#[test]
fn the_judge_decides_whether_something_runs() {
    let check = Check::Healthy(HealthyCheck { healthy: thing("App lab/shop") });
    let seen = |verdict| Seen::Judged { verdict, cause: "Pod lab/shop-1: its image is not there".into() };
    assert_eq!(holds(&check, &seen(Verdict::Healthy)), "App lab/shop runs");
    assert!(holds(&check, &seen(Verdict::Imperfect)).contains("although"));
    assert_eq!(lacks(&check, &seen(Verdict::Broken)), "App lab/shop is broken: Pod lab/shop-1: its image is not there");
    assert!(lacks(&check, &seen(Verdict::Starting)).contains("is starting"));
    assert!(lacks(&check, &seen(Verdict::Unknown)).contains("nobody can tell"));
}

#[test]
fn a_policy_report_says_what_it_should() {
    let check =
        Check::Report(ReportCheck { policy: "no-nginx".into(), of: thing("App demo/my-app"), result: "fail".into() });
    let result = |policy: &str, result: &str| (policy.to_string(), result.to_string(), "not nginx".to_string());
    assert_eq!(
        holds(&check, &Seen::Results(vec![result("x", "pass"), result("no-nginx", "fail")])),
        "policy no-nginx says `fail` of App demo/my-app"
    );
    assert_eq!(
        lacks(&check, &Seen::Results(vec![result("no-nginx", "pass")])),
        "policy no-nginx says `pass` of App demo/my-app, and should say `fail`: not nginx"
    );
    assert_eq!(
        lacks(&check, &Seen::Results(vec![result("x", "fail")])),
        "policy no-nginx has said nothing of App demo/my-app yet"
    );
}

#[test]
fn a_file_is_on_the_main_branch() {
    let check = |has: Option<&str>, absent| {
        Check::Git(GitCheck {
            repository: "demo-cluster".into(),
            file: "lab/a.yaml".into(),
            has: has.map(Into::into),
            absent,
        })
    };
    let file = Seen::File(Some("spec:\n  replicas: 2\n".into()));
    assert_eq!(
        holds(&check(Some("replicas: 2"), false), &file),
        "there is lab/a.yaml on the main branch of demo-cluster"
    );
    assert_eq!(
        lacks(&check(Some("replicas: 3"), false), &file),
        "lab/a.yaml on the main branch of demo-cluster does not have `replicas: 3`"
    );
    assert!(lacks(&check(None, false), &Seen::File(None)).starts_with("there is no lab/a.yaml"));
    assert!(lacks(&check(None, true), &file).starts_with("there still is"));
    assert!(holds(&check(None, true), &Seen::File(None)).starts_with("there is no"));
}

#[test]
fn a_pull_request_is_of_this_step_and_in_its_state() {
    let check = |state| {
        Check::PullRequest(PullRequestCheck { repository: "demo-cluster".into(), file: "a.yaml".into(), state })
    };
    let (open, merged, closed) = (
        Pull { number: 3, open: true, merged: false },
        Pull { number: 2, open: false, merged: true },
        Pull { number: 1, open: false, merged: false },
    );
    assert_eq!(
        holds(&check(PullState::Open), &Seen::Pulls(vec![open.clone()])),
        "pull request #3 with a.yaml in demo-cluster is open"
    );
    assert_eq!(
        holds(&check(PullState::Merged), &Seen::Pulls(vec![open.clone(), merged.clone()])),
        "pull request #2 with a.yaml in demo-cluster is merged"
    );
    assert!(lacks(&check(PullState::Merged), &Seen::Pulls(vec![open])).ends_with("is open, and not merged yet"));
    assert!(lacks(&check(PullState::Open), &Seen::Pulls(vec![merged])).ends_with("is merged already"));
    assert!(lacks(&check(PullState::Merged), &Seen::Pulls(vec![closed])).ends_with("closed without being merged"));
    assert!(lacks(&check(PullState::Open), &Seen::Pulls(Vec::new())).starts_with("since this step began"));
}

#[test]
fn an_address_and_an_entity_answer() {
    let check = Check::Url(UrlCheck { at: "/shop".into(), status: 200, has: Some("Welcome".into()) });
    let page = |status, body: &str| Seen::Page { status, body: body.into() };
    assert_eq!(holds(&check, &page(200, "Welcome!")), "/shop answers 200");
    assert_eq!(lacks(&check, &page(404, "")), "/shop answers 404, and should answer 200");
    assert!(lacks(&check, &page(200, "x")).ends_with("does not have `Welcome`"));
    let check = Check::Entity(EntityCheck { entity: "component:lab/shop".into() });
    assert_eq!(holds(&check, &page(200, "{}")), "the portal's catalog has component:lab/shop");
    assert_eq!(lacks(&check, &page(404, "{}")), "the portal's catalog does not have component:lab/shop yet");
    assert!(lacks(&check, &page(503, "")).starts_with("it could not be looked at"));
}

#[test]
fn an_answer_is_asked_for_and_waiting_does_not_help() {
    let check = Check::Answer(AnswerCheck { question: "Which policy?".into(), is: "no-nginx".into() });
    assert_eq!(holds(&check, &Seen::Answer(Some("No-nginx".into()))), "No-nginx is right");
    assert_eq!(lacks(&check, &Seen::Answer(Some("x".into()))), "`x` is not the answer to: Which policy?");
    assert!(lacks(&check, &Seen::Answer(None)).contains("--answer"));
    assert!(!judge(&check, &Seen::Answer(None)).may_come);
    assert!(judge(&object(None, json!({}), false), &Seen::Object(None)).may_come);
}
