//! The search over workshop-docs/, scored by graded queries (docs_queries.yaml), and the pages' links.

use std::collections::BTreeSet;

use backstack_mcp::docs::{Docs, absolute};

mod common;
use common::{Set, queries, worth};

/// nDCG@5 and MRR that are asked for, by set.
const LEAST: [(Set, f64, f64); 5] = [
    (Set::First, 0.87, 0.96),
    (Set::Second, 0.84, 0.97),
    (Set::HeldOut, 0.77, 0.90),
    (Set::Fourth, 0.73, 0.85),
    (Set::Strangers, 0.66, 0.90),
];

#[test]
fn the_queries_are_well_formed() {
    let (docs, queries) = (Docs::embedded(), queries());
    assert!(queries.len() >= 80, "{} queries", queries.len());
    for kind in ["how-to", "concept", "error", "name"] {
        assert!(queries.iter().filter(|query| query.kind == kind).count() >= 15, "{kind}");
    }
    let texts: BTreeSet<_> = queries.iter().map(|query| &query.query).collect();
    assert_eq!(texts.len(), queries.len(), "a query is there twice");
    let mut wrong = Vec::new();
    for query in &queries {
        for (address, grade) in &query.best {
            if docs.read(address, 0, None).is_err() || !(1..=3).contains(grade) {
                wrong.push(format!("`{}`: {address}: {grade}", query.query));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The first set has to be good. The other ones are graded more strictly, and have floors below what is
/// reached, so that no change of the ranking goes unnoticed that makes it worse for them. Take the numbers from the example
/// `docs_ablation`.
#[test]
fn the_ranking_is_good_enough() {
    let (docs, queries) = (Docs::embedded(), queries());
    let held_out = queries.iter().filter(|query| matches!(query.set, Set::HeldOut | Set::Strangers)).count();
    assert!(held_out * 4 >= queries.len(), "{held_out} queries held out are too few");
    for (set, ndcg, mrr) in LEAST {
        let worth = worth(&docs, queries.iter().filter(|query| query.set == set));
        assert!(worth.ndcg >= ndcg && worth.mrr >= mrr, "{set:?}: {worth:?}");
    }
}

/// Every link between pages leads to a page, and to a section of it if it names one.
#[test]
fn links_lead_somewhere() {
    let docs = Docs::embedded();
    let mut wrong = Vec::new();
    for page in docs.pages() {
        for target in links(&page.source) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (path, address) = (target.split('#').next().unwrap_or_default(), absolute(&page.path, target));
            let is_page = path.is_empty() || path.ends_with(".md");
            if is_page && docs.read(&address, 0, None).is_err() {
                wrong.push(format!("{}: {target}", page.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn links(source: &str) -> Vec<&str> {
    source.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect()
}
