//! Files of a volume that a program may not read: they are root's, and it runs as somebody else.

use serde_json::Value;

use super::paths::{mounted, paths};
use crate::live::diagnose::Finding;
use crate::live::object::{Ref, list, number, text};
use crate::live::references::template::Template;

/// The files of a volume are readable for everybody, unless it says otherwise: 0644.
const USUAL_MODE: i64 = 0o644;
/// What everybody may do with a file, as far as reading it goes.
const READ_BY_ALL: i64 = 0o004;

/// A file that a user other than root may not read: a volume's files are root's, unless a group of the pod's gets them.
pub(super) fn told(pod: &Value, container: &Value, line: &str, finding: &Finding) -> Option<Finding> {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
