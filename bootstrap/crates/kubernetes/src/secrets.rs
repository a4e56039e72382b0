//! Secrets that are made once per platform and kept: passwords, certificates, the authority.
//!
//! Several components, and several runs of the program, may come here at the same time: whoever is
//! second takes what the first one made.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::Client;
use kube::api::{Api, DeleteParams, ObjectMeta, PostParams, Preconditions};
use rand::seq::IndexedRandom;
use rand::{rand_core::UnwrapErr, rngs::SysRng};
use time::OffsetDateTime;

use super::apply::Change;
use super::authority::{Pair, create_authority, is_valid, issue, reason_to_renew};
use super::object::Owner;
use super::{Error, MANAGER, SYSTEM_NAMESPACE};
use backstack_stack::model::GeneratedSecret;

/// Secret in [`SYSTEM_NAMESPACE`] with the platform's certificate authority.
pub const AUTHORITY_SECRET: &str = "platform-ca";
/// Letters and digits that are not taken for one another when somebody types them.
const ALPHABET: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// Names that every certificate of the platform is good for.
const OWN_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
/// How often somebody else may be faster.
const RACES: usize = 5;

type Data = BTreeMap<String, ByteString>;

/// Makes and keeps the secrets of one platform.
#[derive(Clone)]
pub struct Secrets {
    client: Client,
    platform: String,
    host: String,
}

impl Secrets {
    /// `host` is the name that browsers use for the platform.
    pub fn new(client: Client, platform: &str, host: &str) -> Self {
        Self { client, platform: platform.into(), host: host.into() }
    }

    /// The client that they are read and written with.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// The certificate of the platform's authority, PEM; nothing if there is no platform.
    ///
    /// # Errors
    /// [`Error::Request`], or [`Error::Secret`] if the Secret holds something else.
    pub async fn ca_pem(&self) -> Result<Option<String>, Error> {
        let found = self.get(SYSTEM_NAMESPACE, AUTHORITY_SECRET).await?;
        found.map(|secret| authority_of(&secret).map(|pair| pair.certificate)).transpose()
    }

    /// The platform's authority, made when there is none.
    ///
    /// # Errors
    /// [`Error::Request`], or [`Error::Secret`] if the Secret holds something else: it is not replaced,
    /// because browsers may trust what was in it.
    pub(crate) async fn authority(&self) -> Result<Pair, Error> {
        let owner = Owner { platform: self.platform.clone(), component: "platform".into() };
        let wanted = |found: Option<&Secret>| match found {
            Some(secret) => authority_of(secret).map(|_| None),
            None => {
                let made = create_authority(&self.platform, OffsetDateTime::now_utc());
                made.map(|pair| Some(pair_data(&pair, &pair.certificate))).map_err(|source| Error::Certificate {
                    secret: format!("{SYSTEM_NAMESPACE}/{AUTHORITY_SECRET}"),
                    source,
                })
            }
        };
        let (_, secret) = self.converge(&owner, SYSTEM_NAMESPACE, AUTHORITY_SECRET, TLS, wanted).await?;
        authority_of(&secret)
    }

    /// Makes a Secret, or adds what it lacks. Passwords that exist are never changed.
    ///
    /// # Errors
    /// [`Error::Request`], or [`Error::Certificate`] for a name that is none.
    pub async fn ensure(
        &self,
        owner: &Owner,
        namespace: &str,
        name: &str,
        what: &GeneratedSecret,
    ) -> Result<Change, Error> {
        match what {
            GeneratedSecret::Random(lengths) => {
                let wanted = |found: Option<&Secret>| Ok(missing_passwords(lengths, data_of(found)));
                self.converge(owner, namespace, name, OPAQUE, wanted).await.map(|(change, _)| change)
            }
            GeneratedSecret::Certificate(names) => {
                let authority = self.authority().await?;
                let names = self.names(names);
                let wanted = |found: Option<&Secret>| {
                    renewed(&authority, &names, data_of(found))
                        .map_err(|source| Error::Certificate { secret: format!("{namespace}/{name}"), source })
                };
                self.converge(owner, namespace, name, TLS, wanted).await.map(|(change, _)| change)
            }
            GeneratedSecret::Authority {} => {
                let authority = self.authority().await?;
                let data = pair_data(&authority, &authority.certificate);
                let wanted = |found: Option<&Secret>| Ok((data_of(found) != Some(&data)).then(|| data.clone()));
                self.converge(owner, namespace, name, TLS, wanted).await.map(|(change, _)| change)
            }
            // It has to be waited for first: see [`super::copies`].
            GeneratedSecret::Copy(source) => {
                let original = self.get(&source.namespace, &source.name).await?.unwrap_or_default();
                self.copy(owner, namespace, name, &original).await
            }
        }
    }

    /// Makes a Secret with the data and type of another, or gives it what the other has now.
    ///
    /// # Errors
    /// [`Error::Request`].
    pub async fn copy(&self, owner: &Owner, namespace: &str, name: &str, original: &Secret) -> Result<Change, Error> {
        let kind = original.type_.as_deref().unwrap_or(OPAQUE);
        if let Some(old) = self.get(namespace, name).await?.filter(|old| old.type_.as_deref() != Some(kind)) {
            // A type cannot change, so it has to be another Secret.
            let params =
                DeleteParams::default().preconditions(Preconditions { uid: old.metadata.uid, resource_version: None });
            let deleted = self.api(namespace).delete(name, &params).await;
            deleted.map_err(Error::request(format!("delete Secret {namespace}/{name}, whose type has changed")))?;
        }
        let data = original.data.clone().unwrap_or_default();
        let wanted = |found: Option<&Secret>| Ok((data_of(found) != Some(&data)).then(|| data.clone()));
        self.converge(owner, namespace, name, kind, wanted).await.map(|(change, _)| change)
    }

    /// All names of a certificate: those asked for and the platform's own.
    fn names(&self, asked: &[String]) -> BTreeSet<String> {
        let own = OWN_NAMES.iter().map(ToString::to_string).chain([self.host.clone()]);
        own.chain(asked.iter().cloned()).map(|name| canonical(&name)).collect()
    }

    async fn get(&self, namespace: &str, name: &str) -> Result<Option<Secret>, Error> {
        let found = self.api(namespace).get_opt(name).await;
        found.map_err(Error::request(format!("read Secret {namespace}/{name}")))
    }

    fn api(&self, namespace: &str) -> Api<Secret> {
        Api::namespaced(self.client.clone(), namespace)
    }

    /// Writes what `wanted` says the Secret should have; it says nothing if all is well.
    async fn converge(
        &self,
        owner: &Owner,
        namespace: &str,
        name: &str,
        kind: &str,
        wanted: impl Fn(Option<&Secret>) -> Result<Option<Data>, Error>,
    ) -> Result<(Change, Secret), Error> {
        let api = self.api(namespace);
        let params = PostParams { field_manager: Some(MANAGER.into()), ..Default::default() };
        let mut race = 0;
        loop {
            let found = self.get(namespace, name).await?;
            let data = wanted(found.as_ref())?;
            let (result, change) = match (found, data) {
                (Some(found), None) => return Ok((Change::Unchanged, found)),
                (Some(found), Some(data)) => {
                    let changed = Secret { data: Some(data), ..found };
                    (api.replace(name, &params, &changed).await, Change::Changed)
                }
                (None, data) => {
                    let made = new_secret(owner, name, kind, data.unwrap_or_default());
                    (api.create(&params, &made).await, Change::Created)
                }
            };
            match result {
                Ok(secret) => return Ok((change, secret)),
                Err(kube::Error::Api(status)) if is_race(&status) && race < RACES => race += 1,
                Err(error) => return Err(Error::request(format!("write Secret {namespace}/{name}"))(error)),
            }
        }
    }
}

const TLS: &str = "kubernetes.io/tls";
const OPAQUE: &str = "Opaque";

/// Somebody made, changed or deleted it since it was read.
fn is_race(status: &kube::core::Status) -> bool {
    let no_namespace = status.details.as_ref().is_some_and(|details| details.kind == "namespaces");
    status.code == 409 || (status.is_not_found() && !no_namespace)
}

fn new_secret(owner: &Owner, name: &str, kind: &str, data: Data) -> Secret {
    Secret {
        metadata: ObjectMeta { name: Some(name.into()), labels: Some(owner.labels()), ..Default::default() },
        type_: Some(kind.into()),
        data: Some(data),
        ..Default::default()
    }
}

fn data_of(secret: Option<&Secret>) -> Option<&Data> {
    secret.and_then(|secret| secret.data.as_ref())
}

fn text<'a>(data: &'a Data, key: &str) -> Option<&'a str> {
    data.get(key).and_then(|bytes| std::str::from_utf8(&bytes.0).ok())
}

fn pair_data(pair: &Pair, authority: &str) -> Data {
    let entries = [("tls.crt", pair.certificate.as_str()), ("tls.key", &pair.key), ("ca.crt", authority)];
    entries.into_iter().map(|(key, text)| (key.to_string(), ByteString(text.as_bytes().to_vec()))).collect()
}

fn authority_of(secret: &Secret) -> Result<Pair, Error> {
    let broken = |problem: &str| Error::Secret {
        secret: format!("{SYSTEM_NAMESPACE}/{AUTHORITY_SECRET}"),
        problem: problem.into(),
    };
    let data = data_of(Some(secret)).ok_or_else(|| broken("it is empty"))?;
    let key = |key| text(data, key).map(str::to_string);
    let (Some(certificate), Some(private)) = (key("tls.crt"), key("tls.key")) else {
        return Err(broken("it has no `tls.crt` and `tls.key`"));
    };
    if !is_valid(&certificate, OffsetDateTime::now_utc()) {
        return Err(broken("its certificate is none, or has expired"));
    }
    Ok(Pair { certificate, key: private })
}

/// All that the Secret should have if it lacks a password; nothing if it has all.
fn missing_passwords(lengths: &BTreeMap<String, u32>, found: Option<&Data>) -> Option<Data> {
    let mut data = found.cloned().unwrap_or_default();
    let before = data.len();
    for (key, length) in lengths {
        data.entry(key.clone()).or_insert_with(|| ByteString(password(*length).into_bytes()));
    }
    (data.len() > before).then_some(data)
}

/// Random letters and digits straight from the operating system.
pub fn password(length: u32) -> String {
    let mut random = UnwrapErr(SysRng);
    let letters = (0..length).filter_map(|_| ALPHABET.choose(&mut random));
    letters.map(|&letter| char::from(letter)).collect()
}

fn renewed(authority: &Pair, names: &BTreeSet<String>, found: Option<&Data>) -> Result<Option<Data>, rcgen::Error> {
    let now = OffsetDateTime::now_utc();
    let good = found.is_some_and(|data| {
        let (certificate, signed_by) = (text(data, "tls.crt"), text(data, "ca.crt"));
        let (certificate, signed_by) = (certificate.unwrap_or_default(), signed_by.unwrap_or_default());
        data.contains_key("tls.key") && reason_to_renew(certificate, signed_by, authority, names, now).is_none()
    });
    if good {
        return Ok(None);
    }
    Ok(Some(pair_data(&issue(authority, names, now)?, &authority.certificate)))
}

/// One way of writing an address, or certificates would be recreated for a matter of spelling.
fn canonical(name: &str) -> String {
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<std::net::IpAddr>() {
        Ok(address) => address.to_string(),
        Err(_) => name.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_that_exist_stay_and_missing_ones_are_added() {
        let lengths = BTreeMap::from([("admin".to_string(), 24), ("reader".to_string(), 16)]);
        let first = missing_passwords(&lengths, None).expect("two new ones");
        assert_eq!(text(&first, "admin").map(str::len), Some(24));
        assert_eq!(missing_passwords(&lengths, Some(&first)), None);

        let theirs = Data::from([("admin".to_string(), ByteString(b"chosen".to_vec()))]);
        let second = missing_passwords(&lengths, Some(&theirs)).expect("one is missing");
        assert_eq!(text(&second, "admin"), Some("chosen"));
        assert_eq!(text(&second, "reader").map(str::len), Some(16));
    }

    #[test]
    fn passwords_differ_and_have_no_lookalikes() {
        let (one, other) = (password(200), password(200));
        assert_ne!(one, other);
        assert!(one.chars().all(|letter| letter.is_ascii_alphanumeric() && !"0O1lIo".contains(letter)), "{one}");
    }

    #[test]
    fn spelling_of_an_address_makes_no_new_certificate() {
        assert_eq!(canonical("0:0:0:0:0:0:0:1"), "::1");
        assert_eq!(canonical("[::1]"), "::1");
        assert_eq!(canonical("Git.Example"), "git.example");
    }
}
