//! The settings file: the same names as `up`'s long flags, with underscores.

use std::path::Path;

use serde_yaml::Value;

use super::{MAX_WORKERS, SettingsError, UpWishes, display};
use crate::stack::words::did_you_mean;

/// Reads the settings file; one that is not there wants nothing, unless it was asked for by name.
///
/// # Errors
/// [`SettingsError::NoFile`] for a file that cannot be read, [`SettingsError::File`] for one that says what is no
/// setting.
pub fn read(path: &Path, asked_for: bool) -> Result<UpWishes, SettingsError> {
    let shown = display(path);
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !asked_for => return Ok(UpWishes::default()),
        Err(error) => return Err(SettingsError::NoFile { path: shown, why: error.to_string() }),
    };
    if text.trim().is_empty() {
        return Ok(UpWishes::default());
    }
    parse(&text).map_err(|problems| SettingsError::File { path: shown, problems })
}

/// What a settings file says, or all that is wrong with it.
fn parse(text: &str) -> Result<UpWishes, Vec<String>> {
    let value: Value = serde_yaml::from_str(text).map_err(|error| vec![error.to_string()])?;
    let unknown = unknown_keys(&value, text);
    if !unknown.is_empty() {
        return Err(unknown);
    }
    // The name of a Rust type says nothing to a person.
    let plain = |error: serde_yaml::Error| vec![error.to_string().replace("expected u16", "expected a whole number")];
    let wishes: UpWishes = serde_yaml::from_str(text).map_err(plain)?;
    let wrong = out_of_range(&wishes);
    if wrong.is_empty() { Ok(wishes) } else { Err(wrong) }
}

fn unknown_keys(value: &Value, text: &str) -> Vec<String> {
    let known = serde_yaml::to_value(UpWishes::default()).expect("plain data is YAML");
    let known: Vec<&str> = known.as_mapping().into_iter().flatten().filter_map(|(key, _)| key.as_str()).collect();
    let keys = value.as_mapping().into_iter().flatten().filter_map(|(key, _)| key.as_str());
    let unknown = keys.filter(|key| !known.contains(key)).map(|key| {
        let line = text.lines().position(|line| line.trim_start().starts_with(key));
        let place = line.map(|line| format!("line {}: ", line + 1)).unwrap_or_default();
        match did_you_mean(key, known.iter().copied()) {
            guess if guess.is_empty() => format!("{place}`{key}` is no setting; there are: {}", known.join(", ")),
            guess => format!("{place}`{key}` is no setting{guess}"),
        }
    });
    unknown.collect()
}

/// The command line refuses these by itself.
fn out_of_range(wishes: &UpWishes) -> Vec<String> {
    let ports = [("http_port", wishes.http_port), ("https_port", wishes.https_port), ("api_port", wishes.api_port)];
    let zero = ports.into_iter().filter(|(_, port)| *port == Some(0));
    let mut wrong: Vec<_> = zero.map(|(key, _)| format!("`{key}` must be 1 to 65535, not 0")).collect();
    if let Some(workers) = wishes.workers.filter(|workers| *workers > MAX_WORKERS) {
        wrong.push(format!("`workers` must be 0 to {MAX_WORKERS}, not {workers}"));
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
            "line 1: `wrokers` is no setting; did you mean `workers`?",
            "line 2: `urll` is no setting; did you mean `url`?",
        ];
        assert_eq!(problems, wanted);
        std::fs::write(&path, "workers: 21\nhttp_port: 0\n").expect("write");
        let Err(SettingsError::File { problems, .. }) = read(&path, true) else { panic!("out of range") };
        assert_eq!(problems.len(), 2, "{problems:?}");
    }
}
