use super::*;
use crate::live::apis::tests::definition;
use crate::live::changes::pulls::Check;
use crate::live::changes::source::tests::{ORDERS, argo_cd};
use serde_json::json;

fn pull(merged: bool) -> Pull {
    Pull {
        number: 7,
        url: "u".into(),
        title: String::new(),
        branch: "b".into(),
        base: "main".into(),
        author: "assistant".into(),
        head: "h".into(),
        before: "m".into(),
        open: !merged,
        draft: false,
        mergeable: true,
        merged,
        merge_commit: if merged { "c0ffee".into() } else { String::new() },
        body: String::new(),
    }
}

fn app(image: &str) -> Value {
    json!({"apiVersion": "p.dev/v1alpha1", "kind": "App", "metadata": {"namespace": "demo", "name": "shop"}, "spec": {"image": image}})
}

fn subject(before: Option<Value>, wanted: Option<Value>) -> Subject {
    let file = ("backstack/demo-cluster".into(), "demo/app/shop.yaml".into());
    Subject { at: Ref::new("p.dev", "App", "demo", "shop"), file, before, wanted }
}

/// The App in the cluster: its image, generation, the generation that Ready is of, and Ready.
fn live(image: &str, generation: i64, observed: i64, ready: &str) -> Value {
    let mut app = app(image);
    app["metadata"]["generation"] = generation.into();
    app["metadata"]["uid"] = "1".into();
    app["status"] = json!({"conditions": [
        {"type": "Synced", "status": "True", "observedGeneration": observed},
        {"type": "Ready", "status": ready, "observedGeneration": observed}]});
    app
}

fn snapshot(revision: &str, objects: Vec<Value>) -> Snapshot {
    let application = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"namespace": "argocd", "name": "demo-app-shop"},
        "spec": {"source": {"repoURL": ORDERS, "path": "demo/app", "targetRevision": "main", "directory": {"include": "shop.yaml"}}},
        "status": {"sync": {"status": "Synced", "revision": revision}, "health": {"status": "Healthy"}}});
    Snapshot::of("lab", [argo_cd(), vec![definition(), application], objects].concat())
}

fn told(snapshot: &Snapshot, pull: &Pull, known: &Known<'_>) -> Vec<(&'static str, State)> {
    stages(snapshot, pull, known).into_iter().map(|stage| (stage.stage, stage.state)).collect()
}

fn ready(objects: Vec<Value>, before: &str, wanted: &str) -> Stage {
    let subjects = [subject(Some(app(before)), Some(app(wanted)))];
    let known = Known { subjects: &subjects, ..Known::default() };
    stages(&snapshot("c0ffee", objects), &pull(true), &known).pop().expect("a last stage")
}

/// The Deployment below the App, with a ReplicaSet and a pod of each image.
fn below(image: &str, generation: i64, observed: i64, pods: &[(&str, Value)]) -> Vec<Value> {
    let owner = |kind: &str, uid: &str| json!([{"kind": kind, "uid": uid, "name": "shop", "controller": true}]);
    let mut objects = vec![
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": "demo", "name": "shop", "uid": "2", "generation": generation, "ownerReferences": owner("App", "1")},
        "spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "c", "image": image}]}}},
        "status": {"observedGeneration": observed, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1}}),
    ];
    for (index, (name, status)) in pods.iter().enumerate() {
        let set = format!("set-{index}");
        objects.push(json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"namespace": "demo", "name": set, "uid": set, "annotations": {"deployment.kubernetes.io/revision": (index + 1).to_string()}, "ownerReferences": owner("Deployment", "2")},
            "spec": {"replicas": 1}, "status": {"replicas": 1, "readyReplicas": 1, "availableReplicas": 1, "fullyLabeledReplicas": 1}}));
        objects.push(json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "demo", "name": name, "uid": name, "ownerReferences": [{"kind": "ReplicaSet", "uid": set, "name": set, "controller": true}]},
            "spec": {"nodeName": "n", "containers": [{"name": "c", "image": image}]}, "status": status}));
    }
    objects
}

fn running() -> Value {
    json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}], "containerStatuses": [{"name": "c", "ready": true, "state": {"running": {}}}]})
}

fn without_image() -> Value {
    json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "True"}], "containerStatuses": [{"name": "c", "image": "nobody/has:it", "ready": false, "state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image: not found"}}}]})
}

#[test]
fn what_stands_before_the_merge_is_told_apart() {
    use State::{Done, Failed, Next, Waiting};
    let subjects = [subject(None, Some(app("a:1")))];
    let check = |state| vec![Check { name: "files".into(), state, said: "said".into() }];
    let gates = |state, approved: &[&str]| Gates {
        checks: check(state),
        needed: 1,
        approved: approved.iter().map(ToString::to_string).collect(),
        objecting: Vec::new(),
    };
    let at = |gates: Gates, pull: &Pull, conflict| {
        let known = Known { gates, conflict, subjects: &subjects, beyond: "" };
        let told = told(&snapshot("old", Vec::new()), pull, &known);
        assert_eq!(told[4..], [("synced", Next), ("ready", Next)]);
        [told[1].1, told[2].1, told[3].1]
    };
    let mut blind = pull(false);
    blind.mergeable = false;
    assert_eq!(at(gates(CheckState::Running, &[]), &pull(false), false), [Waiting, Waiting, Next]);
    assert_eq!(at(gates(CheckState::Failed, &[]), &pull(false), false), [Failed, Waiting, Next]);
    assert_eq!(at(gates(CheckState::Passed, &[]), &pull(false), false), [Done, Waiting, Next]);
    assert_eq!(at(gates(CheckState::Passed, &["developer"]), &pull(false), false), [Done, Done, Waiting]);
    assert_eq!(at(gates(CheckState::Passed, &["developer"]), &blind, false), [Done, Done, Waiting]);
    assert_eq!(at(gates(CheckState::Passed, &["developer"]), &blind, true), [Done, Done, Failed]);
    let known = Known { gates: gates(CheckState::Passed, &["developer"]), subjects: &subjects, ..Known::default() };
    let told = stages(&snapshot("old", Vec::new()), &pull(false), &known);
    assert!(told[3].detail.starts_with("ready to merge"), "{told:?}");
}

#[test]
fn a_condition_of_the_time_before_the_merge_is_not_ready() {
    let good = [vec![live("a:2", 3, 3, "True")], below("a:2", 2, 2, &[("new", running())])].concat();
    assert_eq!(ready(good, "a:1", "a:2").state, State::Done);
    for (objects, part) in [
        (vec![live("a:1", 2, 2, "True")], "spec.image is still \"a:1\""),
        (vec![live("a:2", 3, 2, "True")], "condition Synced is of generation 2, and 3 is the newest"),
        ([vec![live("a:2", 3, 3, "True")], below("a:2", 2, 1, &[("old", running())])].concat(), "Deployment:demo/shop"),
        (vec![app("a:2")], "has no conditions yet"),
        (vec![live("a:2", 3, 3, "False")], "Ready is False"),
    ] {
        let stage = ready(objects, "a:1", "a:2");
        assert!(stage.state == State::Waiting && stage.detail.contains(part), "{part}: {stage:?}");
    }
}

#[test]
fn what_fails_after_the_merge_names_its_cause() {
    let broken = [
        vec![live("nobody/has:it", 3, 3, "True")],
        below("nobody/has:it", 2, 2, &[("old", running()), ("new", without_image())]),
    ]
    .concat();
    let stage = ready(broken, "a:1", "nobody/has:it");
    assert!(stage.state == State::Failed && stage.detail.contains("image"), "{stage:?}");
    let mended =
        [vec![live("a:2", 3, 3, "True")], below("a:2", 2, 2, &[("old", without_image()), ("new", running())])].concat();
    assert_eq!(ready(mended, "a:1", "a:2").state, State::Done, "pods of the time before do not count");
}

#[test]
fn where_changes_are_merged_together_the_last_commit_counts_for_all() {
    let subjects = [subject(Some(app("a:1")), Some(app("a:2")))];
    let snapshot = snapshot("later", vec![live("a:2", 3, 3, "True")]);
    let synced = |beyond| told(&snapshot, &pull(true), &Known { subjects: &subjects, beyond, ..Known::default() })[2].1;
    assert_eq!(revisions(&snapshot, &subjects), ["later"]);
    assert_eq!([synced(""), synced("another"), synced("later")], [State::Waiting, State::Waiting, State::Done]);
}

#[test]
fn a_deletion_is_removed_and_never_synced_or_ready() {
    let subjects = [subject(Some(app("a:1")), None)];
    let known = Known { subjects: &subjects, ..Known::default() };
    let names = |told: Vec<(&'static str, State)>| told.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(names(told(&snapshot("old", Vec::new()), &pull(false), &known)), ["proposed", "merged", "removed"]);
    assert!(is_over(&stages(&snapshot("x", Vec::new()), &pull(true), &known)));
    let mut going = live("a:1", 1, 1, "True");
    going["metadata"]["deletionTimestamp"] = "2026-11-29T10:00:00Z".into();
    going["metadata"]["finalizers"] = json!(["f.dev/x"]);
    let last = stages(&snapshot("x", vec![going]), &pull(true), &known).pop().expect("a stage");
    assert!(last.state == State::Waiting && last.detail.contains("waits for f.dev/x"), "{last:?}");
}
