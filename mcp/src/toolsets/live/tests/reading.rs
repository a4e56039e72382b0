//! Finding, logs, use and history; and what clients list of all tools.

use super::*;
use crate::docs::Docs;
use crate::server::{Server, Settings};
use crate::toolsets::docs::DocsTools;

#[tokio::test]
async fn things_of_any_kind_are_found_with_owner_image_and_health() {
    let mut mine = app("demo", "mine");
    mine["metadata"]["annotations"] = json!({"terasky.backstage.io/owner": "red"});
    let bad = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "demo", "name": "bad", "labels": {"app": "bad"}},
        "spec": {"containers": [{"name": "c", "image": "b:2"}]},
        "status": {"phase": "Pending", "containerStatuses": [{"name": "c", "state": {"waiting": {"reason": "ImagePullBackOff"}}}]}});
    let mut memory = Memory::with(vec![definition(), mine, app("shop", "other"), bad]);
    memory.unkept = vec![
        json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"namespace": "demo", "name": "h",
        "deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["a/b"]}}),
    ];
    let memory = Arc::new(memory);
    let entities = async |arguments: Value| {
        let (_, found) = answer(&memory, "find", arguments).await;
        let rows = found["items"].as_array().expect("items").iter();
        rows.map(|row| row["entity"].as_str().expect("a name").to_string()).collect::<Vec<_>>()
    };
    assert_eq!(entities(json!({"kind": "App"})).await, ["App:demo/mine", "App:shop/other"]);
    assert_eq!(entities(json!({"kind": "apps", "owner": "red"})).await, ["App:demo/mine"]);
    assert_eq!(entities(json!({"kind": "App", "namespace": "shop"})).await, ["App:shop/other"]);
    assert_eq!(entities(json!({"unhealthy": true})).await, ["Pod:demo/bad"]);
    assert_eq!(entities(json!({"label": "app=bad"})).await, ["Pod:demo/bad"]);
    assert_eq!(entities(json!({"text": "b:2"})).await, ["Pod:demo/bad"], "by its image");
    assert_eq!(
        entities(json!({"kind": "hpa"})).await,
        ["HorizontalPodAutoscaler:demo/h"],
        "a kind that is not kept, by its short name"
    );
    assert_eq!(entities(json!({"kind": "HorizontalPodAutoscaler"})).await, ["HorizontalPodAutoscaler:demo/h"]);
    let (_, found) = answer(&memory, "find", json!({"kind": "App"})).await;
    assert_eq!(
        (&found["items"][0]["owner"], &found["items"][0]["image"]),
        (&json!("group:default/red"), &json!("a:1"))
    );
    let (_, got) = answer(&memory, "get", json!({"entity": "HorizontalPodAutoscaler:h"})).await;
    assert_eq!((&got["deleting_since"], &got["finalizers"]), (&json!("2026-01-01T00:00:00Z"), &json!(["a/b"])));
    let error = run(&memory, "find", json!({"kind": "ScaledObject"}), Call::quiet()).await.expect_err("no such kind");
    assert!(error.message.contains("has no kind `ScaledObject`"), "{}", error.message);
}

#[tokio::test]
async fn logs_are_narrowed_by_time_words_and_level() {
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "demo", "name": "p"}, "spec": {"containers": [{"name": "c"}]}});
    let mut memory = Memory::with(vec![pod]);
    memory.log = "2026-01-01T10:00:00.5Z getrlimit: 1024\n2026-01-01T10:05:00Z GET /a 200\n2026-01-01T10:06:00Z ERROR GET /b 500\n2026-01-01T11:00:00Z GET /c 200\n".into();
    let memory = Arc::new(memory);
    let lines = async |arguments: Value| {
        let (_, facts) = answer(&memory, "logs", arguments).await;
        facts["logs"][0]["lines"].as_str().expect("lines").to_string()
    };
    let between = json!({"entity": "p", "since": "2026-01-01T10:01:00Z", "until": "2026-01-01T10:30:00Z", "grep": ["GET", "200"]});
    assert_eq!(lines(between).await, "2026-01-01T10:05:00Z GET /a 200");
    assert!(!lines(json!({"entity": "p", "grep": "GET"})).await.contains("getrlimit"));
    assert_eq!(
        lines(json!({"entity": "p", "since": "2026-01-01T00:00:00Z", "level": "error"})).await,
        "2026-01-01T10:06:00Z ERROR GET /b 500"
    );
    let error =
        run(&memory, "logs", json!({"entity": "p", "since": "soon"}), Call::quiet()).await.expect_err("no time");
    assert!(error.message.contains("`since` is no time"), "{}", error.message);
}

#[tokio::test]
async fn use_is_told_largest_first_beside_what_was_asked_for_and_its_absence_plainly() {
    let pod = |name: &str| {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "demo", "name": name}, "spec": {"containers": [
            {"name": "c", "resources": {"requests": {"memory": "64Mi", "cpu": "10m"}, "limits": {"memory": "1Gi"}}}]}})
    };
    let figure = |name: &str, memory: &str| {
        json!({"apiVersion": "metrics.k8s.io/v1beta1", "kind": "PodMetrics", "metadata": {"namespace": "demo", "name": name},
            "containers": [{"name": "c", "usage": {"memory": memory, "cpu": "1500000n"}}]})
    };
    let mut memory = Memory::with(vec![pod("small"), pod("large")]);
    let error = run(&Arc::new(Memory::with(vec![pod("small")])), "usage", json!({}), Call::quiet())
        .await
        .expect_err("no figures");
    assert!(error.kind == ErrorKind::Unavailable && error.message.contains("metrics.k8s.io"), "{}", error.message);
    memory.unkept = vec![figure("small", "10Mi"), figure("large", "300Mi")];
    let (_, usage) = answer(&Arc::new(memory), "usage", json!({})).await;
    assert_eq!(
        usage["items"][0],
        json!({"entity": "Pod:demo/large", "memory": "300Mi", "memory_request": "64Mi", "memory_limit": "1.0Gi",
        "cpu": "2m", "cpu_request": "10m", "cpu_limit": "none"})
    );
    assert_eq!(usage["items"][1]["entity"], "Pod:demo/small");
}

#[tokio::test]
async fn history_tells_who_changed_what_and_when() {
    let application = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"namespace": "argocd", "name": "demo-app-shop"},
        "spec": {"destination": {"namespace": "demo"}, "source": {"repoURL": "http://g/gitea/backstack/demo-cluster.git", "path": "demo/app", "directory": {"include": "shop.yaml"}}},
        "status": {"history": [{"deployedAt": "2026-01-01T10:02:00Z", "revision": "bbbb"}], "resources": [{"group": "p.dev", "kind": "App", "namespace": "demo", "name": "shop"}]}});
    let commit = |sha: &str, file: &str| json!({"sha": sha, "author": {"login": "developer"}, "commit": {"message": "Two replicas\nmore", "author": {"date": "2026-01-01T12:00:00+02:00"}}, "files": [{"filename": file}]});
    let mut memory = Memory::with(vec![definition(), app("demo", "shop"), app("demo", "other"), application]);
    memory.git = Scripted::with(vec![
        (
            "GET /repos/backstack/demo-cluster/commits",
            200,
            json!([commit("bbbb", "demo/app/shop.yaml"), commit("cccc", "demo/app/other.yaml")]),
        ),
        (
            "GET /repos/backstack/demo-cluster/pulls",
            200,
            json!([{"number": 7, "title": "Two replicas", "merged_at": "2026-01-01T10:01:00Z", "merge_commit_sha": "bbbb",
            "user": {"login": "assistant"}, "merged_by": {"login": "developer"}}]),
        ),
    ]);
    let (_, history) =
        answer(&Arc::new(memory), "history", json!({"entity": "demo/shop", "since": "2026-01-01"})).await;
    let rows: Vec<_> = history["changes"]
        .as_array()
        .expect("changes")
        .iter()
        .map(|row| (row["what"].as_str(), row["who"].as_str()))
        .collect();
    assert_eq!(
        rows,
        [(Some("sync"), Some("Argo CD, commit by developer")), (Some("merge"), Some("assistant, merged by developer"))],
        "{history}"
    );
}

#[tokio::test]
async fn history_tells_rollouts_of_sets_and_what_somebody_did_by_hand() {
    let (before, then) = ("2026-01-01T00:00:00Z", "2026-01-01T10:00:00Z");
    let writer = |manager: &str, time: &str| json!({"manager": manager, "operation": "Update", "time": time});
    let set = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"namespace": "demo", "name": "db", "uid": "s", "creationTimestamp": "2025-12-01T00:00:00Z",
        "managedFields": [writer("kubectl-client-side-apply", "2025-12-01T00:00:00Z"), writer("kubectl-edit", then), writer("controller", then)]}, "spec": {}});
    let revision = |number: i64| {
        json!({"apiVersion": "apps/v1", "kind": "ControllerRevision", "revision": number,
        "metadata": {"namespace": "demo", "name": format!("db-{number}"), "creationTimestamp": then, "ownerReferences": [{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db", "uid": "s"}]},
        "data": {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": format!("db:{number}")}]}}}}})
    };
    let mut memory = Memory::with(vec![set]);
    memory.unkept = vec![revision(1), revision(2)];
    let memory = Arc::new(memory);
    let (_, history) = answer(&memory, "history", json!({"since": before})).await;
    let rows: Vec<_> = history["changes"]
        .as_array()
        .expect("changes")
        .iter()
        .map(|row| format!("{} {} {} {}", row["what"], row["entity"], row["who"], row["summary"]))
        .collect();
    assert_eq!(
        rows,
        [
            r#""rollout" "StatefulSet:demo/db" "" "revision 2: db:2""#,
            r#""edited" "StatefulSet:demo/db" "somebody with kubectl-edit" "changed by hand""#,
        ],
        "{history}"
    );
    let (_, history) = answer(&memory, "history", json!({"since": "2025-11-30"})).await;
    let created = history["changes"].as_array().expect("changes").iter().find(|row| row["what"] == "created");
    assert_eq!(created.expect("made")["who"], "somebody with kubectl-client-side-apply");
}

/// A marker in every place where people put secrets that are in no Secret, and every tool that could show it.
#[tokio::test]
async fn what_is_a_secret_outside_of_secrets_is_hidden_too() {
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "demo", "name": "p"}, "spec": {"containers": [
        {"name": "c", "args": ["--password", CANARY], "command": ["sh", "-c", format!("PGPASSWORD={CANARY} run --token {CANARY}")],
         "env": [{"name": "PGPASS", "value": CANARY}, {"name": "URL", "value": format!("amqp://u:{CANARY}@mq")}]}]}});
    let event = json!({"apiVersion": "v1", "kind": "Event", "metadata": {"namespace": "demo", "name": "e"}, "type": "Warning", "reason": "Failed",
        "message": format!(r#"body {{"password":"{CANARY}"}}"#), "involvedObject": {"kind": "Pod", "namespace": "demo", "name": "p"}});
    let application = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"namespace": "argocd", "name": "a"},
        "spec": {"destination": {"namespace": "demo"}, "source": {"repoURL": "http://g/gitea/backstack/demo-cluster.git", "path": "x",
            "helm": {"values": format!("auth:\n  password: {CANARY}\n"), "parameters": [{"name": "db.password", "value": CANARY}]}}},
        "status": {"operationState": {"phase": "Failed", "finishedAt": "2026-01-01T00:00:00Z", "message": format!("login with password={CANARY} failed")}}});
    let settings = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "demo", "name": "settings"}, "data": {
        "api-token": CANARY, "app.properties": format!("db.password={CANARY}\n"), "config.yaml": format!("db:\n  password: {CANARY}\n")}});
    let mut memory = Memory::with(vec![definition(), app("demo", "shop"), pod, event, application]);
    memory.unkept = vec![settings];
    memory.log = format!(
        "{{\"level\":\"error\",\"body\":\"{{\\\"password\\\":\\\"{CANARY}\\\"}}\"}}\n-----BEGIN PRIVATE KEY-----\n{CANARY}AAAA\n-----END PRIVATE KEY-----\n"
    );
    memory.git = Scripted::with(vec![
        (
            "GET /repos/backstack/demo-cluster/commits",
            200,
            json!([{"sha": "a", "commit": {"message": format!("token={CANARY}"), "author": {"name": "x", "date": "2026-01-01T00:00:00Z"}}}]),
        ),
        ("GET /repos/backstack/demo-cluster/pulls", 200, json!([])),
        (
            "GET /repos/backstack/demo-cluster/contents/demo/app/shop.yaml",
            200,
            json!({"sha": "1", "content": base64::Engine::encode(&base64::prelude::BASE64_STANDARD,
            format!("apiVersion: p.dev/v1alpha1\nkind: App\nmetadata:\n  name: shop\n  namespace: demo\nspec:\n  image: a:1\n  env:\n  - name: DB_PASSWORD\n    value: {CANARY}\n"))}),
        ),
    ]);
    let memory = Arc::new(memory);
    let change =
        json!({"action": "update", "kind": "App", "namespace": "demo", "name": "shop", "spec": {"image": "b:2"}});
    for (tool, arguments) in [
        ("find", json!({"text": "p"})),
        ("get", json!({"entity": "Pod:demo/p"})),
        ("get", json!({"entity": "ConfigMap:demo/settings"})),
        ("get", json!({"entity": "Application:a"})),
        ("diagnose", json!({"entity": "Pod:demo/p"})),
        ("diagnose", json!({"entity": "Application:a"})),
        ("logs", json!({"entity": "Pod:demo/p"})),
        ("logs", json!({"entity": "Pod:demo/p", "grep": "AAAA"})),
        ("logs", json!({"entity": "Pod:demo/p", "level": "error"})),
        ("events", json!({"all": true})),
        ("history", json!({"since": "10000d"})),
        ("change_preview", change.clone()),
    ] {
        let (text, structured) = answer(&memory, tool, arguments.clone()).await;
        assert!(!text.contains(CANARY) && !structured.to_string().contains(CANARY), "{tool} {arguments}: {text}");
    }
    let Ok(Outcome::Ask(question)) = run(&memory, "change_propose", change, Call::quiet()).await else {
        panic!("not asked")
    };
    let told = crate::secrets::clean_text(&question.details);
    assert!(!told.contains(CANARY) && told.contains("b:2"), "{told}");
}

/// Old names are served for a version; what clients list is small.
#[tokio::test]
async fn the_list_is_short_and_old_names_are_not_on_it() {
    let memory = Arc::new(Memory::with(Vec::new()));
    let live = Live::new(Arc::new(One(memory.clone())));
    let catalog = Arc::new(CatalogTools::new(Arc::new(Catalog::new(Vec::new()))));
    let things: Arc<dyn crate::Toolset> = Arc::new(Things::new(catalog.clone(), Some(live.clone())));
    let docs: Arc<dyn crate::Toolset> = Arc::new(DocsTools::new(Arc::new(Docs::embedded())));
    let sets = toolsets(&live).into_iter().chain([things, catalog as Arc<dyn crate::Toolset>, docs]).collect();
    let server = Server::new(Settings { allow_changes: true, ..Settings::default() }, sets).expect("a server");
    let told = serde_json::to_value(server.told()).expect("plain data");
    let shown: Vec<_> = told.as_array().expect("tools").iter().map(|tool| json!({"name": tool["name"], "description": tool["description"], "inputSchema": tool["inputSchema"]})).collect();
    let (all, shown) = (told.to_string().len() / 4, json!(shown).to_string().len() / 4);
    assert!(shown < 4_000 && all < 8_000, "{shown} tokens, {all} with output schemas");
    assert!(server.tools().all(|tool| tool.now.is_none()) && server.tools().count() == 15);
    for old in [
        "catalog_list",
        "catalog_get",
        "catalog_relations",
        "catalog_validate",
        "docs_search",
        "docs_read",
        "crossplane_apis",
        "crossplane_api",
        "crossplane_resources",
        "crossplane_resource",
        "crossplane_graph",
        "gitops_applications",
        "gitops_application",
        "gitops_diff",
        "policy_reports",
        "policy_list",
        "policy_get",
        "policy_dry_run",
        "platform_status",
        "platform_routes",
        "workload_logs",
    ] {
        let now = server.tool(old).and_then(|tool| tool.now).unwrap_or_else(|| panic!("{old} is not served"));
        assert!(server.tools().any(|tool| tool.name == now), "{old} leads to {now}, which is none");
    }
}
