//! Where the values come from that must not be in the archive.

use std::collections::BTreeSet;

use futures::{Stream, TryStreamExt};
use k8s_openapi::api::core::v1::{Namespace, Pod, Secret, Service};
use kube::api::{Api, ListParams};
use kube::{Client, ResourceExt};
use serde_json::Value;

use super::clock::Clock;
use super::redact::Secrets;
use super::scrub;
use crate::error::chain;
use crate::settings::Record;

/// So many objects at a time.
const PAGE: u32 = 200;

/// Every value of every Secret of the cluster, and what pods have in variables that sound like secrets.
///
/// # Errors
/// Not all of them could be read.
pub(super) async fn of_cluster(client: &Client, clock: Clock, secrets: &mut Secrets) -> Result<(), String> {
    let mut names = names_of::<Namespace>(client, clock).await?;
    names.extend(names_of::<Service>(client, clock).await?);
    let (mut all, mut values) = (Box::pin(pages::<Secret>(client)), Vec::new());
    while let Some(page) = clock.within(async { all.try_next().await.map_err(said) }).await? {
        for secret in page {
            names.insert(secret.name_any());
            values.extend(secret.data.unwrap_or_default());
        }
    }
    let values = values.iter().filter(|(key, value)| is_secret(key, &value.0, &names));
    values.for_each(|(_, value)| secrets.add(&value.0));
    let mut pods = Box::pin(pages::<Pod>(client));
    while let Some(page) = clock.within(async { pods.try_next().await.map_err(said) }).await? {
        for pod in page {
            let mut pod = serde_json::to_value(pod.spec).unwrap_or_default();
            scrub::scrub(&mut pod).iter().for_each(|value| secrets.add(value.as_bytes()));
        }
    }
    Ok(())
}

/// A Secret has user names as well, and those are often names that stand everywhere: without them nobody could read
/// anything. Under a key that sounds like a secret, every value is one.
fn is_secret(key: &str, value: &[u8], names: &BTreeSet<String>) -> bool {
    scrub::is_telling(key) || !std::str::from_utf8(value).is_ok_and(|value| names.contains(value.trim()))
}

async fn names_of<K>(client: &Client, clock: Clock) -> Result<BTreeSet<String>, String>
where
    K: kube::Resource<DynamicType = ()> + Clone + serde::de::DeserializeOwned + std::fmt::Debug + Send + 'static,
{
    let mut all = Box::pin(pages::<K>(client));
    let mut names = BTreeSet::new();
    while let Some(page) = clock.within(async { all.try_next().await.map_err(said) }).await? {
        names.extend(page.iter().map(ResourceExt::name_any));
    }
    Ok(names)
}

fn said(error: kube::Error) -> String {
    chain(&error).join(": ")
}

fn pages<K>(client: &Client) -> impl Stream<Item = kube::Result<Vec<K>>> + use<K>
where
    K: kube::Resource<DynamicType = ()> + Clone + serde::de::DeserializeOwned + std::fmt::Debug + Send + 'static,
{
    of_api(Api::<K>::all(client.clone()))
}

/// All objects of a kind, page by page.
pub(super) fn of_api<K>(api: Api<K>) -> impl Stream<Item = kube::Result<Vec<K>>> + use<K>
where
    K: Clone + serde::de::DeserializeOwned + std::fmt::Debug + Send + 'static,
{
    futures::stream::try_unfold(Some(String::new()), move |next| {
        let api = api.clone();
        async move {
            let Some(token) = next else { return Ok(None) };
            let params = ListParams::default().limit(PAGE);
            let params = if token.is_empty() { params } else { params.continue_token(&token) };
            let list = api.list(&params).await?;
            let next = list.metadata.continue_.filter(|token| !token.is_empty());
            Ok(Some((list.items, next)))
        }
    })
}

/// Keys and tokens of the administrator's kubeconfig.
pub(super) fn of_kubeconfig(admin: &str, secrets: &mut Secrets) {
    for line in admin.lines() {
        let Some((key, value)) = line.trim().trim_start_matches("- ").split_once(": ") else { continue };
        if ["client-key-data", "client-certificate-data", "token", "password"].contains(&key) {
            secrets.add(value.as_bytes());
        }
    }
}

/// Parameters whose names sound like secrets.
pub(super) fn of_record(record: &mut Record, secrets: &mut Secrets) {
    for (_, name, value) in &mut record.parameters {
        if !scrub::is_telling(name) {
            continue;
        }
        if let Value::String(text) = std::mem::replace(value, super::redact::REMOVED.into()) {
            secrets.add(text.as_bytes());
        }
    }
}

/// Variables of the containers themselves.
pub(super) fn of_environment(variables: &[String], secrets: &mut Secrets) {
    let mut variables = serde_json::to_value(variables).unwrap_or_default();
    scrub::environment(&mut variables).iter().for_each(|value| secrets.add(value.as_bytes()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_stands_everywhere_is_no_secret_but_under_a_key_that_sounds_like_one() {
        let names = BTreeSet::from(["argocd".to_string()]);
        assert!(!is_secret("username", b"argocd", &names));
        assert!(is_secret("password", b"argocd", &names) && is_secret("username", b"somebody", &names));
    }

    #[test]
    fn what_the_record_has_of_secrets_is_removed_and_looked_for() {
        let parameters = vec![
            ("a".to_string(), "admin_password".to_string(), Value::from("geheimes")),
            ("a".to_string(), "storage".to_string(), Value::from("1Gi")),
        ];
        let record = r#"{"by": "", "stack": "", "url": "", "from_packages": false}"#;
        let mut record = Record { parameters, ..serde_json::from_str(record).expect("a record") };
        let mut secrets = Secrets::default();
        of_record(&mut record, &mut secrets);
        of_kubeconfig("users:\n- user:\n    client-key-data: abcdefgh\n    name: sichtbar\n", &mut secrets);
        of_environment(&["MY_TOKEN=verborgen".into(), "PATH=/bin".into()], &mut secrets);
        assert_eq!((&record.parameters[0].2, &record.parameters[1].2), (&"[removed]".into(), &"1Gi".into()));
        let line = secrets.redactor().line(b"geheimes 1Gi abcdefgh sichtbar verborgen /bin");
        assert_eq!(String::from_utf8(line).expect("text"), "[removed] 1Gi [removed] sichtbar [removed] /bin");
    }
}
