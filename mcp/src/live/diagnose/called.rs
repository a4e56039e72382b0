//! Whom programs call beside the hosts that they are told: Services that their last words name, and single members of a
//! set, `db-0.db`.

use serde_json::Value;

use super::pods;
use crate::live::object::{Ref, name, namespace, text};
use crate::live::references::hosts::named_in;
use crate::live::references::selector::selected;
use crate::live::references::template::Template;
use crate::live::snapshot::Snapshot;

/// Lines of a log that are last words.
const LINES: usize = 6;

/// Services without a pod that is ready, which containers that ended named last.
pub(super) fn in_last_words(snapshot: &Snapshot, workload: &Value) -> Vec<Ref> {
    let ended = snapshot.pods_of(workload).into_iter().flat_map(pods::interesting_logs);
    let logs = ended.filter_map(|(key, _)| snapshot.log(&key));
    let lines = logs.flat_map(|log| log.lines().rev().take(LINES));
    let mut named: Vec<_> = lines.flat_map(|line| named_in(snapshot, workload, line)).collect();
    named.sort();
    named.dedup();
    named.retain(|at| snapshot.get(at).is_some_and(|service| is_nobody(snapshot, service)));
    named
}

fn is_nobody(snapshot: &Snapshot, service: &Value) -> bool {
    !selected(snapshot, service).into_iter().any(pods::is_ready)
}

/// Sets whose members a workload calls by name, and whose Service, of which those names are, does not exist.
pub(super) fn members<'a>(snapshot: &'a Snapshot, workload: &Value) -> Vec<(&'a Value, Ref)> {
    let place = namespace(workload);
    let sets = snapshot.inside("apps", "StatefulSet", place).filter(|set| Ref::of(set) != Ref::of(workload));
    let nameless = sets.filter_map(|set| {
        let service = Ref::new("", "Service", place, text(set, "/spec/serviceName"));
        (!service.name.is_empty() && snapshot.get(&service).is_none()).then_some((set, service))
    });
    nameless.filter(|(set, service)| calls(snapshot, workload, name(set), &service.name).is_some()).collect()
}

/// The line, of what a workload's programs are told or of what they say, that names a member of a set.
pub(super) fn calls(snapshot: &Snapshot, workload: &Value, set: &str, service: &str) -> Option<String> {
    let template = Template::of(workload)?;
    let logs = snapshot.pods_of(workload).into_iter().flat_map(|pod| {
        let names = template.containers().map(|(_, container)| text(container, "/name").to_string());
        names.map(|container| (namespace(pod).to_string(), name(pod).to_string(), container)).collect::<Vec<_>>()
    });
    let mut said = logs.flat_map(|key| [snapshot.log(&key), snapshot.recent_log(&key)]).flatten();
    let line = said.find_map(|log| log.lines().rev().find(|line| names_member(line, set, service)));
    line.map(String::from).or_else(|| {
        let told = template.spec.to_string();
        names_member(&told, set, service).then(|| format!("names {set}-0.{service}"))
    })
}

/// Whether a text has `SET-N.SERVICE` as a name.
fn names_member(text: &str, set: &str, service: &str) -> bool {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    let start = format!("{set}-");
    text.match_indices(&start).any(|(at, _)| {
        let rest = &text[at + start.len()..];
        let number = rest.len() - rest.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
        let of_service = rest[number..].strip_prefix('.').and_then(|rest| rest.strip_prefix(service));
        number > 0 && !text[..at].ends_with(is_part) && of_service.is_some_and(|rest| !rest.starts_with(is_part))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_of_a_set_is_told_from_what_only_looks_like_one() {
        for (text, expected) in [
            ("ERROR: cannot resolve db-0.db, trying again", true),
            ("--seed=db-12.db.shop.svc:5432", true),
            ("my-db-0.db is away", false),
            ("db-0.db-peers is there", false),
            ("db-x.db and db-0 and db", false),
        ] {
            assert_eq!(names_member(text, "db", "db"), expected, "{text}");
        }
    }
}
