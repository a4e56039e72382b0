//! A question as the index understands it.

use std::collections::HashMap;

use super::index::{Index, Term};
use super::kinds::{self, Wanted};
use super::rank::{COMPOUND, NEAR, PREFIX, SAID, SAME};
use super::synonyms;
use super::words::{self, Word, words};

/// More words than this are a pasted log: the first ones say what it is about.
const MOST_WORDS: usize = 60;

/// One word of the question, with the terms that may stand for it and how much each counts.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub terms: Vec<(Term, f32)>,
    /// How much the word tells; what is not in any page tells nothing.
    pub weight: f32,
    /// What is left of the weight of a part of a name.
    pub factor: f32,
    pub compound: bool,
}

/// A question.
#[derive(Debug, Default)]
pub(super) struct Query {
    pub groups: Vec<Group>,
    /// Weight of all words that are no compounds.
    pub mass: f32,
    /// Best weight of each term, for headings and snippets.
    pub terms: HashMap<Term, f32>,
    /// Words that no page has.
    pub unknown: Vec<String>,
    pub wanted: Wanted,
}

impl Query {
    pub(super) fn new(text: &str, index: &Index) -> Self {
        let mut found = words(text, &index.ingredients);
        found.truncate(MOST_WORDS);
        let mut query = Self { wanted: kinds::wanted(text), ..Self::default() };
        let mut seen: Vec<&str> = Vec::new();
        for word in &found {
            let terms = alternatives(word, index);
            if !word.compound && index.known(&word.term).is_none() && !query.unknown.contains(&word.raw) {
                query.unknown.push(word.raw.clone());
            }
            if seen.contains(&word.term.as_str()) || terms.is_empty() {
                continue;
            }
            seen.push(&word.term);
            let factor = (COMPOUND / word.of as f32).min(1.0);
            query.push(terms, factor, word.compound, index);
        }
        if index.ingredients.splitting {
            query.joined(&found, index);
        }
        query
    }

    fn push(&mut self, terms: Vec<(Term, f32)>, factor: f32, compound: bool, index: &Index) {
        let weight = index.rarity(terms[0].0) * factor;
        if !compound {
            self.mass += weight;
        }
        for (term, share) in &terms {
            let best = self.terms.entry(*term).or_default();
            *best = best.max(*share);
        }
        self.groups.push(Group { terms, weight, factor, compound });
    }

    /// `metrics server` is also asked as the one name that it is in the pages, and `docker hub` by other words for it.
    fn joined(&mut self, found: &[Word], index: &Index) {
        let plain: Vec<&Word> = found.iter().filter(|word| !word.compound).collect();
        for length in [2, 3] {
            for run in plain.windows(length) {
                let raw: String = run.iter().map(|word| word.raw.as_str()).collect();
                let term = if index.ingredients.stemming { words::stem(&raw) } else { raw.clone() };
                let terms = alternatives(&Word { raw, term, compound: true, of: 1 }, index);
                let is_new = terms.first().is_some_and(|(term, share)| *share < 1.0 || !self.terms.contains_key(term));
                if is_new {
                    self.push(terms, 1.0, true, index);
                }
            }
        }
    }
}

/// The word itself; other words for it; and if nobody knows it, what it may have been meant to be. The best is first.
fn alternatives(word: &Word, index: &Index) -> Vec<(Term, f32)> {
    let itself = index.known(&word.term);
    let mut terms: Vec<(Term, f32)> = itself.map(|term| (term, 1.0)).into_iter().collect();
    if word.compound && itself.is_some() {
        return terms;
    }
    if index.ingredients.synonyms {
        let with = itself.map_or(0, |term| index.postings(term).len());
        let part = with as f32 / index.places.len().max(1) as f32;
        for (others, share) in
            [(synonyms::same(&word.term), SAME.of(part)), (synonyms::said(&word.term), SAID.of(part))]
        {
            for other in others.iter().filter_map(|other| index.known(other)) {
                if terms.iter().all(|(term, _)| *term != other) {
                    terms.push((other, share));
                }
            }
        }
        terms.sort_by(|one, other| other.1.total_cmp(&one.1));
    }
    if terms.is_empty() && index.ingredients.typos && !word.compound {
        terms.extend(index.near(&word.term, 3).into_iter().map(|term| (term, NEAR)));
        if terms.is_empty() && word.term.chars().count() > 2 {
            terms.extend(index.beginning_with(&word.term, 5).into_iter().map(|term| (term, PREFIX)));
        }
    }
    terms
}
