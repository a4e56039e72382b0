//! Bearer tokens, one per client, kept as digests in a file that only its owner can read.
//!
//! The token itself is only in the client's configuration. Losing the file means installing again; reading it gives
//! nobody access.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};
use std::time::SystemTime;

use rand::RngExt;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use backstack_files::input;
use backstack_files::user_file::{self, Readers};

/// The tokens file.
pub struct Tokens {
    path: PathBuf,
    /// Folder with a file for each client.
    mounted: Option<PathBuf>,
    read: RwLock<Read>,
}

#[derive(Default)]
struct Read {
    at: Option<SystemTime>,
    /// Client -> digest, in hexadecimal.
    clients: BTreeMap<String, String>,
}

/// A token, to be told once.
pub struct NewToken {
    /// The token in full, `bs_` and 64 hexadecimal digits: only its digest is kept.
    pub token: String,
}

/// The tokens file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the tokens of the MCP server in {path} cannot be {what}")]
pub struct TokenError {
    /// The tokens file.
    pub path: PathBuf,
    /// What cannot be done with it: `read` or `written`.
    pub what: &'static str,
    /// What the system says.
    #[source]
    pub source: std::io::Error,
}

impl Tokens {
    /// The tokens of this folder; no file is none yet.
    pub fn of(folder: &Path) -> Self {
        Self { path: folder.join("tokens.json"), mounted: None, read: RwLock::default() }
    }

    /// With those of a folder that has a file for each client, of its name: what is in it counts at every moment.
    #[must_use]
    pub fn with_mounted(self, folder: Option<PathBuf>) -> Self {
        Self { mounted: folder, ..self }
    }

    /// Makes a token for a client, in place of its old one.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn issue(&self, client: &str) -> Result<NewToken, TokenError> {
        let token = format!("bs_{}", hex::encode(rand::rng().random::<[u8; 32]>()));
        let mut clients = self.load()?;
        clients.insert(client.into(), digest(&token));
        self.save(&clients)?;
        Ok(NewToken { token })
    }

    /// Takes a client's token away; says whether it had one.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn revoke(&self, client: &str) -> Result<bool, TokenError> {
        let mut clients = self.load()?;
        let had = clients.remove(client).is_some();
        if had {
            self.save(&clients)?;
        }
        Ok(had)
    }

    /// The client that a token belongs to. A file that changed is read again, so that `mcp install` and `uninstall`
    /// work on a running server.
    pub fn client(&self, token: &str) -> Option<String> {
        let changed = std::fs::metadata(&self.path).and_then(|about| about.modified()).ok();
        let fresh = self.read.read().unwrap_or_else(PoisonError::into_inner).at == changed;
        if !fresh {
            let clients = self.load().unwrap_or_default();
            *self.read.write().unwrap_or_else(PoisonError::into_inner) = Read { at: changed, clients };
        }
        let shown = digest(token);
        let read = self.read.read().unwrap_or_else(PoisonError::into_inner);
        let mut found = None;
        // All of them, all the way, whatever the first characters are.
        for (client, known) in &read.clients {
            if same(known, &shown) {
                found = Some(client.clone());
            }
        }
        for (client, known) in self.mounted() {
            if same(&digest(&known), &shown) {
                found = Some(client);
            }
        }
        found
    }

    /// A file that cannot be read opens the door to nobody, and neither does an empty one.
    fn mounted(&self) -> Vec<(String, String)> {
        let files = self.mounted.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().flatten();
        let client = |file: std::fs::DirEntry| {
            let token = String::from_utf8(input::file(&file.path()).ok()?).ok()?.trim().to_string();
            (!token.is_empty()).then(|| (file.file_name().to_string_lossy().into_owned(), token))
        };
        files.filter_map(client).collect()
    }

    fn load(&self) -> Result<BTreeMap<String, String>, TokenError> {
        match input::file(&self.path) {
            Ok(text) => serde_json::from_slice(&text).map_err(|error| self.error("read", error.into())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(BTreeMap::new()),
            Err(error) => Err(self.error("read", error)),
        }
    }

    fn save(&self, clients: &BTreeMap<String, String>) -> Result<(), TokenError> {
        let text = serde_json::to_vec_pretty(clients).map_err(|error| self.error("written", error.into()))?;
        user_file::write(&self.path, &text, Readers::Owner).map_err(|error| self.error("written", error))
    }

    fn error(&self, what: &'static str, source: std::io::Error) -> TokenError {
        TokenError { path: self.path.clone(), what, source }
    }
}

fn digest(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

/// Compares without telling by its time how much is the same.
fn same(one: &str, two: &str) -> bool {
    one.as_bytes().ct_eq(two.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_open_the_door_until_they_are_revoked() {
        let folder = tempfile::tempdir().expect("folder");
        let tokens = Tokens::of(&folder.path().join("mcp"));
        assert_eq!(tokens.client("anything"), None);
        let first = tokens.issue("cursor").expect("issued").token;
        let other = tokens.issue("zed").expect("issued").token;
        let server = Tokens::of(&folder.path().join("mcp"));
        assert_eq!(server.client(&first).as_deref(), Some("cursor"));
        assert_eq!(server.client(&other).as_deref(), Some("zed"));
        assert_eq!(server.client(&first[..first.len() - 1]), None);
        assert_eq!(server.client(""), None);
        assert!(tokens.revoke("cursor").expect("revoked"));
        std::thread::sleep(std::time::Duration::from_millis(20));
        assert_eq!(server.client(&first), None);
        let text = std::fs::read_to_string(folder.path().join("mcp/tokens.json")).expect("file");
        assert!(!text.contains(&other));
    }

    #[test]
    fn a_mounted_file_is_a_clients_token() {
        let folder = tempfile::tempdir().expect("folder");
        let mounted = folder.path().join("mounted");
        std::fs::create_dir(&mounted).expect("folder");
        std::fs::write(mounted.join("portal"), "secret\n").expect("write");
        std::fs::write(mounted.join("nobody"), "\n").expect("write");
        let tokens = Tokens::of(folder.path()).with_mounted(Some(mounted.clone()));
        assert_eq!(tokens.client("secret").as_deref(), Some("portal"));
        assert_eq!((tokens.client(""), tokens.client("other")), (None, None));
        std::fs::write(mounted.join("portal"), "renewed").expect("write");
        assert_eq!((tokens.client("renewed").as_deref(), tokens.client("secret")), (Some("portal"), None));
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_the_file() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("folder");
        let tokens = Tokens::of(&folder.path().join("state"));
        tokens.issue("zed").expect("issued");
        let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(&folder.path().join("state/tokens.json")), 0o600);
        assert_eq!(mode(&folder.path().join("state")), 0o700);
    }
}
