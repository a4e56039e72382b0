//! The user's kubeconfig: our context goes in and comes out, everything else stays as it is, letter for letter.
//!
//! ```text
//! edit    our entries in a text: in, out, and checked
//!   patch   single changes of a text
//!   tree    the one document of a text, and where everything in it stands
//!   item    our entries as text, and the note on what was there before
//!   value   what a text says
//! file    reads a file, and changes it under its lock
//! ```

pub(crate) mod edit;
mod file;
mod item;
mod patch;
mod tree;
mod value;

#[cfg(test)]
mod tests;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use file::Change;
use serde_yaml::Value;

use super::error::ClusterError;
use backstack_common::folders;
use backstack_files::input;

const CERTIFICATE: &str = "client-certificate-data";
const KEY: &str = "client-key-data";

/// What is written for one platform.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Name of the context, the cluster and the user.
    pub context: String,
    /// Address of the API server, as seen from here.
    pub server: String,
    /// The administrator's kubeconfig as the node has it.
    pub admin: String,
}

/// All files that kubectl reads: those of KUBECONFIG, else the default.
///
/// # Errors
/// There is neither KUBECONFIG nor a home folder.
pub fn paths() -> Result<Vec<PathBuf>, ClusterError> {
    let listed: Vec<PathBuf> = std::env::var_os("KUBECONFIG")
        .map(|list| std::env::split_paths(&list).filter(|path| !path.as_os_str().is_empty()).collect())
        .unwrap_or_default();
    if !listed.is_empty() {
        return Ok(listed);
    }
    let home =
        folders::home().ok_or_else(|| problem(Path::new("~/.kube/config"), "cannot be found: HOME names no folder"))?;
    Ok(vec![home.join(".kube/config")])
}

/// The file that will be changed: the first existing one of them, else the last.
///
/// # Errors
/// As [`paths`].
pub fn path() -> Result<PathBuf, ClusterError> {
    let paths = paths()?;
    let existing = paths.iter().find(|path| path.exists()).or(paths.last()).cloned();
    existing.ok_or_else(|| problem(Path::new("KUBECONFIG"), "names no file"))
}

/// A kubeconfig with this platform alone, for our own client and for `--kubeconfig`-style use.
///
/// # Errors
/// The node's kubeconfig is not as kubeadm writes it.
pub fn standalone(entry: &Entry) -> Result<String, ClusterError> {
    edit::add("", entry, false).map_err(|why| malformed(Path::new("the node's admin.conf"), &why))
}

/// Adds the platform's context, or replaces it, and makes it current.
///
/// # Errors
/// [`ClusterError::Kubeconfig`] if the file is malformed, locked or not writable; then it is as it was.
pub fn add(path: &Path, entry: &Entry) -> Result<(), ClusterError> {
    file::change(path, |content| {
        let text = edit::add(&content.text, entry, !content.exists).map_err(|why| malformed(path, &why))?;
        Ok(Change::Write(text))
    })
}

/// Whether the file has this platform's context, leading to its server with the certificate that is good there now.
pub fn has(path: &Path, entry: &Entry) -> bool {
    let Ok(content) = file::read(path) else { return false };
    let Ok(config) = value::parse(&content.text) else { return false };
    let named = |list| value::items(&config, list).find(|item| value::is_named(item, &entry.context));
    // Somebody may sign in in another way.
    let is_good = |user: &Value| match user["user"][CERTIFICATE].as_str() {
        Some(certificate) => entry.admin.contains(certificate),
        None => true,
    };
    named("contexts").is_some()
        && named("clusters").is_some_and(|cluster| cluster["cluster"]["server"] == *entry.server)
        && named("users").is_none_or(is_good)
}

/// Puts renewed credentials in the place of the old ones, in all files that kubectl reads; nothing else is touched. `before` and
/// `now` are the administrator's kubeconfig as the node had and has it. Whether any file had the old ones.
///
/// # Errors
/// As [`add`], for the first of them; the others are done all the same.
pub fn renew_everywhere(before: &str, now: &str) -> Result<bool, ClusterError> {
    renew_in(&paths()?, before, now)
}

fn renew_in(paths: &[PathBuf], before: &str, now: &str) -> Result<bool, ClusterError> {
    let pairs = credentials(before).into_iter().zip(credentials(now));
    let pairs: Vec<_> = pairs.filter(|(old, new)| old != new && !old.is_empty()).collect();
    let has_old = |text: &str| pairs.iter().any(|(old, _)| text.contains(old.as_str()));
    in_all(paths, |path| {
        if !has_old(&file::read(path)?.text) {
            return Ok(false);
        }
        let mut renewed = false;
        file::change(path, |content| {
            renewed = has_old(&content.text);
            Ok(Change::Write(pairs.iter().fold(content.text.clone(), |text, (old, new)| text.replace(old, new))))
        })?;
        Ok(renewed)
    })
}

/// Certificate and key of a kubeconfig's first user, as it has them; empty where there is none.
pub(crate) fn credentials(kubeconfig: &str) -> [String; 2] {
    let config = value::parse(kubeconfig).unwrap_or_default();
    let user = value::items(&config, "users").next().cloned().unwrap_or_default();
    [CERTIFICATE, KEY].map(|field| user["user"][field].as_str().unwrap_or_default().to_string())
}

/// Checks that the file can be read, changed and written, before anything is made that would need it.
///
/// # Errors
/// [`ClusterError::Kubeconfig`] naming the problem.
pub fn check(path: &Path) -> Result<(), ClusterError> {
    let real = file::resolve(path)?;
    let content = file::read(&real)?;
    let sample = Entry {
        context: "kind-backstack-check".into(),
        server: "https://127.0.0.1:6443".into(),
        admin: "clusters: [{cluster: {}}]\nusers: [{user: {}}]\n".into(),
    };
    edit::add(&content.text, &sample, false).map_err(|why| malformed(path, &why))?;
    if let Ok(about) = fs::metadata(&real) {
        input::only_a_file(&about).map_err(|error| problem(path, &format!("cannot be written: {error}")))?;
        if about.permissions().readonly() {
            return Err(problem(path, "is not writable"));
        }
    }
    // The file is replaced, so it is its folder that has to be writable, or the one in which that will be made.
    let folder = real.ancestors().skip(1).find(|folder| folder.as_os_str().is_empty() || folder.exists());
    let folder = folder.filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    writable(folder).map_err(|error| problem(path, &format!("is not writable: folder {}: {error}", folder.display())))
}

/// Makes a file and takes it away: rights alone do not tell of folders that cannot be changed.
fn writable(folder: &Path) -> io::Result<()> {
    tempfile::NamedTempFile::new_in(folder).map(drop)
}

/// Removes the platform's context from all files that kubectl reads; those that do not have it are not touched.
///
/// # Errors
/// As [`add`], for the first of them; the others are done all the same.
pub fn remove_everywhere(context: &str) -> Result<bool, ClusterError> {
    remove_from(&paths()?, context)
}

fn remove_from(paths: &[PathBuf], context: &str) -> Result<bool, ClusterError> {
    in_all(paths, |path| remove(path, context))
}

/// Does it to all files, and fails with the first error only then. Whether any was changed.
fn in_all(paths: &[PathBuf], change: impl Fn(&Path) -> Result<bool, ClusterError>) -> Result<bool, ClusterError> {
    let (mut changed, mut failed) = (false, None);
    for path in paths {
        match change(path) {
            Ok(done) => changed |= done,
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    failed.map_or(Ok(changed), Err)
}

/// Removes the platform's context; a file that does not have it is not touched.
///
/// # Errors
/// As [`add`].
pub fn remove(path: &Path, context: &str) -> Result<bool, ClusterError> {
    // What does not even name it is nothing to be locked, or judged.
    if !file::read(path)?.text.contains(context) {
        return Ok(false);
    }
    let mut removed = false;
    file::change(path, |content| {
        let left = edit::remove(&content.text, context).map_err(|why| malformed(path, &why))?;
        removed = left.is_some();
        Ok(match left {
            None => Change::Keep,
            Some(left) if left.empty => Change::Delete,
            Some(left) => Change::Write(left.text),
        })
    })?;
    Ok(removed)
}

fn malformed(path: &Path, why: &str) -> ClusterError {
    let well_formed = why == value::UNCLEAR || why.ends_with(edit::SOURCE);
    let what = if well_formed { "cannot be changed" } else { "is malformed" };
    problem(path, &format!("{what}: {why}"))
}

fn problem(path: &Path, problem: &str) -> ClusterError {
    ClusterError::Kubeconfig { path: path.display().to_string(), problem: problem.into() }
}
