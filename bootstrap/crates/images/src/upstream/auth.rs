//! Signing in as a registry's challenge asks for it: with a token from its token server, or with user
//! and password.

use std::sync::PoisonError;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_auth::parser::ChallengeParser;
use oci_client::secrets::RegistryAuth;
use oci_client::token_cache::RegistryToken;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{Client, RequestBuilder, StatusCode, Url};

use super::credentials::{Credential, Found};
use super::fault::{Fault, refusal};
use super::{Site, Upstream, authority};
use crate::error::ImageError;
use backstack_common::log;

/// The content of an `Authorization` header.
pub(super) type Value = HeaderValue;

/// What opened a repository last.
pub(super) type SignedIn = Value;

/// What a registry wants to see.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Challenge {
    Bearer { realm: String, service: Option<String>, scope: Option<String> },
    Basic,
}

impl Upstream {
    /// What opened the repository last.
    pub(super) fn authorization(&self, site: &Site) -> Option<Value> {
        let signed_in = self.signed_in.lock().unwrap_or_else(PoisonError::into_inner);
        signed_in.get(&key(site)).cloned()
    }

    /// Answers a challenge; `refused` is what was tried before.
    pub(super) async fn sign_in(
        &self,
        site: &Site,
        headers: &HeaderMap,
        refused: Option<Value>,
    ) -> Result<Value, Fault> {
        // Another blob of the same image may have signed in meanwhile.
        if let Some(value) = self.authorization(site).filter(|value| Some(value) != refused.as_ref()) {
            return Ok(value);
        }
        let found = self.credentials.of(&authority(&site.base), &site.repository, self.options.patience.helper).await;
        let value = match challenge(headers) {
            Some(Challenge::Bearer { realm, service, scope }) => {
                let scope = scope.unwrap_or_else(|| format!("repository:{}:pull", site.repository));
                self.token(site, &found, &realm, service.as_deref(), &scope).await?
            }
            Some(Challenge::Basic) => basic(&found).ok_or_else(|| refused_access(site, &found, String::new()))?,
            None => return Err(refused_access(site, &found, "its challenge is not understood".into())),
        };
        let mut signed_in = self.signed_in.lock().unwrap_or_else(PoisonError::into_inner);
        signed_in.insert(key(site), value.clone());
        Ok(value)
    }

    async fn token(
        &self,
        site: &Site,
        found: &Found,
        realm: &str,
        service: Option<&str>,
        scope: &str,
    ) -> Result<Value, Fault> {
        if let Credential::Plain(RegistryAuth::Bearer(token)) = &found.credential {
            return secret(format!("Bearer {token}")).ok_or_else(|| refused_access(site, found, String::new()));
        }
        let url = Url::parse(realm)
            .map_err(|error| refused_access(site, found, format!("token server `{realm}`: {error}")))?;
        if !found.is_anonymous() && url.scheme() != "https" && site.base.scheme() == "https" {
            let said = format!("its token server {realm} is not encrypted; no password goes there");
            return Err(refused_access(site, found, said));
        }
        let server = Site { host: authority(&url), ..site.clone() };
        let client = self.client_for(&url).await.map_err(Fault::last)?;
        let request = token_request(client, found, url, service, scope);
        let answer = log::send(request).await.map_err(|error| Fault::again(server.unreachable(error)))?;
        match answer.status() {
            status if status.is_success() => {
                let token =
                    answer.json::<RegistryToken>().await.map_err(|error| Fault::again(server.unreachable(error)))?;
                secret(token.bearer_token()).ok_or_else(|| refused_access(site, found, "its token is malformed".into()))
            }
            StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                let body = answer.bytes().await.unwrap_or_default();
                Err(refused_access(site, found, crate::error::said(&body)))
            }
            _ => Err(refusal(&server, "a request for a token", answer).await),
        }
    }
}

fn token_request(client: &Client, found: &Found, mut url: Url, service: Option<&str>, scope: &str) -> RequestBuilder {
    let mut fields = vec![("scope", scope)];
    fields.extend(service.map(|service| ("service", service)));
    if let Credential::Identity(token) = &found.credential {
        fields.extend([("grant_type", "refresh_token"), ("client_id", "backstack"), ("refresh_token", &token.0)]);
        let form = Url::parse_with_params("http://form/", fields).expect("a fixed address");
        let body = form.query().unwrap_or_default().to_string();
        let request = client.post(url);
        return request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body);
    }
    url.query_pairs_mut().extend_pairs(fields);
    let request = client.get(url);
    match basic(found) {
        Some(value) => request.header(AUTHORIZATION, value),
        None => request,
    }
}

fn key(site: &Site) -> String {
    format!("{}{}", site.base, site.repository)
}

fn basic(found: &Found) -> Option<Value> {
    let Credential::Plain(RegistryAuth::Basic(user, password)) = &found.credential else { return None };
    secret(format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
}

/// A header that is left out of debugging texts.
fn secret(text: String) -> Option<Value> {
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn refused_access(site: &Site, found: &Found, said: String) -> Fault {
    let (image, host) = (site.image.clone(), site.host().to_string());
    Fault::last(ImageError::Unauthorised { image, host, said, note: Some(found.note()) })
}

/// The challenge that suits best: tokens before passwords.
pub(crate) fn challenge(headers: &HeaderMap) -> Option<Challenge> {
    let mut passwords = None;
    for header in headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok()) {
        for parsed in ChallengeParser::new(header).flatten() {
            if parsed.scheme.eq_ignore_ascii_case("basic") {
                passwords = Some(Challenge::Basic);
                continue;
            }
            let value = |name: &str| {
                let found = parsed.params.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
                found.map(|(_, value)| value.to_unescaped())
            };
            if let Some(realm) = value("realm").filter(|_| parsed.scheme.eq_ignore_ascii_case("bearer")) {
                return Some(Challenge::Bearer { realm, service: value("service"), scope: value("scope") });
            }
        }
    }
    passwords
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        let values = values.iter().map(|value| (WWW_AUTHENTICATE, HeaderValue::from_str(value).expect("header")));
        values.collect()
    }

    #[test]
    fn a_token_is_preferred_to_a_password() {
        let found = challenge(&headers(&[
            r#"Basic realm="x""#,
            r#"Bearer realm="https://auth.example/token",service="registry",scope="repository:a/b:pull""#,
        ]));
        let expected = Challenge::Bearer {
            realm: "https://auth.example/token".into(),
            service: Some("registry".into()),
            scope: Some("repository:a/b:pull".into()),
        };
        assert_eq!(found, Some(expected));
        assert_eq!(challenge(&headers(&["basic realm=x"])), Some(Challenge::Basic));
        assert_eq!(challenge(&headers(&[r#"Digest realm="x""#])), None);
    }
}
