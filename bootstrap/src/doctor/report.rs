//! A machine's checks for somebody else: in a file, or sent to the page of whoever prepares a room.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::Url;
use serde::{Deserialize, Serialize};

use super::{Check, Verdict};
use crate::error::{ExitKind, Explain, Failure, chain};
use crate::{folders, log, tls};

/// The form that this program writes. One that reads a higher number would not know what it means.
const FORMAT: u32 = 1;
/// Most bytes of a report.
pub const LARGEST: usize = 64 << 10;
/// Most letters of a machine's name.
const LONGEST_NAME: usize = 100;
const CONNECT: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(20);
/// So much of what a server says about a refusal is shown.
const SAID: usize = 300;

/// What a machine is like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Number of the form that the report is written in; 1 so far.
    pub format: u32,
    /// The machine's name for people; a later report of the same name takes the place of this one.
    pub machine: String,
    /// When, by the machine's own clock (RFC 3339).
    pub made: String,
    /// Version of this program.
    pub by: String,
    /// As `linux/x86_64`.
    pub system: String,
    /// Every check that was made, in the order of `doctor`.
    pub checks: Vec<Line>,
}

/// One check, as [`Check`] has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What was looked at, as `disk`.
    pub name: String,
    /// How it came out.
    pub verdict: Verdict,
    /// What was found and what is needed, with `~` for the user's home folder.
    pub found: String,
    /// What to do about it; `None` where nothing has to be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

/// Where a report goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// A file, which is written anew.
    File(PathBuf),
    /// A page of `doctor collect`, which takes reports by HTTP.
    Page(Url),
}

/// A report does not arrive.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// What was given is neither a file nor an HTTP address.
    #[error("`{address}` is no address for a report: {why}")]
    Address {
        /// What was given.
        address: String,
        /// What is wrong with it.
        why: String,
    },
    /// The machine has no name that a report could go by.
    #[error("`{name}` is no name for a machine: {why}")]
    Name {
        /// The name that was given, or the machine's own.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The file holds something else, which is left alone.
    #[error("{} is there and is no report, so it is not replaced", .path.display())]
    InTheWay {
        /// The file that was named.
        path: PathBuf,
    },
    /// The disk is full, or the folder is not there or not the user's.
    #[error("the report cannot be written to {}", .path.display())]
    Write {
        /// The file that was named.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The page does not answer.
    #[error("the report does not reach {address}: {why}")]
    Away {
        /// Address that the report was sent to.
        address: String,
        /// The innermost reason.
        why: String,
    },
    /// The page answers, and does not want the report.
    #[error("{address} does not take the report: it answered {status}")]
    Refused {
        /// Address that the report was sent to.
        address: String,
        /// Status of HTTP, as `413 Payload Too Large`.
        status: String,
        /// What the page says about it, cut to 300 characters; may be empty.
        said: String,
    },
}

impl Explain for ReportError {
    fn kind(&self) -> ExitKind {
        match self {
            Self::Address { .. } | Self::Name { .. } | Self::InTheWay { .. } => ExitKind::Usage,
            Self::Write { .. } | Self::Away { .. } | Self::Refused { .. } => ExitKind::Prerequisite,
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Refused { said, .. } if !said.is_empty() => vec![said.clone()],
            _ => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<String> {
        vec![match self {
            Self::Address { .. } => {
                "Give a file, or the address that `backstack doctor collect` shows, as http://192.168.1.5:8600.".into()
            }
            Self::Name { .. } => "Give the machine a name with `--as NAME`.".into(),
            Self::InTheWay { .. } => "Name another file.".into(),
            Self::Write { .. } => "Name a file in a folder that you may write to.".into(),
            Self::Away { .. } => {
                "See that the address is right, that the page runs there, and that both machines are in one network. \
                 `--report FILE` writes a file that can be sent by mail instead."
                    .into()
            }
            Self::Refused { .. } => {
                "Ask whoever gave you the address; `--report FILE` writes a file that can be sent by mail instead."
                    .into()
            }
        }]
    }
}

impl Destination {
    /// A page if it has a scheme, else a file.
    ///
    /// # Errors
    /// [`ReportError::Address`]
    pub fn of(text: &str) -> Result<Self, ReportError> {
        if !text.contains("://") {
            return Ok(Self::File(text.into()));
        }
        let wrong = |why: &str| ReportError::Address { address: text.into(), why: why.into() };
        let mut url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong("it begins with neither http:// nor https://"));
        }
        if url.path() == "/" {
            url.set_path("/reports");
        }
        Ok(Self::Page(url))
    }

    /// Brings the report there.
    ///
    /// # Errors
    /// [`ReportError`]
    pub async fn take(&self, report: &Report) -> Result<(), ReportError> {
        match self {
            Self::File(path) => write(path, report),
            Self::Page(url) => send(url, report).await,
        }
    }
}

impl std::fmt::Display for Destination {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Page(url) => url.fmt(f),
        }
    }
}

impl Report {
    /// Of this machine under that name. The user's home folder is shown as `~`.
    pub fn of(machine: String, checks: &[Check]) -> Self {
        let home = folders::home().map(|home| home.display().to_string()).filter(|home| home != "/");
        let plain = |text: &str| home.as_ref().map_or_else(|| text.to_string(), |home| text.replace(home, "~"));
        let line = |check: &Check| Line {
            name: check.name.into(),
            verdict: check.verdict,
            found: plain(&check.found),
            fix: check.fix.as_deref().map(plain),
        };
        Self {
            format: FORMAT,
            machine,
            made: crate::report::json::now().unwrap_or_default(),
            by: env!("CARGO_PKG_VERSION").into(),
            system: format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
            checks: checks.iter().map(line).collect(),
        }
    }

    /// A report that came from elsewhere.
    ///
    /// # Errors
    /// Why it is none.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() > LARGEST {
            return Err(format!("it has more than {} KiB", LARGEST >> 10));
        }
        let format =
            serde_json::from_slice::<Versioned>(bytes).map_err(|error| format!("it is no report: {error}"))?.format;
        if format > FORMAT {
            return Err(format!("it has form {format}, which a newer backstack reads"));
        }
        let report: Self = serde_json::from_slice(bytes).map_err(|error| format!("it is no report: {error}"))?;
        if let Some(why) = name_problem(&report.machine) {
            return Err(format!("its name of a machine: {why}"));
        }
        Ok(report)
    }

    /// How many checks came out so.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.checks.iter().filter(|line| line.verdict == verdict).count()
    }
}

/// All that a report of any form has.
#[derive(Deserialize)]
struct Versioned {
    format: u32,
}

fn name_problem(name: &str) -> Option<&'static str> {
    match name {
        name if name.trim().is_empty() => Some("it is empty"),
        name if name.chars().count() > LONGEST_NAME => Some("it has more than 100 letters"),
        name if name.chars().any(char::is_control) => Some("it has control characters"),
        _ => None,
    }
}

/// The name that a machine goes by: the one that was given, or its own.
///
/// # Errors
/// [`ReportError::Name`]
pub fn machine(given: Option<&str>) -> Result<String, ReportError> {
    let name = given.map_or_else(own_name, |given| given.trim().to_string());
    match name_problem(&name) {
        Some(why) => Err(ReportError::Name { name, why }),
        None => Ok(name),
    }
}

/// What the kernel says; elsewhere what the program of that name does, which each system has.
fn own_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").or_else(|_| {
        let output = std::process::Command::new("hostname").output()?;
        Ok::<_, std::io::Error>(String::from_utf8_lossy(&output.stdout).into_owned())
    });
    name.unwrap_or_default().trim().into()
}

/// What is told of a machine whose checks could not be made at all.
pub fn of_failure(failure: &Failure) -> Check {
    Check::failed("doctor", failure.messages.join(": "), failure.hints.join(" "))
}

fn write(path: &Path, report: &Report) -> Result<(), ReportError> {
    match backstack_files::input::file(path) {
        Ok(there) if Report::read(&there).is_err() => return Err(ReportError::InTheWay { path: path.into() }),
        _ => {}
    }
    let mut text = serde_json::to_string_pretty(report).expect("plain data is JSON");
    text.push('\n');
    std::fs::write(path, text).map_err(|source| ReportError::Write { path: path.into(), source })
}

async fn send(url: &Url, report: &Report) -> Result<(), ReportError> {
    let away = |why: String| ReportError::Away { address: url.to_string(), why };
    let builder = || {
        let builder = reqwest::Client::builder().connect_timeout(CONNECT).timeout(PATIENCE);
        // A room's own addresses are never behind a company's proxy.
        if is_near(url) { builder.no_proxy() } else { builder }
    };
    let client = tls::client_or_distrust(builder).map_err(|error| away(error.to_string()))?;
    let answer = log::send(client.post(url.clone()).json(report)).await;
    let answer = answer.map_err(|error| away(chain(&error).pop().unwrap_or_default()))?;
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    let said = answer.text().await.unwrap_or_default();
    let said = said.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(SAID).collect::<String>();
    Err(ReportError::Refused { address: url.to_string(), status: status.to_string(), said: said.trim().into() })
}

/// Whether the address is a private one, or this machine's own.
fn is_near(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    host == "localhost"
        || host.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_private() || address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(machine: &str) -> Report {
        let checks = [
            Check::ok("kubeconfig", format!("{}/.kube/config", folders::home().expect("a home").display())),
            Check::failed("memory", "2 GB", "give it more"),
        ];
        Report::of(machine.into(), &checks)
    }

    #[test]
    fn a_report_is_read_as_it_was_written_and_names_no_home_folder() {
        let report = report("laptop 7");
        let bytes = serde_json::to_vec(&report).expect("JSON");
        assert_eq!(Report::read(&bytes), Ok(report.clone()));
        assert_eq!(report.checks[0].found, "~/.kube/config");
        assert_eq!((report.count(Verdict::Failed), report.count(Verdict::Warning)), (1, 0));
    }

    #[test]
    fn what_is_no_report_is_refused_with_the_reason() {
        let mut newer = serde_json::to_value(report("x")).expect("JSON");
        newer["format"] = 2.into();
        let mut nameless = serde_json::to_value(report("x")).expect("JSON");
        nameless["machine"] = " ".into();
        let mut judged = serde_json::to_value(report("x")).expect("JSON");
        judged["checks"][0]["verdict"] = "fine".into();
        for (bytes, why) in [
            (b"{".to_vec(), "it is no report"),
            (b"[]".to_vec(), "it is no report"),
            (newer.to_string().into_bytes(), "a newer backstack"),
            (nameless.to_string().into_bytes(), "it is empty"),
            (judged.to_string().into_bytes(), "fine"),
            (vec![b' '; LARGEST + 1], "more than 64 KiB"),
        ] {
            let error = Report::read(&bytes).expect_err(why);
            assert!(error.contains(why), "{why}: {error}");
        }
    }

    #[test]
    fn a_destination_is_a_file_or_a_page() {
        let page = |text: &str| match Destination::of(text) {
            Ok(Destination::Page(url)) => url.to_string(),
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(page("http://10.0.0.7:8600"), "http://10.0.0.7:8600/reports");
        assert_eq!(page("https://box.example/room/a"), "https://box.example/room/a");
        assert_eq!(Destination::of("reports/me.json").expect("a file"), Destination::File("reports/me.json".into()));
        for wrong in ["ftp://x/y", "http://", "http://a b/"] {
            let error = Destination::of(wrong).expect_err(wrong);
            assert_eq!(error.kind(), ExitKind::Usage, "{error}");
        }
    }

    #[test]
    fn a_machine_has_a_name_of_its_own_or_the_one_it_is_given() {
        assert_eq!(machine(Some(" laptop 7 ")).expect("a name"), "laptop 7");
        assert!(!machine(None).expect("a name").is_empty());
        for wrong in ["", "a\nb", &"x".repeat(101)] {
            assert!(machine(Some(wrong)).is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_file_is_replaced_only_if_it_is_a_report() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = Destination::File(folder.path().join("me.json"));
        for machine in ["first", "second"] {
            file.take(&report(machine)).await.expect("written");
        }
        let read = Report::read(&std::fs::read(folder.path().join("me.json")).expect("a file"));
        assert_eq!(read.expect("a report").machine, "second");
        std::fs::write(folder.path().join("me.json"), "my thesis").expect("a file");
        let error = file.take(&report("third")).await.expect_err("in the way");
        assert!(error.to_string().contains("is no report"), "{error}");
        let nowhere = Destination::File(folder.path().join("no/such/folder"));
        assert!(matches!(nowhere.take(&report("x")).await, Err(ReportError::Write { .. })));
    }
}
