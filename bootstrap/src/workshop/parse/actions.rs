//! What a reader does in a step: commands, lists of clicks and pictures, in the order of the text.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag};

use super::{Action, Deed, Faults, click, line_of};

/// What was found in the text of a step.
#[derive(Default)]
pub(super) struct Read {
    pub why: String,
    pub if_not: Vec<String>,
    pub actions: Vec<Action>,
}

const IF_NOT: &str = "**If not:**";

/// Reads the text of a step.
pub(super) fn of(source: &str, place: Range<usize>, faults: &mut Faults<'_>) -> Read {
    let mut reader = Reader { source, base: place.start, read: Read::default(), after_command: false, faults };
    let text = &source[place];
    // What stands within another block is read with that block.
    let mut depth = 0_usize;
    for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
        match event {
            Event::Start(tag) => {
                if depth == 0 {
                    reader.block(&tag, range);
                }
                depth += 1;
            }
            Event::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    reader.read
}

struct Reader<'a, 'b> {
    source: &'a str,
    /// Where the step's text begins in the page.
    base: usize,
    read: Read,
    /// Whether the block before this one was a command.
    after_command: bool,
    faults: &'a mut Faults<'b>,
}

impl Reader<'_, '_> {
    fn block(&mut self, tag: &Tag<'_>, range: Range<usize>) {
        let text = &self.source[self.base + range.start..self.base + range.end];
        let line = line_of(self.source, self.base + range.start);
        let was_command = std::mem::take(&mut self.after_command);
        match tag {
            Tag::CodeBlock(CodeBlockKind::Fenced(language)) => self.code(language, text, line, was_command),
            Tag::List(Some(_)) => self.clicks(text, line),
            Tag::Paragraph => self.paragraph(text, line),
            _ => {}
        }
    }

    fn code(&mut self, language: &str, text: &str, line: usize, was_command: bool) {
        let inner = inside(text);
        match language {
            "bash" if inner.trim().is_empty() => self.faults.at(line, "this command is empty"),
            "bash" => {
                self.act(line, Deed::Command { script: inner, expect: None });
                self.after_command = true;
            }
            "text" if was_command => {
                if let Some(Action { deed: Deed::Command { expect, .. }, .. }) = self.read.actions.last_mut() {
                    *expect = Some(inner);
                }
            }
            _ => {}
        }
    }

    fn paragraph(&mut self, text: &str, line: usize) {
        if let Some(rest) = text.trim().strip_prefix(IF_NOT) {
            self.read.if_not.push(joined(rest.lines()));
            return;
        }
        let (pictures, words): (Vec<_>, Vec<_>) =
            (line..).zip(text.lines()).partition(|(_, line)| click::picture(line).is_some());
        for (line, picture) in pictures {
            self.read.actions.extend(click::picture(picture).map(|deed| Action { line, deed }));
        }
        if self.read.why.is_empty() {
            let why = joined(words.into_iter().map(|(_, line)| line));
            let plain = why.strip_prefix("**Why:**").or(why.strip_prefix("Why:")).unwrap_or(&why);
            self.read.why = plain.trim().into();
        }
    }

    /// The items of a numbered list: each begins in a line of its own, and goes on in lines that do not begin one.
    fn clicks(&mut self, text: &str, first: usize) {
        let mut item: Option<(usize, Vec<&str>)> = None;
        for (number, line) in (first..).zip(text.lines()) {
            let begun = after_number(line);
            if let Some(picture) = click::picture(begun.unwrap_or(line)) {
                self.item(item.take());
                self.act(number, picture);
            } else if let Some(begun) = begun {
                self.item(item.replace((number, vec![begun])));
            } else if let Some((_, lines)) = &mut item {
                lines.push(line);
            } else if !line.trim().is_empty() {
                item = Some((number, vec![line]));
            }
        }
        self.item(item);
    }

    fn item(&mut self, item: Option<(usize, Vec<&str>)>) {
        let Some((line, lines)) = item else { return };
        let text = joined(lines.into_iter());
        if text.is_empty() {
            return;
        }
        match click::of(&text) {
            Ok(deed) => self.act(line, deed),
            Err(why) => self.faults.at(line, why),
        }
    }

    fn act(&mut self, line: usize, deed: Deed) {
        self.read.actions.push(Action { line, deed });
    }
}

/// What stands behind the number of a list's item.
fn after_number(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let (number, rest) = line.split_once(['.', ')'])?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && rest.starts_with(' ')).then(|| rest.trim_start())
}

/// Lines as one, with one space wherever there was any.
fn joined<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

/// What stands between the fences.
fn inside(block: &str) -> String {
    let lines: Vec<_> = block.lines().collect();
    let end = if lines.last().is_some_and(|line| line.trim_start().starts_with("```")) {
        lines.len() - 1
    } else {
        lines.len()
    };
    lines.get(1..end).unwrap_or_default().join("\n")
}
