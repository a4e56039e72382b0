//! Programs that end by themselves: what their last words say, and a file that they looked for in vain.

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, both_ends, list, text};
use crate::live::references::template::{Template, uses};

/// How programs say that a file is not there.
const NO_FILE: [&str; 4] = ["no such file or directory", "enoent", "file not found", "does not exist"];
/// Longest part of a log's line in a summary.
const LONGEST: usize = 120;

/// A volume that its message names, where it is written.
pub(in crate::live::diagnose) fn in_pod(seen: &Seen<'_>, finding: Finding) -> Finding {
    if finding.fault != Fault::Volume || !finding.field.is_empty() {
        return finding;
    }
    let Some(pod) = seen.snapshot.get(&finding.object) else { return finding };
    let said = finding.evidence.iter().map(|one| one.text.as_str()).chain([finding.summary.as_str()]);
    let wanted = said.into_iter().find_map(|text| text.split_once("for volume \"")?.1.split('"').next());
    let volumes = list(pod, "/spec/volumes");
    let Some(index) = volumes.iter().position(|one| Some(text(one, "/name")) == wanted) else { return finding };
    let path = text(&volumes[index], "/hostPath/path").to_string();
    if path.is_empty() {
        return without_key(pod, index, &finding).unwrap_or_else(|| finding.at(format!("spec.volumes[{index}]")));
    }
    let (field, kind) = (format!("spec.volumes[{index}].hostPath"), text(&volumes[index], "/hostPath/type"));
    let name = text(pod, "/spec/nodeName");
    let node = seen.snapshot.get(&Ref::new("", "Node", "", name));
    let runtime = node.map_or("", |node| text(node, "/status/nodeInfo/containerRuntimeVersion"));
    let next = match kind {
        "Socket" | "CharDevice" | "BlockDevice" => format!(
            "Node {name} has no {kind} at `{path}` (its containers run with {runtime}), and no type of volume makes one: take volume {wanted} out and do without it, or correct `{field}.path` to one that the node has.",
            wanted = text(&volumes[index], "/name"),
        ),
        "File" => {
            format!("Make file `{path}` on node {name}, set `{field}.type` to FileOrCreate, or correct `{field}.path`.")
        }
        _ => {
            format!("Make `{path}` on node {name}, set `{field}.type` to DirectoryOrCreate, or correct `{field}.path`.")
        }
    };
    finding.at(format!("{field}.path")).next(next)
}

/// A key that a source of a volume names, and that the Secret or ConfigMap has not.
fn without_key(pod: &Value, volume: usize, finding: &Finding) -> Option<Finding> {
    let said = finding.evidence.iter().map(|one| one.text.as_str()).chain([finding.summary.as_str()]);
    let key = said.into_iter().find_map(|text| text.split_once("references non-existent ")?.1.split_once("key: "))?.1;
    let key = key.split(|letter: char| letter.is_whitespace() || letter == ',').next()?;
    let start = format!("spec.volumes[{volume}].");
    let used =
        uses(pod).into_iter().find(|used| used.key.as_deref() == Some(key) && used.key_field.starts_with(&start))?;
    let next = format!(
        "{} has no key `{key}`: correct `{}` to one that it has, or add the key to it.",
        used.at, used.key_field
    );
    Some(finding.clone().at(used.key_field).next(next))
}

/// A crash with what its log says of it, and with the field that is at fault where that can be told.
pub(in crate::live::diagnose) fn told(seen: &Seen<'_>, finding: Finding) -> Finding {
    if finding.fault != Fault::CrashLoop || finding.container.is_empty() {
        return finding;
    }
    let lines: Vec<_> = finding.evidence.iter().filter(|one| one.source == "log").map(|one| one.text.clone()).collect();
    let Some(line) =
        lines.iter().rev().find(|line| super::logs::is_error(line) || missing_file(line).is_some()).or(lines.last())
    else {
        return finding;
    };
    let line = line.clone();
    let mut finding = finding;
    finding.summary = format!("{}: {}", finding.summary, both_ends(super::logs::message(&line), LONGEST));
    finding.next = "Correct its command, its configuration or what it depends on, as its log says.".into();
    let Some(pod) = seen.snapshot.get(&finding.object) else { return finding };
    let container = Template::of(pod).and_then(|template| template.container(&finding.container));
    // Whatever it says last comes from that.
    let of_token =
        |(_, spec): &(String, &Value)| lines.iter().find_map(|line| super::token::told(seen, pod, spec, line));
    if let Some(found) = container.as_ref().and_then(of_token) {
        return finding.evidence.iter().fold(found, |found, one| found.with(one.source.clone(), &one.text));
    }
    // What it says last is how it is used, and what it says first is why it tells that.
    if let Some(found) = super::flags::told(seen, pod, &finding).filter(|_| finding.field.is_empty()) {
        return found;
    }
    if let Some((path, name)) =
        container.and_then(|(path, container)| Some((path, super::said::unset(container, &line)?)))
        && finding.field.is_empty()
    {
        let (field, at) = (format!("{path}.env"), Ref::of(pod));
        let next = format!("Set variable `{name}` in `{field}` of {at}: its program does not run without it.");
        return finding.at(field).with("env", &format!("has no {name}")).next(next);
    }
    if let Some(found) = super::mounted::told(seen, pod, &finding) {
        return found;
    }
    match missing_file(&line) {
        Some(file) if finding.field.is_empty() => without_file(pod, finding, file),
        _ => finding,
    }
}

/// The path of a file that a line says is not there.
fn missing_file(line: &str) -> Option<&str> {
    let lower = line.to_lowercase();
    let is_missing = NO_FILE.iter().any(|words| lower.contains(words));
    let words = line.split(|letter: char| {
        letter.is_whitespace() || matches!(letter, '"' | '\'' | '`' | '(' | ')' | '[' | ']' | '=')
    });
    let path = words
        .map(|word| word.trim_end_matches([':', ',', '.', ';']))
        .find(|word| word.starts_with('/') && word.len() > 2);
    path.filter(|_| is_missing)
}

fn without_file(pod: &Value, finding: Finding, file: &str) -> Finding {
    let Some(template) = Template::of(pod) else { return finding };
    let Some((path, container)) = template.container(&finding.container) else { return finding };
    let at = Ref::of(pod);
    // What its own command names is looked for there: the slip may well be in the command.
    let said = ["command", "args"].into_iter().flat_map(|part| list(container, &format!("/{part}")));
    if said.filter_map(Value::as_str).any(|word| word.contains(file)) {
        return finding;
    }
    let is_below = |mount: &&Value| {
        let folder = text(mount, "/mountPath").trim_end_matches('/');
        !folder.is_empty() && file.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    match list(container, "/volumeMounts").iter().find(is_below) {
        Some(mount) => in_volume(template, finding, file, text(mount, "/name"), &at),
        None => {
            let field = format!("{path}.volumeMounts");
            let next = format!(
                "Mount what has `{file}` there (`{field}` of {at}, with a ConfigMap or a Secret as volume), or correct the path where the program is told it."
            );
            finding.at(field).with("volumeMounts", "none of them has that file").next(next)
        }
    }
}

/// The file should be in what is mounted there, and is not.
fn in_volume(template: Template<'_>, finding: Finding, file: &str, volume: &str, at: &Ref) -> Finding {
    let volumes = list(template.spec, "/volumes");
    let Some(index) = volumes.iter().position(|one| text(one, "/name") == volume) else { return finding };
    let field = format!("{}.volumes[{index}]", template.path);
    let source = match (text(&volumes[index], "/configMap/name"), text(&volumes[index], "/secret/secretName")) {
        ("", "") => format!("volume `{volume}`"),
        ("", secret) => format!("Secret {secret}"),
        (map, _) => format!("ConfigMap {map}"),
    };
    let next = format!("Put `{file}` into {source}, which is mounted there (`{field}` of {at}), or correct the path.");
    finding.at(field).next(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_in_what_programs_say_when_it_is_missing() {
        for (line, expected) in [
            ("cat: /etc/backup/target.conf: No such file or directory", Some("/etc/backup/target.conf")),
            ("Error: ENOENT: no such file or directory, open '/app/config.json'", Some("/app/config.json")),
            ("open /data/x.db: permission denied", None),
            ("no such file or directory", None),
        ] {
            assert_eq!(missing_file(line), expected, "{line}");
        }
    }
}
