//! What stands beside a thing: what it refers to and what refers to it, and what its programs need of others.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::Value;

use super::called;
use super::rules::service::misses;
use super::walk::{Children, Need, Role, Step, Walk};
use crate::live::object::{Ref, group_of, list, name, namespace, text};
use crate::live::owners;
use crate::live::references::annotations;
use crate::live::references::hosts::hosts;
use crate::live::references::nearest;
use crate::live::references::pointers::pointers;
use crate::live::references::selector::{fits, fits_plain, selected};
use crate::live::references::template::{Template, uses};
use crate::live::snapshot::Snapshot;

/// How far "what it needs needs that" is followed.
const FURTHEST: usize = 2;

/// Adds all that stands beside the objects of a walk.
pub(super) fn reach<'a>(walk: &mut Walk<'a>, snapshot: &'a Snapshot, children: &Children<'a>) {
    let known = walk.steps.iter().map(|step| step.at.clone()).collect();
    let mut reach = Reach { snapshot, children, known, hops: vec![0; walk.steps.len()], missed: HashMap::new() };
    let mut index = 0;
    while index < walk.steps.len() {
        if let Some(object) = walk.steps[index].object.filter(|object| !is_made_by_another(object)) {
            reach.beside(walk, index, object);
            reach.behind(walk, index, object);
        }
        index += 1;
    }
}

/// What a workload makes refers to the same as the workload itself.
fn is_made_by_another(object: &Value) -> bool {
    let owner = owners::reference(object).map_or("", |owner| text(owner, "/kind"));
    let is_workload = matches!(owner, "ReplicaSet" | "Deployment" | "StatefulSet" | "DaemonSet" | "Job" | "CronJob");
    Template::of(object).is_some() && is_workload
}

struct Reach<'a, 'c> {
    snapshot: &'a Snapshot,
    children: &'c Children<'a>,
    known: HashSet<Ref>,
    /// How many needs each step is away from what was asked about.
    hops: Vec<usize>,
    /// Services that select nobody and the workload that each was probably made for, by namespace.
    missed: HashMap<&'a str, Vec<(Ref, Ref)>>,
}

impl<'a> Reach<'a, '_> {
    fn add(&mut self, walk: &mut Walk<'a>, from: usize, at: Ref, role: Role, hops: usize) -> Option<usize> {
        if !self.known.insert(at.clone()) {
            return None;
        }
        let object = self.snapshot.get(&at)?;
        let depth = walk.steps[from].depth + 1;
        walk.steps.push(Step { at, object: Some(object), depth, parent: Some(from), role });
        self.hops.push(hops);
        Some(walk.steps.len() - 1)
    }

    /// References of names and labels. Beside what stands beside nothing more is looked for, but what is on the way of
    /// traffic and of data.
    fn beside(&mut self, walk: &mut Walk<'a>, from: usize, object: &'a Value) {
        let is_on_the_way = matches!(text(object, "/kind"), "Service" | "PersistentVolumeClaim");
        let (role, hops) = (walk.steps[from].role, self.hops[from]);
        if role == Role::Beside && !is_on_the_way {
            return;
        }
        for at in references(self.snapshot, object).into_iter().chain(self.missing(object)) {
            self.add(walk, from, at, role.beside(), hops);
        }
    }

    /// Services that were probably made for a workload, and do not select its pods.
    fn missing(&mut self, object: &'a Value) -> Vec<Ref> {
        if Template::of(object).is_none() {
            return Vec::new();
        }
        let (snapshot, place) = (self.snapshot, namespace(object));
        let missed = self.missed.entry(place).or_insert_with(|| {
            let services = snapshot.inside("", "Service", place);
            services.filter_map(|service| Some((Ref::of(service), Ref::of(misses(snapshot, service)?)))).collect()
        });
        let at = Ref::of(object);
        missed.iter().filter(|(_, meant)| *meant == at).map(|(service, _)| service.clone()).collect()
    }

    /// The workloads that something leads to: behind a Service, behind a host that a program is configured to use.
    fn behind(&mut self, walk: &mut Walk<'a>, from: usize, object: &'a Value) {
        // From a Service to what is behind it is no step further: the need has been counted.
        let hops = self.hops[from] + usize::from(text(object, "/kind") != "Service");
        if hops > FURTHEST {
            return;
        }
        let told = hosts(self.snapshot, object);
        let named = told.iter().map(|host| host.service.clone());
        let services: Vec<_> = named.filter(|service| self.snapshot.get(service).is_some()).collect();
        if !told.is_empty() {
            walk.hosts.insert(Ref::of(object), told);
        }
        let mut services = services;
        if let Some(workload) = Some(object).filter(|object| Template::of(object).is_some()) {
            services.extend(called::in_last_words(self.snapshot, workload));
            self.members(walk, from, workload, hops);
        }
        for service in services {
            if let Some(found) = self.snapshot.get(&service) {
                let behind = led_to(self.snapshot, found).into_iter().chain(scaled_away(self.snapshot, found));
                let to = behind.map(|workload| owner_to_name(self.snapshot, &Ref::of(workload))).collect();
                walk.needs.push(Need { from: Ref::of(object), service: service.clone(), to });
            }
            self.add(walk, from, service, Role::Needed, hops);
        }
        // Whoever else uses the same ConfigMap is no part of this; what is behind a Service that is needed is.
        let role = match (walk.steps[from].role, text(object, "/kind")) {
            (Role::Own, _) => Role::Own,
            (_, "Service") => Role::Needed,
            _ => return,
        };
        for top in led_to(self.snapshot, object) {
            self.whole(walk, from, top, hops, role);
        }
    }

    /// Sets whose members a workload calls by names that nobody has.
    fn members(&mut self, walk: &mut Walk<'a>, from: usize, workload: &'a Value, hops: usize) {
        for (set, service) in called::members(self.snapshot, workload) {
            let to = vec![owner_to_name(self.snapshot, &Ref::of(set))];
            walk.needs.push(Need { from: Ref::of(workload), service, to });
            self.whole(walk, from, set, hops, Role::Needed);
        }
    }

    /// Adds a workload with all that it owns.
    fn whole(&mut self, walk: &mut Walk<'a>, from: usize, top: &'a Value, hops: usize, role: Role) {
        if self.known.contains(&Ref::of(top)) {
            return;
        }
        let below = Walk::within(self.snapshot, self.children, &[top], |_| true);
        let mut places: Vec<Option<usize>> = Vec::new();
        for step in below.steps {
            let parent = step.parent.and_then(|parent| places[parent]).unwrap_or(from);
            places.push(self.add(walk, parent, step.at, role, hops));
        }
    }
}

/// What an object names, and what names it.
fn references(snapshot: &Snapshot, object: &Value) -> Vec<Ref> {
    let place = namespace(object);
    let mut found: Vec<Ref> = uses(object).into_iter().map(|used| used.at).collect();
    if let Some(template) = Template::of(object) {
        let service = |service: &&Value| fits_plain(service.pointer("/spec/selector"), template.labels);
        let by_name = text(object, "/spec/serviceName");
        found.extend(snapshot.inside("", "Service", place).filter(service).map(Ref::of));
        found.push(Ref::new("", "Service", place, by_name));
        found.extend(selecting(snapshot, "policy", "PodDisruptionBudget", "/spec/selector", place, template.labels));
        found.extend(selecting(
            snapshot,
            "networking.k8s.io",
            "NetworkPolicy",
            "/spec/podSelector",
            place,
            template.labels,
        ));
        for claim in list(object, "/spec/volumeClaimTemplates") {
            let names = snapshot.inside("", "PersistentVolumeClaim", place);
            let start = format!("{}-{}-", name(claim), name(object));
            found.extend(names.filter(|claim| name(claim).starts_with(&start)).map(Ref::of));
        }
    }
    let scalers = snapshot.inside("autoscaling", "HorizontalPodAutoscaler", place);
    let scales = |scaler: &&Value| {
        let aim = text(scaler, "/spec/scaleTargetRef/name");
        let kind = text(scaler, "/spec/scaleTargetRef/kind");
        let group = group_of(text(scaler, "/spec/scaleTargetRef/apiVersion"));
        let is_missed = || snapshot.get(&Ref::new(group, kind, place, aim)).is_none() && is_like(aim, name(object));
        kind == text(object, "/kind") && (aim == name(object) || is_missed())
    };
    found.extend(scalers.filter(scales).map(Ref::of));
    match text(object, "/kind") {
        "Service" => {
            let is_missed = |backend: &str| {
                snapshot.get(&Ref::new("", "Service", place, backend)).is_none() && is_like(backend, name(object))
            };
            let leads = |ingress: &&Value| {
                backends(ingress).iter().any(|(_, backend)| *backend == name(object) || is_missed(backend))
            };
            found.extend(snapshot.inside("networking.k8s.io", "Ingress", place).filter(leads).map(Ref::of));
        }
        "Ingress" => {
            found.extend(backends(object).iter().map(|(_, backend)| Ref::new("", "Service", place, backend)));
            let secrets: Vec<_> = list(object, "/spec/tls").iter().map(|tls| text(tls, "/secretName")).collect();
            let certificates = snapshot.inside("cert-manager.io", "Certificate", place);
            let serves = |certificate: &&Value| secrets.contains(&text(certificate, "/spec/secretName"));
            found.extend(certificates.filter(serves).map(Ref::of));
        }
        "PersistentVolumeClaim" => {
            found.push(Ref::new("", "PersistentVolume", "", text(object, "/spec/volumeName")));
        }
        _ => {}
    }
    for named in annotations::named(&snapshot.served, object) {
        found.extend(snapshot.all(&named.kind.group, &named.kind.kind).filter(|one| named.is(one)).map(Ref::of));
    }
    if text(object, "/kind") != "Application" {
        found.extend(pointers(&snapshot.served, object).into_iter().map(|pointer| pointer.at));
    }
    found.retain(|at| !at.name.is_empty());
    found
}

/// Whether one name is probably a slip for the other.
fn is_like(written: &str, name: &str) -> bool {
    nearest(written, std::iter::once(name)).is_some()
}

fn selecting(
    snapshot: &Snapshot,
    group: &str,
    kind: &str,
    selector: &str,
    place: &str,
    labels: Option<&Value>,
) -> Vec<Ref> {
    snapshot.inside(group, kind, place).filter(|one| fits(one.pointer(selector), labels)).map(Ref::of).collect()
}

/// Services behind an Ingress, each with the field of its `service`.
pub(super) fn backends(ingress: &Value) -> Vec<(String, &str)> {
    let mut found = Vec::new();
    if let Some(service) = ingress.pointer("/spec/defaultBackend/service") {
        found.push(("spec.defaultBackend.service".to_string(), text(service, "/name")));
    }
    for (rule, value) in list(ingress, "/spec/rules").iter().enumerate() {
        for (path, value) in list(value, "/http/paths").iter().enumerate() {
            let field = format!("spec.rules[{rule}].http.paths[{path}].backend.service");
            found.push((field, text(value, "/backend/service/name")));
        }
    }
    found.retain(|(_, name)| !name.is_empty());
    found
}

/// The workloads that an object leads to or stands for.
fn led_to<'a>(snapshot: &'a Snapshot, object: &'a Value) -> Vec<&'a Value> {
    let place = namespace(object);
    let pods: Vec<&Value> = match text(object, "/kind") {
        "Service" => match selected(snapshot, object) {
            none if none.is_empty() => return in_place_of_pods(snapshot, object),
            pods => pods,
        },
        "PodDisruptionBudget" => pods_of(snapshot, place, object.pointer("/spec/selector")),
        "NetworkPolicy" => pods_of(snapshot, place, object.pointer("/spec/podSelector")),
        "HorizontalPodAutoscaler" => {
            let kind = text(object, "/spec/scaleTargetRef/kind");
            let group = group_of(text(object, "/spec/scaleTargetRef/apiVersion"));
            let target = snapshot.get(&Ref::new(group, kind, place, text(object, "/spec/scaleTargetRef/name")));
            return target.into_iter().collect();
        }
        "ConfigMap" | "ServiceAccount" | "PersistentVolumeClaim" => return users(snapshot, object),
        _ => Vec::new(),
    };
    let mut seen = BTreeSet::new();
    let tops = pods.into_iter().map(|pod| maker_of(snapshot, pod));
    tops.filter(|top| seen.insert(Ref::of(top))).collect()
}

/// Workloads whose pods a Service would lead to, if there were any.
fn meant_by<'a>(snapshot: &'a Snapshot, service: &'a Value) -> impl Iterator<Item = &'a Value> {
    let selector = service.pointer("/spec/selector");
    let workloads = ["Deployment", "StatefulSet", "DaemonSet"].into_iter();
    let workloads = workloads.flat_map(|kind| snapshot.inside("apps", kind, namespace(service)));
    workloads.filter(move |one| fits_plain(selector, Template::of(one).and_then(|template| template.labels)))
}

/// Those of them that nobody wants any pod of just now.
fn scaled_away<'a>(snapshot: &'a Snapshot, service: &'a Value) -> impl Iterator<Item = &'a Value> {
    meant_by(snapshot, service).filter(|one| is_at_zero(one))
}

fn is_at_zero(workload: &Value) -> bool {
    workload.pointer("/spec/replicas").and_then(Value::as_i64) == Some(0)
}

/// What tells why a Service has no pods: the workload that should have made some, else the operator's object that has made
/// the Service, and that makes its pods itself.
fn in_place_of_pods<'a>(snapshot: &'a Snapshot, service: &'a Value) -> Vec<&'a Value> {
    let workloads: Vec<_> = meant_by(snapshot, service).filter(|one| !is_at_zero(one)).collect();
    if !workloads.is_empty() {
        return workloads;
    }
    let is_own = |maker: &&Value| {
        let group = group_of(text(maker, "/apiVersion"));
        group.contains('.') && !group.ends_with(".k8s.io")
    };
    owners::above(snapshot, service).filter(is_own).into_iter().collect()
}

fn pods_of<'a>(snapshot: &'a Snapshot, place: &str, selector: Option<&Value>) -> Vec<&'a Value> {
    snapshot.inside("", "Pod", place).filter(|pod| fits(selector, pod.pointer("/metadata/labels"))).collect()
}

/// Workloads whose pods name an object.
fn users<'a>(snapshot: &'a Snapshot, object: &Value) -> Vec<&'a Value> {
    let at = Ref::of(object);
    let workloads = [
        ("apps", "Deployment"),
        ("apps", "StatefulSet"),
        ("apps", "DaemonSet"),
        ("batch", "CronJob"),
        ("batch", "Job"),
        ("", "Pod"),
    ];
    let all = workloads.iter().flat_map(|(group, kind)| snapshot.inside(group, kind, &at.namespace));
    let all = all.filter(|workload| list(workload, "/metadata/ownerReferences").is_empty());
    all.filter(|workload| uses(workload).iter().any(|used| used.at == at)).collect()
}

/// The Deployment, set or Job that a pod is of, or the pod itself; not what stands above that.
pub(super) fn maker_of<'a>(snapshot: &'a Snapshot, pod: &'a Value) -> &'a Value {
    owners::line(snapshot, pod).take_while(|owner| Template::of(owner).is_some()).last().unwrap_or(pod)
}

/// The topmost thing that a person would name: the app, not its pod.
pub(super) fn owner_to_name(snapshot: &Snapshot, at: &Ref) -> Ref {
    snapshot.get(at).map_or_else(|| at.clone(), |object| Ref::of(owners::top(snapshot, object)))
}
