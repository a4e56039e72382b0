//! Namespaces and the platform: worst first, one cause for all that it takes down; and when healthy may be said.

use serde_json::json;

use super::super::{Fault, Finding, Verdict, diagnose, rank};
use super::between::{running, service, snapshot};
use crate::live::object::Ref;

#[test]
fn a_namespace_is_told_by_what_is_in_it_worst_first() {
    let mut bad = running("api", json!({}));
    bad[2]["status"]["conditions"][0]["status"] = "False".into();
    bad[2]["status"]["containerStatuses"] = json!([{"name": "app", "ready": false, "restartCount": 0,
        "state": {"waiting": {"reason": "ErrImagePull", "message": "r/x:1: not found"}}}]);
    let parts = vec![running("web", json!({})), vec![service("web", "wep", 80, 8080)], bad];
    for entity in ["Namespace:shop", "ns/shop", "", "platform"] {
        let diagnosis = diagnose(&snapshot(parts.clone()), entity).expect("found");
        let faults: Vec<_> = diagnosis.causes.iter().map(|cause| cause.fault).collect();
        assert_eq!(faults, [Fault::BadImage, Fault::WrongSelector], "{entity}: {diagnosis:#?}");
    }
}

#[test]
fn one_database_that_is_down_is_one_cause() {
    let mut db = running("db", json!({}));
    db[2]["status"]["conditions"][0]["status"] = "False".into();
    db[2]["status"]["containerStatuses"] = json!([{"name": "app", "ready": false, "restartCount": 5,
        "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 3, "reason": "Error"}}}]);
    let needs = json!({"env": [{"name": "DB_HOST", "value": "db"}]});
    let names = ["one", "three", "seven-of"];
    let mut parts: Vec<_> = names.iter().map(|name| running(name, needs.clone())).collect();
    parts.extend([db, vec![service("db", "db", 5432, 8080)]]);
    let mut shop = snapshot(parts);
    for name in names {
        let key = ("shop".to_string(), format!("{name}-1-x"), "app".to_string());
        shop.put_recent_log(key, &"cannot reach db: connection refused\n".repeat(4));
    }
    let diagnosis = diagnose(&shop, "Namespace:shop").expect("found");
    assert_eq!(diagnosis.causes.len(), 1, "{diagnosis:#?}");
    assert_eq!(diagnosis.causes[0].affects.len(), 3, "{diagnosis:#?}");
}

#[test]
fn what_waits_too_long_for_something_broken_below_it_is_not_told_beside_it() {
    let shop = snapshot(vec![running("api", json!({})), running("web", json!({}))]);
    let stalled =
        |name: &str| Finding::new(Fault::Stalled, Ref::new("apps", "Deployment", "shop", name), "is not ready");
    let broken = Finding::new(Fault::BadImage, Ref::new("", "Pod", "shop", "api-1-x"), "has no image");
    let mut findings = vec![stalled("api"), broken, stalled("web")];
    rank::without_what_waits_for_it(&shop, &mut findings);
    let faults: Vec<_> = findings.iter().map(|finding| finding.fault).collect();
    assert_eq!(faults, [Fault::BadImage, Fault::Stalled], "nothing below the other explains it");
    assert_eq!(findings[0].affects, ["Deployment shop/api"]);
    // What is said to affect it explains it too, and so does what stops everything in itself; less than that does not.
    let mut job = Finding::new(Fault::Paused, Ref::new("batch", "Job", "shop", "seed"), "is suspended");
    job.affects.push("Deployment shop/api".into());
    let own = |fault: Fault| Finding::new(fault, Ref::new("apps", "Deployment", "shop", "web"), "is so");
    for (fault, left) in [(Fault::MissingReference, 2), (Fault::WrongValue, 3)] {
        let mut findings = vec![stalled("api"), stalled("web"), job.clone(), own(fault)];
        rank::without_what_waits_for_it(&shop, &mut findings);
        assert_eq!(findings.len(), left, "{findings:#?}");
        assert!(findings.iter().all(|one| !one.affects.contains(&one.object.to_string())), "{findings:#?}");
    }
}

#[test]
fn nothing_but_a_namespace_is_not_called_healthy() {
    let diagnosis = diagnose(&snapshot(Vec::new()), "Namespace:shop").expect("found");
    assert_eq!(diagnosis.verdict, Verdict::Unknown);
    let with_app = diagnose(&snapshot(vec![running("web", json!({}))]), "Namespace:shop").expect("found");
    assert_eq!(with_app.verdict, Verdict::Healthy, "{with_app:#?}");
    assert!(with_app.not_looked_at.iter().any(|told| told.contains("logs")), "{:?}", with_app.not_looked_at);
}

#[test]
fn the_same_warning_with_other_names_is_one_line() {
    let event = |number: u8| {
        json!({"apiVersion": "v1", "kind": "Event", "type": "Warning", "reason": "FailedCreate", "count": 2,
            "metadata": {"namespace": "shop", "name": format!("e{number}")}, "message": format!("pods \"web-{number}x\" is forbidden: exceeded quota"),
            "involvedObject": {"kind": "Deployment", "namespace": "shop", "name": "web"}})
    };
    let diagnosis =
        diagnose(&snapshot(vec![running("web", json!({})), (0..5).map(event).collect()]), "web").expect("found");
    assert_eq!(diagnosis.events.len(), 1);
    assert_eq!(diagnosis.events[0].count, 10);
}
