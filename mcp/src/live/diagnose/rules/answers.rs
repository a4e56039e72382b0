//! What programs answer to a request on its way: through the ingress, and at the pod itself. A route that is dropped, a path
//! that the program does not know, a program that speaks another language than the one in front of it.

use serde_json::Value;

use super::{Seen, network, outlived, upstream};
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, list, name, namespace, text};
use crate::live::questions::{Question, Reply};
use crate::live::references::selector::selected;
use crate::live::references::template::Template;
use crate::live::snapshot::Snapshot;

/// Routes of one Ingress that are tried.
const MOST_ROUTES: usize = 3;
/// An Ingress that is younger than this may not be served yet.
const SERVED_AFTER: i64 = 20;
/// What weighs an answer that may be meant like that.
const MAY_BE_MEANT: u32 = 48;
/// Letters of patterns: paths of Ingresses are plain.
const PATTERN: [&str; 6] = [".*", "(", "|", "[", "^", "$"];
/// Names and numbers of ports that speak HTTP.
const HTTP_NAMES: [&str; 2] = ["web", "http"];
const HTTP_PORTS: [i64; 4] = [80, 8080, 8000, 3000];
/// How a server that speaks TLS answers a plain request.
const WANTS_TLS: [&str; 3] = ["https", "tls", "ssl"];

/// One path of an Ingress, and whom it leads to.
struct Route<'a> {
    host: String,
    path: &'a str,
    field: String,
    service: &'a Value,
    /// Index of the Service's port.
    port: usize,
    pod: &'a Value,
    target: u16,
}

impl Route<'_> {
    fn at_pod(&self, path: &str) -> Option<Question> {
        page(self.pod, self.target, &self.host, path)
    }

    fn tls_at_pod(&self) -> Question {
        let address = text(self.pod, "/status/podIP").into();
        Question::Certificate { address, port: self.target, host: name(self.service).into() }
    }

    fn through(&self, snapshot: &Snapshot, ingress: &Value) -> Option<Question> {
        let (door, port) = door(snapshot, false).filter(|_| is_plain(ingress))?;
        page(door, port, &self.host, self.path)
    }
}

fn page(pod: &Value, port: u16, host: &str, path: &str) -> Option<Question> {
    let address = text(pod, "/status/podIP").to_string();
    (!address.is_empty()).then(|| Question::Page { address, port, host: host.into(), path: path.into() })
}

/// Whether an Ingress is served without TLS: where only some doors are meant, nobody tries another one.
fn is_plain(ingress: &Value) -> bool {
    let notes = ingress.pointer("/metadata/annotations").and_then(Value::as_object);
    let mut notes = notes.into_iter().flatten();
    list(ingress, "/spec/tls").is_empty()
        && !notes.any(|(key, _)| key.ends_with("router.entrypoints") || key.contains("router.tls"))
}

/// The pod that serves Ingresses, and the port at which it does, with or without TLS.
pub(super) fn door(snapshot: &Snapshot, with_tls: bool) -> Option<(&Value, u16)> {
    let pod = network::ingress_pods(snapshot).into_iter().next()?;
    let ports = Template::of(pod)?.containers().flat_map(|(_, container)| list(container, "/ports"));
    let (host_port, names) = if with_tls { (443, ["websecure", "https"]) } else { (80, ["web", "http"]) };
    let is_it = |port: &&Value| {
        names.contains(&text(port, "/name")) || port.get("hostPort").and_then(Value::as_i64) == Some(host_port)
    };
    let port = ports.into_iter().find(is_it)?.get("containerPort")?.as_u64()?;
    Some((pod, u16::try_from(port).ok()?))
}

fn routes<'a>(snapshot: &'a Snapshot, ingress: &'a Value) -> Vec<Route<'a>> {
    let rules = list(ingress, "/spec/rules").iter().enumerate();
    let routes = rules.flat_map(|(rule, value)| {
        let host = text(value, "/host").replacen('*', "any", 1);
        list(value, "/http/paths").iter().enumerate().filter_map(move |(index, one)| {
            let path = text(one, "/path");
            if path.is_empty() || is_pattern(path) {
                return None;
            }
            let service = text(one, "/backend/service/name");
            let service = snapshot.get(&Ref::new("", "Service", namespace(ingress), service))?;
            let wanted = one.pointer("/backend/service/port")?;
            let port = list(service, "/spec/ports").iter().position(|had| is_port(had, wanted))?;
            let pods = selected(snapshot, service);
            let pod = pods.into_iter().find(|pod| crate::live::diagnose::pod_is_ready(pod))?;
            let target = super::service::number_in(pod, &list(service, "/spec/ports")[port])?;
            let field = format!("spec.rules[{rule}].http.paths[{index}].path");
            let host = if host.is_empty() { "localhost".into() } else { host.clone() };
            Some(Route { host, path, field, service, port, pod, target })
        })
    });
    routes.take(MOST_ROUTES).collect()
}

fn is_port(had: &Value, wanted: &Value) -> bool {
    match wanted.get("number") {
        Some(number) => had.get("port") == Some(number),
        None => wanted.get("name").is_some() && had.get("name") == wanted.get("name"),
    }
}

/// What is worth to be asked of an Ingress's way.
pub(in crate::live::diagnose) fn of_ingress_questions(snapshot: &Snapshot, ingress: &Value) -> Vec<Question> {
    let mut asked = Vec::new();
    for route in routes(snapshot, ingress) {
        asked.extend(route.through(snapshot, ingress));
        asked.extend(route.at_pod(route.path));
        asked.extend(route.at_pod("/"));
        asked.push(route.tls_at_pod());
    }
    asked
}

/// The first page of what is behind a Service that speaks HTTP.
pub(in crate::live::diagnose) fn of_service_questions(snapshot: &Snapshot, service: &Value) -> Vec<Question> {
    let pods = selected(snapshot, service);
    let Some(pod) = pods.into_iter().find(|pod| crate::live::diagnose::pod_is_ready(pod)) else { return Vec::new() };
    let ports = list(service, "/spec/ports").iter().filter(|port| speaks_http(port)).take(1);
    let numbers = ports.filter_map(|port| super::service::number_in(pod, port));
    numbers.filter_map(|number| page(pod, number, name(service), "/")).collect()
}

fn speaks_http(port: &Value) -> bool {
    let called = text(port, "/name");
    let number = port.get("port").and_then(Value::as_i64).unwrap_or_default();
    text(port, "/appProtocol") == "http"
        || HTTP_NAMES.contains(&called)
        || called.starts_with("http-")
        || called.is_empty() && HTTP_PORTS.contains(&number)
}

/// What the pages behind Services answered for a pod: the first that is no success.
pub(super) fn refused_at_root(seen: &Seen<'_>, pod: &Value) -> Option<u16> {
    let snapshot = seen.snapshot;
    let services = snapshot.inside("", "Service", namespace(pod));
    let services = services.filter(|service| selected(snapshot, service).iter().any(|one| name(one) == name(pod)));
    let asked = services.flat_map(|service| {
        let ingresses = snapshot.inside("networking.k8s.io", "Ingress", namespace(pod));
        let by_ingress = ingresses.flat_map(|ingress| of_ingress_questions(snapshot, ingress));
        of_service_questions(snapshot, service).into_iter().chain(by_ingress).collect::<Vec<_>>()
    });
    let at_pod = |question: &Question| match question {
        Question::Page { address, path, .. } => *address == text(pod, "/status/podIP") && path == "/",
        _ => false,
    };
    let mut statuses = asked.filter(at_pod).filter_map(|question| status(snapshot.reply(&question)?));
    statuses.find(|status| matches!(status, 403 | 404))
}

fn status(reply: &Reply) -> Option<u16> {
    match reply {
        Reply::Page { status, .. } => Some(*status),
        _ => None,
    }
}

/// What the answers tell of an Ingress's way.
pub(super) fn of_ingress(seen: &Seen<'_>, ingress: &Value) -> Vec<Finding> {
    let mut found: Vec<_> = pattern(ingress).into_iter().collect();
    let age = seen.seconds_since(text(ingress, "/metadata/creationTimestamp"));
    if age.is_none_or(|age| age > SERVED_AFTER) {
        let told = routes(seen.snapshot, ingress).iter().filter_map(|route| of_route(seen, ingress, route)).next();
        found.extend(told);
    }
    found
}

fn is_pattern(path: &str) -> bool {
    PATTERN.iter().any(|word| path.contains(word))
}

/// A pattern where a plain beginning of paths is meant: nothing ever begins like that.
fn pattern(ingress: &Value) -> Option<Finding> {
    let rules = list(ingress, "/spec/rules").iter().enumerate();
    let mut paths = rules.flat_map(|(rule, value)| {
        list(value, "/http/paths").iter().enumerate().map(move |(index, path)| (rule, index, path))
    });
    let (rule, index, path) = paths.find(|(_, _, path)| {
        matches!(text(path, "/pathType"), "Prefix" | "Exact") && is_pattern(text(path, "/path"))
    })?;
    let (at, written) = (Ref::of(ingress), text(path, "/path"));
    let field = format!("spec.rules[{rule}].http.paths[{index}].path");
    let kind = text(path, "/pathType");
    let plain = written.split(['.', '(', '[', '*', '|', '^', '$']).next().unwrap_or_default().trim_end_matches('/');
    let plain = if plain.is_empty() { "/" } else { plain };
    let text = format!(
        "has path `{written}` of type {kind}, which is taken as it stands, not as a pattern: no request begins like that"
    );
    let finding = Finding::new(Fault::WrongRoute, at.clone(), text).at(field.clone()).should_be(plain);
    Some(finding.with(field.clone(), written).next(format!("Set `{field}` of {at} to `{plain}`.")))
}

fn of_route(seen: &Seen<'_>, ingress: &Value, route: &Route<'_>) -> Option<Finding> {
    let snapshot = seen.snapshot;
    let reply = |question: Option<Question>| question.and_then(|question| snapshot.reply(&question));
    let direct = reply(route.at_pod(route.path));
    if let Some(finding) = speaks_tls(seen, ingress, route, direct) {
        return Some(finding);
    }
    let through = reply(route.through(snapshot, ingress)).and_then(status);
    let is_open = snapshot.listens(text(route.pod, "/status/podIP"), route.target) == Some(true);
    let is_no_http = matches!(direct, Some(Reply::Other)) || direct.is_none() && is_open;
    if is_no_http && through.is_some_and(|status| status >= 500) {
        return Some(no_http(route));
    }
    let own = direct.and_then(status)?;
    if let Some(scheme) = tls_to(route).filter(|_| own < 500 && through.is_some_and(|status| status >= 500)) {
        return Some(wants_none(ingress, route, &scheme, own));
    }
    match through {
        Some(status) if status >= 500 && own < 500 => Some(dropped(ingress, route, status, own)),
        Some(404) if own < 400 => Some(dropped(ingress, route, 404, own)),
        _ if own >= 500 => {
            let known = outlived::by(seen, route.pod, own).or_else(|| upstream::by(seen, route.pod, route.target, own));
            let mut finding = known.unwrap_or_else(|| fails(route, own));
            // Whoever asks about the Ingress is harmed by what is behind it.
            finding.affects.push(Ref::of(ingress).to_string());
            Some(finding)
        }
        None | Some(404) if own == 404 && route.path != "/" => {
            let root = reply(route.at_pod("/")).and_then(status).filter(|status| *status < 400)?;
            is_unchanged(ingress).then(|| unknown_path(ingress, route, root))
        }
        _ => None,
    }
}

/// Whether nothing changes the path of a request on its way.
fn is_unchanged(ingress: &Value) -> bool {
    notes(ingress).is_none()
}

fn notes(ingress: &Value) -> Option<String> {
    let notes = ingress.pointer("/metadata/annotations").and_then(Value::as_object)?;
    notes.keys().find(|key| key.ends_with("router.middlewares")).map(|key| format!("metadata.annotations[{key}]"))
}

/// What has the ingress speak TLS to the pods: the field, its value, and what else may stand there.
struct Scheme {
    field: String,
    value: Value,
    plain: Value,
}

/// By an annotation, by the name of a port, or by its number.
fn tls_to(route: &Route<'_>) -> Option<Scheme> {
    let notes = route.service.pointer("/metadata/annotations").and_then(Value::as_object);
    let noted = notes.into_iter().flatten().find(|(key, _)| key.ends_with("serversscheme"));
    if let Some((key, value)) = noted {
        let field = format!("metadata.annotations[{key}]");
        return (value == "https").then(|| Scheme { field, value: value.clone(), plain: "http".into() });
    }
    let port = &list(route.service, "/spec/ports")[route.port];
    let field = |part: &str| format!("spec.ports[{}].{part}", route.port);
    if text(port, "/name").starts_with("https") {
        return Some(Scheme { field: field("name"), value: port["name"].clone(), plain: "http".into() });
    }
    let is_usual = port.get("port").and_then(Value::as_i64) == Some(443);
    is_usual.then(|| Scheme { field: field("port"), value: 443.into(), plain: 80.into() })
}

/// The program speaks plain HTTP, and the ingress wants TLS of it.
fn wants_none(ingress: &Value, route: &Route<'_>, scheme: &Scheme, own: u16) -> Finding {
    let (at, field) = (Ref::of(route.service), &scheme.field);
    let text = format!(
        "has {} speak TLS to port {} of its pods, where the program speaks plain HTTP",
        Ref::of(ingress),
        route.target
    );
    let had = scheme.value.as_str().map_or_else(|| scheme.value.to_string(), String::from);
    let finding = Finding::new(Fault::WrongPort, at.clone(), text).at(field.clone()).should_be(scheme.plain.clone());
    let finding = finding.with(field.clone(), &had);
    let finding = finding.with("tried", &format!("plain HTTP at port {}: {own}", route.target));
    let also = if field.ends_with("port") { " (and the Ingress's `port.number` with it)" } else { "" };
    finding.next(format!(
        "Set `{field}` of {at} to `{}`{also}, or let the program speak TLS.",
        scheme.plain.to_string().trim_matches('"')
    ))
}

/// The program wants TLS, and the ingress speaks plainly to it.
fn speaks_tls(seen: &Seen<'_>, ingress: &Value, route: &Route<'_>, direct: Option<&Reply>) -> Option<Finding> {
    let shown = matches!(seen.snapshot.reply(&route.tls_at_pod()), Some(Reply::Certificate(_)));
    let refuses = match direct {
        Some(Reply::Page { status: 400, body, .. }) => {
            let said = body.to_lowercase();
            WANTS_TLS.iter().any(|word| said.contains(word))
        }
        Some(Reply::Page { .. }) => false,
        _ => shown,
    };
    if tls_to(route).is_some() || !refuses || !shown {
        return None;
    }
    let (at, class) = (Ref::of(route.service), text(ingress, "/spec/ingressClassName"));
    let field = "metadata.annotations[traefik.ingress.kubernetes.io/service.serversscheme]";
    let text = format!(
        "leads {} to port {} of its pods, which speaks TLS, and class `{class}` speaks plain HTTP to it",
        Ref::of(ingress),
        route.target
    );
    let finding = Finding::new(Fault::WrongPort, at.clone(), text).at(field).should_be("https");
    let finding =
        finding.with("tried", &format!("port {}: it shows a certificate, and refuses plain HTTP", route.target));
    Some(finding.next(format!(
        "Set annotation `traefik.ingress.kubernetes.io/service.serversscheme: https` of {at} (its certificate is checked: a ServersTransport says by which authority, or that it is not to be), or let the program speak plain HTTP."
    )))
}

fn no_http(route: &Route<'_>) -> Finding {
    let at = Ref::of(route.service);
    let field = format!("spec.ports[{}].targetPort", route.port);
    let text =
        format!("leads an Ingress to port {} of {}, which does not speak HTTP", route.target, Ref::of(route.pod));
    let finding = Finding::new(Fault::WrongPort, at.clone(), text).at(field.clone());
    let tried = format!("GET {} at port {}: no answer in HTTP", route.path, route.target);
    finding.with("tried", &tried).next(format!(
        "An Ingress leads to HTTP only: set `{field}` of {at} to a port where the program speaks HTTP, or reach it by its Service, without an Ingress."
    ))
}

/// The pod answers, and whoever comes through the ingress gets something else.
fn dropped(ingress: &Value, route: &Route<'_>, through: u16, own: u16) -> Finding {
    let at = Ref::of(ingress);
    let by_middleware = notes(ingress);
    let field = by_middleware.clone().unwrap_or_else(|| route.field.clone());
    let text = format!(
        "answers {through} at `{}{}`, and its pods answer {own} there: the ingress does not pass it on",
        route.host, route.path
    );
    let finding = Finding::new(Fault::WrongRoute, at.clone(), text).at(field.clone());
    let finding = finding.with("tried", &format!("through the ingress {through}, at {} {own}", Ref::of(route.pod)));
    finding.next(match by_middleware {
        Some(field) => format!("Look at what `{field}` of {at} names: one of these middlewares refuses or fails."),
        None => format!("Look at `{field}` and the annotations of {at}, and at the log of the ingress."),
    })
}

fn fails(route: &Route<'_>, own: u16) -> Finding {
    let at = Ref::of(route.pod);
    let text = format!("answers {own} at `{}`", route.path);
    let mut finding = Finding::new(Fault::LogErrors, at.clone(), text);
    // Whoever comes this way gets nothing else.
    finding.weight = Fault::NoEndpoints.weight() + 1;
    finding.with("tried", &format!("GET {} at port {}: {own}", route.path, route.target)).next(format!(
        "Read the log of {at}: it tells why the program fails; then correct its configuration, or what it depends on."
    ))
}

fn unknown_path(ingress: &Value, route: &Route<'_>, root: u16) -> Finding {
    let at = Ref::of(ingress);
    let text = format!(
        "leads `{}` to a program that answers 404 there, and {root} at `/`: requests arrive with their whole path",
        route.path
    );
    let finding = Finding::new(Fault::WrongRoute, at.clone(), text).at(route.field.clone()).at_most(MAY_BE_MEANT);
    let finding = finding.with("tried", &format!("GET {}: 404, GET /: {root}", route.path));
    finding.next(format!(
        "If the program does not know `{path}`: make a Middleware with `stripPrefix.prefixes: [{path}]` and name it in annotation `traefik.ingress.kubernetes.io/router.middlewares` of {at}, or serve it at `/` of a host of its own (`{field}`).",
        path = route.path,
        field = route.field
    ))
}
