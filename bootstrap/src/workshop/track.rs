//! What a track is: steps, each with what a reader does and what must hold afterwards.

use serde::{Deserialize, Serialize};

use super::check::Check;

/// A part of the course that somebody follows from its beginning to its end.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Track {
    pub name: String,
    pub title: String,
    /// The page that it is, below workshop-docs/.
    pub page: String,
    /// Which of the platform's people the learner is.
    #[serde(rename = "as")]
    pub user: String,
    pub minutes: u32,
    /// Words that name what a learner makes, so that each of several has their own; none: the track changes what all share.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub own: Vec<String>,
    pub steps: Vec<Step>,
}

impl Track {
    /// A step and its number, from 1.
    pub fn step(&self, id: &str) -> Option<(usize, &Step)> {
        (1..).zip(&self.steps).find(|(_, step)| step.id == id)
    }
}

/// One step of a track.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// The anchor of its heading.
    pub id: String,
    pub title: String,
    pub minutes: u32,
    /// Seconds that a check waits.
    pub within: u64,
    /// What is done and why: the first paragraph.
    pub why: String,
    /// Its text as Markdown, without the comment.
    pub text: String,
    /// What to do if it is not as the text says.
    pub if_not: Vec<String>,
    pub actions: Vec<Action>,
    pub checks: Vec<Check>,
    /// What is done for a reader who asks for it; empty where the commands of the text are the solution.
    pub solve: Vec<Solution>,
    /// Line of its heading in the page.
    pub line: usize,
}

impl Step {
    /// Commands of the text, in order.
    pub fn commands(&self) -> impl Iterator<Item = &str> {
        self.actions.iter().filter_map(|action| match &action.deed {
            Deed::Command { script, .. } => Some(script.as_str()),
            _ => None,
        })
    }
}

/// Something that a reader does, and where the page says so.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Action {
    pub line: usize,
    #[serde(flatten)]
    pub deed: Deed,
}

/// What is done.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Deed {
    /// Run in a shell; `expect` is what should be seen, where `…` stands for any text or, alone, for any lines.
    Command {
        script: String,
        expect: Option<String>,
    },
    /// Go to a path of the platform, or to an address.
    Open {
        path: String,
        title: String,
    },
    #[serde(rename = "sign_in")]
    SignIn {
        #[serde(rename = "as")]
        user: String,
    },
    /// A button, link or tab by its visible name, within the card, row or section that shows another text.
    Click {
        target: String,
        within: Option<String>,
    },
    Type {
        text: String,
        into: String,
    },
    Choose {
        option: String,
        r#in: String,
    },
    Tick {
        target: String,
        on: bool,
    },
    /// A text must be visible, or must not.
    See {
        text: String,
        visible: bool,
    },
    /// A picture of the page is taken anew here.
    Picture {
        name: String,
        path: String,
        title: String,
    },
}

/// What the program does in a learner's place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Solution {
    /// A pull request by somebody beside the learner, who can approve it then.
    Propose(Proposal),
    /// The open pull request with that file is approved and merged.
    Merge(FileAt),
    Run(String),
    /// The commands of the text's block with that number, from 1.
    Block(usize),
    Answer(String),
}

/// A file that is to be written, or to go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    pub repository: String,
    pub file: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// The file is deleted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub absent: bool,
}

/// A file of a repository.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileAt {
    pub repository: String,
    pub file: String,
}
