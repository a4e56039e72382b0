//! The certificates that kubeadm and the kubelet made in a node: how long they are good for, and new ones in time.
//!
//! kubeadm makes them for a year and renews them only where somebody upgrades the cluster. A platform may stand for longer
//! than that, or lie stopped. What renews here needs neither the API server nor a kubelet that is known to it.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use time::{Duration, OffsetDateTime};
use x509_parser::pem::Pem;

use super::engine::Engine;
use super::error::ClusterError;
use super::kubeconfig::credentials;
use super::provision::{CONFIG, admin_kubeconfig};

/// So long before they end they are told of, and renewed.
const IN_TIME: Duration = Duration::days(30);

/// The node's clock, then all certificates that it has for itself. No key leaves the node by this.
const LOOK: &str = "date +%s
{
  cat /etc/kubernetes/pki/*.crt /etc/kubernetes/pki/etcd/*.crt /var/lib/kubelet/pki/kubelet-client-current.pem 2>/dev/null
  sed -n 's/^ *client-certificate-data: //p' /etc/kubernetes/*.conf | while read -r data; do echo $data | base64 -d; done
} | sed -n '/BEGIN CERT/,/END CERT/p'";

/// What runs from manifests keeps the certificates that it began with; the kubelet starts it again at once.
const RESTART: &str = "for name in etcd kube-apiserver kube-controller-manager kube-scheduler; do \
                       crictl ps --quiet --state running --name \"^$name\\$\"; done | xargs -r crictl stop --timeout 10";

/// A kubelet's own certificate, as kubelets keep it: both parts in one file, and a link to the newest.
const TAKE: &str = "umask 077 && cd /var/lib/kubelet/pki && file=\"$PWD/kubelet-client-$(date +%F-%H-%M-%S).pem\" && \
                    cat > \"$file\" && ln -sfn \"$file\" kubelet-client-current.pem && systemctl restart kubelet";

/// How long the certificates of a node are good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// The moment, by the node's clock.
    pub now: OffsetDateTime,
    /// When the first of them ends; authorities do not count.
    pub end: OffsetDateTime,
}

impl Validity {
    /// Whether it is time to renew them.
    pub fn ends_soon(&self) -> bool {
        self.end - self.now < IN_TIME
    }

    /// When they end, as people say it: `end on 2027-03-01, in 5 days`.
    pub fn told(&self) -> String {
        let days = (self.end - self.now).whole_days();
        match days {
            _ if self.end <= self.now => format!("have ended on {}", self.end.date()),
            0 => format!("end on {}, within a day", self.end.date()),
            1 => format!("end on {}, in 1 day", self.end.date()),
            days => format!("end on {}, in {days} days", self.end.date()),
        }
    }

    /// Reads what [`LOOK`] wrote; `None` where there are no certificates yet.
    fn of(seen: &str) -> Option<Self> {
        let (clock, certificates) = seen.split_once('\n')?;
        let now = OffsetDateTime::from_unix_timestamp(clock.trim().parse().ok()?).ok()?;
        let pems = Pem::iter_from_buffer(certificates.as_bytes()).filter_map(Result::ok);
        let ends = pems.filter_map(|pem| {
            let certificate = pem.parse_x509().ok().filter(|certificate| !certificate.is_ca())?;
            Some(certificate.validity().not_after.to_datetime())
        });
        Some(Self { now, end: ends.min()? })
    }
}

/// How long the certificates of a node that runs are good for; `None` if it has none yet.
///
/// # Errors
/// The engine refuses, or the node does not run.
pub async fn look(engine: &Engine, node: &str) -> Result<Option<Validity>, ClusterError> {
    Ok(Validity::of(&engine.exec(node, &["sh", "-c", LOOK], None).await?.stdout))
}

/// Renews the certificates of a node that runs if they end within a month, or have ended; then it gives how long those of before
/// were good for. Workers need a control plane that runs, but not its API server.
///
/// # Errors
/// [`ClusterError::Command`] with the words of kubeadm or of the node.
pub async fn renew_in_time(engine: &Engine, control_plane: &str, node: &str) -> Result<Option<Validity>, ClusterError> {
    let Some(before) = look(engine, node).await?.filter(Validity::ends_soon) else { return Ok(None) };
    if node == control_plane {
        engine.run(node, &["kubeadm", "certs", "renew", "all", "--config", CONFIG], None).await?;
    }
    let user = format!("system:node:{node}");
    let asked = ["kubeadm", "kubeconfig", "user", "--config", CONFIG, "--org", "system:nodes", "--client-name", &user];
    let pem =
        own_certificate(&engine.run(control_plane, &asked, None).await?).ok_or_else(|| ClusterError::Command {
            node: control_plane.into(),
            command: asked.join(" "),
            code: 0,
            output: "what it wrote has no certificate with its key".into(),
        })?;
    if node == control_plane {
        engine.run(node, &["sh", "-c", RESTART], None).await?;
    }
    // Last: whoever is cut off before it finds a certificate that ends soon, and does all of it again.
    engine.run(node, &["sh", "-c", TAKE], Some(&pem)).await?;
    Ok(Some(before))
}

/// The same for all nodes of a platform; the administrator's kubeconfig of before and after, if any was renewed.
///
/// # Errors
/// As [`renew_in_time`].
pub async fn renew_all(
    engine: &Engine,
    control_plane: &str,
    nodes: &[String],
) -> Result<Option<Renewed>, ClusterError> {
    let before = admin_kubeconfig(engine, control_plane).await?;
    let workers = nodes.iter().map(String::as_str).filter(|node| *node != control_plane);
    let mut renewed = Vec::new();
    for node in [control_plane].into_iter().chain(workers) {
        let validity = renew_in_time(engine, control_plane, node).await?;
        renewed.extend(validity.map(|validity| (node.to_string(), validity)));
    }
    if renewed.is_empty() {
        return Ok(None);
    }
    Ok(Some(Renewed { nodes: renewed, before, now: admin_kubeconfig(engine, control_plane).await? }))
}

/// What was renewed.
#[derive(Debug, Clone)]
pub struct Renewed {
    /// Nodes with new certificates, and how long the old ones were good for.
    pub nodes: Vec<(String, Validity)>,
    /// The administrator's kubeconfig as it was.
    pub before: String,
    /// The administrator's kubeconfig as it is.
    pub now: String,
}

/// What is told of a node that has new certificates.
pub fn told(node: &str, before: &Validity) -> String {
    format!("the certificates of node `{node}` {}: they are renewed", before.told())
}

/// The certificate of a kubeconfig's only user, and its key.
fn own_certificate(kubeconfig: &str) -> Option<Vec<u8>> {
    let [certificate, key] = credentials(kubeconfig).map(|data| BASE64.decode(data).ok());
    let parts = [certificate?, key?];
    parts.iter().all(|part| !part.is_empty()).then(|| parts.concat())
}

#[cfg(test)]
mod tests {
    use time::format_description::well_known::Rfc3339;

    use super::*;

    fn at(time: &str) -> OffsetDateTime {
        OffsetDateTime::parse(time, &Rfc3339).expect("a time")
    }

    fn certificate(end: OffsetDateTime, is_authority: bool) -> String {
        let mut params = rcgen::CertificateParams::default();
        (params.not_before, params.not_after) = (at("2026-01-01T00:00:00Z"), end);
        if is_authority {
            params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        }
        let key = rcgen::KeyPair::generate().expect("a key");
        params.self_signed(&key).expect("a certificate").pem()
    }

    #[test]
    fn the_first_to_end_counts_and_authorities_do_not() {
        let (soon, late) = (at("2027-01-10T00:00:00Z"), at("2027-06-01T00:00:00Z"));
        let all = [certificate(late, false), certificate(soon, false), certificate(at("2026-12-02T00:00:00Z"), true)];
        let now = at("2026-12-01T00:00:00Z");
        let seen = format!("{}\n{}", now.unix_timestamp(), all.concat());
        let validity = Validity::of(&seen).expect("certificates");
        assert_eq!(validity, Validity { now, end: soon });
        assert!(!validity.ends_soon(), "there are 40 days left");
        assert_eq!(Validity::of(&format!("{}\n", now.unix_timestamp())), None, "a node without any");
        assert_eq!(Validity::of("sh: not found\n"), None);
    }

    #[test]
    fn a_month_before_they_end_it_is_time() {
        let end = at("2027-01-10T12:00:00Z");
        let left = |now| Validity { now, end };
        let cases = [
            (at("2026-12-11T11:00:00Z"), false, "end on 2027-01-10, in 30 days"),
            (at("2026-12-12T11:00:00Z"), true, "end on 2027-01-10, in 29 days"),
            (at("2027-01-09T11:00:00Z"), true, "end on 2027-01-10, in 1 day"),
            (at("2027-01-10T11:00:00Z"), true, "end on 2027-01-10, within a day"),
            (at("2027-01-10T12:00:00Z"), true, "have ended on 2027-01-10"),
        ];
        for (now, soon, told) in cases {
            assert_eq!((left(now).ends_soon(), left(now).told().as_str()), (soon, told));
        }
    }

    #[test]
    fn a_kubelets_certificate_is_taken_out_of_the_kubeconfig_that_kubeadm_writes() {
        let config = format!(
            "apiVersion: v1\nkind: Config\nusers:\n- name: x\n  user:\n    client-certificate-data: {}\n    client-key-data: {}\n",
            BASE64.encode("certificate\n"),
            BASE64.encode("key\n")
        );
        assert_eq!(own_certificate(&config).as_deref(), Some("certificate\nkey\n".as_bytes()));
        assert_eq!(own_certificate("users: []"), None);
    }
}
