//! What keeps Argo CD from syncing although it could: a window of the project, a set that makes nothing.

use serde_json::Value;
use time::{Duration, OffsetDateTime};

use super::Seen;
use crate::live::cron::Cron;
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, annotation, is_owned_by, list, name, namespace, text};

const GROUP: &str = "argoproj.io";
/// An Application of a set should be there after so long.
const SOON: i64 = 60;

/// An Application that waits for a window, is left alone, or brings nothing.
pub(super) fn of_application(seen: &Seen<'_>, application: &Value) -> Vec<Finding> {
    let own = left_alone(application).or_else(|| brings_nothing(application));
    own.into_iter().chain(closed(seen, application)).collect()
}

/// An annotation by which Argo CD leaves it alone.
fn left_alone(application: &Value) -> Option<Finding> {
    let key = "argocd.argoproj.io/skip-reconcile";
    annotation(application, key).filter(|value| *value == "true")?;
    let (at, field) = (Ref::of(application), format!("metadata.annotations[{key}]"));
    let text = format!("is left alone by Argo CD: annotation `{key}` is `true`");
    let finding = Finding::new(Fault::Paused, at.clone(), text).at(field.clone()).with(field, "true");
    let mut finding = finding.next(format!("Take annotation `{key}` off {at} to go on."));
    finding.weight = Fault::SyncFailed.weight() + 2;
    Some(finding)
}

/// In order, and empty: what it should bring is not where it looks.
fn brings_nothing(application: &Value) -> Option<Finding> {
    let is_synced = text(application, "/status/sync/status") == "Synced";
    let is_empty = list(application, "/status/resources").is_empty();
    let source = application.pointer("/spec/source").filter(|_| is_synced && is_empty)?;
    let chosen = ["directory/include", "directory/exclude", "path", "chart"];
    let field = chosen.into_iter().find(|field| !text(source, &format!("/{field}")).is_empty())?;
    let value = text(source, &format!("/{field}"));
    let (at, field) = (Ref::of(application), format!("spec.source.{}", field.replace('/', ".")));
    let text = format!("is in order and brings nothing: Git has no manifest where it looks (`{field}` is `{value}`)");
    let finding = Finding::new(Fault::NotApplied, at.clone(), text).at(field.clone()).with("status.resources", "none");
    Some(finding.with(field.clone(), value).next(format!(
        "Correct `{field}` of {at}; `spec.source.directory.recurse: true` takes the folders below it, too."
    )))
}

fn project<'a>(seen: &Seen<'a>, application: &Value) -> Option<&'a Value> {
    let called = text(application, "/spec/project");
    seen.snapshot.get(&Ref::new(GROUP, "AppProject", namespace(application), called))
}

/// A window of its project that keeps what differs from being synced.
fn closed(seen: &Seen<'_>, application: &Value) -> Option<Finding> {
    if text(application, "/status/sync/status") != "OutOfSync" {
        return None;
    }
    let project = project(seen, application)?;
    let windows: Vec<_> = list(project, "/spec/syncWindows")
        .iter()
        .enumerate()
        .filter(|(_, window)| is_for(window, application))
        .map(|(index, window)| (index, window, is_open(window, seen.now)))
        .collect();
    let of_kind = |kind: &'static str| windows.iter().filter(move |(_, window, _)| text(window, "/kind") == kind);
    let denied = of_kind("deny").find(|(.., open)| *open == Some(true));
    // With windows that allow, nothing is synced outside of all of them.
    let never_open = of_kind("allow").all(|(.., open)| *open == Some(false));
    let (index, window, _) = denied.or_else(|| of_kind("allow").next().filter(|_| never_open))?;
    let (at, field) = (Ref::of(project), format!("spec.syncWindows[{index}]"));
    let said = format!(
        "{} at `{}` for {}{}",
        text(window, "/kind"),
        text(window, "/schedule"),
        text(window, "/duration"),
        if text(window, "/timeZone").is_empty() { String::new() } else { format!(" ({})", text(window, "/timeZone")) }
    );
    let text = format!("does not let {} be synced now: window {said}", Ref::of(application));
    let mut finding = Finding::new(Fault::Paused, at.clone(), text).at(field.clone()).with(field.clone(), &said);
    finding.affects.push(Ref::of(application).to_string());
    // That it is out of sync, and that things are missing, comes from that.
    finding.weight = Fault::SyncFailed.weight() + 1;
    let is_manual = window.get("manualSync").and_then(Value::as_bool).unwrap_or(false);
    let by_hand = if is_manual {
        "sync it by hand, which the window allows"
    } else {
        "set its `manualSync: true` and sync by hand"
    };
    Some(
        finding
            .next(format!("Wait for the end of the window, {by_hand}, or correct `{field}` of {at} (`syncWindows`).")),
    )
}

fn is_for(window: &Value, application: &Value) -> bool {
    let fits = |field: &str, word: &str| {
        list(window, field)
            .iter()
            .filter_map(Value::as_str)
            .any(|pattern| globset::Glob::new(pattern).is_ok_and(|glob| glob.compile_matcher().is_match(word)))
    };
    fits("/applications", name(application))
        || fits("/namespaces", text(application, "/spec/destination/namespace"))
        || fits("/clusters", text(application, "/spec/destination/name"))
        || fits("/clusters", text(application, "/spec/destination/server"))
}

/// Whether a window is open now; nothing where that cannot be told.
fn is_open(window: &Value, now: OffsetDateTime) -> Option<bool> {
    let lasts = duration(text(window, "/duration"))?;
    let cron = Cron::parse(text(window, "/schedule"), text(window, "/timeZone"))?;
    Some(cron.last_within(now, lasts).is_some())
}

/// `24h`, `1h30m`, `2d`.
fn duration(written: &str) -> Option<Duration> {
    let mut total = Duration::ZERO;
    let mut number = String::new();
    for letter in written.chars() {
        if letter.is_ascii_digit() {
            number.push(letter);
            continue;
        }
        let count: i64 = number.parse().ok()?;
        total += match letter {
            'd' => Duration::days(count),
            'h' => Duration::hours(count),
            'm' => Duration::minutes(count),
            's' => Duration::seconds(count),
            _ => return None,
        };
        number.clear();
    }
    (number.is_empty() && total > Duration::ZERO).then_some(total)
}

/// A set of Applications that makes none.
pub(super) fn of_set(seen: &Seen<'_>, set: &Value) -> Option<Finding> {
    let mut made = seen.snapshot.inside(GROUP, "Application", namespace(set));
    let age = seen.seconds_since(text(set, "/metadata/creationTimestamp"))?;
    let generators = list(set, "/spec/generators");
    if age < SOON || generators.is_empty() || made.any(|one| is_owned_by(one, set)) {
        return None;
    }
    let is_broken = crate::live::object::conditions(set).any(|one| one.kind == "ErrorOccurred" && one.is_true());
    if is_broken {
        return None;
    }
    let at = Ref::of(set);
    let kinds: Vec<_> =
        generators.iter().filter_map(Value::as_object).flat_map(|one| one.keys()).map(String::as_str).collect();
    let text = format!("makes no Application: its generators ({}) find nothing", kinds.join(", "));
    let finding = Finding::new(Fault::Missing, at.clone(), text).at("spec.generators[0]");
    Some(finding.with("spec.generators", &generators[0].to_string()).next(format!(
        "Correct what `spec.generators` of {at} looks for: labels of clusters, folders or files in Git, elements of a list."
    )))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::*;

    #[test]
    fn windows_are_open_from_their_time_for_as_long_as_they_last() {
        let window = |schedule: &str, lasts: &str| json!({"kind": "deny", "schedule": schedule, "duration": lasts});
        let now = datetime!(2026-01-07 12:30 UTC);
        for (schedule, lasts, expected) in [
            ("0 0 * * *", "24h", Some(true)),
            ("0 12 * * *", "1h", Some(true)),
            ("0 12 * * *", "20m", Some(false)),
            ("0 12 * * 3", "1h", Some(true)),
            ("0 12 * * 4", "1h", Some(false)),
            ("0 22 * * 1-5", "15h", Some(true)),
            ("nonsense", "1h", None),
        ] {
            assert_eq!(is_open(&window(schedule, lasts), now), expected, "{schedule} {lasts}");
        }
        let mut elsewhere = window("0 21 * * *", "1h");
        elsewhere["timeZone"] = "Asia/Tokyo".into();
        assert_eq!(is_open(&elsewhere, now), Some(true));
        elsewhere["timeZone"] = "Asia/Nowhere".into();
        assert_eq!(is_open(&elsewhere, now), None);
    }
}
