//! Whether the user of a context may install a platform, asked of the API before anything is touched.

use futures::{StreamExt, TryStreamExt, stream};
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec};
use kube::Client;
use kube::api::{Api, PostParams};

use crate::kubernetes::Error;

/// What every platform is made of: group and resource.
const RESOURCES: [(&str, &str); 17] = [
    ("", "namespaces"),
    ("", "serviceaccounts"),
    ("", "secrets"),
    ("", "configmaps"),
    ("", "services"),
    ("apps", "deployments"),
    ("apps", "statefulsets"),
    ("batch", "jobs"),
    ("networking.k8s.io", "ingresses"),
    ("networking.k8s.io", "ingressclasses"),
    ("rbac.authorization.k8s.io", "clusterroles"),
    ("rbac.authorization.k8s.io", "clusterrolebindings"),
    ("apiextensions.k8s.io", "customresourcedefinitions"),
    ("apiregistration.k8s.io", "apiservices"),
    ("admissionregistration.k8s.io", "validatingwebhookconfigurations"),
    // What keeps the assistant's account from changing anything.
    ("admissionregistration.k8s.io", "validatingadmissionpolicies"),
    ("admissionregistration.k8s.io", "validatingadmissionpolicybindings"),
];
const VERBS: [&str; 4] = ["list", "create", "patch", "delete"];
/// Components get rights that the user need not have: giving those is a right of its own.
const GIVING: [(&str, &str, &str); 2] =
    [("escalate", "rbac.authorization.k8s.io", "clusterroles"), ("bind", "rbac.authorization.k8s.io", "clusterroles")];
const CONCURRENCY: usize = 8;

/// The rights that are missing, as `create deployments.apps`; none for a cluster administrator.
///
/// # Errors
/// The API does not answer.
pub async fn missing(client: &Client) -> Result<Vec<String>, Error> {
    if allowed(client, "*", "*", "*").await? {
        return Ok(Vec::new());
    }
    let usual = RESOURCES.iter().flat_map(|(group, resource)| VERBS.map(|verb| (verb, *group, *resource)));
    let asked = stream::iter(usual.chain(GIVING)).map(|(verb, group, resource)| async move {
        let name = if group.is_empty() { resource.to_string() } else { format!("{resource}.{group}") };
        allowed(client, verb, group, resource).await.map(|yes| (!yes).then(|| format!("{verb} {name}")))
    });
    let missing: Vec<_> = asked.buffered(CONCURRENCY).try_collect().await?;
    Ok(missing.into_iter().flatten().collect())
}

async fn allowed(client: &Client, verb: &str, group: &str, resource: &str) -> Result<bool, Error> {
    let attributes = ResourceAttributes {
        verb: Some(verb.into()),
        group: Some(group.into()),
        resource: Some(resource.into()),
        ..Default::default()
    };
    let spec = SelfSubjectAccessReviewSpec { resource_attributes: Some(attributes), ..Default::default() };
    let review = SelfSubjectAccessReview { spec, ..Default::default() };
    let api: Api<SelfSubjectAccessReview> = Api::all(client.clone());
    let answer = api.create(&PostParams::default(), &review).await.map_err(Error::request("ask what you may do"))?;
    Ok(answer.status.is_some_and(|status| status.allowed))
}
