//! The faults: what is planted, what is asked about, and the cause that must come first.

use serde_json::{Value, json};

/// An image that every stack with the sample apps has.
const GOOD_IMAGE: &str = "docker.io/hashicorp/http-echo:1.0.0";
const API: &str = "platform.backstack.dev/v1alpha1";
const REPOSITORY: &str = "http://gitea.gitea.svc/gitea/backstack/demo-cluster.git";

/// One planted fault.
pub(super) struct Fault {
    pub name: &'static str,
    pub namespace: String,
    pub objects: Vec<Value>,
    /// Branch, path and content of a file that is committed to the Git server first.
    pub commit: Option<(String, String, String)>,
    /// What is asked about.
    pub entity: String,
    /// The cause that must be named first.
    pub cause: &'static str,
}

impl Fault {
    fn new(name: &'static str, cause: &'static str, objects: impl FnOnce(&str) -> Vec<Value>) -> Self {
        let namespace = format!("fault-{name}");
        Self {
            name,
            objects: objects(&namespace),
            entity: format!("{namespace}/{name}"),
            namespace,
            commit: None,
            cause,
        }
    }
}

pub(super) fn all() -> Vec<Fault> {
    vec![
        Fault::new("bad-image", "bad_image", |place| {
            vec![app(place, "bad-image", "docker.io/hashicorp/http-echo:9.9.9", None)]
        }),
        Fault::new("policy", "policy_failed", |place| {
            let mut app = app(place, "policy", "docker.io/library/nginx:1.29.3", None);
            // It runs well: the policy is all that is wrong with it.
            app["spec"]["port"] = 80.into();
            vec![app]
        }),
        Fault::new("function", "missing_function", |place| {
            vec![
                composition("without-function", "function-nobody-has", ""),
                app(place, "function", GOOD_IMAGE, Some("without-function")),
            ]
        }),
        Fault::new("quota", "quota", |place| {
            let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"namespace": place, "name": "tiny"}, "spec": {"hard": {"pods": "0"}}});
            vec![quota, app(place, "quota", GOOD_IMAGE, None)]
        }),
        Fault::new("crash", "crash_loop", |place| {
            vec![deployment(place, "crash", json!({"command": ["/http-echo", "-no-such-flag"]}), json!({}))]
        }),
        Fault::new("probe", "failing_probe", |place| {
            vec![deployment(
                place,
                "probe",
                json!({"readinessProbe": {"httpGet": {"path": "/", "port": 81}, "periodSeconds": 1}}),
                json!({}),
            )]
        }),
        application("branch", "wrong_revision", "no-such-branch", None),
        application(
            "manifest",
            "invalid_manifest",
            "assistant/planted-manifest",
            Some(format!(
                "apiVersion: {API}\nkind: App\nmetadata:\n  name: manifest\n  namespace: fault-manifest\nspec:\n  image: 7\n  replicas: many\n"
            )),
        ),
        Fault::new("rights", "missing_rights", |place| {
            vec![
                composition("without-rights", "function-pythonic", COMPOSES_A_LEASE),
                app(place, "rights", GOOD_IMAGE, Some("without-rights")),
            ]
        }),
        Fault::new("unschedulable", "unschedulable", |place| {
            vec![deployment(place, "unschedulable", json!({"resources": {"requests": {"memory": "900Gi"}}}), json!({}))]
        }),
    ]
}

/// Something that Crossplane was not given any right to.
const COMPOSES_A_LEASE: &str = "class Composite(BaseComposite):\n    def compose(self):\n        lease = self.resources.lease('coordination.k8s.io/v1', 'Lease')\n        lease.spec.holderIdentity = 'nobody'\n";

fn app(place: &str, name: &str, image: &str, composition: Option<&str>) -> Value {
    let mut app = json!({"apiVersion": API, "kind": "App", "metadata": {"namespace": place, "name": name}, "spec": {"image": image, "port": 5678}});
    if let Some(composition) = composition {
        app["spec"]["crossplane"] = json!({"compositionRef": {"name": composition}});
    }
    app
}

fn composition(name: &str, function: &str, script: &str) -> Value {
    let input = json!({"apiVersion": "pythonic.fn.crossplane.io/v1alpha1", "kind": "Composite", "composite": script});
    json!({"apiVersion": "apiextensions.crossplane.io/v1", "kind": "Composition", "metadata": {"name": name}, "spec": {
        "compositeTypeRef": {"apiVersion": API, "kind": "App"}, "mode": "Pipeline",
        "pipeline": [{"step": "compose", "functionRef": {"name": function}, "input": input}]}})
}

fn deployment(place: &str, name: &str, container: Value, pod: Value) -> Value {
    let mut spec =
        json!({"containers": [{"name": "app", "image": GOOD_IMAGE, "env": [{"name": "ECHO_TEXT", "value": "hi"}]}]});
    for (key, value) in container.as_object().into_iter().flatten() {
        spec["containers"][0][key] = value.clone();
    }
    for (key, value) in pod.as_object().into_iter().flatten() {
        spec[key] = value.clone();
    }
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": place, "name": name}, "spec": {
        "selector": {"matchLabels": {"app": name}},
        "template": {"metadata": {"labels": {"app": name}}, "spec": spec}}})
}

/// An Application whose manifests are at fault.
fn application(name: &'static str, cause: &'static str, revision: &str, content: Option<String>) -> Fault {
    let mut fault = Fault::new(name, cause, |place| {
        vec![
            json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"namespace": "argocd", "name": format!("{place}-app-{name}")}, "spec": {
            "project": "default",
            "source": {"repoURL": REPOSITORY, "targetRevision": revision, "path": format!("{place}/app")},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": place},
            "syncPolicy": {"automated": {}, "retry": {"limit": 1}}}}),
        ]
    });
    fault.commit =
        content.map(|content| (revision.to_string(), format!("{}/app/{name}.yaml", fault.namespace), content));
    fault
}
