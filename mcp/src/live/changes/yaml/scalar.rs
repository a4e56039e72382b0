//! How one value is written: without quotes only where every reader of YAML, 1.1 and 1.2, reads the same text back.

use serde_json::{Number, Value};

/// How it is written where more than one way would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quotes {
    /// None where it can do without.
    Spare,
    /// The same between brackets, where more has a meaning.
    Bracket,
    /// `'text'`, in which a quote is written twice.
    Single,
    /// `"text"`, in which a backslash escapes.
    Double,
}

/// Texts of one word that some reader takes for nothing, a truth value, a merge or a default.
const WORDS: [&str; 13] = ["~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", "<<", "=", "-"];
/// What begins something else than a text.
const INDICATORS: &[char] =
    &['?', ':', ',', '[', ']', '{', '}', '#', '&', '*', '!', '|', '>', '\'', '"', '%', '@', '`'];

/// A scalar in one line.
pub fn inline(value: &Value, quotes: Quotes) -> String {
    match value {
        Value::String(text) => string(text, quotes),
        Value::Number(number) => self::number(number),
        Value::Null => "null".into(),
        other => other.to_string(),
    }
}

/// A text in one line.
pub fn string(text: &str, quotes: Quotes) -> String {
    match quotes {
        Quotes::Spare if is_plain(text) => text.into(),
        Quotes::Bracket if is_plain(text) && is_plain_in_brackets(text) => text.into(),
        Quotes::Single if text.chars().all(is_printable) => format!("'{}'", text.replace('\'', "''")),
        _ => double(text),
    }
}

/// A number that YAML 1.1 takes for one too: its floats have a point, and a sign before the exponent.
fn number(number: &Number) -> String {
    let written = number.to_string();
    let Some((mantissa, exponent)) = written.split_once('e') else { return written };
    let point = if mantissa.contains('.') { "" } else { ".0" };
    let sign = if exponent.starts_with(['+', '-']) { "" } else { "+" };
    format!("{mantissa}{point}e{sign}{exponent}")
}

/// What readers take for the end of a text between brackets, some of them against the standard.
fn is_plain_in_brackets(text: &str) -> bool {
    let harmless = |letter: char| letter.is_alphanumeric() || "/._-".contains(letter);
    !text.contains('?') && text.split(':').skip(1).all(|after| after.starts_with(harmless))
}

/// Whether a text needs no quotes.
fn is_plain(text: &str) -> bool {
    let ends_well = !text.starts_with(char::is_whitespace) && !text.ends_with(char::is_whitespace);
    ends_well
        && !text.is_empty()
        && text.chars().all(is_printable)
        && !text.starts_with(INDICATORS)
        && !["- ", "---", "..."].iter().any(|start| text.starts_with(start))
        && !text.contains([',', '[', ']', '{', '}'])
        && !text.contains(": ")
        && !text.ends_with(':')
        && !text.contains(" #")
        && !WORDS.contains(&text.to_ascii_lowercase().as_str())
        && !looks_like_a_number(text)
}

/// Whether some reader may take a text for a number, a time of day (`12:30:45` is a number of base 60) or a date. Quotes
/// that are not needed do no harm, so it errs on this side.
fn looks_like_a_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let of_numbers = |letter: char| letter.is_ascii_hexdigit() || "_xXoO+-.:tTzZ ".contains(letter);
    let begins = digits.starts_with(|first: char| first.is_ascii_digit() || first == '.');
    let named = matches!(digits.to_ascii_lowercase().as_str(), ".inf" | ".nan");
    named || (begins && digits.chars().all(of_numbers))
}

/// What may stand in a line as it is.
fn is_printable(letter: char) -> bool {
    matches!(letter, ' '..='~' | '\u{a0}'..='\u{2027}' | '\u{202a}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..)
}

/// Whether a text of several lines may be written line by line, below a `|`.
pub fn is_block(text: &str) -> bool {
    let lines = || text.split('\n');
    text.trim_end_matches('\n').contains('\n')
        && !text.starts_with([' ', '\n', '\t'])
        && lines().all(|line| !line.ends_with([' ', '\t']) && line.chars().all(is_printable))
}

/// In double quotes, with escapes that JSON has too.
fn double(text: &str) -> String {
    let mut written = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => written.extend(['\\', letter]),
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            letter if is_printable(letter) => written.push(letter),
            letter => written.push_str(&format!("\\u{:04X}", u32::from(letter))),
        }
    }
    written.push('"');
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// Texts that some reader of YAML takes for something else.
    const TRAPS: &[&str] = &[
        "",
        "~",
        "null",
        "Null",
        "NULL",
        "y",
        "Y",
        "n",
        "N",
        "yes",
        "Yes",
        "YES",
        "no",
        "No",
        "NO",
        "on",
        "On",
        "ON",
        "off",
        "Off",
        "OFF",
        "true",
        "True",
        "TRUE",
        "false",
        "False",
        "FALSE",
        "0",
        "1",
        "-1",
        "+1",
        "007",
        "0o17",
        "0x1F",
        "0b101",
        "1_000",
        "1_000.5",
        "1e3",
        "1E3",
        "1.0e+3",
        ".5",
        "1.",
        "-.5",
        ".",
        ".inf",
        "-.Inf",
        "+.INF",
        ".nan",
        ".NaN",
        "12:30:45",
        "1:30",
        "190:20:30.15",
        "2026-11-29",
        "2026-11-29T10:00:00Z",
        "2026-11-29 10:00:00.5 +1",
        "<<",
        "=",
        "-",
        "--- a",
        "...",
        "? a",
        ": a",
        "a: b",
        "a:",
        "a #b",
        "#a",
        "&a",
        "*a",
        "!a",
        "|",
        ">",
        "@a",
        "`a",
        "%a",
        "'a'",
        "\"a\"",
        "[a]",
        "{a}",
        "a, b",
        " a",
        "a ",
        "a\tb",
        "a\nb",
        "a\nb\n",
        "a\n\n",
        "\n",
        "\u{7f}",
        "\u{85}",
        "\u{2028}",
        "\u{feff}",
        "é",
        "🦀",
        "\u{1}",
        "\\",
        "\"",
        "'",
    ];
    /// Texts that people are used to see without quotes.
    const USUAL: &[&str] = &[
        "nginx",
        "docker.io/library/nginx:1.29.3",
        "500m",
        "10Gi",
        "--flag=1",
        "-c",
        "http://a.b/c?d=e&f",
        "a/b",
        "my-app.demo.svc:8080",
        "sh",
        "a b c",
        "é",
    ];

    #[test]
    fn traps_are_quoted_and_what_is_usual_is_not() {
        for text in TRAPS.iter().filter(|text| !matches!(**text, "é" | "🦀" | "\\")) {
            assert!(string(text, Quotes::Spare).starts_with('"'), "{text:?}");
        }
        for text in USUAL {
            assert_eq!(string(text, Quotes::Spare), *text);
        }
    }

    #[test]
    fn numbers_are_numbers_for_both_versions() {
        assert_eq!(inline(&json!(1e300), Quotes::Spare), "1.0e+300");
        assert_eq!(inline(&json!(1.5e-10), Quotes::Spare), "1.5e-10");
        assert_eq!(inline(&json!(5), Quotes::Spare), "5");
    }

    /// What a reader of YAML 1.1 makes of it, where one is at hand: the list of traps above is from its rules.
    #[test]
    fn a_reader_of_the_older_version_reads_the_same() {
        let script = "import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.stdin)))";
        let all: Vec<_> = TRAPS.iter().chain(USUAL).collect();
        let lines: String = all
            .iter()
            .map(|text| format!("- {}\n- {}\n", string(text, Quotes::Spare), string(text, Quotes::Single)))
            .collect();
        let read: Vec<String> = serde_yaml::from_str(&lines).expect("YAML");
        let twice: Vec<_> = all.iter().flat_map(|text| [text, text]).map(ToString::to_string).collect();
        assert_eq!(read, twice);
        let brackets = all.iter().map(|text| string(text, Quotes::Bracket)).collect::<Vec<_>>().join(", ");
        for (text, wanted) in
            [(lines, &twice), (format!("[{brackets}]"), &all.iter().map(ToString::to_string).collect())]
        {
            let Some(older) = python(script, &text) else { return };
            assert_eq!(&serde_json::from_str::<Vec<String>>(&older).expect("JSON"), wanted);
        }
    }

    /// What a script of Python's YAML prints; nothing where there is none.
    fn python(script: &str, input: &str) -> Option<String> {
        use std::io::Write as _;
        use std::process::{Command, Stdio};
        let has = Command::new("python3").args(["-c", "import yaml"]).stderr(Stdio::null()).status();
        has.ok().filter(std::process::ExitStatus::success)?;
        let mut child = Command::new("python3")
            .args(["-c", script])
            .env("PYTHONIOENCODING", "utf-8")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        child.stdin.take()?.write_all(input.as_bytes()).ok()?;
        let output = child.wait_with_output().ok()?;
        assert!(output.status.success(), "the older reader refuses it");
        String::from_utf8(output.stdout).ok()
    }

    proptest! {
        #[test]
        fn every_text_is_read_back(text in any::<String>()) {
            for quotes in [Quotes::Spare, Quotes::Bracket, Quotes::Single, Quotes::Double] {
                let written = string(&text, quotes);
                prop_assert!(!written.contains('\n'));
                let around = if quotes == Quotes::Spare { format!("- {written}") } else { format!("[{written}]") };
                let read: Vec<String> = serde_yaml::from_str(&around).expect("YAML");
                prop_assert_eq!(&read[0], &text);
            }
        }
    }
}
