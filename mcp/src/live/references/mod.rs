//! What an object refers to: by labels, by name, and by the hosts that its programs are told to use.
//!
//! ```text
//! selector   labels, and what selects them
//! template   the pod that a workload makes, and the objects that it names
//! hosts      names of Services in variables, arguments and configuration
//! annotations  what annotations name
//! pointers   what objects of any other kind name in their specification
//! ```
//!
//! Each reference says in which field it stands, so that whatever is wrong with it can be named there.

pub mod annotations;
pub mod hosts;
pub mod pointers;
pub mod selector;
pub mod template;

use super::object::name;
use serde_json::Value;

/// The name among these that is most like another, if any is alike.
pub fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let scored = names.map(|name| (likeness(wanted, name), name)).filter(|(score, _)| *score > 0.84);
    scored.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, name)| name)
}

fn likeness(wanted: &str, name: &str) -> f64 {
    // `db` for `db-service` is alike, whatever their lengths say.
    let is_part = wanted.len() > 1 && name.len() > 1 && (name.starts_with(wanted) || wanted.starts_with(name));
    let score = crate::likeness::likeness(wanted, name);
    if is_part { score.max(0.86) } else { score }
}

/// `there are: a, b`, or `there is none`, for messages about a name that does not exist.
pub fn there_are<'a>(objects: impl Iterator<Item = &'a Value>) -> String {
    let mut names: Vec<_> = objects.map(name).collect();
    names.sort_unstable();
    match names.len() {
        0 => "there is no other".into(),
        1..=6 => format!("there are: {}", names.join(", ")),
        many => format!("there are {many}, among them {}", names[..6].join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_and_shortened_names_are_alike_and_others_are_not() {
        let names = ["postgres", "shop-backend", "cache"];
        assert_eq!(nearest("postgrs", names.into_iter()), Some("postgres"));
        assert_eq!(nearest("shop-back", names.into_iter()), Some("shop-backend"));
        assert_eq!(nearest("mail", names.into_iter()), None);
    }
}
