//! What is wrong with an object beside its own state: a reference that leads nowhere, traffic that cannot pass, a time
//! that is over.
//!
//! One file for each sort of thing. A rule looks at one object and at what it refers to, and says which field is at
//! fault; it says nothing where it does not know.

use std::collections::BTreeMap;

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Finding;
use super::walk::Walk;
use crate::live::object::{Ref, text};
use crate::live::references::hosts::Host;
use crate::live::snapshot::Snapshot;

mod across;
pub(super) mod admission;
mod aliases;
pub(super) mod allowed;
mod annotations;
pub(super) mod answers;
mod autoscaler;
mod awaited;
pub(super) mod certificates;
mod configuration;
mod declared;
mod deletion;
mod dns;
mod expressions;
pub(super) mod fights;
mod flags;
pub(super) mod generated;
mod guarded;
mod hidden;
mod hooks;
mod hosts;
mod ignored;
pub(super) mod ingress;
pub(super) mod keepers;
pub(super) mod last_words;
mod left_out;
mod limits;
mod listening;
mod logins;
pub(super) mod logs;
mod matches;
mod mounted;
mod mounts;
mod mutual;
mod names;
mod network;
pub(super) mod offered;
mod one_pod;
mod outlived;
pub(super) mod params;
mod paths;
mod placement;
mod pods;
mod pointers;
pub(super) mod probes;
pub(super) mod projects;
mod proxied;
mod quotas;
mod released;
pub(super) mod rights;
mod rollout;
pub(super) mod runs;
mod said;
mod schedules;
mod schemes;
mod secrets;
pub(super) mod service;
pub(super) mod shown;
pub(super) mod slices;
mod storage;
pub(super) mod throttling;
mod tls;
mod token;
mod turned_away;
mod turned_down;
mod unreadable;
mod upstream;
mod values;
mod variables;
pub(super) mod waiting;
mod waves;
mod webhooks;
mod windows;

/// The cluster, and when it was like that.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub snapshot: &'a Snapshot,
    pub now: OffsetDateTime,
    hosts: &'a BTreeMap<Ref, Vec<Host>>,
}

impl<'a> Seen<'a> {
    pub(super) fn of(snapshot: &'a Snapshot, walk: &'a Walk<'_>) -> Self {
        Self { snapshot, now: snapshot.moment(), hosts: &walk.hosts }
    }

    /// Hosts that the programs of a workload are told to use.
    pub(super) fn hosts_of(&self, workload: &Ref) -> &'a [Host] {
        self.hosts.get(workload).map_or(&[], Vec::as_slice)
    }

    /// Seconds since a time as Kubernetes writes it; nothing if that is none.
    pub(super) fn seconds_since(&self, time: &str) -> Option<i64> {
        Some((self.now - OffsetDateTime::parse(time, &Rfc3339).ok()?).whole_seconds())
    }
}

/// All that is wrong with what an object refers to.
pub(super) fn of_object(seen: &Seen<'_>, object: &Value) -> Vec<Finding> {
    let mut found = deletion::of_object(seen, object);
    found.extend(annotations::of_object(seen, object));
    match text(object, "/kind") {
        "Service" => {
            found.extend(service::of_service(seen, object));
            found.extend(proxied::of_service(seen, object));
        }
        "Ingress" => found.extend(ingress::of_ingress(seen, object)),
        "HorizontalPodAutoscaler" => found.extend(autoscaler::of_autoscaler(seen, object)),
        "PodDisruptionBudget" => found.extend(autoscaler::of_budget(seen, object)),
        "NetworkPolicy" => found.extend(network::of_policy(seen, object)),
        "PersistentVolumeClaim" => found.extend(storage::of_claim(seen, object)),
        "CronJob" => {
            found.extend(schedules::of_schedule(seen, object));
            found.extend(of_template(seen, object));
        }
        "Job" => {
            found.extend(schedules::of_job(seen, object));
            found.extend(of_template(seen, object));
        }
        "Deployment" | "StatefulSet" | "DaemonSet" => {
            found.extend(rollout::of_workload(object));
            found.extend(of_template(seen, object));
        }
        "Pod" => {
            found.extend(pods::of_pod(seen, object));
            found.extend(one_pod::of_pod(seen, object));
            found.extend(awaited::of_pod(seen, object));
            found.extend(awaited::of_member(seen, object));
            found.extend(logs::of_pod(seen, object));
            found.extend(throttling::of_pod(seen, object));
            found.extend(configuration::of_pod(seen, object));
            if crate::live::object::list(object, "/metadata/ownerReferences").is_empty() {
                found.extend(of_template(seen, object));
            }
        }
        "Certificate" => found.extend(certificates::of_certificate(seen, object)),
        _ if certificates::is_issuer(object) => found.extend(certificates::of_issuer(seen, object)),
        "RoleBinding" | "ClusterRoleBinding" => found.extend(rights::of_binding(seen, object)),
        "Application" => {
            found.extend(windows::of_application(seen, object));
            let waves = waves::of_application(seen, object);
            if waves.is_none() {
                found.extend(hooks::of_application(seen, object));
            }
            found.extend(waves);
            found.extend(fights::of_application(seen, object));
            found.extend(ignored::of_application(seen, object));
        }
        "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration" => {
            found.extend(admission::of_configuration(seen, object));
        }
        "ValidatingAdmissionPolicyBinding" | "MutatingAdmissionPolicyBinding" => {
            found.extend(params::of_binding(seen, object));
        }
        "AppProject" => {}
        "ApplicationSet" => found.extend(windows::of_set(seen, object)),
        _ => {
            found.extend(pointers::of_any(seen, object));
            found.extend(declared::of_any(object));
            found.extend(runs::of_schedule(seen, object));
        }
    }
    found
}

/// A finding with what only the objects around it can tell: which rule, which mount, whose limit.
pub(super) fn explained(seen: &Seen<'_>, finding: Finding) -> Finding {
    let finding = placement::explained(seen, finding);
    let finding = mounts::explained(seen, finding);
    let finding = limits::explained(seen, finding);
    let finding = expressions::explained(seen, finding);
    let finding = params::explained(seen, finding);
    let finding = offered::explained(seen, finding);
    schedules::explained(seen, finding)
}

/// Whether a finding matters only to whoever asks about the object itself: a budget that is tight harms nobody who runs.
pub(super) fn is_of_interest_alone(finding: &Finding) -> bool {
    finding.fault == super::Fault::BudgetBlocks && finding.weight <= autoscaler::TIGHT
}

/// What its template names and is told.
fn of_template(seen: &Seen<'_>, object: &Value) -> Vec<Finding> {
    let mut found = names::of_template(seen, object);
    found.extend(variables::of_template(seen, object));
    found.extend(values::of_template(object));
    found.extend(mounts::of_template(seen, object));
    found.extend(hosts::of_template(seen, object));
    found.extend(schemes::of_template(seen, object));
    found.extend(aliases::of_template(seen, object));
    found.extend(dns::of_template(seen, object));
    found.extend(network::of_needs(seen, object));
    found.extend(rights::of_account(seen, object));
    found
}
