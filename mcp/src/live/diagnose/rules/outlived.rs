//! Programs that look a name up once, as they start, and keep the address: what was made anew since has another one.

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::around::maker_of;
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, list, text};
use crate::live::references::hosts::Host;

/// What a gateway answers that cannot reach whom it leads to.
const NOT_REACHED: [u16; 2] = [502, 504];

/// A program that began before the Service was made that it leads to, and that answers as if nobody were there.
pub(super) fn by(seen: &Seen<'_>, pod: &Value, answer: u16) -> Option<Finding> {
    if !NOT_REACHED.contains(&answer) {
        return None;
    }
    let begun = list(pod, "/status/containerStatuses").iter().map(|one| text(one, "/state/running/startedAt")).min()?;
    let maker = maker_of(seen.snapshot, pod);
    let (host, made) = seen.hosts_of(&Ref::of(maker)).iter().find_map(|host| {
        let service = seen.snapshot.get(&host.service)?;
        let made = text(service, "/metadata/creationTimestamp");
        (!begun.is_empty() && made > begun && has_pods(seen, service)).then_some((host, made))
    })?;
    Some(told(&Ref::of(maker), host, (begun, made), answer))
}

/// Where nobody is behind it, that is the cause.
fn has_pods(seen: &Seen<'_>, service: &Value) -> bool {
    let pods = crate::live::references::selector::selected(seen.snapshot, service);
    pods.into_iter().any(crate::live::diagnose::pod_is_ready)
}

fn told(maker: &Ref, host: &Host, (begun, made): (&str, &str), answer: u16) -> Finding {
    let text = format!(
        "names {}, which was made after {maker} began: that still uses the address that the name had then, and answers {answer}",
        host.service
    );
    let finding = Finding::new(Fault::NoSuchHost, host.object.clone(), text).at(host.field.clone());
    let mut finding = finding
        .with("state.running.startedAt", begun)
        .with(format!("metadata.creationTimestamp of {}", host.service), made);
    finding.affects.push(maker.to_string());
    finding.next(format!(
        "Begin it anew (`kubectl -n {} rollout restart {}/{}`): it looks `{}` up only as it starts. To spare that, have it look names up again (nginx: a `resolver`, and a variable in `proxy_pass`), by `{}` of {}.",
        maker.namespace,
        maker.kind.to_lowercase(),
        maker.name,
        host.written,
        host.field,
        host.object
    ))
}
