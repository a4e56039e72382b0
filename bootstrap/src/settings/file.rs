//! The settings file: the same names as `up`'s long flags, with underscores.

use std::path::Path;

use super::{SettingsError, UpWishes, display};

/// Reads the settings file; one that is not there wants nothing, unless it was asked for by name.
///
/// # Errors
/// [`SettingsError::File`] for a file that cannot be read, or that says what is no setting.
pub fn read(path: &Path, asked_for: bool) -> Result<UpWishes, SettingsError> {
    let problem = |problem: String| SettingsError::File { path: display(path), problem };
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !asked_for => return Ok(UpWishes::default()),
        Err(error) => return Err(problem(error.to_string())),
    };
    if text.trim().is_empty() {
        return Ok(UpWishes::default());
    }
    serde_yaml::from_str(&text).map_err(|error| problem(error.to_string()))
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
        std::fs::write(&path, "wrokers: 2\n").expect("write");
        let error = read(&path, true).expect_err("unknown key").to_string();
        assert!(error.contains("wrokers"), "{error}");
    }
}
