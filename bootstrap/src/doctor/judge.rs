//! Compares what there is with what is needed; pure.
//!
//! Refused is only what cannot work: pods that no scheduler would find a place for, a disk on which not even the images
//! fit, a port that another program has. Everything that is merely short is a warning with its numbers.

use time::OffsetDateTime;

use super::building::Building;
use super::facts::{EngineFacts, Facts, PortUse};
use super::requests::Requests;
use super::{Check, Verdict};
use crate::docker::inotify::{FileWatches, Limits};
use crate::report::units;
use crate::stack::Stack;
use crate::stack::model::Needs;

const MIB: u64 = 1 << 20;
/// All images of a stack, compressed, and room to build the largest.
const CACHE_GOOD: u64 = 5 * 1024 * MIB;
/// With less than this not even an index can be relied on.
const CACHE_LEAST: u64 = 200 * MIB;
/// What a platform that exists already has to find: it has its images.
const DISK_LEAST: u64 = 512 * MIB;
/// The part of the disk that a stack asks for which its images alone take.
const IMAGES: u64 = 4;
const BIGGER: &str = "give the engine more (Docker Desktop → Settings → Resources), or take a larger machine or a \
                      smaller stack: `--stack minimal`, `--without COMPONENT`";

/// What a stack wants of a machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Wants {
    /// Name of the stack, for people.
    pub stack: String,
    /// Processors, memory and disk that the stack says it needs.
    pub needs: Needs,
    /// What pods ask for.
    pub requests: Requests,
    /// Each node sees all of the machine.
    pub nodes: u64,
}

impl Wants {
    /// Of a cluster that is made here.
    pub fn here(stack: &Stack, workers: u16) -> Self {
        let requests = Requests::of(stack).with_control_plane();
        Self { stack: stack.name.clone(), needs: stack.needs.clone(), requests, nodes: u64::from(workers) + 1 }
    }

    /// Of a cluster that somebody else made, all of whose nodes are counted together.
    pub fn existing(stack: &Stack) -> Self {
        Self { requests: Requests::of(stack), ..Self::here(stack, 0) }
    }
}

/// Compares what the machine has with what the stack wants.
pub fn judge(facts: &Facts, wants: &Wants) -> Vec<Check> {
    let mut checks = match &facts.engine {
        Ok(facts) => engine(facts, wants),
        Err(absent) => vec![Check::failed("engine", absent.found.clone(), absent.fix.clone())],
    };
    checks.extend(facts.ports.iter().filter_map(port));
    checks.push(match &facts.kubeconfig {
        Ok(path) => Check::ok("kubeconfig", path.clone()),
        Err(problem) => {
            Check::failed("kubeconfig", problem.clone(), "fix the file, or point KUBECONFIG at another one")
        }
    });
    checks.extend(facts.cache.as_ref().map(|(folder, free)| cache(folder, *free)));
    checks.extend(facts.building.iter().flat_map(Building::checks));
    checks.extend(facts.certificates.iter().flat_map(certificates));
    checks.extend(facts.proxy.used.iter().map(|used| Check::ok("proxy", used.clone())));
    let problem = |(found, fix): &(String, String)| Check::warning("proxy", found.clone(), fix.clone());
    checks.extend(facts.proxy.problems.iter().map(problem));
    checks.extend(facts.handed_on.checks());
    checks.extend(facts.names.checks());
    checks.extend(facts.ways.checks());
    checks.extend(facts.clock.checks(OffsetDateTime::now_utc()));
    checks
}

/// Certificates that cannot be used are left out; it is only wrong if none is left.
fn certificates(found: &Result<(String, Vec<String>), String>) -> Vec<Check> {
    let fix = "fix or remove it; `openssl x509 -in FILE -noout -subject` reads a certificate";
    match found {
        Ok((count, warnings)) if warnings.is_empty() => {
            vec![Check::ok("certificates", format!("{count}; new nodes trust them too"))]
        }
        Ok((_, warnings)) => warnings.iter().map(|one| Check::warning("certificates", one.clone(), fix)).collect(),
        Err(why) => vec![Check::failed("certificates", why.clone(), "fix the file, or unset the variable")],
    }
}

fn engine(facts: &EngineFacts, wants: &Wants) -> Vec<Check> {
    let found = format!("Docker {} at {}, {}", facts.version, facts.endpoint, facts.storage.driver);
    let engine = if facts.remote { on_another_machine(found) } else { Check::ok("engine", found) };
    let mut checks = vec![engine, Check::ok("mode", facts.mode.clone()), facts.cgroups.check()];
    checks.extend(facts.storage.check());
    checks.push(cpu(facts.cpus as f64, facts.cpus.to_string(), wants, BIGGER));
    checks.push(memory(facts.memory, wants, BIGGER));
    checks.extend(facts.disk_free.map(|free| disk(free, wants, facts.has_platform)));
    checks.extend(facts.file_watches.map(|watches| inotify(&watches, facts.may_raise)));
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

/// Processors, for which pods ask before they run.
pub fn cpu(has: f64, shown: String, wants: &Wants, fix: &str) -> Check {
    let asked = wants.requests.cpu as f64 / 1000.0;
    let found =
        format!("{shown} {} (`{}` needs {}", if shown == "1" { "CPU" } else { "CPUs" }, wants.stack, wants.needs.cpus);
    let nodes = wants.nodes as f64;
    // What nodes keep for themselves is part of what a machine is asked for.
    match has {
        has if has * nodes < asked => Check::failed("cpu", format!("{found}; its pods ask for {asked:.1})"), fix),
        has if has < f64::from(wants.needs.cpus) * 0.9 => {
            Check::warning("cpu", format!("{found}): it will be slow"), fix)
        }
        _ => Check::ok("cpu", format!("{found})")),
    }
}

/// Memory, in bytes.
pub fn memory(has: u64, wants: &Wants, fix: &str) -> Check {
    let (needed, asked) = (wants.needs.memory_mib * MIB, u64::try_from(wants.requests.memory / 1000).unwrap_or(0));
    let found = format!("{} (`{}` needs {}", units::bytes(has), wants.stack, units::bytes(needed));
    match has {
        has if has * wants.nodes < asked => {
            Check::failed("memory", format!("{found}; its pods ask for {})", units::bytes(asked)), fix)
        }
        // Memory is counted in powers of two by some and of ten by others: a tenth less is still what was asked for.
        has if has < needed * 9 / 10 => {
            Check::warning("memory", format!("{found}): pods may be killed when it runs out"), fix)
        }
        _ => Check::ok("memory", format!("{found})")),
    }
}

fn disk(free: u64, wants: &Wants, has_platform: bool) -> Check {
    let needed = wants.needs.disk_mib * MIB;
    let least = if has_platform { DISK_LEAST.min(needed / IMAGES) } else { needed / IMAGES };
    let found = format!("{} free (`{}` needs {}", units::bytes(free), wants.stack, units::bytes(needed));
    let fix = "make room: `docker system df`, `docker image prune`, `docker builder prune`";
    match free {
        free if free < least => {
            Check::failed("disk", format!("{found}, and at least {} are needed)", units::bytes(least)), fix)
        }
        free if free < needed && !has_platform => Check::warning("disk", format!("{found})"), fix),
        _ => Check::ok("disk", format!("{found})")),
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

fn inotify(watches: &FileWatches, may_raise: bool) -> Check {
    let (Limits { instances, watches: most }, used) = (watches.limits, watches.used);
    let about = if used.in_part { "at least " } else { "" };
    let found = format!(
        "{about}{} of {instances} instances and {} of {most} watches in use by one user",
        used.instances, used.watches
    );
    let wanted = watches.wanted();
    if watches.limits.reach(&wanted) {
        return Check::ok("inotify", found);
    }
    let wanted_too = format!("{} instances and {} watches", wanted.instances, wanted.watches);
    if may_raise {
        return Check::ok("inotify", format!("{found}; the nodes raise the limits to {wanted_too}"));
    }
    Check::warning("inotify", format!("{found}; {wanted_too} are needed"), watches.limits.commands(&wanted))
}

fn port(port: &PortUse) -> Option<Check> {
    let found = format!("127.0.0.1:{} for {} is taken", port.port, port.purpose);
    let fix = format!("choose another with {}, or stop what uses it (`ss -ltnp`, `docker ps`)", port.flag);
    port.taken.then(|| Check::failed("ports", found, fix))
}

/// Whether any check failed.
pub fn has_failed(checks: &[Check]) -> bool {
    checks.iter().any(|check| check.verdict == Verdict::Failed)
}
