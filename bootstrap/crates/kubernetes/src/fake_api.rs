//! An API server for tests: keeps objects in memory, and answers as it is told to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Method, Request, Response};
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};
use tokio::time::sleep;

/// An answer that is given instead of the usual one.
#[derive(Clone)]
pub(super) struct Rule {
    pub method: Method,
    /// End of the path.
    pub path: &'static str,
    /// How often; then the usual answer is given again.
    pub times: usize,
    pub status: Value,
}

#[derive(Default)]
struct State {
    objects: BTreeMap<String, Value>,
    rules: Vec<Rule>,
    /// How long changes of objects take whose path ends like this.
    slow: Option<(&'static str, Duration)>,
    /// Changing requests in their order, as `PATCH /path`.
    log: Vec<String>,
    version: u64,
}

/// The server; clones are the same one.
#[derive(Clone, Default)]
pub(super) struct FakeApi {
    state: Arc<Mutex<State>>,
}

/// What discovery tells: group version, plural, kind, whether it has namespaces.
const KINDS: [(&str, &str, &str, bool); 10] = [
    ("v1", "namespaces", "Namespace", false),
    ("v1", "configmaps", "ConfigMap", true),
    ("v1", "secrets", "Secret", true),
    ("apps/v1", "deployments", "Deployment", true),
    ("batch/v1", "jobs", "Job", true),
    ("admissionregistration.k8s.io/v1", "validatingwebhookconfigurations", "ValidatingWebhookConfiguration", false),
    ("admissionregistration.k8s.io/v1", "mutatingwebhookconfigurations", "MutatingWebhookConfiguration", false),
    ("rbac.authorization.k8s.io/v1", "clusterroles", "ClusterRole", false),
    ("apiextensions.k8s.io/v1", "customresourcedefinitions", "CustomResourceDefinition", false),
    ("example.dev/v1", "things", "Thing", true),
];

impl FakeApi {
    pub(super) fn with(rules: Vec<Rule>) -> Self {
        let fake = Self::default();
        fake.state.lock().expect("state").rules = rules;
        fake
    }

    pub(super) fn client(&self) -> Client {
        let fake = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let fake = fake.clone();
            async move {
                let (parts, body) = request.into_parts();
                let body = body.collect_bytes().await.expect("a body");
                if parts.method != Method::GET {
                    sleep(fake.delay(parts.uri.path())).await;
                }
                let (code, answer) =
                    fake.answer(&parts.method, parts.uri.path(), parts.uri.query().unwrap_or(""), &body);
                let response = Response::builder().status(code).body(Body::from(answer.to_string().into_bytes()));
                Ok::<_, std::convert::Infallible>(response.expect("a response"))
            }
        });
        Client::new(service, "default")
    }

    pub(super) fn add_rule(&self, rule: Rule) {
        self.state.lock().expect("state").rules.push(rule);
    }

    /// A machine on which a change takes so long.
    pub(super) fn slow(path: &'static str, delay: Duration) -> Self {
        let fake = Self::default();
        fake.state.lock().expect("state").slow = Some((path, delay));
        fake
    }

    fn delay(&self, path: &str) -> Duration {
        let slow = self.state.lock().expect("state").slow;
        slow.filter(|(end, _)| path.ends_with(end)).map_or(Duration::ZERO, |(_, delay)| delay)
    }

    pub(super) fn log(&self) -> Vec<String> {
        self.state.lock().expect("state").log.clone()
    }

    /// Paths of all objects.
    pub(super) fn paths(&self) -> Vec<String> {
        self.state.lock().expect("state").objects.keys().cloned().collect()
    }

    pub(super) fn get(&self, path: &str) -> Option<Value> {
        self.state.lock().expect("state").objects.get(path).cloned()
    }

    /// Puts an object there that nobody applied.
    pub(super) fn put(&self, path: &str, object: Value) {
        self.state.lock().expect("state").store(path, object);
    }

    fn answer(&self, method: &Method, path: &str, query: &str, body: &[u8]) -> (u16, Value) {
        let mut state = self.state.lock().expect("state");
        let only_tried = query.contains("dryRun=All");
        if method != Method::GET && !only_tried {
            state.log.push(format!("{method} {path}"));
        }
        if let Some(rule) =
            state.rules.iter_mut().find(|rule| rule.times > 0 && rule.method == *method && path.ends_with(rule.path))
        {
            rule.times -= 1;
            let status = rule.status.clone();
            return (u16::try_from(status["code"].as_u64().expect("a code")).expect("a code"), status);
        }
        if let Some(resources) = discovery(path) {
            return resources;
        }
        let sent = || serde_json::from_slice::<Value>(body).unwrap_or_default();
        let is_collection = KINDS.iter().any(|(_, plural, ..)| path.ends_with(&format!("/{plural}")));
        match (method, is_collection) {
            (&Method::GET, true) => state.list(path, query),
            (&Method::GET, false) => state.objects.get(path).map_or_else(not_found, |object| (200, object.clone())),
            (&Method::POST, true) => {
                let object = sent();
                let path = format!("{path}/{}", object["metadata"]["name"].as_str().expect("a name"));
                if state.objects.contains_key(&path) {
                    return failure(409, "AlreadyExists", "it exists already");
                }
                (201, state.store(&path, object))
            }
            (&Method::PATCH, false) if only_tried => (200, state.tried(path, sent())),
            (&Method::PATCH | &Method::PUT, false) => (200, state.store(path, sent())),
            (&Method::DELETE, false) => state.objects.remove(path).map_or_else(not_found, |object| (200, object)),
            _ => failure(405, "MethodNotAllowed", "unexpected in a test"),
        }
    }
}

impl State {
    /// Stores an object with a new version if it differs, as server-side apply does.
    fn store(&mut self, path: &str, mut object: Value) -> Value {
        let before = self.objects.get(path);
        let version = before.map(|before| before["metadata"]["resourceVersion"].clone());
        let uid = before.map(|before| before["metadata"]["uid"].clone());
        self.version += 1;
        object["metadata"]["resourceVersion"] = version.unwrap_or_else(|| json!(self.version.to_string()));
        object["metadata"]["uid"] = uid.unwrap_or_else(|| json!(format!("uid-{}", self.version)));
        if object["kind"] == "CustomResourceDefinition" {
            object["status"] = json!({"conditions": [{"type": "Established", "status": "True"}]});
        }
        if before.is_some_and(|before| *before != object) {
            object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        }
        self.objects.insert(path.into(), object.clone());
        object
    }

    /// What storing an object would make of it.
    fn tried(&self, path: &str, mut object: Value) -> Value {
        let before = self.objects.get(path).map(|before| before["metadata"].clone()).unwrap_or_default();
        for field in ["resourceVersion", "uid"] {
            object["metadata"][field] = before[field].clone();
        }
        object
    }

    fn list(&self, path: &str, query: &str) -> (u16, Value) {
        let plural = path.rsplit('/').next().unwrap_or_default();
        let prefix = path.strip_suffix(plural).unwrap_or_default();
        let wanted = query.split('&').find_map(|part| part.strip_prefix("fieldSelector=metadata.name%3D"));
        let items: Vec<_> = self
            .objects
            .iter()
            .filter(|(path, _)| path.starts_with(prefix) && path.contains(&format!("/{plural}/")))
            .filter(|(path, _)| wanted.is_none_or(|name| path.ends_with(&format!("/{name}"))))
            .map(|(_, object)| object.clone())
            .collect();
        (200, json!({"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": items}))
    }
}

fn discovery(path: &str) -> Option<(u16, Value)> {
    let group_version = path.strip_prefix("/api/").or_else(|| path.strip_prefix("/apis/"))?;
    let resources: Vec<_> = KINDS
        .iter()
        .filter(|(served, ..)| *served == group_version)
        .map(|(_, plural, kind, namespaced)| {
            json!({"name": plural, "singularName": "", "kind": kind, "namespaced": namespaced, "verbs": ["get", "list", "patch"]})
        })
        .collect();
    let is_discovery = group_version.split('/').count() == if path.starts_with("/api/") { 1 } else { 2 };
    match (is_discovery, resources.is_empty()) {
        (false, _) => None,
        (true, true) => Some(not_found()),
        (true, false) => {
            Some((200, json!({"kind": "APIResourceList", "groupVersion": group_version, "resources": resources})))
        }
    }
}

fn not_found() -> (u16, Value) {
    failure(404, "NotFound", "not found")
}

fn failure(code: u16, reason: &str, message: &str) -> (u16, Value) {
    (code, json!({"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message}))
}
