//! Finding the sections that answer a question.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::company;
use super::corpus::{Corpus, Page};
use super::cursor;
use super::error::DocsError;
use super::index::{Index, Term};
use super::kinds;
use super::markdown::Section;
use super::query::Query;
use super::rank::{self, SATURATION};
use super::read::address_of;
use super::snippet::{self, Pieces};

/// Hits of one answer if nobody says otherwise.
pub const DEFAULT_LIMIT: usize = 5;
const MOST_LIMIT: usize = 50;
/// A longer question is cut: only its first words are looked at anyway.
const LONGEST_QUERY: usize = 4_000;

/// What is looked for.
#[derive(Debug, Clone, Default)]
pub struct Question<'a> {
    /// Words, a name, or an error message.
    pub query: &'a str,
    /// Only pages whose path begins so, as `components/`.
    pub within: Option<&'a str>,
    /// At most so many hits (default 5, at most 50).
    pub limit: Option<usize>,
    /// So many hits are passed over; added to where the cursor stands.
    pub offset: usize,
    /// From the answer before, for the next hits.
    pub cursor: Option<&'a str>,
}

/// A section that answers.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Hit {
    /// `path#anchor`: what `read` takes.
    pub address: String,
    /// The headings down to this one, outermost first.
    pub breadcrumb: Vec<String>,
    /// Where the question's words stand closest.
    pub snippet: String,
    /// How well it answers, compared with the other hits of the same question.
    pub score: f64,
}

/// The best sections, and how to get more.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Answer {
    /// The sections of this answer, the best first; at most [`Question::limit`] of them.
    pub hits: Vec<Hit>,
    /// Sections that have enough of the question's words.
    pub total: u64,
    /// Give this as `cursor` for the next hits; nothing if these were the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// Words of the question that no page has; near ones and other words for them were looked for instead.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown_words: Vec<String>,
}

pub(super) struct Searcher<'a> {
    pub corpus: &'a Corpus,
    pub index: &'a Index,
    pub pieces: &'a Pieces,
    /// Changes when the pages do.
    pub edition: u64,
}

impl Searcher<'_> {
    pub(super) fn search(&self, question: &Question) -> Result<Answer, DocsError> {
        let text: String = question.query.chars().take(LONGEST_QUERY).collect();
        if text.trim().is_empty() {
            return Err(DocsError::EmptyQuery);
        }
        let within = question.within.unwrap_or_default();
        let from = match question.cursor.filter(|cursor| !cursor.is_empty()) {
            None => 0,
            Some(cursor) => cursor::read(cursor, self.edition, &text, within)?,
        };
        let from = from.saturating_add(question.offset);
        let limit = question.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MOST_LIMIT);
        let query = Query::new(&text, self.index);
        let ranked = self.rank(&query, within);
        let next = from.saturating_add(limit);
        let hits =
            ranked.iter().skip(from).take(limit).map(|(number, score)| self.hit(*number, *score, &query)).collect();
        Ok(Answer {
            hits,
            total: ranked.len() as u64,
            next_cursor: (next < ranked.len()).then(|| cursor::write(next, self.edition, &text, within)),
            unknown_words: query.unknown,
        })
    }

    fn section(&self, number: u32) -> (&Page, &Section) {
        let place = self.index.places[number as usize];
        let page = &self.corpus.pages[place.page as usize];
        (page, &page.sections[place.section as usize])
    }

    fn hit(&self, number: u32, score: f32, query: &Query) -> Hit {
        let (page, section) = self.section(number);
        let mut breadcrumb = section.trail.clone();
        if breadcrumb.is_empty() && section.title != page.title {
            breadcrumb.push(page.title.clone());
        }
        breadcrumb.push(section.title.clone());
        Hit {
            address: address_of(page, section),
            breadcrumb,
            snippet: snippet::of(
                &section.text,
                self.pieces.of(number as usize, &section.text, self.index),
                query,
                self.index,
            ),
            // As a wider number, or JSON would show what rounding to 32 bits does to it.
            score: (f64::from(score) * 100.0).round() / 100.0,
        }
    }

    /// Every section that answers, with its score, the best first.
    fn rank(&self, query: &Query, within: &str) -> Vec<(u32, f32)> {
        let mut ranked: Vec<(u32, f32)> = self
            .matched(query)
            .into_iter()
            .filter(|(number, _)| within.is_empty() || self.section(*number).0.path.starts_with(within))
            .filter_map(|(number, matched)| Some((number, self.first_look(query, &matched, number as usize)?)))
            .collect();
        sort(&mut ranked);
        let again = ranked.len().min(rank::SECOND_LOOK);
        for (number, score) in &mut ranked[..again] {
            *score *= self.second_look(query, *number as usize);
        }
        sort(&mut ranked[..again]);
        let gains = company::gains(self.index, query, &ranked[..again]);
        ranked.iter_mut().zip(gains).for_each(|((_, score), gain)| *score += gain);
        // The best chose the others and stays before them.
        if let Some((best, others)) = ranked[..again].split_first_mut() {
            sort(others);
            best.1 = others.first().map_or(best.1, |next| best.1.max(next.1));
        }
        ranked
    }

    /// BM25F of every section that has any of the words, by group of the question.
    fn matched(&self, query: &Query) -> HashMap<u32, Matched> {
        let mut matched: HashMap<u32, Matched> = HashMap::new();
        for (group_number, group) in query.groups.iter().enumerate() {
            let most = (group.weight / group.factor).max(1.0);
            for (term, share) in &group.terms {
                let rarity = self.index.rarity(*term).min(most) * group.factor;
                for posting in self.index.postings(*term) {
                    let often = self.index.frequency(posting);
                    if often > 0.0 {
                        let score = share * rarity * often / (SATURATION + often);
                        matched.entry(posting.section).or_default().add(group_number, score, *share);
                    }
                }
            }
        }
        matched
    }

    fn first_look(&self, query: &Query, matched: &Matched, number: usize) -> Option<f32> {
        let score: f32 = matched.groups.iter().map(|(_, score, _)| score).sum();
        let plain = matched.groups.iter().filter(|(group, ..)| !query.groups[*group].compound);
        let mass: f32 = plain.map(|(group, _, share)| query.groups[*group].weight * share).sum();
        let coverage = if query.mass > 0.0 { mass / query.mass } else { 1.0 };
        let pasted = self.is_pasted(query, number);
        // Whatever else was pasted with a message, it is what was asked for.
        if coverage < rank::LEAST_COVERAGE && !pasted {
            return None;
        }
        let factor =
            if self.index.ingredients.coverage { 1.0 - rank::COVERAGE + rank::COVERAGE * coverage } else { 1.0 };
        Some(score * factor * if pasted { 1.0 + rank::PASTED_GAIN } else { 1.0 })
    }

    /// Whether the section is of a message whose own words stand in the question, as they are.
    fn is_pasted(&self, query: &Query, number: usize) -> bool {
        let title = &self.index.titles[number];
        if !self.index.ingredients.messages || !self.index.messages[number] || title.len() < rank::LEAST_MESSAGE {
            return false;
        }
        let weight = |terms: &mut dyn Iterator<Item = &Term>| terms.map(|term| self.index.rarity(*term)).sum::<f32>();
        let there = |term: &&Term| query.terms.get(term).is_some_and(|share| *share >= 1.0);
        weight(&mut title.iter().filter(there)) >= rank::PASTED * weight(&mut title.iter())
    }

    fn second_look(&self, query: &Query, number: usize) -> f32 {
        let ingredients = &self.index.ingredients;
        let (likeness, of_title) = self.likeness(query, number);
        let heading = if ingredients.names { rank::NAMES * likeness } else { 0.0 };
        let asked = if ingredients.questions { rank::QUESTIONS * self.asked(query, number) } else { 0.0 };
        let message = ingredients.messages && self.index.messages[number];
        let pasted = if message { rank::MESSAGES + (1.0 - rank::MESSAGES) * of_title } else { 1.0 };
        let kind = if ingredients.kinds { kinds::factor(query.wanted, self.index.kinds[number]) } else { 1.0 };
        (1.0 + heading + asked) * pasted * kind
    }

    /// How much a heading is just what was asked for: 1 if it has all of the question's words and no others. Words that
    /// stand in the headings above it are not missed. And the part of the heading that was asked for.
    fn likeness(&self, query: &Query, number: usize) -> (f32, f32) {
        let title = &self.index.titles[number];
        let above = self.index.trails[number].iter().filter(|term| title.binary_search(term).is_err());
        let weight = |term: &Term| Some(query.terms.get(term)? * self.index.rarity(*term));
        let above: f32 = if self.index.ingredients.breadcrumb { above.filter_map(weight).sum() } else { 0.0 };
        self.alike(query, title, above)
    }

    /// The same of the likest of the questions that the section answers.
    fn asked(&self, query: &Query, number: usize) -> f32 {
        self.index.asked[number].iter().map(|question| self.alike(query, question, 0.0).0).fold(0.0, f32::max)
    }

    /// How much these terms are those of the question, of which `above` (by weight) stands elsewhere; and the part of them
    /// that was asked for.
    fn alike(&self, query: &Query, terms: &[Term], above: f32) -> (f32, f32) {
        let all: f32 = terms.iter().map(|term| self.index.rarity(*term)).sum();
        let weight = |term: &Term| Some(query.terms.get(term)? * self.index.rarity(*term));
        let shared: f32 = terms.iter().filter_map(weight).sum();
        if shared <= 0.0 || query.mass <= 0.0 {
            return (0.0, 0.0);
        }
        let (of_terms, of_query) = (shared / all, ((shared + above) / query.mass).min(1.0));
        (2.0 * of_terms * of_query / (of_terms + of_query), of_terms)
    }
}

/// What a section has of a question: group, score, and how exactly.
#[derive(Default)]
struct Matched {
    groups: Vec<(usize, f32, f32)>,
}

impl Matched {
    /// Of several terms for the same word the best counts.
    fn add(&mut self, group: usize, score: f32, share: f32) {
        match self.groups.last_mut().filter(|(last, ..)| *last == group) {
            Some((_, best, best_share)) => {
                *best = best.max(score);
                *best_share = best_share.max(share);
            }
            None => self.groups.push((group, score, share)),
        }
    }
}

fn sort(ranked: &mut [(u32, f32)]) {
    ranked.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
}
