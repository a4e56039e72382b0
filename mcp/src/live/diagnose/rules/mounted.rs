//! A file that last words name, and that lies in what is mounted: the ConfigMap that has its text is at fault.

use serde_json::Value;

use super::paths::{mounted, paths};
use super::{Seen, unreadable};
use crate::live::diagnose::around::maker_of;
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, list, namespace, short, text};
use crate::live::references::template::Template;
use crate::live::scrub::scrub_text;

/// Longest part of a file's line that is told.
const LONGEST: usize = 120;
/// A crash whose last words name a file that a ConfigMap has: its text is at fault, and not what reads it.
pub(super) fn told(seen: &Seen<'_>, pod: &Value, finding: &Finding) -> Option<Finding> {
    let said: Vec<_> = finding.evidence.iter().filter(|one| one.source == "log").map(|one| one.text.as_str()).collect();
    let (path, container) = Template::of(pod)?.container(&finding.container)?;
    if let Some(found) = said.iter().rev().find_map(|line| unreadable::told(pod, container, line, finding)) {
        return Some(found);
    }
    // What says that something else is away or refuses says nothing of the file.
    if !finding.field.is_empty() || said.iter().any(|line| super::logs::trouble(&line.to_lowercase()).is_some()) {
        return None;
    }
    let is_own = |word: &str| {
        let told = ["command", "args"].into_iter().flat_map(|part| list(container, &format!("/{part}")));
        told.filter_map(Value::as_str).any(|part| part == word)
    };
    said.iter().rev().find_map(|line| {
        let word = paths(line).find(|word| in_map(seen, pod, container, word).is_some())?;
        // That a program begins with its file is no complaint of it.
        let number = line_number(line, word);
        if is_own(word) && number.is_none() {
            return None;
        }
        let (map, key, value) = in_map(seen, pod, container, word)?;
        Some(in_text(seen, pod, finding, line, (map, key, value), number, &path))
    })
}

/// The finding of a text in a ConfigMap that a program does not take.
fn in_text(
    seen: &Seen<'_>,
    pod: &Value,
    finding: &Finding,
    line: &str,
    (map, key, value): (Ref, String, &str),
    number: Option<usize>,
    path: &str,
) -> Finding {
    let maker = Ref::of(maker_of(seen.snapshot, pod));
    let field = format!("data[{key}]");
    let there = number.and_then(|number| value.lines().nth(number.checked_sub(1)?));
    let there = there.map(|line| short(&scrub_text(line.trim()), LONGEST)).filter(|line| !line.is_empty());
    let place = number.map(|number| format!("line {number} of ")).unwrap_or_default();
    let says = there.as_ref().map(|line| format!(", which says `{line}`")).unwrap_or_default();
    let said = short(super::logs::message(line), LONGEST);
    let text = format!("container `{}` of {maker} does not take its `{key}`: {said}", finding.container);
    let mut found = Finding::new(Fault::CrashLoop, map.clone(), text).at(field.clone());
    found.evidence.clone_from(&finding.evidence);
    found.affects.push(maker.to_string());
    if let Some(line) = &there {
        found = found.with(format!("{field}, {}", place.trim_end_matches(" of ")), line);
    }
    let found = found.with("mounted at", path);
    let kind = maker.kind.to_lowercase();
    let again = format!("`kubectl -n {} rollout restart {kind} {}`", maker.namespace, maker.name);
    let again = match maker.kind.as_str() {
        "Deployment" | "StatefulSet" | "DaemonSet" => format!("then start its pods anew: {again}"),
        _ => format!("then make {maker} again"),
    };
    found.next(format!("Correct {place}`{field}` of {map}{says}, as the log says; {again}."))
}

/// The ConfigMap, the key and the text that a path in a container is.
fn in_map<'a>(seen: &Seen<'a>, pod: &Value, container: &Value, path: &str) -> Option<(Ref, String, &'a str)> {
    let template = Template::of(pod)?;
    let mounted = mounted(template, container, path)?;
    let projected = list(mounted.volume, "/projected/sources").iter().filter_map(|source| source.get("configMap"));
    let mut maps = mounted.volume.get("configMap").into_iter().chain(projected);
    maps.find_map(|source| {
        let items = list(source, "/items");
        let key = match items.iter().find(|item| text(item, "/path") == mounted.file) {
            Some(item) => text(item, "/key"),
            None if items.is_empty() => mounted.file.as_str(),
            None => return None,
        };
        let at = Ref::new("", "ConfigMap", namespace(pod), text(source, "/name"));
        let value = seen.snapshot.get(&at)?.get("data")?.get(key)?.as_str()?;
        Some((at, key.to_string(), value))
    })
}

/// The number of the line that a message means: `FILE:4`, `FILE: line 4`, `File "FILE", line 4`, `line 4 of FILE`.
fn line_number(line: &str, path: &str) -> Option<usize> {
    let digits = |rest: &str| {
        let end = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
        rest[..end].parse().ok().filter(|number| *number > 0)
    };
    let behind = line.split_once(path).and_then(|(_, rest)| digits(rest.strip_prefix(':')?));
    let by_word = || line.to_lowercase().split_once("line ").and_then(|(_, rest)| digits(rest));
    behind.or_else(by_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_a_file_is_found_in_what_programs_say() {
        for (line, path, number) in [
            ("[emerg] unknown directive \"x\" in /etc/web/a.conf:4", "/etc/web/a.conf", Some(4)),
            ("/scripts/run.sh: line 12: nope: not found", "/scripts/run.sh", Some(12)),
            ("  File \"/app/run.py\", line 7, in <module>", "/app/run.py", Some(7)),
            ("error parsing /etc/app/config.yaml: yaml: line 3: did not find key", "/etc/app/config.yaml", Some(3)),
            ("cannot parse (/etc/app/config.toml).", "/etc/app/config.toml", None),
        ] {
            assert_eq!((paths(line).next(), line_number(line, path)), (Some(path), number), "{line}");
        }
        assert_eq!(paths("4 / 2 is and/or").next(), None);
    }
}
