//! The trust stores of Firefox and of Chromium on Linux: NSS databases, a folder for each profile, changed by `certutil`.
//!
//! Databases that are not there are not made: the browser makes its own when it first runs.

use std::path::{Path, PathBuf};

use super::error::TrustError;
use super::system::run;
use super::{Done, Store};

const TOOL: &str = "certutil";
/// A database.
const DATABASE: &str = "cert9.db";
/// Below the home folder: databases, and folders with a database for each profile.
const PLACES: [&str; 8] = [
    ".pki/nssdb",
    "snap/chromium/current/.pki/nssdb",
    ".mozilla/firefox",
    ".config/mozilla/firefox",
    "snap/firefox/common/.mozilla/firefox",
    ".var/app/org.mozilla.firefox/.mozilla/firefox",
    ".var/app/org.mozilla.firefox/config/mozilla/firefox",
    ".var/app/org.chromium.Chromium/.pki/nssdb",
];

/// Adds a certificate (PEM) under this name to every database, as an authority for websites.
pub(super) async fn add(entry: &str, certificate: &str) -> Result<Done, TrustError> {
    let mut done = Done::default();
    for folder in with_tool(&mut done).await {
        let database = format!("sql:{}", folder.display());
        let has = run(&[TOOL, "-L", "-d", &database, "-n", entry, "-a"], "").await;
        let changed = !has.as_ref().is_ok_and(|had| same(had, certificate));
        if changed {
            if has.is_ok() {
                run(&[TOOL, "-D", "-d", &database, "-n", entry], "").await?;
            }
            run(&[TOOL, "-A", "-d", &database, "-n", entry, "-t", "C,,", "-a"], certificate).await?;
        }
        done.stores.push(Store { kind: "browser", path: folder, changed });
    }
    Ok(done)
}

/// Takes what has this name out of every database.
pub(super) async fn remove(entry: &str) -> Result<Done, TrustError> {
    let mut done = Done::default();
    for folder in with_tool(&mut done).await {
        let database = format!("sql:{}", folder.display());
        let changed = run(&[TOOL, "-L", "-d", &database, "-n", entry], "").await.is_ok();
        if changed {
            run(&[TOOL, "-D", "-d", &database, "-n", entry], "").await?;
        }
        done.stores.push(Store { kind: "browser", path: folder, changed });
    }
    Ok(done)
}

/// All databases, if there is a tool to change them; where there is none, that is told.
async fn with_tool(done: &mut Done) -> Vec<PathBuf> {
    let found = home().map(|home| databases(&home)).unwrap_or_default();
    let has_tool = !matches!(run(&[TOOL, "-H"], "").await, Err(TrustError::Failed { source: Some(_), .. }));
    if found.is_empty() || has_tool {
        return found;
    }
    done.left.push(
        "Firefox and Chromium keep certificates of their own, and `certutil`, which changes them, is not installed: it is in \
         `libnss3-tools` or `nss-tools`; then run this again."
            .into(),
    );
    Vec::new()
}

fn home() -> Option<PathBuf> {
    std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute())
}

fn databases(home: &Path) -> Vec<PathBuf> {
    let has = |folder: &PathBuf| folder.join(DATABASE).is_file();
    let mut found = Vec::new();
    for place in PLACES {
        let folder = home.join(place);
        let profiles = std::fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut all: Vec<_> = profiles.chain([folder]).filter(has).collect();
        all.sort();
        found.extend(all);
    }
    found
}

/// The same certificate, however its lines end.
fn same(one: &str, other: &str) -> bool {
    let body = |text: &str| text.split_whitespace().collect::<String>();
    body(one) == body(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_is_found_and_nothing_else() {
        let home = tempfile::tempdir().expect("folder");
        let put = |path: &str| {
            let path = home.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("folder");
            std::fs::write(path, "").expect("write");
        };
        for path in [
            ".pki/nssdb/cert9.db",
            ".mozilla/firefox/a.default/cert9.db",
            ".mozilla/firefox/b.work/cert9.db",
            ".mozilla/firefox/old/cert8.db",
            "other/cert9.db",
        ] {
            put(path);
        }
        let found = databases(home.path());
        let names: Vec<_> =
            found.iter().map(|it| it.strip_prefix(home.path()).expect("below").display().to_string()).collect();
        assert_eq!(names, [".pki/nssdb", ".mozilla/firefox/a.default", ".mozilla/firefox/b.work"]);
    }

    #[test]
    fn a_certificate_is_the_same_with_other_line_ends() {
        assert!(same("-----BEGIN\r\nab\r\n", "-----BEGIN\nab\n") && !same("ab", "ac"));
    }
}
