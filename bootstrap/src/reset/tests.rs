use super::*;
use crate::etcd::object::sample::Sample;
use crate::reset::taken::{Taken, has_volumes, lost};

fn stored(key: &str, value: Vec<u8>) -> Stored {
    Stored { key: key.into(), value, leased: false }
}

fn objects(all: &[(&str, Sample<'_>)]) -> Objects {
    Objects(all.iter().map(|(key, sample)| ((*key).to_string(), sample.value())).collect())
}

fn now(all: &[(&str, Sample<'_>)]) -> Vec<Stored> {
    all.iter().map(|(key, sample)| stored(key, sample.value())).collect()
}

fn sample<'a>(kind: &'a str, uid: &'a str) -> Sample<'a> {
    Sample { kind, uid, generation: 1, ..Sample::default() }
}

fn deleted(plan: &Plan) -> Vec<&str> {
    plan.changes.iter().filter(|change| matches!(change, Change::Delete { .. })).map(Change::key).collect()
}

fn written(plan: &Plan) -> Vec<&str> {
    plan.changes.iter().filter(|change| matches!(change, Change::Put { .. })).map(Change::key).collect()
}

fn plan(then: &[(&str, Sample<'_>)], at_present: &[(&str, Sample<'_>)]) -> Plan {
    build(&objects(then), &now(at_present), &BTreeSet::new())
}

#[test]
fn where_nothing_differs_nothing_is_written() {
    let same = [("/registry/configmaps/a/c", sample("ConfigMap", "c")), ("/registry/pods/a/p", sample("Pod", "p"))];
    assert_eq!(plan(&same, &same), Plan::default());
}

#[test]
fn what_is_gone_comes_back_what_is_new_goes_and_what_was_changed_is_as_it_was() {
    let (mine, changed) = (sample("ConfigMap", "c"), Sample { spec: "changed", ..sample("ConfigMap", "c") });
    let then = [("/registry/configmaps/a/c", mine), ("/registry/secrets/a/s", sample("Secret", "s"))];
    let present =
        [("/registry/configmaps/a/c", changed), ("/registry/serviceaccounts/a/x", sample("ServiceAccount", "x"))];
    let plan = plan(&then, &present);
    assert_eq!(deleted(&plan), ["/registry/serviceaccounts/a/x"]);
    assert_eq!(written(&plan), ["/registry/configmaps/a/c", "/registry/secrets/a/s"]);
    let told = serde_json::to_value(&plan.difference).expect("JSON");
    let wanted = serde_json::json!({"gone": {"Secret": 1}, "changed": {"ConfigMap": 1}, "new": {"ServiceAccount": 1}});
    assert_eq!((told, plan.difference.count()), (wanted, 3));
}

#[test]
fn what_is_so_at_this_moment_stays() {
    let lease = ("/registry/leases/kube-system/x", sample("Lease", "l"));
    let event = ("/registry/events/a/e", sample("Event", "e"));
    let other = ("/registry/leases/kube-system/x", Sample { spec: "later", ..sample("Lease", "l") });
    let namespace = ("/registry/namespaces/a", sample("Namespace", "a"));
    let system = ("/registry/namespaces/kube-system", sample("Namespace", "k"));
    let with = |all: &[(&'static str, Sample<'static>)]| [&[system.clone(), namespace.clone()], all].concat();
    assert_eq!(plan(&with(&[lease]), &with(&[other, event.clone()])), Plan::default());
    // But what is in a namespace goes with it.
    let plan = plan(std::slice::from_ref(&system), &[system.clone(), namespace.clone(), event]);
    assert_eq!(deleted(&plan), ["/registry/events/a/e", "/registry/namespaces/a"]);
    assert_eq!(plan.difference.count(), 1, "an event is nothing to tell of");
    let mut leased = stored("/registry/things/t", sample("Thing", "t").value());
    leased.leased = true;
    assert_eq!(build(&Objects::default(), &[leased], &BTreeSet::new()), Plan::default());
}

#[test]
fn a_namespace_that_is_going_is_ended_with_all_that_is_in_it() {
    let inside = |kind, uid| Sample { namespace: "a", ..sample(kind, uid) };
    let all = [
        ("/registry/configmaps/a/c", inside("ConfigMap", "c")),
        ("/registry/configmaps/b/c", Sample { namespace: "b", ..sample("ConfigMap", "d") }),
        ("/registry/example.org/a/cluster-wide", sample("A", "e")),
        ("/registry/leases/a/l", inside("Lease", "l")),
        ("/registry/namespaces/a", Sample { deleting: true, ..sample("Namespace", "a") }),
        ("/registry/namespaces/b", sample("Namespace", "b")),
    ];
    let ended: Vec<_> = end_of_going(&now(&all)).iter().map(|change| change.key().to_string()).collect();
    assert_eq!(ended, ["/registry/configmaps/a/c", "/registry/leases/a/l", "/registry/namespaces/a"]);
    assert!(end_of_going(&now(&all[..4])).is_empty());
}

#[test]
fn what_somebody_took_away_in_the_middle_is_written_once_more() {
    let inside = |kind, uid| Sample { namespace: "a", ..sample(kind, uid) };
    let then = [
        ("/registry/configmaps/a/c", inside("ConfigMap", "c")),
        ("/registry/configmaps/b/c", Sample { namespace: "b", ..sample("ConfigMap", "d") }),
        ("/registry/endpointslices/a/s", inside("EndpointSlice", "s")),
        ("/registry/leases/a/l", inside("Lease", "l")),
        ("/registry/pods/a/p", inside("Pod", "p")),
        ("/registry/secrets/a/s", inside("Secret", "s")),
    ];
    let ended = [Change::Delete { key: "/registry/namespaces/a".into() }];
    let taken = Taken::of(&objects(&then), &[], &ended);
    let put = [Change::Put { key: then[0].0.into(), value: then[0].1.value() }];
    assert_eq!(lost(&objects(&then), &now(&then[5..]), &taken.covered(&objects(&then))), put);
    let going = [(then[0].0, Sample { deleting: true, ..then[0].1.clone() }), then[5].clone()];
    assert_eq!(lost(&objects(&then), &now(&going), &taken.covered(&objects(&then))), put);
    let (covered, nothing) = (taken.covered(&objects(&then)), Taken::default().covered(&objects(&then)));
    assert!(lost(&objects(&then), &now(&then), &covered).is_empty() && lost(&objects(&then), &[], &nothing).is_empty());
}

/// The objects of a kind whose definition was on its way out go on being deleted after it has come back; and a reset that
/// was cut off has brought it back before.
#[test]
fn objects_of_a_kind_that_came_back_are_written_once_more() {
    let definition = "/registry/apiextensions.k8s.io/customresourcedefinitions/clusters.example.org";
    let object = ("/registry/example.org/clusters/a/db", Sample { namespace: "a", ..sample("Cluster", "c") });
    let other = ("/registry/example.org/clustersets/a/x", Sample { namespace: "a", ..sample("ClusterSet", "x") });
    let then = [(definition, sample("CustomResourceDefinition", "d")), object.clone(), other];
    let put = [Change::Put { key: object.0.into(), value: object.1.value() }];
    let going = [(definition, Sample { deleting: true, ..then[0].1.clone() })];
    for present in [&going[..], &[]] {
        let taken = Taken::of(&objects(&then), &now(present), &[]);
        assert_eq!(lost(&objects(&then), &now(&then[..1]), &taken.covered(&objects(&then))), put);
        let noted = Taken::of(&objects(&then), &now(&then), &[]).and(&taken.noted());
        assert_eq!(noted, taken);
    }
    assert!(Taken::of(&objects(&then), &now(&then), &[]).is_empty());
}

/// Argo CD takes away what an Application has applied, also after the Application itself has come back: whatever belongs to
/// nobody is watched then, also by a reset that finds the Application as it was.
#[test]
fn what_an_object_on_its_way_out_may_take_along_comes_back() {
    let inside = |kind, uid| Sample { namespace: "a", ..sample(kind, uid) };
    let owned = |kind, uid| Sample { controller: Some(("Deployment", "d")), ..inside(kind, uid) };
    let then = [
        (
            "/registry/apiextensions.crossplane.io/compositeresourcedefinitions/apps",
            sample("CompositeResourceDefinition", "x"),
        ),
        ("/registry/argoproj.io/applications/a/platform", inside("Application", "p")),
        ("/registry/deployments/a/web", inside("Deployment", "d")),
        ("/registry/leases/a/l", inside("Lease", "l")),
        ("/registry/pods/a/p", inside("Pod", "o")),
        ("/registry/replicasets/a/web-1", owned("ReplicaSet", "r")),
    ];
    let going = |at: usize| [(then[at].0, Sample { deleting: true, ..then[at].1.clone() })];
    let taken = Taken::of(&objects(&then), &now(&going(1)), &[]);
    let covered = taken.covered(&objects(&then));
    assert_eq!(covered.iter().map(String::as_str).collect::<Vec<_>>(), [then[0].0, then[1].0, then[2].0]);
    assert_eq!(Taken::of(&objects(&then), &now(&then), &[]).and(&taken.noted()), taken);
    // A pod that ends, or one that ended then already, takes nothing along.
    assert!(Taken::of(&objects(&then), &now(&going(4)), &[]).is_empty());
    let ending = [(then[1].0, Sample { deleting: true, ..then[1].1.clone() })];
    assert!(Taken::of(&objects(&ending), &now(&ending), &[]).is_empty());
}

/// With an object of a kind that is taken goes what it owns, and what that owns: a claim, and the volume of the claim.
#[test]
fn what_belongs_to_an_object_that_is_taken_comes_back_with_it() {
    let definition = "/registry/apiextensions.k8s.io/customresourcedefinitions/clusters.example.org";
    let owned = |kind, uid, owner| Sample { namespace: "a", controller: Some(owner), ..sample(kind, uid) };
    let then = [
        (definition, sample("CustomResourceDefinition", "d")),
        ("/registry/configmaps/a/of-claim", owned("ConfigMap", "m", ("PersistentVolumeClaim", "u"))),
        ("/registry/example.org/clusters/a/db", Sample { namespace: "a", ..sample("Cluster", "c") }),
        ("/registry/persistentvolumeclaims/a/db-1", owned("PersistentVolumeClaim", "u", ("Cluster", "c"))),
        ("/registry/persistentvolumeclaims/a/other", Sample { namespace: "a", ..sample("PersistentVolumeClaim", "o") }),
        ("/registry/persistentvolumes/pvc-o", sample("PersistentVolume", "w")),
        ("/registry/persistentvolumes/pvc-u", sample("PersistentVolume", "v")),
    ];
    let covered = Taken::of(&objects(&then), &[], &[]).covered(&objects(&then));
    let keys: Vec<_> = covered.iter().map(String::as_str).collect();
    assert_eq!(keys, [then[1].0, then[2].0, then[3].0, then[6].0]);
    let back = |present: &[usize]| {
        let present: Vec<_> = present.iter().map(|at| then[*at].clone()).collect();
        lost(&objects(&then), &now(&present), &covered)
    };
    assert!(has_volumes(&back(&[0, 1, 2, 3])) && has_volumes(&back(&[0, 1, 2, 6])));
    let object = back(&[0, 1, 3, 6]);
    assert!(object.len() == 1 && !has_volumes(&object), "{object:?}");
}

#[test]
fn controllers_hear_at_once_that_what_they_lacked_is_there_again() {
    let inside = |kind, uid| Sample { namespace: "a", ..sample(kind, uid) };
    let set = |namespace| Sample { namespace, ..sample("ReplicaSet", "r") };
    let then = [
        ("/registry/replicasets/a/r", set("a")),
        ("/registry/replicasets/b/r", set("b")),
        ("/registry/serviceaccounts/a/s", inside("ServiceAccount", "s")),
    ];
    let waits = Sample { status: "no account", ..set("a") };
    let new = ("/registry/replicasets/a/new", inside("ReplicaSet", "n"));
    let present = [("/registry/replicasets/a/r", waits.clone()), ("/registry/replicasets/b/r", set("b")), new];
    let plan = plan(&then, &present);
    assert_eq!(written(&plan), ["/registry/serviceaccounts/a/s", "/registry/replicasets/a/r"]);
    assert_eq!(deleted(&plan), ["/registry/replicasets/a/new"], "what goes is not written again");
    assert_eq!(
        plan.changes.last(),
        Some(&Change::Put { key: "/registry/replicasets/a/r".into(), value: waits.value() })
    );
    assert_eq!(plan.difference.changed.len(), 0, "nothing of it has changed");
}

#[test]
fn a_workload_comes_back_without_what_was_said_of_its_pods() {
    let key = "/registry/deployments/a/d";
    let deployment = |spec, status| Sample { spec, status, ..sample("Deployment", "d") };
    let value = |plan: &Plan| match plan.changes.as_slice() {
        [Change::Put { value, .. }] => value.clone(),
        other => panic!("{other:?}"),
    };
    let then = [(key, deployment("1", "all ready"))];
    assert_eq!(value(&plan(&then, &[])), deployment("1", "").value());
    assert_eq!(value(&plan(&then, &[(key, deployment("0", "none"))])), deployment("1", "").value());
    assert_eq!(plan(&then, &[(key, deployment("1", "another"))]), Plan::default());
}

#[test]
fn a_node_keeps_what_its_kubelet_says() {
    let key = "/registry/minions/n";
    let node = |spec, status| Sample { spec, status, ..sample("Node", "n") };
    let plan = plan(&[(key, node("", "then"))], &[(key, node("cordoned", "now"))]);
    assert_eq!(plan.changes, [Change::Put { key: key.into(), value: node("", "now").value() }]);
}

#[test]
fn where_pods_are_is_left_to_those_who_work_it_out() {
    let key = "/registry/endpointslices/a/s";
    let labels: &[(&str, &str)] = &[("endpointslice.kubernetes.io/managed-by", "endpointslice-controller.k8s.io")];
    let slice = |spec, labels| Sample { labels, spec, ..sample("EndpointSlice", "s") };
    assert_eq!(plan(&[(key, slice("then", labels))], &[(key, slice("now", labels))]), Plan::default());
    assert_eq!(written(&plan(&[(key, slice("then", &[]))], &[(key, slice("now", &[]))])), [key]);
    assert_eq!(written(&plan(&[(key, slice("then", labels))], &[])), [key]);
}

const SET: &str = "/registry/replicasets/a/r";
const POD: &str = "/registry/pods/a/p";

fn pod_of<'a>(uid: &'a str, owner: (&'a str, &'a str)) -> Sample<'a> {
    Sample { controller: Some(owner), ..sample("Pod", uid) }
}

#[test]
fn a_pod_is_left_to_its_controller() {
    let set = || (SET, sample("ReplicaSet", "r"));
    let pod = |uid| (POD, pod_of(uid, ("ReplicaSet", "r")));
    let other = ("/registry/pods/a/q", pod_of("q", ("ReplicaSet", "r")));
    // It is gone, or another one has taken its place: the controller sees to that.
    assert_eq!(plan(&[set(), pod("p")], &[set()]), Plan::default());
    assert_eq!(plan(&[set(), pod("p")], &[set(), other.clone()]), Plan::default());
    // Nobody of then asks for it.
    assert_eq!(deleted(&plan(&[], &[set(), pod("p")])), [POD, SET]);
    // It may be of another make.
    let changed = (SET, Sample { generation: 2, ..sample("ReplicaSet", "r") });
    assert_eq!(deleted(&plan(&[set(), pod("p")], &[changed, other, pod("p")])), ["/registry/pods/a/q"]);
}

#[test]
fn a_pod_that_nobody_looks_after_comes_back_by_itself() {
    let bare = [(POD, Sample { spec: "p", ..sample("Pod", "p") })];
    let plan_of_gone = plan(&bare, &[]);
    assert_eq!((written(&plan_of_gone), plan_of_gone.difference.count()), (vec![POD], 0));
    let another = [(POD, sample("Pod", "later"))];
    assert_eq!(deleted(&plan(&bare, &another)), [POD]);
    assert_eq!(written(&plan(&bare, &another)), [POD]);
    let deleting = [(POD, Sample { deleting: true, ..sample("Pod", "p") })];
    assert_eq!(written(&plan(&bare, &deleting)), [POD]);
    let mirror = [(POD, pod_of("m", ("Node", "n")))];
    assert_eq!(plan(&[], &mirror), Plan::default());
}

#[test]
fn who_holds_a_volume_begins_anew() {
    let restarting = BTreeSet::from([POD.to_string()]);
    let (set, pod) = ((SET, sample("ReplicaSet", "r")), (POD, pod_of("p", ("ReplicaSet", "r"))));
    let both = [set, pod];
    let plan = build(&objects(&both), &now(&both), &restarting);
    assert_eq!((deleted(&plan), written(&plan), plan.difference.count()), (vec![POD], Vec::new(), 0));
    let bare = [(POD, sample("Pod", "p"))];
    let plan = build(&objects(&bare), &now(&bare), &restarting);
    assert_eq!(plan.changes.iter().map(Change::key).collect::<Vec<_>>(), [POD, POD]);
    assert!(matches!(plan.changes[0], Change::Delete { .. }));
}
