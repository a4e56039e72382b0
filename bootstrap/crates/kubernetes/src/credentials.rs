//! User names and passwords that people need, read from the Secrets that keep them.

use std::collections::BTreeMap;

use futures::future::try_join_all;
use k8s_openapi::api::core::v1::Secret;
use kube::Client;
use kube::api::Api;
use serde::Serialize;

use super::Error;
use backstack_stack::model::Credential;

/// A credential as it is now.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// What it opens.
    pub title: String,
    /// The name to sign in with, as component.yaml has it.
    pub username: String,
    /// Nothing if the Secret or its key is not there: `missing` says what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// Which Secret or key is not there, in one sentence; `None` if the password is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
    /// Where it is kept: `namespace/secret, key KEY`.
    pub secret: String,
    /// Path of the route it is for, as `/argocd`; `None` if it is for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// Passwords have no place in logs.
impl std::fmt::Debug for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Found").field("title", &self.title).field("secret", &self.secret).finish_non_exhaustive()
    }
}

/// Reads the credentials of a component.
///
/// # Errors
/// [`Error::Request`] if a Secret cannot be read; one that is not there is told in the result.
pub async fn read(client: &Client, namespace: &str, credentials: &[Credential]) -> Result<Vec<Found>, Error> {
    let api: Api<Secret> = Api::namespaced(client.clone(), namespace);
    let found = credentials.iter().map(|credential| {
        let api = &api;
        async move {
            let action = format!("read Secret {namespace}/{}", credential.secret);
            let secret = api.get_opt(&credential.secret).await.map_err(Error::request(action))?;
            Ok(judge(namespace, credential, secret.as_ref()))
        }
    });
    try_join_all(found).await
}

fn judge(namespace: &str, credential: &Credential, secret: Option<&Secret>) -> Found {
    let password = secret.map(|secret| password(secret, &credential.key));
    let missing = match &password {
        None => Some(format!("Secret {namespace}/{} does not exist (yet)", credential.secret)),
        Some(None) => Some(format!("Secret {namespace}/{} has no key `{}`", credential.secret, credential.key)),
        Some(Some(_)) => None,
    };
    Found {
        title: credential.title.clone(),
        username: credential.username.clone(),
        password: password.flatten(),
        missing,
        secret: format!("{namespace}/{}, key {}", credential.secret, credential.key),
        path: credential.path.clone(),
    }
}

fn password(secret: &Secret, key: &str) -> Option<String> {
    let empty = BTreeMap::new();
    let bytes = secret.data.as_ref().unwrap_or(&empty).get(key)?;
    Some(String::from_utf8_lossy(&bytes.0).trim_end_matches('\n').to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn credential() -> Credential {
        Credential {
            title: "Shop".into(),
            username: "admin".into(),
            secret: "shop-admin".into(),
            key: "password".into(),
            path: None,
        }
    }

    #[test]
    fn what_is_missing_is_told_and_no_error() {
        let none = judge("shop", &credential(), None);
        assert_eq!(none.missing.as_deref(), Some("Secret shop/shop-admin does not exist (yet)"));
        let other: Secret = serde_json::from_value(json!({"data": {"user": "eA=="}})).expect("a secret");
        let missing = judge("shop", &credential(), Some(&other)).missing.expect("a text");
        assert_eq!(missing, "Secret shop/shop-admin has no key `password`");
    }

    #[test]
    fn a_password_is_read_but_never_printed_for_debugging() {
        let secret: Secret = serde_json::from_value(json!({"data": {"password": "czNjcjN0Cg=="}})).expect("a secret");
        let found = judge("shop", &credential(), Some(&secret));
        assert_eq!(found.password.as_deref(), Some("s3cr3t"));
        assert!(!format!("{found:?}").contains("s3cr3t"));
    }
}
