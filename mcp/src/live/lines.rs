//! Lines of logs: which of them are meant, by words, level and time.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// How bad a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "docs of variants become a part of the tools' schemas, which models pay for")]
pub enum Level {
    // Details for whoever writes the program; `trace` too.
    Debug,
    // The usual course of things.
    Info,
    // Something odd that the program goes on after.
    Warn,
    // Something failed; `fatal`, `panic` and the like too.
    Error,
}

/// Words by which programs say how bad a line is.
const LEVELS: [(&str, Level); 15] = [
    ("panic", Level::Error),
    ("fatal", Level::Error),
    ("critical", Level::Error),
    ("crit", Level::Error),
    ("emerg", Level::Error),
    ("alert", Level::Error),
    ("severe", Level::Error),
    ("error", Level::Error),
    ("err", Level::Error),
    ("warning", Level::Warn),
    ("warn", Level::Warn),
    ("notice", Level::Info),
    ("info", Level::Info),
    ("debug", Level::Debug),
    ("trace", Level::Debug),
];
/// Fields of a line that hold its level, as `"level":"warn"` and `lvl=warn`.
const FIELDS: [&str; 5] = ["level", "lvl", "severity", "loglevel", "levelname"];
/// Levels stand at a line's begin, behind its time.
const HEAD: usize = 80;

/// The level that a line has; nothing if it does not say.
pub fn level(line: &str) -> Option<Level> {
    if let Some(level) = klog(line) {
        return Some(level);
    }
    let lower = line.to_lowercase();
    let field = FIELDS.iter().find_map(|field| {
        let at = lower.find(&format!("{field}\"")).or_else(|| lower.find(&format!("{field}=")))?;
        let rest = lower[at + field.len()..].trim_start_matches(['"', ':', '=', ' ']);
        by_word(rest.split(|c: char| !c.is_ascii_alphanumeric()).next()?)
    });
    let mut head = lower.len().min(HEAD);
    while !lower.is_char_boundary(head) {
        head -= 1;
    }
    field.or_else(|| lower[..head].split(|c: char| !c.is_ascii_alphanumeric()).find_map(by_word))
}

fn by_word(word: &str) -> Option<Level> {
    LEVELS.iter().find(|(known, _)| *known == word).map(|(_, level)| *level)
}

/// `E0102 03:04:05.000000 ...`
fn klog(line: &str) -> Option<Level> {
    let bytes = line.as_bytes();
    let is_klog = bytes.len() > 6 && bytes[1..5].iter().all(u8::is_ascii_digit) && bytes[5] == b' ';
    match bytes.first().filter(|_| is_klog)? {
        b'E' | b'F' => Some(Level::Error),
        b'W' => Some(Level::Warn),
        b'I' => Some(Level::Info),
        _ => None,
    }
}

/// Words that a line must have, all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words(Vec<String>);

impl Words {
    /// Takes the words as they were asked for; empty ones mean nothing.
    pub(crate) fn of(words: &[String]) -> Self {
        Self(words.iter().filter(|word| !word.is_empty()).cloned().collect())
    }

    /// Whether a line has them as they are written: one with a capital in it in that case, one of capitals alone as a
    /// word of its own (`GET` is not in `getrlimit`, nor in `GETTER`).
    pub fn fit(&self, line: &str) -> bool {
        self.0.iter().all(|word| {
            let has_capital = word.chars().any(char::is_uppercase);
            let is_all_capital = has_capital && !word.chars().any(char::is_lowercase);
            match (has_capital, is_all_capital) {
                (_, true) => as_word(line, word),
                (true, false) => line.contains(word.as_str()),
                (false, _) => has(line, word),
            }
        })
    }

    /// Whether a line has them in whatever case and as parts of words.
    pub fn fit_loosely(&self, line: &str) -> bool {
        self.0.iter().all(|word| has(line, &word.to_lowercase()))
    }
}

fn has(line: &str, lower: &str) -> bool {
    line.to_lowercase().contains(lower)
}

fn as_word(line: &str, word: &str) -> bool {
    let is_letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(word).any(|(at, _)| {
        let (before, behind) = (line[..at].chars().next_back(), line[at + word.len()..].chars().next());
        let goes_on = is_letter(before) && is_letter(word.chars().next())
            || is_letter(behind) && is_letter(word.chars().next_back());
        !goes_on
    })
}

/// The time that stands before a line, and the line.
pub fn stamped(line: &str) -> (Option<OffsetDateTime>, &str) {
    let Some((stamp, rest)) = line.split_once(' ') else { return (None, line) };
    match OffsetDateTime::parse(stamp, &Rfc3339) {
        Ok(time) => (Some(time), rest),
        Err(_) => (None, line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_read_in_the_forms_that_programs_use() {
        for (line, wanted) in [
            ("E0102 03:04:05.000000 1 reflector.go:1] failed", Some(Level::Error)),
            (r#"{"time":"x","level":"WARN","msg":"slow"}"#, Some(Level::Warn)),
            ("time=x level=error msg=\"no\"", Some(Level::Error)),
            ("2026/01/02 03:04:05 [error] 7#7: connect() failed", Some(Level::Error)),
            ("2026-01-02T03:04:05Z INFO started", Some(Level::Info)),
            (r#"10.0.0.1 - - [02/Jan/2026] "GET / HTTP/1.1" 200"#, None),
            ("panic: runtime error", Some(Level::Error)),
            ("", None),
        ] {
            assert_eq!(level(line), wanted, "{line}");
        }
    }

    #[test]
    fn a_word_is_what_it_is_written_as() {
        let fits = |words: &[&str], line: &str| {
            Words::of(&words.iter().map(ToString::to_string).collect::<Vec<_>>()).fit(line)
        };
        assert!(fits(&["GET"], r#""GET / HTTP/1.1" 200"#));
        assert!(!fits(&["GET"], "getrlimit(RLIMIT_NOFILE): 1024") && !fits(&["GET"], "TARGET reached"));
        assert!(fits(&["error"], "an ERROR occurred") && fits(&["error"], "3 errors"));
        assert!(fits(&["Exception"], "NullPointerException") && !fits(&["Exception"], "exception"));
        assert!(fits(&["GET", "404"], "GET /x 404") && !fits(&["GET", "404"], "GET /x 200"));
        assert!(Words::of(&["Exception".into()]).fit_loosely("exception"));
    }
}
