//! Network policies hold on nodes built here: in each direction, by pod, by namespace and by port, on one node and
//! between two, and nothing of them is left when they go.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::thread::JoinHandle;

use backstack_end_to_end::{Platform, docker, eventually, run, step};

/// Pods that serve on port 5000 and ask each other, on two nodes. `@` stands for the platform's name.
const PODS: &str = "
{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {team: shop}}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: bank, labels: {team: bank}}}
---
apiVersion: v1
kind: Pod
metadata: {namespace: shop, name: server, labels: {app: server}}
spec:
  nodeName: @-worker
  containers:
    - name: main
      image: IMAGE
      imagePullPolicy: Never
      ports: [{name: web, containerPort: 5000}]
      readinessProbe: {httpGet: {path: /, port: web}, periodSeconds: 1}
---
apiVersion: v1
kind: Pod
metadata: {namespace: shop, name: friend, labels: {app: friend}}
spec: {nodeName: @-worker, containers: [{name: main, image: IMAGE, imagePullPolicy: Never}]}
---
apiVersion: v1
kind: Pod
metadata: {namespace: shop, name: far, labels: {app: friend}}
spec: {nodeName: @-control-plane, containers: [{name: main, image: IMAGE, imagePullPolicy: Never}]}
---
apiVersion: v1
kind: Pod
metadata: {namespace: bank, name: stranger}
spec: {nodeName: @-control-plane, containers: [{name: main, image: IMAGE, imagePullPolicy: Never}]}
---
apiVersion: v1
kind: Service
metadata: {namespace: shop, name: server}
spec: {selector: {app: server}, ports: [{port: 80, targetPort: web}]}
";

/// Asks for a page as the first thing that it does, and must not get it. `IP` stands for the server's address.
const EARLY: &str = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {namespace: shop, name: early}
spec: {podSelector: {matchLabels: {app: early}}, policyTypes: [Egress]}
---
apiVersion: v1
kind: Pod
metadata: {namespace: shop, name: early, labels: {app: early}}
spec:
  nodeName: @-worker
  restartPolicy: Never
  containers:
    - name: main
      image: backstack.dev/cluster/storage-helper:1.0.0
      imagePullPolicy: Never
      command: [/bin/busybox, sh, -c, 'busybox wget -T 2 -qO- http://IP:5000/ 2>/dev/null && echo reached || echo cut off']
";

/// `image` serves a page on port 5000, and both nodes have it.
pub(crate) fn are_enforced(platform: &Platform, image: &str) {
    let cluster = Cluster::new(platform, image);
    let (server, page) = (cluster.address("shop", "server"), "5000");
    let service = cluster.service();
    let cluster = &cluster;
    let to = |from: &'static str, address: &str, port: &str, wanted: bool| Way {
        from,
        address: address.into(),
        port: port.into(),
        wanted,
    };
    let all = |friend, far, stranger| {
        ["friend", "far", "stranger"]
            .into_iter()
            .zip([friend, far, stranger])
            .flat_map(|(from, wanted)| [to(from, &server, page, wanted), to(from, &service, "80", wanted)])
            .collect::<Vec<_>>()
    };
    cluster.eventually("without a policy", all(true, true, true));

    step("network policies: ingress");
    let standing = cluster.ask_later("friend", &server);
    cluster.policy("server", "{podSelector: {matchLabels: {app: server}}, policyTypes: [Ingress]}");
    cluster.eventually("nobody", all(false, false, false));
    cluster.eventually("a pod reaches itself by its service", vec![to("server", &service, "80", true)]);
    let answer = standing.join().expect("the one that asks");
    assert!(answer.contains("200 OK"), "a connection that stood before the policy is cut: {answer}");
    let friends = "[{podSelector: {matchLabels: {app: friend}}}]";
    cluster.ingress(&format!("[{{from: {friends}, ports: [{{port: web}}]}}]"));
    cluster.eventually("pods by label, a port by name", all(true, true, false));
    cluster.eventually("another port", vec![to("friend", &server, "8081", false), to("far", &server, "8081", false)]);
    cluster.ingress("[{from: [{namespaceSelector: {matchLabels: {team: bank}}}], ports: [{port: 5000}]}]");
    cluster.eventually("by namespace, a port by number", all(false, false, true));
    cluster.eventually("another port", vec![to("stranger", &server, "8081", false)]);
    cluster.ingress("[{ports: [{port: 8000, endPort: 8100}]}]");
    cluster.eventually("ports from here to there", {
        let mut ways = all(false, false, false);
        ways.extend(["friend", "far", "stranger"].map(|from| to(from, &server, "8081", true)));
        ways
    });
    // The kubelet asked all the time.
    let ready = ["-n", "shop", "get", "pod", "server", "-o", "jsonpath={.status.containerStatuses[0].ready}"];
    assert_eq!(platform.kubectl(&ready).stdout, "true", "the kubelet's probes do not arrive");
    platform.kubectl(&["-n", "shop", "delete", "networkpolicy", "server"]).succeeded("delete the policy");
    cluster.eventually("the policy is gone", all(true, true, true));

    step("network policies: egress");
    let friend = "podSelector: {matchLabels: {app: friend}}, policyTypes: [Egress]";
    cluster.policy("friend", &format!("{{{friend}}}"));
    cluster.eventually("nowhere", all(false, false, true));
    cluster.policy("friend", &format!("{{{friend}, egress: [{{to: [{{ipBlock: {{cidr: {server}/32}}}}]}}]}}"));
    cluster.eventually("to an address", all(true, true, true));
    let to_web = "egress: [{to: [{podSelector: {matchLabels: {app: server}}}], ports: [{port: web}]}]";
    cluster.policy("friend", &format!("{{{friend}, {to_web}}}"));
    cluster.eventually("to a pod's port by name", all(true, true, true));
    let stranger = cluster.address("bank", "stranger");
    cluster.eventually(
        "another port, another pod",
        vec![to("friend", &server, "8081", false), to("far", &stranger, page, false)],
    );
    let to_bank = "egress: [{to: [{namespaceSelector: {matchLabels: {team: bank}}}]}]";
    cluster.policy("friend", &format!("{{{friend}, {to_bank}}}"));
    cluster.eventually("to a namespace", vec![to("far", &stranger, page, true), to("friend", &server, page, false)]);

    step("network policies: the first packet of a new pod");
    platform.apply(&cluster.filled(EARLY).replace("IP", &server)).succeeded("apply the early pod");
    let done = ["-n", "shop", "wait", "pod/early", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=30s"];
    platform.kubectl(&done).succeeded("the early pod ends");
    assert_eq!(platform.kubectl(&["-n", "shop", "logs", "early"]).stdout, "cut off\n");

    step("network policies: nothing is left");
    for node in ["control-plane", "worker"] {
        assert_eq!(cluster.rules_on(node), 0, "there are no rules of policies on {node}, and there should be");
    }
    platform.kubectl(&["-n", "shop", "delete", "networkpolicy", "--all"]).succeeded("delete the policies");
    eventually("no rule is left", 5, || ["control-plane", "worker"].iter().all(|node| cluster.rules_on(node) != 0));
    cluster.eventually("all policies are gone", all(true, true, true));
    platform.kubectl(&["delete", "namespace", "shop", "bank", "--wait=false"]).succeeded("delete the namespaces");
}

/// What the platform's own policies mean to forbid and to allow.
pub(crate) fn of_the_platform_hold(platform: &Platform) {
    let node = format!("{}-control-plane", platform.name);
    let address = |pod: &str| {
        let label = format!("app.kubernetes.io/name={pod}");
        let path = "jsonpath={.items[0].status.podIP}";
        platform.kubectl(&["-n", "argocd", "get", "pods", "-l", &label, "-o", path]).succeeded("get pods").stdout
    };
    let cache = address("argocd-redis");
    let repositories = address("argocd-repo-server");
    for (namespace, pod, to, port, wanted) in [
        ("argocd", "argocd-server", &cache, "6379", true),
        ("argocd", "argocd-server", &repositories, "8081", true),
        ("argocd", "gitops", &cache, "6379", false),
        ("argocd", "gitops", &repositories, "8081", false),
        ("argocd", "gitops", &repositories, "8084", true),
    ] {
        let what = format!("{namespace}/{pod} reaches {to}:{port}: {wanted}");
        eventually(&what, 30, || reaches(&node, namespace, pod, to, port) == Some(wanted));
    }
}

/// One pod's way to an address, and whether it should be open.
struct Way {
    from: &'static str,
    address: String,
    port: String,
    wanted: bool,
}

struct Cluster<'a> {
    platform: &'a Platform,
    image: &'a str,
}

impl<'a> Cluster<'a> {
    fn new(platform: &'a Platform, image: &'a str) -> Self {
        step("network policies: pods on two nodes");
        let cluster = Self { platform, image };
        platform.apply(&cluster.filled(PODS)).succeeded("apply the pods");
        for namespace in ["shop", "bank"] {
            let ready = ["-n", namespace, "wait", "pod", "--all", "--for=condition=Ready", "--timeout=60s"];
            platform.kubectl(&ready).succeeded("the pods run");
        }
        // A second port that answers.
        let listen = "socat TCP-LISTEN:8081,fork,reuseaddr /dev/null >/dev/null 2>&1 &";
        run("docker", &in_pod(&cluster.node("server"), "shop", "server", listen)).succeeded("socat");
        cluster
    }

    fn filled(&self, manifest: &str) -> String {
        manifest.replace('@', self.platform.name).replace("IMAGE", self.image)
    }

    /// The node of a pod.
    fn node(&self, pod: &str) -> String {
        let role = if matches!(pod, "server" | "friend") { "worker" } else { "control-plane" };
        format!("{}-{role}", self.platform.name)
    }

    fn address(&self, namespace: &str, pod: &str) -> String {
        let asked = ["-n", namespace, "get", "pod", pod, "-o", "jsonpath={.status.podIP}"];
        self.platform.kubectl(&asked).succeeded("get pod").stdout
    }

    fn service(&self) -> String {
        let asked = ["-n", "shop", "get", "service", "server", "-o", "jsonpath={.spec.clusterIP}"];
        self.platform.kubectl(&asked).succeeded("get service").stdout
    }

    fn policy(&self, name: &str, spec: &str) {
        let head = "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy";
        let manifest = format!("{head}, metadata: {{namespace: shop, name: {name}}}, spec: {spec}}}");
        self.platform.apply(&manifest).succeeded("apply a policy");
    }

    fn ingress(&self, rules: &str) {
        self.policy("server", &format!("{{podSelector: {{matchLabels: {{app: server}}}}, ingress: {rules}}}"));
    }

    /// All ways become as they should, and soon.
    fn eventually(&self, what: &str, ways: Vec<Way>) {
        std::thread::scope(|scope| {
            for way in ways {
                scope.spawn(move || {
                    let namespace = if way.from == "stranger" { "bank" } else { "shop" };
                    let told = format!("{what}: {} reaches {}:{}: {}", way.from, way.address, way.port, way.wanted);
                    let node = self.node(way.from);
                    eventually(&told, 8, || {
                        reaches(&node, namespace, way.from, &way.address, &way.port) == Some(way.wanted)
                    });
                });
            }
        });
    }

    /// Opens a connection now and asks for a page in it 4 seconds later.
    fn ask_later(&self, from: &str, address: &str) -> JoinHandle<String> {
        let script = format!(
            "exec 3<>/dev/tcp/{address}/5000 && echo open && sleep 4
             printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; timeout 5 head -n 1 <&3"
        );
        let ask = in_pod(&self.node(from), "shop", from, &script);
        let mut child =
            Command::new("docker").args(ask).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("docker");
        let mut answer = BufReader::new(child.stdout.take().expect("its output"));
        let mut open = String::new();
        answer.read_line(&mut open).expect("a line");
        assert_eq!(open, "open\n");
        std::thread::spawn(move || {
            let mut rest = String::new();
            answer.read_to_string(&mut rest).expect("text");
            child.wait().expect("docker");
            rest
        })
    }

    /// 0 if the node has rules of policies.
    fn rules_on(&self, role: &str) -> i32 {
        let node = format!("{}-{role}", self.platform.name);
        docker(&["exec", &node, "nft", "list", "table", "ip", "podnet-policies"]).code
    }
}

/// What to run in a node for a script to run in the network of a pod, whose name begins so. No tool of the pod's is used.
fn in_pod(node: &str, namespace: &str, pod: &str, script: &str) -> Vec<String> {
    let find = r#"
        labels="labels.\"io.kubernetes.pod.namespace\"==$0,labels.\"io.kubernetes.pod.name\"~=^$1"
        running=$(ctr --namespace k8s.io tasks ls | awk '$3 == "RUNNING" { print $1, $2 }')
        for id in $(ctr --namespace k8s.io containers ls --quiet "$labels"); do
          pid=$(awk -v "id=$id" '$1 == id { print $2 }' <<<"$running")
          [ -z "$pid" ] || exec nsenter "--net=/proc/$pid/ns/net" bash -c "$2"
        done
        exit 70"#;
    ["exec", node, "bash", "-c", find, namespace, pod, script].map(String::from).into()
}

/// Whether a pod gets a connection; nothing if that cannot be said. Who is cut off gets no answer at all.
fn reaches(node: &str, namespace: &str, pod: &str, address: &str, port: &str) -> Option<bool> {
    let script = format!("timeout 1 bash -c '</dev/tcp/{address}/{port}'");
    match run("docker", &in_pod(node, namespace, pod, &script)).code {
        0 => Some(true),
        124 => Some(false),
        _ => None,
    }
}
