//! What was read -> whether a check holds, in words. Pure.
//!
//! Nothing holds because nothing was looked at: what could not be read is a check that does not hold, with the reason.

use backstack_mcp::live::diagnose::Verdict;
use backstack_mcp::live::object::{condition, text};
use serde::Serialize;
use serde_json::Value;

use super::check::{Check, GitCheck, ObjectCheck, PullRequestCheck, PullState, ReportCheck, UrlCheck};

/// What was read of the platform for one check.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen {
    /// It could not be looked at, and why.
    Nothing(String),
    /// The object, as JSON; `None` if it is not there.
    Object(Option<Value>),
    /// What the judge says, and of what is wrong the likeliest.
    Judged {
        /// The judge's word.
        verdict: Verdict,
        /// The likeliest of what is wrong, as `OBJECT: WHAT`; empty if nothing is.
        cause: String,
    },
    /// What policies said about the object: policy, result, message.
    Results(Vec<(String, String, String)>),
    /// Content of the file on the main branch; `None` if it is not there.
    File(Option<String>),
    /// Pull requests with the file since the step began, the newest first.
    Pulls(Vec<Pull>),
    /// What an address answered.
    Page {
        /// Status of the HTTP answer, as 200.
        status: u16,
        /// Text of the answer.
        body: String,
    },
    /// What was typed.
    Answer(Option<String>),
}

/// A pull request, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pull {
    /// Its number in the repository.
    pub number: i64,
    /// It is neither merged nor closed.
    pub open: bool,
    /// It has been merged.
    pub merged: bool,
}

/// Whether a check holds, and what a person is told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Said {
    /// What was asked for.
    pub what: String,
    /// Whether it holds.
    pub holds: bool,
    /// What is so, or what is lacking.
    pub said: String,
    /// Whether waiting may help.
    #[serde(skip)]
    pub may_come: bool,
}

/// Judges.
pub fn judge(check: &Check, seen: &Seen) -> Said {
    let (verdict, may_come) = match (check, seen) {
        (Check::Answer(check), Seen::Answer(answer)) => (answered(check, answer.as_deref()), false),
        (_, Seen::Nothing(why)) => (Err(format!("it could not be looked at: {why}")), true),
        (Check::Object(check), Seen::Object(object)) => (of_object(check, object.as_ref()), true),
        (Check::Healthy(check), Seen::Judged { verdict, cause }) => {
            (healthy(&check.healthy.to_string(), *verdict, cause), true)
        }
        (Check::Report(check), Seen::Results(results)) => (report(check, results), true),
        (Check::Git(check), Seen::File(file)) => (git(check, file.as_deref()), true),
        (Check::PullRequest(check), Seen::Pulls(pulls)) => (pull(check, pulls), true),
        (Check::Url(check), Seen::Page { status, body }) => (page(check, *status, body), true),
        (Check::Entity(check), Seen::Page { status, .. }) => (entity(&check.entity, *status), true),
        _ => (Err("it was not looked at".into()), false),
    };
    let (holds, said) = match verdict {
        Ok(said) => (true, said),
        Err(lack) => (false, lack),
    };
    Said { what: check.to_string(), holds, said, may_come }
}

/// What is so, or what is lacking.
type Judged = Result<String, String>;

fn of_object(check: &ObjectCheck, object: Option<&Value>) -> Judged {
    let at = &check.object;
    let Some(object) = object else {
        return if check.absent { Ok(format!("{at} is gone")) } else { Err(format!("{at} is not there")) };
    };
    let is_leaving = !text(object, "/metadata/deletionTimestamp").is_empty();
    match (check.absent, is_leaving) {
        (true, true) => return Err(format!("{at} is on its way out, and not gone yet")),
        (true, false) => return Err(format!("{at} is still there")),
        (false, true) => return Err(format!("{at} is there, but it is being deleted")),
        (false, false) => {}
    }
    if let Some(wanted) = &check.condition {
        match condition(object, wanted) {
            None => return Err(format!("{at} is there, but says nothing of {wanted} yet")),
            Some(found) if !found.is_true() => {
                let why = [found.reason, found.message]
                    .into_iter()
                    .filter(|text| !text.is_empty())
                    .collect::<Vec<_>>()
                    .join(": ");
                let why = if why.is_empty() { String::new() } else { format!(": {why}") };
                return Err(format!("{at} is there, but its condition {wanted} is {}{why}", found.status));
            }
            Some(_) => {}
        }
    }
    for (pointer, wanted) in &check.values {
        match object.pointer(pointer) {
            Some(found) if found == wanted => {}
            Some(found) => return Err(format!("{at} is there, but its {pointer} is {found}, and should be {wanted}")),
            None => return Err(format!("{at} is there, but has no {pointer}, which should be {wanted}")),
        }
    }
    Ok(format!(
        "{at} is there{}",
        if check.condition.is_some() || !check.values.is_empty() { ", as it should be" } else { "" }
    ))
}

fn healthy(at: &str, verdict: Verdict, cause: &str) -> Judged {
    match verdict {
        Verdict::Healthy => Ok(format!("{at} runs")),
        // A flaw that somebody should look at does not keep it from running.
        Verdict::Imperfect => Ok(format!("{at} runs, although something is not as it should be: {cause}")),
        Verdict::Starting => Err(format!("{at} is starting: {cause}")),
        Verdict::Broken => Err(format!("{at} is broken: {cause}")),
        Verdict::Unknown => Err(format!("{at} says nothing about itself, so nobody can tell whether it runs")),
    }
}

fn report(check: &ReportCheck, results: &[(String, String, String)]) -> Judged {
    let of_policy: Vec<_> = results.iter().filter(|(policy, ..)| *policy == check.policy).collect();
    if of_policy.iter().any(|(_, result, _)| *result == check.result) {
        return Ok(format!("policy {} says `{}` of {}", check.policy, check.result, check.of));
    }
    match of_policy.first() {
        Some((_, result, message)) => Err(format!(
            "policy {} says `{result}` of {}, and should say `{}`: {message}",
            check.policy, check.of, check.result
        )),
        None => Err(format!("policy {} has said nothing of {} yet", check.policy, check.of)),
    }
}

fn git(check: &GitCheck, content: Option<&str>) -> Judged {
    let place = format!("{} on the main branch of {}", check.file, check.repository);
    match (content, &check.has) {
        (None, _) if check.absent => Ok(format!("there is no {place}")),
        (None, _) => Err(format!("there is no {place}")),
        (Some(_), _) if check.absent => Err(format!("there still is {place}")),
        (Some(content), Some(wanted)) if !content.contains(wanted.as_str()) => {
            Err(format!("{place} does not have `{wanted}`"))
        }
        (Some(_), _) => Ok(format!("there is {place}")),
    }
}

fn pull(check: &PullRequestCheck, pulls: &[Pull]) -> Judged {
    let fits = |pull: &&Pull| if check.state == PullState::Open { pull.open } else { pull.merged };
    let about = format!("{} in {}", check.file, check.repository);
    if let Some(found) = pulls.iter().find(fits) {
        let state = if found.merged { "merged" } else { "open" };
        return Ok(format!("pull request #{} with {about} is {state}", found.number));
    }
    match pulls.first() {
        None if check.state == PullState::Merged => {
            Err(format!("since this step began, nobody made or merged a pull request with {about}"))
        }
        None => Err(format!("since this step began, nobody made a pull request with {about}")),
        Some(Pull { number, merged: true, .. }) => {
            Err(format!("pull request #{number} with {about} is merged already"))
        }
        Some(Pull { number, open: true, .. }) => {
            Err(format!("pull request #{number} with {about} is open, and not merged yet"))
        }
        Some(Pull { number, .. }) => {
            Err(format!("pull request #{number} with {about} was closed without being merged"))
        }
    }
}

fn page(check: &UrlCheck, status: u16, body: &str) -> Judged {
    if status != check.status {
        return Err(format!("{} answers {status}, and should answer {}", check.at, check.status));
    }
    match &check.has {
        Some(wanted) if !body.contains(wanted.as_str()) => {
            Err(format!("{} answers {status}, but its text does not have `{wanted}`", check.at))
        }
        _ => Ok(format!("{} answers {status}", check.at)),
    }
}

fn entity(reference: &str, status: u16) -> Judged {
    match status {
        200 => Ok(format!("the portal's catalog has {reference}")),
        404 => Err(format!("the portal's catalog does not have {reference} yet")),
        status => Err(format!("it could not be looked at: asked for {reference}, the portal answered {status}")),
    }
}

fn answered(check: &super::check::AnswerCheck, answer: Option<&str>) -> Judged {
    match answer {
        Some(answer) if check.is_right(answer) => Ok(format!("{answer} is right")),
        Some(answer) => Err(format!("`{answer}` is not the answer to: {}", check.question)),
        None => {
            Err(format!("a question waits for an answer: {} `backstack workshop check --answer TEXT`", check.question))
        }
    }
}

#[cfg(test)]
mod tests;
