//! Every prerequisite, all at once, each failure with its fix.
//!
//! [`facts`] asks the machine; [`judge`] is pure and compares with what is needed. What takes more than a line has a
//! module of its own, with both halves:
//!
//! ```text
//! building    what is built from packages, and with what
//! cgroups     control groups and their controllers
//! storage     how the engine keeps images, and on what
//! clock       the engine's clock, this machine's, and what certificates say
//! names       whether the platform's names lead here
//! ways        ranges of addresses that a VPN has too
//! handed_on   proxies of the environment, the engine and the nodes
//! report      ... as a file, or sent to whoever prepares a room
//! collect     ... and what becomes of them there
//! ```

pub mod building;
pub mod cgroups;
pub mod clock;
pub mod collect;
pub mod facts;
pub mod handed_on;
mod judge;
pub mod names;
pub mod report;
mod requests;
pub mod storage;
pub mod ways;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::error::{ExitKind, Explain};
use crate::origin::{Nowhere, Told};
pub use judge::{Wants, cpu, has_failed, judge, memory};

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it has to be.
    Ok,
    /// It will do, with what [`Check::found`] says of it.
    Warning,
    /// `up` would fail, so it refuses to begin.
    Failed,
}

/// One prerequisite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at, as `disk`.
    pub name: &'static str,
    /// How it came out.
    pub verdict: Verdict,
    /// What was found, and what is needed.
    pub found: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    /// Whether `up` goes on nevertheless; told of what is not as it should be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub up_goes_on: Option<bool>,
}

impl Check {
    pub(crate) fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::Ok, found: found.into(), fix: None, up_goes_on: None }
    }

    pub(crate) fn warning(name: &'static str, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::Warning, found: found.into(), fix: Some(fix.into()), up_goes_on: Some(true) }
    }

    pub(crate) fn failed(name: &'static str, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::Failed, found: found.into(), fix: Some(fix.into()), up_goes_on: Some(false) }
    }

    /// One line for whoever runs `up` and is not stopped by it.
    pub fn line(&self) -> String {
        let fix = self.fix.as_ref().map(|fix| format!(" ({fix})")).unwrap_or_default();
        format!("{}: {}{fix}", self.name, self.found)
    }
}

/// Some prerequisites are not met.
#[derive(Debug, thiserror::Error)]
#[error("this machine is not ready: {}", failed(.0).map(|check| format!("{} ({})", check.name, check.found)).collect::<Vec<_>>().join("; "))]
pub struct Unmet(pub Vec<Check>);

fn failed(checks: &[Check]) -> impl Iterator<Item = &Check> {
    checks.iter().filter(|check| check.verdict == Verdict::Failed)
}

impl Explain for Unmet {
    fn kind(&self) -> ExitKind {
        ExitKind::Prerequisite
    }

    fn hints(&self) -> Vec<String> {
        let fixes = failed(&self.0).filter_map(|check| Some(format!("{}: {}", check.name, check.fix.as_ref()?)));
        let rest = "`backstack doctor` shows all checks; `up --skip-checks` tries nevertheless.";
        fixes.chain([rest.to_string()]).collect()
    }
}

/// Where images come from, and those that cannot be had.
pub fn images(told: &Told, nowhere: &[Nowhere]) -> Check {
    if nowhere.is_empty() {
        let lines = std::iter::once(&told.headline).chain(&told.taken_over);
        return Check::ok("images", lines.map(|line| line.trim_end_matches('.')).collect::<Vec<_>>().join("; "));
    }
    let images: Vec<_> = nowhere.iter().map(Nowhere::text).collect();
    let fix = "let the registry answer (HTTPS_PROXY, `docker login`), or leave the component out with `--without`";
    Check::failed("images", format!("no way leads to {}", images.join("; ")), fix)
}

/// The checks as a person reads them, and a last line that counts.
pub fn show(checks: &[Check]) -> String {
    let mut text = String::new();
    for check in checks {
        let mark = match check.verdict {
            Verdict::Ok => "✔",
            Verdict::Warning => "!",
            Verdict::Failed => "✘",
        };
        let fix = check.fix.as_ref().map(|fix| format!("\n{:18}→ {fix}", "")).unwrap_or_default();
        let up = match check.up_goes_on {
            Some(true) => ": `up` goes on",
            Some(false) => ": `up` stops here",
            None => "",
        };
        text.push_str(&format!("  {mark} {:<13} {}{up}{fix}\n", check.name, check.found));
    }
    let count = |verdict| checks.iter().filter(|check| check.verdict == verdict).count();
    let plural = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    match (count(Verdict::Failed), count(Verdict::Warning)) {
        (0, 0) => text.push_str("  All is well.\n"),
        (failed, warnings) => {
            let up = if failed == 0 { "" } else { " `up --skip-checks` tries nevertheless." };
            text.push_str(&format!("  {}, {}.{up}\n", plural(failed, "problem"), plural(warnings, "warning")));
        }
    }
    text
}

/// A warning that callers add: something that works, but not as it should.
pub fn warning(name: &'static str, found: impl Into<String>, fix: impl Into<String>) -> Check {
    Check::warning(name, found, fix)
}
