//! What stands between a pull request and its merge, and which files it is about.

use serde_json::Value;

use super::forge::{Forge, Pull, escaped, expect};
use crate::error::PortError;
use crate::live::object::{list, number, text};

/// Pull requests that are looked through for one file.
const MOST_PULLS: usize = 50;

/// What a branch asks of a pull request, and what this one has of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gates {
    /// Checks that are asked for, or that spoke.
    pub checks: Vec<Check>,
    /// Approvals that are asked for.
    pub needed: i64,
    /// Who approved, so that it counts.
    pub approved: Vec<String>,
    /// Who asked for changes and has not approved since.
    pub objecting: Vec<String>,
}

/// One check of a pull request's last commit, as a pipeline reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Its context, which the branch asks for by this name.
    pub name: String,
    /// How it stands.
    pub state: CheckState,
    /// The sentence that came with it; empty if it has said nothing.
    pub said: String,
}

/// How a check stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckState {
    /// `success`, `skipped` or `warning`: it does not stand in the way.
    Passed,
    /// It runs, or has not begun.
    Running,
    /// `failure`, `error`, or a word that is not known.
    Failed,
}

/// A file of a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    /// Path in the repository after the change.
    pub path: String,
    /// Where it was before, if it was moved.
    pub before: String,
    /// It is new with this pull request.
    pub added: bool,
    /// It goes with this pull request.
    pub deleted: bool,
}

impl Forge {
    /// What stands before the merge.
    ///
    /// # Errors
    /// The Git server does not answer, or refuses.
    pub async fn gates(&self, repository: &str, pull: &Pull) -> Result<Gates, PortError> {
        let branch = format!("/repos/{repository}/branches/{}", escaped(&pull.base));
        let statuses = format!("/repos/{repository}/commits/{}/status", escaped(&pull.head));
        let reviews = format!("/repos/{repository}/pulls/{}/reviews?limit=50", pull.number);
        let (branch, statuses, reviews) = futures::try_join!(
            self.server.send("GET", &branch, None),
            self.server.send("GET", &statuses, None),
            self.server.send("GET", &reviews, None),
        )?;
        let branch = expect(branch.0, branch.1, &format!("read branch `{}`", pull.base))?;
        let statuses = expect(statuses.0, statuses.1, "read the checks")?;
        let reviews = expect(reviews.0, reviews.1, "read the reviews")?;
        Ok(gates(&branch, &statuses, &reviews))
    }

    /// The files of a pull request.
    ///
    /// # Errors
    /// The Git server does not answer, or refuses.
    pub async fn touched(&self, repository: &str, number: i64) -> Result<Vec<Touched>, PortError> {
        let address = format!("/repos/{repository}/pulls/{number}/files?limit=50");
        let (status, answer) = self.server.send("GET", &address, None).await?;
        let answer = expect(status, answer, &format!("list the files of pull request #{number}"))?;
        let files = answer.as_array().into_iter().flatten().map(|file| Touched {
            path: text(file, "/filename").into(),
            before: text(file, "/previous_filename").into(),
            added: text(file, "/status") == "added",
            deleted: text(file, "/status") == "deleted",
        });
        Ok(files.collect())
    }

    /// Open pull requests that are about a file.
    ///
    /// # Errors
    /// The Git server does not answer, or refuses.
    pub async fn open_about(&self, repository: &str, path: &str) -> Result<Vec<Pull>, PortError> {
        let address = format!("/repos/{repository}/pulls?state=open&limit={MOST_PULLS}");
        let (status, answer) = self.server.send("GET", &address, None).await?;
        let answer = expect(status, answer, "list open pull requests")?;
        let pulls: Vec<_> = answer.as_array().into_iter().flatten().map(Pull::of).filter(|pull| pull.open).collect();
        let files = futures::future::join_all(pulls.iter().map(|pull| self.touched(repository, pull.number))).await;
        let mut about = Vec::new();
        for (pull, files) in pulls.into_iter().zip(files) {
            if files?.iter().any(|file| file.path == path || file.before == path) {
                about.push(pull);
            }
        }
        Ok(about)
    }
}

fn gates(branch: &Value, statuses: &Value, reviews: &Value) -> Gates {
    let spoke = list(statuses, "/statuses").iter().map(|status| Check {
        name: text(status, "/context").into(),
        state: match text(status, "/status") {
            "success" | "skipped" | "warning" => CheckState::Passed,
            "pending" => CheckState::Running,
            _ => CheckState::Failed,
        },
        said: text(status, "/description").into(),
    });
    let mut checks: Vec<Check> = spoke.collect();
    let asks = branch.get("enable_status_check").and_then(Value::as_bool) == Some(true);
    for name in list(branch, "/status_check_contexts").iter().filter_map(Value::as_str).filter(|_| asks) {
        if !checks.iter().any(|check| check.name == name) {
            checks.push(Check { name: name.into(), state: CheckState::Running, said: String::new() });
        }
    }
    let mut gates = Gates { checks, needed: number(branch, "/required_approvals"), ..Gates::default() };
    // The last word of each reviewer counts.
    for review in reviews.as_array().into_iter().flatten() {
        let who = text(review, "/user/login").to_string();
        let holds = !is(review, "dismissed");
        match text(review, "/state") {
            "APPROVED" if holds && is(review, "official") => {
                gates.objecting.retain(|other| *other != who);
                gates.approved.push(who);
            }
            "REQUEST_CHANGES" if holds => {
                gates.approved.retain(|other| *other != who);
                gates.objecting.push(who);
            }
            _ => {}
        }
    }
    for list in [&mut gates.approved, &mut gates.objecting] {
        list.sort();
        list.dedup();
    }
    gates
}

fn is(object: &Value, key: &str) -> bool {
    object.get(key).and_then(Value::as_bool).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_check_that_has_not_spoken_runs_and_only_reviews_that_count_do() {
        let branch =
            json!({"required_approvals": 1, "enable_status_check": true, "status_check_contexts": ["files", "tests"]});
        let statuses =
            json!({"statuses": [{"context": "files", "status": "failure", "description": "a.yaml: no kind"}]});
        let review = |who: &str, state: &str, official: bool, dismissed: bool| json!({"user": {"login": who}, "state": state, "official": official, "dismissed": dismissed});
        let reviews = json!([
            review("a", "APPROVED", true, false),
            review("b", "APPROVED", false, false),
            review("c", "APPROVED", true, true),
            review("d", "REQUEST_CHANGES", true, false),
            review("e", "REQUEST_CHANGES", true, false),
            review("e", "APPROVED", true, false),
        ]);
        let gates = gates(&branch, &statuses, &reviews);
        let states: Vec<_> = gates.checks.iter().map(|check| (check.name.as_str(), check.state)).collect();
        assert_eq!(states, [("files", CheckState::Failed), ("tests", CheckState::Running)]);
        assert_eq!(
            (gates.needed, gates.approved, gates.objecting),
            (1, vec!["a".into(), "e".into()], vec!["d".into()])
        );
    }
}
