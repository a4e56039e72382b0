//! Whether pods can look names up: asked in the network of an old and of a new pod, by a question as their
//! programs would send it.

use std::net::Ipv4Addr;

use futures::future::join_all;
use k8s_openapi::api::core::v1::{Pod, Service};
use kube::ResourceExt;
use kube::api::{Api, ListParams};

use crate::checkpoint::node::pattern;
use crate::target::local::Running;

/// Every cluster has this name.
const NAME: &str = "kubernetes.default.svc.cluster.local";

/// Pods that get no answer, and why.
pub(super) async fn silent(place: &Running) -> Vec<String> {
    let (pods, server) = match asked(place).await {
        Ok(found) => found,
        Err(error) => return vec![format!("names: {error}")],
    };
    let asked = pods.iter().map(|pod| async move {
        let name = || format!("names, asked in pod {}/{}", pod.namespace().unwrap_or_default(), pod.name_any());
        (!answers(place, pod, server).await).then(name)
    });
    join_all(asked).await.into_iter().flatten().collect()
}

/// The oldest and the newest pod with a network of its own that is Kubernetes' own or holds a volume, and the cluster's
/// name server; nothing where there is none.
async fn asked(place: &Running) -> Result<(Vec<Pod>, Ipv4Addr), kube::Error> {
    let service = Api::<Service>::namespaced(place.client.clone(), "kube-system").get_opt("kube-dns").await?;
    let address = service.and_then(|service| service.spec?.cluster_ip?.parse().ok());
    let Some(address) = address else { return Ok((Vec::new(), Ipv4Addr::UNSPECIFIED)) };
    let pods =
        Api::<Pod>::all(place.client.clone()).list(&ListParams::default().fields("status.phase=Running")).await?;
    let mut pods: Vec<_> = pods.into_iter().filter(has_network).collect();
    pods.sort_by_key(|pod| pod.metadata.creation_timestamp.clone().map(|time| time.0));
    let newest = if pods.len() > 1 { pods.pop() } else { None };
    pods.truncate(1);
    pods.extend(newest);
    Ok((pods, address))
}

fn has_network(pod: &Pod) -> bool {
    pod.spec.as_ref().is_some_and(|spec| spec.host_network != Some(true)) && pod.metadata.deletion_timestamp.is_none()
}

async fn answers(place: &Running, pod: &Pod, server: Ipv4Addr) -> bool {
    let node = pod.spec.as_ref().and_then(|spec| spec.node_name.clone()).unwrap_or_default();
    let question: String = question(NAME).iter().map(|byte| format!("\\x{byte:02x}")).collect();
    let uid = pattern(&[pod.uid().unwrap_or_default()]);
    let script = format!(
        "for pid in $(grep -lE 'pod({uid})' /proc/[0-9]*/cgroup 2>/dev/null | cut -d/ -f3); do
          # One that has ended, and that nobody has asked about, has no network any more.
          readlink /proc/$pid/ns/net >/dev/null 2>&1 && break
          pid=
        done
        [ -n \"$pid\" ] || exit 3
        timeout 2 nsenter -t $pid -n bash -c 'exec 3<>/dev/tcp/{server}/53 && printf \"{question}\" >&3 && head -c 14 <&3' | od -An -v -tx1"
    );
    match place.engine.run(&node, &["bash", "-c", &script], None).await {
        Ok(told) => is_answer(&told),
        Err(_) => false,
    }
}

/// A question for the address of a name, as it goes over TCP: its length, a head, the name, type and class.
fn question(name: &str) -> Vec<u8> {
    let mut message = vec![0x42, 0x42, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        message.push(label.len() as u8);
        message.extend_from_slice(label.as_bytes());
    }
    message.extend([0, 0, 1, 0, 1]);
    let length = u16::try_from(message.len()).unwrap_or_default();
    [&length.to_be_bytes()[..], &message].concat()
}

/// Whether these hexadecimal bytes begin an answer without a fault that holds at least one address.
fn is_answer(told: &str) -> bool {
    let bytes: Vec<u8> = told.split_whitespace().filter_map(|byte| u8::from_str_radix(byte, 16).ok()).collect();
    bytes.len() == 14
        && bytes[2..4] == [0x42, 0x42]
        && bytes[4] & 0x80 != 0
        && bytes[5] & 0x0f == 0
        && bytes[8..10] != [0, 0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_asked_and_its_answer_read() {
        let question = question("a.bc");
        assert_eq!(question[..2], [0, question.len() as u8 - 2]);
        assert_eq!(question[14..], [1, b'a', 2, b'b', b'c', 0, 0, 1, 0, 1]);
        assert!(is_answer(" 00 5a 42 42 85 00 00 01 00 01 00 00 00 00\n"));
        // No such name, no address, no answer at all.
        assert!(!is_answer(" 00 5a 42 42 85 03 00 01 00 00 00 01 00 00"));
        assert!(!is_answer(" 00 5a 42 42 85 00 00 01 00 00 00 00 00 00"));
        assert!(!is_answer(""));
    }
}
