//! The account that assistants read the cluster with: it may look at things, and try changes without making them.
//!
//! Its rights are the built-in `view` role, a few cluster-wide kinds, and whatever components give by ClusterRoles with
//! the label [`AGGREGATE`]. Secrets are in none of them. Trying a manifest (a server-side dry run) needs the right to
//! create it; so that this right creates nothing, a ValidatingAdmissionPolicy refuses every request of this account
//! that is no dry run. Services that only answer questions are asked through the API server's proxy, each by its name
//! in a component's ClusterRole. The cluster itself enforces that, not our good behaviour.

use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::Client;
use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use serde_json::{Value, json};

use super::kinds::{Kinds, Unresolved};
use super::object::{MANAGED_BY, VersionedRef};
use super::{Error, MANAGER, SYSTEM_NAMESPACE};

/// Name of the account, and of all that belongs to it.
pub const ACCOUNT: &str = "assistant";
/// Components give the account rights to their kinds by ClusterRoles with this label, set to `true`.
pub const AGGREGATE: &str = "backstack.dev/aggregate-to-assistant";
/// Name of the objects that have no namespace.
const CLUSTER_WIDE: &str = "backstack-assistant";
/// How long a token is good for, in seconds.
pub const TOKEN_SECONDS: i64 = 24 * 3600;

/// Makes the account and its rights, or brings them up to date.
///
/// # Errors
/// [`Error::Request`] if the API refuses.
pub async fn ensure(kinds: &Kinds) -> Result<(), Error> {
    for object in objects() {
        let what = VersionedRef::of(&object).expect("our own manifests are whole");
        let refused = |error| Error::request(format!("make {what}"))(error);
        let api: Api<DynamicObject> = match kinds.api(&what).await {
            Ok(api) => api,
            // A cluster of somebody else's may be too old for admission policies: then nothing may be tried.
            Err(Unresolved::Unknown { .. }) => continue,
            Err(Unresolved::Request(error)) => return Err(refused(error)),
        };
        api.patch(&what.name, &PatchParams::apply(MANAGER).force(), &Patch::Apply(&object)).await.map_err(refused)?;
    }
    Ok(())
}

/// Takes the account and its rights away; what is gone already, or somebody else's, is left alone.
///
/// # Errors
/// [`Error::Request`] if the API refuses.
pub async fn forget(kinds: &Kinds) -> Result<(), Error> {
    // The rights go before what limits them.
    for object in objects().iter().rev() {
        let what = VersionedRef::of(object).expect("our own manifests are whole");
        let refused = |error| Error::request(format!("delete {what}"))(error);
        let api = match kinds.api(&what).await {
            Ok(api) => api,
            Err(Unresolved::Unknown { .. }) => continue,
            Err(Unresolved::Request(error)) => return Err(refused(error)),
        };
        let found = api.get_opt(&what.name).await.map_err(refused)?;
        let is_ours = |found: &DynamicObject| {
            found.metadata.labels.as_ref().and_then(|labels| labels.get(MANAGED_BY)).is_some_and(|by| by == MANAGER)
        };
        if found.as_ref().is_some_and(is_ours) {
            match api.delete(&what.name, &DeleteParams::default()).await {
                Err(kube::Error::Api(status)) if status.is_not_found() => {}
                result => result.map(drop).map_err(refused)?,
            }
        }
    }
    Ok(())
}

/// A fresh token of the account.
///
/// # Errors
/// [`Error::Request`]: the account is missing, or the caller may not act for it.
pub async fn token(client: &Client) -> Result<String, Error> {
    let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), SYSTEM_NAMESPACE);
    let request = TokenRequest {
        spec: Some(TokenRequestSpec { expiration_seconds: Some(TOKEN_SECONDS), ..TokenRequestSpec::default() }),
        ..TokenRequest::default()
    };
    let answer = accounts.create_token_request(ACCOUNT, &PostParams::default(), &request).await;
    let answer = answer.map_err(Error::request("get a token for the assistant's account"))?;
    Ok(answer.status.and_then(|status| status.token).unwrap_or_default())
}

/// All that is made, marked as ours.
fn objects() -> Vec<Value> {
    let mut objects = manifests();
    for object in &mut objects {
        object["metadata"]["labels"][MANAGED_BY] = MANAGER.into();
    }
    objects
}

fn manifests() -> Vec<Value> {
    let user = format!("system:serviceaccount:{SYSTEM_NAMESPACE}:{ACCOUNT}");
    vec![
        // First, so that there is no moment in which the rights below would count in full.
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": CLUSTER_WIDE},
            "spec": {
                "failurePolicy": "Fail",
                "matchConstraints": {"resourceRules": [
                    {"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["CREATE", "UPDATE", "DELETE", "CONNECT"], "resources": ["*/*"]},
                ]},
                "matchConditions": [{"name": "is-assistant", "expression": format!("request.userInfo.username == '{user}'")}],
                "validations": [{
                    // A proxied request reaches only the Services that components give it by name.
                    "expression": "(has(request.dryRun) && request.dryRun == true) || (request.operation == 'CONNECT' && request.resource.resource == 'services' && request.subResource == 'proxy')",
                    "message": "the assistant may only try changes (dry run), never make them",
                }],
            },
        }),
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": CLUSTER_WIDE},
            "spec": {"policyName": CLUSTER_WIDE, "validationActions": ["Deny"]},
        }),
        json!({
            "apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": ACCOUNT, "namespace": SYSTEM_NAMESPACE},
            "automountServiceAccountToken": false,
        }),
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": {"name": format!("{CLUSTER_WIDE}-base"), "labels": {AGGREGATE: "true"}},
            "rules": [
                {"apiGroups": [""], "resources": ["nodes", "namespaces", "persistentvolumes"], "verbs": ["get", "list", "watch"]},
                {"apiGroups": ["storage.k8s.io"], "resources": ["storageclasses"], "verbs": ["get", "list", "watch"]},
                {"apiGroups": ["networking.k8s.io"], "resources": ["ingressclasses"], "verbs": ["get", "list", "watch"]},
                {"apiGroups": ["scheduling.k8s.io"], "resources": ["priorityclasses"], "verbs": ["get", "list", "watch"]},
                {"apiGroups": ["apiextensions.k8s.io"], "resources": ["customresourcedefinitions"], "verbs": ["get", "list", "watch"]},
                {"apiGroups": ["apiregistration.k8s.io"], "resources": ["apiservices"], "verbs": ["get", "list", "watch"]},
                {"apiGroups": ["admissionregistration.k8s.io"],
                 "resources": ["validatingadmissionpolicies", "mutatingadmissionpolicies", "validatingadmissionpolicybindings", "mutatingadmissionpolicybindings", "validatingwebhookconfigurations", "mutatingwebhookconfigurations"],
                 "verbs": ["get", "list", "watch"]},
                {"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["*"], "verbs": ["get", "list", "watch"]},
                // To try, and no more: see the admission policy above.
                {"apiGroups": [""], "resources": ["pods", "services", "configmaps", "persistentvolumeclaims"], "verbs": ["create", "patch"]},
                {"apiGroups": ["apps"], "resources": ["deployments", "statefulsets", "daemonsets"], "verbs": ["create", "patch"]},
                {"apiGroups": ["batch"], "resources": ["jobs", "cronjobs"], "verbs": ["create", "patch"]},
                {"apiGroups": ["networking.k8s.io"], "resources": ["ingresses", "networkpolicies"], "verbs": ["create", "patch"]},
                {"apiGroups": ["autoscaling"], "resources": ["horizontalpodautoscalers"], "verbs": ["create", "patch"]},
                {"apiGroups": ["policy"], "resources": ["poddisruptionbudgets"], "verbs": ["create", "patch"]},
            ],
        }),
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": {"name": CLUSTER_WIDE},
            "aggregationRule": {"clusterRoleSelectors": [
                {"matchLabels": {"rbac.authorization.k8s.io/aggregate-to-view": "true"}},
                {"matchLabels": {AGGREGATE: "true"}},
            ]},
        }),
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
            "metadata": {"name": CLUSTER_WIDE},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": CLUSTER_WIDE},
            "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": SYSTEM_NAMESPACE}],
        }),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_rule_reaches_secrets_or_writes_beyond_what_can_be_tried() {
        for object in objects() {
            for rule in object["rules"].as_array().into_iter().flatten() {
                let has = |list: &str, word: &str| {
                    rule[list].as_array().is_some_and(|all| all.iter().any(|item| item == word))
                };
                assert!(!has("resources", "secrets"), "{rule}");
                assert!(!(has("apiGroups", "") || has("apiGroups", "*")) || !has("resources", "*"), "{rule}");
                for verb in ["update", "delete", "deletecollection", "impersonate", "escalate", "bind", "*"] {
                    assert!(!has("verbs", verb), "{rule}");
                }
            }
        }
    }

    #[test]
    fn the_refusal_is_there_before_the_rights() {
        let kinds: Vec<_> =
            objects().iter().map(|object| object["kind"].as_str().unwrap_or_default().to_string()).collect();
        let at = |kind: &str| kinds.iter().position(|had| had == kind).expect("there");
        assert!(at("ValidatingAdmissionPolicyBinding") < at("ClusterRoleBinding"));
    }
}
