//! A folder of reports: those that were sent here have one file a machine, and files that came by mail lie beside them.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use serde::Serialize;

use crate::doctor::Verdict;
use crate::doctor::report::{LARGEST, Report};
use crate::error::{ExitKind, Explain};
use crate::images::Digest;

/// Most files that are kept, and looked at.
const MOST: usize = 1000;

/// Reports cannot be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// The folder cannot be made, listed or written to.
    #[error("the folder of reports {} cannot be used", .path.display())]
    Folder {
        /// The folder, as it was named.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The folder has as many reports as are taken, and this one is of a machine that has none there.
    #[error("there are {MOST} reports already: no further machine's is taken")]
    Full {},
}

impl Explain for CollectError {
    fn kind(&self) -> ExitKind {
        match self {
            Self::Folder { .. } => ExitKind::Usage,
            Self::Full {} => ExitKind::Prerequisite,
        }
    }

    fn hints(&self) -> Vec<String> {
        vec![match self {
            Self::Folder { .. } => "Name a folder that you can read, and write to where reports are received.".into(),
            Self::Full {} => "Move the files of an earlier day to another folder.".into(),
        }]
    }
}

impl CollectError {
    /// What ran beside broke off.
    pub(super) fn internal(error: &tokio::task::JoinError) -> Self {
        Self::Folder { path: PathBuf::new(), source: std::io::Error::other(error.to_string()) }
    }
}

/// A machine and its latest report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The report, as the machine sent it.
    #[serde(flatten)]
    pub report: Report,
    /// Checks that failed: `up` would stop there.
    pub failed: usize,
    /// Checks that warn: `up` goes on in spite of them.
    pub warnings: usize,
    /// When it came here, by this machine's clock.
    #[serde(skip)]
    pub came: SystemTime,
}

/// All that a folder has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Collected {
    /// The worst first.
    pub machines: Vec<Row>,
    /// Files that are no report, with the reason.
    pub unread: Vec<String>,
}

impl Collected {
    /// How many machines fail, how many only warn, and how many are well.
    pub fn totals(&self) -> (usize, usize, usize) {
        let failed = self.machines.iter().filter(|row| row.failed > 0).count();
        let warned = self.machines.iter().filter(|row| row.failed == 0 && row.warnings > 0).count();
        (failed, warned, self.machines.len() - failed - warned)
    }
}

pub(super) struct Folder {
    path: PathBuf,
    /// Two reports at once must not both be the last one that there is room for.
    turn: Mutex<()>,
}

impl Folder {
    /// Makes it if it is not there.
    pub(super) fn open(path: PathBuf) -> Result<Self, CollectError> {
        std::fs::create_dir_all(&path).map_err(|source| CollectError::Folder { path: path.clone(), source })?;
        Self::there(path)
    }

    /// One that is there.
    pub(super) fn there(path: PathBuf) -> Result<Self, CollectError> {
        let folder = Self { path, turn: Mutex::new(()) };
        folder.files()?;
        Ok(folder)
    }

    /// Keeps a report in the place of the machine's earlier one.
    pub(super) fn keep(&self, report: &Report) -> Result<(), CollectError> {
        let file = self.path.join(file_name(&report.machine));
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        if !file.exists() && self.files()?.len() >= MOST {
            return Err(CollectError::Full {});
        }
        let text = serde_json::to_vec_pretty(report).expect("plain data is JSON");
        // Whoever reads sees the old one or the new one.
        let written = tempfile::NamedTempFile::new_in(&self.path).and_then(|mut new| {
            new.write_all(&text)?;
            new.persist(&file).map_err(|error| error.error).map(drop)
        });
        written.map_err(self.failed())
    }

    /// Every machine's latest report.
    pub(super) fn read(&self) -> Result<Collected, CollectError> {
        let mut machines: BTreeMap<String, Row> = BTreeMap::new();
        let mut unread = Vec::new();
        for file in self.files()?.iter().take(MOST) {
            match row(file) {
                Ok(row) => match machines.get(&row.report.machine) {
                    // One machine's clock is good enough to order what that machine says.
                    Some(had) if had.report.made >= row.report.made => {}
                    _ => drop(machines.insert(row.report.machine.clone(), row)),
                },
                Err(why) => {
                    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                    unread.push(format!("{name}: {why}"));
                }
            }
        }
        let mut machines: Vec<_> = machines.into_values().collect();
        // By name they are already, and sorting keeps that.
        machines.sort_by_key(|row| std::cmp::Reverse((row.failed, row.warnings)));
        Ok(Collected { machines, unread })
    }

    fn files(&self) -> Result<Vec<PathBuf>, CollectError> {
        let entries = std::fs::read_dir(&self.path).map_err(self.failed())?;
        let is_report = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "json");
        let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).filter(is_report).collect();
        files.sort();
        Ok(files)
    }

    fn failed(&self) -> impl Fn(std::io::Error) -> CollectError {
        let path = self.path.clone();
        move |source| CollectError::Folder { path: path.clone(), source }
    }
}

fn row(file: &Path) -> Result<Row, String> {
    let opened = std::fs::File::open(file).and_then(|open| Ok((open.metadata()?, open)));
    let (about, open) = opened.map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    open.take(LARGEST as u64 + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    let report = Report::read(&bytes)?;
    let (failed, warnings) = (report.count(Verdict::Failed), report.count(Verdict::Warning));
    Ok(Row { failed, warnings, came: about.modified().unwrap_or(SystemTime::UNIX_EPOCH), report })
}

/// Letters and digits of the name for people, and a digest, because others may have the same.
fn file_name(machine: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' };
    let name: String = machine.chars().take(40).map(plain).collect();
    format!("{}-{}.json", name.trim_matches('-'), Digest::of(machine.as_bytes()).short())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Check;

    fn report(machine: &str, failed: usize, made: &str) -> Report {
        let checks = vec![Check::failed("disk", "little", "make room"); failed];
        Report { made: made.into(), ..Report::of(machine.into(), &checks) }
    }

    #[test]
    fn each_machine_has_one_row_and_the_worst_is_first() {
        let place = tempfile::tempdir().expect("a folder");
        let folder = Folder::open(place.path().join("new")).expect("made");
        for (machine, failed) in [("good", 0), ("bad", 2), ("../worse", 3), ("bad", 1)] {
            folder.keep(&report(machine, failed, "2026-11-29T08:00:00Z")).expect("kept");
        }
        let collected = folder.read().expect("read");
        let rows: Vec<_> = collected.machines.iter().map(|row| (row.report.machine.as_str(), row.failed)).collect();
        assert_eq!(rows, [("../worse", 3), ("bad", 1), ("good", 0)]);
        assert_eq!(collected.totals(), (2, 0, 1));
        assert_eq!(std::fs::read_dir(place.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn files_that_came_by_mail_count_and_others_are_named() {
        let place = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &[u8]| std::fs::write(place.path().join(name), text).expect("a file");
        let json = |report: &Report| serde_json::to_vec(report).expect("JSON");
        write("a.json", &json(&report("same", 0, "2026-11-29T09:00:00Z")));
        write("b.json", &json(&report("same", 4, "2026-11-29T08:00:00Z")));
        write("c.json", b"{}");
        write("d.txt", b"no report");
        let collected = Folder::there(place.path().into()).and_then(|folder| folder.read()).expect("read");
        assert_eq!((collected.machines.len(), collected.machines[0].failed), (1, 0));
        assert!(collected.unread.len() == 1 && collected.unread[0].starts_with("c.json: it is no report"));
        assert!(Folder::there(place.path().join("missing")).is_err());
    }

    #[test]
    fn a_full_folder_takes_no_new_machine_and_replaces_a_known_one() {
        let place = tempfile::tempdir().expect("a folder");
        let folder = Folder::open(place.path().into()).expect("made");
        folder.keep(&report("known", 1, "")).expect("kept");
        for number in 1..MOST {
            std::fs::write(place.path().join(format!("{number}.json")), "{}").expect("a file");
        }
        assert!(matches!(folder.keep(&report("new", 0, "")), Err(CollectError::Full {})));
        folder.keep(&report("known", 0, "")).expect("replaced");
    }

    #[test]
    fn names_that_look_alike_have_files_of_their_own() {
        assert_ne!(file_name("Ada's"), file_name("ada-s"));
        assert!(file_name("../../etc/passwd").starts_with("etc-passwd-"), "{}", file_name("../../etc/passwd"));
        assert!(file_name("💻").ends_with(".json"));
    }
}
