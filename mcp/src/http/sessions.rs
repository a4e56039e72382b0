//! What clients of older revisions agreed on, a file per session: after a restart they go on as if nothing was.

use std::path::PathBuf;

use async_trait::async_trait;
use rmcp::transport::streamable_http_server::session::{SessionState, SessionStore, SessionStoreError};

use backstack_files::user_file::{self, Readers};

/// More sessions than this are not kept; the oldest go.
const MOST: usize = 500;

/// Sessions in a folder.
pub(super) struct SessionFiles {
    folder: PathBuf,
}

impl SessionFiles {
    pub(super) fn of(state: &std::path::Path) -> Self {
        Self { folder: state.join("sessions") }
    }

    /// The file of a session; `None` for an id that we never gave, which could name any file.
    fn file(&self, id: &str) -> Option<PathBuf> {
        let ours = (8..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        ours.then(|| self.folder.join(id))
    }

    fn forget_old(&self) {
        let Ok(entries) = std::fs::read_dir(&self.folder) else { return };
        let mut files: Vec<_> = entries
            .flatten()
            .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
            .collect();
        if files.len() > MOST {
            files.sort();
            for (_, path) in files.iter().take(files.len() - MOST) {
                drop(std::fs::remove_file(path));
            }
        }
    }
}

#[async_trait]
impl SessionStore for SessionFiles {
    async fn load(&self, id: &str) -> Result<Option<SessionState>, SessionStoreError> {
        let Some(file) = self.file(id) else { return Ok(None) };
        match std::fs::read(file) {
            Ok(text) => Ok(serde_json::from_slice(&text).ok()),
            Err(_) => Ok(None),
        }
    }

    async fn store(&self, id: &str, state: &SessionState) -> Result<(), SessionStoreError> {
        let Some(file) = self.file(id) else { return Ok(()) };
        user_file::write(&file, &serde_json::to_vec(state)?, Readers::Owner)?;
        self.forget_old();
        Ok(())
    }

    async fn delete(&self, id: &str) -> Result<(), SessionStoreError> {
        if let Some(file) = self.file(id) {
            drop(std::fs::remove_file(file));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_never_names_another_file() {
        let files = SessionFiles::of(std::path::Path::new("/state"));
        for id in ["../tokens.json", "..", "a/b/c/d/e/f", "", "short", "x\0yyyyyyyyyy", &"a".repeat(65)] {
            assert_eq!(files.file(id), None, "{id:?}");
        }
        assert!(files.file("550e8400-e29b-41d4-a716-446655440000").is_some());
    }
}
