//! The questions that sections answer (workshop-docs/questions/): each belongs to a section that there is, and no long section
//! goes without.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use backstack_mcp::docs::{Docs, Page, Section};

/// A section with more lines than this answers something that people ask.
const LONG: usize = 15;
/// More questions would make a section the answer to everything.
const MOST: usize = 10;

/// A page's questions by anchor, with whatever is wrong with the file.
type Asked = BTreeMap<String, Vec<String>>;

#[test]
fn every_question_belongs_to_a_section() {
    let (docs, mut wrong) = (Docs::embedded(), Vec::new());
    for (path, asked) in all(&mut wrong) {
        let Some(page) = docs.pages().iter().find(|page| page.path == path) else {
            wrong.push(format!("{path}: there is no such page"));
            continue;
        };
        for (anchor, questions) in &asked {
            match section(page, anchor) {
                None => wrong.push(format!("{path}: there is no section #{anchor}")),
                Some(section) if section.asked.lines().ne(questions.iter().map(String::as_str)) => {
                    wrong.push(format!("{path}#{anchor}: the program has other questions than the file"));
                }
                Some(_) => wrong.extend(judged(questions).map(|what| format!("{path}#{anchor}: {what}"))),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_long_section_is_without_questions() {
    let docs = Docs::embedded();
    let sections = docs.pages().iter().flat_map(|page| page.sections.iter().map(move |section| (page, section)));
    let without = sections.filter(|(page, section)| section.asked.is_empty() && lines(page, section) > LONG);
    let without: Vec<String> = without.map(|(page, section)| format!("{}#{}", page.path, section.anchor)).collect();
    assert!(without.is_empty(), "no questions in workshop-docs/questions/ for:\n{}", without.join("\n"));
}

/// A list that is empty, too long, or says something twice.
fn judged(questions: &[String]) -> impl Iterator<Item = String> {
    let different: BTreeSet<String> = questions.iter().map(|question| question.to_lowercase()).collect();
    let twice = (different.len() < questions.len()).then(|| "a question is there twice".to_string());
    let count = (!(1..=MOST).contains(&questions.len())).then(|| format!("{} questions", questions.len()));
    let empty = questions.iter().any(|question| question.trim().is_empty()).then(|| "an empty question".to_string());
    [twice, count, empty].into_iter().flatten()
}

fn section<'a>(page: &'a Page, anchor: &str) -> Option<&'a Section> {
    page.sections.iter().find(|section| section.anchor == anchor)
}

/// Lines of a section with something in them, without its heading and the sections below it.
fn lines(page: &Page, section: &Section) -> usize {
    page.source[section.own.clone()].lines().skip(1).filter(|line| !line.trim().is_empty()).count()
}

/// All pages' questions as the files have them.
fn all(wrong: &mut Vec<String>) -> BTreeMap<String, Asked> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../workshop-docs/questions");
    let mut files: Vec<PathBuf> = Vec::new();
    walk(&folder, &mut files);
    let mut pages = BTreeMap::new();
    for file in files {
        let below = file.strip_prefix(&folder).expect("below the folder").with_extension("md");
        let path = below.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
        let text = std::fs::read_to_string(&file).expect("a file that is there");
        twice(&path, &text, wrong);
        pages.insert(path, serde_yaml::from_str(&text).expect("the questions are YAML"));
    }
    assert!(!pages.is_empty(), "no file of questions in {}", folder.display());
    pages
}

/// A map takes the last of two equal keys, so keys are looked for in the text too.
fn twice(path: &str, text: &str, wrong: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for key in text.lines().filter(|line| !line.starts_with([' ', '#'])).map(|line| line.trim_end_matches(':')) {
        if !seen.insert(key.trim_matches(['\'', '"'])) {
            wrong.push(format!("{path}: {key} is there twice"));
        }
    }
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder that can be read").flatten() {
        let path = entry.path();
        if path.is_dir() { walk(&path, files) } else { files.push(path) }
    }
}
