//! A client's file as text: what may be read at all, how its lines end, and edits of parts of it.

use std::ops::Range;

/// What some editors write before the text.
pub(super) const MARK: char = '\u{feff}';

/// The text of a file.
///
/// # Errors
/// It is in another encoding than UTF-8.
pub(super) fn decode(bytes: Vec<u8>) -> Result<String, String> {
    if backstack_files::text::is_utf_32(&bytes) {
        return Err("it is UTF-32; save it as UTF-8 and try again".into());
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err("it is UTF-16; save it as UTF-8 and try again".into());
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        format!("line {}: it is not UTF-8; save it as UTF-8 and try again", line(error.as_bytes(), valid))
    })
}

/// The line, counted from 1, of a place.
pub(super) fn line(text: &[u8], at: usize) -> usize {
    text[..at.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// How this text ends its lines.
pub(super) fn line_end(text: &str) -> &'static str {
    match text.find('\n') {
        Some(at) if text[..at].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

/// Without one line end at its end, if there is one.
pub(super) fn without_line_end(text: &str) -> &str {
    text.strip_suffix('\n').map_or(text, |rest| rest.strip_suffix('\r').unwrap_or(rest))
}

/// The white space that a line begins with, if only that is between its begin and this place.
pub(super) fn indent(text: &str, at: usize) -> Option<&str> {
    let begin = text[..at].rfind('\n')? + 1;
    text[begin..at].trim().is_empty().then(|| &text[begin..at])
}

/// Edits of one text, by places of the text as it was.
#[derive(Default)]
pub(super) struct Edits(Vec<(Range<usize>, String)>);

impl Edits {
    pub(super) fn put(&mut self, range: Range<usize>, new: impl Into<String>) {
        self.0.push((range, new.into()));
    }

    pub(super) fn apply(mut self, text: &str) -> String {
        self.0.sort_by_key(|(range, _)| (range.start, range.end));
        let (mut out, mut at) = (String::with_capacity(text.len() + 256), 0);
        for (range, new) in self.0 {
            // One part within another that goes: it is gone already.
            if range.end < at {
                continue;
            }
            out.push_str(&text[at..range.start.max(at)]);
            out.push_str(&new);
            at = range.end;
        }
        out.push_str(&text[at..]);
        out
    }
}

/// With a block of lines of ours at the end, an empty line before it. Whether the text ended with a line end, and whether
/// there was a text at all, shows in how the result ends: see [`cut`].
pub(super) fn append(before: Option<&str>, block: &str) -> String {
    let Some(before) = before else { return format!("{block}\n") };
    let end = line_end(before);
    let block = block.replace('\n', end);
    if before.trim_start_matches(MARK).is_empty() {
        format!("{before}{block}")
    } else if before.ends_with('\n') {
        format!("{before}{end}{block}{end}")
    } else {
        format!("{before}{end}{end}{block}")
    }
}

/// Without a block that [`append`] put there; `None` if there was no file.
pub(super) fn cut(text: &str, block: Range<usize>) -> Option<String> {
    let (front, back) = (&text[..block.start], &text[block.end..]);
    let begins = front.trim_start_matches(MARK).is_empty();
    match (begins, back.is_empty()) {
        (true, true) => Some(front.into()),
        (true, false) => {
            let back = without_first_line_end(back);
            (!front.is_empty() || !back.is_empty()).then(|| format!("{front}{back}"))
        }
        (false, true) => Some(without_line_end(without_line_end(front)).into()),
        (false, false) => {
            let shorter = without_line_end(front);
            let front = if shorter.ends_with('\n') { shorter } else { front };
            Some(format!("{front}{}", without_first_line_end(back)))
        }
    }
}

fn without_first_line_end(text: &str) -> &str {
    text.strip_prefix("\r\n").or_else(|| text.strip_prefix('\n')).unwrap_or(text)
}
