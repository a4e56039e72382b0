//! Installing against an API server that misbehaves in known ways.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::fake_api::{FakeApi, Rule};
use super::{Definition, Error, Installed, Installer, Unit};
use backstack_common::error::Explain;
use backstack_common::report::{Event, Outcome, Progress, Reporter};
use backstack_images::digest::Digest;
use backstack_stack::model::{GeneratedSecret, Readiness, SecretSource};

#[derive(Default)]
struct Recorder(Mutex<Vec<Event>>);

impl Reporter for Recorder {
    fn report(&self, event: Event) {
        self.0.lock().expect("events").push(event);
    }
}

fn config_map(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"a": "b"}})
}

fn deployment(name: &str) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}})
}

fn definition(manifest: &Value) -> Definition {
    Definition::of(manifest).expect("a definition")
}

fn unit(objects: Vec<Value>) -> Unit {
    Unit {
        name: "shop".into(),
        version: "1".into(),
        namespace: "shop".into(),
        crds: Vec::new(),
        objects,
        secrets: BTreeMap::new(),
        readiness: Readiness::default(),
        depends_on: Vec::new(),
        built_images: Vec::new(),
        left_out: Vec::new(),
        digest: Digest::of(b""),
    }
}

/// Runs with time that passes by itself when everybody waits, so that no test waits.
async fn install(fake: &FakeApi, unit: &Unit) -> (Result<Installed, Error>, Vec<String>) {
    install_within(60, fake, unit).await
}

async fn install_within(seconds: u64, fake: &FakeApi, unit: &Unit) -> (Result<Installed, Error>, Vec<String>) {
    let recorder = Arc::new(Recorder::default());
    let progress = Progress::new(recorder.clone(), &unit.name);
    let installer = Installer::new(fake.client(), "lab", "localhost");
    let result = installer.install(unit, Instant::now() + Duration::from_secs(seconds), &progress).await;
    let events = recorder.0.lock().expect("events");
    let details = events.iter().filter_map(|event| match event {
        Event::Detail { detail, .. } => Some(detail.clone()),
        Event::Warning { message, .. } => Some(message.clone()),
        _ => None,
    });
    (result, details.collect())
}

fn status(code: u16, reason: &str, message: &str) -> Value {
    json!({"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message})
}

fn rule(path: &'static str, times: usize, status: Value) -> Rule {
    Rule { method: Method::PATCH, path, times, status }
}

const WEBHOOK: &str = "Internal error occurred: failed calling webhook \"w.example.dev\": failed to call webhook: \
    Post \"https://w.a.svc:443/v\": dial tcp 10.96.0.9:443: connect: connection refused";
const MAP: &str = "/configmaps/a";

#[tokio::test(start_paused = true)]
async fn what_passes_is_tried_again_and_named() {
    let scenarios = [
        ("webhook that starts", status(500, "InternalError", WEBHOOK), "webhook `w.example.dev` does not answer"),
        ("too many requests", status(429, "TooManyRequests", "slow down"), "the API server is busy"),
        ("conflict", status(409, "Conflict", "the object has been modified"), "changed by somebody else"),
        ("server that starts", status(503, "ServiceUnavailable", "starting"), "not able to answer yet: starting"),
        (
            "kind that is about to be served",
            status(404, "NotFound", "404 page not found"),
            "does not serve its kind yet",
        ),
    ];
    for (name, status, expected) in scenarios {
        let fake = FakeApi::with(vec![rule(MAP, 3, status)]);
        let (result, details) = install(&fake, &unit(vec![config_map("a")])).await;
        assert_eq!(result.expect(name).outcome(), Outcome::Created, "{name}");
        let told: Vec<_> = details.iter().filter(|detail| detail.contains(expected)).collect();
        assert_eq!(told.len(), 3, "{name}: {details:?}");
        assert!(told[0].starts_with("ConfigMap shop/a: "), "{name}: {}", told[0]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_on_a_slow_machine_gets_the_time_that_it_needs() {
    let fake = FakeApi::slow(MAP, Duration::from_secs(100));
    let (result, details) = install_within(600, &fake, &unit(vec![config_map("a")])).await;
    assert_eq!(result.expect("slow, and through in the end").outcome(), Outcome::Created);
    let told: Vec<_> = details.iter().filter(|detail| detail.contains("did not answer within")).collect();
    assert!(told[0].ends_with("within 30 s") && told[1].ends_with("within 60 s") && told.len() == 2, "{details:?}");
}

#[tokio::test(start_paused = true)]
async fn what_does_not_pass_until_the_deadline_is_named_in_the_error() {
    let fake = FakeApi::with(vec![rule(MAP, usize::MAX, status(500, "InternalError", WEBHOOK))]);
    let (result, _) = install(&fake, &unit(vec![config_map("a")])).await;
    let error = result.expect_err("a webhook that never answers");
    assert!(matches!(error, Error::Unfinished { .. }), "{error}");
    assert!(error.details()[0].contains("webhook `w.example.dev` does not answer"), "{:?}", error.details());
}

#[tokio::test(start_paused = true)]
async fn a_refusal_ends_it_at_once_and_tells_all_that_was_refused() {
    let invalid = |name: &str| status(422, "Invalid", &format!("ConfigMap \"{name}\" is invalid"));
    let fake = FakeApi::with(vec![
        rule("/configmaps/a", usize::MAX, invalid("a")),
        rule("/configmaps/b", usize::MAX, invalid("b")),
        rule("/configmaps/c", usize::MAX, status(503, "", "starting")),
    ]);
    let start = Instant::now();
    let objects = vec![config_map("a"), config_map("b"), config_map("c"), config_map("d"), deployment("web")];
    let (result, _) = install(&fake, &unit(objects)).await;
    let error = result.expect_err("two refusals");
    assert_eq!(error.to_string(), "component `shop`: the cluster refuses 2 objects");
    assert_eq!(
        error.details(),
        ["ConfigMap shop/a: ConfigMap \"a\" is invalid", "ConfigMap shop/b: ConfigMap \"b\" is invalid"]
    );
    assert!(start.elapsed() < Duration::from_secs(10), "it waited for `c` though nothing could come of it");
    let log = fake.log();
    assert!(log.iter().any(|request| request.ends_with("/configmaps/d")), "the rest of the wave is applied: {log:?}");
    assert!(!log.iter().any(|request| request.ends_with("/deployments/web")), "the next wave is not: {log:?}");
}

fn forbidden() -> Value {
    let message = "configmaps \"a\" is forbidden: User \"kubernetes-admin\" cannot patch resource \"configmaps\" in API \
                   group \"\" in the namespace \"shop\"";
    status(403, "Forbidden", message)
}

#[tokio::test(start_paused = true)]
async fn a_server_that_starts_does_not_know_yet_who_may_do_what() {
    let starting = status(500, "InternalError", "[-]informer-sync failed: reason withheld");
    let fake = FakeApi::with(vec![
        rule("/configmaps/a", 3, forbidden()),
        Rule { method: Method::GET, path: "/readyz", times: 2, status: starting },
    ]);
    let (result, details) = install(&fake, &unit(vec![config_map("a")])).await;
    result.expect("installed");
    assert!(details.iter().any(|detail| detail.contains("is forbidden: User \"kubernetes-admin\"")), "{details:?}");
}

#[tokio::test(start_paused = true)]
async fn what_the_user_may_not_do_is_told_after_a_second_look() {
    let fake = FakeApi::with(vec![rule("/configmaps/a", 1000, forbidden())]);
    let start = Instant::now();
    let (result, _) = install(&fake, &unit(vec![config_map("a")])).await;
    let Err(Error::Refused { failures, .. }) = result else { panic!("{result:?}") };
    assert!(failures[0].refusal.hint.as_deref().is_some_and(|hint| hint.contains("lacks this right")));
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_kind_that_never_comes_is_named_with_what_to_do() {
    let object = json!({"apiVersion": "nowhere.dev/v1", "kind": "Ghost", "metadata": {"name": "a"}});
    let (result, _) = install(&FakeApi::default(), &unit(vec![object])).await;
    let error = result.expect_err("no such kind");
    assert!(error.details()[0].contains("knows no kind `Ghost` in `nowhere.dev/v1`"), "{:?}", error.details());
    assert!(error.hints()[0].contains("`depends_on`"), "{:?}", error.hints());
}

#[tokio::test(start_paused = true)]
async fn objects_come_in_order_and_a_second_run_changes_nothing() {
    let fake = FakeApi::default();
    let mut unit = unit(vec![
        json!({"apiVersion": "example.dev/v1", "kind": "Thing", "metadata": {"name": "one"}}),
        deployment("web"),
        config_map("a"),
    ]);
    unit.crds = vec![definition(&json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.example.dev"}}))];
    unit.secrets.insert("admin".into(), GeneratedSecret::Random(BTreeMap::from([("password".into(), 20)])));
    assert_eq!(install(&fake, &unit).await.0.expect("installed").outcome(), Outcome::Created);
    let inventory = "PATCH /api/v1/namespaces/backstack-system/configmaps/inventory-shop";
    assert_eq!(
        fake.log(),
        [
            inventory,
            "PATCH /api/v1/namespaces/shop",
            "PATCH /apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.example.dev",
            "POST /api/v1/namespaces/shop/secrets",
            "PATCH /api/v1/namespaces/shop/configmaps/a",
            "PATCH /apis/apps/v1/namespaces/shop/deployments/web",
            "PATCH /apis/example.dev/v1/namespaces/shop/things/one",
            inventory,
        ]
    );
    let password = fake.get("/api/v1/namespaces/shop/secrets/admin");
    assert_eq!(install(&fake, &unit).await.0.expect("installed").outcome(), Outcome::Unchanged);
    assert_eq!(fake.get("/api/v1/namespaces/shop/secrets/admin"), password);
}

#[tokio::test(start_paused = true)]
async fn only_our_own_objects_are_pruned_and_definitions_in_use_are_kept() {
    let fake = FakeApi::default();
    let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "r"}});
    let mut first = unit(vec![config_map("a"), config_map("b"), config_map("taken"), role, deployment("web")]);
    first.crds = vec![definition(&json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.example.dev"},
        "spec": {"group": "example.dev", "names": {"kind": "Thing"}, "versions": [{"name": "v1", "served": true}]}}))];
    install(&fake, &first).await.0.expect("installed");
    fake.put("/api/v1/namespaces/shop/configmaps/taken", config_map("taken"));
    fake.put(
        "/apis/example.dev/v1/namespaces/x/things/theirs",
        json!({"apiVersion": "example.dev/v1", "kind": "Thing", "metadata": {"name": "theirs", "namespace": "x"}}),
    );

    let (result, told) = install(&fake, &unit(vec![config_map("a")])).await;
    let done = result.expect("installed");
    let removed: Vec<_> = done.pruned.removed.iter().map(ToString::to_string).collect();
    assert_eq!(removed, ["Deployment shop/web", "ConfigMap shop/b", "ClusterRole r"]);
    assert_eq!(done.outcome(), Outcome::Changed);
    assert!(told.iter().any(|text| text.contains("kept: there still is Thing x/theirs")), "{told:?}");
    let left = fake.paths();
    for path in [
        "/api/v1/namespaces/shop",
        "/api/v1/namespaces/shop/configmaps/a",
        "/api/v1/namespaces/shop/configmaps/taken",
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.example.dev",
    ] {
        assert!(left.iter().any(|found| found == path), "{path} is gone: {left:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_forgotten_when_it_dies_half_way() {
    let fake = FakeApi::with(vec![rule("/configmaps/new", usize::MAX, status(422, "Invalid", "no"))]);
    install(&fake, &unit(vec![config_map("old")])).await.0.expect("installed");
    install(&fake, &unit(vec![config_map("new")])).await.0.expect_err("refused");
    let entry = fake.get("/api/v1/namespaces/backstack-system/configmaps/inventory-shop").expect("an inventory");
    let objects = entry["data"]["objects"].as_str().expect("objects");
    assert!(objects.contains("\"old\"") && objects.contains("\"new\""), "{objects}");
    assert_eq!(entry["data"]["complete"], "false");
}

#[tokio::test(start_paused = true)]
async fn removing_takes_all_of_it_but_namespaces_that_others_use() {
    let fake = FakeApi::default();
    install(&fake, &unit(vec![config_map("a")])).await.0.expect("installed");
    let guest = Unit { name: "guest".into(), ..unit(vec![config_map("g")]) };
    install(&fake, &guest).await.0.expect("installed");
    let installer = Installer::new(fake.client(), "lab", "localhost");
    let deadline = Instant::now() + Duration::from_secs(60);
    let shop = installer.remove("shop", deadline, &Progress::silent()).await.expect("removed");
    assert_eq!(shop.kept.len(), 1, "{shop:?}");
    installer.remove("guest", deadline, &Progress::silent()).await.expect("removed");
    let again = installer.remove("shop", deadline, &Progress::silent()).await.expect("removed");
    assert_eq!(again.removed.len(), 1, "{again:?}");
    assert!(fake.paths().is_empty(), "{:?}", fake.paths());
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_second_takes_the_secret_that_is_there() {
    let exists =
        Rule { method: Method::POST, path: "/secrets", times: 1, status: status(409, "AlreadyExists", "exists") };
    let fake = FakeApi::with(vec![exists]);
    let mut unit = unit(Vec::new());
    unit.secrets.insert("admin".into(), GeneratedSecret::Random(BTreeMap::from([("password".into(), 20)])));
    install(&fake, &unit).await.0.expect("installed");
    let posts = fake.log().into_iter().filter(|request| request.starts_with("POST")).count();
    assert_eq!(posts, 2, "read again and made, after somebody else had made and deleted it");
}

const PORTAL: &str = "/api/v1/namespaces/git/secrets/portal";

fn with_a_copy() -> Unit {
    let mut unit = unit(Vec::new());
    let source = SecretSource { namespace: "git".into(), name: "portal".into() };
    unit.secrets.insert("portal".into(), GeneratedSecret::Copy(source));
    unit
}

fn portal(token: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "portal", "namespace": "git"}, "type": "Opaque",
        "data": {"token": token}})
}

#[tokio::test(start_paused = true)]
async fn a_copied_secret_is_waited_for_by_name() {
    let fake = FakeApi::default();
    fake.put(PORTAL, json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "portal", "namespace": "git"}}));
    let (result, told) = install(&fake, &with_a_copy()).await;
    let error = result.expect_err("there is nothing in it");
    assert_eq!(error.details(), ["Secret shop/portal: waits for Secret git/portal, which is empty yet"]);
    assert!(told.iter().any(|text| text.ends_with("which is empty yet")), "{told:?}");

    let (result, _) = install(&FakeApi::default(), &with_a_copy()).await;
    let error = result.expect_err("it is not there");
    assert_eq!(error.details(), ["Secret shop/portal: waits for Secret git/portal, which does not exist yet"]);
}

#[tokio::test(start_paused = true)]
async fn a_copy_follows_its_original() {
    let fake = FakeApi::default();
    fake.put(PORTAL, portal("b25l"));
    assert_eq!(install(&fake, &with_a_copy()).await.0.expect("installed").outcome(), Outcome::Created);
    assert_eq!(install(&fake, &with_a_copy()).await.0.expect("installed").outcome(), Outcome::Unchanged);
    fake.put(PORTAL, portal("dHdv"));
    assert_eq!(install(&fake, &with_a_copy()).await.0.expect("installed").outcome(), Outcome::Changed);
    let mut other = portal("dHdv");
    other["type"] = json!("example.dev/other");
    fake.put(PORTAL, other);
    install(&fake, &with_a_copy()).await.0.expect("installed");
    let copy = fake.get("/api/v1/namespaces/shop/secrets/portal").expect("the copy");
    assert_eq!((&copy["data"]["token"], &copy["type"]), (&json!("dHdv"), &json!("example.dev/other")));
}

#[tokio::test(start_paused = true)]
async fn a_job_that_failed_or_changed_is_made_anew() {
    let job = || json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "seed"}});
    let path = "/apis/batch/v1/namespaces/shop/jobs/seed";
    let immutable = status(422, "Invalid", "Job.batch \"seed\" is invalid: spec.template: field is immutable");
    let fake = FakeApi::default();
    install(&fake, &unit(vec![job()])).await.0.expect("installed");
    let first = fake.get(path).expect("the Job")["metadata"]["uid"].clone();
    let mut failed = fake.get(path).expect("the Job");
    failed["status"] = json!({"conditions": [{"type": "Failed", "status": "True"}]});
    fake.put(path, failed);
    let (result, told) = install(&fake, &unit(vec![job()])).await;
    result.expect("installed");
    assert!(told.iter().any(|text| text.ends_with("the Job has failed and is recreated")), "{told:?}");
    let second = fake.get(path).expect("the Job")["metadata"]["uid"].clone();
    assert_ne!(first, second);

    fake.add_rule(rule("/jobs/seed", 1, immutable));
    install(&fake, &unit(vec![job()])).await.0.expect("installed");
    assert_ne!(fake.get(path).expect("the Job")["metadata"]["uid"], second);
    // One that is somebody else's stays.
    fake.put(
        path,
        json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "seed", "uid": "theirs"},
        "status": {"conditions": [{"type": "Failed", "status": "True"}]}}),
    );
    install(&fake, &unit(vec![job()])).await.0.expect_err("it is not ours");
}

#[tokio::test(start_paused = true)]
async fn webhooks_that_nobody_would_answer_go_with_their_component() {
    let fake = FakeApi::default();
    install(&fake, &unit(vec![deployment("web")])).await.0.expect("installed");
    let hooks = |namespaces: &[&str]| -> Vec<Value> {
        namespaces
            .iter()
            .map(|namespace| json!({"clientConfig": {"service": {"name": "s", "namespace": namespace}}}))
            .collect()
    };
    let folder = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
    for (name, namespaces) in [("mine", &["shop", "shop"][..]), ("shared", &["shop", "other"]), ("none", &[])] {
        fake.put(&format!("{folder}/{name}"), json!({"kind": "ValidatingWebhookConfiguration", "metadata": {"name": name}, "webhooks": hooks(namespaces)}));
    }
    let installer = Installer::new(fake.client(), "lab", "localhost");
    let deadline = Instant::now() + Duration::from_secs(60);
    let removed = installer.remove("shop", deadline, &Progress::silent()).await.expect("removed").removed;
    assert!(removed.iter().any(|object| object.to_string() == "ValidatingWebhookConfiguration mine"), "{removed:?}");
    let log = fake.log();
    let place = |end: &str| log.iter().position(|line| line.starts_with("DELETE") && line.ends_with(end));
    assert!(place("/mine") < place("/web"), "{log:?}");
    assert_eq!((place("/shared"), place("/none")), (None, None));
}

#[tokio::test(start_paused = true)]
async fn what_an_installation_would_change_is_told_and_not_done() {
    let fake = FakeApi::default();
    let installer = Installer::new(fake.client(), "lab", "localhost");
    let with_data = |name: &str, data: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"a": data}});
    let first = unit(vec![config_map("same"), config_map("other"), config_map("old"), config_map("taken")]);
    let all_new = installer.preview(&first).await.expect("a preview");
    assert_eq!((all_new.had.as_deref(), all_new.added.len(), fake.log().len()), (None, 5, 0), "{all_new:?}");
    install(&fake, &first).await.0.expect("installed");
    let nothing = installer.preview(&first).await.expect("a preview");
    assert!(nothing.is_nothing() && nothing.had.as_deref() == Some("1"), "{nothing:?}");
    // Somebody else's by now.
    let path = "/api/v1/namespaces/shop/configmaps/taken";
    let mut taken = fake.get(path).expect("the object");
    taken["metadata"]["labels"] = json!({});
    fake.put(path, taken);
    let refused = || json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "seed"}});
    fake.put("/apis/batch/v1/namespaces/shop/jobs/seed", refused());
    fake.add_rule(rule("/jobs/seed", 1, status(403, "Forbidden", "a policy wants a label")));
    let thing = json!({"apiVersion": "nobody.dev/v1", "kind": "Thing", "metadata": {"name": "new"}});
    let (before, log) = (fake.paths(), fake.log());
    let second = unit(vec![config_map("same"), with_data("other", "c"), thing, refused()]);
    let preview = installer.preview(&second).await.expect("a preview");
    let names = |objects: &[super::object::VersionedRef]| objects.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(names(&preview.added), ["Thing shop/new"]);
    assert_eq!(names(&preview.changed), ["ConfigMap shop/other"]);
    assert_eq!(names(&preview.removed), ["ConfigMap shop/old"]);
    assert_eq!(preview.unknown, [("Job shop/seed".to_string(), "a policy wants a label".to_string())].into());
    assert_eq!((fake.paths(), fake.log()), (before, log), "nothing was to be changed");
}
