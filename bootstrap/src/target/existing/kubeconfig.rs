//! The user's kubeconfigs as our client for the API reads them.

use std::path::{Path, PathBuf};

use kube::config::Kubeconfig;

use crate::docker::kubeconfig;
use crate::error::chain;

/// All files that kubectl would read, merged as it merges them; those that are not there are passed over.
///
/// # Errors
/// What is wrong, and with which file.
pub fn read() -> Result<Kubeconfig, String> {
    merge(&kubeconfig::paths().map_err(|error| error.to_string())?)
}

fn merge(paths: &[PathBuf]) -> Result<Kubeconfig, String> {
    let mut merged: Option<Kubeconfig> = None;
    for path in paths.iter().filter(|path| path.exists()) {
        let next = read_from(path)?;
        merged = Some(match merged {
            Some(before) => before.merge(next).map_err(|error| format!("{}: {error}", path.display()))?,
            None => next,
        });
    }
    merged.ok_or_else(|| {
        let shown: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
        format!("there is no file {}", shown.join(" or "))
    })
}

/// One file, whatever it is encoded in.
///
/// # Errors
/// What is wrong with it.
pub fn read_from(path: &Path) -> Result<Kubeconfig, String> {
    let shown = |what: String| format!("{}: {what}", path.display());
    // The client's own reader does not survive every file; what it would trip over is told here.
    match backstack_files::text::read(path) {
        Err(error) => Err(shown(error.to_string())),
        Ok(_) => Kubeconfig::read_from(path).map_err(|error| shown(chain(&error).pop().unwrap_or_default())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "apiVersion: v1\nkind: Config\nclusters:\n- name: a\n  cluster: {server: 'https://ä'}\ncontexts:\n- name: a\n  context: {cluster: a, user: a}\nusers: []\n";

    #[test]
    fn every_encoding_is_read_and_missing_files_are_passed_over() {
        let folder = tempfile::tempdir().expect("folder");
        let at = |name: &str| folder.path().join(name);
        let marked = format!("\u{feff}{}", TEXT.replace('\n', "\r\n"));
        std::fs::write(at("marked"), &marked).expect("write");
        std::fs::write(at("wide"), marked.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>())
            .expect("write");
        std::fs::write(at("odd"), b"\xff\xfea\0b").expect("write");
        for name in ["marked", "wide"] {
            let config = merge(&[at("missing"), at(name)]).expect("read");
            assert_eq!(config.contexts[0].name, "a");
        }
        assert!(merge(&[at("odd")]).expect_err("cut off").contains("cut off"));
        assert!(
            merge(&[folder.path().into()]).expect_err("a folder").contains("it is a folder, where a file is expected")
        );
        assert!(merge(&[at("missing")]).expect_err("missing").contains("there is no file"));
    }

    #[test]
    fn what_up_writes_is_read() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("config");
        let admin =
            "clusters: [{cluster: {certificate-authority-data: Q0E=}}]\nusers: [{user: {client-key-data: S0VZ}}]\n";
        let entry = kubeconfig::Entry { context: "kind-p".into(), server: "https://x:1".into(), admin: admin.into() };
        for text in [TEXT, "", "{\"contexts\": [], \"current-context\": \"\"}", "contexts: [\n]\n"] {
            std::fs::write(&path, text).expect("write");
            kubeconfig::add(&path, &entry).expect("added");
            let config = read_from(&path).expect("read");
            assert_eq!(config.current_context.as_deref(), Some("kind-p"));
            assert!(config.contexts.iter().any(|context| context.name == "kind-p"), "{text}");
        }
    }
}
