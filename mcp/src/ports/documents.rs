//! Where documents come from.

/// One Markdown file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Path with `/`, relative to its source, as `guides/argocd.md`.
    pub path: String,
    pub text: String,
}

/// A source of documents: the embedded ones, or a folder of the user's.
pub trait DocumentSource: Send + Sync + 'static {
    /// Name for people and for addresses, as `backstack` or the folder's name.
    fn name(&self) -> &str;

    /// All of them.
    fn documents(&self) -> Vec<Document>;
}
