//! What is mounted where something else was: an empty folder over what the image serves, a file that is no key.

use serde_json::Value;

use super::{Seen, answers, listening};
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, list, namespace, text};
use crate::live::references::nearest;
use crate::live::references::template::Template;

/// Folders that images serve or run: whatever is mounted there hides what they have.
const SERVED: [&str; 9] = ["html", "htdocs", "www", "public", "static", "dist", "caddy", "webapps", "wwwroot"];
/// How programs say that they do not find, or may not show, what they look for.
const NOT_FOUND: [&str; 4] = ["no such file or directory", "is forbidden", "cannot find module", "file not found"];
/// So near to each other stand a path and what is said of it.
const NEAR: usize = 60;

/// What is wrong with the mounts of a template.
pub(super) fn of_template(seen: &Seen<'_>, object: &Value) -> Vec<Finding> {
    let Some(template) = Template::of(object) else { return Vec::new() };
    let mut found = Vec::new();
    for (path, container) in template.containers() {
        for (index, mount) in list(container, "/volumeMounts").iter().enumerate() {
            let field = format!("{path}.volumeMounts[{index}]");
            found.extend(no_key(seen, object, template, mount, &field));
            found.extend(hides(seen, object, template, container, mount, &field));
        }
    }
    found
}

fn volume<'a>(template: Template<'a>, mount: &Value) -> Option<&'a Value> {
    list(template.spec, "/volumes").iter().find(|one| text(one, "/name") == text(mount, "/name"))
}

/// What a volume made of a ConfigMap has: its keys, or the paths that are given to some of them.
fn files<'a>(seen: &Seen<'a>, object: &Value, volume: &'a Value) -> Option<(Ref, Vec<&'a str>)> {
    let source = volume.get("configMap")?;
    let at = Ref::new("", "ConfigMap", namespace(object), text(source, "/name"));
    let map = seen.snapshot.get(&at)?;
    let items = list(source, "/items");
    if !items.is_empty() {
        return Some((at, items.iter().map(|item| text(item, "/path")).collect()));
    }
    let parts = ["data", "binaryData"].into_iter().filter_map(|part| map.get(part).and_then(Value::as_object));
    Some((at, parts.flat_map(|data| data.keys().map(String::as_str)).collect()))
}

/// A part of a volume that it does not have: an empty folder is mounted in its place.
fn no_key(seen: &Seen<'_>, object: &Value, template: Template<'_>, mount: &Value, field: &str) -> Option<Finding> {
    let wanted = text(mount, "/subPath").trim_matches('/');
    let (map, files) = files(seen, object, volume(template, mount)?)?;
    let is_there = files.iter().any(|file| *file == wanted || file.starts_with(&format!("{wanted}/")));
    if wanted.is_empty() || is_there {
        return None;
    }
    let (at, field, had) = (Ref::of(object), format!("{field}.subPath"), files.join(", "));
    let had = if had.is_empty() { "nothing".into() } else { had };
    let text = format!(
        "mounts `{wanted}` of {map} at `{}`, and it has {had}: an empty folder is mounted in its place",
        text(mount, "/mountPath")
    );
    let finding = Finding::new(Fault::MissingReference, at.clone(), text).at(field.clone()).with(field.clone(), wanted);
    let near = nearest(wanted, files.iter().copied()).or(files.first().copied().filter(|_| files.len() == 1));
    Some(match near {
        Some(near) => finding.should_be(near).next(format!("Set `{field}` of {at} to `{near}`, if that is meant.")),
        None => finding.next(format!("Set `{field}` of {at} to a key of {map} ({had}), or add the key there.")),
    })
}

/// A folder over what the image has there, where the program misses it: it says so, or answers so.
fn hides(
    seen: &Seen<'_>,
    object: &Value,
    template: Template<'_>,
    container: &Value,
    mount: &Value,
    field: &str,
) -> Option<Finding> {
    let folder = text(mount, "/mountPath").trim_end_matches('/');
    let volume = volume(template, mount).filter(|_| mount.get("subPath").is_none() && !folder.is_empty())?;
    let what = source(volume)?;
    let others = template.containers().filter(|(_, one)| text(one, "/name") != text(container, "/name"));
    let is_filled = others.flat_map(|(_, one)| list(one, "/volumeMounts")).any(|one| one["name"] == mount["name"]);
    if is_filled {
        return None;
    }
    let pods = seen.snapshot.pods_of(object);
    let is_served = folder.rsplit('/').next().is_some_and(|last| SERVED.contains(&last));
    // A program that runs well may look for files that it makes later; only an empty folder has none of the image's.
    let ailing = pods.iter().filter(|pod| is_served || !crate::live::diagnose::pod_is_ready(pod));
    let line = ailing.filter(|_| volume.get("emptyDir").is_some()).find_map(|pod| {
        let mut lines = listening::all_lines(seen.snapshot, pod, text(container, "/name"));
        lines.find(|line| misses(line, folder))
    });
    let refused = pods.iter().find_map(|pod| answers::refused_at_root(seen, pod)).filter(|_| is_served);
    let how = match (line, refused) {
        (_, Some(status)) => format!("its program answers {status} at `/`"),
        (Some(line), None) => super::logs::message(line).to_string(),
        (None, None) => return None,
    };
    let (at, field) = (Ref::of(object), format!("{field}.mountPath"));
    let text = format!("{what} is mounted over `{folder}`, which hides what the image has there: {how}");
    let finding = Finding::new(Fault::Volume, at.clone(), text).at(field.clone()).with(field.clone(), folder);
    let finding = line.into_iter().fold(finding, |finding, line| finding.with("log", line));
    let finding = refused.into_iter().fold(finding, |found, status| found.with("tried", &format!("GET /: {status}")));
    Some(finding.next(format!(
        "Take the mount of {what} at `{field}` of {at} away, mount it at another folder, or put there what the program needs (an init container that copies it)."
    )))
}

/// In words, for kinds that may be empty; others are somebody's data.
fn source(volume: &Value) -> Option<String> {
    let claim = text(volume, "/persistentVolumeClaim/claimName");
    let map = text(volume, "/configMap/name");
    match () {
        () if volume.get("emptyDir").is_some() => Some("an empty folder".into()),
        () if !claim.is_empty() => Some(format!("claim {claim}")),
        () if !map.is_empty() => Some(format!("ConfigMap {map}")),
        () => None,
    }
}

/// Whether a line says that something in the folder is not there.
fn misses(line: &str, folder: &str) -> bool {
    let lower = line.to_lowercase();
    line.match_indices(folder).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + folder.len()..]);
        let is_path =
            !before.ends_with(|letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '/' | '-' | '_'));
        let (from, to) = (at.saturating_sub(NEAR), (at + folder.len() + 2 * NEAR).min(lower.len()));
        // Small letters may be longer or shorter than great ones.
        let around = lower.get(from..to).unwrap_or(&lower);
        is_path && after.starts_with('/') && NOT_FOUND.iter().any(|words| around.contains(words))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_misses_what_it_says_is_not_in_the_folder() {
        for (line, expected) in [
            (r#"directory index of "/usr/share/nginx/html/" is forbidden, client: 10.0.0.1"#, true),
            ("Error: Cannot find module '/usr/share/nginx/html/server.js'", true),
            ("open /usr/share/nginx/html/a.json: no such file or directory", true),
            ("open /var/usr/share/nginx/html/a.json: no such file or directory", false),
            ("serving /usr/share/nginx/html at :80", false),
            ("no such file or directory", false),
        ] {
            assert_eq!(misses(line, "/usr/share/nginx/html"), expected, "{line}");
        }
    }
}
