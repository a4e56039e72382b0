//! What is mounted where something else was: an empty folder over what the image serves, a file that is no key.

use serde_json::Value;

use super::{Seen, answers, listening};
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, list, namespace, text};
use crate::live::references::nearest;
use crate::live::references::selector::fits_plain;
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

/// What a volume of files has that is read here: of a ConfigMap its keys, or the paths that are given to some of them.
/// Nothing for what is not read, as Secrets, or is somebody's data.
fn files<'a>(seen: &Seen<'a>, object: &Value, volume: &'a Value) -> Option<(String, Vec<&'a str>)> {
    let place = namespace(object);
    if let Some(source) = volume.get("configMap") {
        let at = Ref::new("", "ConfigMap", place, text(source, "/name"));
        return Some((at.to_string(), of_source(seen, place, volume)?));
    }
    let sources = list(volume, "/projected/sources");
    let all = match sources {
        [] => of_source(seen, place, volume)?,
        sources => {
            let all = sources.iter().map(|source| of_source(seen, place, source));
            all.collect::<Option<Vec<_>>>()?.concat()
        }
    };
    Some((format!("volume `{}`", text(volume, "/name")), all))
}

fn of_source<'a>(seen: &Seen<'a>, place: &str, source: &'a Value) -> Option<Vec<&'a str>> {
    let paths = |items: &'a [Value]| items.iter().map(|item| text(item, "/path")).collect::<Vec<_>>();
    if let Some(token) = source.get("serviceAccountToken") {
        return Some(vec![text(token, "/path")]);
    }
    let kinds = ["configMap", "secret", "downwardAPI"];
    let (kind, source) = kinds.into_iter().find_map(|kind| Some((kind, source.get(kind)?)))?;
    let items = list(source, "/items");
    if !items.is_empty() || kind == "downwardAPI" {
        return Some(paths(items));
    }
    let at = Ref::new("", "ConfigMap", place, text(source, "/name"));
    let map = seen.snapshot.get(&at).filter(|_| kind == "configMap")?;
    let parts = ["data", "binaryData"].into_iter().filter_map(|part| map.get(part).and_then(Value::as_object));
    Some(parts.flat_map(|data| data.keys().map(String::as_str)).collect())
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

/// A container that the runtime cannot make because of a mount: a folder over a file, or a file over a folder. Which mount
/// that is, and why it is what it should not be.
pub(super) fn explained(seen: &Seen<'_>, finding: Finding) -> Finding {
    let said: Vec<_> = finding.evidence.iter().map(|one| one.text.as_str()).chain([finding.summary.as_str()]).collect();
    let said = said.join(" ");
    let is_it =
        finding.fault == Fault::CannotStart && !finding.container.is_empty() && said.contains("not a directory");
    let Some(pod) = seen.snapshot.get(&finding.object).filter(|_| is_it) else { return finding };
    let Some(template) = Template::of(pod) else { return finding };
    let Some((path, container)) = template.container(&finding.container) else { return finding };
    let mounts = list(container, "/volumeMounts").iter().enumerate();
    let mut named = mounts.filter(|(_, mount)| said.contains(&format!("\"{}\"", text(mount, "/mountPath"))));
    let Some((index, mount)) = named.next_back() else { return finding };
    let field = format!("{path}.volumeMounts[{index}]");
    if let Some(cause) = no_key(seen, pod, template, mount, &field) {
        return finding.evidence.into_iter().fold(cause, |cause, one| cause.with(one.source, &one.text));
    }
    does_not_fit(seen, pod, template, mount, &field, finding)
}

/// The mount is there, and what it is over is of another sort.
fn does_not_fit(
    seen: &Seen<'_>,
    pod: &Value,
    template: Template<'_>,
    mount: &Value,
    field: &str,
    finding: Finding,
) -> Finding {
    let Some(volume) = volume(template, mount) else { return finding };
    let (path, part) = (text(mount, "/mountPath"), text(mount, "/subPath").trim_matches('/'));
    let what = source(volume).unwrap_or_else(|| match text(volume, "/secret/secretName") {
        "" => format!("volume `{}`", text(mount, "/name")),
        secret => format!("Secret {secret}"),
    });
    let had = files(seen, pod, volume).map(|(_, had)| had);
    let (text, field, next) = match &had {
        // The part is a file, or nothing would have been mounted there.
        Some(had) if had.contains(&part) => (
            format!("mounts the file `{part}` of {what} over `{path}`, which is a folder in the image"),
            format!("{field}.mountPath"),
            format!("Name the file in `mountPath` too (`{}/{part}`).", path.trim_end_matches('/')),
        ),
        _ if part.is_empty() => (
            format!("mounts {what}, which is a folder, over `{path}`, which is a file in the image"),
            format!("{field}.mountPath"),
            match had.as_deref().and_then(|had| nearest(last_part(path), had.iter().copied())) {
                Some(key) => format!("Mount the one file: set `subPath: {key}` beside it; or mount it at a folder."),
                None => "Mount the one file that is meant, with its name as `subPath`; or mount it at a folder.".into(),
            },
        ),
        _ => (
            format!("mounts `{part}` of {what} over the file `{path}`, and it has no file of that name"),
            format!("{field}.subPath"),
            format!(
                "Set `subPath` to a file that {what} has, or put `{part}` there: for what is missing a folder is made."
            ),
        ),
    };
    Finding { summary: format!("container `{}` {text}", finding.container), ..finding }.at(field).next(next)
}

fn last_part(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or(path)
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
    if line.is_none() && is_meant(seen, object, container, &pods, volume) {
        return None;
    }
    let how = match (line, refused) {
        (_, Some(status)) => format!("its program answers {status} at `/`"),
        (Some(line), None) => super::logs::message(line).to_string(),
        (None, None) => return None,
    };
    let unread = unread(template, mount).filter(|_| volume.get("emptyDir").is_some());
    let (at, part) = (Ref::of(object), if unread.is_some() { "name" } else { "mountPath" });
    let field = format!("{field}.{part}");
    let text = match unread {
        Some((filled, by)) => format!(
            "mounts `{}` at `{folder}`, which nobody fills; container `{by}` fills `{filled}`, which nobody reads: {how}",
            text(mount, "/name")
        ),
        None => format!("{what} is mounted over `{folder}`, which hides what the image has there: {how}"),
    };
    let finding = Finding::new(Fault::Volume, at.clone(), text)
        .at(field.clone())
        .with(field.clone(), self::text(mount, &format!("/{part}")));
    let finding = line.into_iter().fold(finding, |finding, line| finding.with("log", line));
    let mut finding =
        refused.into_iter().fold(finding, |found, status| found.with("tried", &format!("GET /: {status}")));
    if refused.is_some() {
        // Whoever comes by these gets nothing.
        let services = seen.snapshot.inside("", "Service", namespace(object));
        let leads = |service: &&Value| {
            pods.iter().any(|pod| fits_plain(service.pointer("/spec/selector"), pod.pointer("/metadata/labels")))
        };
        finding.affects.extend(services.filter(leads).map(|service| Ref::of(service).to_string()));
    }
    if let Some((filled, by)) = unread {
        return Some(finding.should_be(filled).next(format!(
            "Set `{field}` of {at} to `{filled}`, the folder that container `{by}` fills; or let `{by}` fill `{}`.",
            self::text(mount, "/name")
        )));
    }
    Some(finding.next(format!(
        "Take the mount of {what} at `{field}` of {at} away, mount it at another folder, or put there what the program needs (an init container that copies it)."
    )))
}

/// The one folder that a container fills before the others begin and that none of them mounts, and that container.
fn unread<'a>(template: Template<'a>, mount: &Value) -> Option<(&'a str, &'a str)> {
    let volumes = list(template.spec, "/volumes").iter();
    let others = volumes.filter(|one| one.get("emptyDir").is_some() && text(one, "/name") != text(mount, "/name"));
    let mut unread = others.filter_map(|volume| {
        let called = text(volume, "/name");
        let mounts =
            |container: &Value| list(container, "/volumeMounts").iter().any(|one| text(one, "/name") == called);
        let users: Vec<_> = template.containers().filter(|(_, container)| mounts(container)).collect();
        match users.as_slice() {
            [(path, container)] if path.contains("initContainers") => Some((called, text(container, "/name"))),
            _ => None,
        }
    });
    unread.next().filter(|_| unread.next().is_none())
}

/// Whether a folder is meant to be served as it is, without a page at `/`: it has an index of another sort, or files that are
/// no text, or somebody was given something of it.
fn is_meant(seen: &Seen<'_>, object: &Value, container: &Value, pods: &[&Value], volume: &Value) -> bool {
    let at = Ref::new("", "ConfigMap", namespace(object), text(volume, "/configMap/name"));
    let map = seen.snapshot.get(&at);
    let has_files =
        map.is_some_and(|map| map.get("binaryData").and_then(Value::as_object).is_some_and(|all| !all.is_empty()));
    let mut keys = map.and_then(|map| map.get("data")?.as_object()).into_iter().flat_map(serde_json::Map::keys);
    let has_index = keys.any(|key| key.starts_with("index.") && !key.ends_with(".html") && !key.ends_with(".htm"));
    let is_given = |line: &str| line.contains("\" 200 ") && line.contains("\"GET /") && !line.contains("\"GET / ");
    let mut lines = pods.iter().flat_map(|pod| listening::all_lines(seen.snapshot, pod, text(container, "/name")));
    has_files || has_index || lines.any(is_given)
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
    use serde_json::json;

    use super::*;
    use crate::live::diagnose::diagnose;
    use crate::live::snapshot::Snapshot;

    #[test]
    fn a_mount_that_cannot_be_made_is_told_with_its_field() {
        let told = |mount: Value, volume: Value| {
            let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "shop", "name": "conf"}, "data": {"site.conf": "x"}});
            let said = "OCI runtime create failed: error mounting \"/var/lib/kubelet/x\" to rootfs at \"/etc/web/default.conf\": not a directory";
            let mut mount = mount;
            (mount["name"], mount["mountPath"]) = ("v".into(), "/etc/web/default.conf".into());
            let mut volume = volume;
            volume["name"] = "v".into();
            let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "shop", "name": "web"},
                "spec": {"nodeName": "n", "containers": [{"name": "app", "volumeMounts": [mount]}], "volumes": [volume]},
                "status": {"phase": "Pending", "containerStatuses": [{"name": "app", "ready": false, "restartCount": 0,
                    "state": {"waiting": {"reason": "CreateContainerError", "message": said}}}]}});
            let diagnosis = diagnose(&Snapshot::of("lab", [pod, map]), "Pod:shop/web").expect("it is there");
            assert_eq!(diagnosis.causes.len(), 1, "{diagnosis:#?}");
            let cause = &diagnosis.causes[0];
            (cause.fault, cause.field.replace("spec.containers[0].volumeMounts[0].", ""), cause.next.clone())
        };
        let map = || json!({"configMap": {"name": "conf"}});
        let (fault, field, next) = told(json!({"subPath": "default.conf"}), map());
        assert_eq!((fault, field.as_str()), (Fault::MissingReference, "subPath"));
        assert!(next.contains("`site.conf`"), "{next}");
        let projected = json!({"projected": {"sources": [{"configMap": {"name": "conf"}}]}});
        assert_eq!(told(json!({"subPath": "default.conf"}), projected).0, Fault::MissingReference);
        // A Secret is never read; that a folder was made for what it lacks, the runtime tells.
        let (fault, field, next) = told(json!({"subPath": "site.conf"}), json!({"secret": {"secretName": "s"}}));
        assert_eq!((fault, field.as_str(), next.contains("Secret s")), (Fault::CannotStart, "subPath", true));
        let (_, field, next) = told(json!({"subPath": "site.conf"}), map());
        assert_eq!((field.as_str(), next.contains("/etc/web/default.conf/site.conf")), ("mountPath", true));
        assert_eq!(told(json!({}), map()).1, "mountPath");
    }

    /// The first cause of a server that answers so at `/`, with what is mounted and what was asked for before.
    fn served(spec: Value, map: Value, log: &str) -> (String, Option<Value>) {
        let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "shop", "name": "web", "labels": {"app": "web"}}, "spec": spec,
            "status": {"podIP": "10.0.0.1", "phase": "Running", "conditions": [{"type": "Ready", "status": "True"}], "containerStatuses": [{"name": "app", "ready": true, "restartCount": 0, "state": {"running": {}}}]}});
        pod["spec"]["nodeName"] = "n".into();
        let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"namespace": "shop", "name": "web"},
            "spec": {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80, "targetPort": 80}]}});
        let mut map = map;
        (map["apiVersion"], map["kind"], map["metadata"]) =
            ("v1".into(), "ConfigMap".into(), json!({"namespace": "shop", "name": "files"}));
        let mut snapshot = Snapshot::of("lab", [pod, service, map]);
        let key = ("shop".to_string(), "web".to_string(), "app".to_string());
        snapshot.put_recent_log(key, log);
        let service = snapshot.get(&Ref::new("", "Service", "shop", "web")).expect("there").clone();
        for question in answers::of_service_questions(&snapshot, &service) {
            snapshot.put_reply(
                question,
                crate::live::questions::Reply::Page { status: 403, location: String::new(), body: String::new() },
            );
        }
        let causes = diagnose(&snapshot, "Pod:shop/web").expect("it is there").causes;
        let first = causes.into_iter().next();
        first.map(|one| (one.field, one.change.and_then(|change| change.value))).unwrap_or_default()
    }

    #[test]
    fn the_folder_that_is_filled_is_meant_and_files_may_be_served_without_a_page() {
        let mount = |volume: &str, path: &str| json!([{"name": volume, "mountPath": path}]);
        let html = "/usr/share/nginx/html";
        let spec = |init: Value, volumes: Value| json!({"initContainers": init, "containers": [{"name": "app", "volumeMounts": mount("site", html)}], "volumes": volumes});
        let (site, filled) = (json!({"name": "site", "emptyDir": {}}), json!({"name": "html", "emptyDir": {}}));
        let build = |volume: &str| json!([{"name": "build", "volumeMounts": mount(volume, "/out")}]);
        let at = |part: &str| format!("spec.containers[0].volumeMounts[0].{part}");
        let two = json!([site, filled]);
        assert_eq!(served(spec(build("html"), two.clone()), json!({}), ""), (at("name"), Some("html".into())));
        assert_eq!(served(spec(json!([]), json!([site])), json!({}), "").0, at("mountPath"));
        assert_eq!(served(spec(build("site"), two), json!({}), "").0, "", "somebody fills it");
        let files = || spec(json!([]), json!([{"name": "site", "configMap": {"name": "files"}}]));
        assert_eq!(served(files(), json!({"data": {"readme.txt": "x"}}), "").0, at("mountPath"));
        for map in [json!({"data": {"index.yaml": "x"}}), json!({"binaryData": {"a.tgz": "eA=="}})] {
            assert_eq!(served(files(), map, "").0, "");
        }
        let given = "10.0.0.1 - - [01/Jan/2026] \"GET /readme.txt HTTP/1.1\" 200 12";
        assert_eq!(served(files(), json!({"data": {"readme.txt": "x"}}), given).0, "");
    }

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
