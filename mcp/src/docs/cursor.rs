//! Where the next hits begin, in a text that means something to us alone.

use super::error::DocsError;
use crate::fingerprint;

/// A cursor for this place in the answer to this question.
pub(super) fn write(from: usize, edition: u64, query: &str, within: &str) -> String {
    format!("d{from}-{:016x}", mark(edition, query, within))
}

/// The place that a cursor stands for.
///
/// # Errors
/// It is none of ours, or belongs to another question or to other pages.
pub(super) fn read(cursor: &str, edition: u64, query: &str, within: &str) -> Result<usize, DocsError> {
    let parsed = cursor.strip_prefix('d').and_then(|rest| rest.split_once('-')).and_then(|(from, found)| {
        let from = from.parse::<usize>().ok()?;
        (found == format!("{:016x}", mark(edition, query, within))).then_some(from)
    });
    // What was sent is shown again: not more of it than a cursor has.
    parsed.ok_or_else(|| DocsError::Cursor { cursor: cursor.chars().take(60).collect() })
}

fn mark(edition: u64, query: &str, within: &str) -> u64 {
    fingerprint::of([&edition.to_be_bytes()[..], query.trim().as_bytes(), within.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_fits_its_question_alone() {
        let cursor = write(5, 7, "a question", "");
        assert_eq!(read(&cursor, 7, " a question ", ""), Ok(5));
        for wrong in
            [read(&cursor, 8, "a question", ""), read(&cursor, 7, "another", ""), read(&cursor, 7, "a question", "x")]
        {
            assert!(wrong.is_err());
        }
        for junk in ["", "d", "d-", "d5", "d99999999999999999999999-0", "-1", "\u{1F600}", "d5-zz"] {
            assert!(read(junk, 7, "a question", "").is_err(), "{junk}");
        }
    }
}
