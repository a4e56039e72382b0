//! Words that newcomers use for what the pages call otherwise.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::words::stem;

/// Names of the same thing, which may stand for each other. A word may be in several lines.
const SAME: &[&str] = &[
    "kubernetes k8s kube",
    "postgres postgresql cloudnativepg cnpg",
    "database db",
    "repository repo",
    "setting configuration config option preference",
    "folder directory dir",
    "company corporate organisation organization enterprise",
    "portal backstage",
    "memory ram",
    "processor cpu core",
    "documentation docs",
    "upgrade update",
    "timeout deadline",
    "certificate cert",
    "tls ssl https",
    "url address link",
    "permission right rbac privilege",
    "app application",
    "editor ide vscode",
    "restart reboot",
    "expose publish",
    "remove delete uninstall",
    "log output",
    "user account",
    "build compile",
    "example sample demo",
    "argocd argo",
    "namespace ns",
    "macos mac osx darwin",
    "parameter param",
    "variable var",
    "environment env",
    "hostname domain",
    "administrator admin",
    "catalog catalogue",
    "crd customresourcedefinition",
    "xrd compositeresourcedefinition",
    "pullrequest pr",
    "service svc",
    "autoscaler hpa horizontalpodautoscaler",
    "production prod",
    "development dev",
    "yaml yml",
    "authority ca",
    "refuse reject deny forbid block",
    "rule policy",
    "login signin",
    "volume pvc",
    "limit limitation restriction",
    "ready readiness",
    "color colour",
    "healthy green",
];

/// What newcomers say, and what the pages say for it; not the other way round.
const SAID: &[(&str, &str)] = &[
    ("destroy wipe erase nuke purge clear teardown tear rid drop reset dispose discard remove", "remove down purge"),
    ("delete remove away", "down away"),
    ("clean cleanup prune empty reclaim free", "remove purge free room"),
    ("shutdown shut pause suspend hibernate halt", "stop"),
    ("sleep suspend hibernate", "reboot restart stop"),
    ("resume continue proceed", "again interruption"),
    ("start launch begin boot bootstrap spin create make install deploy", "up"),
    ("start launch begin boot bring", "start make"),
    ("install setup deploy", "install add"),
    ("deploy release ship rollout", "order app"),
    ("password login credential passphrase", "credential secret password"),
    ("login authenticate authentication logon", "sign credential password"),
    ("forgot forget", "credential password"),
    ("apikey bearer", "token"),
    ("confidential sensitive", "secret"),
    ("leak expose steal", "secret"),
    ("laptop computer pc desktop notebook workstation macbook box host", "machine"),
    ("server vm vps", "machine"),
    ("failure problem issue bug fault trouble error broken wrong", "fail error message"),
    ("crash die dead", "exit crashloopbackoff restart"),
    ("stuck hang freeze frozen forever endless slow", "timeout wait pending"),
    ("pending unschedulable schedule", "fit room"),
    ("chrome firefox safari edge", "browser"),
    ("insecure untrusted selfsigned unsafe", "trust authority private"),
    ("x509", "certificate authority"),
    ("ssl tls https", "certificate"),
    ("trust", "authority"),
    ("ai copilot llm chatbot chatgpt claude gpt model agent bot", "assistant"),
    ("assistant ai", "mcp"),
    ("copilot claude cursor codex zed", "client editor"),
    ("connect attach hook plug", "install client"),
    ("plugin extension integration", "client server"),
    ("jetbrains intellij", "editor"),
    ("wiki handbook knowledge manual runbook confluence", "documentation documents"),
    ("gui dashboard console frontend webui ui website web", "portal page browser"),
    ("terminal shell cli console", "command"),
    ("selfservice", "portal order"),
    ("approval review reviewer merge", "approve merge"),
    ("request ask provision", "order"),
    ("claim", "order composite"),
    ("publish provide", "offer"),
    ("scaffold wizard form", "template form"),
    ("list show view display inspect see overview", "status"),
    ("state health", "status"),
    ("unhealthy red degraded", "fail ready"),
    ("allow enable grant permit", "allow flag"),
    ("allow permission role", "right may"),
    ("prevent restrict", "refuse policy"),
    ("disable off deactivate", "without out"),
    ("skip omit exclude ignore leave", "without out"),
    ("team owner persona", "user developer"),
    ("space storage drive ssd", "disk"),
    ("full", "disk room"),
    ("requirement prerequisite minimum hardware spec", "need machine"),
    ("resource capacity", "memory processor"),
    ("oom oomkilled", "memory kill"),
    ("evicted", "memory disk"),
    ("connectivity internet web wifi", "network"),
    ("airgap airgapped disconnected offline", "network offline"),
    ("firewall vpn", "proxy blocked"),
    ("blocked unreachable", "reach blocked"),
    ("dockerhub", "registry"),
    ("busy occupied conflict bind used", "taken"),
    ("tunnel remote ssh codespace ngrok colleague share", "tunnel address"),
    ("dns", "hostname name"),
    ("visit endpoint access", "reach address"),
    ("open", "reach browser"),
    ("eks aks gke openshift rancher managed cloud existing external", "context others"),
    ("second another parallel simultaneously", "several"),
    ("two", "several"),
    ("lightweight tiny slim light small", "minimal smaller"),
    ("multinode multi", "node worker"),
    ("scale autoscale horizontal", "replica scaling"),
    ("instance", "replica"),
    ("monitoring prometheus grafana usage", "metrics"),
    ("caveat drawback constraint unsupported", "limit"),
    ("throttle ratelimit 429", "limit rate"),
    ("mature stable production ha availability", "production limit"),
    ("survive persist retain durable keep kept", "stay kept lost"),
    ("lose lost vanish disappear", "lost stay"),
    ("data", "stored volume"),
    ("backup snapshot restore", "backs lost"),
    ("undo revert rollback", "undo git"),
    ("dryrun preview simulate", "plan happen"),
    ("preflight prerequisite", "doctor check"),
    ("validate verify lint test", "check"),
    ("edit modify adjust tweak override customise customize", "change"),
    ("configure customise customize tune", "parameter set"),
    ("setting option", "parameter"),
    ("switch argument option", "flag"),
    ("script automation ci pipeline", "json exit"),
    ("json machinereadable parse", "json output"),
    ("autocomplete completion tab", "completion"),
    ("traffic bandwidth", "bytes"),
    ("download", "fetch pull byte"),
    ("upload", "push"),
    ("reuse", "cache"),
    ("container", "image"),
    ("dockerfile", "image recipe"),
    ("podman colima orbstack docker", "engine"),
    ("custom internal inhouse private", "own"),
    ("software program product tool", "component app"),
    ("workload microservice", "app service"),
    ("webapp website frontend", "webapp"),
    ("chart helm", "helm manifests"),
    ("descriptor", "manifest yaml"),
    ("manifest", "yaml"),
    ("guardrail compliance governance constraint", "policy"),
    ("violate violation noncompliant comply compliant", "policy failing"),
    ("dependency depend sequence", "depends-on"),
    ("concurrent parallel simultaneously", "side"),
    ("deterministic identical reproducible", "same byte"),
    ("apt deb", "debian"),
    ("python pip", "pypi"),
    ("javascript node nodejs yarn", "npm"),
    ("golang", "go"),
    ("debug investigate diagnose troubleshoot", "diagnose log look"),
    ("cause reason", "diagnose"),
    ("kubeconfig", "context"),
    ("subnet cidr ip", "subnet network"),
    ("hook", "webhook"),
    ("flux", "gitops argocd"),
    ("reconcile drift outofsync", "sync"),
    ("github gitlab bitbucket", "gitea git"),
    ("git", "gitea"),
    ("branch commit", "git"),
    ("mysql sql psql", "database postgresql"),
    ("glossary terminology vocabulary", "concept"),
    ("versus vs compare comparison", "difference"),
    ("security secure safety safe hardening", "secret right"),
    ("anonymous", "guest"),
    ("content include included ship bundled contain preinstalled", "component installed"),
    ("arm silicon apple m1", "arm64"),
    ("wsl", "windows"),
    ("supported compatible compatibility", "tried"),
    ("abort cancel ctrl", "interrupted"),
    ("rerun twice", "again"),
    ("exempt exemption exception", "exception"),
    ("unauthorized unauthorised 401 403", "refused sign denied"),
    ("openai chatgpt gemini", "assistant model"),
    ("intercept inspect mitm", "proxy tls"),
    ("letsencrypt acme", "acme certificate"),
    ("indentation indent syntax parse", "yaml valid"),
    ("circular cyclic", "wait each cycle"),
    ("artifactory nexus harbor mirror", "registry"),
    ("ecr ghcr acr", "registry"),
    ("fast quick speed performance", "seconds minute"),
    ("rebuild redo renew rotate regenerate anew", "recreated"),
    ("reinstall scratch fresh", "recreated remove"),
    ("corrupt corrupted damaged", "damaged malformed"),
    ("mandatory required", "must"),
    ("incorrect bad invalid", "malformed wrong"),
    ("typo misspelt misspelled", "unknown"),
    ("duplicate", "twice already"),
    ("absent notfound", "missing no"),
    ("schedule cron batch", "job"),
    ("everywhere daemonset", "every node"),
    ("vault", "secret"),
    ("loadbalancer nodeport", "service port"),
    ("internally internal hood inside", "architecture"),
    ("stage phase", "step phase"),
    ("boss colleague people team multiuser", "people"),
    ("huge big large size", "gb disk"),
    ("chown ownership", "owner"),
    ("quota", "limit"),
    ("project", "platform backstack"),
    ("environment idp system", "platform"),
    ("addon module feature", "component"),
    ("bundle profile preset distribution", "stack"),
    ("master", "control plane"),
    ("gateway reverse", "ingress"),
    ("probe liveness healthcheck", "readiness"),
    ("issuer signer", "authority"),
    ("blueprint boilerplate starter golden", "template"),
    ("accept lgtm", "approve trust"),
    ("hash checksum sha", "digest"),
    ("watcher", "inotify watches"),
    ("daemon runtime", "engine"),
    ("terminating", "finalizers gone"),
    ("progress stream", "event"),
    ("capability action function", "tool"),
    ("localhost", "loopback"),
    ("official vendor original", "upstream"),
    ("library", "module package"),
    ("item thing", "object entity"),
    ("find lookup query", "search"),
    ("downside disadvantage drawback", "limit"),
    ("sunset retire obsolete", "retire deprecated"),
    ("field attribute property structure", "key schema"),
    ("leader", "primary"),
    ("expire expiry renewal", "renewed"),
    ("alert", "warning"),
    ("sso", "sign"),
    ("gcc", "compiler cc"),
];

type Others = HashMap<String, Vec<String>>;

static SAME_AS: LazyLock<Others> = LazyLock::new(|| {
    let mut others = Others::new();
    for line in SAME {
        let line = stems(line);
        line.iter().for_each(|one| add(&mut others, one, &line));
    }
    others
});

static SAID_FOR: LazyLock<Others> = LazyLock::new(|| {
    let mut others = Others::new();
    for (said, meant) in SAID {
        let meant = stems(meant);
        stems(said).iter().for_each(|one| add(&mut others, one, &meant));
    }
    others
});

fn stems(line: &str) -> Vec<String> {
    line.split(' ').map(|word| stem(&word.replace('-', ""))).collect()
}

fn add(others: &mut Others, word: &str, meant: &[String]) {
    let known = others.entry(word.to_string()).or_default();
    for other in meant {
        if other != word && !known.contains(other) {
            known.push(other.clone());
        }
    }
}

/// Other names for what this term names.
pub(super) fn same(term: &str) -> &'static [String] {
    SAME_AS.get(term).map_or(&[], Vec::as_slice)
}

/// Terms that the pages may have where somebody says this one.
pub(super) fn said(term: &str) -> &'static [String] {
    SAID_FOR.get(term).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways_and_what_is_said_one() {
        assert!(same(&stem("repo")).contains(&stem("repository")) && same(&stem("repository")).contains(&stem("repo")));
        assert!(said(&stem("laptop")).contains(&stem("machine")) && !said(&stem("machine")).contains(&stem("laptop")));
        assert!(same("zzz").is_empty() && said("zzz").is_empty());
    }

    #[test]
    fn words_are_given_once_a_line() {
        for line in SAME.iter().copied().chain(SAID.iter().flat_map(|(said, meant)| [*said, *meant])) {
            let mut words: Vec<&str> = line.split(' ').collect();
            assert!(words.iter().all(|word| !word.is_empty()), "{line}");
            words.sort_unstable();
            assert!(words.windows(2).all(|pair| pair[0] != pair[1]), "{line}");
        }
    }
}
