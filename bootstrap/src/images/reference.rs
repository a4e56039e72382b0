//! What an image is called: registry host, repository, tag and digest.

use std::fmt;
use std::str::FromStr;

use super::digest::Digest;
use crate::stack::model::ImageRef;

/// A complete image reference; what is left out is filled in as Docker does it
/// (`docker.io`, `library/`, `latest`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reference(oci_client::Reference);

/// A text is not an image reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an image reference: {reason}")]
pub struct InvalidReference {
    pub text: String,
    pub reason: String,
}

impl Reference {
    /// Registry host with its port, as `quay.io` or `localhost:5000`.
    pub fn host(&self) -> &str {
        self.0.registry()
    }

    /// Repository at that registry, as `argoproj/argocd`.
    pub fn repository(&self) -> &str {
        self.0.repository()
    }

    /// The tag, unless only a digest names the image.
    pub fn tag(&self) -> Option<&str> {
        self.0.tag()
    }

    /// The digest, if the reference has one.
    pub fn digest(&self) -> Option<Digest> {
        // Checked when the reference was made.
        self.0.digest().and_then(|text| text.parse().ok())
    }

    /// The repository that holds this image in the local registry, as `quay.io/argoproj/argocd`.
    pub fn mirror_repository(&self) -> String {
        format!("{}/{}", mirror_folder(self.host()), self.repository())
    }

    /// The same image by its tag alone. Nodes have to be told this form: the local registry has the
    /// one platform's manifest, which does not have the digest of upstream's index.
    pub fn tagged(&self) -> Option<Self> {
        let tag = self.tag()?.to_string();
        Some(Self(oci_client::Reference::with_tag(self.host().into(), self.repository().into(), tag)))
    }
}

/// The first part of the repositories that mirror a registry: its host, where a port is written
/// with `_`, because repository names have no colon (`localhost:5000` -> `localhost_5000`).
/// The nodes' `hosts.toml` of that registry must use the same name.
pub fn mirror_folder(host: &str) -> String {
    host.to_ascii_lowercase().replace(':', "_")
}

impl FromStr for Reference {
    type Err = InvalidReference;

    fn from_str(text: &str) -> Result<Self, InvalidReference> {
        let invalid = |reason: String| InvalidReference { text: text.into(), reason };
        let reference = oci_client::Reference::try_from(text)
            .map_err(|error| invalid(common_mistake(text).map_or_else(|| error.to_string(), Into::into)))?;
        if let Some(digest) = reference.digest() {
            digest.parse::<Digest>().map_err(|error| invalid(error.to_string()))?;
        }
        Ok(Self(reference))
    }
}

/// What people get wrong most often, in words that say more than `invalid format`.
fn common_mistake(text: &str) -> Option<&'static str> {
    let name = text.split('@').next().unwrap_or(text);
    let repository = name.rsplit_once(':').map_or(name, |(before, _)| before);
    if text.is_empty() {
        Some("it is empty")
    } else if text.contains("://") {
        Some("leave the scheme out, as in `quay.io/argoproj/argocd:v3.1.0`")
    } else if text.chars().any(char::is_whitespace) {
        Some("it has white space in it")
    } else if repository.chars().any(|letter| letter.is_ascii_uppercase()) {
        Some("repository names are lower-case")
    } else if text.contains('@') && !text.contains("@sha256:") {
        Some("a digest is `@sha256:` and 64 hexadecimal digits")
    } else {
        None
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An image that has to be in the local registry, and the digest that it must have upstream.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Wanted {
    pub reference: Reference,
    /// Digest of upstream's manifest or index, where somebody pinned it.
    pub pin: Option<Digest>,
}

impl Wanted {
    /// An image as it is named, pinned if the reference has a digest.
    pub fn new(reference: Reference) -> Self {
        let pin = reference.digest();
        Self { reference, pin }
    }
}

impl TryFrom<&ImageRef> for Wanted {
    type Error = InvalidReference;

    fn try_from(image: &ImageRef) -> Result<Self, InvalidReference> {
        let invalid = |reason: String| InvalidReference { text: image.reference.clone(), reason };
        let mut wanted = Self::new(image.reference.parse()?);
        if let Some(text) = &image.digest {
            let pin: Digest = text.parse().map_err(|error: super::digest::InvalidDigest| invalid(error.to_string()))?;
            if wanted.pin.as_ref().is_some_and(|own| *own != pin) {
                return Err(invalid(format!("its own digest and `digest: {pin}` differ")));
            }
            wanted.pin = Some(pin);
        }
        Ok(wanted)
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reference.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Reference {
        text.parse().expect("a reference")
    }

    fn reason(text: &str) -> String {
        text.parse::<Reference>().expect_err("no reference").reason
    }

    #[test]
    fn defaults_are_dockers() {
        assert_eq!(parse("busybox").to_string(), "docker.io/library/busybox:latest");
        assert_eq!(parse("index.docker.io/traefik:v3").to_string(), "docker.io/library/traefik:v3");
        assert_eq!(parse("gitea/gitea").to_string(), "docker.io/gitea/gitea:latest");
        let reference = parse("quay.io/argoproj/argocd:v3.1.0");
        assert_eq!(
            (reference.host(), reference.repository(), reference.tag()),
            ("quay.io", "argoproj/argocd", Some("v3.1.0"))
        );
    }

    #[test]
    fn the_mirror_keeps_the_upstream_host() {
        assert_eq!(parse("quay.io/argoproj/argocd:v3").mirror_repository(), "quay.io/argoproj/argocd");
        assert_eq!(parse("busybox:1").mirror_repository(), "docker.io/library/busybox");
        assert_eq!(parse("localhost:5000/a/b:1").mirror_repository(), "localhost_5000/a/b");
    }

    #[test]
    fn a_digest_is_read_and_can_be_left_out() {
        let digest = Digest::of(b"x");
        let reference = parse(&format!("ghcr.io/a/b:1@{digest}"));
        assert_eq!(reference.digest(), Some(digest.clone()));
        assert_eq!(reference.tagged().expect("a tag").to_string(), "ghcr.io/a/b:1");
        let untagged = parse(&format!("ghcr.io/a/b@{digest}"));
        assert_eq!((untagged.tag(), untagged.tagged()), (None, None));
    }

    #[test]
    fn mistakes_are_named() {
        assert!(reason("").contains("empty"));
        assert!(reason("https://quay.io/a/b:1").contains("scheme"));
        assert!(reason("quay.io/A/b:1").contains("lower-case"));
        assert!(reason("quay.io/a b").contains("white space"));
        assert!(reason("quay.io/a/b@sha256:12").contains("invalid"));
        assert!(reason("quay.io/a/b@md5:12").contains("sha256"));
        let sha512 = format!("quay.io/a/b@sha512:{}", "a".repeat(128));
        assert!(reason(&sha512).contains("sha256"));
    }

    #[test]
    fn two_different_digests_are_a_contradiction() {
        let image = |reference: String, digest: &Digest| ImageRef {
            reference,
            digest: Some(digest.to_string()),
            recipe: None,
        };
        let (one, two) = (Digest::of(b"1"), Digest::of(b"2"));
        let wanted = Wanted::try_from(&image(format!("quay.io/a/b:1@{one}"), &one)).expect("the same digest");
        assert_eq!(wanted.pin, Some(one.clone()));
        assert!(Wanted::try_from(&image(format!("quay.io/a/b:1@{one}"), &two)).is_err());
    }
}
