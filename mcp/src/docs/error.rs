//! What can go wrong when somebody asks for pages; each says what to do next.

/// A question about pages that cannot be answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocsError {
    /// The question has nothing but blanks.
    #[error("there is nothing to search for")]
    EmptyQuery,
    /// No page has this path.
    #[error("there is no page `{path}`")]
    UnknownPage {
        /// The path that was asked for.
        path: String,
        /// Paths of pages that it may have meant; empty if none comes close.
        similar: Vec<String>,
    },
    /// The page is there, without such a section.
    #[error("page `{path}` has no section `#{anchor}`")]
    UnknownSection {
        /// Path of the page.
        path: String,
        /// The section's anchor, without `#`.
        anchor: String,
        /// Anchors that the page has, in its order.
        sections: Vec<String>,
    },
    /// The cursor came from another question, or from another edition of the pages.
    #[error("the cursor `{cursor}` does not belong to this question")]
    Cursor {
        /// The cursor, as it was given.
        cursor: String,
    },
    /// A folder that was named with `--docs` is of no use.
    #[error("the folder {folder} cannot be used as documentation: {why}")]
    Folder {
        /// The folder, as it was named.
        folder: String,
        /// What the system says, or what the folder lacks.
        why: String,
    },
}

impl DocsError {
    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::EmptyQuery => "Give a few words, a name, or an error message.".into(),
            Self::UnknownPage { similar, .. } if similar.is_empty() => {
                "Search first: an answer has the path of its page.".into()
            }
            Self::UnknownPage { similar, .. } => format!("Did you mean {}?", similar.join(", ")),
            Self::UnknownSection { sections, .. } => format!("It has: {}.", sections.join(", ")),
            Self::Cursor { .. } => {
                "Ask again without a cursor; take the cursor from the answer before, with the same question.".into()
            }
            Self::Folder { .. } => "Give `--docs` a folder that you may read and that has Markdown files.".into(),
        }
    }
}
