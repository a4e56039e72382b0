//! Which sections belong to which: by the links in them, and by the names that one uses and another explains.

use std::collections::{HashMap, HashSet};

use super::corpus::{Corpus, Page, Place};
use super::markdown::Section;
use super::rank::{LINKED, MOST_EXPLAINED, NAMED};
use super::read::address_of;

/// A section that another one leads to, and how strongly.
pub(super) type Way = (u32, f32);

/// For each section those that it leads to.
pub(super) fn ways(corpus: &Corpus, places: &[Place]) -> Vec<Vec<Way>> {
    let sections: Vec<(&Page, &Section)> = places
        .iter()
        .map(|place| {
            let page = &corpus.pages[place.page as usize];
            (page, &page.sections[place.section as usize])
        })
        .collect();
    let mut ways = named(&sections);
    for (from, to) in linked(&sections).into_iter().enumerate() {
        // A section with many links says less by each.
        let weight = LINKED / (to.len().max(1) as f32).sqrt();
        for number in to {
            *ways[from].entry(number).or_default() += weight;
        }
    }
    ways.into_iter()
        .map(|of_section| {
            let mut of_section: Vec<Way> = of_section.into_iter().collect();
            of_section.sort_unstable_by_key(|(number, _)| *number);
            of_section
        })
        .collect()
}

/// By links. A link to a page leads to its first section.
fn linked(sections: &[(&Page, &Section)]) -> Vec<HashSet<u32>> {
    let mut addresses: HashMap<String, u32> = HashMap::new();
    for (number, (page, section)) in (0..).zip(sections) {
        addresses.entry(address_of(page, section)).or_insert(number);
        addresses.entry(page.path.clone()).or_insert(number);
    }
    let of_section = |number: u32, (page, section): &(&Page, &Section)| {
        let targets = section.links.iter().filter(|link| !link.contains("://")).map(|link| absolute(&page.path, link));
        targets.filter_map(|target| addresses.get(&target).copied()).filter(|target| *target != number).collect()
    };
    (0..).zip(sections).map(|(number, section)| of_section(number, section)).collect()
}

/// A link as an address: `../how-to/apps.md#one` in `components/gitea.md` is `how-to/apps.md#one`.
pub fn absolute(page: &str, link: &str) -> String {
    let (path, anchor) = link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor)));
    let mut parts: Vec<&str> = page.split('/').collect();
    if !path.is_empty() {
        parts.pop();
        for part in path.split('/') {
            match part {
                ".." => drop(parts.pop()),
                "." => {}
                part => parts.push(part),
            }
        }
    }
    let path = parts.join("/");
    anchor.map_or(path.clone(), |anchor| format!("{path}#{anchor}"))
}

/// By names: a guide that has `--http-port` in its code leads to the table that explains it, and one that runs
/// `backstack up` to the section of that heading. A name that is used everywhere, or explained in several places, says less.
fn named(sections: &[(&Page, &Section)]) -> Vec<HashMap<u32, f32>> {
    let mut explained: HashMap<String, Vec<u32>> = HashMap::new();
    for (number, (_, section)) in (0..).zip(sections) {
        for name in
            names(&section.title).chain(names(&section.keys)).chain(command(&section.title)).collect::<HashSet<_>>()
        {
            explained.entry(name).or_default().push(number);
        }
    }
    explained.retain(|_, by| by.len() <= MOST_EXPLAINED);
    let used: Vec<HashSet<String>> = sections.iter().map(|(_, section)| used(&section.code, &explained)).collect();
    let mut users: HashMap<&str, f32> = HashMap::new();
    for name in used.iter().flatten() {
        *users.entry(name).or_default() += 1.0;
    }
    let all = (sections.len().max(2) as f32).ln();
    let of_section = |number: u32, used: &HashSet<String>| {
        let mut to: HashMap<u32, f32> = HashMap::new();
        for name in used {
            let by = &explained[name];
            if by.contains(&number) {
                continue;
            }
            let rarity = 1.0 - users[name.as_str()].ln() / all;
            for other in by {
                *to.entry(*other).or_default() += rarity / by.len() as f32;
            }
        }
        to.into_iter().map(|(other, weight)| (other, NAMED * weight.min(1.0))).collect()
    };
    (0..).zip(&used).map(|(number, used)| of_section(number, used)).collect()
}

/// The names in code that some section explains.
fn used(code: &str, explained: &HashMap<String, Vec<u32>>) -> HashSet<String> {
    let tokens: Vec<&str> = tokens(code).collect();
    let pairs = tokens.windows(2).map(|pair| format!("{} {}", pair[0], pair[1]).to_lowercase());
    names(code).chain(pairs).filter(|name| explained.contains_key(name)).collect()
}

/// A heading of two plain words in lower case is a command, as `backstack up`.
fn command(title: &str) -> Option<String> {
    let words: Vec<&str> = title.split_whitespace().collect();
    let plain = |word: &&str| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    (words.len() == 2 && words.iter().all(plain)).then(|| words.join(" "))
}

fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | '-');
    text.split(move |letter| !is_part(letter))
        .filter(|token| token.contains(|letter: char| letter.is_ascii_alphanumeric()))
}

/// What is written like a name, in lower case: `--plan`, `depends_on`, `stack.yaml`, `ClusterIssuer`.
fn names(text: &str) -> impl Iterator<Item = String> {
    let sign = |letter: char| matches!(letter, '_' | '.' | '-');
    tokens(text).filter_map(move |token| {
        let core = token.trim_matches(sign);
        let rises = core.as_bytes().windows(2).any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
        let is_name = token.starts_with("--") && core.len() > 1 || core.contains(sign) || rises;
        let name = token.trim_end_matches(sign).trim_start_matches(['_', '.']);
        is_name.then(|| name.to_lowercase())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docs::index::Index;
    use crate::docs::rank::Ingredients;

    #[test]
    fn names_are_what_is_written_like_one() {
        let found: Vec<_> = names("run `up --plan -o json`, ClusterIssuer; depends_on, stack.yaml. The end").collect();
        assert_eq!(found, ["--plan", "clusterissuer", "depends_on", "stack.yaml"]);
    }

    #[test]
    fn links_are_resolved_from_their_page() {
        assert_eq!(absolute("a/b.md", "../c/d.md#e"), "c/d.md#e");
        assert_eq!(absolute("a/b.md", "./d.md"), "a/d.md");
        assert_eq!(absolute("a/b.md", "#e"), "a/b.md#e");
        assert_eq!(absolute("b.md", "../../x.md"), "x.md");
    }

    #[test]
    fn a_section_leads_to_what_it_links_and_to_what_explains_its_names() {
        let guide = "# Guide\n\nSee [more](more.md).\n\n## Plan\n\n```sh\ntool run --dry-run\n```\n";
        let more = "# More\n\n## tool run\n\n| Flag | Means |\n| --- | --- |\n| `--dry-run` | nothing happens |\n";
        let corpus = Corpus::of([("guide.md", guide), ("more.md", more)]);
        let index = Index::build(&corpus, Ingredients::default());
        let ways = ways(&corpus, &index.places);
        let to = |from: usize| ways[from].iter().map(|(number, _)| *number).collect::<Vec<_>>();
        assert_eq!((to(0), to(1), to(2), to(3)), (vec![2], vec![3], vec![], vec![]));
    }
}
