//! A Service that Kubernetes' own proxy leaves alone, because a label says that another one looks after it.

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, label, list, name, text};
use crate::live::references::selector::selected;
use crate::live::references::template::Template;

/// Labels by which Kubernetes' proxy passes over a Service, each with whether its value names who does not.
const LABELS: [(&str, bool); 2] =
    [("service.kubernetes.io/service-proxy-name", true), ("service.kubernetes.io/headless", false)];

/// A label that takes an address away from whoever uses it.
pub(super) fn of_service(seen: &Seen<'_>, service: &Value) -> Option<Finding> {
    let address = text(service, "/spec/clusterIP");
    if address.is_empty() || address == "None" {
        return None;
    }
    let (key, value) = LABELS.into_iter().find_map(|(key, names)| {
        let value = label(service, key)?;
        (!names || !is_there(seen, value)).then_some((key, value))
    })?;
    let (at, field) = (Ref::of(service), format!("metadata.labels[{key}]"));
    let who = if LABELS[0].0 == key { format!(", and no `{value}` runs here that would do it") } else { String::new() };
    let text =
        format!("is left alone by Kubernetes' proxy, as label `{key}` says{who}: its address {address} leads nowhere");
    let ready =
        selected(seen.snapshot, service).into_iter().filter(|pod| crate::live::diagnose::pod_is_ready(pod)).count();
    let finding = Finding::new(Fault::WrongRoute, at.clone(), text).at(field.clone()).with(field, value);
    let finding = finding.with("pods that are ready behind it", &ready.to_string());
    Some(finding.next(format!("Take label `{key}` off {at}, or install what it names.")))
}

/// Whether something that runs is called like the proxy, or is told its name.
fn is_there(seen: &Seen<'_>, proxy: &str) -> bool {
    let kinds = ["Deployment", "StatefulSet", "DaemonSet"].into_iter();
    let workloads = kinds.flat_map(|kind| seen.snapshot.all("apps", kind)).chain(seen.snapshot.all("", "Pod"));
    let is_told = |container: &Value| {
        let told = ["command", "args", "env"].into_iter().filter_map(|part| container.get(part));
        told.into_iter().any(|told| told.to_string().contains(proxy))
    };
    workloads.into_iter().any(|workload| {
        let mut containers = Template::of(workload).into_iter().flat_map(|template| template.containers());
        name(workload) == proxy
            || label(workload, "app.kubernetes.io/name") == Some(proxy)
            || !list(workload, "/spec/containers").is_empty() && name(workload).starts_with(&format!("{proxy}-"))
            || containers.any(|(_, container)| is_told(container))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::live::diagnose::{Verdict, diagnose};
    use crate::live::snapshot::Snapshot;

    #[test]
    fn a_service_that_no_proxy_looks_after_is_told_and_one_with_its_proxy_is_not() {
        let judged = |labels: serde_json::Value, address: &str, proxy: &str| {
            let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"namespace": "shop", "name": "api", "labels": labels},
                "spec": {"clusterIP": address, "selector": {"app": "api"}, "ports": [{"port": 80}]}});
            let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "shop", "name": "api-1", "labels": {"app": "api"}},
                "spec": {"nodeName": "n", "containers": [{"name": "a"}]}, "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}});
            let other = json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"namespace": "net", "name": proxy},
                "spec": {"template": {"spec": {"containers": [{"name": "a", "args": ["--name=inner-proxy"]}]}}}});
            let diagnosis = diagnose(&Snapshot::of("lab", [service, pod, other]), "Service:shop/api").expect("there");
            (diagnosis.verdict, diagnosis.causes.into_iter().next().map(|one| one.field).unwrap_or_default())
        };
        let key = "service.kubernetes.io/service-proxy-name";
        assert_eq!(
            judged(json!({key: "edge-proxy"}), "10.0.0.1", "x"),
            (Verdict::Broken, format!("metadata.labels[{key}]"))
        );
        let headless = json!({"service.kubernetes.io/headless": ""});
        assert_eq!(judged(headless, "10.0.0.1", "x").1, "metadata.labels[service.kubernetes.io/headless]");
        for (labels, address, proxy) in [
            (json!({key: "edge-proxy"}), "10.0.0.1", "edge-proxy"),
            (json!({key: "inner-proxy"}), "10.0.0.1", "x"),
            (json!({key: "edge-proxy"}), "None", "x"),
            (json!({"app": "api"}), "10.0.0.1", "x"),
        ] {
            assert_eq!(judged(labels.clone(), address, proxy).1, "", "{labels} {address} {proxy}");
        }
    }
}
