//! What programs that run write into their logs.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Seen, said};
use crate::live::diagnose::around::maker_of;
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{COMPONENT, Ref, both_ends, label, list, name, namespace, text};
use crate::live::references::selector::selected;
use crate::live::references::template::Template;
use crate::live::snapshot::LogKey;

const LOGINS: &str = "logins that are refused";
/// Words of trouble that programs of every language write the same way, each with what it is called.
const TROUBLES: &[(&str, &[&str])] = &[
    (
        "names that are not found",
        &[
            "no such host",
            "name or service not known",
            "could not resolve",
            "enotfound",
            "temporary failure in name resolution",
            "name does not resolve",
            "unknown host",
            "nodename nor servname",
        ],
    ),
    ("connections that are refused", &["connection refused", "econnrefused", "connect: refused"]),
    (
        "connections that time out",
        &[
            "i/o timeout",
            "etimedout",
            "timed out",
            "deadline exceeded",
            "no route to host",
            "network is unreachable",
            "ehostunreach",
        ],
    ),
    (
        LOGINS,
        &[
            "authentication failed",
            "access denied",
            "invalid password",
            "wrongpass",
            "noauth",
            "not authorized",
            "unauthorized",
            "invalid credentials",
            "authentication required",
            "role \"",
            "login failed",
        ],
    ),
    (
        "rights that are missing",
        &["is forbidden: user", "permission denied", "403 forbidden", "operation not permitted"],
    ),
    ("a disk that is full or read-only", &["no space left on device", "read-only file system", "disk quota exceeded"]),
    (
        "something that is used up",
        &[
            "too many connections",
            "too many open files",
            "cannot allocate memory",
            "out of memory",
            "outofmemoryerror",
            "pool exhausted",
            "remaining connection slots",
        ],
    ),
    (
        "certificates that are refused",
        &[
            "x509:",
            "certificate has expired",
            "certificate verify failed",
            "self-signed certificate",
            "unknown authority",
            "wrong version number",
            "http response to https client",
        ],
    ),
    (
        "requests that fail",
        &[
            "\" 500 ",
            "\" 502 ",
            "\" 503 ",
            "\" 504 ",
            "status=500",
            "status=502",
            "status=503",
            "\"status\":500",
            "status: 500",
        ],
    ),
    ("a port that is taken", &["address already in use", "eaddrinuse"]),
];
/// Words of lines that are not meant as trouble, whatever else stands in them.
const CALM: [&str; 12] = [
    " info ",
    " debug ",
    " trace ",
    " notice ",
    "[info]",
    "[debug]",
    "[notice]",
    "level=info",
    "level=debug",
    "\"level\":\"info\"",
    "\"level\":\"debug\"",
    "severity=info",
];
/// Words that begin the line of an error.
const LEVELS: [&str; 9] = [
    "level=error",
    "level=fatal",
    "\"level\":\"error\"",
    "\"level\":\"fatal\"",
    "\"severity\":\"error\"",
    "[error]",
    "panic:",
    "fatal:",
    "traceback (most recent call last)",
];
/// So often a line must come before it is more than a hiccup.
const OFTEN: usize = 3;
/// Lines that tell how it is now.
const LAST_LINES: usize = 60;
/// What a line that only says that it is an error weighs.
pub(in crate::live::diagnose) const UNNAMED: u32 = 43;
/// What a program weighs that does nothing but fail: what it is there for, it does not do.
const FAILS_ALWAYS: u32 = 51;
/// So many lines tell that it does nothing else, if each of them is an error.
const ALWAYS: usize = 8;
/// Whatever is told as evidence.
const SHOWN: usize = 3;

/// Errors in the logs of a pod that runs.
pub(super) fn of_pod(seen: &Seen<'_>, pod: &Value) -> Vec<Finding> {
    let Some(template) = Template::of(pod) else { return Vec::new() };
    template.containers().filter_map(|(path, container)| of_container(seen, pod, &path, container)).collect()
}

/// Containers that run, whose logs of now are worth a look.
pub(in crate::live::diagnose) fn running(pod: &Value) -> Vec<LogKey> {
    let statuses =
        ["initContainerStatuses", "containerStatuses"].iter().flat_map(|part| list(pod, &format!("/status/{part}")));
    let running = statuses.filter(|status| status.pointer("/state/running").is_some());
    running
        .map(|status| (namespace(pod).to_string(), name(pod).to_string(), text(status, "/name").to_string()))
        .collect()
}

/// Lines that a pod's containers have written lately.
pub(super) fn recent_lines<'a>(seen: &Seen<'a>, pod: &Value) -> impl Iterator<Item = &'a str> + use<'a> {
    let keys = running(pod);
    let snapshot = seen.snapshot;
    keys.into_iter().filter_map(move |key| snapshot.recent_log(&key)).flat_map(str::lines)
}

/// Whether a line tells of trouble.
pub(super) fn is_error(line: &str) -> bool {
    let lower = line.to_lowercase();
    !is_calm(&lower) && (trouble(&lower).is_some() || has_level(line, &lower))
}

fn is_calm(lower: &str) -> bool {
    let padded = format!(" {lower} ");
    let is_klog_info = lower.starts_with('i') && lower.bytes().skip(1).take(4).all(|byte| byte.is_ascii_digit());
    is_answered(lower) || CALM.iter().any(|word| padded.contains(word)) || (is_klog_info && lower.len() > 6)
}

fn of_container(seen: &Seen<'_>, pod: &Value, path: &str, container: &Value) -> Option<Finding> {
    let key = (namespace(pod).to_string(), name(pod).to_string(), text(container, "/name").to_string());
    let log = seen.snapshot.recent_log(&key)?;
    if let Some(found) = of_token(seen, pod, container, log) {
        return Some(found);
    }
    let mut groups: BTreeMap<String, Group<'_>> = BTreeMap::new();
    let last = log.lines().count();
    for (index, line) in log.lines().enumerate() {
        let lower = line.to_lowercase();
        let trouble = trouble(&lower);
        if is_calm(&lower) || trouble.is_none() && !has_level(line, &lower) {
            continue;
        }
        let group = groups.entry(trouble.map_or_else(|| pattern(&lower), String::from)).or_default();
        group.count += 1;
        group.named = trouble;
        group.line = line;
        group.last = index;
    }
    // What was over long before the end of the log is the past.
    let often = groups.into_values().filter(|group| group.count >= OFTEN && group.last + last / 3 + 20 > last);
    let worst = often.max_by_key(|group| (group.named.is_some(), group.count))?;
    let what = worst.named.map_or_else(String::new, |named| format!(" of {named}"));
    let text = format!(
        "container `{}` runs, and its log tells{what} {} times: {}",
        key.2,
        worst.count,
        both_ends(message(worst.line), 160)
    );
    let finding = Finding::new(Fault::LogErrors, Ref::of(pod), text).in_container(&key.2);
    let finding = if worst.named.is_some() { finding } else { finding.at_most(UNNAMED) };
    let finding = if fails_always(seen, pod, log) { Finding { weight: FAILS_ALWAYS, ..finding } } else { finding };
    let mut finding = finding.with("log", worst.line);
    for line in log.lines().rev().filter(|line| *line != worst.line && is_error(line)).take(SHOWN - 1) {
        finding = finding.with("log", line);
    }
    let finding = match variable(container, path, worst.line) {
        Some((field, name)) => {
            finding.at(field.clone()).next(format!("Look at `{field}` ({name}), which the log names."))
        }
        None if said::unset(container, worst.line).is_some() => {
            let name = said::unset(container, worst.line).unwrap_or_default();
            let field = format!("{path}.env");
            let next = format!("Set variable `{name}` in `{field}` of {}: its log misses it.", finding.object);
            finding.at(field).next(next)
        }
        None => match said::value(seen, pod, path, container, worst.line) {
            Some(said) => {
                // What stands in a ConfigMap is to be corrected there.
                let affects = if said.object == finding.object { Vec::new() } else { vec![finding.object.to_string()] };
                let next = format!(
                    "Correct `{}` of {} ({} is `{}`), which the log names, or make what it means.",
                    said.field, said.object, said.name, said.value
                );
                let finding = finding.with(said.field.clone(), &said.value);
                Finding { object: said.object, affects, ..finding }.at(said.field).next(next)
            }
            None => finding.next("Read its log; then correct its configuration, or what it depends on."),
        },
    };
    if let Some(finding) = read_only(pod, path, container, worst.line, &finding) {
        return Some(finding);
    }
    if let Some(finding) = super::unreadable::told(pod, container, worst.line, &finding) {
        return Some(finding);
    }
    if let Some(finding) = super::turned_down::told(seen, pod, path, container, message(worst.line), &finding) {
        return Some(finding);
    }
    // What is said of a field already tells more than what may be missing.
    if let Some(finding) = super::left_out::told(seen, pod, path, container, worst.line, &finding)
        .filter(|_| finding.field.is_empty() && worst.named.is_none())
    {
        return Some(finding);
    }
    let is_login = worst.named == Some(LOGINS);
    Some(if is_login { super::logins::told(seen, pod, path, container, finding) } else { finding })
}

/// Whether a program writes of nothing but errors. One that answers others writes of what goes wrong only, and a part of the
/// platform has more to do than what it complains of: of those a log alone does not tell.
fn fails_always(seen: &Seen<'_>, pod: &Value, log: &str) -> bool {
    let said = || log.lines().rev().filter(|line| !line.trim().is_empty()).take(LAST_LINES);
    let snapshot = seen.snapshot;
    let is_only_errors = said().count() >= ALWAYS && said().all(is_error);
    let is_selected = || {
        let mut services = snapshot.inside("", "Service", namespace(pod));
        services.any(|service| selected(snapshot, service).iter().any(|one| name(one) == name(pod)))
    };
    let is_of_platform = || [pod, maker_of(snapshot, pod)].iter().any(|one| label(one, COMPONENT).is_some());
    is_only_errors && !is_selected() && !is_of_platform()
}

/// What it says again and again of its token for the Kubernetes API; once it may only have looked whether there is one.
fn of_token(seen: &Seen<'_>, pod: &Value, container: &Value, log: &str) -> Option<Finding> {
    let lines = log.lines().rev().take(LAST_LINES).filter(|line| super::token::concerns(line));
    let lines: Vec<_> = lines.collect();
    let line = lines.first().filter(|_| lines.len() >= OFTEN)?;
    super::token::told(seen, pod, container, line)
}

/// A mount that may only be read, where the program writes.
fn read_only(pod: &Value, path: &str, container: &Value, line: &str, finding: &Finding) -> Option<Finding> {
    if !line.to_lowercase().contains("read-only file system") {
        return None;
    }
    let mounts = list(container, "/volumeMounts").iter().enumerate();
    let is_meant = |mount: &Value| {
        let folder = text(mount, "/mountPath");
        mount.get("readOnly") == Some(&Value::Bool(true)) && folder.len() > 1 && line.contains(folder)
    };
    let (index, mount) = mounts.into_iter().find(|(_, mount)| is_meant(mount))?;
    let field = format!("{path}.volumeMounts[{index}].readOnly");
    let next = format!(
        "Set `{field}` of {} to false: its program writes below `{}`.",
        Ref::of(pod),
        text(mount, "/mountPath")
    );
    Some(finding.clone().at(field).should_be(false).next(next))
}

#[derive(Default)]
struct Group<'a> {
    count: usize,
    named: Option<&'static str>,
    line: &'a str,
    last: usize,
}

/// What sort of trouble a line tells of, by words that all programs have in common.
pub(super) fn trouble(lower: &str) -> Option<&'static str> {
    TROUBLES.iter().find(|(_, words)| words.iter().any(|word| lower.contains(word))).map(|(name, _)| *name)
}

fn has_level(line: &str, lower: &str) -> bool {
    // In capitals, as loggers write it; in small letters it is a word like any other.
    let is_level = |word: &str| {
        matches!(
            word.trim_matches(|letter: char| !letter.is_ascii_alphabetic()),
            "ERROR" | "FATAL" | "CRITICAL" | "PANIC" | "SEVERE"
        )
    };
    let begins = message(line);
    LEVELS.iter().any(|word| lower.contains(word))
        || line.split_whitespace().take(6).any(is_level)
        || begins.starts_with("Error:")
        || begins.starts_with("error:")
        || begins.split_whitespace().next().is_some_and(|word| word.ends_with("Exception:") || word.ends_with("Error:"))
        || is_klog_error(lower)
}

/// `E1129 14:22:18.1 ...`, as Kubernetes' own programs write.
fn is_klog_error(lower: &str) -> bool {
    let mut letters = lower.bytes();
    matches!(letters.next(), Some(b'e' | b'f'))
        && letters.by_ref().take(4).all(|byte| byte.is_ascii_digit())
        && lower.len() > 6
}

/// Lines that only say that nothing was wrong, or that two wrote the same at once and one of them tries again.
fn is_answered(lower: &str) -> bool {
    [
        "error=null",
        "errors=0",
        "error: none",
        "\"error\":null",
        "error=\"\"",
        "0 errors",
        "no error",
        "object has been modified",
        "operation cannot be fulfilled",
        "not as new as written",
        "context canceled",
    ]
    .iter()
    .any(|word| lower.contains(word))
}

/// The line without what changes from one time to the next.
fn pattern(lower: &str) -> String {
    let words = lower.split_whitespace().filter(|word| !word.bytes().any(|byte| byte.is_ascii_digit()));
    words.take(12).collect::<Vec<_>>().join(" ")
}

/// The line without the time that it begins with.
pub(super) fn message(line: &str) -> &str {
    let is_time = |word: &str| {
        word.bytes().filter(u8::is_ascii_digit).count() >= 4
            && word.bytes().any(|byte| matches!(byte, b':' | b'-' | b'/'))
    };
    let mut rest = line.trim_start();
    while let Some((word, tail)) = rest.split_once(' ').filter(|(word, _)| is_time(word)) {
        debug_assert!(!word.is_empty());
        rest = tail.trim_start();
    }
    rest
}

/// A variable of the container that the line names.
fn variable(container: &Value, path: &str, line: &str) -> Option<(String, String)> {
    let words: Vec<_> = line.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').collect();
    list(container, "/env").iter().enumerate().find_map(|(index, variable)| {
        let name = text(variable, "/name");
        (name.len() > 3 && words.contains(&name)).then(|| (format!("{path}.env[{index}].value"), name.to_string()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_told_from_what_only_has_such_a_word() {
        for line in [
            "dial tcp: lookup db on 10.96.0.10:53: no such host",
            "2026-01-01T00:00:00Z level=error msg=\"cannot reach queue\"",
            "E1129 14:22:18.119356    5687 memcache.go:265] no list",
            "FATAL: password authentication failed for user \"app\"",
            "panic: runtime error",
            "ERROR GET http://mid/items failed",
            "10.0.0.1 - - [01/Jan/2026] \"GET /items HTTP/1.1\" 500 12",
        ] {
            assert!(is_error(line), "{line}");
        }
        for line in [
            "GET / 200 12ms",
            "started, listening on :8080",
            "I1129 14:22:18.119356 1 main.go:1] ready",
            "every 5 seconds",
        ] {
            assert!(!is_error(line), "{line}");
        }
    }

    #[test]
    fn a_message_comes_without_its_time() {
        assert_eq!(message("2026-01-01 10:00:00,123 ERROR no db"), "ERROR no db");
        assert_eq!(message("plain words 12:30"), "plain words 12:30");
    }
}
