//! The platform's own certificate authority, and the server certificates that it signs.

use std::collections::BTreeSet;
use std::net::IpAddr;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
};
use time::{Duration, OffsetDateTime};
use x509_parser::extensions::GeneralName;
use x509_parser::pem::parse_x509_pem;

/// How long the authority is good for.
const AUTHORITY_DAYS: i64 = 3650;
/// How long a server certificate is good for: what browsers accept at most is 398 days.
const CERTIFICATE_DAYS: i64 = 397;
/// A certificate with less than this left is recreated.
const RENEW_DAYS: i64 = 30;
/// Clocks of containers and their host may differ a little.
const SKEW: Duration = Duration::hours(1);

/// A certificate and its private key, both PEM.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Pair {
    /// The certificate, PEM.
    pub(crate) certificate: String,
    /// The private key, PEM; it is in no log.
    pub(crate) key: String,
}

impl std::fmt::Debug for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pair").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

/// Makes a new authority for a platform.
///
/// # Errors
/// Only if the system has no randomness.
pub(crate) fn create_authority(platform: &str, now: OffsetDateTime) -> Result<Pair, rcgen::Error> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::default();
    // The date tells a person which one to remove after platforms have come and gone.
    params.distinguished_name = named(&format!("backstack {platform} CA {}", now.date()));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    (params.not_before, params.not_after) = (now - SKEW, now + Duration::days(AUTHORITY_DAYS));
    Ok(Pair { certificate: params.self_signed(&key)?.pem(), key: key.serialize_pem() })
}

/// Makes a server certificate for these names and addresses.
///
/// # Errors
/// If a name is no DNS name, or the authority's key or certificate is no such thing.
pub(crate) fn issue(authority: &Pair, names: &BTreeSet<String>, now: OffsetDateTime) -> Result<Pair, rcgen::Error> {
    let issuer = Issuer::from_ca_cert_pem(&authority.certificate, KeyPair::from_pem(&authority.key)?)?;
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::new(names.iter().cloned().collect::<Vec<_>>())?;
    params.distinguished_name = named(names.first().map_or("localhost", String::as_str));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    (params.not_before, params.not_after) = (now - SKEW, now + Duration::days(CERTIFICATE_DAYS));
    Ok(Pair { certificate: params.signed_by(&key, &issuer)?.pem(), key: key.serialize_pem() })
}

/// Why a certificate has to be recreated; nothing if it is good.
///
/// `signed_by` is the authority's certificate that was stored beside it.
pub(crate) fn reason_to_renew(
    certificate: &str,
    signed_by: &str,
    authority: &Pair,
    names: &BTreeSet<String>,
    now: OffsetDateTime,
) -> Option<&'static str> {
    if signed_by.trim() != authority.certificate.trim() {
        return Some("the authority has changed");
    }
    let Some((has, expires)) = read(certificate) else { return Some("it cannot be read") };
    if has != *names {
        return Some("the names have changed");
    }
    if expires < (now + Duration::days(RENEW_DAYS)).unix_timestamp() {
        return Some("it expires soon");
    }
    None
}

/// Whether the text is a certificate that has not expired.
pub(crate) fn is_valid(certificate: &str, now: OffsetDateTime) -> bool {
    read(certificate).is_some_and(|(_, expires)| expires > now.unix_timestamp())
}

/// The names of a certificate, and the second at which it expires.
fn read(certificate: &str) -> Option<(BTreeSet<String>, i64)> {
    let (_, pem) = parse_x509_pem(certificate.as_bytes()).ok()?;
    let certificate = pem.parse_x509().ok()?;
    let extension = certificate.subject_alternative_name().ok()?;
    let names = extension.iter().flat_map(|extension| &extension.value.general_names);
    let names = names.filter_map(|name| match name {
        GeneralName::DNSName(name) => Some((*name).to_string()),
        GeneralName::IPAddress(bytes) => address(bytes),
        _ => None,
    });
    Some((names.collect(), certificate.validity().not_after.timestamp()))
}

fn address(bytes: &[u8]) -> Option<String> {
    let address = match bytes.len() {
        4 => IpAddr::from(<[u8; 4]>::try_from(bytes).ok()?),
        16 => IpAddr::from(<[u8; 16]>::try_from(bytes).ok()?),
        _ => return None,
    };
    Some(address.to_string())
}

fn named(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, "backstack");
    name.push(DnType::CommonName, common_name);
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> BTreeSet<String> {
        list.iter().map(ToString::to_string).collect()
    }

    fn now() -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(1_800_000_000).expect("a time")
    }

    #[test]
    fn a_certificate_is_kept_until_something_about_it_is_no_longer_right() {
        let authority = create_authority("lab", now()).expect("an authority");
        let wanted = names(&["localhost", "127.0.0.1", "::1", "git.example"]);
        let made = issue(&authority, &wanted, now()).expect("a certificate");
        let judge = |names, at| reason_to_renew(&made.certificate, &authority.certificate, &authority, names, at);

        assert_eq!(judge(&wanted, now()), None);
        assert_eq!(judge(&wanted, now() + Duration::days(366)), None);
        assert_eq!(judge(&wanted, now() + Duration::days(368)), Some("it expires soon"));
        assert_eq!(judge(&names(&["localhost"]), now()), Some("the names have changed"));
        let other = create_authority("lab", now()).expect("an authority");
        let changed = reason_to_renew(&made.certificate, &authority.certificate, &other, &wanted, now());
        assert_eq!(changed, Some("the authority has changed"));
        let unreadable = reason_to_renew("nonsense", &authority.certificate, &authority, &wanted, now());
        assert_eq!(unreadable, Some("it cannot be read"));
    }

    /// The signature is checked by the very library that clients use.
    #[test]
    fn a_certificate_is_accepted_by_who_trusts_the_authority_and_by_nobody_else() {
        use rustls::pki_types::pem::PemObject;
        use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
        use rustls::{RootCertStore, client::WebPkiServerVerifier, client::danger::ServerCertVerifier};

        let der = |pem: &str| CertificateDer::from_pem_slice(pem.as_bytes()).expect("PEM");
        let verify = |trusted: &Pair, made: &Pair, name: &'static str| {
            let mut roots = RootCertStore::empty();
            roots.add(der(&trusted.certificate)).expect("a root");
            let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
            let verifier =
                WebPkiServerVerifier::builder_with_provider(roots.into(), provider).build().expect("verifier");
            let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(1_800_000_000));
            let name = ServerName::try_from(name).expect("a name");
            verifier.verify_server_cert(&der(&made.certificate), &[], &name, &[], time).is_ok()
        };
        let authority = create_authority("lab", now()).expect("an authority");
        let made = issue(&authority, &names(&["localhost", "127.0.0.1"]), now()).expect("a certificate");
        assert!(verify(&authority, &made, "localhost"));
        assert!(verify(&authority, &made, "127.0.0.1"));
        assert!(!verify(&authority, &made, "example.org"));
        let other = create_authority("lab", now()).expect("an authority");
        assert!(!verify(&other, &made, "localhost"));
    }

    #[test]
    fn a_private_key_is_never_printed() {
        let authority = create_authority("lab", now()).expect("an authority");
        assert!(!format!("{authority:?}").contains("PRIVATE"));
    }
}
