//! What a step's checks ask the platform for.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Something that must hold after a step.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "check", rename_all = "snake_case")]
pub enum Check {
    /// `object`: an object of the cluster is there, or is not.
    Object(ObjectCheck),
    /// `healthy`: something runs.
    Healthy(HealthyCheck),
    /// `report`: a policy has judged an object.
    Report(ReportCheck),
    /// `git`: a file is in a repository, or is not.
    Git(GitCheck),
    /// `pull_request`: somebody has made a pull request, or merged it.
    PullRequest(PullRequestCheck),
    /// `url`: an address answers.
    Url(UrlCheck),
    /// `entity`: the portal's catalog has something.
    Entity(EntityCheck),
    /// `answer`: the learner knows something.
    Answer(AnswerCheck),
}

/// An object of the cluster as people write it: `Kind namespace/name` or `Kind name`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Thing {
    /// Its kind as manifests write it, as `App`.
    pub kind: String,
    /// Its namespace; empty for what is cluster-wide.
    pub namespace: String,
    /// `metadata.name` of it.
    pub name: String,
}

impl TryFrom<String> for Thing {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || {
            format!("`{text}` is no object: write `Kind namespace/name`, or `Kind name` for one without a namespace")
        };
        let (kind, place) = text.trim().split_once(' ').ok_or_else(wrong)?;
        let (namespace, name) = place.trim().split_once('/').unwrap_or(("", place.trim()));
        let is_word =
            |word: &str| !word.is_empty() && !word.contains(|letter: char| letter.is_whitespace() || letter == '/');
        if !is_word(kind) || !is_word(name) || place.trim().starts_with('/') || namespace.contains(char::is_whitespace)
        {
            return Err(wrong());
        }
        Ok(Self { kind: kind.into(), namespace: namespace.into(), name: name.into() })
    }
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.namespace.as_str() {
            "" => write!(f, "{} {}", self.kind, self.name),
            namespace => write!(f, "{} {namespace}/{}", self.kind, self.name),
        }
    }
}

impl From<Thing> for String {
    fn from(thing: Thing) -> Self {
        thing.to_string()
    }
}

/// An object is there, or is not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectCheck {
    /// The object that is looked for.
    pub object: Thing,
    /// Group and version, where several groups have a kind of that name; `None` means the only one.
    #[serde(rename = "apiVersion", default, skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// Type of a condition that must be True.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// JSON pointers, and the values that must be there.
    #[serde(rename = "where", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, Value>,
    /// The object must be gone, and not only on its way out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub absent: bool,
}

/// The judge says that it runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HealthyCheck {
    /// What `diagnose` is asked about.
    pub healthy: Thing,
}

/// What a policy found about an object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportCheck {
    /// Name of the policy.
    pub policy: String,
    /// The object that it has judged.
    pub of: Thing,
    /// `pass`, `fail`, `warn`, `error` or `skip`.
    pub result: String,
}

/// A file on the main branch of a repository.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GitCheck {
    /// Repository of the platform's Git server, without its owner.
    pub repository: String,
    /// Path of the file in the repository.
    pub file: String,
    /// Text that must stand in the file; `None` if it only has to be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has: Option<String>,
    /// The file must not be there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub absent: bool,
}

/// A pull request with a file, made since the step began.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PullRequestCheck {
    /// Repository of the platform's Git server, without its owner.
    pub repository: String,
    /// Path of a file that the pull request changes.
    pub file: String,
    /// What must have become of it.
    pub state: PullState,
}

/// What is to have become of a pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PullState {
    /// It waits for its merge.
    Open,
    /// It has been merged.
    Merged,
}

/// What an address answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UrlCheck {
    /// A path of the platform, or an address.
    pub at: String,
    /// Status of HTTP that must come; 200 if the page does not say.
    #[serde(default = "ok")]
    pub status: u16,
    /// Text that the answer must have; `None` if only the status counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has: Option<String>,
}

fn ok() -> u16 {
    200
}

/// An entity of the portal's catalog.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntityCheck {
    /// Reference as `kind:namespace/name`.
    pub entity: String,
}

/// A question that the learner answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerCheck {
    /// The question, as the learner reads it.
    pub question: String,
    /// The right answer; case, blanks, quotes and a full stop at the end do not count.
    pub is: String,
}

impl AnswerCheck {
    /// Whether it is that answer, however it is typed.
    pub fn is_right(&self, answer: &str) -> bool {
        let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        let quotes = ['`', '"', '\''];
        // A full stop ends a sentence; one at the beginning belongs to a name.
        let bare = answer.trim().trim_end_matches('.').trim_matches(quotes);
        plain(bare) == plain(&self.is) || plain(answer) == plain(&self.is)
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object(check) if check.absent => write!(f, "{} is gone", check.object),
            Self::Object(check) => {
                write!(f, "{} is there", check.object)?;
                check.condition.iter().try_for_each(|condition| write!(f, ", and {condition}"))?;
                check.values.iter().try_for_each(|(pointer, value)| write!(f, ", with {pointer} = {value}"))
            }
            Self::Healthy(check) => write!(f, "{} runs", check.healthy),
            Self::Report(check) => write!(f, "policy {} says `{}` of {}", check.policy, check.result, check.of),
            Self::Git(check) if check.absent => write!(f, "{} is gone from {}", check.file, check.repository),
            Self::Git(check) => {
                write!(f, "{} is in {}", check.file, check.repository)?;
                check.has.iter().try_for_each(|text| write!(f, ", with `{text}`"))
            }
            Self::PullRequest(check) => {
                let state = if check.state == PullState::Open { "open" } else { "merged" };
                write!(f, "a pull request with {} of {} is {state}", check.file, check.repository)
            }
            Self::Url(check) => write!(f, "{} answers {}", check.at, check.status),
            Self::Entity(check) => write!(f, "{} is in the portal's catalog", check.entity),
            Self::Answer(check) => write!(f, "{}", check.question),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_read_as_people_write_it() {
        let thing = |text: &str| Thing::try_from(text.to_string());
        let shop = Thing { kind: "App".into(), namespace: "lab".into(), name: "shop".into() };
        assert_eq!(thing("App lab/shop"), Ok(shop));
        assert_eq!(thing("Namespace lab").expect("one").to_string(), "Namespace lab");
        for bad in ["App", "App lab/", "App /shop", "App a/b/c", "lab/shop", "App two words"] {
            assert!(thing(bad).is_err_and(|why| why.contains("Kind namespace/name")), "{bad}");
        }
    }

    #[test]
    fn an_answer_is_right_however_it_is_typed() {
        let check = AnswerCheck { question: "Which?".into(), is: "no-nginx".into() };
        for right in ["no-nginx", " No-Nginx ", "`no-nginx`", "no-nginx."] {
            assert!(check.is_right(right), "{right}");
        }
        assert!(!check.is_right("nginx") && !check.is_right(""));
        let file = AnswerCheck { question: "Which file?".into(), is: ".mcp.json".into() };
        assert!(file.is_right(".mcp.json") && file.is_right("`.mcp.json`") && !file.is_right("mcp.json"));
    }
}
