//! Which words stand in which sections, and how often.

use std::collections::{BTreeMap, HashMap};

use super::corpus::{Corpus, Place};
use super::kinds::{self, Kind};
use super::links::{self, Way};
use super::rank::{self, ASKED, BODY, CODE, DAMPING, FIELDS, Ingredients, LENGTH, NUMBERS, TITLE, TRAIL};
use super::words::{chunks, words};

pub(super) type Term = u32;

/// A word's place in one section: how often, by field.
#[derive(Debug, Clone)]
pub(super) struct Posting {
    pub section: u32,
    pub counts: [u16; FIELDS],
}

/// Terms of what was read already, each with whether it is a compound: pages say the same words again and again.
type Seen = HashMap<String, Vec<(Term, bool)>>;

/// The index over all sections of a corpus.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub ingredients: Ingredients,
    pub places: Vec<Place>,
    terms: BTreeMap<String, Term>,
    /// Letters of each term as bits, to pass over far ones quickly when a word is unknown.
    letters: Vec<(u64, String)>,
    postings: Vec<Vec<Posting>>,
    lengths: Vec<[f32; FIELDS]>,
    mean: [f32; FIELDS],
    weights: [f32; FIELDS],
    /// Terms of the heading, each once, without compounds.
    pub titles: Vec<Vec<Term>>,
    /// Whether the heading is a message, with `…` for what differs.
    pub messages: Vec<bool>,
    /// How much each term tells.
    rarities: Vec<f32>,
    /// Terms of the headings above and of the page's name, each once, without compounds.
    pub trails: Vec<Vec<Term>>,
    /// Terms of heading and text in their order, without compounds.
    pub sequences: Vec<Vec<Term>>,
    /// Terms of each question that the section answers, each once, without compounds.
    pub asked: Vec<Vec<Vec<Term>>>,
    /// What each section's page is for.
    pub kinds: Vec<Kind>,
    /// What each section leads to.
    pub ways: Vec<Vec<Way>>,
}

impl Index {
    pub(super) fn build(corpus: &Corpus, ingredients: Ingredients) -> Self {
        let mut index = Self { weights: rank::weights(&ingredients), ingredients, ..Self::default() };
        let mut seen = Seen::new();
        for (page_number, page) in corpus.pages.iter().enumerate().filter(|(_, page)| !kinds::is_slides(&page.path)) {
            let path = page.path.trim_end_matches(".md").replace('/', " ");
            let kind = kinds::kind_of(&page.path);
            for (number, section) in page.sections.iter().enumerate() {
                let place = Place { page: small(page_number), section: small(number) };
                let trail = format!("{} {} {path}", page.title, section.trail.join(" "));
                let asked = if index.ingredients.questions { section.asked.as_str() } else { "" };
                index.add(place, [&section.title, &trail, &section.body, &section.code, asked], &mut seen);
                let questions = asked.lines().map(|question| index.question(question, &mut seen)).collect();
                index.asked.push(questions);
                index.kinds.push(kind);
            }
        }
        index.finish();
        if index.ingredients.links {
            index.ways = links::ways(corpus, &index.places);
        }
        index
    }

    fn add(&mut self, place: Place, fields: [&str; FIELDS], seen: &mut Seen) {
        let number = small(self.places.len());
        self.places.push(place);
        let mut counts: HashMap<Term, [u16; FIELDS]> = HashMap::new();
        let mut lengths = [0.0; FIELDS];
        let (mut title, mut trail, mut sequence) = (Vec::new(), Vec::new(), Vec::new());
        for field in [TITLE, TRAIL, BODY, CODE, ASKED] {
            for chunk in chunks(fields[field]) {
                for (term, compound) in self.terms_of(chunk, seen).iter().copied() {
                    let count = &mut counts.entry(term).or_default()[field];
                    *count = count.saturating_add(1);
                    lengths[field] += 1.0;
                    match field {
                        _ if compound => {}
                        TITLE => {
                            title.push(term);
                            sequence.push(term);
                        }
                        TRAIL => trail.push(term),
                        // Nobody reads these words: they are no neighbours of the text's, and lead to no others.
                        ASKED => {}
                        _ => sequence.push(term),
                    }
                }
            }
        }
        self.titles.push(once(title));
        self.messages.push(fields[TITLE].contains('…'));
        self.trails.push(once(trail));
        self.sequences.push(sequence);
        self.lengths.push(lengths);
        for (term, counts) in counts {
            self.postings[term as usize].push(Posting { section: number, counts });
        }
    }

    fn question(&mut self, question: &str, seen: &mut Seen) -> Vec<Term> {
        let mut terms = Vec::new();
        for chunk in chunks(question) {
            terms.extend(self.terms_of(chunk, seen).iter().filter(|(_, compound)| !compound).map(|(term, _)| *term));
        }
        once(terms)
    }

    fn terms_of<'a>(&mut self, chunk: &str, seen: &'a mut Seen) -> &'a [(Term, bool)] {
        if !seen.contains_key(chunk) {
            let found = words(chunk, &self.ingredients);
            let terms = found.into_iter().map(|word| (self.term(word.term), word.compound)).collect();
            seen.insert(chunk.to_string(), terms);
        }
        &seen[chunk]
    }

    fn term(&mut self, term: String) -> Term {
        if let Some(known) = self.terms.get(&term) {
            return *known;
        }
        let number = small(self.postings.len());
        self.postings.push(Vec::new());
        self.letters.push((letters(&term), term.clone()));
        self.terms.insert(term, number);
        number
    }

    fn finish(&mut self) {
        let sections = self.lengths.len().max(1) as f32;
        for field in 0..FIELDS {
            let total: f32 = self.lengths.iter().map(|lengths| lengths[field]).sum();
            self.mean[field] = (total / sections).max(1.0);
        }
        self.rarities =
            self.letters.iter().zip(&self.postings).map(|((_, term), with)| self.rarity_of(term, with.len())).collect();
    }

    /// By the number of sections that have the term.
    fn rarity_of(&self, term: &str, with: usize) -> f32 {
        let (all, with) = (self.places.len() as f32, with as f32);
        let rarity = (1.0 + (all - with + 0.5) / (with + 0.5)).ln();
        let is_number = term.bytes().all(|byte| byte.is_ascii_digit());
        match self.ingredients.damping {
            false => rarity,
            true => rarity.powf(DAMPING) * if is_number { NUMBERS } else { 1.0 },
        }
    }

    pub(super) fn known(&self, term: &str) -> Option<Term> {
        self.terms.get(term).copied()
    }

    pub(super) fn postings(&self, term: Term) -> &[Posting] {
        &self.postings[term as usize]
    }

    /// How often a word is there, with the fields' weights and lengths taken into account.
    pub(super) fn frequency(&self, posting: &Posting) -> f32 {
        let lengths = &self.lengths[posting.section as usize];
        let of = |field: usize| {
            let norm = 1.0 - LENGTH[field] + LENGTH[field] * lengths[field] / self.mean[field];
            self.weights[field] * f32::from(posting.counts[field]) / norm
        };
        (0..FIELDS).filter(|field| posting.counts[*field] > 0).map(of).sum()
    }

    /// How much a word tells: much if few sections have it.
    pub(super) fn rarity(&self, term: Term) -> f32 {
        self.rarities[term as usize]
    }

    /// Known words that begin with this one, those in most sections first.
    pub(super) fn beginning_with(&self, start: &str, most: usize) -> Vec<Term> {
        let range = self.terms.range(start.to_string()..).take_while(|(term, _)| term.starts_with(start));
        let mut found: Vec<Term> = range.map(|(_, number)| *number).collect();
        found.sort_by_key(|term| std::cmp::Reverse(self.postings[*term as usize].len()));
        found.truncate(most);
        found
    }

    /// Known words that differ by a slip of the keyboard or two, the nearest first.
    pub(super) fn near(&self, word: &str, most: usize) -> Vec<Term> {
        let length = word.chars().count();
        let allowed = match length {
            // `fast` is no slip of `last`.
            0..=4 => return Vec::new(),
            5..=7 => 1,
            _ => 2,
        };
        let wanted = letters(word);
        let mut found: Vec<(usize, usize, Term)> = Vec::new();
        for (number, (bits, term)) in self.letters.iter().enumerate() {
            if term.len().abs_diff(word.len()) > allowed || (bits ^ wanted).count_ones() as usize > 2 * allowed {
                continue;
            }
            let distance = strsim::osa_distance(word, term);
            if distance <= allowed {
                found.push((distance, usize::MAX - self.postings[number].len(), small(number)));
            }
        }
        found.sort_unstable();
        let nearest = found.first().map_or(0, |(distance, ..)| *distance);
        found.into_iter().filter(|(distance, ..)| *distance == nearest).take(most).map(|(.., term)| term).collect()
    }
}

fn once(mut terms: Vec<Term>) -> Vec<Term> {
    terms.sort_unstable();
    terms.dedup();
    terms
}

fn letters(term: &str) -> u64 {
    term.bytes().fold(0, |bits, byte| bits | 1 << (byte & 63))
}

/// Numbers of pages, sections and terms are far below four thousand millions.
fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
