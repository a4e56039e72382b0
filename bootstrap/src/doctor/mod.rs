//! Every prerequisite, all at once, each failure with its fix.
//!
//! [`facts`] asks the machine; [`judge`] is pure and compares with what is needed.

pub mod facts;

use serde::Serialize;

use crate::error::{ExitKind, Explain};
use crate::origin::{Nowhere, Told};
use crate::report::units;
use crate::stack::model::Needs;
use facts::{EngineFacts, Facts, PortUse};

/// What fewer file watches than this leads to is known: pods that fail with "too many open files".
const INOTIFY_INSTANCES: u64 = 512;
const INOTIFY_WATCHES: u64 = 65_536;
const MIB: u64 = 1 << 20;
/// All images of a stack, compressed, and room to build the largest.
const CACHE_GOOD: u64 = 5 * 1024 * MIB;
/// With less than this not even an index can be relied on.
const CACHE_LEAST: u64 = 200 * MIB;

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Ok,
    Warning,
    Failed,
}

/// One prerequisite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at, as `disk`.
    pub name: &'static str,
    pub verdict: Verdict,
    /// What was found, and what is needed.
    pub found: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

impl Check {
    pub(crate) fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::Ok, found: found.into(), fix: None }
    }

    pub(crate) fn warning(name: &'static str, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::Warning, found: found.into(), fix: Some(fix.into()) }
    }

    pub(crate) fn failed(name: &'static str, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::Failed, found: found.into(), fix: Some(fix.into()) }
    }
}

/// Some prerequisites are not met.
#[derive(Debug, thiserror::Error)]
#[error("this machine is not ready: {}", failed(.0).map(|check| format!("{} ({})", check.name, check.found)).collect::<Vec<_>>().join("; "))]
pub struct Unmet(pub Vec<Check>);

fn failed(checks: &[Check]) -> impl Iterator<Item = &Check> {
    checks.iter().filter(|check| check.verdict == Verdict::Failed)
}

impl Explain for Unmet {
    fn kind(&self) -> ExitKind {
        ExitKind::Prerequisite
    }

    fn hints(&self) -> Vec<String> {
        let fixes = failed(&self.0).filter_map(|check| Some(format!("{}: {}", check.name, check.fix.as_ref()?)));
        fixes.chain(["`backstack doctor` shows all checks.".to_string()]).collect()
    }
}

/// Compares what the machine has with what the stack needs.
pub fn judge(facts: &Facts, needs: &Needs, stack: &str) -> Vec<Check> {
    let mut checks = match &facts.engine {
        Ok(facts) => engine(facts, needs, stack),
        Err(absent) => vec![Check::failed("engine", absent.found.clone(), absent.fix.clone())],
    };
    checks.extend(facts.ports.iter().filter_map(port));
    checks.push(match &facts.kubeconfig {
        Ok(path) => Check::ok("kubeconfig", path.clone()),
        Err(problem) => {
            Check::failed("kubeconfig", problem.clone(), "mend the file, or point KUBECONFIG at another one")
        }
    });
    checks.extend(facts.cache.as_ref().map(|(folder, free)| cache(folder, *free)));
    checks.extend(facts.missing_tools.iter().map(|(tool, fix)| Check::failed("tools", tool.clone(), fix.clone())));
    checks.extend(facts.certificates.iter().flat_map(certificates));
    checks.extend(facts.proxy.used.iter().map(|used| Check::ok("proxy", used.clone())));
    let problem = |(found, fix): &(String, String)| Check::warning("proxy", found.clone(), fix.clone());
    checks.extend(facts.proxy.problems.iter().map(problem));
    checks
}

/// Where images come from, and those that cannot be had.
pub fn images(told: &Told, nowhere: &[Nowhere]) -> Check {
    if nowhere.is_empty() {
        let lines = std::iter::once(&told.headline).chain(&told.taken_over);
        return Check::ok("images", lines.map(|line| line.trim_end_matches('.')).collect::<Vec<_>>().join("; "));
    }
    let images: Vec<_> = nowhere.iter().map(Nowhere::text).collect();
    let fix = "let the registry answer (HTTPS_PROXY, `docker login`), or leave the component out with `--without`";
    Check::failed("images", format!("no way leads to {}", images.join("; ")), fix)
}

fn engine(facts: &EngineFacts, needs: &Needs, stack: &str) -> Vec<Check> {
    let found = format!("Docker {} at {}, {}", facts.version, facts.endpoint, facts.storage_driver);
    let engine = if facts.elsewhere { on_another_machine(found) } else { Check::ok("engine", found) };
    let mut checks = vec![engine, Check::ok("mode", facts.mode.clone())];
    checks.extend(cpu_and_memory(facts, needs, stack));
    checks.extend(facts.disk_free.map(|free| disk(free, needs, stack)));
    checks.extend(inotify(facts));
    if let Some(problem) = &facts.name_in_use {
        checks.push(Check::failed(
            "name",
            problem.clone(),
            "choose another name with `--name`, or remove that container",
        ));
    }
    let taken = |what: &String| {
        let fix = "rename or remove it: all platforms share one network and one registry of these names";
        Check::failed("name", format!("{what} exists and was not made by backstack"), fix)
    };
    checks.extend(facts.shared_in_use.iter().map(taken));
    checks
}

fn on_another_machine(found: String) -> Check {
    let fix = "the platform's ports, the local registry's too, will be on that machine's loopback: run backstack \
               there, or let ssh carry the ports here";
    Check::warning("engine", found, fix)
}

/// Certificates that cannot be used are left out; it is only wrong if none is left.
fn certificates(found: &Result<(String, Vec<String>), String>) -> Vec<Check> {
    let fix = "mend or remove it; `openssl x509 -in FILE -noout -subject` reads a certificate";
    match found {
        Ok((count, warnings)) if warnings.is_empty() => vec![Check::ok("certificates", count.clone())],
        Ok((_, warnings)) => warnings.iter().map(|one| Check::warning("certificates", one.clone(), fix)).collect(),
        Err(why) => vec![Check::failed("certificates", why.clone(), "mend the file, or unset the variable")],
    }
}

fn cpu_and_memory(facts: &EngineFacts, needs: &Needs, stack: &str) -> Vec<Check> {
    let cpus = format!("{} CPUs (`{stack}` needs {})", facts.cpus, needs.cpus);
    let memory = format!("{} (`{stack}` needs {})", units::bytes(facts.memory), units::bytes(needs.memory_mib * MIB));
    let more = "give the engine more: Docker Desktop → Settings → Resources, or a larger machine";
    let cpu =
        if facts.cpus >= u64::from(needs.cpus) { Check::ok("cpu", cpus) } else { Check::failed("cpu", cpus, more) };
    // Memory is counted in powers of two by some and of ten by others: a tenth less is still what was asked for.
    let enough = facts.memory >= needs.memory_mib * MIB * 9 / 10;
    vec![cpu, if enough { Check::ok("memory", memory) } else { Check::failed("memory", memory, more) }]
}

fn disk(free: u64, needs: &Needs, stack: &str) -> Check {
    let found = format!("{} free (`{stack}` needs {})", units::bytes(free), units::bytes(needs.disk_mib * MIB));
    if free >= needs.disk_mib * MIB {
        Check::ok("disk", found)
    } else {
        Check::failed("disk", found, "make room: `docker system df`, `docker image prune`, `docker builder prune`")
    }
}

/// What is needed depends on what is there already, so little room is a warning until there is next to none.
fn cache(folder: &str, free: u64) -> Check {
    let found = format!("{} free for the cache at {folder}", units::bytes(free));
    let fix = "make room, or set BACKSTACK_CACHE to a folder that has some";
    match free {
        free if free < CACHE_LEAST => Check::failed("cache", found, fix),
        free if free < CACHE_GOOD => Check::warning("cache", found, fix),
        _ => Check::ok("cache", folder),
    }
}

fn inotify(facts: &EngineFacts) -> Vec<Check> {
    let limit = |key: &str, value: Option<u64>, needed: u64| {
        let value = value?;
        let found = format!("{key} {value}, needs {needed}");
        Some(if value >= needed {
            Check::ok("inotify", format!("{key} {value}"))
        } else {
            Check::failed("inotify", found, format!("sudo sysctl fs.inotify.{key}={needed}"))
        })
    };
    [
        limit("max_user_instances", facts.inotify_instances, INOTIFY_INSTANCES),
        limit("max_user_watches", facts.inotify_watches, INOTIFY_WATCHES),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn port(port: &PortUse) -> Option<Check> {
    let found = format!("127.0.0.1:{} for {} is taken", port.port, port.purpose);
    let fix = format!("choose another with {}, or stop what uses it (`ss -ltnp`, `docker ps`)", port.flag);
    port.taken.then(|| Check::failed("ports", found, fix))
}

/// Whether any check failed.
pub fn has_failed(checks: &[Check]) -> bool {
    failed(checks).next().is_some()
}

/// The checks as a person reads them, and a last line that counts.
pub fn show(checks: &[Check]) -> String {
    let mut text = String::new();
    for check in checks {
        let mark = match check.verdict {
            Verdict::Ok => "✔",
            Verdict::Warning => "!",
            Verdict::Failed => "✘",
        };
        let fix = check.fix.as_ref().map(|fix| format!("\n{:18}→ {fix}", "")).unwrap_or_default();
        text.push_str(&format!("  {mark} {:<13} {}{fix}\n", check.name, check.found));
    }
    let count = |verdict| checks.iter().filter(|check| check.verdict == verdict).count();
    let plural = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    match (count(Verdict::Failed), count(Verdict::Warning)) {
        (0, 0) => text.push_str("  All is well.\n"),
        (failed, warnings) => {
            text.push_str(&format!("  {}, {}.\n", plural(failed, "problem"), plural(warnings, "warning")));
        }
    }
    text
}

/// A warning that callers add: something that works, but not as it should.
pub fn warning(name: &'static str, found: impl Into<String>, fix: impl Into<String>) -> Check {
    Check::warning(name, found, fix)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn engine_facts() -> EngineFacts {
        EngineFacts {
            version: "28.1".into(),
            endpoint: "unix:///x (DOCKER_HOST)".into(),
            elsewhere: false,
            storage_driver: "overlay2".into(),
            mode: "privileged nodes".into(),
            cpus: 4,
            memory: 8192 * MIB,
            disk_free: Some(20_000 * MIB),
            inotify_instances: Some(512),
            inotify_watches: Some(65_536),
            name_in_use: None,
            shared_in_use: Vec::new(),
        }
    }

    fn facts() -> Facts {
        with_engine(engine_facts())
    }

    fn with_engine(engine: EngineFacts) -> Facts {
        let kubeconfig = Ok("~/.kube/config".into());
        Facts {
            engine: Ok(engine),
            ports: Vec::new(),
            kubeconfig,
            cache: None,
            missing_tools: Vec::new(),
            proxy: Default::default(),
            certificates: None,
        }
    }

    fn verdict_of(facts: &Facts, name: &str) -> Verdict {
        let needs = Needs { cpus: 2, memory_mib: 4096, disk_mib: 10_240 };
        judge(facts, &needs, "back").iter().find(|check| check.name == name).expect("check").verdict
    }

    #[test]
    fn a_good_machine_passes_and_says_so() {
        let checks = judge(&facts(), &Needs::default(), "back");
        assert!(!has_failed(&checks));
        assert!(show(&checks).ends_with("All is well.\n"));
    }

    #[test]
    fn each_shortfall_fails_with_a_fix() {
        let of_engine = |engine, name| verdict_of(&with_engine(engine), name);
        assert_eq!(of_engine(EngineFacts { cpus: 1, ..engine_facts() }, "cpu"), Verdict::Failed);
        assert_eq!(of_engine(EngineFacts { memory: 2048 * MIB, ..engine_facts() }, "memory"), Verdict::Failed);
        assert_eq!(of_engine(EngineFacts { memory: 3900 * MIB, ..engine_facts() }, "memory"), Verdict::Ok);
        assert_eq!(of_engine(EngineFacts { disk_free: Some(MIB), ..engine_facts() }, "disk"), Verdict::Failed);
        assert_eq!(
            of_engine(EngineFacts { inotify_instances: Some(128), ..engine_facts() }, "inotify"),
            Verdict::Failed
        );
        assert_eq!(
            verdict_of(&Facts { kubeconfig: Err("is malformed".into()), ..facts() }, "kubeconfig"),
            Verdict::Failed
        );
        let shared_in_use = vec!["network `backstack`".into()];
        assert_eq!(of_engine(EngineFacts { shared_in_use, ..engine_facts() }, "name"), Verdict::Failed);
        let cache = |free: u64| verdict_of(&Facts { cache: Some(("~/x".into(), free)), ..facts() }, "cache");
        assert_eq!(
            (cache(MIB), cache(4096 * MIB), cache(6000 * MIB)),
            (Verdict::Failed, Verdict::Warning, Verdict::Ok)
        );
        let port = PortUse { port: 8443, purpose: "HTTPS", flag: "--https-port", taken: true };
        assert_eq!(verdict_of(&Facts { ports: vec![port], ..facts() }, "ports"), Verdict::Failed);
        let poor = EngineFacts { cpus: 1, memory: MIB, ..engine_facts() };
        let all = judge(&with_engine(poor), &Needs { cpus: 2, ..Needs::default() }, "s");
        let unmet = Unmet(all.clone());
        assert_eq!(unmet.hints().len(), 3, "{:?}", unmet.hints());
        assert!(failed(&all).all(|check| check.fix.is_some()));
    }

    #[test]
    fn what_cannot_be_known_is_not_judged() {
        let remote = EngineFacts { disk_free: None, inotify_instances: None, inotify_watches: None, ..engine_facts() };
        assert!(
            !judge(&with_engine(remote), &Needs::default(), "s")
                .iter()
                .any(|check| check.name == "disk" || check.name == "inotify")
        );
    }
}
