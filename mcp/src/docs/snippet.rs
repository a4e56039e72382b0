//! The part of a section that shows why it was found.

use std::sync::OnceLock;

use super::index::{Index, Term};
use super::query::Query;
use super::words::words;

/// Characters of a snippet, about two lines.
const LENGTH: usize = 240;

/// A word of a section's text, as it is written, with the terms in it.
#[derive(Debug)]
pub(super) struct Piece {
    /// Where it stands in the text.
    from: usize,
    to: usize,
    characters: usize,
    terms: Vec<Term>,
    /// Whether a sentence may begin behind it.
    ends: bool,
}

/// The words of every section's text, each kept once it was wanted.
#[derive(Debug)]
pub(super) struct Pieces(Vec<OnceLock<Vec<Piece>>>);

impl Pieces {
    /// Room for so many sections.
    pub(super) fn of_sections(count: usize) -> Self {
        Self((0..count).map(|_| OnceLock::new()).collect())
    }

    /// The words of a section's text.
    pub(super) fn of(&self, section: usize, text: &str, index: &Index) -> &[Piece] {
        self.0[section].get_or_init(|| pieces(text, index))
    }
}

/// The words of a text: the same for every question.
fn pieces(text: &str, index: &Index) -> Vec<Piece> {
    let start = text.as_ptr() as usize;
    let piece = |piece: &str| {
        let from = piece.as_ptr() as usize - start;
        let known = words(piece, &index.ingredients).into_iter().filter_map(|word| index.known(&word.term));
        Piece {
            from,
            to: from + piece.len(),
            characters: piece.chars().count(),
            terms: known.collect(),
            ends: piece.ends_with(['.', ':', '!', '?']),
        }
    };
    text.split_whitespace().map(piece).collect()
}

/// The stretch of the text where most of the question's weight stands.
pub(super) fn of(text: &str, pieces: &[Piece], query: &Query, index: &Index) -> String {
    let told: Vec<Vec<(Term, f32)>> = pieces.iter().map(|piece| weighed(piece, query, index)).collect();
    let mut best = (0.0, 0, fitting(pieces, 0, 0));
    let mut end = 0;
    for start in 0..pieces.len() {
        end = fitting(pieces, start, end);
        // A stretch that begins within a sentence is worth a little less.
        let begins = start == 0 || pieces[start - 1].ends;
        if !begins && told[start].is_empty() {
            continue;
        }
        let weight = weight(&told[start..end]) + if begins { 0.5 } else { 0.0 };
        if weight > best.0 {
            best = (weight, start, end);
        }
    }
    let (_, start, end) = best;
    let shown: Vec<&str> = pieces[start..end].iter().map(|piece| &text[piece.from..piece.to]).collect();
    let before = if start > 0 { "… " } else { "" };
    let behind = if end < pieces.len() { " …" } else { "" };
    format!("{before}{}{behind}", shown.join(" "))
}

fn weighed(piece: &Piece, query: &Query, index: &Index) -> Vec<(Term, f32)> {
    let weighed = piece.terms.iter().filter_map(|term| Some((*term, query.terms.get(term)? * index.rarity(*term))));
    weighed.collect()
}

/// Weight of the different terms in a stretch.
fn weight(told: &[Vec<(Term, f32)>]) -> f32 {
    let mut seen: Vec<Term> = Vec::new();
    let mut sum = 0.0;
    for (term, weight) in told.iter().flatten() {
        if !seen.contains(term) {
            seen.push(*term);
            sum += weight;
        }
    }
    sum
}

/// Where a snippet ends that begins at `start`. It is not before `known`, where one ended that began earlier.
fn fitting(pieces: &[Piece], start: usize, known: usize) -> usize {
    let mut end = known.max(start);
    let mut length: usize = pieces[start..end].iter().map(|piece| piece.characters + 1).sum();
    while let Some(piece) = pieces.get(end) {
        length += piece.characters + 1;
        if length > LENGTH {
            break;
        }
        end += 1;
    }
    // One word is shown, however long it is.
    end.max((start + 1).min(pieces.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(characters: usize) -> Piece {
        Piece { from: 0, to: 0, characters, terms: Vec::new(), ends: false }
    }

    #[test]
    fn a_stretch_ends_where_the_room_does() {
        let pieces: Vec<Piece> = [99, 99, 39, 500, 9].map(piece).into_iter().collect();
        let ends: Vec<usize> = (0..5).map(|start| fitting(&pieces, start, 0)).collect();
        assert_eq!(ends, [3, 3, 3, 4, 5]);
        assert_eq!(fitting(&pieces, 1, 3), 3, "going on from an earlier end changes nothing");
        assert_eq!(fitting(&[], 0, 0), 0);
    }
}
