//! A registry in the test's own process: upstream with every fault a test asks for, or the local one.
//!
//! It speaks real HTTP on a real socket and verifies what is uploaded; only its storage is memory.
#![allow(dead_code, clippy::unwrap_used, reason = "each of the tests that have it uses a part")]

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use backstack::images::Digest;
use base64::Engine as _;
use bytes::Bytes;
use futures::stream;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_RANGE, CONTENT_TYPE, LOCATION, RANGE, RETRY_AFTER, WWW_AUTHENTICATE};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpListener;

pub(crate) const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// The identity token that the token server knows.
pub(crate) const IDENTITY: &str = "identity-of-me";

type Body = BoxBody<Bytes, std::io::Error>;
type Answer = Response<Body>;

/// Who may come in.
#[derive(Clone, Default, PartialEq)]
pub(crate) enum Door {
    #[default]
    Open,
    /// A token from `/token`; with a password unless that is none.
    Token(Option<(String, String)>),
    Basic(String, String),
}

/// What goes wrong once, with the next request whose path has this text in it.
#[derive(Clone)]
pub(crate) enum Fault {
    /// This status, with this `Retry-After`.
    Status(u16, Option<&'static str>),
    /// The connection is cut after so many bytes of the body.
    Cut(usize),
    /// The range that is asked for is not looked at.
    Whole,
}

/// A request as it came.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Seen {
    pub method: String,
    pub path: String,
    pub range: Option<String>,
    pub authorization: Option<String>,
}

#[derive(Default)]
struct State {
    door: Door,
    blobs: BTreeMap<Digest, Bytes>,
    /// Blobs that a repository has.
    links: BTreeSet<(String, Digest)>,
    manifests: BTreeMap<(String, String), (String, Bytes)>,
    uploads: u64,
    faults: VecDeque<(&'static str, Fault)>,
    seen: Vec<Seen>,
    sent: u64,
    tokens: u64,
}

/// A running registry; it ends with the test's runtime.
#[derive(Clone)]
pub(crate) struct Played {
    pub port: u16,
    state: Arc<Mutex<State>>,
}

impl Played {
    pub(crate) async fn start(door: Door) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let played = Self { port, state: Arc::new(Mutex::new(State { door, ..State::default() })) };
        let serving = played.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let played = serving.clone();
                let service = service_fn(move |request| {
                    let played = played.clone();
                    async move { Ok::<_, Infallible>(played.answer(request).await) }
                });
                let connection =
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service);
                tokio::spawn(connection);
            }
        });
        played
    }

    pub(crate) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn fault(&self, path: &'static str, fault: Fault) {
        self.state.lock().unwrap().faults.push_back((path, fault));
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.state.lock().unwrap().seen.clone()
    }

    /// Requests of a method whose path has this text in it.
    pub(crate) fn seen_of(&self, method: &str, path: &str) -> Vec<Seen> {
        self.seen().into_iter().filter(|seen| seen.method == method && seen.path.contains(path)).collect()
    }

    pub(crate) fn forget(&self) {
        let mut state = self.state.lock().unwrap();
        state.seen.clear();
        state.sent = 0;
    }

    /// Bytes of blobs that went out.
    pub(crate) fn sent(&self) -> u64 {
        self.state.lock().unwrap().sent
    }

    pub(crate) fn manifest(&self, repository: &str, name: &str) -> Option<Digest> {
        let state = self.state.lock().unwrap();
        state.manifests.get(&(repository.into(), name.into())).map(|(_, bytes)| Digest::of(bytes))
    }

    pub(crate) fn blob(&self, repository: &str, digest: &Digest) -> Option<Bytes> {
        let state = self.state.lock().unwrap();
        let linked = state.links.contains(&(repository.to_string(), digest.clone()));
        state.blobs.get(digest).filter(|_| linked).cloned()
    }

    /// Replaces the content of a blob, so that its digest is wrong.
    pub(crate) fn spoil(&self, digest: &Digest, content: &[u8]) {
        self.state.lock().unwrap().blobs.insert(digest.clone(), Bytes::copy_from_slice(content));
    }

    pub(crate) fn put_blob(&self, repository: &str, content: &[u8]) -> Digest {
        let digest = Digest::of(content);
        let mut state = self.state.lock().unwrap();
        state.blobs.insert(digest.clone(), Bytes::copy_from_slice(content));
        state.links.insert((repository.into(), digest.clone()));
        digest
    }

    pub(crate) fn put_manifest(
        &self,
        repository: &str,
        name: &str,
        media_type: &str,
        content: &serde_json::Value,
    ) -> Digest {
        let bytes = Bytes::from(serde_json::to_vec(content).unwrap());
        let digest = Digest::of(&bytes);
        let mut state = self.state.lock().unwrap();
        for name in [name, digest.as_str()] {
            state.manifests.insert((repository.into(), name.into()), (media_type.into(), bytes.clone()));
        }
        digest
    }

    /// An image of these layers; the digests of manifest and layers.
    pub(crate) fn put_image(&self, repository: &str, tag: &str, layers: &[&[u8]]) -> (Digest, Vec<Digest>) {
        let config = json!({"architecture": "amd64", "os": "linux", "repository": repository}).to_string();
        let descriptor = |media_type: &str, content: &[u8]| {
            let digest = self.put_blob(repository, content);
            json!({"mediaType": media_type, "digest": digest, "size": content.len()})
        };
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": descriptor("application/vnd.oci.image.config.v1+json", config.as_bytes()),
            "layers": layers.iter().map(|layer| descriptor("application/vnd.oci.image.layer.v1.tar+gzip", layer)).collect::<Vec<_>>(),
        });
        let digests = layers.iter().map(|layer| Digest::of(layer)).collect();
        (self.put_manifest(repository, tag, OCI_MANIFEST, &manifest), digests)
    }

    /// An index of images that are there by digest: (os, architecture, manifest).
    pub(crate) fn put_index(&self, repository: &str, tag: &str, images: &[(&str, &str, &Digest)]) -> Digest {
        let entries: Vec<_> = images
            .iter()
            .map(|(os, architecture, digest)| {
                json!({"mediaType": OCI_MANIFEST, "digest": digest, "size": 1, "platform": {"os": os, "architecture": architecture}})
            })
            .collect();
        let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries});
        self.put_manifest(repository, tag, OCI_INDEX, &index)
    }

    async fn answer(&self, request: Request<Incoming>) -> Answer {
        let path = request.uri().path().to_string();
        let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok()).map(String::from);
        let seen = Seen {
            method: request.method().to_string(),
            path: path.clone(),
            range: header(RANGE),
            authorization: header(AUTHORIZATION),
        };
        let fault = {
            let mut state = self.state.lock().unwrap();
            state.seen.push(seen.clone());
            let at = state.faults.iter().position(|(text, _)| path.contains(text));
            at.and_then(|at| state.faults.remove(at)).map(|(_, fault)| fault)
        };
        if let Some(Fault::Status(code, after)) = fault {
            let mut answer = plain(code, r#"{"errors":[{"code":"X","message":"played fault"}]}"#);
            if let Some(after) = after {
                answer.headers_mut().insert(RETRY_AFTER, after.parse().unwrap());
            }
            return answer;
        }
        if path == "/token" {
            return self.token(request, seen.authorization).await;
        }
        if let Some(refusal) = self.refusal(seen.authorization.as_deref()) {
            return refusal;
        }
        let query = request.uri().query().unwrap_or_default().to_string();
        let Some(rest) = path.strip_prefix("/v2/") else { return plain(404, "") };
        if rest.is_empty() {
            return plain(200, "{}");
        }
        if rest == "_catalog" {
            let state = self.state.lock().unwrap();
            let names: BTreeSet<_> = state.links.iter().map(|(repository, _)| repository).collect();
            return plain(200, &json!({"repositories": names}).to_string());
        }
        if let Some((repository, name)) = rest.split_once("/manifests/") {
            return self.manifests(repository, name, request).await;
        }
        if let Some((repository, session)) = rest.split_once("/blobs/uploads/") {
            return self.uploads(repository, session, &query, request).await;
        }
        match rest.split_once("/blobs/") {
            Some((repository, digest)) => self.blobs(repository, digest, request.method(), seen.range, fault),
            None => plain(404, ""),
        }
    }

    /// The token server: a token for whoever knows the password, if there is one, or for the identity
    /// token [`IDENTITY`].
    async fn token(&self, request: Request<Incoming>, authorization: Option<String>) -> Answer {
        let Door::Token(password) = self.state.lock().unwrap().door.clone() else { return plain(404, "") };
        let post = request.method() == Method::POST;
        let query = request.uri().query().unwrap_or_default().to_string();
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let fields = if post { String::from_utf8(body.to_vec()).unwrap() } else { query };
        assert!(fields.contains("scope=repository%3A") && fields.contains("service=played"), "{fields}");
        let known = match (post, password) {
            (true, _) => {
                fields.contains(&format!("refresh_token={IDENTITY}")) && fields.contains("grant_type=refresh_token")
            }
            (false, Some((user, password))) => authorization == Some(basic(&user, &password)),
            (false, None) => true,
        };
        if !known {
            return plain(401, r#"{"details":"incorrect username or password"}"#);
        }
        let mut state = self.state.lock().unwrap();
        state.tokens += 1;
        let name = if post { "access_token" } else { "token" };
        plain(200, &json!({name: format!("token-{}", state.tokens)}).to_string())
    }

    /// Makes every token that was given worthless.
    pub(crate) fn expire_tokens(&self) {
        self.state.lock().unwrap().tokens += 1;
    }

    fn refusal(&self, authorization: Option<&str>) -> Option<Answer> {
        let state = self.state.lock().unwrap();
        let (expected, challenge) = match &state.door {
            Door::Open => return None,
            Door::Token(_) => (
                format!("Bearer token-{}", state.tokens),
                format!(r#"Bearer realm="http://127.0.0.1:{}/token",service="played""#, self.port),
            ),
            Door::Basic(user, password) => (basic(user, password), r#"Basic realm="played""#.into()),
        };
        if authorization == Some(&expected) {
            return None;
        }
        let mut answer = plain(401, r#"{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}"#);
        answer.headers_mut().insert(WWW_AUTHENTICATE, challenge.parse().unwrap());
        Some(answer)
    }

    async fn manifests(&self, repository: &str, name: &str, request: Request<Incoming>) -> Answer {
        let key = (repository.to_string(), name.to_string());
        if request.method() == Method::PUT {
            let media_type = request.headers()[CONTENT_TYPE].to_str().unwrap().to_string();
            let bytes = request.into_body().collect().await.unwrap().to_bytes();
            return self.take_manifest(repository, name, media_type, bytes);
        }
        let state = self.state.lock().unwrap();
        let Some((media_type, bytes)) = state.manifests.get(&key) else {
            return plain(404, r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#);
        };
        let body = if request.method() == Method::HEAD { Bytes::new() } else { bytes.clone() };
        let digest = Digest::of(bytes).to_string();
        let answer = Response::builder().header(CONTENT_TYPE, media_type).header("docker-content-digest", digest);
        answer.body(full(body)).unwrap()
    }

    /// Takes a manifest only if its blobs are there, as the real one does.
    fn take_manifest(&self, repository: &str, name: &str, media_type: String, bytes: Bytes) -> Answer {
        let manifest: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        let mut state = self.state.lock().unwrap();
        let blobs = manifest["layers"].as_array().unwrap().iter().chain([&manifest["config"]]);
        for blob in blobs {
            let digest: Digest = blob["digest"].as_str().unwrap().parse().unwrap();
            if !state.links.contains(&(repository.to_string(), digest)) {
                return plain(400, r#"{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"blob unknown"}]}"#);
            }
        }
        for name in [name, Digest::of(&bytes).as_str()] {
            state.manifests.insert((repository.into(), name.into()), (media_type.clone(), bytes.clone()));
        }
        plain(201, "")
    }

    async fn uploads(&self, repository: &str, session: &str, query: &str, request: Request<Incoming>) -> Answer {
        let value = |name: &str| {
            let pair = query.split('&').find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name));
            pair.map(|(_, value)| value.replace("%3A", ":").replace("%2F", "/"))
        };
        if request.method() == Method::DELETE {
            return plain(204, "");
        }
        if request.method() == Method::POST {
            let mut state = self.state.lock().unwrap();
            if let (Some(digest), Some(from)) = (value("mount"), value("from")) {
                let digest: Digest = digest.parse().unwrap();
                if state.links.contains(&(from, digest.clone())) {
                    state.links.insert((repository.into(), digest));
                    return plain(201, "");
                }
            }
            state.uploads += 1;
            // A registry behind a published port names itself wrongly.
            let location =
                format!("http://registry.internal:5000/v2/{repository}/blobs/uploads/{}?_state=x", state.uploads);
            return Response::builder().status(202).header(LOCATION, location).body(full(Bytes::new())).unwrap();
        }
        assert!(!session.is_empty() && query.contains("_state=x"), "{query}");
        let expected: Digest = value("digest").unwrap().parse().unwrap();
        let Ok(body) = request.into_body().collect().await else { return plain(400, "") };
        let bytes = body.to_bytes();
        if Digest::of(&bytes) != expected {
            return plain(400, r#"{"errors":[{"code":"DIGEST_INVALID","message":"digest invalid"}]}"#);
        }
        self.put_blob(repository, &bytes);
        plain(201, "")
    }

    fn blobs(
        &self,
        repository: &str,
        digest: &str,
        method: &Method,
        range: Option<String>,
        fault: Option<Fault>,
    ) -> Answer {
        let Ok(digest) = digest.parse::<Digest>() else { return plain(400, "") };
        let Some(bytes) = self.blob(repository, &digest) else { return plain(404, "") };
        if method == Method::HEAD {
            return plain(200, "");
        }
        let whole = bytes.len();
        let from = range.and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok());
        let from = from.filter(|_| !matches!(fault, Some(Fault::Whole)));
        if from.is_some_and(|from| from >= whole) {
            return plain(416, "");
        }
        let rest = bytes.slice(from.unwrap_or(0)..);
        let mut answer = Response::builder().header("content-length", rest.len());
        if let Some(from) = from {
            let range = format!("bytes {from}-{}/{whole}", whole - 1);
            answer = answer.status(StatusCode::PARTIAL_CONTENT).header(CONTENT_RANGE, range);
        }
        let body = match fault {
            Some(Fault::Cut(after)) => cut(rest.slice(..after)),
            _ => full(rest.clone()),
        };
        let sent = if let Some(Fault::Cut(after)) = fault { after } else { rest.len() };
        self.state.lock().unwrap().sent += sent as u64;
        answer.body(body).unwrap()
    }
}

pub(crate) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}")))
}

fn full(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never| match never {}).boxed()
}

/// A body that breaks the connection where it ends.
fn cut(bytes: Bytes) -> Body {
    let broken = async {
        // What went before must be on its way first.
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        Err(std::io::Error::other("cut"))
    };
    let frames = futures::StreamExt::chain(stream::iter([Ok(Frame::data(bytes))]), stream::once(broken));
    BodyExt::boxed(StreamBody::new(Box::pin(frames) as SyncStream))
}

type SyncStream = std::pin::Pin<Box<dyn futures::Stream<Item = Result<Frame<Bytes>, std::io::Error>> + Send + Sync>>;

fn plain(status: u16, text: &str) -> Answer {
    Response::builder().status(status).body(full(Bytes::copy_from_slice(text.as_bytes()))).unwrap()
}
