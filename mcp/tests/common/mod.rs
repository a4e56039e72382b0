//! Graded queries and what a ranking is worth by them; the test and the example `docs_ablation` share it.

use std::collections::BTreeMap;

use backstack_mcp::docs::{Docs, Question};
use serde::Deserialize;

/// Grades count for the first five hits.
const DEPTH: usize = 5;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Graded {
    pub kind: String,
    pub query: String,
    pub set: Set,
    /// Address of a section -> 1 helps, 2 answers in good part, 3 answers fully.
    pub best: BTreeMap<String, u8>,
}

/// Who wrote it, and whether the ranking was tuned on it; see the heads of the files `docs_queries*.yaml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Set {
    First,
    Second,
    HeldOut,
    Fourth,
    Strangers,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    queries: Vec<Graded>,
}

pub(crate) fn queries() -> Vec<Graded> {
    let texts = [
        include_str!("../docs_queries.yaml"),
        include_str!("../docs_queries_fourth.yaml"),
        include_str!("../docs_queries_strangers.yaml"),
    ];
    let of = |text| serde_yaml::from_str::<File>(text).expect("the queries are YAML").queries;
    let mut queries: Vec<Graded> = texts.into_iter().flat_map(of).collect();
    // A question that the pages do not answer (yet) says nothing about the ranking.
    queries.retain(|query| !query.best.is_empty());
    queries
}

/// Means over queries.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Worth {
    pub queries: usize,
    /// Gain of the first five hits, as a part of the best possible one.
    pub ndcg: f64,
    /// One divided by the place of the first hit with a grade.
    pub mrr: f64,
    /// How often a graded section is among the first five.
    pub found: f64,
}

/// What a ranking is worth for these queries.
pub(crate) fn worth<'a>(docs: &Docs, queries: impl IntoIterator<Item = &'a Graded>) -> Worth {
    let mut sum = Worth::default();
    for query in queries {
        let grades = grades(docs, query, 20);
        let first = grades.iter().position(|grade| *grade > 0);
        let mut ideal: Vec<u8> = query.best.values().copied().collect();
        ideal.sort_unstable_by(|one, other| other.cmp(one));
        sum.queries += 1;
        sum.ndcg += gain(&grades) / gain(&ideal);
        sum.mrr += first.map_or(0.0, |place| 1.0 / (place + 1) as f64);
        sum.found += f64::from(u8::from(first.is_some_and(|place| place < DEPTH)));
    }
    let count = sum.queries.max(1) as f64;
    Worth { queries: sum.queries, ndcg: sum.ndcg / count, mrr: sum.mrr / count, found: sum.found / count }
}

/// Grades of the first hits, in their order.
pub(crate) fn grades(docs: &Docs, query: &Graded, depth: usize) -> Vec<u8> {
    let question = Question { query: &query.query, limit: Some(depth), ..Question::default() };
    let answer = docs.search(&question).expect("a query is a question");
    answer.hits.iter().map(|hit| query.best.get(&hit.address).copied().unwrap_or(0)).collect()
}

fn gain(grades: &[u8]) -> f64 {
    let of = |(place, grade): (usize, &u8)| (2f64.powi(i32::from(*grade)) - 1.0) / ((place + 2) as f64).log2();
    grades.iter().take(DEPTH).enumerate().map(of).sum()
}
