//! Hosts of an Ingress that have a certificate of their own, and whether the one that is shown for them is good.

use serde_json::Value;

use super::answers;
use crate::live::object::{list, text};
use crate::live::questions::{Question, Reply};
use crate::live::snapshot::Snapshot;

/// Hosts of an Ingress that have a Secret, each with the place of that.
pub(super) fn hosts(ingress: &Value) -> Vec<(usize, &str, &str)> {
    let all = list(ingress, "/spec/tls").iter().enumerate();
    let all = all.flat_map(|(index, tls)| {
        let hosts = list(tls, "/hosts").iter().filter_map(Value::as_str);
        hosts.map(move |host| (index, host, text(tls, "/secretName")))
    });
    all.filter(|(_, host, secret)| !secret.is_empty() && !host.contains('*')).take(4).collect()
}

/// The question which certificate is shown for a host.
pub(super) fn question(snapshot: &Snapshot, host: &str) -> Option<Question> {
    let (pod, port) = answers::door(snapshot, true)?;
    let address = text(pod, "/status/podIP").to_string();
    Some(Question::Certificate { address, port, host: host.into() })
}

/// Whether the ingress shows a certificate for each host of an Ingress that is good for it: then it has found the Secrets.
pub(super) fn fits(snapshot: &Snapshot, ingress: &Value) -> bool {
    let hosts = hosts(ingress);
    let is_good = |host: &str| {
        let shown = question(snapshot, host).and_then(|asked| snapshot.reply(&asked));
        matches!(shown, Some(Reply::Certificate(shown)) if shown.serves(host))
    };
    !hosts.is_empty() && hosts.iter().all(|(_, host, _)| is_good(host))
}
