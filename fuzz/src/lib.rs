//! What the fuzz targets share.

pub mod mcp;

use std::fs;
use std::path::{Path, PathBuf};

use backstack_mcp::install::Entry;
use tempfile::TempDir;

/// A folder for one target's files. `scripts/tools/fuzz` lets them lie in memory (TMPDIR).
pub struct Scratch(TempDir);

impl Scratch {
    /// # Panics
    /// The folder cannot be made.
    #[expect(clippy::new_without_default)]
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file with the folders above it.
    ///
    /// # Panics
    /// It cannot be written.
    pub fn write(&self, file: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(file);
        if fs::write(&path, bytes).is_err() {
            fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("folders");
            fs::write(&path, bytes).expect("a file");
        }
        path
    }
}

/// The files that one input holds: what stands between lines of `%%`.
pub fn parts(bytes: &[u8]) -> Vec<&[u8]> {
    let mut parts = vec![bytes];
    while let Some((last, at)) = parts.last().and_then(|last| Some((*last, find(last, b"\n%%\n")?))) {
        parts.pop();
        parts.extend([&last[..=at], &last[at + 4..]]);
    }
    parts
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// How many lines a text has, however it ends them.
pub fn lines(text: &str) -> usize {
    1 + text.matches(['\n', '\r']).count() - text.matches("\r\n").count()
}

/// Two entries as `mcp install` writes them: a program to be started, then a server to be asked.
pub fn entries() -> (Entry, Entry) {
    let stdio = Entry::Stdio { command: "/usr/bin/backstack".into(), arguments: vec!["mcp".into(), "serve".into()] };
    (stdio, Entry::Http { url: "http://127.0.0.1:7311/mcp".into(), token: "bs_\"0".into() })
}
