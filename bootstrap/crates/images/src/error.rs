//! What can go wrong on the way, each naming the image and what to do.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::digest::Digest;
use super::reference::{InvalidReference, Wanted};
use backstack_common::error::{ExitKind, Explain};

/// An image could not be brought to the local registry.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// Its name is not an image reference.
    #[error(transparent)]
    Reference(#[from] InvalidReference),
    /// The registry answers 404.
    #[error("{image}: {host} has no such image")]
    NotFound {
        /// The image as messages name it, mostly its reference.
        image: String,
        /// The registry that was asked, or its mirror.
        host: String,
        /// The registry's own words; may be empty.
        said: String,
    },
    /// The registry answers 401 or 403.
    #[error("{image}: {host} refused access")]
    Unauthorised {
        /// The image as messages name it, mostly its reference.
        image: String,
        /// The registry that was asked, or its mirror.
        host: String,
        /// The registry's own words; may be empty.
        said: String,
        /// Which credentials were used; `None` if that is not known.
        note: Option<String>,
    },
    /// The registry answers 429.
    #[error("{image}: {host} limits how much may be pulled{}", in_time(.retry_after))]
    RateLimited {
        /// The image as messages name it, mostly its reference.
        image: String,
        /// The registry that was asked, or its mirror.
        host: String,
        /// How long it says to wait; `None` if it does not say.
        retry_after: Option<Duration>,
        /// The registry's own words; may be empty.
        said: String,
    },
    /// There was no connection, or nothing that a registry says came over it.
    #[error("{image}: {host} cannot be reached: {reason}")]
    Unreachable {
        /// The image as messages name it, mostly its reference.
        image: String,
        /// The registry that was asked, or its mirror.
        host: String,
        /// What the connection ended with.
        reason: String,
    },
    /// A connection ended before everything had come.
    #[error("{image}: the connection to {host} broke{}: {reason}", times(.attempts))]
    Cut {
        /// The image as messages name it, mostly its reference.
        image: String,
        /// The registry that was asked, or its mirror.
        host: String,
        /// Attempts in a row that brought nothing.
        attempts: u32,
        /// What the last one ended with.
        reason: String,
    },
    /// The registry gives an answer that has no other place here, mostly 500 or above.
    #[error("{image}: {host} answered {status} to {what}")]
    Answer {
        /// The image as messages name it, mostly its reference.
        image: String,
        /// The registry that was asked, or its mirror.
        host: String,
        /// What it was asked for, as `a request for its manifest`.
        what: String,
        /// HTTP status of the answer.
        status: u16,
        /// The registry's own words; may be empty.
        said: String,
    },
    /// What came is not what was asked for.
    #[error("{image}: {what} is wrong: expected {expected}, found {found}")]
    WrongDigest {
        /// The image as messages name it, mostly its reference.
        image: String,
        /// Whose digest it is, as `the digest of a layer`.
        what: String,
        /// The digest that was asked for.
        expected: Digest,
        /// The digest of what came.
        found: String,
    },
    /// The image is not made for the machine that the cluster runs on.
    #[error("{image}: {host} has it for {}, not for {wanted}", list(.offered))]
    NoPlatform {
        /// The image as messages name it, mostly its reference.
        image: String,
        /// The registry that was asked, or its mirror.
        host: String,
        /// The machine's platform, as `linux/amd64`.
        wanted: String,
        /// Platforms that it is made for; may be empty.
        offered: Vec<String>,
    },
    /// The manifest is none of a container image, or in a format that nodes do not take.
    #[error("{image}: its manifest cannot be used: {reason}")]
    Manifest {
        /// The image as messages name it, mostly its reference.
        image: String,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no room for the image cache.
    #[error("{image}: the disk is full: {}", .path.display())]
    DiskFull {
        /// The image as messages name it, mostly its reference.
        image: String,
        /// The file that could not be written.
        path: PathBuf,
    },
    /// A file of the image cache cannot be read or written.
    #[error("{image}: {}", .path.display())]
    File {
        /// The image as messages name it, mostly its reference.
        image: String,
        /// That file.
        path: PathBuf,
        /// What the system says to that.
        source: io::Error,
    },
    /// A blob of the cache or of a bundle has other bytes than its digest says.
    #[error("{image}: {digest} is damaged in {}", .path.display())]
    Damaged {
        /// The image as messages name it, mostly its reference.
        image: String,
        /// The file that it is in.
        path: PathBuf,
        /// The digest that it should have.
        digest: Digest,
    },
    /// An image was built, and a part of it is in the image cache no more.
    #[error("{image}: its {what} is not in the image cache")]
    NotBuilt {
        /// The image as messages name it, mostly its reference.
        image: String,
        /// Which part: `manifest`, or `blob` and its digest.
        what: String,
    },
    /// The registry that the image should be brought to does not do its part.
    #[error("{image}: it cannot be brought to the local registry")]
    Local {
        /// The image as messages name it, mostly its reference.
        image: String,
        /// What is wrong with that registry.
        source: RegistryError,
    },
    /// HTTP requests cannot be made at all, as with a malformed address of a mirror.
    #[error("no HTTP client can be made: {reason}")]
    Client {
        /// What is wrong.
        reason: String,
    },
}

impl ImageError {
    /// A fault of a file of the image cache.
    pub(super) fn file(image: &str, path: &std::path::Path, source: io::Error) -> Self {
        let (image, path) = (image.to_string(), path.to_path_buf());
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { image, path },
            _ => Self::File { image, path, source },
        }
    }

    pub(super) fn local(image: &str, source: RegistryError) -> Self {
        Self::Local { image: image.to_string(), source }
    }

    /// A registry that did not answer in the time that it was given.
    pub fn silent(wanted: &Wanted, limit: Duration) -> Self {
        let (image, host) = (wanted.to_string(), wanted.reference.host().to_string());
        Self::Unreachable { image, host, reason: format!("it did not answer within {} s", limit.as_secs()) }
    }

    /// Whether it is the upstream registry, or what it has, that does not serve: another way may still lead to the
    /// image. What is wrong with this machine, or with what was asked for, is not.
    pub fn is_upstreams(&self) -> bool {
        match self {
            Self::NotFound { .. }
            | Self::Unauthorised { .. }
            | Self::RateLimited { .. }
            | Self::Unreachable { .. }
            | Self::Cut { .. }
            | Self::Answer { .. }
            | Self::WrongDigest { .. }
            | Self::NoPlatform { .. }
            | Self::Manifest { .. } => true,
            Self::Reference(_)
            | Self::DiskFull { .. }
            | Self::File { .. }
            | Self::Damaged { .. }
            | Self::NotBuilt { .. }
            | Self::Local { .. }
            | Self::Client { .. } => false,
        }
    }

    /// Whether the same question may have another answer within so much time.
    pub fn may_pass(&self, within: Duration) -> bool {
        match self {
            Self::RateLimited { retry_after, .. } => retry_after.is_none_or(|wait| wait <= within),
            Self::Answer { status, .. } => *status >= 500,
            _ => false,
        }
    }

    /// The message without the image in front, for a line that names the image itself.
    pub fn without_image(&self) -> String {
        let text = self.to_string();
        text.split_once(": ").map_or(text.clone(), |(_, rest)| rest.to_string())
    }
}

fn in_time(wait: &Option<Duration>) -> String {
    wait.map_or_else(String::new, |wait| format!(", for another {} s", wait.as_secs()))
}

fn times(attempts: &u32) -> String {
    if *attempts > 1 { format!(" {attempts} times in a row") } else { String::new() }
}

fn list(platforms: &[String]) -> String {
    if platforms.is_empty() { "no platform".into() } else { platforms.join(", ") }
}

const OTHER_ROADS: &str =
    "Without that registry: `--images auto` and `--images source` build what has a recipe from packages (Linux only).";

impl Explain for ImageError {
    fn kind(&self) -> ExitKind {
        match self {
            Self::Reference(_) => ExitKind::Usage,
            Self::DiskFull { .. } | Self::Client { .. } => ExitKind::Prerequisite,
            Self::Local { source, .. } => source.kind(),
            _ => ExitKind::Image,
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::NotFound { said, .. } | Self::RateLimited { said, .. } | Self::Answer { said, .. } => told(said),
            Self::Unauthorised { said, note, .. } => told(said).into_iter().chain(note.clone()).collect(),
            Self::Local { source, .. } => source.details(),
            _ => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<String> {
        let one = |text: String| vec![text];
        match self {
            Self::Reference(_) => one("Write it as HOST/REPOSITORY:TAG, for instance quay.io/argoproj/argocd:v3.1.0.".into()),
            Self::NotFound { image, .. } => one(format!("Check name and tag: `docker manifest inspect {image}`.")),
            Self::Unauthorised { host, .. } => vec![
                format!("Sign in with `docker login {host}`, then run the command again."),
                "If that is not it, check the name: some registries answer so to names they do not know.".into(),
            ],
            Self::RateLimited { host, .. } => vec![
                format!("Accounts have higher limits: `docker login {host}`; or run the command again later, it goes on from here."),
                OTHER_ROADS.into(),
            ],
            Self::Unreachable { .. } | Self::Cut { .. } => vec![
                "Run the command again: it goes on where it stopped.".into(),
                OTHER_ROADS.into(),
                "Behind a proxy, set HTTPS_PROXY and NO_PROXY; a company's own CA goes into the file that SSL_CERT_FILE \
                 names."
                    .into(),
            ],
            Self::Answer { .. } => one("That is a fault of the registry or of a proxy before it; run the command again later.".into()),
            Self::WrongDigest { .. } => one(
                "Nothing of it was used. Somebody changed the image upstream, or something on the way changes content: \
                 do not trust it before you know which."
                    .into(),
            ),
            Self::NoPlatform { wanted, .. } => one(format!("Name an image that is made for {wanted}.")),
            Self::Manifest { .. } => one("Name a container image in the OCI or Docker v2 format.".into()),
            Self::DiskFull { path, .. } => {
                one(format!("Free some space on the disk of {}, then run the command again: it goes on where it stopped.", path.display()))
            }
            Self::File { path, .. } => one(format!("See that {} can be read and written by you.", path.display())),
            Self::Damaged { path, .. } => vec![
                "A bundle: copy it again from where you have it; `backstack bundle verify` names all that is hurt.".into(),
                format!("The image cache: delete {}, it is made or fetched again.", path.display()),
            ],
            Self::NotBuilt { .. } => one("Run the command again: what is missing is built again.".into()),
            Self::Local { source, .. } => source.hints(),
            Self::Client { .. } => one("See the proxy variables, and the file that SSL_CERT_FILE names.".into()),
        }
    }
}

/// What a server said about its refusal, if it said anything.
fn told(said: &str) -> Vec<String> {
    if said.is_empty() { Vec::new() } else { vec![format!("it said: {said}")] }
}

/// The part of a server's answer that is worth showing: the messages of an OCI error, or the first
/// line of anything else.
pub(crate) fn said(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(4096)]).into_owned();
    let messages = serde_json::from_slice::<serde_json::Value>(body).ok().and_then(|json| {
        let errors = json.get("errors")?.as_array()?.iter();
        let texts: Vec<_> = errors.filter_map(error_text).collect();
        (!texts.is_empty()).then(|| texts.join("; "))
    });
    let first =
        messages.unwrap_or_else(|| text.lines().find(|line| !line.trim().is_empty()).unwrap_or("").trim().into());
    first.chars().take(300).collect()
}

fn error_text(error: &serde_json::Value) -> Option<String> {
    let code = error.get("code").and_then(|code| code.as_str());
    let message = error.get("message").and_then(|text| text.as_str()).filter(|text| !text.is_empty());
    message.or(code).map(Into::into)
}

/// Why a request failed, without the address, which the error around it names already.
pub(super) fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    if error.is_timeout() {
        return "it did not answer in time".into();
    }
    let chain = backstack_common::error::chain(&error);
    // The outermost says only `error sending request`; the innermost says why.
    chain.last().cloned().unwrap_or_else(|| error.to_string())
}

/// The local registry does not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// There was no connection, or an answer that is none of a registry.
    #[error("the {address} does not answer: {reason}")]
    Unreachable {
        /// Which registry, as `local registry at 127.0.0.1:5001`.
        address: String,
        /// What the connection ended with.
        reason: String,
    },
    /// It answers with an error.
    #[error("the {address} answered {status} to {what}")]
    Refused {
        /// Which registry, as `local registry at 127.0.0.1:5001`.
        address: String,
        /// What it was asked for.
        what: String,
        /// HTTP status of the answer.
        status: u16,
        /// Its own words; may be empty.
        said: String,
    },
    /// It answers 401 or 403 although it was signed in to.
    #[error("the {address} does not let you push {what}")]
    Denied {
        /// Which registry, as `registry ghcr.io`.
        address: String,
        /// Its host, as `docker login` takes it.
        host: String,
        /// What should have been pushed.
        what: String,
        /// Its own words; may be empty.
        said: String,
    },
    /// It wants credentials, and signing in did not succeed.
    #[error("the {address} asks for a sign-in")]
    SignIn {
        /// Which registry, as `registry ghcr.io`.
        address: String,
        /// Why it did not succeed.
        source: Box<ImageError>,
    },
    /// A blob that should be pushed cannot be read.
    #[error("cannot read {}", .path.display())]
    File {
        /// The file that it is in.
        path: PathBuf,
        /// What the system says to that.
        source: io::Error,
    },
    /// HTTP requests cannot be made at all; the text says why.
    #[error("no HTTP client can be made: {0}")]
    Client(String),
}

impl RegistryError {
    /// Whether the registry's volume has no room left.
    pub(super) fn is_full(&self) -> bool {
        matches!(self, Self::Refused { said, .. } if said.contains("no space left"))
    }
}

impl Explain for RegistryError {
    fn kind(&self) -> ExitKind {
        match self {
            _ if self.is_full() => ExitKind::Prerequisite,
            Self::Unreachable { .. } | Self::Refused { .. } => ExitKind::Cluster,
            Self::Denied { .. } | Self::SignIn { .. } => ExitKind::Image,
            Self::File { .. } | Self::Client(_) => ExitKind::Internal,
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Refused { said, .. } | Self::Denied { said, .. } if !said.is_empty() => {
                vec![format!("it said: {said}")]
            }
            Self::SignIn { source, .. } => source.details(),
            _ => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Denied { host, .. } => {
                return vec![format!(
                    "Sign in with `docker login {host}` as somebody who may push there, then run the command again."
                )];
            }
            Self::SignIn { source, .. } => return source.hints(),
            _ if self.is_full() => {
                "Free some space on the engine's disk (`docker system df` shows who uses it), then run the command again."
            }
            Self::Unreachable { .. } => {
                "See that the engine runs and `docker ps` lists the registry, then run the command again: it goes on where it stopped."
            }
            Self::Refused { .. } => "`docker logs` of the registry's container says more.",
            Self::File { .. } => "See that the file can be read by you.",
            Self::Client(_) => "This is a defect; please report it.",
        };
        vec![hint.into()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_said_is_cut_to_its_message() {
        assert_eq!(said(br#"{"errors":[{"code":"DENIED","message":"no"},{"code":"X"}]}"#), "no; X");
        assert_eq!(said(b"\n <html>busy</html>\nmore"), "<html>busy</html>");
        assert_eq!(said(b""), "");
    }

    #[test]
    fn a_full_disk_is_told_from_other_faults() {
        let full = ImageError::file("a", "/x".as_ref(), io::ErrorKind::StorageFull.into());
        assert!(matches!(full, ImageError::DiskFull { .. }));
        let other = ImageError::file("a", "/x".as_ref(), io::ErrorKind::PermissionDenied.into());
        assert!(matches!(other, ImageError::File { .. }));
    }
}
