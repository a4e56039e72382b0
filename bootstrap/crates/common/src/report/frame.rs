//! The text of the live view: one line per subject, cut to the width of the window. Pure.

use anstyle::{AnsiColor, Style};
use console::{measure_text_width, truncate_str};

use super::state::{Stage, State, Subject, headline, one_line, outcome_word, phase_word};
use super::units;
use super::{Event, Outcome};

/// Lines are not made wider than this: what belongs together stays together.
const MAX_COLUMNS: usize = 100;
/// Names get a column at most this wide.
const MAX_NAME: usize = 22;
const PHASE_COLUMNS: usize = 9;
const BAR_COLUMNS: usize = 24;

/// The window's size in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Lines that fit into the window.
    pub rows: usize,
    /// Characters that fit into a line.
    pub columns: usize,
}

/// What the terminal can show. Colour only adds: nothing is told by it alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Whether escape codes for colours are written.
    pub color: bool,
    /// Whether the locale's character set is UTF-8; otherwise signs and bars are ASCII.
    pub unicode: bool,
}

impl Look {
    /// From environment variables: `NO_COLOR`, `TERM`, and the locale for the character set.
    pub fn from_env(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set).unwrap_or_default();
        let locale = locale.to_ascii_lowercase();
        Self {
            color: set("NO_COLOR").is_none() && set("TERM").is_none_or(|term| term != "dumb"),
            unicode: locale.contains("utf-8") || locale.contains("utf8"),
        }
    }

    fn paint(&self, text: &str, style: Style) -> String {
        if self.color && !text.is_empty() { format!("{style}{text}{style:#}") } else { text.into() }
    }

    fn spinner(&self, ticks: usize) -> &'static str {
        let frames: &[&str] = match self.unicode {
            true => &["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"],
            false => &["|", "/", "-", "\\"],
        };
        frames[ticks % frames.len()]
    }

    /// Without the characters that an old terminal cannot show.
    fn plain(&self, text: String) -> String {
        if self.unicode {
            return text;
        }
        let spelled = text.replace('·', "-").replace('…', "...").replace('→', "->");
        spelled.chars().map(|char| if char.is_ascii() { char } else { '?' }).collect()
    }

    fn ellipsis(&self) -> &'static str {
        if self.unicode { "…" } else { "~" }
    }
}

fn dim() -> Style {
    Style::new().dimmed()
}

fn color(color: AnsiColor) -> Style {
    Style::new().fg_color(Some(color.into()))
}

/// The line that stays for good after an event, if it leaves one.
pub fn lasting(event: &Event, state: &State, size: Size, look: &Look) -> Option<String> {
    let width = size.columns.min(MAX_COLUMNS);
    let cut = |text: String| truncate_str(&look.plain(text), size.columns.max(1), look.ellipsis()).into_owned();
    match event {
        Event::Planned(planned) => Some(cut(format!("  {}", headline(planned)))),
        // Warnings and notes are read in full: the terminal wraps them.
        Event::Note { message } => Some(look.plain(format!("  {}", one_line(message)))),
        Event::Warning { subject, message } => {
            let about =
                subject.as_ref().filter(|name| !name.is_empty()).map(|name| format!("{name}: ")).unwrap_or_default();
            let text = look.plain(one_line(&format!("{about}{message}")));
            Some(format!("  {} {text}", look.paint("!", color(AnsiColor::Yellow))))
        }
        Event::Finished { subject, .. } => {
            let subject = state.find(subject)?;
            let Stage::Done { outcome, seconds } = subject.stage else { return None };
            let mark = outcome_mark(outcome, look);
            Some(done_line(subject, outcome, seconds, &mark, name_width(state), width, look))
        }
        _ => None,
    }
}

fn outcome_mark(outcome: Outcome, look: &Look) -> String {
    let (unicode, ascii, style) = match outcome {
        Outcome::Created | Outcome::Changed | Outcome::Removed => ("✔", "+", color(AnsiColor::Green)),
        Outcome::Unchanged => ("✔", "+", dim()),
        Outcome::Failed => ("✘", "x", color(AnsiColor::Red)),
        Outcome::Skipped => ("·", "-", color(AnsiColor::Yellow)),
    };
    look.paint(if look.unicode { unicode } else { ascii }, style)
}

fn done_line(
    subject: &Subject,
    outcome: Outcome,
    seconds: f64,
    mark: &str,
    names: usize,
    width: usize,
    look: &Look,
) -> String {
    let says_enough = outcome == Outcome::Created && !subject.detail.is_empty();
    let text = match (says_enough, subject.detail.is_empty()) {
        (true, _) => subject.detail.clone(),
        (false, true) => outcome_word(outcome).into(),
        (false, false) => format!("{}: {}", outcome_word(outcome), subject.detail),
    };
    // Why something failed is read in full.
    let width = if outcome == Outcome::Failed { usize::MAX } else { width };
    line(mark, &subject.name, names, "", &text, &units::duration(seconds), width, look)
}

/// The part that moves: who works, who waits, and the bytes in all.
pub fn live(state: &State, now: f64, ticks: usize, size: Size, look: &Look) -> Vec<String> {
    let width = size.columns.min(MAX_COLUMNS);
    let names = name_width(state);
    let is_working = |subject: &&Subject| matches!(subject.stage, Stage::Working(_));
    let is_queued = |subject: &&Subject| subject.stage == Stage::Queued;
    let mut lines: Vec<String> = state
        .subjects
        .iter()
        .filter(is_working)
        .map(|subject| working_line(subject, now, ticks, names, width, look))
        .collect();
    lines.extend(state.subjects.iter().filter(is_queued).map(|subject| {
        let mark = if look.unicode { "·" } else { "-" };
        look.paint(
            &line(mark, &subject.name, names, "next", &subject.detail, "", width, &Look { color: false, ..*look }),
            dim(),
        )
    }));
    // The painted part must fit the window, or it could not be painted over.
    let room = size.rows.saturating_sub(4).max(1);
    if lines.len() > room {
        let more = lines.len() - room + 1;
        lines.truncate(room - 1);
        lines.push(look.paint(&look.plain(format!("  … and {more} more")), dim()));
    }
    if let Some(bar) = totals_line(state, now, width, look) {
        lines.push(String::new());
        lines.push(bar);
    }
    lines
}

fn working_line(subject: &Subject, now: f64, ticks: usize, names: usize, width: usize, look: &Look) -> String {
    let Stage::Working(phase) = subject.stage else { return String::new() };
    let mark = look.paint(look.spinner(ticks), color(AnsiColor::Cyan));
    let time = units::elapsed(now - subject.since.unwrap_or(now));
    line(&mark, &subject.name, names, phase_word(phase), &subject.activity(now), &time, width, look)
}

/// `  ✔ name  phase  text ........ time`, cut to the width; the text gives way first.
#[expect(clippy::too_many_arguments, reason = "the columns of one line, all of them short")]
fn line(
    mark: &str,
    name: &str,
    names: usize,
    phase: &str,
    text: &str,
    time: &str,
    width: usize,
    look: &Look,
) -> String {
    let name = truncate_str(name, names, look.ellipsis()).into_owned();
    let mut head = format!("  {mark} {name}{}", " ".repeat(names - measure_text_width(&name)));
    if !phase.is_empty() {
        head.push_str(&format!("  {phase:<PHASE_COLUMNS$}"));
    }
    let text = look.plain(text.into());
    let taken = measure_text_width(&head) + 2 + if time.is_empty() { 0 } else { measure_text_width(time) + 2 };
    let room = width.saturating_sub(taken);
    let text = if room < 4 { String::new() } else { truncate_str(&text, room, look.ellipsis()).into_owned() };
    let gap = if width == usize::MAX { 0 } else { room.saturating_sub(measure_text_width(&text)) };
    let line = match time.is_empty() {
        true => format!("{head}  {text}"),
        false => format!("{head}  {text}{}  {}", " ".repeat(gap), look.paint(time, dim())),
    };
    truncate_str(line.trim_end(), width, look.ellipsis()).into_owned()
}

fn totals_line(state: &State, now: f64, width: usize, look: &Look) -> Option<String> {
    let (done, total) = state.totals().filter(|(done, total)| *done > 0 && done < total)?;
    let filled = (BAR_COLUMNS as u64 * done / total) as usize;
    let (full, empty) = if look.unicode { ("█", "░") } else { ("#", ".") };
    let bar = format!("{}{}", full.repeat(filled), empty.repeat(BAR_COLUMNS - filled));
    let rate = state.rate(now);
    let rate = if rate >= 1.0 { format!("  {}", units::rate(rate)) } else { String::new() };
    let line = format!("  {}  {bar}{rate}", units::bytes_of(done, total));
    Some(truncate_str(&line, width, look.ellipsis()).into_owned())
}

fn name_width(state: &State) -> usize {
    state.subjects.iter().map(|subject| measure_text_width(&subject.name)).max().unwrap_or(0).clamp(8, MAX_NAME)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Phase;
    use crate::report::state::tests::{bytes, detail, finished, phase, planned};

    const PLAIN: Look = Look { color: false, unicode: true };
    const WIDE: Size = Size { rows: 30, columns: 80 };

    fn busy() -> State {
        let mut state = State::default();
        let queued = |name: &str, detail: &str| Event::Queued { subject: name.into(), detail: detail.into() };
        for (now, event) in [
            (0.0, planned(&["cluster", "argocd", "backstage", "crossplane"])),
            (0.0, queued("crossplane", "needs cert-manager")),
            (0.0, finished("cluster", Outcome::Created, "Kubernetes 1.36, 1 node", 16.0)),
            (2.0, phase("argocd", Phase::Starting)),
            (2.0, phase("backstage", Phase::Images)),
            (30.0, detail("argocd", "2 of 4 pods ready")),
            (36.0, bytes("backstage", "x", 230_000_000, 402_000_000)),
            (38.0, bytes("backstage", "x", 312_000_000, 402_000_000)),
        ] {
            state.apply(&event, now);
        }
        state
    }

    #[test]
    fn the_live_part_shows_who_works_and_who_waits() {
        assert_eq!(
            live(&busy(), 40.0, 4, WIDE, &PLAIN),
            [
                "  ⠼ argocd      starting   2 of 4 pods ready                                38 s",
                "  ⠼ backstage   image      312 of 402 MB · 20 MB/s                          38 s",
                "  · crossplane  next       needs cert-manager",
                "",
                "  0.31 of 1.00 GB  ███████░░░░░░░░░░░░░░░░░  20 MB/s",
            ]
        );
    }

    #[test]
    fn no_line_is_wider_than_the_window() {
        let mut state = busy();
        state.apply(
            &detail("argocd", "a very long detail with ünïcödé and 日本語 in it, which goes on and on and on"),
            39.0,
        );
        for look in [PLAIN, Look { color: true, unicode: true }, Look { color: false, unicode: false }] {
            for columns in 1..120 {
                for text in live(&state, 40.0, 0, Size { rows: 30, columns }, &look) {
                    assert!(measure_text_width(&text) <= columns, "{columns}: {text:?}");
                }
            }
        }
    }

    #[test]
    fn the_live_part_fits_the_window() {
        let names: Vec<String> = (0..40).map(|index| format!("c{index}")).collect();
        let mut state = State::default();
        state.apply(&planned(&names.iter().map(String::as_str).collect::<Vec<_>>()), 0.0);
        state.apply(&phase("c39", Phase::Starting), 0.0);
        let lines = live(&state, 1.0, 0, Size { rows: 12, columns: 80 }, &PLAIN);
        assert_eq!(lines.len(), 8);
        assert!(lines[0].contains("c39"), "who works comes first: {lines:?}");
        assert_eq!(lines[7], "  … and 33 more");
    }

    #[test]
    fn finished_lines_say_how_it_ended() {
        let mut state = busy();
        let mut ended = |event: Event| {
            state.apply(&event, 50.0);
            lasting(&event, &state, WIDE, &PLAIN).expect("a line")
        };
        assert_eq!(
            ended(finished("argocd", Outcome::Created, "3.5", 21.2)),
            "  ✔ argocd      3.5                                                         21 s"
        );
        assert_eq!(
            ended(finished("argocd", Outcome::Unchanged, "", 0.4)),
            "  ✔ argocd      unchanged                                                  0.4 s"
        );
        let long = "a reason that has to be read in full, however narrow the window may be at that moment";
        assert_eq!(
            ended(finished("argocd", Outcome::Failed, long, 300.0)),
            format!("  ✘ argocd      failed: {long}  5 min 0 s")
        );
        assert_eq!(ended(Event::Warning { subject: Some("a".into()), message: "m".into() }), "  ! a: m");
    }

    #[test]
    fn without_unicode_everything_is_ascii() {
        let look = Look { color: false, unicode: false };
        let mut state = busy();
        for text in live(&state, 40.0, 3, WIDE, &look) {
            assert!(text.is_ascii(), "{text}");
        }
        for event in [planned(&["a"]), finished("argocd", Outcome::Failed, "schön", 1.0)] {
            state.apply(&event, 41.0);
            let text = lasting(&event, &state, WIDE, &look).expect("a line");
            assert!(text.is_ascii(), "{text}");
        }
    }

    #[test]
    fn colour_only_adds() {
        let colored = Look { color: true, unicode: true };
        let strip = |text: &String| console::strip_ansi_codes(text).into_owned();
        let with: Vec<_> = live(&busy(), 40.0, 4, WIDE, &colored);
        assert!(with.iter().any(|line| line.contains('\x1b')));
        assert_eq!(with.iter().map(strip).collect::<Vec<_>>(), live(&busy(), 40.0, 4, WIDE, &PLAIN));
    }

    #[test]
    fn the_environment_decides_the_look() {
        let look = |pairs: &[(&str, &str)]| {
            Look::from_env(|name| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_string()))
        };
        assert_eq!(look(&[("LANG", "en_US.UTF-8")]), Look { color: true, unicode: true });
        assert_eq!(look(&[("LANG", "en_US.UTF-8"), ("LC_ALL", "C")]), Look { color: true, unicode: false });
        assert_eq!(look(&[("LANG", "C.utf8"), ("NO_COLOR", "1")]), Look { color: false, unicode: true });
        assert_eq!(look(&[("NO_COLOR", ""), ("TERM", "dumb")]), Look { color: false, unicode: false });
    }
}
