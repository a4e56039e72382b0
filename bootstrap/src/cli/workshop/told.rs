//! What a learner reads in a terminal.

use std::fmt::Write;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::kubernetes::credentials::Found;
use crate::report::units;
use crate::workshop::Track;
use crate::workshop::course::{Checked, Standing};

/// A line that is a picture, in a list or not.
static PICTURE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)^[ \t]*(?:\d+\.\s+)?!\[[^\]]*\]\([^)]*\)\n?").expect("a pattern"));
/// A link to a path of the platform.
static LINK: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\[([^\]]+)\]\((/[^)\s]*)\)").expect("a pattern"));

pub(super) fn list(tracks: &[Track]) -> String {
    let mut text = String::new();
    for track in tracks {
        let steps = units::count(track.steps.len(), "step");
        let _ = writeln!(text, "  {:<20} {:>3} min  {steps:<9} {}", track.name, track.minutes, track.title);
    }
    text.push_str("\n  backstack workshop start TRACK    begins one\n");
    text
}

pub(super) fn track(track: &Track) -> String {
    let mut text = format!("{}  {} min, as {}\n\n", track.title, track.minutes, track.user);
    for (number, step) in (1..).zip(&track.steps) {
        let _ = writeln!(text, "  {number:>2}. {:<60} {:>2} min", step.title, step.minutes);
    }
    let _ = writeln!(
        text,
        "\n  backstack workshop start {}    begins it\n  backstack docs read {}    the whole text",
        track.name, track.page
    );
    text
}

/// The step that somebody is at, with its text.
pub(super) fn step(standing: &Standing, url: &str) -> String {
    let step = standing.step();
    let (number, all) = (standing.number, standing.track.steps.len());
    let done = if standing.is_done() { ", done" } else { "" };
    let mut text = format!("{}: step {number} of {all}, about {} min{done}\n\n", standing.track.title, step.minutes);
    let _ = writeln!(text, "# {}\n\n{}\n", step.title, readable(&step.text, url));
    let next = match standing.is_done() {
        true => "next     goes on",
        false => "check    tells whether it is done; `solve` does it for you, `reset` begins it again",
    };
    let _ = writeln!(text, "  backstack workshop {next}");
    text
}

/// Markdown as it reads in a terminal: without pictures, and with addresses that can be opened.
fn readable(text: &str, url: &str) -> String {
    let text = PICTURE.replace_all(text, "");
    LINK.replace_all(&text, |found: &Captures<'_>| format!("{} ({url}{})", &found[1], &found[2])).trim_end().to_string()
}

/// What a check found.
pub(super) fn checked(checked: &Checked, standing: &Standing) -> String {
    let mut text = String::new();
    for said in &checked.said {
        let _ = writeln!(text, "  {} {}", if said.holds { "✔" } else { "✘" }, said.said);
    }
    let (number, step) = (standing.number, standing.step());
    let told = match (checked.passed, standing.next()) {
        (false, _) => format!("  Step {number}, \"{}\", is not done yet.", step.title),
        (true, Some(next)) => format!(
            "  Step {number}, \"{}\", is done. The next one: \"{}\", about {} min.\n  backstack workshop next    shows it",
            step.title, next.title, next.minutes
        ),
        (true, None) => format!(
            "  Step {number}, \"{}\", is done, and with it the track. Well done!\n  backstack workshop list    shows what else there is",
            step.title
        ),
    };
    let _ = writeln!(text, "\n{told}");
    text
}

pub(super) fn loses(standing: &Standing, created: &str) -> String {
    format!(
        "The platform goes back to the beginning of step {}, \"{}\", of {created}: whatever was made or changed in it since is lost, in \
         the cluster, in Git and in databases.",
        standing.number,
        standing.step().title
    )
}

/// The same for one of several learners.
pub(super) fn loses_own(standing: &Standing) -> String {
    format!(
        "Your own files in Git go back to the beginning of step {}, \"{}\", and what came of them in the cluster. Others are not \
         touched.",
        standing.number,
        standing.step().title
    )
}

/// With what a learner signs in.
pub(super) fn account(found: &Found) -> String {
    let password = found.password.as_deref().unwrap_or_default();
    format!("  You sign in as `{}` with the password {password}.\n\n", found.username)
}

pub(super) fn stopped(gone: &[String]) -> String {
    let checkpoints = match gone {
        [] => String::new(),
        gone => format!(", and the checkpoints {}", gone.join(", ")),
    };
    format!("  The course is over: its record is gone{checkpoints}. What you made in its steps stays.\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_reads_well_in_a_terminal() {
        let text = "Why.\n\n1. Open [Create](/create).\n2. ![A form](../pictures/a.jpg)\n3. Click **A**.\n   ![B](b.jpg)\n\nSee [that](other.md).\n";
        let told = "Why.\n\n1. Open Create (https://x:1/create).\n3. Click **A**.\n\nSee [that](other.md).";
        assert_eq!(readable(text, "https://x:1"), told);
    }

    #[test]
    fn what_stays_is_told() {
        assert!(stopped(&[]).contains("its record is gone. What you made"));
        assert!(stopped(&["workshop-developer-1".into()]).contains("and the checkpoints workshop-developer-1."));
    }
}
