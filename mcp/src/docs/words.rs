//! Text to terms: words, the parts of compound names, and a light stem.

use super::rank::Ingredients;

/// Words that say nothing by themselves. Commands (`up`, `down`) and words of messages (`not`, `no`) are none of them.
const STOP: &[&str] = &[
    "a", "about", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be", "been", "being", "but", "by",
    "can", "cant", "could", "did", "do", "does", "doesnt", "dont", "for", "from", "get", "gets", "getting", "had",
    "has", "have", "he", "her", "here", "him", "his", "how", "i", "if", "im", "in", "into", "is", "isnt", "it", "its",
    "ive", "just", "may", "me", "might", "my", "of", "on", "or", "our", "please", "shall", "she", "should", "so",
    "some", "such", "than", "that", "the", "their", "them", "then", "there", "these", "they", "thing", "things",
    "this", "those", "to", "us", "want", "wants", "was", "we", "were", "what", "when", "where", "which", "while",
    "who", "why", "will", "with", "wont", "would", "you", "your",
];

/// A word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// In lower case.
    pub raw: String,
    /// What is indexed and looked for: its stem.
    pub term: String,
    /// The whole of a compound name (`certmanager` of `cert-manager`), besides its parts.
    pub compound: bool,
    /// How many words the same name gave; 1 for a plain word.
    pub of: usize,
}

/// The words of a text, in order, without those that say nothing.
pub(super) fn words(text: &str, ingredients: &Ingredients) -> Vec<Word> {
    let mut words = Vec::new();
    for chunk in chunks(text) {
        of_chunk(chunk, ingredients, &mut words);
    }
    words
}

/// Whether a word (in lower case, not stemmed) says nothing by itself.
pub(super) fn is_stop_word(word: &str) -> bool {
    STOP.binary_search(&word).is_ok()
}

fn is_joiner(letter: char) -> bool {
    matches!(letter, '-' | '_' | '.')
}

/// `don't` is `dont`, and `platform's` is `platform`.
fn is_apostrophe(letter: char) -> bool {
    matches!(letter, '\'' | '’')
}

/// Runs of letters and digits, with the signs that join names (`cert-manager`, `depends_on`) within.
pub(super) fn chunks(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !(letter.is_alphanumeric() || is_joiner(letter) || is_apostrophe(letter)))
        .map(|chunk| chunk.trim_end_matches("'s").trim_end_matches("’s"))
        .map(|chunk| chunk.trim_matches(|letter| is_joiner(letter) || is_apostrophe(letter)))
        .filter(|chunk| !chunk.is_empty())
}

fn of_chunk(chunk: &str, ingredients: &Ingredients, words: &mut Vec<Word>) {
    let stem = |word: &str| if ingredients.stemming { stem(word) } else { word.to_string() };
    let whole: String = chunk
        .chars()
        .filter(|letter| !is_joiner(*letter) && !is_apostrophe(*letter))
        .flat_map(char::to_lowercase)
        .collect();
    let parts: Vec<String> =
        if chunk.contains(is_apostrophe) { vec![whole.clone()] } else { parts(chunk).map(str::to_lowercase).collect() };
    if !ingredients.splitting || parts.len() < 2 {
        if !is_stop_word(&whole) {
            words.push(Word { term: stem(&whole), raw: whole, compound: false, of: 1 });
        }
        return;
    }
    let telling: Vec<String> = parts.into_iter().filter(|part| !is_stop_word(part)).collect();
    let of = telling.len() + 1;
    words.extend(telling.into_iter().map(|part| Word { term: stem(&part), raw: part, compound: false, of }));
    words.push(Word { term: stem(&whole), raw: whole, compound: true, of });
}

/// `ClusterIssuer` is `Cluster` and `Issuer`; `max_user_watches` is three words; `APIs` stays one.
fn parts(chunk: &str) -> impl Iterator<Item = &str> {
    chunk.split(is_joiner).flat_map(|piece| {
        let mut cuts = vec![0];
        let letters: Vec<(usize, char)> = piece.char_indices().collect();
        for at in 1..letters.len() {
            let (before, here) = (letters[at - 1].1, letters[at].1);
            let after = letters.get(at + 1).map(|(_, letter)| *letter);
            let plural = after == Some('s') && at + 2 == letters.len();
            let rises = before.is_lowercase() && here.is_uppercase();
            let ends_capitals =
                before.is_uppercase() && here.is_uppercase() && after.is_some_and(char::is_lowercase) && !plural;
            if rises || ends_capitals {
                cuts.push(letters[at].0);
            }
        }
        cuts.push(piece.len());
        let pieces: Vec<&str> = cuts.windows(2).map(|pair| &piece[pair[0]..pair[1]]).collect();
        pieces.into_iter().filter(|piece| !piece.is_empty())
    })
}

/// A light stem: plurals, `-ing`, `-ed`, and a final `e`. Both sides are stemmed alike, so it need be no word.
pub(super) fn stem(word: &str) -> String {
    if word.len() < 4 || !word.is_ascii() || !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return word.to_string();
    }
    let singular = singular(word);
    let base = ["ing", "ed"].iter().find_map(|ending| shortened(&singular, ending)).unwrap_or(singular);
    if base.len() > 4 && base.ends_with('e') { base[..base.len() - 1].to_string() } else { base }
}

fn singular(word: &str) -> String {
    if let Some(start) = word.strip_suffix("ies").filter(|start| start.len() > 1) {
        return format!("{start}y");
    }
    let keeps = ["ss", "us", "sis"].iter().any(|ending| word.ends_with(ending));
    if ["sses", "xes", "ches", "shes"].iter().any(|ending| word.ends_with(ending)) {
        return word[..word.len() - 2].to_string();
    }
    match word.strip_suffix('s') {
        Some(start) if !keeps => start.to_string(),
        _ => word.to_string(),
    }
}

fn shortened(word: &str, ending: &str) -> Option<String> {
    let start = word.strip_suffix(ending).filter(|start| start.len() > 2)?;
    start.bytes().any(|byte| b"aeiouy".contains(&byte)).then_some(())?;
    let bytes = start.as_bytes();
    let last = bytes[bytes.len() - 1];
    // `running` is `run`, but `installing` is `install` and `missing` is `miss`.
    let doubled = bytes[bytes.len() - 2] == last && !b"aeiouls".contains(&last);
    Some(if doubled { start[..start.len() - 1].to_string() } else { start.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(text: &str) -> Vec<String> {
        words(text, &Ingredients::default()).into_iter().map(|word| word.term).collect()
    }

    #[test]
    fn the_stop_words_are_sorted() {
        assert!(STOP.is_sorted());
    }

    #[test]
    fn names_are_split_and_kept_whole() {
        assert_eq!(
            terms("cert-manager's ClusterIssuer"),
            ["cert", "manager", "certmanager", "cluster", "issuer", "clusterissuer"]
        );
        assert_eq!(terms("`max_user_watches`"), ["max", "user", "watch", "maxuserwatch"]);
        assert_eq!(terms("two APIs, HTTPServer"), ["two", "api", "http", "server", "httpserver"]);
        assert_eq!(terms("--skip-checks."), ["skip", "check", "skipcheck"]);
    }

    #[test]
    fn endings_do_not_matter() {
        for (one, other) in [
            ("certificates", "certificate"),
            ("running", "runs"),
            ("policies", "policy"),
            ("installed", "installing"),
            ("deleting", "delete"),
            ("missing", "misses"),
            ("changed", "changes"),
            ("composed", "compose"),
        ] {
            assert_eq!(stem(one), stem(other), "{one}, {other}");
        }
    }

    #[test]
    fn what_is_no_plural_keeps_its_end() {
        assert_eq!(stem("ingress"), "ingress");
        assert_eq!(stem("status"), "status");
        assert_eq!(stem("analysis"), "analysis");
        assert_ne!(stem("posting"), stem("postgres"));
    }

    #[test]
    fn other_scripts_and_signs_do_no_harm() {
        assert_eq!(terms("Prüfstände für Übermut"), ["prüfstände", "für", "übermut"]);
        assert_eq!(terms("…--__..  \u{0}\u{feff}"), Vec::<String>::new());
    }
}
