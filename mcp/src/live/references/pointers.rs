//! Objects that an object of any kind names in its specification: `cluster: {name: db}`, `storeRef: {kind: Store, name: a}`.
//! Which kind is meant, the field says by itself, or by what it is called; it counts only if the cluster serves that kind.

use serde_json::{Map, Value};

use crate::live::object::{Ref, group_of, namespace, text};
use crate::live::served::ServedKind;

/// Specifications are deeper only where they hold others' manifests.
const DEEPEST: usize = 6;

/// A reference to another object.
#[derive(Debug, Clone, PartialEq)]
pub struct Pointer {
    /// The object that is meant, which need not be there.
    pub at: Ref,
    /// Where its name stands.
    pub field: String,
    /// The port of it that is meant: of a Service.
    pub port: Option<Value>,
}

/// All that an object of somebody's own kind names. What Kubernetes' kinds name has readers of its own.
pub fn pointers(kinds: &[ServedKind], object: &Value) -> Vec<Pointer> {
    let group = group_of(text(object, "/apiVersion"));
    let is_own = group.contains('.') && !group.ends_with(".k8s.io");
    let mut found = Vec::new();
    if let Some(spec) = object.get("spec").filter(|_| is_own) {
        Reader { kinds, group, place: namespace(object) }.read(spec, "spec", 0, &mut found);
    }
    found
}

struct Reader<'a> {
    kinds: &'a [ServedKind],
    group: &'a str,
    place: &'a str,
}

impl Reader<'_> {
    fn read(&self, value: &Value, field: &str, depth: usize, found: &mut Vec<Pointer>) {
        match value {
            Value::Object(fields) if depth < DEEPEST => {
                for (key, value) in fields {
                    let field = format!("{field}.{key}");
                    match value.as_array() {
                        // `middlewares: [{name: a}]` are many of what `middleware: {name: a}` is one of.
                        Some(items) => {
                            let key = key.strip_suffix('s').unwrap_or(key);
                            let each =
                                |(index, item)| self.one(key, item, &format!("{field}[{index}]"), depth + 1, found);
                            items.iter().enumerate().for_each(each);
                        }
                        None => self.one(key, value, &field, depth, found),
                    }
                }
            }
            Value::Array(items) if depth < DEEPEST => {
                for (index, item) in items.iter().enumerate() {
                    self.read(item, &format!("{field}[{index}]"), depth + 1, found);
                }
            }
            _ => {}
        }
    }

    fn one(&self, key: &str, value: &Value, field: &str, depth: usize, found: &mut Vec<Pointer>) {
        match value.as_object().and_then(|inner| self.pointer(key, inner)) {
            Some(at) => {
                let port = value.get("port").filter(|_| at.kind == "Service").cloned();
                found.push(Pointer { at, field: format!("{field}.name"), port });
            }
            None => self.read(value, field, depth + 1, found),
        }
    }

    fn pointer(&self, key: &str, fields: &Map<String, Value>) -> Option<Ref> {
        let said = |word: &str| fields.get(word).and_then(Value::as_str).filter(|value| !value.is_empty());
        let name = said("name")?;
        let stem = key.strip_suffix("Reference").or(key.strip_suffix("Ref"));
        let kind = match (said("kind"), stem) {
            (Some(kind), Some(_)) => {
                let group = said("apiVersion").map(group_of).or(said("apiGroup")).or(said("group"));
                self.served(kind, group.unwrap_or(self.group))
            }
            (None, Some(stem)) => self.served(stem, self.group),
            // Without such an end it may be the description of something new, unless a name is all that it says.
            (_, None) if fields.keys().all(|key| matches!(key.as_str(), "name" | "namespace")) => {
                self.served(key, self.group)
            }
            // A name with a port is a Service's, and no other kind's, unless it says so.
            (None | Some("Service"), None) if key == "service" && fields.contains_key("port") => self.served(key, ""),
            _ => None,
        }?;
        let place = if kind.namespaced { said("namespace").unwrap_or(self.place) } else { "" };
        // Secrets are never looked for.
        (kind.kind != "Secret").then(|| Ref::new(&kind.group, &kind.kind, place, name))
    }

    fn served(&self, word: &str, group: &str) -> Option<&ServedKind> {
        self.kinds.iter().find(|kind| kind.group == group && kind.kind.eq_ignore_ascii_case(word))
    }
}

/// A Service that an address in an object's specification means: `http://auth.shop.svc:8080/check`.
#[derive(Debug, Clone, PartialEq)]
pub struct Address {
    /// The Service that the host names: `NAME.NAMESPACE.svc`.
    pub service: Ref,
    /// Port in the address; `None` where its scheme says it.
    pub port: Option<u16>,
    /// Way to the field that has the address, as `spec.webhook.url`.
    pub field: String,
    /// The whole address, as it stands there.
    pub written: String,
}

/// All addresses of Services, written in full, that an object of somebody's own kind names.
pub fn addresses(object: &Value) -> Vec<Address> {
    let group = group_of(text(object, "/apiVersion"));
    let mut found = Vec::new();
    if let Some(spec) = object.get("spec").filter(|_| group.contains('.') && !group.ends_with(".k8s.io")) {
        collect(spec, "spec", 0, &mut found);
    }
    found
}

fn collect(value: &Value, field: &str, depth: usize, found: &mut Vec<Address>) {
    match value {
        Value::Object(fields) if depth < DEEPEST => {
            fields.iter().for_each(|(key, value)| collect(value, &format!("{field}.{key}"), depth + 1, found));
        }
        Value::Array(items) if depth < DEEPEST => {
            let items = items.iter().enumerate();
            items.for_each(|(index, value)| collect(value, &format!("{field}[{index}]"), depth + 1, found));
        }
        Value::String(written) => found.extend(address(written, field)),
        _ => {}
    }
}

fn address(written: &str, field: &str) -> Option<Address> {
    let (_, rest) =
        written.split_once("://").filter(|_| written.len() < 300 && !written.contains(char::is_whitespace))?;
    let authority = rest.split(['/', '?', '#']).next()?.rsplit('@').next()?;
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port.parse().ok()?)),
        None => (authority, None),
    };
    let inner = host.trim_end_matches('.').trim_end_matches(".cluster.local").strip_suffix(".svc")?;
    let (name, place) = inner.rsplit_once('.')?;
    let name = name.rsplit('.').next().unwrap_or(name);
    Some(Address { service: Ref::new("", "Service", place, name), port, field: field.into(), written: written.into() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_say_their_kind_by_themselves_or_by_their_name() {
        let served = |group: &str, kind: &str, namespaced| ServedKind {
            group: group.into(),
            kind: kind.into(),
            plural: String::new(),
            namespaced,
        };
        let kinds = [
            served("db.dev", "Cluster", true),
            served("db.dev", "Catalog", false),
            served("db.dev", "User", true),
            served("", "Secret", true),
            served("", "ConfigMap", true),
            served("", "Service", true),
        ];
        let object = json!({"apiVersion": "db.dev/v1", "kind": "Pooler", "metadata": {"namespace": "shop", "name": "p"}, "spec": {
            "cluster": {"name": "orders"},
            "user": {"name": "new", "password": "x"},
            "deep": [{"catalogRef": {"apiGroup": "db.dev", "kind": "Catalog", "name": "all"}}],
            "clusterRef": {"name": "other", "namespace": "away"},
            "keyRef": {"apiVersion": "v1", "kind": "Secret", "name": "s"},
            "routes": [{"users": [{"name": "a"}, {"name": "b"}], "services": [{"name": "web", "port": 80, "weight": 1}, {"name": "new"}]}],
            "mapRef": {"apiVersion": "v1", "kind": "ConfigMap", "name": "c"},
            "strangeRef": {"name": "x"}, "sourceRef": {"kind": "Bucket", "name": "x"}}});
        let told = |object: &Value| -> Vec<String> {
            pointers(&kinds, object).iter().map(|pointer| format!("{} {}", pointer.at, pointer.field)).collect()
        };
        assert_eq!(
            told(&object),
            [
                "Cluster shop/orders spec.cluster.name",
                "Cluster away/other spec.clusterRef.name",
                "Catalog all spec.deep[0].catalogRef.name",
                "ConfigMap shop/c spec.mapRef.name",
                "Service shop/web spec.routes[0].services[0].name",
                "User shop/a spec.routes[0].users[0].name",
                "User shop/b spec.routes[0].users[1].name",
            ]
        );
        let mut of_kubernetes = object;
        of_kubernetes["apiVersion"] = "storage.k8s.io/v1".into();
        assert!(told(&of_kubernetes).is_empty());
    }

    #[test]
    fn addresses_in_full_name_services() {
        let object = json!({"apiVersion": "t.dev/v1", "kind": "Middleware", "spec": {"auth": {"address": "http://auth.shop.svc:8080/check",
            "other": "https://example.org", "deep": ["grpc://a-0.a.shop.svc.cluster.local"], "text": "see http://x.y.svc for more"}}});
        let told: Vec<_> =
            addresses(&object).iter().map(|one| format!("{} {:?} {}", one.service, one.port, one.field)).collect();
        let expected = ["Service shop/auth Some(8080) spec.auth.address", "Service shop/a None spec.auth.deep[0]"];
        assert_eq!(told, expected);
    }
}
