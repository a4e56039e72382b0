//! Leases: who holds one says so every few seconds, and is taken for gone where it does not.
//!
//! A platform that was paused wakes up with the picture of before: everything is called ready, until whoever watches over
//! others notices that nobody has said anything for long. What is called ready counts only after those who renewed
//! their leases before have done so again.

use k8s_openapi::api::coordination::v1::Lease;
use kube::api::{Api, ListParams};
use kube::{Client, ResourceExt};
use time::OffsetDateTime;
use tokio::time::{Instant, sleep};

use super::{DEADLINE, LOOK_AGAIN, SettleError};
use crate::kubernetes;
use crate::report::Progress;

/// Waits until every lease that was kept until the platform was paused is kept again, or is gone. `woken` is the moment
/// at which it was woken, by the engine's clock.
///
/// # Errors
/// [`SettleError::NotReady`] with those that are not, at the deadline.
pub async fn await_renewed(client: &Client, woken: OffsetDateTime, progress: &Progress) -> Result<(), SettleError> {
    let start = Instant::now();
    loop {
        let leases = Api::<Lease>::all(client.clone()).list(&ListParams::default()).await;
        let leases = leases.map_err(kubernetes::Error::request("look at the leases"))?;
        let silent = silent(&leases.items, woken);
        let Some(first) = silent.first() else { return Ok(()) };
        if start.elapsed() >= DEADLINE {
            return Err(SettleError::NotReady { waited: start.elapsed(), what: silent });
        }
        progress.detail(format!("waiting for {first}"));
        sleep(LOOK_AGAIN).await;
    }
}

/// Leases that were kept when everything froze, which is when the last of them was renewed, and have not been since.
fn silent(leases: &[Lease], woken: OffsetDateTime) -> Vec<String> {
    let frozen = leases.iter().filter_map(renewed).filter(|time| *time < woken).max();
    let was_kept = |lease: &&Lease| match (renewed(lease), frozen) {
        (Some(time), Some(frozen)) => time < woken && frozen - time < length(lease),
        _ => false,
    };
    let name = |lease: &Lease| format!("lease {}/{}", lease.namespace().unwrap_or_default(), lease.name_any());
    leases.iter().filter(was_kept).map(name).collect()
}

/// When its holder renewed it last.
fn renewed(lease: &Lease) -> Option<OffsetDateTime> {
    let spec = lease.spec.as_ref()?;
    spec.holder_identity.as_ref().filter(|holder| !holder.is_empty())?;
    let time = spec.renew_time.as_ref()?.0;
    OffsetDateTime::from_unix_timestamp_nanos(time.as_nanosecond()).ok()
}

fn length(lease: &Lease) -> time::Duration {
    let seconds = lease.spec.as_ref().and_then(|spec| spec.lease_duration_seconds).unwrap_or_default();
    time::Duration::seconds(seconds.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::format_description::well_known::Rfc3339;

    use super::*;

    fn lease(name: &str, holder: &str, renewed: &str) -> Lease {
        let renewed = format!("2026-01-01T00:{renewed}.000000Z");
        let spec = json!({"holderIdentity": holder, "renewTime": renewed, "leaseDurationSeconds": 40});
        serde_json::from_value(json!({"metadata": {"name": name, "namespace": "n"}, "spec": spec})).expect("a lease")
    }

    #[test]
    fn who_kept_a_lease_when_all_froze_has_to_keep_it_again() {
        let woken = OffsetDateTime::parse("2026-01-01T00:30:00Z", &Rfc3339).expect("a time");
        let leases = [
            lease("node", "me", "10:00"),
            lease("controller", "me", "09:45"),
            lease("of-somebody-gone", "them", "05:00"),
            lease("let-go", "", "09:59"),
            lease("back", "me", "30:02"),
        ];
        assert_eq!(silent(&leases, woken), ["lease n/node", "lease n/controller"]);
        assert_eq!(silent(&[lease("node", "me", "30:01")], woken), Vec::<String>::new());
        assert_eq!(silent(&[], woken), Vec::<String>::new());
    }
}
