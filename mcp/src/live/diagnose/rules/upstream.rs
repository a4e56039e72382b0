//! A program that passes requests on to one beside it in its pod, at a port where that does not listen: its answer is that of
//! a gateway that reaches nobody.

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::around::maker_of;
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, list, namespace, text};
use crate::live::references::template::{Template, uses};
use crate::live::scrub::scrub_text;

/// How programs name their own pod.
const OWN: [&str; 3] = ["127.0.0.1:", "localhost:", "[::1]:"];
/// Longer texts are data.
const LONGEST: usize = 64 * 1024;

/// A text that tells a container where to pass requests on to.
struct Told<'a> {
    object: Ref,
    field: String,
    line: &'a str,
    port: u16,
}

/// Why a pod answers as a gateway that reaches nobody, where it is told to look within itself.
pub(super) fn by(seen: &Seen<'_>, pod: &Value, asked: u16, status: u16) -> Option<Finding> {
    let template = Template::of(pod).filter(|_| matches!(status, 502..=504))?;
    let (path, gateway) = template.containers().find(|(_, one)| ports(one).any(|port| port == asked))?;
    let others: Vec<(&str, u16)> = template
        .containers()
        .filter(|(other, _)| *other != path)
        .flat_map(|(_, one)| ports(one).map(move |port| (text(one, "/name"), port)))
        .collect();
    // Where several declare a port, or none does, nobody knows which is meant.
    let [(beside, right)] = others.as_slice() else { return None };
    let told = told(seen, pod, &path, gateway);
    let told = told.into_iter().find(|one| one.port != *right && one.port != asked)?;
    let maker = Ref::of(maker_of(seen.snapshot, pod));
    let (port, field, at) = (told.port, &told.field, &told.object);
    let summary = format!(
        "has `{}` pass requests on to port {port} of its own pod, where nobody listens: container `{beside}` has port {right}, and whoever asks gets {status}",
        text(gateway, "/name")
    );
    let mut finding = Finding::new(Fault::WrongPort, at.clone(), summary).at(field.clone());
    if *at != Ref::of(pod) {
        finding.affects.push(maker.to_string());
    }
    let is_of_it = |line: &&str| OWN.iter().any(|own| line.contains(&format!("{own}{port}")));
    if let Some(line) = super::logs::recent_lines(seen, pod).filter(is_of_it).last() {
        finding = finding.with("log", line);
    }
    let kind = maker.kind.to_lowercase();
    let again = match at.kind.as_str() {
        "ConfigMap" => format!(
            "; then start its pods anew: `kubectl -n {} rollout restart {kind} {}`",
            maker.namespace, maker.name
        ),
        _ => String::new(),
    };
    let line = scrub_text(told.line.trim());
    Some(
        finding
            .with(field.clone(), &line)
            .next(format!("Write port {right} in place of {port} in `{field}` of {at}{again}.")),
    )
}

fn ports(container: &Value) -> impl Iterator<Item = u16> {
    let all = list(container, "/ports").iter().filter_map(|port| port.get("containerPort")?.as_u64());
    all.filter_map(|port| u16::try_from(port).ok())
}

/// Texts that name a port of the own pod: arguments, variables, and the ConfigMaps that the container gets.
fn told<'a>(seen: &Seen<'a>, pod: &'a Value, path: &str, container: &'a Value) -> Vec<Told<'a>> {
    let at = Ref::of(pod);
    let mut found = Vec::new();
    let mut read = |object: &Ref, field: String, written: &'a str| {
        let lines = written.lines().filter(|line| !line.trim_start().starts_with('#'));
        let told = lines.filter_map(|line| Some((line, own_port(line)?)));
        let told = told.map(|(line, port)| Told { object: object.clone(), field: field.clone(), line, port });
        found.extend(told.filter(|_| written.len() < LONGEST));
    };
    for part in ["command", "args"] {
        let words = list(container, &format!("/{part}")).iter().enumerate();
        words.for_each(|(index, word)| read(&at, format!("{path}.{part}[{index}]"), word.as_str().unwrap_or_default()));
    }
    for (index, variable) in list(container, "/env").iter().enumerate() {
        read(&at, format!("{path}.env[{index}].value"), text(variable, "/value"));
    }
    let mounts: Vec<_> = list(container, "/volumeMounts").iter().map(|mount| text(mount, "/name")).collect();
    let volumes = list(pod, "/spec/volumes").iter().enumerate().filter(|(_, one)| mounts.contains(&text(one, "/name")));
    let volumes: Vec<_> = volumes.map(|(index, _)| format!("spec.volumes[{index}].")).collect();
    let is_its =
        |field: &str| field.starts_with(&format!("{path}.")) || volumes.iter().any(|one| field.starts_with(one));
    for used in uses(pod).into_iter().filter(|used| used.at.kind == "ConfigMap" && is_its(&used.field)) {
        debug_assert_eq!(used.at.namespace, namespace(pod));
        let Some(data) = seen.snapshot.get(&used.at).and_then(|map| map.get("data")?.as_object()) else { continue };
        for (key, value) in data.iter().filter(|(key, _)| used.key.as_ref().is_none_or(|wanted| wanted == *key)) {
            read(&used.at, format!("data[{key}]"), value.as_str().unwrap_or_default());
        }
    }
    found
}

/// The port of the own pod that a line names with an address, as `http://127.0.0.1:8090/`. A port to listen at is none.
fn own_port(line: &str) -> Option<u16> {
    let lower = line.to_lowercase();
    OWN.iter().find_map(|own| {
        let (before, rest) = lower.split_once(own)?;
        let is_to_listen = ["listen", "bind"]
            .iter()
            .any(|word| before.rsplit([';', '{', '}']).next().is_some_and(|part| part.contains(word)));
        let end = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
        rest[..end].parse().ok().filter(|_| !is_to_listen)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_to_pass_requests_on_to_is_told_from_one_to_listen_at() {
        for (line, port) in [
            ("server { listen 8080; location / { proxy_pass http://127.0.0.1:8090; } }", Some(8090)),
            ("--upstream=http://localhost:9000/", Some(9000)),
            ("listen 127.0.0.1:8080;", None),
            ("--bind=localhost:8080", None),
            ("http://api:80", None),
        ] {
            assert_eq!(own_port(line), port, "{line}");
        }
    }
}
