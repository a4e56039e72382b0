//! Reads of the platform what a check asks for.

use std::time::Duration;

use backstack_mcp::catalog::EntityRef;
use backstack_mcp::live::changes::forge::{BRANCH, Forge, OWNER};
use backstack_mcp::live::object::{number, text};
use backstack_mcp::live::policy;
use backstack_mcp::toolsets::live::judged;
use kube::api::{Api, ApiResource, DynamicObject};
use kube::discovery::{Discovery, Scope};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::time::timeout;

use super::check::{Check, GitCheck, ObjectCheck, PullRequestCheck, PullState, ReportCheck, Thing};
use super::judge::{Pull, Seen};
use super::platform::Platform;
use crate::error::chain;

/// For one answer of the API server.
const PATIENCE: Duration = Duration::from_secs(20);
/// The account with which programs read the portal, among the credentials of the platform.
const READER: &str = "mcp-clients";
/// Where the portal has its catalog.
const ENTITIES: &str = "/api/catalog/entities/by-name";

/// What is seen, or why nothing is.
type Looked = Result<Seen, String>;

/// Looks. `began` is when the step began; `answer` is what was typed.
pub(super) async fn look(platform: &Platform, check: &Check, began: &str, answer: Option<&str>) -> Seen {
    let looked = match check {
        Check::Object(check) => object(platform, check).await,
        Check::Healthy(check) => healthy(platform, &check.healthy).await,
        Check::Report(check) => report(platform, check).await,
        Check::Git(check) => git(platform, check).await,
        Check::PullRequest(check) => pulls(platform, check, began).await,
        Check::Url(check) => {
            let address =
                if check.at.starts_with('/') { format!("{}{}", platform.url, check.at) } else { check.at.clone() };
            page(platform, &address, None).await
        }
        Check::Entity(check) => entity(platform, &check.entity).await,
        Check::Answer(_) => Ok(Seen::Answer(answer.map(Into::into))),
    };
    looked.unwrap_or_else(Seen::Nothing)
}

fn said(error: kube::Error) -> String {
    chain(&error).join(": ")
}

async fn within<T>(ask: impl Future<Output = Result<T, kube::Error>>) -> Result<T, String> {
    match timeout(PATIENCE, ask).await {
        Ok(answer) => answer.map_err(said),
        Err(_) => Err("the API server does not answer in time".into()),
    }
}

async fn object(platform: &Platform, check: &ObjectCheck) -> Looked {
    let client = &platform.place.client;
    let at = &check.object;
    let discovery = within(Discovery::new(client.clone()).run_aggregated()).await?;
    let kinds = discovery.groups().flat_map(|group| match check.api_version.as_deref().map(parts) {
        None => group.resources_by_stability(),
        Some((name, version)) if name == group.name() => group.versioned_resources(version),
        Some(_) => Vec::new(),
    });
    let kinds = kinds.map(|(resource, able)| (resource, able.scope == Scope::Namespaced));
    let (resource, namespaced) = one_kind(kinds.collect(), check)?;
    let api: Api<DynamicObject> = match (namespaced, at.namespace.as_str()) {
        (true, "") => return Err(format!("`{at}` names no namespace, and a {} is in one", at.kind)),
        (true, namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        (false, "") => Api::all_with(client.clone(), &resource),
        (false, _) => return Err(format!("`{at}` names a namespace, and a {} is in none", at.kind)),
    };
    let found = within(api.get_opt(&at.name)).await?;
    Ok(Seen::Object(found.map(|object| serde_json::to_value(object).unwrap_or_default())))
}

/// Group and version of an `apiVersion`.
fn parts(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}

/// The one kind of that name.
fn one_kind(kinds: Vec<(ApiResource, bool)>, check: &ObjectCheck) -> Result<(ApiResource, bool), String> {
    let kind = &check.object.kind;
    let mut fits: Vec<_> = kinds.into_iter().filter(|(resource, _)| resource.kind == *kind).collect();
    if fits.len() > 1 {
        let all: Vec<_> = fits.iter().map(|(resource, _)| resource.api_version.clone()).collect();
        return Err(format!("the cluster has several kinds `{kind}`: {}; the check has to say which", all.join(", ")));
    }
    fits.pop().ok_or_else(|| match &check.api_version {
        Some(version) => format!("the cluster has no kind `{kind}` in {version}"),
        None => format!("the cluster has no kind `{kind}`"),
    })
}

async fn healthy(platform: &Platform, thing: &Thing) -> Looked {
    let cluster = platform.cluster().await.map_err(|error| error.to_string())?;
    let place = if thing.namespace.is_empty() { String::new() } else { format!("{}/", thing.namespace) };
    let asked = format!("{}:{place}{}", thing.kind, thing.name);
    let diagnosis = judged(cluster.as_ref(), &asked).await.map_err(|error| error.to_string())?;
    let cause =
        diagnosis.causes.first().map(|cause| format!("{}: {}", cause.object, cause.summary)).unwrap_or_default();
    Ok(Seen::Judged { verdict: diagnosis.verdict, cause })
}

async fn report(platform: &Platform, check: &ReportCheck) -> Looked {
    let cluster = platform.cluster().await.map_err(|error| error.to_string())?;
    let snapshot = cluster.snapshot().await.map_err(|error| error.to_string())?;
    let unread = policy::REPORTS.iter().find_map(|(group, kind)| {
        snapshot
            .unreadable()
            .find(|((of, name), _)| of == group && name == kind)
            .map(|(_, why)| format!("{kind}: {why}"))
    });
    if !policy::REPORTS.iter().any(|(group, kind)| snapshot.has_kind(group, kind)) {
        return Err(unread.unwrap_or_else(|| "the cluster has no policy reports".into()));
    }
    let of = &check.of;
    let about = policy::results(&snapshot).into_iter().filter(|result| {
        let at = &result.object;
        at.kind == of.kind && at.namespace == of.namespace && at.name == of.name
    });
    let told = about.map(|result| (result.policy, format!("{:?}", result.outcome).to_lowercase(), result.message));
    Ok(Seen::Results(told.collect()))
}

async fn git(platform: &Platform, check: &GitCheck) -> Looked {
    let cluster = platform.cluster().await.map_err(|error| error.to_string())?;
    let forge = Forge::new(cluster.git().await.map_err(|error| error.to_string())?);
    let repository = format!("{OWNER}/{}", check.repository);
    let file = forge.file(&repository, &check.file, BRANCH).await.map_err(|error| error.to_string())?;
    // Of a repository that is not there, no file is told to be gone.
    if file.is_none() && forge.head(&repository, BRANCH).await.map_err(|error| error.to_string())?.is_none() {
        return Err(format!("there is no repository `{}` with a branch {BRANCH}", check.repository));
    }
    Ok(Seen::File(file.map(|file| file.content)))
}

async fn pulls(platform: &Platform, check: &PullRequestCheck, began: &str) -> Looked {
    let began = OffsetDateTime::parse(began, &Rfc3339)
        .map_err(|_| format!("`{began}` is no time for the step to have begun"))?;
    let cluster = platform.cluster().await.map_err(|error| error.to_string())?;
    let server = cluster.git().await.map_err(|error| error.to_string())?;
    let repository = format!("{OWNER}/{}", check.repository);
    let address = format!("/repos/{repository}/pulls?state=all&sort=recentupdate&limit=50");
    let (status, answer) = server.send("GET", &address, None).await.map_err(|error| error.to_string())?;
    let Some(all) = answer.as_array().filter(|_| status == 200) else {
        return Err(format!("asked for the pull requests of `{}`, the Git server answered {status}", check.repository));
    };
    let forge = Forge::new(server);
    let mut found = Vec::new();
    for pull in all.iter().filter(|pull| is_since(pull, check.state, began)) {
        let files = forge.touched(&repository, number(pull, "/number")).await.map_err(|error| error.to_string())?;
        if files.iter().any(|file| file.path == check.file || file.before == check.file) {
            found.push(Pull {
                number: number(pull, "/number"),
                open: text(pull, "/state") == "open",
                merged: pull.get("merged").and_then(Value::as_bool).unwrap_or(false),
            });
        }
    }
    found.sort_by_key(|pull| std::cmp::Reverse(pull.number));
    Ok(Seen::Pulls(found))
}

/// Whether a pull request was made since a moment. Where a merged one is asked for, also one that was merged since, or is still
/// to be: one step may propose what the next one merges. The Git server knows whole seconds only.
fn is_since(pull: &Value, asked: PullState, moment: OffsetDateTime) -> bool {
    let since = |at: &str| {
        OffsetDateTime::parse(text(pull, at), &Rfc3339)
            .is_ok_and(|time| time.unix_timestamp() >= moment.unix_timestamp())
    };
    let may_be_merged = || text(pull, "/state") == "open" || since("/merged_at");
    since("/created_at") || (asked == PullState::Merged && may_be_merged())
}

async fn page(platform: &Platform, address: &str, token: Option<&str>) -> Looked {
    let told = |error: reqwest::Error| chain(&error).join(": ");
    let http = platform.http().map_err(|error| error.to_string())?;
    let mut request = http.get(address);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let answer = crate::log::send(request).await.map_err(told)?;
    let status = answer.status().as_u16();
    Ok(Seen::Page { status, body: answer.text().await.map_err(told)? })
}

async fn entity(platform: &Platform, reference: &str) -> Looked {
    let entity: EntityRef =
        reference.parse().map_err(|error: backstack_mcp::catalog::ReferenceError| error.to_string())?;
    let reader = platform.credential(READER).and_then(|found| found.password.as_deref());
    let token = reader.ok_or("the platform has no account with which programs read the portal's catalog")?;
    let address = format!("{}{ENTITIES}/{}/{}/{}", platform.url, entity.kind, entity.namespace, entity.name);
    page(platform, &address, Some(token)).await
}

#[cfg(test)]
mod tests {
    use kube::core::GroupVersionKind;
    use serde_json::json;

    use super::*;

    fn kinds(all: &[(&str, &str, &str)]) -> Vec<(ApiResource, bool)> {
        let resource = |(group, version, kind): &(&str, &str, &str)| {
            (ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind)), true)
        };
        all.iter().map(resource).collect()
    }

    #[test]
    fn a_kind_that_is_unknown_or_in_doubt_is_told() {
        let check = |version: Option<&str>| {
            let check = json!({"object": "Cluster lab/db", "apiVersion": version});
            serde_json::from_value::<ObjectCheck>(check).expect("a check")
        };
        let two = [("a.io", "v1", "Cluster"), ("b.io", "v1beta1", "Cluster"), ("", "v1", "Pod")];
        let found = one_kind(kinds(&two[1..]), &check(None)).expect("one");
        assert_eq!(found.0.api_version, "b.io/v1beta1");
        let doubt = one_kind(kinds(&two), &check(None)).expect_err("two");
        assert!(doubt.contains("a.io/v1, b.io/v1beta1"), "{doubt}");
        assert_eq!(one_kind(kinds(&two[2..]), &check(None)).expect_err("none"), "the cluster has no kind `Cluster`");
        let none = one_kind(Vec::new(), &check(Some("c.io/v1"))).expect_err("none");
        assert_eq!(none, "the cluster has no kind `Cluster` in c.io/v1");
    }

    #[test]
    fn a_pull_request_of_the_second_in_which_the_step_began_counts() {
        let began = OffsetDateTime::parse("2026-01-01T10:00:00.900Z", &Rfc3339).expect("a time");
        let made = |time: &str| is_since(&json!({"created_at": time}), PullState::Open, began);
        assert!(made("2026-01-01T10:00:00Z") && made("2026-01-01T12:00:00+01:00"));
        assert!(!made("2026-01-01T09:59:59Z") && !made("never"));
        let earlier = json!({"created_at": "2026-01-01T09:00:00Z", "merged_at": "2026-01-01T10:00:05Z"});
        assert!(is_since(&earlier, PullState::Merged, began), "this step merged what an earlier one proposed");
        assert!(!is_since(&earlier, PullState::Open, began));
        let with_state = |state: &str| json!({"created_at": "2026-01-01T09:00:00Z", "merged_at": null, "state": state});
        assert!(is_since(&with_state("open"), PullState::Merged, began), "it is told to be open still");
        assert!(!is_since(&with_state("open"), PullState::Open, began));
        assert!(!is_since(&with_state("closed"), PullState::Merged, began));
    }
}
