//! Which upstream registries answer at all, asked before a source of images is chosen.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use futures::{StreamExt, stream};
use reqwest::StatusCode;
use reqwest::header::CONTENT_TYPE;

use super::Upstream;
use crate::images::error::reason;

/// A registry that needs longer is of no use for images either.
const DEADLINE: Duration = Duration::from_secs(3);

/// Who answered. Its text names all of them, for the line that says which source was taken and why.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answers {
    pub answered: Vec<String>,
    pub silent: Vec<Silent>,
}

/// A registry that did not answer as a registry does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Silent {
    pub host: String,
    pub why: String,
}

impl Answers {
    /// Whether every registry answered.
    pub fn all(&self) -> bool {
        self.silent.is_empty()
    }
}

impl fmt::Display for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let silent: Vec<_> = self.silent.iter().map(|one| format!("{}: {}", one.host, one.why)).collect();
        match (self.answered.as_slice(), silent.as_slice()) {
            ([], []) => f.write_str("no upstream registry is needed"),
            (answered, []) => write!(f, "{} answered", answered.join(", ")),
            ([], silent) => write!(f, "no upstream registry answered ({})", silent.join("; ")),
            (answered, silent) => write!(f, "{} answered, but not {}", answered.join(", "), silent.join("; ")),
        }
    }
}

impl Upstream {
    /// Asks each of these registry hosts, all at once and for three seconds at most, whether it answers.
    pub async fn probe<'a>(&self, hosts: impl IntoIterator<Item = &'a str>) -> Answers {
        let hosts: BTreeSet<String> = hosts.into_iter().map(Into::into).collect();
        let mut answers = Answers::default();
        let mut asked = stream::iter(hosts)
            .map(|host| async move {
                let why = tokio::time::timeout(DEADLINE, self.ask(&host)).await;
                (host, why.unwrap_or_else(|_| Err(format!("no answer within {} s", DEADLINE.as_secs()))))
            })
            .buffer_unordered(64);
        while let Some((host, result)) = asked.next().await {
            match result {
                Ok(()) => answers.answered.push(host),
                Err(why) => answers.silent.push(Silent { host, why }),
            }
        }
        answers.answered.sort();
        answers.silent.sort();
        answers
    }

    async fn ask(&self, host: &str) -> Result<(), String> {
        let (base, _) = self.base(host).map_err(|error| error.to_string())?;
        let url = base.join("v2/").map_err(|error| error.to_string())?;
        let client = self.client_for(&url).await.map_err(|error| error.to_string())?;
        let answer = client.get(url).send().await.map_err(reason)?;
        let page = answer.headers().get(CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"text/html"));
        match answer.status() {
            // A network that asks people to sign in first answers everything with a page of its own.
            StatusCode::OK if page => Err("a web page answered, not a registry".into()),
            StatusCode::OK | StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS => Ok(()),
            status => Err(format!("it answered {status}")),
        }
    }
}
