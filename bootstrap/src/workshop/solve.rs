//! Does a step in the learner's place: as the learner, and where a second person is needed, as another one.

use std::sync::Arc;
use std::time::Duration;

use backstack_mcp::live::changes::forge::{BRANCH, Commit, Forge, OWNER};
use backstack_mcp::live::object::text;
use backstack_mcp::ports::GitServer;
use serde_json::json;
use time::OffsetDateTime;
use tokio::time::{Instant, sleep};

use super::platform::Platform;
use super::track::{FileAt, Proposal, Solution, Step, Track};
use super::{Check, WorkshopError, commands};
use crate::tools::Hear;

/// A merge waits for checks that the platform makes at a pull request.
const MERGED_WITHIN: Duration = Duration::from_secs(180);
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// Who hears what is done.
#[derive(Clone, Copy)]
pub struct Told<'a> {
    /// What commands say.
    pub hear: Hear<'a>,
    /// A sentence about what is done now.
    pub tell: &'a (dyn Fn(&str) + Sync),
}

/// What is done for a step: what it says, or else its commands.
pub fn plan(step: &Step) -> Vec<Solution> {
    let commands: Vec<Solution> = step.commands().map(|script| Solution::Run(script.into())).collect();
    if step.solve.is_empty() {
        return commands;
    }
    let said = step.solve.iter().cloned();
    said.filter_map(|solution| match solution {
        // That it is there was seen when the page was read.
        Solution::Block(number) => commands.get(number.checked_sub(1)?).cloned(),
        other => Some(other),
    })
    .collect()
}

/// The answer to a step's question, if it has one.
pub fn answer(step: &Step) -> Option<String> {
    let asked = step.checks.iter().find_map(|check| match check {
        Check::Answer(check) => Some(check.is.clone()),
        _ => None,
    });
    let said = step.solve.iter().find_map(|solution| match solution {
        Solution::Answer(answer) => Some(answer.clone()),
        _ => None,
    });
    asked.and_then(|asked| said.or(Some(asked)))
}

/// Does what a step asks for.
///
/// # Errors
/// Something of it could not be done.
pub(super) async fn solve(
    platform: &Platform,
    track: &Track,
    step: &Step,
    told: Told<'_>,
) -> Result<(), WorkshopError> {
    let mut settled = Vec::new();
    for solution in plan(step) {
        match solution {
            Solution::Propose(proposal) => {
                if !propose(platform, track, step, &proposal, told).await? {
                    settled.push(FileAt { repository: proposal.repository, file: proposal.file });
                }
            }
            // What is so already has nothing to merge.
            Solution::Merge(file) if settled.contains(&file) => {}
            Solution::Merge(file) => merge(platform, track, &file, told).await?,
            Solution::Run(script) => {
                (told.tell)(&format!("running: {}", short(&script)));
                commands::run(platform, &script, told.hear).await?;
            }
            // A plan has its commands in place of this.
            Solution::Block(_) => {}
            Solution::Answer(answer) => (told.tell)(&format!("the answer is: {answer}")),
        }
    }
    Ok(())
}

/// A script in one line: whoever wants all of it has it in the text.
fn short(script: &str) -> String {
    let mut lines = script.lines();
    let first = lines.next().unwrap_or_default();
    match lines.count() {
        0 => first.into(),
        1 => format!("{first} (and one more line)"),
        more => format!("{first} (and {more} more lines)"),
    }
}

/// Whether there is something to merge now.
pub(super) async fn propose(
    platform: &Platform,
    track: &Track,
    step: &Step,
    proposal: &Proposal,
    told: Told<'_>,
) -> Result<bool, WorkshopError> {
    // A second pair of eyes: somebody else proposes, so that the learner can approve it. Where nobody else may, the learner does.
    let colleague = platform.colleagues(&track.user, &track.user).into_iter().next();
    let mut last = Err(WorkshopError::NoColleague { author: track.user.clone() });
    for author in colleague.iter().chain([&track.user]) {
        last = propose_as(platform, author, step, proposal, told).await;
        if last.is_ok() {
            break;
        }
    }
    last
}

async fn propose_as(
    platform: &Platform,
    author: &str,
    step: &Step,
    proposal: &Proposal,
    told: Told<'_>,
) -> Result<bool, WorkshopError> {
    let Proposal { repository, file, content, .. } = proposal;
    let server = platform.git_as(author)?;
    let forge = Forge::new(server.clone());
    let place = format!("{OWNER}/{repository}");
    let had = forge.file(&place, file, BRANCH).await?;
    if had.as_ref().map(|had| had.content.trim_end()) == content.as_ref().map(|content| content.trim_end()) {
        (told.tell)(&format!("{file} of {repository} is so already"));
        return Ok(false);
    }
    let verb = match (&had, content) {
        (_, None) => "Delete",
        (None, Some(_)) => "Add",
        (Some(_), Some(_)) => "Change",
    };
    let title = format!("{verb} {file}");
    // Learners may do the same step in the same second.
    let branch = format!("workshop-{}-{:x}", step.id, OffsetDateTime::now_utc().unix_timestamp_nanos());
    let sha = had.as_ref().map(|had| had.sha.as_str());
    let commit = Commit { path: file, content: content.as_deref(), sha, message: &title };
    forge.commit(&place, &branch, &commit).await?;
    let body = format!("Step \"{}\" of the course, by `backstack workshop solve`.", step.title);
    let request = json!({"title": title, "head": branch, "base": BRANCH, "body": body});
    let answer = sent(&server, "POST", &format!("/repos/{place}/pulls"), &request, "open a pull request").await?;
    (told.tell)(&format!("{author} opened pull request {}: {title}", text(&answer, "/html_url")));
    Ok(true)
}

/// The answer to a request that writes.
pub(super) async fn sent(
    server: &Arc<dyn GitServer>,
    method: &str,
    address: &str,
    body: &serde_json::Value,
    what: &str,
) -> Result<serde_json::Value, WorkshopError> {
    let (status, answer) = server.send(method, address, Some(body).filter(|body| !body.is_null())).await?;
    match status {
        200..300 => Ok(answer),
        _ => Err(WorkshopError::Refused { what: what.into(), status, said: text(&answer, "/message").into() }),
    }
}

pub(super) async fn merge(
    platform: &Platform,
    track: &Track,
    at: &FileAt,
    told: Told<'_>,
) -> Result<(), WorkshopError> {
    let FileAt { repository, file } = at;
    let place = format!("{OWNER}/{repository}");
    let open = Forge::new(platform.git_as(&track.user)?).open_about(&place, file).await?;
    let newest = open.into_iter().max_by_key(|pull| pull.number);
    let pull =
        newest.ok_or_else(|| WorkshopError::NoPullRequest { repository: repository.clone(), file: file.clone() })?;
    let address = format!("/repos/{place}/pulls/{}", pull.number);
    let approver = approved(platform, track, &pull.author, &address, pull.number).await?;
    // Who may approve may not always merge, and the other way round.
    let mergers = [platform.git_as(&approver)?, platform.git_as(&track.user)?];
    let deadline = Instant::now() + MERGED_WITHIN;
    loop {
        let mut refused = None;
        for server in &mergers {
            let what = format!("merge pull request #{}", pull.number);
            match sent(server, "POST", &format!("{address}/merge"), &json!({"Do": "merge"}), &what).await {
                Ok(_) => refused = None,
                Err(error) => refused = Some(error),
            }
            // Its answer may have been lost on a machine that is busy: then it is refused from now on.
            if refused.is_none() || is_merged(server, &address).await {
                (told.tell)(&format!("pull request {} is approved by {approver} and merged", pull.url));
                return Ok(());
            }
        }
        match refused {
            Some(error) if Instant::now() >= deadline => return Err(error),
            _ => sleep(LOOK_AGAIN).await,
        }
    }
}

async fn is_merged(server: &Arc<dyn GitServer>, address: &str) -> bool {
    server.send("GET", address, None).await.is_ok_and(|(status, pull)| status == 200 && pull["merged"] == true)
}

/// Has the pull request approved by somebody whose word counts there: not everybody's does in every repository.
async fn approved(
    platform: &Platform,
    track: &Track,
    author: &str,
    address: &str,
    number: i64,
) -> Result<String, WorkshopError> {
    let approval = json!({"event": "APPROVED", "body": "By `backstack workshop solve`."});
    let nobody = || WorkshopError::NoColleague { author: author.into() };
    let mut last = Err(nobody());
    for name in platform.colleagues(author, &track.user) {
        let what = format!("approve pull request #{number} as {name}");
        match sent(&platform.git_as(&name)?, "POST", &format!("{address}/reviews"), &approval, &what).await {
            Ok(review) if counts(&review) => return Ok(name),
            Ok(_) => {}
            Err(error) => last = Err(error),
        }
    }
    last
}

/// Whether an approval is one of those that a branch asks for.
fn counts(review: &serde_json::Value) -> bool {
    review["official"] == true
}

#[cfg(test)]
mod tests {
    use super::super::parse::tests::small;
    use super::*;

    #[test]
    fn a_step_without_a_solution_is_solved_by_its_commands() {
        let mut step = small().steps.remove(0);
        assert!(matches!(plan(&step)[..], [Solution::Propose(_), Solution::Merge(_)]));
        step.solve.clear();
        let commands = ["kubectl get apps -n lab", "kubectl delete app shop -n lab"];
        assert_eq!(plan(&step), commands.map(|command| Solution::Run(command.into())));
        step.solve = vec![Solution::Block(2), Solution::Answer("x".into())];
        assert_eq!(plan(&step), [Solution::Run(commands[1].into()), Solution::Answer("x".into())]);
    }

    #[test]
    fn an_approval_counts_where_the_branch_asks_for_this_person() {
        assert!(counts(&json!({"state": "APPROVED", "official": true})));
        assert!(!counts(&json!({"state": "APPROVED", "official": false})) && !counts(&json!({"state": "APPROVED"})));
    }

    #[test]
    fn a_script_is_told_in_one_line() {
        assert_eq!(short("kubectl get pods"), "kubectl get pods");
        assert_eq!(short("cat > a <<'END'\nx\nEND"), "cat > a <<'END' (and 2 more lines)");
    }

    #[test]
    fn a_question_is_answered_as_its_check_says() {
        let track = small();
        assert_eq!(answer(&track.steps[0]), None, "it asks nothing");
        assert_eq!(answer(&track.steps[1]).as_deref(), Some("no-nginx"));
    }
}
