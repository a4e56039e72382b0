//! Words that newcomers use for what the pages call otherwise.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::words::stem;

/// Words that may stand for each other. Each line is one meaning; a word may be in several.
const GROUPS: &[&[&str]] = &[
    &["remove", "delete", "uninstall", "destroy", "down", "away"],
    &["password", "credential", "login", "secret"],
    &["laptop", "machine", "computer", "host"],
    &["error", "fail", "failure", "broken", "problem", "fault", "wrong"],
    &["browser", "chrome", "firefox", "safari"],
    &["kubernetes", "k8s", "cluster"],
    &["postgres", "postgresql", "database", "db", "sql", "cloudnativepg", "cnpg"],
    &["assistant", "ai", "copilot", "agent", "llm", "model", "mcp"],
    &["editor", "ide", "vscode", "cursor", "zed"],
    &["repository", "repo"],
    &["setting", "configuration", "config", "option", "parameter", "preference"],
    &["folder", "directory", "dir"],
    &["company", "corporate", "organisation", "organization", "enterprise"],
    &["portal", "backstage", "developer-portal"],
    &["permission", "right", "rbac", "access", "allow"],
    &["start", "begin", "launch", "up", "create", "make"],
    &["memory", "ram"],
    &["processor", "cpu", "core"],
    &["install", "setup", "deploy", "set-up"],
    &["documentation", "docs", "wiki", "page"],
    &["manifest", "yaml", "descriptor"],
    &["timeout", "deadline", "wait", "slow", "stuck", "hang"],
    &["disk", "space", "storage", "full"],
    &["offline", "internet", "network", "air-gap"],
    &["order", "request", "ask", "provision"],
    &["change", "update", "edit", "modify"],
    &["rule", "policy"],
    &["approve", "review", "merge"],
    &["crd", "definition"],
    &["xrd", "compositeresourcedefinition"],
    &["docker", "engine"],
    &["restart", "reboot"],
    &["log", "output"],
    &["trust", "authority", "certificate", "ssl", "tls"],
    &["reach", "open", "visit", "url", "address"],
    &["build", "compile"],
    &["image", "container"],
    &["web", "page", "ui", "interface"],
    &["crash", "restart", "exit"],
    &["leak", "secret", "expose"],
    &["store", "keep", "kept", "state"],
    &["toolset", "tool"],
    &["forbid", "refuse", "deny", "reject", "block"],
    &["limit", "limitation", "restriction", "production"],
    &["cert", "certificate", "https", "ssl", "tls"],
    &["skip", "omit", "exclude", "without", "leave"],
    &["several", "multiple", "two", "second", "side"],
    &["download", "fetch", "pull", "byte"],
    &["taken", "busy", "occupied", "used"],
    &["restart", "sleep", "suspend", "resume", "stop"],
    &["survive", "lost", "lose", "stay", "persist", "keep"],
    &["domain", "hostname", "address", "url"],
    &["machine", "vm", "server", "pc", "mac"],
    &["service", "app", "application", "workload"],
    &["requirement", "need", "prerequisite"],
    &["upgrade", "update", "version"],
    &["user", "account", "role", "people"],
    &["healthy", "green", "ready"],
    &["unhealthy", "red", "degraded", "fail"],
    &["scale", "replica", "instance"],
    &["expose", "publish", "ingress", "route"],
    &["example", "sample", "demo"],
    &["free", "clean", "empty", "prune", "remove"],
    &["pending", "unschedulable", "fit"],
    &["write", "push", "commit"],
    &["oom", "memory", "kill"],
];

static OTHERS: LazyLock<HashMap<String, Vec<String>>> = LazyLock::new(|| {
    let mut others: HashMap<String, Vec<String>> = HashMap::new();
    for group in GROUPS {
        let stems: Vec<String> = group.iter().map(|word| stem(&word.replace('-', ""))).collect();
        for one in &stems {
            let entry = others.entry(one.clone()).or_default();
            entry.extend(stems.iter().filter(|other| *other != one).cloned());
        }
    }
    others
});

/// Terms that may stand for this one.
pub fn others(term: &str) -> &'static [String] {
    OTHERS.get(term).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meanings_go_both_ways() {
        assert!(others("delet").contains(&"remov".to_string()) || others("delete").contains(&"remove".to_string()));
        assert!(others(&stem("repo")).contains(&stem("repository")));
        assert!(others("zzz").is_empty());
    }
}
