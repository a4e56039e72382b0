//! A planned change becomes a pull request, after a person agreed.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::input::{ChangeInput, Planned};
use super::preview::Preview;
use crate::answer::{Answer, NextCall};
use crate::error::{ErrorKind, ToolError};
use crate::live::changes::forge::{Commit, OWNER, Pull};
use crate::live::changes::plan;
use crate::toolset::{Call, Confirmed, Question, Reply};

/// So often the same change may be proposed, each time after the one before was merged and undone, or closed.
const MOST_TURNS: usize = 20;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Proposed {
    summary: String,
    pull_request: i64,
    url: String,
    branch: String,
    /// False if the same change had been proposed before.
    new: bool,
    repository: String,
    file: String,
    diff: String,
    warnings: Vec<String>,
}

impl Planned {
    pub(super) async fn propose(&self, input: &ChangeInput, call: &Call) -> Result<Reply<Proposed>, ToolError> {
        let repository = &self.written.repository;
        let (branch, known) = self.branch(input).await?;
        if let Some(pull) = known {
            return Ok(self.proposed(pull, false, Vec::new()).into());
        }
        let preview = self.preview().await?;
        if !preview.acceptable {
            return Err(refused(&preview));
        }
        let warnings = preview.warnings();
        let question =
            Question::new(format!("Open a pull request: {}?", preview.summary), details(&preview, &warnings));
        match call.confirmed(&question) {
            None => return Ok(question.into()),
            Some(Confirmed::No) => {
                return Err(ToolError::new(ErrorKind::Cancelled, "the user said no: nothing was proposed"));
            }
            Some(Confirmed::Yes) => {}
        }
        call.progress(1.0, Some(2.0), "opening the pull request");
        let message = self.title();
        let commit = Commit {
            path: &self.written.path,
            content: self.written.content.as_deref(),
            sha: self.written.sha.as_deref(),
            message: &message,
        };
        let body = body(input, &preview, self.wish.action.verb(), &warnings);
        let pull = self.forge.propose(repository, &self.written.base, &branch, &commit, &body).await?;
        Ok(self.proposed(pull, true, warnings).into())
    }

    /// The branch, and the pull request that it has: asked for again, what was confirmed once is not asked once more. One
    /// that is over is no answer to a change that is still wanted, unless the caller's own key asks for that very one.
    async fn branch(&self, input: &ChangeInput) -> Result<(String, Option<Pull>), ToolError> {
        let own = input.idempotency_key.is_some();
        let first = plan::branch(&self.key, &self.wish);
        for turn in 1..=MOST_TURNS {
            let branch = if turn == 1 { first.clone() } else { format!("{first}-{turn}") };
            match self.forge.pull_from(&self.written.repository, &branch).await? {
                Some(pull) if own || pull.open => return Ok((branch, Some(pull))),
                Some(_) => {}
                None => return Ok((branch, None)),
            }
        }
        Err(ToolError::invalid(format!("this very change was proposed {MOST_TURNS} times already"))
            .hint("Give an `idempotency_key` of your own."))
    }

    fn proposed(&self, pull: Pull, new: bool, warnings: Vec<String>) -> Answer<Proposed> {
        let number = pull.number;
        let repository = short(&self.written.repository);
        let facts = Proposed {
            summary: self.title(),
            pull_request: number,
            url: pull.url,
            branch: pull.branch,
            new,
            repository: self.written.repository.clone(),
            file: self.written.path.clone(),
            diff: self.written.diff.clone(),
            warnings,
        };
        Answer::new(facts).about(self.seen.platform()).next(NextCall::new(
            "change_status",
            json!({"pull_request": number, "repository": repository, "wait_seconds": 120}),
            "follow it after somebody has merged it",
        ))
    }
}

/// A repository without its owner, where that is the platform's.
pub(super) fn short(repository: &str) -> &str {
    repository.strip_prefix(OWNER).and_then(|rest| rest.strip_prefix('/')).unwrap_or(repository)
}

/// What a person reads before they agree.
fn details(preview: &Preview, warnings: &[String]) -> String {
    let warnings: String = warnings.iter().map(|warning| format!("Note: {warning}\n")).collect();
    format!("{}: {}\n{}{warnings}", short(&preview.repository), preview.file, preview.diff)
}

fn refused(preview: &Preview) -> ToolError {
    let reasons = preview.reasons().join("; ");
    let mut error = ToolError::invalid(format!("the change was not proposed, it would be refused: {reasons}"));
    for comply in preview.tried().flat_map(|run| &run.comply) {
        error = error.hint(comply.clone());
    }
    error.hint("Fix the fields that are named and call again.")
}

fn body(input: &ChangeInput, preview: &Preview, verb: &str, warnings: &[String]) -> String {
    let reason = if input.reason.is_empty() { "No reason was given." } else { input.reason.as_str() };
    let warnings: Vec<_> = warnings.iter().map(|warning| format!("- {warning}\n")).collect();
    let said = if warnings.is_empty() { "Nothing warns.\n".to_string() } else { warnings.concat() };
    format!(
        "{reason}\n\nAction: {verb}\nFile: `{}`\n\n## What changes\n```diff\n{}```\n{}\n## What policies and checks say\n{said}\nProposed by an assistant; a person confirmed it, and a person merges it.",
        preview.file,
        preview.diff,
        composes(preview)
    )
}

/// A part of the pull request's text; nothing if it is not known.
fn composes(preview: &Preview) -> String {
    let Some(ahead) = preview.composed.as_ref().filter(|ahead| !ahead.resources.is_empty()) else {
        return String::new();
    };
    let lines = ahead
        .resources
        .iter()
        .map(|one| format!("- {}: `{}`\n", format!("{:?}", one.effect).to_lowercase(), one.object));
    format!("\n## What is composed (by {})\n{}", ahead.composition, lines.collect::<String>())
}
