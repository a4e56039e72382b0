//! Reading a page or a section, a bounded piece at a time.

use schemars::JsonSchema;
use serde::Serialize;

use super::corpus::{Corpus, Page};
use super::error::DocsError;
use super::markdown::Section;
use crate::likeness::likeness;

/// Characters of a piece if nobody says otherwise: about 1,500 tokens.
pub const DEFAULT_CHARS: usize = 6_000;
/// Less would cut every paragraph.
const LEAST_CHARS: usize = 200;
const MOST_CHARS: usize = 200_000;
const MOST_SIMILAR: usize = 5;

/// A piece of a page.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Piece {
    /// Path of the page, with `#` and the anchor if a section was asked for.
    pub address: String,
    /// Title of the page or section.
    pub title: String,
    /// The headings above it, outermost first.
    pub breadcrumb: Vec<String>,
    /// The Markdown itself.
    pub text: String,
    /// Characters before this piece.
    pub offset: u64,
    /// Characters of the whole page or section.
    pub total_chars: u64,
    /// Give this as `offset` for the next piece; nothing if this was the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_offset: Option<u64>,
    /// Addresses of the sections directly below it.
    pub sections: Vec<String>,
}

/// Reads `path` or `path#anchor` from a place on, at most so many characters.
///
/// # Errors
/// No such page or section; what there is instead is named.
pub(super) fn read(
    corpus: &Corpus,
    address: &str,
    offset: usize,
    max_chars: Option<usize>,
) -> Result<Piece, DocsError> {
    let (path, anchor) = split(address);
    let page = corpus.page(path).ok_or_else(|| unknown(corpus, path))?;
    let found = match anchor {
        None => None,
        Some(anchor) => Some(section(page, anchor)?),
    };
    let text = page.shown(found.map_or(0..page.source.len(), |section| section.whole.clone()));
    let limit = max_chars.unwrap_or(DEFAULT_CHARS).clamp(LEAST_CHARS, MOST_CHARS);
    let (piece, start, total) = cut(&text, offset, limit);
    let end = start + piece.chars().count();
    Ok(Piece {
        address: found.map_or_else(|| page.path.clone(), |section| address_of(page, section)),
        title: found.map_or(&page.title, |section| &section.title).clone(),
        breadcrumb: found.map(|section| section.trail.clone()).unwrap_or_default(),
        text: piece.to_string(),
        offset: start as u64,
        total_chars: total as u64,
        next_offset: (end < total).then_some(end as u64),
        sections: below(page, found).iter().map(|section| address_of(page, section)).collect(),
    })
}

/// `path#anchor`; the path alone for what stands before the first heading.
pub fn address_of(page: &Page, section: &Section) -> String {
    if section.anchor.is_empty() { page.path.clone() } else { format!("{}#{}", page.path, section.anchor) }
}

fn split(address: &str) -> (&str, Option<&str>) {
    let address = address.trim();
    let (path, anchor) = address.split_once('#').map_or((address, None), |(path, anchor)| (path, Some(anchor)));
    (path.trim_start_matches("./"), anchor.filter(|anchor| !anchor.is_empty()))
}

fn section<'a>(page: &'a Page, anchor: &str) -> Result<&'a Section, DocsError> {
    page.sections.iter().find(|section| section.anchor == anchor).ok_or_else(|| DocsError::UnknownSection {
        path: page.path.clone(),
        anchor: anchor.into(),
        sections: page
            .sections
            .iter()
            .filter(|one| !one.anchor.is_empty())
            .map(|one| format!("#{}", one.anchor))
            .collect(),
    })
}

/// The sections one step below this one (or below the page's own heading).
fn below<'a>(page: &'a Page, found: Option<&Section>) -> Vec<&'a Section> {
    let range = found.map_or(0..page.source.len(), |section| section.whole.clone());
    let own_level = found.map_or(0, |section| section.level);
    let inside: Vec<&Section> = page
        .sections
        .iter()
        .filter(|section| section.level > own_level && section.own.start >= range.start && section.own.end <= range.end)
        .collect();
    let next = inside.iter().map(|section| section.level).min().unwrap_or(0);
    inside.into_iter().filter(|section| section.level == next).collect()
}

/// A piece of at most `limit` characters from character `offset` on, ended at a paragraph or line if one is near.
fn cut(text: &str, offset: usize, limit: usize) -> (&str, usize, usize) {
    let total = text.chars().count();
    let start = offset.min(total);
    let from = at_char(text, start);
    let rest = &text[from..];
    let window = &rest[..at_char(rest, limit)];
    if window.len() == rest.len() {
        return (rest, start, total);
    }
    let near = window.len() / 2;
    let end =
        ["\n\n", "\n", " "].iter().find_map(|gap| window.rfind(gap).filter(|at| *at > near).map(|at| at + gap.len()));
    (&window[..end.unwrap_or(window.len())], start, total)
}

fn at_char(text: &str, number: usize) -> usize {
    text.char_indices().nth(number).map_or(text.len(), |(at, _)| at)
}

fn unknown(corpus: &Corpus, path: &str) -> DocsError {
    let wanted = path.rsplit('/').next().unwrap_or(path).to_lowercase();
    let distance = |page: &Page| {
        let name = page.path.rsplit('/').next().unwrap_or(&page.path);
        likeness(&wanted, name).max(likeness(&wanted, name.trim_end_matches(".md")))
    };
    let mut near: Vec<(f64, &str)> = corpus.pages.iter().map(|page| (distance(page), page.path.as_str())).collect();
    near.retain(|(alike, _)| *alike > 0.8);
    near.sort_by(|one, other| other.0.total_cmp(&one.0));
    let similar = near.into_iter().take(MOST_SIMILAR).map(|(_, path)| path.to_string()).collect();
    // What was sent is shown again: not more of it than a path can have.
    DocsError::UnknownPage { path: path.chars().take(200).collect(), similar }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corpus() -> Corpus {
        Corpus::of([
            ("components/traefik.md", "# Traefik\n\nLead.\n\n## Routes\n\nA\n\n### Deep\n\nB\n\n## Routes\n\nC\n"),
            ("long.md", "# Long\n\nÄaaa bbbb.\n\n"),
        ])
    }

    #[test]
    fn a_section_comes_with_what_is_below_it() {
        let piece = read(&corpus(), "components/traefik.md#routes", 0, None).expect("there");
        assert_eq!(piece.text, "## Routes\n\nA\n\n### Deep\n\nB\n\n");
        assert_eq!(piece.sections, ["components/traefik.md#deep"]);
        assert_eq!(piece.breadcrumb, ["Traefik"]);
        let second = read(&corpus(), "./components/traefik.md#routes-1", 0, None).expect("there");
        assert_eq!(second.text, "## Routes\n\nC\n");
    }

    #[test]
    fn comments_are_not_shown() {
        let text = "# Course\n<!-- track\nname: one\n-->\n\n## Step\n<!-- step\nminutes: 5\n-->\nDo it.\n\n```html\n<!-- kept -->\n```\n";
        let corpus = Corpus::of([("course.md", text)]);
        let page = read(&corpus, "course.md", 0, None).expect("there");
        assert_eq!(page.text, "# Course\n\n## Step\nDo it.\n\n```html\n<!-- kept -->\n```\n");
        assert_eq!(page.total_chars, page.text.chars().count() as u64);
        let step = read(&corpus, "course.md#step", 0, None).expect("there");
        assert_eq!(step.text, "## Step\nDo it.\n\n```html\n<!-- kept -->\n```\n");
    }

    #[test]
    fn pieces_put_together_are_the_page() {
        let text = "Ein Satz über Größe. ".repeat(300) + "\n\nEnde.";
        let corpus = Corpus::of([("a.md", text.as_str())]);
        let (mut all, mut offset) = (String::new(), 0);
        loop {
            let piece = read(&corpus, "a.md", offset, Some(777)).expect("there");
            assert!(piece.text.chars().count() <= 777 && !piece.text.is_empty());
            all += &piece.text;
            match piece.next_offset {
                Some(next) => offset = usize::try_from(next).expect("small"),
                None => break,
            }
        }
        assert_eq!(all, text);
        assert_eq!(read(&corpus, "a.md", 10_000_000, None).expect("there").text, "");
    }

    #[test]
    fn no_path_leaves_the_pages() {
        for path in [
            "../../etc/passwd",
            "/etc/passwd",
            "components/../../../etc/passwd",
            "..\\..\\etc\\passwd",
            "%2e%2e/etc/passwd",
            "components/traefik.md/../../x",
            "file:///etc/passwd",
            "",
            "#",
            ".",
            "\0",
            "components/traefik.md\0.md",
        ] {
            assert!(matches!(read(&corpus(), path, 0, None), Err(DocsError::UnknownPage { .. })), "{path:?}");
        }
    }

    #[test]
    fn what_is_not_there_is_answered_with_what_is() {
        let Err(DocsError::UnknownPage { similar, .. }) = read(&corpus(), "component/trafik", 0, None) else {
            panic!()
        };
        assert_eq!(similar, ["components/traefik.md"]);
        let Err(error) = read(&corpus(), "components/traefik.md#nope", 0, None) else { panic!() };
        assert!(error.hint().contains("#routes-1"), "{}", error.hint());
    }
}
