//! A flag that a program does not know: it says so first, and then how it is used.

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::Finding;
use crate::live::object::{Ref, list, name, namespace};
use crate::live::references::nearest;
use crate::live::references::template::Template;

/// How programs say that they do not know a flag; it stands behind these words.
const UNKNOWN: [&str; 14] = [
    "flag provided but not defined: ",
    "unknown shorthand flag: ",
    "unknown flag: ",
    "unknown flag ",
    "unknown option: ",
    "unknown option ",
    "unrecognized option: ",
    "unrecognized option ",
    "unrecognized arguments: ",
    "unrecognized argument: ",
    "invalid option -- ",
    "illegal option -- ",
    "unexpected argument ",
    "no such option: ",
];
/// Flags that are told as those which it knows.
const MOST: usize = 8;

/// A crash whose log names a flag that is written in the container.
pub(super) fn told(seen: &Seen<'_>, pod: &Value, finding: &Finding) -> Option<Finding> {
    let key = (namespace(pod).to_string(), name(pod).to_string(), finding.container.clone());
    let log = seen.snapshot.log(&key)?;
    let (line, flag) = log.lines().find_map(|line| Some((line, unknown(line)?)))?;
    let (path, container) = Template::of(pod)?.container(&finding.container)?;
    let (field, written) = ["args", "command"].into_iter().find_map(|part| {
        let mut words = list(container, &format!("/{part}")).iter().filter_map(Value::as_str).enumerate();
        let (index, word) = words.find(|(_, word)| is_flag(word, flag))?;
        Some((format!("{path}.{part}[{index}]"), word))
    })?;
    let known = known(log);
    let plain = flag.trim_start_matches('-');
    let near = nearest(plain, known.iter().map(|one| one.trim_start_matches('-')));
    let near = near.and_then(|near| known.iter().find(|one| one.trim_start_matches('-') == near));
    let there = match (near, known.is_empty()) {
        (Some(near), _) => format!(" (it knows `{near}`)"),
        (None, false) => format!(" (it knows {})", known.iter().take(MOST).copied().collect::<Vec<_>>().join(", ")),
        (None, true) => String::new(),
    };
    let at = Ref::of(pod);
    let mut found = finding.clone().at(field.clone());
    let (start, _) = found.summary.split_once(": ").unwrap_or((&found.summary, ""));
    found.summary = format!("{start}: it knows no flag `{flag}`, which `{}` has", last(&field));
    Some(found.with("flag", line).with(field.clone(), written).next(format!(
        "Correct `{field}` of {at} (now `{written}`) to a flag that the program has{there}, or take it out."
    )))
}

fn last(field: &str) -> &str {
    field.rsplit('.').next().unwrap_or(field)
}

/// The flag that a line says is none.
fn unknown(line: &str) -> Option<&str> {
    let lower = line.to_lowercase();
    let end = UNKNOWN.iter().find_map(|words| lower.find(words).map(|at| at + words.len()))?;
    let word = line.get(end..)?.split_whitespace().next()?;
    // `unknown shorthand flag: 'x' in -xyz`
    let word = line
        .rsplit_once(" in -")
        .filter(|_| lower.contains("shorthand"))
        .map_or(word, |_| line.rsplit(' ').next().unwrap_or(word));
    let flag = word.trim_matches(|letter: char| "'\"`,.:;()".contains(letter)).split('=').next()?;
    (!flag.is_empty()).then_some(flag)
}

/// Whether a word of a command is this flag, with or without its value.
fn is_flag(word: &str, flag: &str) -> bool {
    let plain = |word: &str| word.split('=').next().unwrap_or(word).trim_start_matches('-').to_string();
    word.starts_with('-') && plain(word) == plain(flag)
}

/// Flags that a program shows as its own, where a line begins with one.
fn known(log: &str) -> Vec<&str> {
    let lines =
        log.lines().filter_map(|line| line.split_whitespace().next().filter(|_| line.starts_with([' ', '\t', '-'])));
    let flags = lines.map(|word| word.trim_end_matches([',', ':']).split('=').next().unwrap_or(word));
    flags.filter(|word| word.starts_with('-') && word.len() > 2).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_is_found_in_what_programs_say_of_it() {
        for (line, flag) in [
            ("flag provided but not defined: -message", Some("-message")),
            ("Error: unknown flag: --verbos", Some("--verbos")),
            ("Error: unknown shorthand flag: 'x' in -xyz", Some("-xyz")),
            ("app: error: unrecognized arguments: --port=80", Some("--port")),
            ("error: unexpected argument '--color' found", Some("--color")),
            ("app: unrecognized option '--fast'", Some("--fast")),
            ("-text string", None),
            ("option fast is set", None),
        ] {
            assert_eq!(unknown(line), flag, "{line}");
        }
        assert_eq!(known("usage:\n  -listen string\n    address\n  -text=x\nplain -x"), ["-listen", "-text"]);
    }
}
