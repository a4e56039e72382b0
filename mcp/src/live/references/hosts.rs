//! Names of Services in what programs are told: variables, arguments, and the ConfigMaps that they are given.

use serde_json::Value;

use super::template::{Template, uses};
use crate::live::object::{Ref, list, namespace, text};
use crate::live::snapshot::Snapshot;

/// Ends of names of variables whose value is a host, or begins with one.
const HOST_WORDS: [&str; 8] = ["HOST", "HOSTNAME", "ADDR", "ADDRESS", "SERVER", "ENDPOINT", "URL", "URI"];
/// Words of commands behind which a host stands.
const BEFORE_HOST: [&str; 12] =
    ["nslookup", "ping", "nc", "-z", "-zv", "-vz", "-h", "--host", "telnet", "hosts", "dig", "-w1"];
/// Smaller numbers behind a colon are versions, times or anything else, but no port that a program is told.
const LEAST_PORT: u16 = 22;
/// Longer values are data.
const LONGEST: usize = 32 * 1024;

/// A host that a program is configured to use, as far as it is one of this cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Host {
    /// The Service that it names, in the namespace that it means.
    pub service: Ref,
    /// The port that is used, from the address or from a variable beside it; `None` if neither has one.
    pub port: Option<u16>,
    /// Where the port stands, if that is a variable of its own.
    pub port_field: Option<String>,
    /// As it stands there.
    pub written: String,
    /// The object that has the text, and the field that it stands in.
    pub object: Ref,
    /// Way to the text in [`Host::object`], as `spec.template.spec.containers[0].env[1].value` or `data[config.yaml]`.
    pub field: String,
    /// Whether it is all that stands there.
    pub is_whole: bool,
    /// Whether it can hardly be anything but a Service's name: `db.shop.svc`, not just `db`.
    pub is_full: bool,
}

/// All hosts that an object's programs are configured to use.
pub fn hosts(snapshot: &Snapshot, object: &Value) -> Vec<Host> {
    let Some(template) = Template::of(object) else { return Vec::new() };
    let reader = Reader { snapshot, place: namespace(object), template };
    let mut found = Vec::new();
    let at = Ref::of(object);
    for (path, container) in template.containers() {
        for (index, variable) in list(container, "/env").iter().enumerate() {
            let field = format!("{path}.env[{index}].value");
            let before = found.len();
            reader.read(text(variable, "/value"), is_host_word(text(variable, "/name")), &at, &field, &mut found);
            for host in found.iter_mut().skip(before).filter(|host| host.port.is_none()) {
                let port = port_beside(&path, container, text(variable, "/name"));
                (host.port, host.port_field) = port.map_or((None, None), |(port, field)| (Some(port), Some(field)));
            }
        }
        for word in ["command", "args"] {
            for (index, argument) in list(container, &format!("/{word}")).iter().enumerate() {
                let argument = argument.as_str().unwrap_or_default();
                reader.read(argument, false, &at, &format!("{path}.{word}[{index}]"), &mut found);
            }
        }
    }
    reader.configuration(object, &mut found);
    found
}

/// Services that a line of a log names as `host:port`, or in an address; whether they are there is not asked.
pub fn named_in(snapshot: &Snapshot, workload: &Value, line: &str) -> Vec<Ref> {
    let Some(template) = Template::of(workload) else { return Vec::new() };
    let reader = Reader { snapshot, place: namespace(workload), template };
    let mut found = Vec::new();
    // What programs put around a name: `dial tcp: "db:5432"`, `(db:5432)`, `tcp://db:5432.`
    let plain: String = line.chars().map(|letter| if "[]<>{}=".contains(letter) { ' ' } else { letter }).collect();
    let words: Vec<_> = plain.split_whitespace().map(|word| word.trim_end_matches(['.', ':', ','])).collect();
    reader.read(&words.join(" "), false, &Ref::of(workload), "log", &mut found);
    found.retain(|host| host.port.is_some() || host.is_full);
    found.into_iter().map(|host| host.service).collect()
}

fn is_host_word(name: &str) -> bool {
    let name = name.to_ascii_uppercase().replace(['.', '-'], "_");
    HOST_WORDS.iter().any(|word| name == *word || name.ends_with(&format!("_{word}")))
}

/// `CACHE_PORT` beside `CACHE_HOST`: the number, and where it stands.
fn port_beside(path: &str, container: &Value, host: &str) -> Option<(u16, String)> {
    let (start, _) = host.rsplit_once('_')?;
    let wanted = format!("{start}_PORT");
    list(container, "/env").iter().enumerate().find_map(|(index, variable)| {
        let port = text(variable, "/value").parse().ok().filter(|_| text(variable, "/name") == wanted)?;
        Some((port, format!("{path}.env[{index}].value")))
    })
}

struct Reader<'a> {
    snapshot: &'a Snapshot,
    place: &'a str,
    template: Template<'a>,
}

impl Reader<'_> {
    /// The ConfigMaps that the programs get, as far as they say which keys.
    fn configuration(&self, object: &Value, found: &mut Vec<Host>) {
        for used in uses(object).iter().filter(|used| used.at.kind == "ConfigMap") {
            let Some(map) = self.snapshot.get(&used.at) else { continue };
            let values = map.get("data").and_then(Value::as_object).into_iter().flatten();
            let values = values.filter(|(key, value)| is_configuration(key, value));
            for (key, value) in values.filter(|(key, _)| used.key.as_ref().is_none_or(|wanted| wanted == *key)) {
                let value = value.as_str().unwrap_or_default();
                let is_host = is_host_word(key);
                for line in value.lines().take(400) {
                    self.read(line, is_host, &used.at, &format!("data[{key}]"), found);
                }
            }
        }
    }

    /// Finds the hosts in a text. A bare name counts only where a host is expected.
    fn read(&self, written: &str, is_host: bool, object: &Ref, field: &str, found: &mut Vec<Host>) {
        if written.len() > 4000 || written.trim_start().starts_with(['#', '{']) {
            return;
        }
        let separators =
            |letter: char| letter.is_whitespace() || matches!(letter, ',' | ';' | '"' | '\'' | '`' | '|' | '(' | ')');
        let is_command = field.contains("command[") || field.contains("args[");
        let mut before = "";
        for word in written.split(separators).filter(|word| !word.is_empty()) {
            let is_host = is_host || is_command && BEFORE_HOST.contains(&before);
            before = word;
            // What shells open a connection with: `/dev/tcp/HOST/PORT`.
            let opened = word.split_once("/dev/tcp/").map(|(_, rest)| rest.replacen('/', ":", 1));
            let word = opened.as_deref().unwrap_or(word);
            // `--address=db:5432`, `host=db`
            let named = word
                .split_once('=')
                .filter(|(name, value)| !name.contains("://") && (!value.contains('/') || value.contains("://")));
            let (is_host, word) = match named {
                Some((name, value)) => {
                    (is_host || is_host_word(&name.trim_start_matches('-').replace('-', "_")), value)
                }
                None => (is_host, word),
            };
            let Some((service, namespace, port, is_full)) = self.host(word, is_host) else { continue };
            let service = Ref::new("", "Service", &namespace, &service);
            let host = Host {
                service,
                port,
                port_field: None,
                written: word.chars().take(120).collect(),
                object: object.clone(),
                field: field.into(),
                is_whole: word == written,
                is_full,
            };
            if !found.iter().any(|known| (&known.service, known.port) == (&host.service, host.port)) {
                found.push(host);
            }
        }
    }

    fn host(&self, word: &str, is_host: bool) -> Option<(String, String, Option<u16>, bool)> {
        let is_url = word.contains("://");
        let authority = word.split_once("://").map_or(word, |(_, rest)| rest);
        let authority = authority.split(['/', '?', '#']).next().unwrap_or_default();
        if !is_url && word.contains('/') {
            return None;
        }
        let authority = authority.rsplit('@').next().unwrap_or_default();
        let (name, port) = match authority.split_once(':') {
            Some((name, port)) => (name, Some(port.parse::<u16>().ok().filter(|port| *port >= LEAST_PORT)?)),
            None => (authority, None),
        };
        let name = name.trim_end_matches('.');
        if name.is_empty() || !is_name(name) || name == "localhost" || self.is_known_otherwise(name) {
            return None;
        }
        let labels: Vec<_> = name.split('.').collect();
        let is_known = |place: &str| self.snapshot.get(&Ref::new("", "Namespace", "", place)).is_some();
        match labels.as_slice() {
            [.., service, place, "svc"] | [.., service, place, "svc", "cluster", "local"] => {
                Some(((*service).into(), (*place).into(), port, true))
            }
            [service, place] if is_known(place) && (is_url || port.is_some() || is_host) => {
                Some(((*service).into(), (*place).into(), port, false))
            }
            [service] if is_url || port.is_some() || is_host => {
                Some(((*service).into(), self.place.into(), port, false))
            }
            _ => None,
        }
    }

    /// Names that are no Service's: nodes, and those that the pod knows without asking anybody.
    fn is_known_otherwise(&self, name: &str) -> bool {
        if self.snapshot.get(&Ref::new("", "Node", "", name)).is_some() {
            return true;
        }
        let aliases = list(self.template.spec, "/hostAliases").iter().flat_map(|alias| list(alias, "/hostnames"));
        aliases.into_iter().any(|alias| alias.as_str() == Some(name)) || text(self.template.spec, "/hostname") == name
    }
}

/// Whether a value is settings of a program, and no page or program itself.
fn is_configuration(key: &str, value: &Value) -> bool {
    const OTHERS: [&str; 9] = ["md", "html", "js", "css", "svg", "crt", "pem", "sh", "py"];
    let is_other = key.rsplit_once('.').is_some_and(|(_, end)| OTHERS.contains(&end));
    !is_other && value.as_str().is_some_and(|text| text.len() < LONGEST)
}

/// Whether every part is a name that a Service could have.
fn is_name(name: &str) -> bool {
    let is_label = |label: &str| {
        label.starts_with(|first: char| first.is_ascii_lowercase())
            && label.len() <= 63
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    name.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(env: Value, args: Value) -> Vec<String> {
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "shop", "name": "settings"},
            "data": {"app.properties": "# host=unused:80\ndb.url=jdbc:postgresql://db.data:5432/shop\ncolor=red"}});
        let place = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "data"}});
        let object = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": "shop", "name": "web"}, "spec": {"template": {"spec": {
            "hostAliases": [{"hostnames": ["legacy"]}],
            "containers": [{"name": "app", "envFrom": [{"configMapRef": {"name": "settings"}}], "env": env, "args": args}]}}}});
        let snapshot = Snapshot::of("lab", [map, place]);
        let hosts = hosts(&snapshot, &object);
        hosts
            .iter()
            .map(|host| {
                format!("{}/{} {:?} {}", host.service.namespace, host.service.name, host.port.unwrap_or(0), host.field)
            })
            .collect()
    }

    #[test]
    fn hosts_are_found_where_programs_are_told_them() {
        let env = json!([
            {"name": "CACHE_HOST", "value": "cache"},
            {"name": "API_URL", "value": "http://api:8080/v1?x=y"},
            {"name": "DATABASE_URL", "value": "postgres://user:<hidden>@pg-0.pg.shop.svc.cluster.local:5432/shop"},
        ]);
        let args = json!(["--queue=queue.shop.svc:5672", "--legacy=http://legacy:80"]);
        let container = "spec.template.spec.containers[0]";
        assert_eq!(
            found(env, args),
            [
                format!("shop/cache 0 {container}.env[0].value"),
                format!("shop/api 8080 {container}.env[1].value"),
                format!("shop/pg 5432 {container}.env[2].value"),
                format!("shop/queue 5672 {container}.args[0]"),
                "data/db 5432 data[app.properties]".to_string(),
            ]
        );
    }

    #[test]
    fn what_only_looks_like_a_host_is_none() {
        let env = json!([
            {"name": "IMAGE", "value": "postgres:16"},
            {"name": "MODE", "value": "production"},
            {"name": "BIND", "value": "0.0.0.0:8080"},
            {"name": "PUBLIC_URL", "value": "https://shop.example.org/"},
            {"name": "SELF", "value": "http://localhost:80"},
            {"name": "LISTEN_ADDR", "value": ":8080"},
            {"name": "AT", "value": "12:30"},
            {"name": "PATHS", "value": "/a/b:8080"},
            {"name": "TEMPLATE_HOST", "value": "$(SOMETHING)"},
        ]);
        assert_eq!(found(env, json!([])), ["data/db 5432 data[app.properties]"]);
    }
}
