//! A page of the course as a track. Pure; everything that is wrong is told at once, by line.
//!
//! ```text
//! comment   the YAML in the comments of tracks and steps
//! actions   what a reader does in a step: commands, lists of clicks, pictures
//! click     one item of such a list, in its small language
//! ```

use backstack_mcp::docs::{Page, Section};

use super::Check;
use super::error::Fault;
use super::track::{Action, Deed, Solution, Step, Track};

mod actions;
mod click;
mod comment;

use comment::Comment;

/// Collects what is wrong in a page.
struct Faults<'a> {
    page: &'a Page,
    all: Vec<Fault>,
}

impl Faults<'_> {
    fn at(&mut self, line: usize, what: impl Into<String>) {
        self.all.push(Fault { page: self.page.path.clone(), line, what: what.into() });
    }
}

/// The track that a page is; none for a page that is only read.
///
/// # Errors
/// Everything that is wrong in it.
pub fn track(page: &Page) -> Result<Option<Track>, Vec<Fault>> {
    let mut faults = Faults { page, all: Vec::new() };
    let track = read(page, &mut faults);
    match faults.all.is_empty() {
        true => Ok(track),
        false => Err(faults.all),
    }
}

fn read(page: &Page, faults: &mut Faults<'_>) -> Option<Track> {
    let sections = &page.sections;
    for section in sections.iter().filter(|section| section.level != 2) {
        if let Some(comment) = comment::of(page, section.own.clone(), "step") {
            faults.at(comment.line, "a step is a section of its own: its heading begins with `##`");
        }
    }
    let steps = sections.iter().filter(|section| section.level == 2).filter_map(|section| {
        let comment = comment::of(page, section.own.clone(), "step")?;
        Some((section, comment))
    });
    let steps: Vec<_> = steps.collect();
    let about = sections.iter().find(|section| section.level == 1);
    let Some(about) = about.and_then(|section| comment::of(page, section.own.clone(), "track")) else {
        if let Some((_, comment)) = steps.first() {
            faults.at(comment.line, "a page with steps needs `<!-- track` with its name right below its title");
        }
        return None;
    };
    if steps.is_empty() {
        faults.at(about.line, "a track needs a step: a section with `<!-- step` right below its heading");
    }
    let about: comment::Track = about.read(faults)?;
    let steps: Vec<_> =
        steps.into_iter().filter_map(|(section, comment)| step(page, section, comment, faults)).collect();
    Some(Track {
        name: about.name,
        title: page.title.clone(),
        page: page.path.clone(),
        user: about.user,
        minutes: about.minutes,
        own: about.own,
        steps,
    })
}

fn step(page: &Page, section: &Section, comment: Comment, faults: &mut Faults<'_>) -> Option<Step> {
    let line = line_of(&page.source, section.own.start);
    if !comment.is_first {
        faults.at(comment.line, "the comment of a step stands right below its heading");
    }
    let begin = comment.end;
    let at = comment.line;
    let about = comment.step(faults)?;
    let read = actions::of(&page.source, begin..section.whole.end, faults);
    let step = Step {
        id: section.anchor.clone(),
        title: section.title.clone(),
        minutes: about.minutes,
        within: about.within,
        why: read.why,
        text: page.source[begin..section.whole.end].trim().to_string(),
        if_not: read.if_not,
        actions: read.actions,
        checks: about.checks,
        solve: about.solve,
        line,
    };
    for lack in lacks(&step) {
        faults.at(at, lack);
    }
    Some(step)
}

/// What a step has to have beside what its comment must say.
fn lacks(step: &Step) -> Vec<&'static str> {
    let answers = step.checks.iter().filter(|check| matches!(check, Check::Answer(_))).count();
    let is_answered = answers > 0 || step.solve.iter().any(|solution| matches!(solution, Solution::Answer(_)));
    let mut lacks = Vec::new();
    if step.why.is_empty() {
        lacks.push("a step begins with a paragraph that says what is done and why");
    }
    if answers > 1 {
        lacks.push("a step has at most one question: `check --answer` could not say which one it means");
    }
    if step.solve.is_empty() && step.commands().next().is_none() && !is_answered {
        lacks.push("a step without a command or a question needs `solve`, so that it can be done for somebody");
    }
    let commands = step.commands().count();
    if step.solve.iter().any(|solution| matches!(solution, Solution::Block(number) if !(1..=commands).contains(number)))
    {
        lacks.push("`block` is the number of a block of commands in the text, from 1");
    }
    lacks
}

/// The line, from 1, of a place in a text.
fn line_of(source: &str, at: usize) -> usize {
    1 + source[..at].matches('\n').count()
}

#[cfg(test)]
pub(super) mod tests;
