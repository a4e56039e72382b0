//! Changes, proposed as pull requests in the platform's own Git server.

use async_trait::async_trait;

use super::PortError;

/// A change to be proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The same key gives the same pull request, however often it is proposed.
    pub idempotency_key: String,
    /// Repository as `backstack/demo-cluster`.
    pub repository: String,
    pub title: String,
    /// Markdown.
    pub body: String,
    pub files: Vec<ProposedFile>,
}

/// One file of a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposedFile {
    pub path: String,
    /// `None` deletes it.
    pub content: Option<String>,
}

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    pub repository: String,
    pub number: u64,
    pub url: String,
    /// `open`, `merged` or `closed`.
    pub state: String,
    /// Commit that merged it.
    pub merge_commit: Option<String>,
}

/// The Git server of a platform.
#[async_trait]
pub trait Changes: Send + Sync + 'static {
    /// A file of the main branch; `None` if there is none.
    async fn file(&self, repository: &str, path: &str) -> Result<Option<String>, PortError>;

    /// Opens a pull request, or gives the one opened before with the same key.
    async fn propose(&self, proposal: &Proposal) -> Result<PullRequest, PortError>;

    /// Where a pull request stands.
    async fn pull_request(&self, repository: &str, number: u64) -> Result<PullRequest, PortError>;
}
