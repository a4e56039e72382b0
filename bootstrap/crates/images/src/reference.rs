//! What an image is called: registry host, repository, tag and digest.

use std::fmt;
use std::str::FromStr;

use super::digest::Digest;
use backstack_common::words::number;

/// A complete image reference; what is left out is filled in as Docker does it
/// (`docker.io`, `library/`, `latest`).
///
/// Read by hand: the regular expression that oci-client reads references with takes 40 ms and more to
/// compile, which is longer than most commands run.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reference {
    host: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

/// A text is not an image reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an image reference: {reason}")]
pub struct InvalidReference {
    /// The text as it was given.
    pub text: String,
    /// What is wrong with it, for the end of the message.
    pub reason: String,
}

impl Reference {
    /// Registry host with its port, as `quay.io` or `localhost:5000`.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Repository at that registry, as `argoproj/argocd`.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag, unless only a digest names the image.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, if the reference has one.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// The repository that holds this image in the local registry, as `quay.io/argoproj/argocd`.
    pub fn mirror_repository(&self) -> String {
        format!("{}/{}", mirror_folder(&self.host), self.repository)
    }

    /// The same image by its tag alone. Nodes have to be told this form: the local registry has the
    /// one platform's manifest, which does not have the digest of upstream's index.
    pub fn tagged(&self) -> Option<Self> {
        self.tag.is_some().then(|| Self { digest: None, ..self.clone() })
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
        parse(text).map_err(|reason| InvalidReference { text: text.into(), reason })
    }
}

fn parse(text: &str) -> Result<Reference, String> {
    if text.is_empty() {
        return Err("it is empty".into());
    }
    if text.contains("://") {
        return Err("leave the scheme out, as in `quay.io/argoproj/argocd:v3.1.0`".into());
    }
    let (named, digest) = match text.split_once('@') {
        Some((named, digest)) => (named, Some(digest.parse::<Digest>().map_err(|error| error.to_string())?)),
        None => (text, None),
    };
    // A colon before a slash is a port's.
    let (name, tag) = match named.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (named, None),
    };
    let (host, repository) = split_host(name);
    check_host(host)?;
    check_repository(&repository)?;
    tag.map_or(Ok(()), check_tag)?;
    let tag = tag.or(if digest.is_none() { Some("latest") } else { None });
    Ok(Reference { host: host.into(), repository, tag: tag.map(Into::into), digest })
}

/// The registry's host is what has a dot or a port, or is `localhost`; all else is at Docker's.
fn split_host(name: &str) -> (&str, String) {
    let (host, repository) = match name.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (first, rest),
        _ => ("docker.io", name),
    };
    let host = if host == "index.docker.io" { "docker.io" } else { host };
    let official = host == "docker.io" && !repository.contains('/');
    (host, if official { format!("library/{repository}") } else { repository.into() })
}

fn check_host(host: &str) -> Result<(), String> {
    let (name, port) = host.split_once(':').unwrap_or((host, "1"));
    let label = |label: &str| {
        let inner = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        !label.is_empty() && inner && !label.starts_with('-') && !label.ends_with('-')
    };
    if name.split('.').all(label) && number::<u16>(port).is_some() {
        Ok(())
    } else {
        Err(format!("`{host}` is not a registry's host"))
    }
}

fn check_repository(repository: &str) -> Result<(), String> {
    if repository.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err("repository names are lower-case".into());
    }
    if repository.len() > 255 {
        return Err("its repository's name has more than 255 characters".into());
    }
    match repository.split('/').find(|part| !is_part(part)) {
        None => Ok(()),
        Some(part) => Err(format!("`{part}` is no part of a repository's name")),
    }
}

/// Letters and digits, with `.`, `_`, `__` or dashes between them.
fn is_part(part: &str) -> bool {
    let word = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = part.as_bytes();
    let ends = bytes.first().is_some_and(word) && bytes.last().is_some_and(word);
    let mut between = bytes.split(word).filter(|separator| !separator.is_empty());
    ends && between
        .all(|separator| matches!(separator, b"." | b"_" | b"__") || separator.iter().all(|byte| *byte == b'-'))
}

fn check_tag(tag: &str) -> Result<(), String> {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let good =
        tag.bytes().all(|byte| word(byte) || matches!(byte, b'.' | b'-')) && tag.bytes().next().is_some_and(word);
    if good && tag.len() <= 128 { Ok(()) } else { Err(format!("`{tag}` is not a tag")) }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        match &self.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

/// An image that has to be in the local registry, and the digest that it must have upstream.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Wanted {
    /// Where it is upstream, and the name that the cluster asks for unless it is kept under another one.
    pub reference: Reference,
    /// Digest of upstream's manifest or index, where somebody pinned it.
    pub pin: Option<Digest>,
    /// The name under which the local registry keeps it, where that is another one.
    kept_as: Option<Reference>,
}

impl Wanted {
    /// An image as it is named, pinned if the reference has a digest.
    pub fn new(reference: Reference) -> Self {
        let pin = reference.digest().cloned();
        Self { reference, pin, kept_as: None }
    }

    /// The same image, kept under another name than the one that upstream is asked for.
    #[must_use]
    pub fn kept_as(self, reference: Reference) -> Self {
        Self { kept_as: Some(reference), ..self }
    }

    /// The name under which the local registry keeps it.
    pub fn here(&self) -> &Reference {
        self.kept_as.as_ref().unwrap_or(&self.reference)
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
        assert_eq!(reference.digest(), Some(&digest));
        assert_eq!(reference.tagged().expect("a tag").to_string(), "ghcr.io/a/b:1");
        let untagged = parse(&format!("ghcr.io/a/b@{digest}"));
        assert_eq!((untagged.tag(), untagged.tagged()), (None, None));
    }

    #[test]
    fn mistakes_are_named() {
        assert!(reason("").contains("empty"));
        assert!(reason("https://quay.io/a/b:1").contains("scheme"));
        assert!(reason("quay.io/A/b:1").contains("lower-case"));
        assert!(reason("quay.io/a b").contains("`a b`"));
        assert!(reason("quay.io/a//b").contains("``"));
        assert!(reason("quay.io/a..b").contains("a..b"));
        assert!(reason("quay.io/a/b:").contains("tag"));
        assert!(reason(&format!("quay.io/a/b:{}", "x".repeat(129))).contains("tag"));
        assert!(reason(&format!("quay.io/{}", "x".repeat(256))).contains("255"));
        assert!(reason("quay.io/a/b:\u{e4}").contains("tag"));
        assert!(reason("-quay.io/a").contains("host") && reason("quay.io:99999/a").contains("host"));
        assert!(reason("no_host.example.org/a").contains("host"));
        assert!(reason("quay.io/a/b@sha256:12").contains("digest"));
        assert!(reason("quay.io/a/b@md5:12").contains("sha256"));
    }

    /// oci-client reads them as the specification's own regular expression does.
    #[test]
    fn the_specification_agrees() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        let hosts = [
            "",
            "quay.io/",
            "localhost/",
            "localhost:5000/",
            "a.b-c.example:80/",
            "index.docker.io/",
            "-x.io/",
            "x.io:/",
            "x.io:+2/",
        ];
        let names = ["a", "a/b", "a_b/c__d", "a.b", "a---b/c", "a___b", "a.-b", "_a", "a-", "a/", "", "0/1"];
        let ends = ["", ":1", ":v1.0-x_y", ":-1", ":", ":a/b", "@x", ":.x"];
        let digested = [format!("@{digest}"), format!(":1@{digest}"), format!("@{}", &digest[..60])];
        for host in hosts {
            for name in names {
                for end in ends.iter().map(ToString::to_string).chain(digested.clone()) {
                    let text = format!("{host}{name}{end}");
                    let theirs = oci_client::Reference::try_from(text.as_str()).map(|reference| reference.to_string());
                    let ours = text.parse::<Reference>().map(|reference| reference.to_string());
                    assert_eq!(ours.ok(), theirs.ok(), "{text}");
                }
            }
        }
    }
}
