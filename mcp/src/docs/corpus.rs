//! The pages: those built in, and those of the user's own folders.
//!
//! Everything is read into memory once. Whatever is asked for later is looked up among these pages and never in the
//! file system, so no path that somebody sends can leave the folders.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::error::DocsError;
use super::markdown::{self, Section};
use backstack_files::{input, text};

include!(concat!(env!("OUT_DIR"), "/embedded_docs.rs"));

/// A larger file is no page that somebody wrote.
const LARGEST_FILE: u64 = 2 << 20;
/// Enough for an organisation's documents; more would be a wrong folder.
const MOST_BYTES: u64 = 64 << 20;
const MOST_FILES: usize = 20_000;
const DEEPEST: usize = 32;

/// Where a section is in the corpus: number of the page, number in the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub page: u32,
    pub section: u32,
}

/// A page of Markdown.
#[derive(Debug, Clone)]
pub struct Page {
    /// Path with `/`, as `components/traefik.md`; of a user's folder with the folder's name before it.
    pub path: String,
    /// Its first heading; the file's name without its ending if it has none.
    pub title: String,
    /// Its whole Markdown, without a byte order mark and with `\n` at the ends of lines.
    pub source: String,
    /// Its parts by heading, in the order of the page.
    pub sections: Vec<Section>,
    /// Where comments lie in the source, in order.
    comments: Vec<Range<usize>>,
}

impl Page {
    /// A part of the source as a reader sees it: without comments.
    pub(super) fn shown(&self, part: Range<usize>) -> Cow<'_, str> {
        let inside = self.comments.iter().filter(|comment| part.contains(&comment.start) && comment.end <= part.end);
        let (mut shown, mut from) = (String::new(), part.start);
        for comment in inside {
            shown.push_str(&self.source[from..comment.start]);
            from = comment.end;
        }
        let rest = &self.source[from..part.end];
        if from == part.start { Cow::Borrowed(rest) } else { Cow::Owned(shown + rest) }
    }
}

/// All pages, sorted by path.
#[derive(Debug, Clone, Default)]
pub struct Corpus {
    /// All pages, sorted by [`Page::path`].
    pub pages: Vec<Page>,
    /// Files that were left out, and why.
    pub left_out: Vec<String>,
}

impl Corpus {
    /// The pages that are part of the program.
    pub fn embedded() -> Self {
        let mut corpus = Self::default();
        for (path, source) in EMBEDDED {
            corpus.add(path, source);
        }
        corpus.sort();
        for (page, anchor, questions) in ASKED {
            corpus.ask(page, anchor, &questions.join("\n"));
        }
        corpus
    }

    /// Notes what people ask that a section answers, a line each. A section that is not there is passed over: a test says so.
    pub fn ask(&mut self, page: &str, anchor: &str, questions: &str) {
        let Ok(at) = self.pages.binary_search_by(|one| one.path.as_str().cmp(page)) else { return };
        if let Some(section) = self.pages[at].sections.iter_mut().find(|section| section.anchor == anchor) {
            section.asked = questions.into();
        }
    }

    /// Pages from memory: path and text.
    pub fn of<'a>(pages: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut corpus = Self::default();
        for (path, source) in pages {
            corpus.add(path, source);
        }
        corpus.sort();
        corpus
    }

    /// Adds the Markdown files below a folder, under the folder's name.
    ///
    /// Links are not followed, and names that begin with a dot are left out.
    ///
    /// # Errors
    /// The folder cannot be read, has no Markdown, or far too much of it.
    pub fn add_folder(&mut self, folder: &Path) -> Result<(), DocsError> {
        let unreadable = |why: String| DocsError::Folder { folder: folder.display().to_string(), why };
        let real = folder.canonicalize().map_err(|error| unreadable(error.to_string()))?;
        if !real.is_dir() {
            return Err(unreadable("it is not a folder".into()));
        }
        let prefix = self.free_prefix(&real);
        let mut found = Found { files: Vec::new(), bytes: 0, left_out: Vec::new() };
        found.walk(&real, DEEPEST).map_err(unreadable)?;
        if found.files.is_empty() {
            return Err(unreadable("there is no Markdown file (*.md) in it".into()));
        }
        for file in &found.files {
            let Ok(below) = file.strip_prefix(&real) else { continue };
            let path = below.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
            match input::file(file) {
                Ok(bytes) => self.add(&format!("{prefix}/{path}"), &text::decode_lossy(&bytes)),
                Err(error) => found.left_out.push(format!("{}: {error}", file.display())),
            }
        }
        self.left_out.append(&mut found.left_out);
        self.sort();
        Ok(())
    }

    /// The folder's name, with a number if pages of that name are there already.
    fn free_prefix(&self, folder: &Path) -> String {
        let name = folder.file_name().map_or_else(|| "docs".into(), |name| name.to_string_lossy().into_owned());
        let taken: HashSet<&str> = self.pages.iter().filter_map(|page| page.path.split('/').next()).collect();
        let numbered = (2..).map(|number| format!("{name}-{number}"));
        std::iter::once(name.clone()).chain(numbered).find(|one| !taken.contains(one.as_str())).unwrap_or(name)
    }

    fn add(&mut self, path: &str, source: &str) {
        let source = source.strip_prefix('\u{feff}').unwrap_or(source).replace("\r\n", "\n");
        let file = path.rsplit('/').next().unwrap_or(path);
        let name = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        let parsed = markdown::parse(&source, name);
        let markdown::Parsed { title, sections, comments } = parsed;
        self.pages.push(Page { path: path.into(), title, sections, comments, source });
    }

    fn sort(&mut self) {
        self.pages.sort_by(|one, other| one.path.cmp(&other.path));
    }

    /// The page of exactly this path.
    pub fn page(&self, path: &str) -> Option<&Page> {
        let at = self.pages.binary_search_by(|page| page.path.as_str().cmp(path)).ok()?;
        self.pages.get(at)
    }
}

struct Found {
    files: Vec<PathBuf>,
    bytes: u64,
    left_out: Vec<String>,
}

impl Found {
    fn walk(&mut self, folder: &Path, depth: usize) -> Result<(), String> {
        let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.sort();
        for path in paths {
            let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
            let Ok(about) = path.symlink_metadata() else { continue };
            if hidden || about.is_symlink() {
                continue;
            }
            if about.is_dir() && depth > 0 {
                if let Err(why) = self.walk(&path, depth - 1) {
                    self.left_out.push(why);
                }
            } else if about.is_file() && is_markdown(&path) {
                self.file(path, about.len())?;
            }
        }
        Ok(())
    }

    fn file(&mut self, path: PathBuf, size: u64) -> Result<(), String> {
        if size > LARGEST_FILE {
            self.left_out.push(format!("{}: {size} bytes are too large for a page", path.display()));
            return Ok(());
        }
        self.bytes += size;
        self.files.push(path);
        if self.bytes > MOST_BYTES || self.files.len() > MOST_FILES {
            return Err(format!("it has more than {MOST_FILES} Markdown files or {} MiB of them", MOST_BYTES >> 20));
        }
        Ok(())
    }
}

fn is_markdown(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("md") || ending.eq_ignore_ascii_case("markdown"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_read_without_links_and_hidden_files() {
        let temp = tempfile::tempdir().expect("a folder");
        let wiki = temp.path().join("wiki");
        std::fs::create_dir_all(wiki.join("team/.git")).expect("folders");
        std::fs::write(temp.path().join("secret.md"), "# Outside").expect("a file");
        std::fs::write(wiki.join("team/on-call.md"), "# On call\n\nAsk.").expect("a file");
        std::fs::write(wiki.join("team/.git/x.md"), "# Hidden").expect("a file");
        std::fs::write(wiki.join("note.txt"), "no page").expect("a file");
        #[cfg(unix)]
        std::os::unix::fs::symlink(temp.path().join("secret.md"), wiki.join("link.md")).expect("a link");
        let mut corpus = Corpus::of([("wiki/own.md", "# Own")]);
        corpus.add_folder(&wiki).expect("readable");
        let paths: Vec<_> = corpus.pages.iter().map(|page| page.path.as_str()).collect();
        assert_eq!(paths, ["wiki-2/team/on-call.md", "wiki/own.md"]);
        assert_eq!(corpus.page("wiki-2/team/on-call.md").expect("there").title, "On call");
    }

    #[test]
    fn a_folder_that_is_none_is_told() {
        let temp = tempfile::tempdir().expect("a folder");
        let mut corpus = Corpus::default();
        for folder in [temp.path().to_path_buf(), temp.path().join("nope")] {
            assert!(matches!(corpus.add_folder(&folder), Err(DocsError::Folder { .. })));
        }
    }

    #[test]
    fn every_encoding_is_read() {
        let temp = tempfile::tempdir().expect("a folder");
        let page = "\u{feff}# Größe\r\n\r\nx\r\n";
        std::fs::write(temp.path().join("a.md"), page).expect("a file");
        std::fs::write(temp.path().join("b.md"), page.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>())
            .expect("a file");
        let mut corpus = Corpus::default();
        corpus.add_folder(temp.path()).expect("readable");
        for page in &corpus.pages {
            assert_eq!((page.title.as_str(), page.source.as_str()), ("Größe", "# Größe\n\nx\n"), "{}", page.path);
        }
    }

    #[test]
    fn what_is_not_utf_8_does_no_harm() {
        let temp = tempfile::tempdir().expect("a folder");
        std::fs::write(temp.path().join("a.md"), b"\xff\xfe# x\r\n\xc3(").expect("a file");
        Corpus::default().add_folder(temp.path()).expect("readable");
    }

    #[test]
    fn pages_are_built_in() {
        let corpus = Corpus::embedded();
        assert!(corpus.page("architecture.md").is_some());
        assert!(corpus.pages.iter().all(|page| page.path.ends_with(".md")));
    }
}
