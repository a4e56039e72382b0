//! The platform as the course sees it: what it asks, and as whom.

use std::sync::Arc;
use std::time::Duration;

use backstack_mcp::live::kinds::GIT_API;
use backstack_mcp::ports::{Cluster, GitServer, Platforms, PortError};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;

use super::WorkshopError;
use crate::assistant::live::{Git, LivePlatforms};
use crate::kubernetes::credentials::Found;
use crate::target::local::Running;

/// For one answer of a page.
const PATIENCE: Duration = Duration::from_secs(20);

/// A platform of our own that runs, and what opens it.
pub struct Platform {
    /// Its nodes and its API.
    pub place: Running,
    /// Where people reach it.
    pub url: String,
    /// Its certificate authority, PEM.
    pub ca: String,
    /// What its components say that people need.
    pub credentials: Vec<Found>,
    /// Names of the programs that `backstack exec` runs.
    pub programs: Vec<String>,
    /// The assistant's view, which the judge and the policies are asked by.
    pub platforms: Arc<LivePlatforms>,
}

impl Platform {
    /// The platform's name, as `--name` has it.
    pub(crate) fn name(&self) -> &str {
        &self.place.platform.name
    }

    /// The cluster as the judge sees it.
    pub(super) async fn cluster(&self) -> Result<Arc<dyn Cluster>, PortError> {
        self.platforms.platform(None).await
    }

    /// An HTTP client that trusts the platform.
    pub(super) fn http(&self) -> Result<reqwest::Client, WorkshopError> {
        let builder = reqwest::Client::builder().timeout(PATIENCE);
        crate::tls::client_of_platform(builder, &self.ca).map_err(|source| WorkshopError::Certificate { source })
    }

    /// Somebody more who signs in.
    pub(super) fn know(&mut self, person: Found) {
        self.credentials.retain(|found| found.username != person.username);
        self.credentials.push(person);
    }

    /// What opens the platform for somebody.
    pub(super) fn credential(&self, user: &str) -> Option<&Found> {
        self.credentials.iter().find(|found| found.username == user && found.password.is_some())
    }

    /// The Git server, as somebody.
    pub(super) fn git_as(&self, user: &str) -> Result<Arc<dyn GitServer>, WorkshopError> {
        let found = self.credential(user).ok_or_else(|| WorkshopError::NoPerson {
            user: user.into(),
            known: self.credentials.iter().map(|found| found.username.clone()).collect(),
        })?;
        let pair = BASE64.encode(format!("{user}:{}", found.password.as_deref().unwrap_or_default()));
        let root = format!("{}{GIT_API}", self.url);
        Ok(Arc::new(Git::new(self.name(), root, format!("Basic {pair}"), Some(&self.ca))?))
    }

    /// Who may look at what somebody proposed, of those who sign in where the learner does: the learner first, where it was
    /// somebody else.
    pub(super) fn colleagues(&self, author: &str, learner: &str) -> Vec<String> {
        let door = self.credential(learner).and_then(|found| found.path.clone());
        let beside = self.credentials.iter().filter(|found| found.password.is_some() && found.path == door);
        in_turn(beside.map(|found| found.username.clone()).collect(), author, learner)
    }
}

/// Who is asked first: nobody judges what is their own, and the learner does it where it is somebody else's.
fn in_turn(people: Vec<String>, author: &str, learner: &str) -> Vec<String> {
    let mut others: Vec<_> = people.into_iter().filter(|name| name != author).collect();
    others.sort_by_key(|name| name != learner);
    others
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_learner_approves_what_somebody_else_proposed() {
        let people = || ["developer", "engineer", "admin"].map(str::to_string).to_vec();
        assert_eq!(in_turn(people(), "developer", "engineer"), ["engineer", "admin"]);
        assert_eq!(in_turn(people(), "engineer", "engineer"), ["developer", "admin"]);
        assert_eq!(in_turn(people(), "robot", "developer"), ["developer", "engineer", "admin"]);
    }
}
