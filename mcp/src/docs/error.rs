//! What can go wrong when somebody asks for pages; each says what to do next.

/// A question about pages that cannot be answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocsError {
    #[error("there is nothing to search for")]
    EmptyQuery,
    #[error("there is no page `{path}`")]
    UnknownPage { path: String, similar: Vec<String> },
    #[error("page `{path}` has no section `#{anchor}`")]
    UnknownSection { path: String, anchor: String, sections: Vec<String> },
    #[error("the cursor `{cursor}` does not belong to this question")]
    Cursor { cursor: String },
    #[error("the folder {folder} cannot be used as documentation: {why}")]
    Folder { folder: String, why: String },
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
