//! What kind of answer a question wants, and which pages give it.
//!
//! Documentation has pages for learning how (guides), for understanding (concepts), for looking up (reference) and for
//! mending (troubleshooting). The same words stand in all of them; how somebody asks says which of them is meant.

use super::rank::{LESSON, MEANT, NOT_MEANT};

/// What somebody wants to know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Wanted {
    /// How something is done.
    #[default]
    Way,
    /// What something is, or why.
    Meaning,
    /// What is wrong.
    Mending,
    /// All about one name.
    Name,
}

/// What a page is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Guide,
    Concepts,
    Reference,
    Troubleshooting,
    /// A lesson of a course: it has the words of everything, and answers those who take the course.
    Lesson,
    /// How it works inside.
    Internals,
    Other,
}

/// Words with which a question for a meaning begins.
const ASKING: &str = "are can difference do does explain is what what's whats when where which who why will";
/// What follows `how` in such a question: `how does it`, but not `how can I`.
const AFTER_HOW: &str = "are do does is long many much often";
const COMPARING: &str = "difference explained mean meaning means versus vs";
const TROUBLE: &str = "bad blank broken can't cannot complaining complains crash crashed crashes crashing dead denied doesn't don't \
    empty error errors exceeded expired fail failed failing fails failure forbidden hang hanging hangs hung \
    interrupted invalid killed malformed mismatch missing no not nothing pending refused rejected slow stuck \
    timeout unable unauthorized unavailable unknown unreachable unsupported won't wrong";
/// Whoever begins so has a question, also if it is about failures.
const QUESTIONS: &str = "how what what's whats when where which who";

/// Whoever begins so wants something done, whatever else is missing or does not work.
const DOING: &str = "add allow build change check choose clone connect create delete deploy disable do enable expose find forgot \
    get give import install keep let list load look make move open order pause pin point publish push put read \
    register remove rename reset restart run scale search see send serve set share show skip start stop switch \
    take tell turn uninstall update upgrade use validate wipe write";

/// What a question wants, by how it is asked.
pub(super) fn wanted(text: &str) -> Wanted {
    let lower = text.to_lowercase().replace('’', "'");
    let is_word = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '\'' | '.' | '-');
    let words: Vec<&str> = lower.split(|letter| !is_word(letter)).filter(|word| !word.is_empty()).collect();
    let Some(first) = words.first() else { return Wanted::Way };
    let among = |list: &str, word: &str| list.split(' ').any(|one| one == word);
    let trouble = lower.contains(": ") || lower.contains('`') || words.iter().any(|word| among(TROUBLE, word));
    if trouble && !among(QUESTIONS, first) && !among(DOING, first) {
        return Wanted::Mending;
    }
    let begins = among(ASKING, first) || *first == "how" && words.get(1).is_some_and(|word| among(AFTER_HOW, word));
    // `What do I`, `where can we`: somebody wants to do it.
    let doing = *first != "why" && words.iter().take(3).skip(1).any(|word| matches!(*word, "i" | "we"));
    if begins && !doing || words.iter().any(|word| among(COMPARING, word)) {
        return Wanted::Meaning;
    }
    if words.len() <= 2 || words.len() == 3 && has_name(text) { Wanted::Name } else { Wanted::Way }
}

/// Whether something in a text is written like a name: `depends_on`, `ClusterIssuer`, `--plan`.
fn has_name(text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    let rises = |pair: &[char]| pair[0].is_alphabetic() && pair[1].is_uppercase();
    text.contains(['_', '.', '-']) || letters.windows(2).any(rises)
}

/// Whether a page is shown on a wall while somebody speaks: its words are on other pages too, where they are explained.
pub(super) fn is_slides(path: &str) -> bool {
    path.to_lowercase().split('/').rev().skip(1).any(|folder| folder == "slides")
}

/// Folders of courses.
const LESSONS: &[&str] = &["course", "courses", "lessons", "tutorial", "tutorials", "workshop"];

/// What a page is for, by the folder or file that it is in; the usual names are known, whoever wrote the pages.
pub(super) fn kind_of(path: &str) -> Kind {
    let lower = path.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if has(&["troubleshoot", "faq", "runbook"]) {
        Kind::Troubleshooting
    } else if lower.split('/').rev().skip(1).any(|folder| LESSONS.contains(&folder)) {
        Kind::Lesson
    } else if has(&["how-to", "howto", "guide"]) {
        Kind::Guide
    } else if has(&["concept", "explanation", "glossary", "overview"]) {
        Kind::Concepts
    } else if has(&["reference"]) {
        Kind::Reference
    } else if has(&["architecture", "internals", "decisions"]) {
        Kind::Internals
    } else {
        Kind::Other
    }
}

/// What a section's score is multiplied with: more where its page is of the kind that the question wants.
pub(super) fn factor(wanted: Wanted, kind: Kind) -> f32 {
    match (wanted, kind) {
        (Wanted::Way, Kind::Guide)
        | (Wanted::Meaning, Kind::Concepts)
        | (Wanted::Mending, Kind::Troubleshooting)
        | (Wanted::Name, Kind::Reference) => MEANT,
        (_, Kind::Lesson) => LESSON,
        (Wanted::Way | Wanted::Meaning, Kind::Troubleshooting) => NOT_MEANT,
        (Wanted::Way | Wanted::Mending, Kind::Internals) => NOT_MEANT,
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_it_is_asked_says_what_is_wanted() {
        for (text, expected) in [
            ("how do I add a node", Wanted::Way),
            ("add a node to the cluster", Wanted::Way),
            ("what do I need to install", Wanted::Way),
            ("what is a node", Wanted::Meaning),
            ("how does it find the nodes", Wanted::Meaning),
            ("node versus cluster", Wanted::Meaning),
            ("why are there two nodes", Wanted::Meaning),
            ("the node doesn’t start", Wanted::Mending),
            ("error: node 3 is gone", Wanted::Mending),
            ("remove a node that is not needed", Wanted::Way),
            ("what happens to a node that is not ready", Wanted::Meaning),
            ("node_name", Wanted::Name),
            ("the NodeImage field", Wanted::Name),
            ("", Wanted::Way),
        ] {
            assert_eq!(wanted(text), expected, "{text}");
        }
    }

    #[test]
    fn pages_are_known_by_their_folders() {
        assert_eq!(kind_of("how-to/apps.md"), Kind::Guide);
        assert_eq!(kind_of("team/Runbooks/dns.md"), Kind::Troubleshooting);
        assert_eq!(kind_of("concepts.md"), Kind::Concepts);
        assert_eq!(kind_of("components/traefik.md"), Kind::Other);
        assert_eq!(kind_of("workshop/developer.md"), Kind::Lesson);
        assert_eq!(kind_of("reference/workshop-format.md"), Kind::Reference);
        assert!(is_slides("workshop/slides/developer.md") && !is_slides("how-to/slides.md"));
        for wanted in [Wanted::Way, Wanted::Meaning, Wanted::Mending, Wanted::Name] {
            assert!(factor(wanted, Kind::Lesson) < factor(wanted, Kind::Other));
        }
        assert!(factor(Wanted::Way, Kind::Guide) > factor(Wanted::Way, Kind::Other));
        assert!(factor(Wanted::Meaning, Kind::Troubleshooting) < factor(Wanted::Meaning, Kind::Other));
    }
}
