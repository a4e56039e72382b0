//! A platform on a cluster that somebody else made, here with the `kind` command, and a registry beside it: nothing
//! that was there is touched, and in the end nothing else is there.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use backstack_end_to_end::{Platform, Ran, build_kind, docker, run, step};

use crate::shop;

const CLUSTER: &str = "other-e2e";
const CONTEXT: &str = "kind-other-e2e";
const NODE: &str = "other-e2e-control-plane";
const REGISTRY: &str = "other-e2e-registry";
const STACK: &str = "apiVersion: backstack.dev/v1\nkind: Stack\nname: few\nversion: 1.0.0\ncomponents:\n  - {name: traefik, from: back}\n  - {name: metrics-server, from: back}\n  - {name: argocd, from: back}\n";
/// Its controller would first delete what it installed; it never can, because there is no such repository.
const APPLICATION: &str = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: lost, namespace: argocd, finalizers: [resources-finalizer.argocd.argoproj.io]}\nspec:\n  project: nowhere\n  source: {repoURL: 'https://git.invalid/x', path: .}\n  destination: {server: 'https://kubernetes.default.svc', namespace: default}";
/// All objects but those that come and go by themselves.
const OBJECTS: &str = "kubectl api-resources --verbs=list -o name | grep -vE '^(events|leases|certificatesigningrequests|componentstatuses|podmetrics|nodemetrics)' | sort | \
    xargs -I% kubectl get % -A --ignore-not-found --no-headers -o custom-columns=K:.kind,N:.metadata.namespace,M:.metadata.name";

struct Other {
    kind: String,
    folder: TempDir,
    registry_port: u16,
}

impl Other {
    /// A cluster as `kind` makes it, from the node image that backstack built, and a registry in its network.
    fn create() -> Self {
        let folder = tempfile::tempdir().expect("temporary folder");
        let other = Self { kind: build_kind(folder.path()), folder, registry_port: 28055 };
        other.remove();
        let image = |name: &str| docker(&["images", "-q", name]).stdout.lines().next().map(str::to_string);
        if image("backstack/node").is_none() || image("backstack/registry").is_none() {
            let platform = Platform::new("images-e2e", 28083, 28446);
            platform.up(&["--stack", "minimal"]).succeeded("up, for the images");
        }
        let (node, registry) =
            (image("backstack/node").expect("node image"), image("backstack/registry").expect("registry image"));
        let config = other.kubeconfig().display().to_string();
        let create =
            ["create", "cluster", "--name", CLUSTER, "--image", &node, "--kubeconfig", &config, "--wait", "120s"];
        run(&other.kind, &create).succeeded("kind create cluster");
        let publish = format!("127.0.0.1:{}:5000", other.registry_port);
        docker(&["run", "-d", "--name", REGISTRY, "--network", "kind", "-p", &publish, &registry])
            .succeeded("registry");
        let hosts = format!(
            "mkdir -p /etc/containerd/certs.d/{REGISTRY}:5000; printf '[host.\"http://{REGISTRY}:5000\"]\\n' > /etc/containerd/certs.d/{REGISTRY}:5000/hosts.toml"
        );
        other.inside(&hosts).succeeded("the node trusts the registry");
        other
    }

    fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }

    fn inside(&self, script: &str) -> Ran {
        docker(&["exec", "-e", "KUBECONFIG=/etc/kubernetes/admin.conf", NODE, "sh", "-c", script])
    }

    /// Every object of the cluster, one a line.
    fn objects(&self) -> Vec<String> {
        let listed = self.inside(OBJECTS).succeeded("list all objects").stdout;
        let mut lines: Vec<_> =
            listed.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        lines.sort();
        lines.dedup();
        lines
    }

    /// The program under test, with this kubeconfig; the engine is out of its reach, because it needs none.
    fn backstack(&self, arguments: &[&str]) -> Ran {
        let binary = Platform::binary();
        let mut command = Command::new(binary);
        command
            .args(arguments)
            .env("KUBECONFIG", self.kubeconfig())
            .env("DOCKER_HOST", "unix:///nowhere")
            .stdin(Stdio::null());
        command.output().expect("the program under test").into()
    }

    fn remove(&self) {
        let config = self.kubeconfig().display().to_string();
        run(&self.kind, &["delete", "cluster", "--name", CLUSTER, "--kubeconfig", &config]);
        docker(&["rm", "-fv", REGISTRY]);
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.remove();
        }
    }
}

#[test]
fn a_platform_on_a_cluster_of_others() {
    let other = Other::create();
    let folder = other.folder.path().join("few");
    std::fs::create_dir(&folder).expect("folder");
    std::fs::write(folder.join("stack.yaml"), STACK).expect("stack");
    let stack = folder.display().to_string();
    let push = format!("localhost:{}/team", other.registry_port);
    let pull = format!("{REGISTRY}:5000/team");
    let target = ["--context", CONTEXT];
    let up = |more: &[&str]| {
        let flags = ["up", "--images", "source", "--stack", &stack, "--push-to", &push, "--pull-from", &pull];
        other.backstack(&[&flags, &target[..], more].concat())
    };
    let before = other.objects();
    let kubeconfig = std::fs::read(other.kubeconfig()).expect("kubeconfig");

    step("what cannot be is said, and nothing is touched");
    let unknown = other.backstack(&["up", "--context", "prod"]);
    assert!(unknown.code == 2 && unknown.stderr.contains(&format!("It has: {CONTEXT}.")), "{}", unknown.stderr);
    let nowhere = other.backstack(&["up", "--images", "source", "--stack", &stack, "--context", CONTEXT]);
    assert!(nowhere.code == 2 && nowhere.stderr.contains("--push-to"), "{}", nowhere.stderr);
    let none = other.backstack(&[&["status"], &target[..]].concat());
    assert!(none.code == 2 && none.stderr.contains("no platform"), "{}", none.stderr);
    let plan = up(&["--plan"]).succeeded("plan").stdout;
    assert!(plan.contains("component traefik") && !plan.contains("node image"), "{plan}");
    other
        .backstack(&[&["doctor", "--images", "source", "--stack", &stack, "--push-to", &push], &target[..]].concat())
        .succeeded("doctor");
    assert_eq!(other.objects(), before);

    step("an object of somebody else's is in the way");
    other.inside("kubectl create clusterrole traefik --verb=get --resource=pods").succeeded("clusterrole");
    let conflict = up(&[]);
    assert!(
        conflict.code == 3 && conflict.stderr.contains("ClusterRole traefik (component traefik)"),
        "{}",
        conflict.stderr
    );
    other.inside("kubectl delete clusterrole traefik").succeeded("delete");

    step("up");
    let ready = up(&[]).succeeded("up");
    assert!(ready.stdout.contains("port-forward service/traefik 8443:443"), "{}", ready.stdout);
    let again = up(&[]).succeeded("second up");
    assert!(again.stdout.contains("Nothing to do: 3 components unchanged"), "{}", again.stdout);
    for command in ["status", "credentials", "ca"] {
        other.backstack(&[&[command], &target[..]].concat()).succeeded(command);
    }
    let images = other.inside("kubectl get deployment -n traefik traefik -o jsonpath='{..image}'").stdout;
    assert!(
        images.starts_with(&format!("{pull}/docker.io/library/traefik:")) && images.contains("@sha256:"),
        "{images}"
    );
    let page = other
        .inside("kubectl get --raw /api/v1/namespaces/argocd/services/http:argocd-server:80/proxy/argocd/api/version");
    assert!(page.stdout.contains("Version"), "{}{}", page.stdout, page.stderr);

    step("another name or stack is refused");
    let named = up(&["--name", "two"]);
    assert!(named.code == 2 && named.stderr.contains("--name backstack"), "{}", named.stderr);
    let stacked = other.backstack(&["up", "--stack", "minimal", "--context", CONTEXT]);
    assert!(stacked.code == 2 && stacked.stderr.contains("Leave --stack out"), "{}", stacked.stderr);

    step("a component of one's own");
    other.backstack(&[&["stack", "add", &shop()], &target[..]].concat()).succeeded("stack add");
    other.inside("kubectl rollout status -n shop deployment/shop --timeout=60s").succeeded("the shop runs");
    other.backstack(&[&["stack", "remove", "shop"], &target[..]].concat()).succeeded("stack remove");

    step("an upgrade, which has no way back there");
    std::fs::write(folder.join("stack.yaml"), STACK.replace("version: 1.0.0", "version: 1.1.0")).expect("stack");
    let upgrade = |more: &[&str]| other.backstack(&[&["upgrade"], &target[..], more].concat());
    let plan = upgrade(&["--plan"]).succeeded("upgrade --plan").stdout;
    assert!(
        plan.contains("few 1.0.0") && plan.contains("-> few 1.1.0") && plan.contains("None: on a cluster"),
        "{plan}"
    );
    assert!(plan.contains("unchanged: traefik, metrics-server, argocd"), "{plan}");
    upgrade(&["--yes"]).succeeded("upgrade");
    let nothing = upgrade(&[]).succeeded("upgrade again").stdout;
    assert!(nothing.contains("Nothing to do: 3 components as few 1.1.0"), "{nothing}");

    step("down: the cluster is as it was");
    other.inside(&format!("kubectl apply -f - <<'END'\n{APPLICATION}\nEND")).succeeded("an application of somebody's");
    other.backstack(&[&["down"], &target[..]].concat()).succeeded("down");
    let after = other.objects();
    let left: Vec<_> = after.iter().filter(|object| !before.contains(object)).collect();
    let lost: Vec<_> = before.iter().filter(|object| !after.contains(object)).collect();
    assert!(left.is_empty() && lost.is_empty(), "left behind: {left:#?}\nlost: {lost:#?}");
    assert_eq!(std::fs::read(other.kubeconfig()).expect("kubeconfig"), kubeconfig);
    let nothing = other.backstack(&[&["down"], &target[..]].concat()).succeeded("down again");
    assert!(nothing.stdout.contains("nothing to do"), "{}", nothing.stdout);
}
