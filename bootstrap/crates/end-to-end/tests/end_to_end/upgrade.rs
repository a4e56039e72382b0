//! A component's files change: the platform is upgraded to them, and goes back.

use std::path::Path;

use serde_json::{Value, json};

use backstack_end_to_end::{Platform, eventually, run, step};

use crate::shop;

/// What the newer version has beside.
const MANIFEST: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: since-2}\ndata: {a: b}\n";
const CHECKPOINT: &str = "before-upgrade-0-1-0";

/// On a platform with the stack `minimal`.
pub(crate) fn there_and_back(platform: &Platform) {
    step("nothing to upgrade to");
    let nothing = platform.backstack(&["upgrade"]).succeeded("upgrade");
    assert!(nothing.stdout.contains("Nothing to do: 1 component as minimal 0.1.0"), "{}", nothing.stdout);
    assert!(!checkpoints(platform).contains(&CHECKPOINT.to_string()), "a checkpoint for nothing");

    step("a newer version of a component: the plan");
    let folder = platform.path("shop");
    run("cp", &["-r", &shop(), &folder.display().to_string()]).succeeded("copy the component");
    platform.backstack(&["stack", "add", &folder.display().to_string()]).succeeded("stack add");
    platform.apply("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: mine, namespace: shop}").succeeded("an object");
    make_newer(&folder);
    let before = record(platform);
    let plan = plan(platform);
    let component = component_of(&plan, "shop");
    assert_eq!((&component["had"], &component["version"]), (&json!("1.0.0"), &json!("2.0.0")), "{component}");
    assert_eq!(component["added"], json!(["ConfigMap shop/since-2"]), "{component}");
    assert_eq!((&component["changed"], &component["removed"]), (&json!(["Deployment shop/shop"]), &json!([])));
    assert_eq!(component_of(&plan, "traefik")["changed"], json!([]));
    assert_eq!(plan["changes"]["checkpoint"], CHECKPOINT);
    let refused = platform.backstack(&["upgrade"]);
    assert!(refused.code == 2 && refused.stderr.contains("`--yes`"), "{}: {}", refused.code, refused.stderr);
    assert_eq!(record(platform), before, "it was only looked");

    step("upgraded");
    let done = platform.backstack(&["upgrade", "--yes"]).succeeded("upgrade");
    let way_back = format!("backstack reset --to {CHECKPOINT} --name {}", platform.name);
    assert!(done.stdout.contains(&way_back), "{}", done.stdout);
    eventually("the new greeting", 10, || platform.get("/shop").stdout == "salut\n");
    let again = platform.backstack(&["upgrade", "-o", "json"]).succeeded("upgrade again").json();
    assert_eq!(again["nothing_to_do"], true, "{again}");

    step("and back");
    platform.apply("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: since, namespace: shop}").succeeded("an object");
    platform.backstack(&["reset", "--to", CHECKPOINT, "--yes"]).succeeded("reset");
    eventually("the greeting of before", 10, || platform.get("/shop").stdout == "hello\n");
    let maps = platform.kubectl(&["get", "configmaps", "-n", "shop", "-o", "name"]).succeeded("get").stdout;
    assert!(maps.contains("configmap/mine") && !maps.contains("since"), "{maps}");
    assert_eq!(record(platform), before);
    let status = platform.backstack(&["status", "-o", "json"]).succeeded("status").json();
    let versions = status["components"].as_array().expect("components").iter();
    let version = versions.filter(|one| one["name"] == "shop").map(|one| &one["version"]).next();
    assert_eq!(version, Some(&json!("1.0.0")), "{status}");
    // And the same way lies ahead.
    assert_eq!(component_of(&self::plan(platform), "shop"), component);
    platform.backstack(&["stack", "remove", "shop"]).succeeded("stack remove");
    platform.backstack(&["checkpoint", "delete", CHECKPOINT, "--yes"]).succeeded("checkpoint delete");
}

fn make_newer(folder: &Path) {
    let file = folder.join("component.yaml");
    let text = std::fs::read_to_string(&file).expect("the component's file");
    let newer = text.replace("version: 1.0.0", "version: 2.0.0").replace("default: hello", "default: salut");
    assert_ne!(text, newer);
    std::fs::write(&file, newer).expect("write");
    std::fs::write(folder.join("manifests/since-2.yaml"), MANIFEST).expect("write");
}

fn plan(platform: &Platform) -> Value {
    platform.backstack(&["upgrade", "--plan", "-o", "json"]).succeeded("upgrade --plan").json()
}

fn component_of(plan: &Value, name: &str) -> Value {
    let mut components = plan["changes"]["components"].as_array().into_iter().flatten();
    components.find(|one| one["component"] == name).unwrap_or_else(|| panic!("no {name} in {plan}")).clone()
}

/// What the platform is, as the cluster has it.
fn record(platform: &Platform) -> String {
    let path = "jsonpath={.data.platform\\.json}";
    platform.kubectl(&["get", "configmap", "platform", "-n", "backstack-system", "-o", path]).succeeded("get").stdout
}

fn checkpoints(platform: &Platform) -> Vec<String> {
    let all = platform.backstack(&["checkpoint", "list", "-o", "json"]).succeeded("checkpoint list").json();
    let names = all["checkpoints"].as_array().into_iter().flatten().filter_map(|one| one["name"].as_str());
    names.map(str::to_string).collect()
}
