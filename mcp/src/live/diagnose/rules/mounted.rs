//! A file that last words name, and that lies in what is mounted: the ConfigMap that has its text, or the volume whose files
//! a program may not read.

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::around::maker_of;
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, list, namespace, number, short, text};
use crate::live::references::template::Template;
use crate::live::scrub::scrub_text;

/// Longest part of a file's line that is told.
const LONGEST: usize = 120;
/// The files of a volume are readable for everybody, unless it says otherwise: 0644.
const USUAL_MODE: i64 = 0o644;
/// What everybody may do with a file, as far as reading it goes.
const READ_BY_ALL: i64 = 0o004;

/// A file of a container that comes from a mount.
struct Mounted<'a> {
    /// Place of the volume in the pod.
    index: usize,
    volume: &'a Value,
    /// Way to it within the volume.
    file: String,
}

/// A crash whose last words name a file that a ConfigMap has: its text is at fault, and not what reads it.
pub(super) fn told(seen: &Seen<'_>, pod: &Value, finding: &Finding) -> Option<Finding> {
    let said: Vec<_> = finding.evidence.iter().filter(|one| one.source == "log").map(|one| one.text.as_str()).collect();
    let (path, container) = Template::of(pod)?.container(&finding.container)?;
    if let Some(found) = said.iter().rev().find_map(|line| unreadable(pod, container, line, finding)) {
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

/// A file that a user other than root may not read: a volume's files are root's, unless a group of the pod's gets them.
pub(super) fn unreadable(pod: &Value, container: &Value, line: &str, finding: &Finding) -> Option<Finding> {
    if !line.to_lowercase().contains("permission denied") {
        return None;
    }
    let template = Template::of(pod)?;
    let setting = |field: &str| {
        let place = format!("/securityContext/{field}");
        container.pointer(&place).or_else(|| template.spec.pointer(&place)).and_then(Value::as_i64)
    };
    let user = setting("runAsUser").filter(|user| *user != 0)?;
    if template.spec.pointer("/securityContext/fsGroup").is_some() {
        return None;
    }
    let mounted = paths(line).find_map(|word| mounted(template, container, word))?;
    let (part, mode) = mode(mounted.volume, &mounted.file)?;
    if mode & READ_BY_ALL != 0 {
        return None;
    }
    let (at, field) = (Ref::of(pod), format!("{}.securityContext.fsGroup", template.path));
    let group = setting("runAsGroup").filter(|group| *group != 0).unwrap_or(user);
    let volume = text(mounted.volume, "/name");
    let of_mode = format!("{}.volumes[{}].{part}", template.path, mounted.index);
    let summary = format!(
        "{}: the files of volume `{volume}` are root's with mode {mode:04o}, and the program runs as user {user}",
        finding.summary
    );
    let found = Finding { summary, ..finding.clone() }.at(field).should_be(group);
    Some(found.with(of_mode.clone(), &format!("{mode:04o}")).with("runAsUser", &user.to_string()).next(format!(
        "Give the pod's `securityContext` of {at} `fsGroup: {group}`: then that group may read the files. Or let everybody read them: mode 0444 in `{of_mode}`."
    )))
}

/// The mode of a file in a volume of files, and where it is said or could be.
fn mode(volume: &Value, file: &str) -> Option<(String, i64)> {
    let of_items = |source: &Value, path: &str| {
        let items = list(source, "/items").iter().enumerate();
        let mut meant = items.filter(|(_, item)| text(item, "/path") == file && item.get("mode").is_some());
        meant.next().map(|(index, item)| (format!("{path}.items[{index}].mode"), number(item, "/mode")))
    };
    for kind in ["secret", "configMap"] {
        let Some(source) = volume.get(kind) else { continue };
        let usual = source.get("defaultMode").and_then(Value::as_i64).unwrap_or(USUAL_MODE);
        return of_items(source, kind).or(Some((format!("{kind}.defaultMode"), usual)));
    }
    let projected = volume.get("projected")?;
    let sources = list(projected, "/sources").iter().enumerate();
    let mut own = sources.flat_map(|(index, source)| {
        let kinds = ["secret", "configMap"].into_iter();
        kinds.filter_map(move |kind| Some((source.get(kind)?, format!("projected.sources[{index}].{kind}"))))
    });
    let usual = projected.get("defaultMode").and_then(Value::as_i64).unwrap_or(USUAL_MODE);
    own.find_map(|(source, path)| of_items(source, &path)).or(Some(("projected.defaultMode".into(), usual)))
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

/// What is mounted where a path leads: the innermost mount.
fn mounted<'a>(template: Template<'a>, container: &Value, path: &str) -> Option<Mounted<'a>> {
    let below = list(container, "/volumeMounts").iter().filter_map(|mount| {
        let folder = text(mount, "/mountPath").trim_end_matches('/');
        let rest = path.strip_prefix(folder).filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
        Some((folder.len(), mount, rest.trim_start_matches('/')))
    });
    let (_, mount, rest) = below.max_by_key(|(length, ..)| *length)?;
    let part = text(mount, "/subPath").trim_matches('/');
    let file = [part, rest].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
    let volumes = list(template.spec, "/volumes").iter().enumerate();
    let (index, volume) = volumes.into_iter().find(|(_, one)| text(one, "/name") == text(mount, "/name"))?;
    Some(Mounted { index, volume, file })
}

/// Paths in a line of a log, without what stands behind them.
fn paths(line: &str) -> impl Iterator<Item = &str> {
    let ends = |letter: char| letter.is_whitespace() || "\"'`()[]=,;<>".contains(letter);
    let words = line.split(ends).filter(|word| word.starts_with('/') && word.len() > 2);
    words.map(|word| word.split(':').next().unwrap_or(word).trim_end_matches('.'))
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
    use serde_json::json;

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

    #[test]
    fn the_mode_of_a_file_is_its_own_or_that_of_all() {
        let items = json!([{"key": "a", "path": "a"}, {"key": "b", "path": "sub/b", "mode": 0o400}]);
        let secret = json!({"secret": {"secretName": "s", "items": items}});
        assert_eq!(mode(&secret, "a"), Some(("secret.defaultMode".into(), 0o644)));
        assert_eq!(mode(&secret, "sub/b"), Some(("secret.items[1].mode".into(), 0o400)));
        let projected = json!({"projected": {"defaultMode": 0o440, "sources": [{"secret": {"name": "s"}}]}});
        assert_eq!(mode(&projected, "key"), Some(("projected.defaultMode".into(), 0o440)));
        assert_eq!(mode(&json!({"emptyDir": {}}), "a"), None);
    }
}
