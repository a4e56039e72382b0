//! The settings file: the same names as `up`'s long flags, with underscores.

use std::path::Path;
use std::sync::OnceLock;

use backstack_files::input;
use backstack_files::yaml::{self, Document, Fault};
use clap::ValueEnum;
use jsonschema::Validator;
use serde_json::Value;

use super::{ImageSource, MAX_WORKERS, SettingsError, UpWishes, display};
use crate::stack::schema::compile;
use crate::stack::shape;
use crate::words::{did_you_mean, one_of};

/// Reads the settings file; one that is not there wants nothing, unless it was asked for by name.
///
/// # Errors
/// [`SettingsError::NoFile`] for a file that cannot be read, [`SettingsError::File`] for one that says what is no
/// setting.
pub fn read(path: &Path, asked_for: bool) -> Result<UpWishes, SettingsError> {
    let shown = display(path);
    // A file that was asked for may be a pipe; one in its usual place is a file, or a mistake.
    let bytes = match if asked_for { input::given(path) } else { input::file(path) } {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !asked_for => return Ok(UpWishes::default()),
        Err(error) => return Err(SettingsError::NoFile { path: shown, why: error.to_string() }),
    };
    parse(&bytes).map_err(|mut faults| {
        faults.sort();
        let problems = faults.into_iter().map(|(line, message)| format!("line {line}: {message}")).collect();
        SettingsError::File { path: shown, problems }
    })
}

/// What a settings file says, or all that is wrong with it.
fn parse(bytes: &[u8]) -> Result<UpWishes, Vec<Fault>> {
    let (documents, mut faults) = yaml::parse(bytes);
    if let Some(second) = documents.get(1) {
        faults.push((second.places.line(""), "only one document (no `---`) is allowed here".into()));
    }
    let Some(document) = documents.into_iter().next() else {
        return if faults.is_empty() { Ok(UpWishes::default()) } else { Err(faults) };
    };
    faults.extend(shape::check_by(schema(), &document));
    faults.extend(not_a_source(&document));
    faults.extend(out_of_range(&document));
    if !faults.is_empty() {
        return Err(faults);
    }
    // The schema comes from the same type, so this fails only for what a schema cannot say.
    serde_json::from_value(document.value.clone()).map_err(|error| vec![(document.places.line(""), error.to_string())])
}

/// The schema of the file, and its validator, made once.
fn schema() -> &'static (Value, Validator) {
    static SCHEMA: OnceLock<(Value, Validator)> = OnceLock::new();
    SCHEMA.get_or_init(|| compile::<UpWishes>("settings file of backstack"))
}

/// Each source has an explanation of its own in the schema, which would make a long story of a typing error.
fn not_a_source(document: &Document) -> Option<Fault> {
    let written = document.value.get("images")?.as_str()?;
    let known: Vec<_> = ImageSource::value_variants().iter().filter_map(ValueEnum::to_possible_value).collect();
    let known = || known.iter().map(|value| value.get_name());
    if known().any(|name| name == written) {
        return None;
    }
    let message = format!("`images` must be {}, not `{written}`{}", one_of(known()), did_you_mean(written, known()));
    Some((document.places.line("/images"), message))
}

/// The command line refuses these by itself.
fn out_of_range(document: &Document) -> Vec<Fault> {
    let number = |key: &str| document.value.get(key).and_then(Value::as_u64);
    let line = |key: &str| document.places.line(&format!("/{key}"));
    let zero = ["http_port", "https_port", "api_port"].into_iter().filter(|key| number(key) == Some(0));
    let mut wrong: Vec<_> = zero.map(|key| (line(key), format!("`{key}` must be 1 to 65535, not 0"))).collect();
    let most = u64::from(MAX_WORKERS)..=u64::from(u16::MAX);
    if let Some(workers) =
        number("workers").filter(|workers| *workers > u64::from(MAX_WORKERS) && most.contains(workers))
    {
        wrong.push((line("workers"), format!("`workers` must be 0 to {MAX_WORKERS}, not {workers}")));
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_settings_file_is_strict() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("config.yaml");
        assert_eq!(read(&path, false), Ok(UpWishes::default()));
        assert!(read(&path, true).is_err());
        std::fs::write(&path, "workers: 2\nimages: source\n").expect("write");
        assert_eq!(read(&path, true).expect("settings").workers, Some(2));
        std::fs::write(&path, "wrokers: 2\nurll: x\n").expect("write");
        let Err(SettingsError::File { problems, .. }) = read(&path, true) else { panic!("unknown keys") };
        let wanted = [
            "line 1: unknown key `wrokers`; did you mean `workers`?",
            "line 2: unknown key `urll`; did you mean `url`?",
        ];
        assert_eq!(problems, wanted);
        std::fs::write(&path, "workers: 21\nhttp_port: 0\n").expect("write");
        let Err(SettingsError::File { problems, .. }) = read(&path, true) else { panic!("out of range") };
        assert_eq!(problems.len(), 2, "{problems:?}");
    }
    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, wanted) in [
            (
                "workers: 1\nstack: 1.10\n",
                "line 2: `stack` must be text, not the number 1.10; put it in quotes: \"1.10\"",
            ),
            ("set:\n- 1\n", "line 2: `set[0]` must be text, not the number 1; put it in quotes: \"1\""),
            ("workers: 1\n\nworkers: 2\n", "line 3: key `workers` is given twice (first in line 1)"),
            ("plain_http: yes\n", "line 1: `yes` is true for some readers of YAML: write `true`, or \"yes\" in quotes"),
            ("workers: '2'\n", "line 1: `workers` must be a whole number, not the text `2`; leave the quotes out"),
            ("workers: 1.0\n", "line 1: `workers` must be a whole number, not the number 1.0; write 1"),
            (
                "x: 1\napi_port: 8.443e3\n",
                "line 2: `api_port` must be a whole number, not the number 8.443e3; write 8443",
            ),
            ("http_port: 70000\n", "line 1: `http_port` must be at most 65535, not 70000"),
            (
                "url: x\nimages: sorce\n",
                "line 2: `images` must be `auto`, `registry` or `source`, not `sorce`; did you mean `source`?",
            ),
            ("workers: 1\n---\nworkers: 2\n", "line 3: only one document (no `---`) is allowed here"),
        ] {
            let faults = parse(text.as_bytes()).expect_err(text);
            assert!(
                faults.iter().any(|(line, message)| format!("line {line}: {message}") == wanted),
                "{text}: {faults:?}"
            );
        }
    }

    #[test]
    fn every_encoding_is_read() {
        let text = "\u{feff}# ä\r\nworkers: 2\r\nset:\r\n- a.b=ä\r\n";
        let wide = |unit: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
        for bytes in [text.as_bytes().to_vec(), wide(u16::to_le_bytes), wide(u16::to_be_bytes)] {
            let wishes = parse(&bytes).expect("settings");
            assert_eq!((wishes.workers, wishes.set), (Some(2), vec!["a.b=ä".to_string()]));
        }
        for nothing in ["", "# nothing\n", "\u{feff}", "---\n"] {
            assert_eq!(parse(nothing.as_bytes()), Ok(UpWishes::default()));
        }
    }
}
