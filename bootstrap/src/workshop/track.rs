//! What a track is: steps, each with what a reader does and what must hold afterwards.

use serde::{Deserialize, Serialize};

use super::check::Check;

/// A part of the course that somebody follows from its beginning to its end.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Track {
    /// Name that it is started by, as `developer`.
    pub name: String,
    /// Heading of its page.
    pub title: String,
    /// The page that it is, below workshop-docs/.
    pub page: String,
    /// Which of the platform's people the learner is.
    #[serde(rename = "as")]
    pub user: String,
    /// How long all of it takes a reader, in minutes.
    pub minutes: u32,
    /// Words that name what a learner makes, so that each of several has their own; none: the track changes what all share.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub own: Vec<String>,
    /// Its steps, in the order of the page; never empty.
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
    /// Its heading.
    pub title: String,
    /// How long it takes a reader, in minutes.
    pub minutes: u32,
    /// Seconds that a check waits.
    pub within: u64,
    /// What is done and why: the first paragraph.
    pub why: String,
    /// Its text as Markdown, without the comment.
    pub text: String,
    /// What to do if it is not as the text says.
    pub if_not: Vec<String>,
    /// What a reader does, in the order of the text.
    pub actions: Vec<Action>,
    /// What must hold afterwards; never empty.
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
    /// Line in the page, from 1.
    pub line: usize,
    /// What is done there.
    #[serde(flatten)]
    pub deed: Deed,
}

/// What is done.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Deed {
    /// Run in a shell; `expect` is what should be seen, where `…` stands for any text or, alone, for any lines.
    Command {
        /// The commands, as they stand in the block.
        script: String,
        /// What stands in the block of output behind it; `None` if there is none.
        expect: Option<String>,
    },
    /// Go to a path of the platform, or to an address.
    Open {
        /// A path of the platform, as `/create`, or an address.
        path: String,
        /// Text of the link.
        title: String,
    },
    /// Sign in to the portal as one of the platform's people.
    #[serde(rename = "sign_in")]
    SignIn {
        /// Name of that person, as `developer`.
        #[serde(rename = "as")]
        user: String,
    },
    /// A button, link or tab by its visible name, within the card, row or section that shows another text.
    Click {
        /// Visible name of the button, link or tab.
        target: String,
        /// Text of the card, row or section that it is in; `None` if its name is the only one.
        within: Option<String>,
    },
    /// Type a text into a field of a form.
    Type {
        /// What is typed.
        text: String,
        /// Label of the field.
        into: String,
    },
    /// Choose one of the entries of a list.
    Choose {
        /// Visible name of the entry.
        option: String,
        /// Label of the list.
        r#in: String,
    },
    /// Tick a box, or take its tick away.
    Tick {
        /// Label of the box.
        target: String,
        /// Whether it is ticked afterwards.
        on: bool,
    },
    /// A text must be visible, or must not.
    See {
        /// The text that is looked for.
        text: String,
        /// Whether it must be visible.
        visible: bool,
    },
    /// A picture of the page is taken anew here.
    Picture {
        /// Name of the picture, without folder and ending.
        name: String,
        /// Path of the picture, from the folder of the page.
        path: String,
        /// Its text for those who cannot see it.
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
    /// A script is run in bash, as commands of the text are.
    Run(String),
    /// The commands of the text's block with that number, from 1.
    Block(usize),
    /// The question of the step's check is answered so.
    Answer(String),
}

/// A file that is to be written, or to go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// Repository of the platform's Git server, without its owner.
    pub repository: String,
    /// Path of the file in the repository.
    pub file: String,
    /// New content of the file; `None` where it is deleted.
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
    /// Repository of the platform's Git server, without its owner.
    pub repository: String,
    /// Path of the file in the repository.
    pub file: String,
}
