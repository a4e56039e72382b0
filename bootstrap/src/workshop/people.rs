//! Accounts of learners on the Git server, by which they sign in to the portal too. Each is like one of the platform's people: in
//! the same teams, with an address at the same place.

use std::collections::BTreeMap;
use std::sync::Arc;

use backstack_mcp::live::changes::forge::OWNER;
use backstack_mcp::live::object::text;
use backstack_mcp::ports::GitServer;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, DeleteParams, Patch, PatchParams};
use serde_json::{Value, json};

use super::WorkshopError;
use super::platform::Platform;
use super::progress::LABEL;
use super::solve::sent;
use crate::kubernetes::credentials::Found;
use crate::kubernetes::{Error, SYSTEM_NAMESPACE, secrets};

const PERSON: &str = "person";
const MANAGER: &str = "backstack-workshop";
const LETTERS: u32 = 16;

fn api(platform: &Platform) -> Api<Secret> {
    Api::namespaced(platform.place.client.clone(), SYSTEM_NAMESPACE)
}

fn secret_of(learner: &str) -> String {
    format!("workshop-person-{learner}")
}

/// What opens the platform for a learner, who is like somebody; nothing for one who has no account.
///
/// # Errors
/// The API refuses.
pub(super) async fn read(platform: &Platform, learner: &str, like: &str) -> Result<Option<Found>, WorkshopError> {
    let name = secret_of(learner);
    let found = api(platform).get_opt(&name).await.map_err(Error::request(format!("read Secret {name}")))?;
    let password = found.and_then(|secret| secret.data?.remove("password"));
    let password = password.and_then(|bytes| String::from_utf8(bytes.0).ok());
    Ok(password.map(|password| Found {
        title: format!("Git, {learner}"),
        username: learner.into(),
        password: Some(password),
        missing: None,
        secret: format!("{SYSTEM_NAMESPACE}/{name}, key password"),
        path: platform.credential(like).and_then(|found| found.path.clone()),
    }))
}

/// Makes an account for a learner, like somebody's, if there is none.
///
/// # Errors
/// Somebody has that name already, or the Git server refuses.
pub(super) async fn ensure(platform: &Platform, learner: &str, like: &str) -> Result<Found, WorkshopError> {
    let server = administrator(platform, like).await?;
    let (status, _) = server.send("GET", &format!("/users/{learner}"), None).await?;
    let is_there = status == 200;
    let found = match read(platform, learner, like).await? {
        Some(found) => found,
        None if is_there => return Err(WorkshopError::Somebody { name: learner.into() }),
        // First: an account whose password nobody knows would be in the way for ever.
        None => {
            keep(platform, learner).await?;
            let kept = read(platform, learner, like).await?;
            kept.ok_or_else(|| WorkshopError::NoPerson { user: learner.into(), known: Vec::new() })?
        }
    };
    if !is_there {
        let (_, model) = server.send("GET", &format!("/users/{like}"), None).await?;
        let account = account(learner, found.password.as_deref().unwrap_or_default(), &model);
        sent(&server, "POST", "/admin/users", &account, &format!("make user {learner}")).await?;
    }
    for team in teams(&server, like).await? {
        let what = format!("put {learner} into a team");
        sent(&server, "PUT", &format!("/teams/{team}/members/{learner}"), &Value::Null, &what).await?;
    }
    Ok(found)
}

/// Takes a learner's account away.
///
/// # Errors
/// The Git server refuses.
pub(super) async fn forget(platform: &Platform, learner: &str, like: &str) -> Result<(), WorkshopError> {
    if read(platform, learner, like).await?.is_none() {
        return Ok(());
    }
    let server = administrator(platform, like).await?;
    let address = format!("/admin/users/{learner}?purge=true");
    let (status, answer) = server.send("DELETE", &address, None).await?;
    if !matches!(status, 200..300 | 404) {
        let said = text(&answer, "/message").to_string();
        return Err(WorkshopError::Refused { what: format!("delete user {learner}"), status, said });
    }
    let name = secret_of(learner);
    match api(platform).delete(&name, &DeleteParams::default()).await {
        Err(kube::Error::Api(status)) if status.is_not_found() => Ok(()),
        deleted => Ok(deleted.map(drop).map_err(Error::request(format!("delete Secret {name}")))?),
    }
}

/// The Git server as whoever may make users there, among those who sign in where somebody does.
async fn administrator(platform: &Platform, like: &str) -> Result<Arc<dyn GitServer>, WorkshopError> {
    for name in platform.colleagues("", like) {
        let server = platform.git_as(&name)?;
        if server.send("GET", "/admin/users?limit=1", None).await?.0 == 200 {
            return Ok(server);
        }
    }
    Err(WorkshopError::NoAdministrator)
}

async fn keep(platform: &Platform, learner: &str) -> Result<(), WorkshopError> {
    let name = secret_of(learner);
    let object = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": SYSTEM_NAMESPACE, "labels": {LABEL: PERSON}},
        "stringData": BTreeMap::from([("username", learner), ("password", &secrets::password(LETTERS))]),
    });
    let applied = api(platform).patch(&name, &PatchParams::apply(MANAGER).force(), &Patch::Apply(&object)).await;
    Ok(applied.map(drop).map_err(Error::request(format!("write Secret {name}")))?)
}

/// An account as the Git server wants it, after the model of somebody's.
fn account(learner: &str, password: &str, model: &Value) -> Value {
    let domain = text(model, "/email").rsplit_once('@').map_or("localhost", |(_, domain)| domain);
    json!({
        "username": learner,
        "full_name": learner,
        "email": format!("{learner}@{domain}"),
        "password": password,
        "must_change_password": false,
        "visibility": text(model, "/visibility"),
    })
}

/// The teams that somebody is in.
async fn teams(server: &Arc<dyn GitServer>, like: &str) -> Result<Vec<i64>, WorkshopError> {
    let (_, all) = server.send("GET", &format!("/orgs/{OWNER}/teams?limit=50"), None).await?;
    let mut teams = Vec::new();
    for id in all.as_array().into_iter().flatten().filter_map(|team| team["id"].as_i64()) {
        if server.send("GET", &format!("/teams/{id}/members/{like}"), None).await?.0 == 200 {
            teams.push(id);
        }
    }
    Ok(teams)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_like_that_of_its_model() {
        let model = json!({"email": "developer@backstack.example", "visibility": "limited"});
        let account = account("ada", "secret", &model);
        assert_eq!(account["email"], "ada@backstack.example");
        assert_eq!(
            (account["visibility"].as_str(), account["must_change_password"].as_bool()),
            (Some("limited"), Some(false))
        );
    }
}
