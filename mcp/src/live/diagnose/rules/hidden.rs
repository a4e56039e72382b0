//! A folder of a server's own configuration that a volume covers: what the image had there is gone, and nothing opens the
//! port any more.

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, list, namespace, text};
use crate::live::references::template::Template;

/// Folders from which servers read what they are to open, as their images have them.
const OF_SERVERS: [&str; 12] = [
    "/etc/nginx",
    "/etc/nginx/conf.d",
    "/etc/nginx/templates",
    "/etc/apache2",
    "/etc/apache2/sites-enabled",
    "/usr/local/apache2/conf",
    "/etc/haproxy",
    "/usr/local/etc/haproxy",
    "/etc/caddy",
    "/etc/envoy",
    "/etc/traefik",
    "/etc/lighttpd",
];

/// A finding about a port that nobody opens, as one about the mount that hides what would.
pub(super) fn by(seen: &Seen<'_>, pod: &Value, port: i64, service: &Ref) -> Option<Finding> {
    let template = Template::of(pod)?;
    template.containers().find_map(|(path, container)| {
        let mounts = list(container, "/volumeMounts").iter().enumerate();
        mounts.into_iter().find_map(|(index, mount)| {
            let folder = text(mount, "/mountPath").trim_end_matches('/');
            let is_whole = text(mount, "/subPath").is_empty() && text(mount, "/subPathExpr").is_empty();
            if !is_whole || !OF_SERVERS.contains(&folder) {
                return None;
            }
            let volumes = list(template.spec, "/volumes");
            let volume = volumes.iter().find(|volume| text(volume, "/name") == text(mount, "/name"))?;
            let map = text(volume, "/configMap/name");
            let found = seen.snapshot.get(&Ref::new("", "ConfigMap", namespace(pod), map))?;
            let files = found.get("data").and_then(Value::as_object)?;
            // One that names the port opens it, or says why not in its log.
            let names_port = |text: &str| text.split(|c: char| !c.is_ascii_digit()).any(|number| number == port.to_string());
            if files.is_empty() || files.values().filter_map(Value::as_str).any(names_port) {
                return None;
            }
            let names: Vec<_> = files.keys().map(String::as_str).collect();
            let (at, field) = (Ref::of(pod), format!("{path}.volumeMounts[{index}].mountPath"));
            let shown = names.join(", ");
            let text = format!(
                "covers `{folder}` of its image with {} ({shown}), and nothing in it opens port {port}, to which {service} leads",
                Ref::of(found)
            );
            let mut finding = Finding::new(Fault::WrongPort, at.clone(), text).at(field.clone());
            finding.affects.push(service.to_string());
            let finding = finding.with(field.clone(), folder).with("tried", &format!("port {port}: connection refused"));
            Some(finding.next(format!(
                "Mount a single file: set `{field}` to `{folder}/{one}` with `subPath: {one}`; or put what opens port {port} into {} too.",
                Ref::of(found),
                one = names[0]
            )))
        })
    })
}
