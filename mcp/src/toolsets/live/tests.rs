//! The tools over a cluster that stands in memory.

mod reading;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Map, Value, json};
use tokio::sync::watch;

use super::{Live, toolsets};
use crate::catalog::Catalog;
use crate::error::ErrorKind;
use crate::live::apis::tests::definition;
use crate::live::changes::forge::tests::Scripted;
use crate::live::changes::plan::{self, Action, Change, Wish};
use crate::live::object::Ref;
use crate::live::snapshot::Snapshot;
use crate::ports::{Cluster, DryRun, GitServer, LogQuery, PlatformState, Platforms, PortError, ServedKind};
use crate::toolset::{Call, Confirmed, Outcome, Tool};
use crate::toolsets::catalog::CatalogTools;
use crate::toolsets::things::Things;
use crate::{Question, ToolError};

const CANARY: &str = "canary-5e1f";

/// A cluster in memory. Whatever is not kept can be read as well, so that leaks would show.
struct Memory {
    snapshot: Mutex<Result<Snapshot, PortError>>,
    unkept: Vec<Value>,
    log: String,
    dry: DryRun,
    /// What every Service answers.
    service: (u16, Value),
    git: Arc<Scripted>,
    changes: watch::Sender<u64>,
}

impl Memory {
    fn with(objects: Vec<Value>) -> Self {
        Self {
            snapshot: Mutex::new(Ok(Snapshot::of("lab", objects))),
            unkept: Vec::new(),
            log: String::new(),
            dry: DryRun::default(),
            service: (404, Value::Null),
            git: Scripted::with(Vec::new()),
            changes: watch::Sender::new(0),
        }
    }
}

#[async_trait]
impl Cluster for Memory {
    fn platform(&self) -> &'static str {
        "lab"
    }

    async fn snapshot(&self) -> Result<Snapshot, PortError> {
        self.snapshot.lock().expect("lock").clone()
    }

    async fn read(&self, objects: &[Ref]) -> Result<Vec<Value>, PortError> {
        Ok(self.unkept.iter().filter(|object| objects.contains(&Ref::of(object))).cloned().collect())
    }

    async fn kinds(&self) -> Result<Vec<ServedKind>, PortError> {
        let snapshot = self.snapshot().await?;
        let kept = snapshot.tables().map(|((group, kind), _)| (group.clone(), kind.clone()));
        let unkept = self.unkept.iter().map(|object| {
            let at = Ref::of(object);
            (at.group, at.kind)
        });
        let served = kept.chain(unkept).map(|(group, kind)| {
            let plural = format!("{}s", kind.to_lowercase());
            ServedKind { group, kind, plural, namespaced: true }
        });
        Ok(served.collect())
    }

    async fn list(&self, kind: &ServedKind, namespace: Option<&str>) -> Result<Vec<Value>, PortError> {
        let fits = |object: &&Value| {
            let at = Ref::of(object);
            at.kind == kind.kind && namespace.is_none_or(|place| place == at.namespace)
        };
        Ok(self.unkept.iter().filter(fits).cloned().collect())
    }

    async fn logs(&self, queries: &[LogQuery]) -> Vec<Result<String, PortError>> {
        queries.iter().map(|_| Ok(self.log.clone())).collect()
    }

    async fn listening(&self, doors: &[crate::live::snapshot::Door]) -> Vec<Option<bool>> {
        vec![None; doors.len()]
    }

    async fn dry_run(&self, objects: &[Value]) -> Result<Vec<DryRun>, PortError> {
        Ok(objects.iter().map(|_| self.dry.clone()).collect())
    }

    async fn ask(&self, _: &Ref, _: &str, _: &Value, _: Duration) -> Result<(u16, Value), PortError> {
        Ok(self.service.clone())
    }

    async fn state(&self) -> Result<PlatformState, PortError> {
        Ok(PlatformState::default())
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    async fn git(&self) -> Result<Arc<dyn GitServer>, PortError> {
        Ok(self.git.clone())
    }
}

struct One(Arc<Memory>);

#[async_trait]
impl Platforms for One {
    async fn names(&self) -> Result<Vec<String>, PortError> {
        Ok(vec!["lab".into()])
    }

    async fn platform(&self, name: Option<&str>) -> Result<Arc<dyn Cluster>, PortError> {
        match name {
            None | Some("lab") => Ok(self.0.clone()),
            Some(other) => Err(PortError::new(ErrorKind::NotFound, format!("there is no platform `{other}`"))),
        }
    }
}

fn tools(memory: &Arc<Memory>) -> Vec<Tool> {
    let live = Live::new(Arc::new(One(memory.clone())));
    let catalog = Arc::new(CatalogTools::new(Arc::new(Catalog::new(Vec::new()))));
    let things: Arc<dyn crate::Toolset> = Arc::new(Things::new(catalog, Some(live.clone())));
    toolsets(&live).into_iter().chain([things]).flat_map(crate::Toolset::tools).collect()
}

async fn run(memory: &Arc<Memory>, name: &str, arguments: Value, call: Call) -> Result<Outcome, ToolError> {
    let tools = tools(memory);
    let tool = tools.iter().find(|tool| tool.name == name).expect("such a tool");
    let Value::Object(arguments) = arguments else { panic!("arguments are no object") };
    tool.run(arguments, call).await
}

async fn answer(memory: &Arc<Memory>, name: &str, arguments: Value) -> (String, Value) {
    match run(memory, name, arguments, Call::quiet()).await {
        Ok(Outcome::Answer(finished)) => (finished.text, finished.structured),
        other => panic!("{name} gave {other:?}"),
    }
}

fn app(namespace: &str, name: &str) -> Value {
    json!({"apiVersion": "p.dev/v1alpha1", "kind": "App", "metadata": {"namespace": namespace, "name": name, "uid": format!("{namespace}-{name}")},
        "spec": {"image": "a:1", "crossplane": {"resourceRefs": [{"apiVersion": "v1", "kind": "Secret", "name": "s"}, {"apiVersion": "v1", "kind": "ConfigMap", "name": "c"}]}}})
}

#[tokio::test]
async fn names_of_tools_are_accepted_by_every_client() {
    for tool in tools(&Arc::new(Memory::with(Vec::new()))) {
        let good = |c: char| c.is_ascii_alphanumeric() || c == '_';
        assert!(tool.name.len() <= 64 && tool.name.chars().all(good), "{}", tool.name);
        assert!(tool.description.len() > 40, "{} says too little", tool.name);
    }
}

/// A canary in every place that a Secret's value can come from; every reading tool is asked about everything.
#[tokio::test]
async fn no_tool_lets_a_secret_through() {
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"namespace": "demo", "name": "s",
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": CANARY}}, "data": {"password": CANARY}, "stringData": {"a": CANARY}});
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "demo", "name": "p", "uid": "p", "managedFields": [{"x": CANARY}],
        "ownerReferences": [{"apiVersion": "p.dev/v1alpha1", "kind": "App", "name": "shop", "uid": "demo-shop"}]},
        "spec": {"containers": [{"name": "c", "env": [{"name": "DB_PASSWORD", "value": CANARY}]}]},
        "status": {"containerStatuses": [{"name": "c", "restartCount": 3, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"exitCode": 1, "message": format!("token={CANARY}")}}}]}});
    let event = json!({"apiVersion": "v1", "kind": "Event", "metadata": {"namespace": "demo", "name": "e"}, "type": "Warning", "reason": "X",
        "message": format!("cannot log in: password={CANARY}"), "involvedObject": {"kind": "Pod", "namespace": "demo", "name": "p"}});
    let application = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"namespace": "argocd", "name": "a"},
        "spec": {"source": {"repoURL": format!("https://user:{CANARY}@git.example.org/a/b"), "helm": {"parameters": [{"name": "password", "value": CANARY}]}}},
        "status": {"resources": [{"kind": "Secret", "namespace": "demo", "name": "s"}]}});
    let mut shop = app("demo", "shop");
    shop["spec"]["password"] = CANARY.into();
    let report = json!({"apiVersion": "wgpolicyk8s.io/v1alpha2", "kind": "PolicyReport", "metadata": {"namespace": "demo", "name": "r"},
        "scope": {"kind": "Pod", "apiVersion": "v1", "namespace": "demo", "name": "p"}, "results": [{"policy": "x", "result": "fail", "message": format!("secret={CANARY}")}]});
    let mut memory = Memory::with(vec![definition(), shop, pod, event, application, report, secret.clone()]);
    memory.unkept = vec![
        secret,
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "demo", "name": "c"}, "data": {"token": CANARY}}),
    ];
    memory.log = format!("starting\npassword={CANARY}\nAuthorization: Bearer {CANARY}\n");
    memory.dry = DryRun {
        object: Some(json!({"data": {"password": CANARY}})),
        refused: None,
        warnings: vec![format!("token={CANARY}")],
    };
    let memory = Arc::new(memory);
    let calls = [
        ("find", json!({"text": "s"})),
        ("find", json!({"kind": "ConfigMap"})),
        ("find", json!({"kind": "API"})),
        ("get", json!({"entity": "shop"})),
        ("get", json!({"entity": "Pod:demo/p"})),
        ("get", json!({"entity": "Secret:demo/s"})),
        ("get", json!({"entity": "ConfigMap:demo/c"})),
        ("get", json!({"entity": "Application:a", "compare": true})),
        ("get", json!({"entity": "API:App"})),
        ("tree", json!({"entity": "shop"})),
        ("logs", json!({"entity": "shop", "grep": "a"})),
        ("logs", json!({"entity": "shop", "since": "1h", "level": "info"})),
        ("history", json!({"since": "10000d"})),
        ("policies", json!({"all": true})),
        ("policies", json!({"entity": "shop"})),
        ("try_manifest", json!({"manifest": "{apiVersion: v1, kind: Secret, metadata: {name: s}, data: {a: b}}"})),
        ("platform", json!({})),
        ("platform_status", json!({})),
        ("platform_routes", json!({})),
        ("events", json!({"all": true})),
        ("events", json!({"entity": "shop"})),
        ("workload_logs", json!({"entity": "shop"})),
        ("workload_logs", json!({"pod": "p", "grep": "a", "previous": true})),
        ("crossplane_apis", json!({})),
        ("crossplane_api", json!({"kind": "App"})),
        ("crossplane_resources", json!({})),
        ("crossplane_resource", json!({"entity": "shop"})),
        ("crossplane_resource", json!({"entity": "Secret:demo/s"})),
        ("crossplane_graph", json!({"entity": "shop"})),
        ("policy_reports", json!({"all": true})),
        ("policy_list", json!({})),
        ("policy_dry_run", json!({"manifest": "{apiVersion: v1, kind: Secret, metadata: {name: s}, data: {a: b}}"})),
        ("gitops_applications", json!({})),
        ("gitops_application", json!({"application": "a"})),
        ("gitops_diff", json!({"application": "a"})),
        ("diagnose", json!({"entity": "shop"})),
        ("diagnose", json!({"entity": "Secret:demo/s"})),
        ("diagnose", json!({"entity": "Application:a"})),
    ];
    for (tool, arguments) in calls {
        let (text, structured) = answer(&memory, tool, arguments.clone()).await;
        assert!(!text.contains(CANARY) && !structured.to_string().contains(CANARY), "{tool} {arguments}: {text}");
        assert_eq!(structured["platform"], "lab", "{tool} says which platform");
    }
}

#[tokio::test]
async fn an_answer_stays_within_its_budget_and_says_how_to_go_on() {
    let mut objects = vec![definition()];
    objects.extend((0..500).map(|number| app("demo", &format!("app-{number:03}"))));
    let memory = Arc::new(Memory::with(objects));
    let (text, structured) = answer(&memory, "crossplane_resources", json!({})).await;
    assert!(text.len() < 2 * 8_000, "{} characters", text.len());
    assert_eq!(structured["total"], 500);
    let next = structured["next"].as_array().expect("a next call");
    let cursor = next.iter().find_map(|call| call["arguments"]["cursor"].as_str()).expect("a cursor");
    let shown = structured["resources"].as_array().expect("resources").len();
    let (_, second) = answer(&memory, "crossplane_resources", json!({"cursor": cursor})).await;
    assert_eq!(second["resources"][0]["resource"], format!("App:demo/app-{shown:03}"), "it goes on where it stopped");
}

#[tokio::test]
async fn what_cannot_be_answered_says_what_to_do() {
    let memory = Arc::new(Memory::with(vec![definition(), app("demo", "twice"), app("shop", "twice")]));
    let error = async |name, arguments| run(&memory, name, arguments, Call::quiet()).await.expect_err("an error");
    let ambiguous = error("diagnose", json!({"entity": "twice"})).await;
    assert_eq!((ambiguous.kind, ambiguous.candidates.len()), (ErrorKind::Ambiguous, 2));
    assert_eq!(error("gitops_applications", json!({})).await.kind, ErrorKind::Unavailable);
    assert_eq!(error("crossplane_api", json!({"kind": "Ap"})).await.candidates, ["App"]);
    assert_eq!(error("platform_status", json!({"platform": "other"})).await.kind, ErrorKind::NotFound);
    *memory.snapshot.lock().expect("lock") =
        Err(PortError::new(ErrorKind::Unavailable, "platform `lab` does not answer").hint("backstack status"));
    let gone = error("diagnose", json!({"entity": "demo/twice"})).await;
    assert_eq!((gone.kind, gone.hints.len()), (ErrorKind::Unavailable, 1));
}

fn change(spec: Value) -> Value {
    json!({"action": "create", "kind": "App", "namespace": "demo", "name": "new", "spec": spec})
}

fn pull() -> Value {
    json!({"number": 4, "state": "open", "html_url": "u", "head": {"ref": "b", "sha": "h"}, "base": {"ref": "main"}, "mergeable": true, "body": "File: `demo/app/new.yaml`"})
}

#[tokio::test]
async fn nothing_is_proposed_without_a_yes_and_nothing_that_would_be_refused() {
    let mut memory = Memory::with(vec![definition()]);
    memory.git = Scripted::with(vec![
        ("GET /repos/backstack/demo-cluster/pulls?", 200, json!([])),
        ("POST /repos/backstack/demo-cluster/contents/", 201, json!({})),
        ("POST /repos/backstack/demo-cluster/pulls", 201, pull()),
        (
            "GET /repos/backstack/demo-cluster/pulls/4/files",
            200,
            json!([{"filename": "demo/app/new.yaml", "status": "added"}]),
        ),
        ("GET /repos/backstack/demo-cluster/pulls/4/reviews", 200, json!([])),
        ("GET /repos/backstack/demo-cluster/pulls/4", 200, pull()),
        ("GET /repos/backstack/demo-cluster/branches/main", 200, json!({"required_approvals": 1})),
        (
            "GET /repos/backstack/demo-cluster/commits/h/status",
            200,
            json!({"statuses": [{"context": "files", "status": "pending"}]}),
        ),
    ]);
    let memory = Arc::new(memory);
    let wrote = || memory.git.asked.lock().expect("lock").iter().any(|call| !call.starts_with("GET"));

    let refused =
        run(&memory, "change_propose", change(json!({"imgae": "x"})), Call::quiet()).await.expect_err("a misfit");
    assert!(refused.message.contains("did you mean `image`"), "{}", refused.message);
    let asked =
        run(&memory, "change_propose", change(json!({"image": "a:1"})), Call::quiet()).await.expect("a question");
    let Outcome::Ask(question) = asked else { panic!("not asked") };
    assert!(question.details.contains("+   image: a:1") && !wrote());
    let no = said(&question, Confirmed::No);
    assert_eq!(
        run(&memory, "change_propose", change(json!({"image": "a:1"})), no).await.expect_err("no").kind,
        ErrorKind::Cancelled
    );
    assert!(!wrote(), "a no writes nothing");
    let yes = said(&question, Confirmed::Yes);
    let done = run(&memory, "change_propose", change(json!({"image": "a:1"})), yes).await.expect("proposed");
    let Outcome::Answer(done) = done else { panic!("asked again") };
    assert_eq!((done.structured["pull_request"].as_i64(), done.structured["new"].as_bool()), (Some(4), Some(true)));

    let (_, status) = answer(&memory, "change_status", json!({"pull_request": 4})).await;
    let stages: Vec<_> =
        status["stages"].as_array().expect("stages").iter().map(|stage| (&stage["stage"], &stage["state"])).collect();
    assert_eq!(
        json!(stages),
        json!([["proposed", "done"], ["checked", "waiting"], ["approved", "waiting"], ["merged", "next"]])
    );
}

#[tokio::test]
async fn a_proposal_that_is_over_is_no_answer_to_a_change_that_is_still_wanted() {
    let spec = json!({"image": "a:1"});
    let wish = Wish {
        action: Action::Create,
        kind: "App".into(),
        namespace: "demo".into(),
        name: "new".into(),
        change: Change::Spec(spec.clone()),
    };
    let branch = plan::branch(&plan::key_of(&wish, None), &wish);
    for (state, again) in [("open", false), ("closed", true)] {
        let known = json!({"number": 4, "state": state, "html_url": "u", "body": format!("<!-- backstack-assistant: {branch} -->")});
        let mut memory = Memory::with(vec![definition()]);
        memory.git = Scripted::with(vec![("GET /repos/backstack/demo-cluster/pulls?", 200, json!([known]))]);
        let outcome = run(&Arc::new(memory), "change_propose", change(spec.clone()), Call::quiet()).await;
        assert_eq!(matches!(outcome, Ok(Outcome::Ask(_))), again, "{state}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_policy_that_refuses_stops_the_proposal_and_says_how_to_comply() {
    let policy = json!({"apiVersion": "policies.kyverno.io/v1", "kind": "ValidatingPolicy", "metadata": {"name": "no-latest",
        "annotations": {"backstack.dev/comply": "Name a version."}}, "spec": {"validationActions": ["Deny"]}});
    let mut memory = Memory::with(vec![definition(), policy]);
    memory.dry = DryRun {
        refused: Some(r#"admission webhook "x" denied the request: Policy no-latest failed: latest"#.into()),
        ..DryRun::default()
    };
    memory.git = Scripted::with(vec![("GET /repos/backstack/demo-cluster/pulls?", 200, json!([]))]);
    let error = run(&Arc::new(memory), "change_propose", change(json!({"image": "a:latest"})), Call::quiet())
        .await
        .expect_err("refused");
    assert!(error.hints.iter().any(|hint| hint == "no-latest: Name a version."), "{error:?}");
}

/// A platform with one composition, whose preview service answers this.
fn with_preview(status: u16, said: Value) -> Memory {
    let composition = json!({"apiVersion": "apiextensions.crossplane.io/v1", "kind": "Composition", "metadata": {"name": "app-plain"},
        "spec": {"compositeTypeRef": {"apiVersion": "p.dev/v1alpha1", "kind": "App"}}});
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"namespace": "x", "name": "y", "labels": {"backstack.dev/offers": "composition-preview"}}});
    let mut memory = Memory::with(vec![definition(), composition, service]);
    memory.dry = DryRun { object: Some(app("demo", "new")), ..DryRun::default() };
    memory.service = (status, said);
    memory.git = Scripted::with(vec![("GET /repos/backstack/demo-cluster/pulls?", 200, json!([]))]);
    memory
}

#[tokio::test]
async fn a_preview_tells_what_would_be_composed() {
    let deployment =
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": "demo", "name": "new"}});
    let memory = Arc::new(with_preview(200, json!({"resources": [deployment], "says": ["hello"]})));
    let (_, preview) = answer(&memory, "change_preview", change(json!({"image": "a:1"}))).await;
    assert_eq!(preview["composed"]["composition"], "app-plain");
    assert_eq!(preview["composed"]["resources"], json!([{"object": "Deployment demo/new", "effect": "create"}]));
    assert_eq!((&preview["acceptable"], &preview["composed"]["says"][0]), (&json!(true), &json!("hello")));
}

#[tokio::test]
async fn what_its_composition_refuses_is_not_proposed_but_a_preview_that_is_away_stops_nothing() {
    let memory = Arc::new(with_preview(422, json!({"message": "step compose: no such size"})));
    let error =
        run(&memory, "change_propose", change(json!({"image": "a:1"})), Call::quiet()).await.expect_err("refused");
    assert!(error.message.contains("composition app-plain: step compose: no such size"), "{}", error.message);
    let memory = Arc::new(with_preview(503, json!({"message": "no endpoints available"})));
    let asked =
        run(&memory, "change_propose", change(json!({"image": "a:1"})), Call::quiet()).await.expect("a question");
    assert!(matches!(asked, Outcome::Ask(_)));
    let (_, preview) = answer(&memory, "change_preview", change(json!({"image": "a:1"}))).await;
    assert!(preview["composed"]["limits"][0].as_str().is_some_and(|limit| limit.contains("no endpoints")), "{preview}");
}

fn said(question: &Question, word: Confirmed) -> Call {
    Call::quiet().with_confirmation(question.digest(), word)
}

/// Arguments that no client should send are errors of the tool, never a panic.
#[tokio::test]
async fn hostile_arguments_are_answered() {
    let memory = Arc::new(Memory::with(vec![definition(), app("demo", "shop")]));
    let long = "x".repeat(100_000);
    for typed in ["", "/", "::", "a/b/c/d", "../../etc", "App:", ":shop", "\u{0}", "💥", long.as_str()] {
        for (tool, key) in [
            ("diagnose", "entity"),
            ("crossplane_graph", "entity"),
            ("gitops_diff", "application"),
            ("policy_get", "name"),
            ("crossplane_api", "kind"),
            ("policy_dry_run", "manifest"),
            ("get", "entity"),
            ("tree", "entity"),
            ("logs", "entity"),
            ("usage", "entity"),
            ("history", "entity"),
            ("policies", "entity"),
            ("try_manifest", "manifest"),
        ] {
            let arguments = Map::from_iter([(key.to_string(), json!(typed))]);
            // Without a name the whole platform is meant.
            if (tool, typed) == ("diagnose", "") {
                continue;
            }
            assert!(run(&memory, tool, Value::Object(arguments), Call::quiet()).await.is_err(), "{tool} {typed:.20}");
        }
    }
}
