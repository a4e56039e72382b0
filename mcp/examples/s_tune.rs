//! Temporary.
#![expect(clippy::print_stdout, reason = "a program, not a library")]
use backstack_mcp::docs::{Corpus, Docs, rank::{Ingredients, TUNE}};
#[path = "../tests/common/mod.rs"]
mod common;
use common::{Set, queries, worth};
fn main() {
    let queries = queries();
    let corpus = Corpus::embedded();
    // Each line of stdin: index=value ... ; prints totals.
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let mut with = Ingredients::default();
        let before = *TUNE.read().unwrap();
        for part in line.split_whitespace() {
            if part == "none" { with.questions = false; continue; }
            let (at, value) = part.split_once('=').unwrap();
            TUNE.write().unwrap()[at.parse::<usize>().unwrap()] = value.parse().unwrap();
        }
        let docs = Docs::new(corpus.clone(), with);
        let mut sets = vec![Set::First, Set::Second, Set::Fourth];
        if line.contains("15=1") { sets.push(Set::HeldOut); }
        let cols: Vec<String> = sets.into_iter().map(|set| {
            let w = worth(&docs, queries.iter().filter(|q| q.set == set));
            format!("{:.3} {:.3} {:.3}", w.ndcg, w.mrr, w.found)
        }).collect();
        println!("{:<40} {}", line, cols.join(" | "));
        *TUNE.write().unwrap() = before;
    }
}
