//! A platform's life: made, looked at, used, stopped and started, made again, taken away.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::{diagnose, packed, policies, reset, support, tools, trust, workshop};
use backstack_end_to_end::{Platform, Ran, docker, eventually, run, step};

const JUDGE: &str = "
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: e2e-no-latest}
spec:
  background: false
  rules:
    - name: no-latest
      match: {any: [{resources: {kinds: [Pod], namespaces: [default]}}]}
      validate:
        failureAction: Enforce
        message: images need a tag other than latest
        pattern: {spec: {containers: [{image: '!*:latest'}]}}
";

#[test]
fn a_platform_from_nothing_to_nothing() {
    let platform = Platform::new("e2e", 28080, 28443);

    step("the plan touches nothing");
    let plan = platform.up(&["--plan", "-o", "json"]).succeeded("up --plan").json();
    assert!(plan["plan"]["steps"].as_array().is_some_and(|steps| steps.len() > 20), "{plan}");
    assert_eq!(containers("e2e"), "");

    step("up, while a controller is killed in the middle of its install");
    let (installed, killer) = (Arc::new(AtomicBool::new(false)), Killer::of("crossplane", platform.name));
    let killer = std::thread::spawn({
        let installed = installed.clone();
        move || killer.strike(&installed)
    });
    let up = platform.up(&[]);
    installed.store(true, Ordering::Relaxed);
    let was_killed = killer.join().expect("the killer");
    let up = up.succeeded("up");
    assert!(was_killed, "it was never there to be killed");
    eprintln!("{}", up.stdout);
    assert!(up.stdout.contains("Ready in"), "{}", up.stdout);
    assert!(up.stdout.contains("https://localhost:28443/argocd"), "{}", up.stdout);

    everything_is_ready(&platform);
    let log = the_log_tells_the_run_and_no_secret(&platform);
    // People, assistants and operators use a platform at the same time, and most of each one's time is waiting. The
    // platform engineer comes after the others: a policy that refuses for a while would change what those see.
    side_by_side(&[
        &|| in_a_browser(&platform, &["developer", "guest", "orders"], &[]),
        &|| diagnosed(&platform),
        &|| {
            by_a_client(&platform, "live");
        },
    ]);
    side_by_side(&[&|| in_a_browser(&platform, &["platform-engineer", "rules"], &[]), &|| operated(&platform)]);
    the_policy_library_holds(&platform);
    // Every page is looked at while assistants wait for the most part, and change little.
    side_by_side(&[&|| in_a_browser(&platform, &["pages"], &[]), &|| {
        for scenario in ["everyday", "catalog", "prompts"] {
            by_a_client(&platform, scenario);
        }
    }]);
    by_a_client(&platform, "situations");
    by_a_client(&platform, "away");
    in_a_codespace(&platform);
    support::without_secrets(&platform);
    tools::run_and_copied(&platform);
    trust::given_and_taken(&platform);
    reset::damaged_and_brought_back(&platform);
    workshop::begun_solved_and_begun_again(&platform);
    workshop::two_learners_beside_each_other(&platform);
    workshop::solved_from_end_to_end(&platform, &["developer"]);
    paused_and_woken(&platform);
    stopped_and_started(&platform);

    step("down leaves nothing");
    platform.backstack(&["down"]).succeeded("down");
    assert!(!log.exists(), "{}", log.display());
    assert_eq!(containers("e2e"), "");
    assert_eq!(
        docker(&["volume", "ls", "-q", "--filter", "dangling=true", "--filter", "label=io.x-k8s.kind.cluster=e2e"])
            .stdout,
        ""
    );
    let kubeconfig = std::fs::read_to_string(platform.kubeconfig()).unwrap_or_default();
    assert!(!kubeconfig.contains("e2e"), "{kubeconfig}");
}

/// Ends a process in a node as a crash would.
struct Killer {
    node: String,
    script: String,
}

impl Killer {
    fn of(process: &str, platform: &str) -> Self {
        let script = format!(
            "id=$(grep -lxs {process} /proc/[0-9]*/comm | head -n 1 | cut -d / -f 3); [ -n \"$id\" ] && kill -9 \"$id\""
        );
        Self { node: format!("{platform}-control-plane"), script }
    }

    /// Waits until the process is there, and ends it once. False if that never came.
    fn strike(&self, too_late: &AtomicBool) -> bool {
        while !too_late.load(Ordering::Relaxed) {
            if docker(&["exec", &self.node, "sh", "-c", &self.script]).code == 0 {
                return true;
            }
            std::thread::sleep(Duration::from_secs(1));
        }
        false
    }
}

fn containers(name: &str) -> String {
    docker(&["ps", "-aq", "--filter", &format!("name=^{name}-")]).succeeded("docker ps").stdout
}

fn everything_is_ready(platform: &Platform) {
    step("everything is ready, and says so");
    let status = platform.backstack(&["status", "-o", "json"]).succeeded("status").json();
    let components = status["components"].as_array().expect("components");
    assert_eq!(components.len(), components_of_back(), "{status}");
    assert!(components.iter().all(|component| component["health"] == "ready"), "{status}");
    let pods = platform.kubectl(&["get", "pods", "-A", "--no-headers"]).succeeded("get pods").stdout;
    for pod in pods.lines() {
        let columns: Vec<_> = pod.split_whitespace().collect();
        let (ready, wanted) = columns[2].split_once('/').expect("READY column");
        // What a Job ran stays as a pod that is done.
        assert!(columns[3] == "Completed" || (ready == wanted && columns[3] == "Running"), "{pod}");
    }
    // Measured values come a little after the API.
    eventually("kubectl top nodes", 60, || platform.kubectl(&["top", "nodes"]).code == 0);
    let text = platform.backstack(&["status"]).succeeded("status").stdout;
    assert!(text.contains("status --images") && text.lines().count() < 24, "{text}");
    // Its address, and what named it.
    let engine = status["engine"].as_str().expect("an engine");
    assert!(engine.contains("://") && engine.contains(" (") && engine.ends_with(')'), "{engine}");
    assert!(text.contains(&format!("engine {engine}\n")), "{text}");
    let images = platform.backstack(&["status", "--images"]).succeeded("status --images").stdout;
    assert!(images.contains("Built from packages"), "{images}");
    // What is sent to a pod that is gone must not leave the node: somebody else could answer.
    let node = format!("{}-control-plane", platform.name);
    let nobody = docker(&["exec", &node, "timeout", "5", "bash", "-c", "exec 3<>/dev/tcp/10.244.0.254/80"]);
    assert!(nobody.code == 1 && nobody.stderr.contains("No route to host"), "{}: {}", nobody.code, nobody.stderr);
    policies::of_the_platform_hold(platform);
}

fn the_log_tells_the_run_and_no_secret(platform: &Platform) -> PathBuf {
    step("the log tells the run, and no secret");
    let file = backstack::folders::logs().expect("a folder").join(format!("{}-up.log", platform.name));
    let log = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    for told in ["InstallComponent { component: \"traefik\" }", "POST /containers/create", "/api/v1/namespaces/"] {
        assert!(log.contains(told), "{told}");
    }
    let credentials = platform.backstack(&["credentials", "-o", "json"]).succeeded("credentials").json();
    let passwords: Vec<_> =
        credentials.as_array().into_iter().flatten().filter_map(|one| one["password"].as_str()).collect();
    assert!(passwords.len() > 1, "{credentials}");
    // The tokens with which nodes join are kubeadm's own.
    for secret in passwords.into_iter().chain(["--token", "Bearer ", "Authorization"]) {
        assert!(!log.contains(secret), "{}: {secret}", file.display());
    }
    file
}

/// How many components the built-in stack has, as it says itself.
fn components_of_back() -> usize {
    let stacks = run(&Platform::binary(), &["stack", "list", "-o", "json"]).succeeded("stack list").json();
    let back = stacks.as_array().and_then(|all| all.iter().find(|stack| stack["name"] == "back"));
    back.and_then(|back| back["components"].as_array()).map_or(0, Vec::len)
}

/// Does all of them at the same time, and fails when one does.
fn side_by_side(works: &[&(dyn Fn() + Sync)]) {
    std::thread::scope(|scope| {
        for work in works {
            scope.spawn(work);
        }
    });
}

fn diagnosed(platform: &Platform) {
    step("diagnose names planted causes");
    diagnose::the_planted_cause_is_named_first(platform.name);
    step("diagnose is done");
}

/// What the one who runs the platform does with it.
fn operated(platform: &Platform) {
    argocd_answers(platform);
    a_policy_judges(platform);
    an_image_of_ones_own(platform);
    packed::installed_and_taken_away(platform);
    a_second_up_changes_nothing(platform);
}

/// Ways through the portal, in a real browser, one after the other.
fn in_a_browser(platform: &Platform, ways: &[&str], settings: &[(&str, &str)]) {
    for way in ways {
        step(&format!("in a browser: {way}"));
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../scripts/tools/browser/run");
        let mut command = std::process::Command::new(script);
        command.arg(way).env("BACKSTACK_NAME", platform.name).env("BACKSTACK_BINARY", Platform::binary());
        command.env("KUBECONFIG", platform.kubeconfig()).env("BACKSTACK_PICTURES", platform.path("pictures"));
        command.envs(settings.iter().copied());
        assert!(command.status().expect("the browser's script").success(), "the way {way}");
    }
}

/// The whole stack in a Codespace: behind a proxy that asks for it by another name than people do, sign-in and all; and
/// back. `features` has the address that leads here as it is.
fn in_a_codespace(platform: &Platform) {
    step("the whole stack in a Codespace");
    let codespace = [("CODESPACE_NAME", "fluffy"), ("GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN", "app.example")];
    let mut up = platform.command(&["up", "--url", "auto"]);
    Ran::from(up.envs(codespace).output().expect("up")).succeeded("up --url auto");
    let (address, port) =
        (format!("https://fluffy-{}.app.example", platform.https_port), format!("localhost:{}", platform.https_port));
    in_a_browser(platform, &["other-address"], &[("BACKSTACK_URL", &address), ("BACKSTACK_CODESPACE", &port)]);
    platform.up(&["--url", &format!("https://{port}")]).succeeded("up --url localhost");
    platform.get("/argocd/api/version").succeeded("GET /argocd/api/version");
}

/// A client that we did not write: `live` asks why an app fails, and proposes another, which is merged and runs; for
/// `away`, the cluster goes away in the middle of its calls.
fn by_a_client(platform: &Platform, scenario: &str) {
    step(&format!("an assistant: {scenario}"));
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../scripts/tools/mcp-clients/live");
    let mut command = std::process::Command::new(script);
    command
        .arg(Platform::binary())
        .arg(scenario)
        .env("BACKSTACK_NAME", platform.name)
        .env("KUBECONFIG", platform.kubeconfig());
    assert!(command.status().expect("the client's script").success(), "the assistant's scenario {scenario}");
    step(&format!("an assistant: {scenario}, done"));
}

/// Each policy of the library refuses what breaks it and takes what keeps to it, or makes and changes what it should.
fn the_policy_library_holds(platform: &Platform) {
    step("the library of policies");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../scripts/tools/policies/run");
    let mut command = std::process::Command::new(script);
    command.args(["--name", platform.name]).env("BACKSTACK_BINARY", Platform::binary());
    command.env("KUBECONFIG", platform.kubeconfig());
    assert!(command.status().expect("the script of the policies").success(), "the library of policies");
}

fn argocd_answers(platform: &Platform) {
    step("Argo CD answers through the ingress");
    let version = platform.get("/argocd/api/version").succeeded("GET /argocd/api/version").json();
    assert!(version["Version"].as_str().is_some_and(|version| version.starts_with('v')), "{version}");
    platform.get("/argocd").succeeded("GET /argocd");
    platform.get("/argocd/").succeeded("GET /argocd/");

    step("the real argocd command logs in through the ingress");
    let binary = platform.path("argocd");
    let copied = std::fs::File::create(&binary).expect("file");
    let node = format!("{}-control-plane", platform.name);
    let status = std::process::Command::new("docker")
        .args(["exec", &node, "kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf"])
        .args(["-n", "argocd", "exec", "deploy/argocd-server", "--", "cat", "/usr/local/bin/argocd"])
        .stdout(copied)
        .status();
    assert!(status.expect("docker").success());
    run("chmod", &["+x", &binary.display().to_string()]).succeeded("chmod");
    let credentials = platform.backstack(&["credentials", "-o", "json"]).succeeded("credentials").json();
    let entry = credentials.as_array().and_then(|all| all.iter().find(|one| one["component"] == "argocd"));
    let entry = entry.unwrap_or_else(|| panic!("{credentials}"));
    let (user, password) = (entry["username"].as_str().expect("user"), entry["password"].as_str().expect("password"));
    let server = format!("localhost:{}", platform.https_port);
    let config = platform.path("argocd-config").display().to_string();
    let ca = platform.path("ca.crt").display().to_string();
    let binary = binary.display().to_string();
    // It trusts nothing but the platform's own authority.
    let argocd = |arguments: &[&str]| {
        let common = ["SSL_CERT_FILE=".to_string() + &ca, binary.clone()];
        let common = common.iter().map(String::as_str).chain(arguments.iter().copied());
        run("env", &common.chain(["--grpc-web-root-path", "/argocd", "--config", &config]).collect::<Vec<_>>())
    };
    let login = ["login", &server, "--username", user, "--password", password];
    argocd(&login).succeeded("argocd login");
    argocd(&["app", "list"]).succeeded("argocd app list");
}

fn a_policy_judges(platform: &Platform) {
    step("a policy refuses a bad pod and lets a good one in");
    platform.apply(JUDGE).succeeded("apply the policy");
    let ready = ["wait", "clusterpolicy/e2e-no-latest", "--for=condition=Ready", "--timeout=60s"];
    platform.kubectl(&ready).succeeded("the policy becomes ready");
    let pod = |image: &str| {
        let arguments = ["run", "judged", "--image", image, "--dry-run=server"];
        platform.kubectl(&arguments)
    };
    let refused = pod("example.org/app:latest");
    assert!(refused.code != 0 && refused.stderr.contains("images need a tag other than latest"), "{}", refused.stderr);
    pod("example.org/app:1.0").succeeded("a good pod");
    platform.kubectl(&["delete", "clusterpolicy", "e2e-no-latest"]).succeeded("delete the policy");
}

fn an_image_of_ones_own(platform: &Platform) {
    step("an image pushed to the local registry runs in the cluster");
    let status = platform.up(&["-o", "json"]).succeeded("up -o json");
    let last: serde_json::Value =
        status.stdout.lines().last().map(|line| serde_json::from_str(line).expect("JSON")).expect("events");
    let port = last["summary"]["registry_port"].as_u64().expect("registry port");
    let source = docker(&["images", "-q", "backstack/registry"]).stdout;
    let source = source.lines().next().expect("the registry's own image");
    let name = format!("localhost:{port}/e2e/own:1");
    docker(&["tag", source, &name]).succeeded("tag");
    docker(&["push", &name]).succeeded("push");
    platform.kubectl(&["run", "own", "--image", &name]).succeeded("run");
    platform.kubectl(&["wait", "pod/own", "--for=condition=Ready", "--timeout=60s"]).succeeded("the pod runs");
    platform.kubectl(&["delete", "pod", "own", "--grace-period=1"]).succeeded("delete the pod");
    docker(&["rmi", &name]);
}

fn a_second_up_changes_nothing(platform: &Platform) {
    step("a second up changes nothing and moves no bytes");
    let again = platform.up(&[]).succeeded("second up");
    assert!(
        again.stdout.contains(&format!("Nothing to do: {} components unchanged", components_of_back())),
        "{}{}",
        again.stdout,
        again.stderr
    );
    assert!(again.stdout.contains("no byte moved"), "{}", again.stdout);
}

fn paused_and_woken(platform: &Platform) {
    step("a paused platform says so, and wakes up with everything ready");
    let node = format!("{}-control-plane", platform.name);
    platform.backstack(&["pause"]).succeeded("pause");
    assert_eq!(docker(&["inspect", "-f", "{{.State.Status}}", &node]).stdout.trim(), "paused");
    let paused = platform.backstack(&["status"]);
    assert!(paused.code == 5 && paused.stderr.contains("is paused"), "{}: {}", paused.code, paused.stderr);
    assert!(platform.backstack(&["pause"]).succeeded("pause again").stdout.contains("paused already"));
    let woken = platform.backstack(&["start"]).succeeded("start");
    eprintln!("{}", woken.stdout);
    platform.backstack(&["status"]).succeeded("status after the pause");
    platform.get("/argocd/api/version").succeeded("GET /argocd/api/version after the pause");
}

fn stopped_and_started(platform: &Platform) {
    step("the platform comes back after stop and start, with its addresses");
    let node = format!("{}-control-plane", platform.name);
    let address = ["inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", &node];
    let before = docker(&address).stdout;
    platform.backstack(&["stop"]).succeeded("stop");
    let down = platform.backstack(&["status"]);
    assert!(down.code != 0 && down.stderr.contains("is stopped"), "{}", down.stderr);
    support::of_a_stopped_platform(platform);
    let started = platform.backstack(&["start"]).succeeded("start");
    eprintln!("{}", started.stdout);
    // It says that everything is ready, so it is.
    platform.backstack(&["status"]).succeeded("status after the start");
    assert_eq!(docker(&address).stdout, before);
    eventually("services that kube-proxy does not know yet are refused", 30, || {
        docker(&["exec", &node, "iptables", "-w", "-C", "FORWARD", "-d", "10.96.0.0/16", "-j", "REJECT"]).code == 0
    });
    let kubeconfig = std::fs::read_to_string(platform.kubeconfig()).expect("kubeconfig");
    let server = kubeconfig.lines().find_map(|line| line.trim().strip_prefix("server: ")).expect("server").to_string();
    eventually("the API answers where the kubeconfig says", 60, || {
        run("curl", &["-sk", "--max-time", "2", &format!("{server}/livez")]).stdout.starts_with(['o', '{'])
    });
    platform.get("/argocd/api/version").succeeded("GET /argocd/api/version after the restart");
    policies::of_the_platform_hold(platform);
}
