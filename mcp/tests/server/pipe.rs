//! A well-behaved client over an in-memory pipe.

use std::time::Duration;

use rmcp::model::{
    ArgumentInfo, CallToolRequestParams, CallToolResult, CompleteRequestParams, GetPromptRequestParams,
    ReadResourceRequestParams, Reference,
};
use rmcp::service::RunningService;
use rmcp::{RoleClient, ServiceExt};
use serde_json::{Map, Value, json};

use super::server;

const CANARY: &str = "c4n4ry-v4lue-0123456789";

async fn client() -> RunningService<RoleClient, ()> {
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    tokio::spawn(async move {
        let (read, write) = tokio::io::split(ours);
        drop(server().serve(read, write).await);
    });
    ().serve(theirs).await.expect("connected")
}

async fn call(client: &RunningService<RoleClient, ()>, tool: &'static str, arguments: Value) -> CallToolResult {
    let Value::Object(arguments) = arguments else { panic!("no object") };
    client.call_tool(CallToolRequestParams::new(tool).with_arguments(arguments)).await.expect("an answer")
}

fn text(result: &CallToolResult) -> String {
    result.content.iter().filter_map(|block| block.as_text()).map(|text| text.text.clone()).collect()
}

/// Every scalar of the structured content, as text has it.
fn facts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.values().for_each(|value| facts(value, found)),
        Value::Array(items) => items.iter().for_each(|item| facts(item, found)),
        Value::String(text) => found.extend(text.lines().map(str::to_string)),
        other => found.push(other.to_string()),
    }
}

#[tokio::test]
async fn text_and_structured_content_carry_the_same_facts() {
    let client = client().await;
    let calls = [
        ("find", json!({})),
        ("get", json!({"entity": "component:default/shop"})),
        ("tree", json!({"entity": "component:default/shop"})),
        ("try_manifest", json!({"manifest": "kind: API"})),
        ("docs", json!({"query": "a port is taken"})),
        ("docs", json!({"address": "reference/commands.md", "max_tokens": 400})),
        ("catalog_list", json!({})),
        ("catalog_get", json!({"ref": "component:default/shop"})),
        ("catalog_relations", json!({"ref": "shop", "depth": 9, "kinds": ["dependsOn"]})),
        ("catalog_validate", json!({"descriptor": "kind: API"})),
        ("docs_search", json!({"query": "a port is taken"})),
        ("docs_read", json!({"address": "reference/commands.md", "max_tokens": 400})),
    ];
    for (tool, mut arguments) in calls {
        if tool == "catalog_relations" {
            arguments["ref"] = json!("component:default/shop");
        }
        let result = call(&client, tool, arguments).await;
        assert_ne!(result.is_error, Some(true), "{tool}: {}", text(&result));
        let (structured, text) = (result.structured_content.clone().expect("structured"), text(&result));
        let mut found = Vec::new();
        facts(&structured, &mut found);
        for fact in found {
            assert!(text.contains(fact.trim_end()), "{tool}: `{fact}` is not in the text:\n{text}");
        }
    }
}

#[tokio::test]
async fn old_names_are_served_and_say_the_new_one() {
    let client = client().await;
    let names: Vec<_> = client.list_all_tools().await.expect("tools").into_iter().map(|tool| tool.name).collect();
    assert_eq!(names, ["docs", "find", "get", "tree", "try_manifest"]);
    let old = call(&client, "catalog_get", json!({"ref": "component:default/shop"})).await;
    assert!(text(&old).contains("call `get`"), "{}", text(&old));
    // The old name of an argument, and one that is none.
    let new = call(&client, "get", json!({"ref": "component:default/shop"})).await;
    assert!(new.is_error != Some(true) && !text(&new).contains("call `get`"), "{}", text(&new));
    let wrong = call(&client, "find", json!({"team": "a"})).await;
    assert!(text(&wrong).contains("did you mean `owner`?"), "{}", text(&wrong));
}

#[tokio::test]
async fn relations_are_walked_to_any_depth() {
    let client = client().await;
    let whole = call(&client, "tree", json!({"entity": "shop", "depth": 9})).await;
    assert_eq!(whole.is_error, Some(true), "the name of an API too");
    let whole = call(&client, "tree", json!({"entity": "component:default/shop", "depth": 9})).await;
    assert!(text(&whole).contains("resource:default/ledger"), "{}", text(&whole));
    let arguments = json!({"ref": "component:default/shop", "depth": 2, "kinds": ["dependsOn"]});
    let result = call(&client, "catalog_relations", arguments).await;
    let facts = result.structured_content.expect("structured");
    let reached: Vec<_> =
        facts["items"].as_array().expect("items").iter().map(|item| item["to"].as_str().expect("to")).collect();
    assert_eq!(reached, ["component:default/payments", "resource:default/orders", "resource:default/ledger"]);
    assert_eq!(facts["items"][1]["known"], false);
}

#[tokio::test]
async fn a_name_that_fits_several_is_an_error_that_lists_them() {
    let client = client().await;
    let result = call(&client, "catalog_get", json!({"ref": "shop"})).await;
    assert_eq!(result.is_error, Some(true));
    let text = text(&result);
    assert!(text.contains("ambiguous") && text.contains("api:default/shop, component:default/shop"), "{text}");
    let missing = call(&client, "catalog_get", json!({"ref": "component:default/paymets"})).await;
    assert!(self::text(&missing).contains("component:default/payments"), "{}", self::text(&missing));
}

#[tokio::test]
async fn no_canary_leaves_by_any_road() {
    let client = client().await;
    let got = call(&client, "get", json!({"entity": "component:default/shop"})).await;
    let all = format!("{got:?}");
    assert!(!all.contains(CANARY) && all.contains("<hidden>"), "{all}");
    let read =
        client.read_resource(ReadResourceRequestParams::new("catalog://component/default/shop")).await.expect("read");
    let all = format!("{read:?}");
    assert!(!all.contains(CANARY) && all.contains("Sells things."), "{all}");
    // What comes back of what was sent: in errors, in prompts, in what is judged.
    let secret = format!("password={CANARY}");
    for (tool, arguments) in [
        ("get", json!({"entity": secret})),
        ("docs", json!({"address": secret})),
        ("find", json!({"cursor": secret})),
        ("find", json!({secret.clone(): 1})),
        (
            "try_manifest",
            json!({"manifest": format!("kind: Component\nmetadata: {{name: x, password: {CANARY}}}\nspec: {{owner: 'token={CANARY}'}}")}),
        ),
    ] {
        let all = format!("{:?}", call(&client, tool, arguments).await);
        assert!(!all.contains(CANARY), "{tool}: {all}");
    }
    let arguments = Map::from_iter([("change".to_string(), json!(format!("+  password: {CANARY}")))]);
    let prompt = client
        .get_prompt(GetPromptRequestParams::new("review_change").with_arguments(arguments))
        .await
        .expect("a prompt");
    assert!(!format!("{prompt:?}").contains(CANARY), "{prompt:?}");
}

#[tokio::test]
async fn wrong_arguments_are_told_to_the_model() {
    let client = client().await;
    for (tool, arguments, part) in [
        ("get", json!({}), "`entity` is missing: text"),
        ("get", json!({"entity": 3}), "`entity` must be text, got `3`"),
        ("find", json!({"kinds": "API"}), "there is no argument `kinds`: did you mean `kind`?"),
        ("find", json!({"cursor": "../etc"}), "not a cursor"),
        ("catalog_validate", json!({"descriptor": "a: ["}), "no YAML"),
        ("docs", json!({"address": "../../etc/passwd"}), "Error"),
        ("docs", json!({}), "neither `query` nor `address`"),
    ] {
        let result = call(&client, tool, arguments).await;
        assert_eq!(result.is_error, Some(true), "{tool}");
        assert!(text(&result).contains(part), "{tool}: {}", text(&result));
    }
    assert!(client.call_tool(CallToolRequestParams::new("no_such_tool")).await.is_err());
}

#[tokio::test]
async fn what_can_be_meant_in_one_way_is_taken() {
    let client = client().await;
    let shop = "component:default/shop";
    let plain = json!({"ref": shop, "depth": 2, "kinds": ["dependsOn"]});
    let wanted = call(&client, "catalog_relations", plain).await.structured_content.expect("facts");
    for (depth, kinds) in [(json!(2.0), json!("[\"dependsOn\"]")), (json!("2"), json!(["dependsOn"]))] {
        let arguments = json!({"ref": shop, "depth": depth, "kinds": kinds, "max_tokens": "5000", "cursor": ""});
        let result = call(&client, "catalog_relations", arguments).await;
        assert_eq!(result.structured_content.as_ref(), Some(&wanted), "{}", text(&result));
    }
    for tool in ["catalog_list", "docs_search"] {
        let (first, empty) = (json!({"query": "a port is taken"}), json!({"query": "a port is taken", "cursor": ""}));
        let without_query = |mut arguments: Value| {
            if tool == "catalog_list" {
                arguments.as_object_mut().expect("object").remove("query");
            }
            arguments
        };
        let (first, empty) =
            (call(&client, tool, without_query(first)).await, call(&client, tool, without_query(empty)).await);
        assert_eq!(first.structured_content, empty.structured_content, "{tool}");
    }
    let page = rmcp::model::PaginatedRequestParams::default().with_cursor(Some(String::new()));
    assert!(!client.list_tools(Some(page)).await.expect("the first page").tools.is_empty());
}

#[tokio::test]
async fn a_long_text_does_not_come_back() {
    let client = client().await;
    let long = "a".repeat(900_000);
    for (tool, arguments) in [
        ("catalog_get", json!({"ref": long})),
        ("catalog_list", json!({"cursor": long})),
        ("find", json!({"owner": long})),
        ("get", json!({"entity": long})),
        ("docs", json!({"query": long})),
        ("catalog_relations", json!({"ref": "shop", "depth": long})),
        ("docs_read", json!({"address": long})),
        ("docs_search", json!({"query": long})),
        ("docs_search", json!({"query": "x", "cursor": long})),
        ("docs", json!({"address": long})),
        ("find", json!({"kind": long})),
        ("find", json!({"text": long})),
        ("catalog_validate", json!({"descriptor": descriptor(&long[..400_000])})),
        ("try_manifest", json!({"manifest": descriptor(&long[..400_000])})),
        ("try_manifest", json!({"manifest": format!("apiVersion: v1\nkind: {long}\nmetadata: {{name: a}}")})),
        ("try_manifest", json!({"manifest": format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: {long}}}")})),
    ] {
        // Comparing such a text with every name took a minute.
        let answer = tokio::time::timeout(Duration::from_secs(20), call(&client, tool, arguments)).await;
        let size = format!("{:?}", answer.unwrap_or_else(|_| panic!("{tool} hangs"))).len();
        assert!(size < 20_000, "{tool}: {size} characters come back");
    }
    let errors = [
        client.read_resource(ReadResourceRequestParams::new(long.clone())).await.expect_err("no resource").to_string(),
        client
            .read_resource(ReadResourceRequestParams::new(format!("docs://{long}")))
            .await
            .expect_err("no page")
            .to_string(),
        client.get_prompt(GetPromptRequestParams::new(long.clone())).await.expect_err("no prompt").to_string(),
        client.get_prompt(explain_failure(json!(long))).await.expect_err("too long").to_string(),
        client.get_prompt(explain_failure(json!(3))).await.expect_err("no text").to_string(),
        client.call_tool(CallToolRequestParams::new(long.clone())).await.expect_err("no tool").to_string(),
    ];
    assert!(errors[4].contains("`entity` must be text, got `3`"), "{}", errors[4]);
    for error in errors {
        assert!(error.len() < 20_000, "{} characters come back", error.len());
    }
}

fn explain_failure(entity: Value) -> GetPromptRequestParams {
    let mut params = GetPromptRequestParams::new("explain_failure");
    params.arguments = json!({"entity": entity}).as_object().cloned();
    params
}

fn descriptor(name: &str) -> String {
    format!(
        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {{name: {name}}}\n\
         spec: {{type: service, lifecycle: production, owner: {name}}}"
    )
}

#[tokio::test]
async fn prompts_templates_and_completion_work_together() {
    let client = client().await;
    let prompts = client.list_all_prompts().await.expect("prompts");
    assert_eq!(prompts.len(), 4);
    let prompt = client.get_prompt(explain_failure(json!("component:default/shop"))).await.expect("prompt");
    assert!(format!("{prompt:?}").contains("component:default/shop"));
    let templates = client.list_all_resource_templates().await.expect("templates");
    assert!(templates.iter().any(|template| template.uri_template == "catalog://{kind}/{namespace}/{name}"));
    let asked = CompleteRequestParams::new(
        Reference::for_resource("catalog://{kind}/{namespace}/{name}"),
        ArgumentInfo::new("name", "pay"),
    );
    let values = client.complete(asked).await.expect("completed").completion.values;
    assert_eq!(values, ["payments"]);
}

#[tokio::test]
async fn addresses_that_lead_elsewhere_are_no_resources() {
    let client = client().await;
    for uri in [
        "docs://../../etc/passwd",
        "docs:///etc/passwd",
        "docs://%2e%2e/%2e%2e/etc/passwd",
        "catalog://../../x",
        "catalog://component/default/shop/../../..",
        "file:///etc/passwd",
        "",
        "docs://",
    ] {
        assert!(client.read_resource(ReadResourceRequestParams::new(uri)).await.is_err(), "{uri}");
    }
    assert!(client.list_all_tools().await.is_ok());
}
