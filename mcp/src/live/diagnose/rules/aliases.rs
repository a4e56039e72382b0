//! Names that a pod knows without asking anybody, and that hide a Service of that name.

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, list, namespace, text};
use crate::live::references::selector::selected;
use crate::live::references::template::Template;

/// Aliases with an address that is none of the Service's.
pub(super) fn of_template(seen: &Seen<'_>, object: &Value) -> Vec<Finding> {
    let Some(template) = Template::of(object) else { return Vec::new() };
    let aliases = list(template.spec, "/hostAliases").iter().enumerate();
    let found = aliases.filter_map(|(index, alias)| {
        let address = text(alias, "/ip");
        list(alias, "/hostnames").iter().filter_map(Value::as_str).find_map(|host| {
            let service = meant(seen, namespace(object), host)?;
            hides(seen, object, service, host, address, &format!("{}.hostAliases[{index}].ip", template.path))
        })
    });
    found.collect()
}

/// The Service that a name means.
fn meant<'a>(seen: &Seen<'a>, place: &str, host: &str) -> Option<&'a Value> {
    let inner = host.trim_end_matches(".cluster.local");
    let inner = inner.strip_suffix(".svc").unwrap_or(inner);
    let (name, place) = inner.split_once('.').unwrap_or((inner, place));
    seen.snapshot.get(&Ref::new("", "Service", place, name))
}

fn hides(seen: &Seen<'_>, object: &Value, service: &Value, host: &str, address: &str, field: &str) -> Option<Finding> {
    let own = text(service, "/spec/clusterIP");
    let pods = selected(seen.snapshot, service);
    let is_its = own == address || pods.iter().any(|pod| text(pod, "/status/podIP") == address);
    if is_its {
        return None;
    }
    let (at, service) = (Ref::of(object), Ref::of(service));
    let text = format!(
        "knows `{host}` as {address} by an alias of its own, and {service} has {own}: its programs go elsewhere"
    );
    let finding = Finding::new(Fault::Dns, at.clone(), text).at(field).with(field, address);
    Some(finding.next(format!(
        "Take `{host}` out of `{}` of {at}: the cluster's name server knows {service} by that name.",
        field.trim_end_matches(".ip")
    )))
}
