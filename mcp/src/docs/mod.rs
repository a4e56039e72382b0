//! Documentation that can be asked: pages of Markdown, searched by section and read in pieces.
//!
//! Pure: pages in, answers out. [`Docs::embedded`] has the pages of this program, [`Docs::with_folders`] a user's own
//! beside them. Ranking is BM25F over heading path, heading, text, code and the questions that people ask; the best are
//! looked at again, by what the question wants and by what the sections have to do with each other. [`rank`] has the
//! ingredients and their numbers, and `mcp/tests/docs_search.rs` scores them by graded questions.

use std::path::PathBuf;

mod company;
mod corpus;
mod cursor;
mod error;
mod index;
mod kinds;
mod links;
mod markdown;
mod query;
pub mod rank;
mod read;
mod search;
mod slug;
mod snippet;
mod synonyms;
mod words;

pub use corpus::{Corpus, Page};
pub use error::DocsError;
pub use links::absolute;
pub use markdown::Section;
pub use read::{DEFAULT_CHARS, Piece, address_of};
pub use search::{Answer, DEFAULT_LIMIT, Hit, Question};

use index::Index;
use rank::Ingredients;
use snippet::Pieces;

use crate::fingerprint;

/// Pages and their index.
#[derive(Debug)]
pub struct Docs {
    corpus: Corpus,
    index: Index,
    pieces: Pieces,
    edition: u64,
}

impl Docs {
    /// The pages of this program.
    pub fn embedded() -> Self {
        Self::new(Corpus::embedded(), Ingredients::default())
    }

    /// The pages of this program and those of the user's folders.
    ///
    /// # Errors
    /// A folder cannot be used.
    pub fn with_folders(folders: &[PathBuf]) -> Result<Self, DocsError> {
        let mut corpus = Corpus::embedded();
        for folder in folders {
            corpus.add_folder(folder)?;
        }
        Ok(Self::new(corpus, Ingredients::default()))
    }

    /// These pages, ranked so.
    pub fn new(corpus: Corpus, ingredients: Ingredients) -> Self {
        let edition =
            fingerprint::of(corpus.pages.iter().flat_map(|page| [page.path.as_bytes(), page.source.as_bytes()]));
        let index = Index::build(&corpus, ingredients);
        let pieces = Pieces::of_sections(index.places.len());
        Self { corpus, index, pieces, edition }
    }

    /// All pages, sorted by path.
    pub fn pages(&self) -> &[Page] {
        &self.corpus.pages
    }

    /// Files of the user's folders that were left out, and why.
    pub fn left_out(&self) -> &[String] {
        &self.corpus.left_out
    }

    /// The sections that answer a question, the best first.
    ///
    /// # Errors
    /// An empty question, or a cursor of another one.
    pub fn search(&self, question: &Question) -> Result<Answer, DocsError> {
        let (corpus, index, pieces) = (&self.corpus, &self.index, &self.pieces);
        search::Searcher { corpus, index, pieces, edition: self.edition }.search(question)
    }

    /// A page or section (`path` or `path#anchor`) from character `offset` on, at most `max_chars` characters.
    ///
    /// # Errors
    /// No such page or section; the error names what there is.
    pub fn read(&self, address: &str, offset: usize, max_chars: Option<usize>) -> Result<Piece, DocsError> {
        read::read(&self.corpus, address, offset, max_chars)
    }
}

#[cfg(test)]
mod tests;
