//! What each ingredient of the ranking is worth: nDCG@5 and MRR of the graded queries with all of them, with each left
//! out, and with none; and how long index and queries take. `cargo run --release -p backstack-mcp --example docs_ablation`;
//! with `misses` also the queries that come out badly (those that are held out are not shown).
#![expect(clippy::print_stdout, reason = "a program, not a library")]

use std::time::{Duration, Instant};

use backstack_mcp::docs::{Corpus, Docs, Question, rank::Ingredients};

#[path = "../tests/common/mod.rs"]
mod common;
use common::{Graded, Set, Worth, grades, queries, worth};

fn main() {
    let queries = queries();
    let corpus = Corpus::embedded();
    let all = Docs::new(corpus.clone(), Ingredients::default());
    if std::env::args().any(|argument| argument == "misses") {
        misses(&all, &queries);
        return;
    }
    println!("{:<22} {:>20} {:>20} {:>20} {:>20}", "", "first", "second", "held out", "fourth");
    println!("{:<22} {}", "ranking", ["nDCG@5    MRR   in 5"; SETS.len()].join(" "));
    let variants = [("all", Ingredients::default())].into_iter().chain(Ingredients::each_left_out());
    for (name, ingredients) in variants.chain([("none", Ingredients::none())]) {
        let docs = Docs::new(corpus.clone(), ingredients);
        let name = if matches!(name, "all" | "none") { name.to_string() } else { format!("without {name}") };
        println!("{name:<22} {}", columns(&docs, &queries, |_| true));
    }
    println!();
    for kind in ["how-to", "concept", "error", "name"] {
        println!("{kind:<22} {}", columns(&all, &queries, |query| query.kind == kind));
    }
    times(&queries);
}

const SETS: [Set; 4] = [Set::First, Set::Second, Set::HeldOut, Set::Fourth];

/// What the queries are worth that are chosen, set by set.
fn columns(docs: &Docs, queries: &[Graded], chosen: impl Fn(&Graded) -> bool) -> String {
    let of_set = |set| worth(docs, queries.iter().filter(|query| query.set == set && chosen(query)));
    let columns = SETS.map(|set| {
        let Worth { ndcg, mrr, found, .. } = of_set(set);
        format!("{ndcg:>6.3} {mrr:>6.3} {found:>6.3}")
    });
    columns.join(" ")
}

fn times(queries: &[Graded]) {
    let mut builds: Vec<Duration> = (0..20)
        .map(|_| {
            let start = Instant::now();
            std::hint::black_box(Docs::embedded());
            start.elapsed()
        })
        .collect();
    builds.sort_unstable();
    let (built, docs) = (builds[builds.len() / 2], Docs::embedded());
    let sections: usize = docs.pages().iter().map(|page| page.sections.len()).sum();
    let mut times: Vec<u128> = Vec::new();
    for _ in 0..20 {
        for query in queries {
            let start = Instant::now();
            let question = Question { query: &query.query, ..Question::default() };
            std::hint::black_box(docs.search(&question)).expect("a question");
            times.push(start.elapsed().as_micros());
        }
    }
    times.sort_unstable();
    let at = |part: usize| times[times.len() * part / 100] as f64 / 1000.0;
    println!("\n{} pages, {sections} sections, {} queries", docs.pages().len(), queries.len());
    println!(
        "index built in {:.1} ms; a query takes {:.3} ms (p50), {:.3} ms (p99)",
        built.as_secs_f64() * 1000.0,
        at(50),
        at(99)
    );
}

fn misses(docs: &Docs, queries: &[Graded]) {
    for query in queries.iter().filter(|query| query.set != Set::HeldOut) {
        let one = worth(docs, [query]);
        if one.ndcg >= 0.8 {
            continue;
        }
        println!("\n{:.2}  {} ({})  wants {:?}", one.ndcg, query.query, query.kind, query.best);
        let question = Question { query: &query.query, ..Question::default() };
        let answer = docs.search(&question).expect("a question");
        for (hit, grade) in answer.hits.iter().zip(grades(docs, query, 5)) {
            println!("      {grade}  {:>6.2}  {}", hit.score, hit.address);
        }
    }
}
