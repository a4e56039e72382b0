//! The best sections choose their company: what they lead to, and what is about the same, moves up.

use std::collections::HashMap;

use super::index::{Index, Term};
use super::query::Query;
use super::rank::{self, SATURATION};

/// A section's number and score.
pub(super) type Ranked = (u32, f32);

/// What each of these sections gains, the best being first among them.
pub(super) fn gains(index: &Index, query: &Query, ranked: &[Ranked]) -> Vec<f32> {
    let mut gains = vec![0.0; ranked.len()];
    let Some((_, best)) = ranked.first() else { return gains };
    let places: HashMap<u32, usize> = ranked.iter().enumerate().map(|(place, (number, _))| (*number, place)).collect();
    if index.ingredients.links {
        links(index, ranked, &places, &mut gains);
        gains.iter_mut().for_each(|gain| *gain = gain.min(rank::MOST_LED * best));
    }
    if index.ingredients.feedback {
        let alike = alike(index, query, ranked, &places);
        let most = alike.iter().copied().fold(0.0, f32::max);
        if most > 0.0 {
            gains.iter_mut().zip(alike).for_each(|(gain, alike)| *gain += rank::FEEDBACK * best * alike / most);
        }
    }
    gains
}

/// What the best sections link to, and what explains the names in their code, belongs to the answer.
fn links(index: &Index, ranked: &[Ranked], places: &HashMap<u32, usize>, gains: &mut [f32]) {
    for (number, score) in ranked.iter().take(rank::LEADING) {
        for (to, weight) in &index.ways[*number as usize] {
            if let Some(place) = places.get(to) {
                gains[*place] += score * weight;
            }
        }
    }
}

/// How much each section has of the words that tell the best ones from the rest: somebody who asks for one word of a matter
/// is answered by its other words too.
fn alike(index: &Index, query: &Query, ranked: &[Ranked], places: &HashMap<u32, usize>) -> Vec<f32> {
    let mut alike = vec![0.0; places.len()];
    for (term, weight) in telling(index, query, ranked) {
        for posting in index.postings(term) {
            if let Some(place) = places.get(&posting.section) {
                let often = index.frequency(posting);
                alike[*place] += weight * index.rarity(term) * often / (SATURATION + often);
            }
        }
    }
    alike
}

/// The words, none of them asked for, that the best sections have most of.
fn telling(index: &Index, query: &Query, ranked: &[Ranked]) -> Vec<(Term, f32)> {
    let most = (index.places.len() as f32 * rank::COMMON) as usize;
    let mut weights: HashMap<Term, f32> = HashMap::new();
    for (number, score) in ranked.iter().take(rank::FEEDBACK_SECTIONS) {
        let sequence = &index.sequences[*number as usize];
        // Short sections have few words and would make much of each.
        let share = score * score / (sequence.len() as f32 + rank::SHORT);
        for term in sequence {
            let with = index.postings(*term).len();
            if (2..=most).contains(&with) && !query.terms.contains_key(term) {
                *weights.entry(*term).or_default() += share * index.rarity(*term);
            }
        }
    }
    let mut weights: Vec<(Term, f32)> = weights.into_iter().collect();
    weights.sort_unstable_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
    weights.truncate(rank::FEEDBACK_WORDS);
    weights
}
