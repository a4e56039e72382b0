//! The part of a section that shows why it was found.

use super::index::{Index, Term};
use super::query::Query;
use super::words::words;

/// Characters of a snippet, about two lines.
const LENGTH: usize = 240;

/// The stretch of the text where most of the question's weight stands.
pub fn of(text: &str, query: &Query, index: &Index) -> String {
    let pieces: Vec<&str> = text.split_whitespace().collect();
    let told: Vec<Vec<(Term, f32)>> = pieces.iter().map(|piece| terms(piece, query, index)).collect();
    let mut best = (0.0, 0);
    for start in 0..pieces.len() {
        // A stretch that begins within a sentence is worth a little less.
        let begins = start == 0 || pieces[start - 1].ends_with(['.', ':', '!', '?']);
        if !begins && told[start].is_empty() {
            continue;
        }
        let weight = weight(&pieces, &told, start) + if begins { 0.5 } else { 0.0 };
        if weight > best.0 {
            best = (weight, start);
        }
    }
    let start = best.1;
    let end = start + fitting(&pieces[start..]);
    let mut snippet = pieces[start..end].join(" ");
    if start > 0 {
        snippet.insert_str(0, "… ");
    }
    if end < pieces.len() {
        snippet.push_str(" …");
    }
    snippet
}

fn terms(piece: &str, query: &Query, index: &Index) -> Vec<(Term, f32)> {
    let found = words(piece, &index.ingredients).into_iter().filter_map(|word| index.known(&word.term));
    found.filter_map(|term| Some((term, query.terms.get(&term)? * index.rarity(term)))).collect()
}

/// Weight of the different terms within reach of a snippet.
fn weight(pieces: &[&str], told: &[Vec<(Term, f32)>], start: usize) -> f32 {
    let end = start + fitting(&pieces[start..]);
    let mut seen: Vec<Term> = Vec::new();
    let mut sum = 0.0;
    for (term, weight) in told[start..end].iter().flatten() {
        if !seen.contains(term) {
            seen.push(*term);
            sum += weight;
        }
    }
    sum
}

/// How many of these words fit.
fn fitting(pieces: &[&str]) -> usize {
    let mut length = 0;
    let fit = pieces.iter().take_while(|piece| {
        length += piece.chars().count() + 1;
        length <= LENGTH
    });
    fit.count().max(usize::from(!pieces.is_empty()))
}
