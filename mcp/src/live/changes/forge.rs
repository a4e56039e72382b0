//! The platform's Git server, as far as changes need it: Gitea's HTTP API over a port that sends requests.

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use serde_json::{Value, json};

use super::git_server::GitServer;
use crate::error::ErrorKind;
use crate::error::PortError;
use crate::live::object::{list, number, text};

/// Where things are on every platform; see the component that sets the Git server up.
pub const OWNER: &str = "backstack";
/// Repository with one manifest for each resource that people make.
pub const RESOURCES: &str = "demo-cluster";
/// The branch that Argo CD follows, and that pull requests go to.
pub const BRANCH: &str = "main";

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pull {
    /// Its number in the repository, as people write it: `#3`.
    pub number: i64,
    /// Its page, for a browser.
    pub url: String,
    /// Its title, which is the first line of the commit's message.
    pub title: String,
    /// Branch that it comes from.
    pub branch: String,
    /// Branch that it goes to.
    pub base: String,
    /// Login of whoever opened it.
    pub author: String,
    /// Its last commit.
    pub head: String,
    /// The commit of the branch it goes to that it was made from.
    pub before: String,
    /// Neither merged nor closed.
    pub open: bool,
    /// Its author has not said yet that it is ready.
    pub draft: bool,
    /// Whether Git can merge it; the server tells false too while it still looks.
    pub mergeable: bool,
    /// Whether it has been merged, so its change is in [`Pull::base`].
    pub merged: bool,
    /// Commit that the merge made; empty before.
    pub merge_commit: String,
    /// Its description, as Markdown.
    pub body: String,
}

impl Pull {
    pub(super) fn of(answer: &Value) -> Self {
        Self {
            number: number(answer, "/number"),
            url: text(answer, "/html_url").into(),
            title: text(answer, "/title").into(),
            branch: text(answer, "/head/ref").into(),
            base: text(answer, "/base/ref").into(),
            author: text(answer, "/user/login").into(),
            head: text(answer, "/head/sha").into(),
            before: text(answer, "/merge_base").into(),
            open: text(answer, "/state") == "open",
            draft: is_true(answer, "/draft"),
            mergeable: is_true(answer, "/mergeable"),
            merged: is_true(answer, "/merged"),
            merge_commit: text(answer, "/merge_commit_sha").into(),
            body: text(answer, "/body").into(),
        }
    }
}

fn is_true(answer: &Value, pointer: &str) -> bool {
    answer.pointer(pointer).and_then(Value::as_bool).unwrap_or(false)
}

/// A file of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its text; bytes that are no UTF-8 are replaced.
    pub content: String,
    /// Names this very content, so that nobody's later change is lost.
    pub sha: String,
}

/// What is written to a branch of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit<'a> {
    /// Path of the file in the repository, without `/` before it.
    pub path: &'a str,
    /// The new content; nothing deletes the file.
    pub content: Option<&'a str>,
    /// The content that is replaced, if there is one.
    pub sha: Option<&'a str>,
    /// The commit's message, which becomes the title of the pull request.
    pub message: &'a str,
}

/// The Git server.
#[derive(Clone)]
pub struct Forge {
    pub(super) server: Arc<dyn GitServer>,
}

impl Forge {
    /// Talks through this port, which knows the account and the address.
    pub fn new(server: Arc<dyn GitServer>) -> Self {
        Self { server }
    }

    /// A file at a branch, tag or commit; nothing if there is none.
    pub async fn file(&self, repository: &str, path: &str, revision: &str) -> Result<Option<File>, PortError> {
        let address = format!("/repos/{repository}/contents/{}?ref={}", escaped(path), escaped(revision));
        let (status, answer) = self.server.send("GET", &address, None).await?;
        if status == 404 {
            return Ok(None);
        }
        let answer = expect(status, answer, &format!("read `{path}`"))?;
        let bytes = BASE64.decode(text(&answer, "/content").replace('\n', "")).unwrap_or_default();
        Ok(Some(File { content: String::from_utf8_lossy(&bytes).into_owned(), sha: text(&answer, "/sha").into() }))
    }

    /// The commit that a branch stands at; nothing if there is no such branch.
    ///
    /// # Errors
    /// The Git server does not answer, or refuses.
    pub async fn head(&self, repository: &str, branch: &str) -> Result<Option<String>, PortError> {
        let address = format!("/repos/{repository}/branches/{}", escaped(branch));
        let (status, answer) = self.server.send("GET", &address, None).await?;
        if status == 404 {
            return Ok(None);
        }
        let answer = expect(status, answer, &format!("read branch `{branch}` of `{repository}`"))?;
        Ok(Some(text(&answer, "/commit/id").to_string()).filter(|commit| !commit.is_empty()))
    }

    /// Files directly in a folder.
    pub async fn folder(&self, repository: &str, path: &str, revision: &str) -> Result<Vec<String>, PortError> {
        let place = if path == "." { String::new() } else { escaped(path) };
        let address = format!("/repos/{repository}/contents/{place}?ref={}", escaped(revision));
        let (status, answer) = self.server.send("GET", &address, None).await?;
        let answer = expect(status, answer, &format!("list `{path}` at `{revision}`"))?;
        let files = answer.as_array().into_iter().flatten().filter(|entry| text(entry, "/type") == "file");
        Ok(files.map(|entry| text(entry, "/path").to_string()).collect())
    }

    /// All files of a branch, tag or commit; none where there is no such thing: an application may name one that nobody
    /// has, and that must not keep others from their files.
    ///
    /// # Errors
    /// The Git server does not answer, or the account may not read there.
    pub async fn tree(&self, repository: &str, revision: &str) -> Result<Vec<String>, PortError> {
        const MOST_PAGES: usize = 20;
        let mut files = Vec::new();
        for page in 1..=MOST_PAGES {
            let address =
                format!("/repos/{repository}/git/trees/{}?recursive=true&per_page=1000&page={page}", escaped(revision));
            let (status, answer) = self.server.send("GET", &address, None).await?;
            // An empty repository is a conflict to Gitea, an unknown branch a bad request.
            if matches!(status, 404 | 409) || status == 400 && text(&answer, "/message").contains("not found") {
                return Ok(files);
            }
            let answer = expect(status, answer, &format!("list the files of `{repository}` at `{revision}`"))?;
            let blobs = list(&answer, "/tree").iter().filter(|entry| text(entry, "/type") == "blob");
            files.extend(blobs.map(|entry| text(entry, "/path").to_string()));
            if answer.get("truncated").and_then(Value::as_bool) != Some(true) {
                break;
            }
        }
        Ok(files)
    }

    /// The pull request from this branch, whatever became of it.
    pub async fn pull_from(&self, repository: &str, branch: &str) -> Result<Option<Pull>, PortError> {
        let address = format!("/repos/{repository}/pulls?state=all&sort=recentupdate&limit=50");
        let (status, answer) = self.server.send("GET", &address, None).await?;
        let answer = expect(status, answer, "list pull requests")?;
        let pulls = answer.as_array().into_iter().flatten().map(Pull::of);
        Ok(pulls.into_iter().find(|pull| pull.branch == branch || pull.body.contains(&marker(branch))))
    }

    /// One pull request, as it is now.
    ///
    /// # Errors
    /// The Git server does not answer, or refuses, or has no pull request of that number.
    pub async fn pull(&self, repository: &str, number: i64) -> Result<Pull, PortError> {
        let (status, answer) = self.server.send("GET", &format!("/repos/{repository}/pulls/{number}"), None).await?;
        Ok(Pull::of(&expect(status, answer, &format!("read pull request #{number}"))?))
    }

    /// Commits of the main branch since a moment (RFC 3339), the newest first, each with its files.
    ///
    /// # Errors
    /// The Git server does not answer, or refuses.
    pub async fn commits(&self, repository: &str, since: &str) -> Result<Vec<Value>, PortError> {
        let options = "stat=false&verification=false&files=true&limit=50";
        let address = format!("/repos/{repository}/commits?sha={BRANCH}&{options}&since={}", escaped(since));
        let (status, answer) = self.server.send("GET", &address, None).await?;
        let answer = expect(status, answer, &format!("list commits of `{repository}`"))?;
        Ok(answer.as_array().cloned().unwrap_or_default())
    }

    /// Pull requests that are over, those that changed last first, as the server has them.
    ///
    /// # Errors
    /// The Git server does not answer, or refuses.
    pub async fn closed(&self, repository: &str) -> Result<Vec<Value>, PortError> {
        let address = format!("/repos/{repository}/pulls?state=closed&sort=recentupdate&limit=50");
        let (status, answer) = self.server.send("GET", &address, None).await?;
        let answer = expect(status, answer, &format!("list pull requests of `{repository}`"))?;
        Ok(answer.as_array().cloned().unwrap_or_default())
    }

    /// Whether a commit is later than another one and has it in it.
    ///
    /// # Errors
    /// The Git server does not answer, or refuses.
    pub async fn is_beyond(&self, repository: &str, commit: &str, earlier: &str) -> Result<bool, PortError> {
        let address = format!("/repos/{repository}/compare/{}...{}", escaped(earlier), escaped(commit));
        let (status, answer) = self.server.send("GET", &address, None).await?;
        // A commit that the server does not know is beyond none.
        Ok(status != 404 && number(&expect(status, answer, "compare two commits")?, "/total_commits") > 0)
    }

    /// Writes a commit to a branch of its own and opens a pull request from it to `base`.
    pub async fn propose(
        &self,
        repository: &str,
        base: &str,
        branch: &str,
        commit: &Commit<'_>,
        body: &str,
    ) -> Result<Pull, PortError> {
        self.commit_from(repository, base, branch, commit).await?;
        let request = json!({
            "title": commit.message, "head": branch, "base": base,
            "body": format!("{body}\n\n{}", marker(branch)),
        });
        let (status, answer) = self.server.send("POST", &format!("/repos/{repository}/pulls"), Some(&request)).await?;
        if status == 409 {
            // Somebody with the same key was faster: theirs is ours.
            return self
                .pull_from(repository, branch)
                .await?
                .ok_or_else(|| refused(status, &answer, "open the pull request"));
        }
        Ok(Pull::of(&expect(status, answer, "open the pull request")?))
    }

    /// Writes one file to a branch, which is made from the main one if it is new.
    pub async fn commit(&self, repository: &str, branch: &str, commit: &Commit<'_>) -> Result<(), PortError> {
        self.commit_from(repository, BRANCH, branch, commit).await
    }

    async fn commit_from(
        &self,
        repository: &str,
        base: &str,
        branch: &str,
        commit: &Commit<'_>,
    ) -> Result<(), PortError> {
        let mut request = json!({"branch": base, "new_branch": branch, "message": commit.message});
        if let Some(sha) = commit.sha {
            request["sha"] = sha.into();
        }
        if let Some(content) = commit.content {
            request["content"] = BASE64.encode(content).into();
        }
        let method = match (commit.content, commit.sha) {
            (None, _) => "DELETE",
            (Some(_), Some(_)) => "PUT",
            (Some(_), None) => "POST",
        };
        let address = format!("/repos/{repository}/contents/{}", escaped(commit.path));
        let (status, answer) = self.server.send(method, &address, Some(&request)).await?;
        // The branch is there already: an earlier try got this far.
        let had = matches!(status, 409 | 422) && text(&answer, "/message").contains("branch already exists");
        if had {
            return Ok(());
        }
        expect(status, answer, &format!("write `{}` to branch `{branch}`", commit.path)).map(drop)
    }
}

/// Stands in the body of a pull request, so that it is found again when its branch is gone.
fn marker(branch: &str) -> String {
    format!("<!-- backstack-assistant: {branch} -->")
}

pub(super) fn expect(status: u16, answer: Value, what: &str) -> Result<Value, PortError> {
    if (200..300).contains(&status) { Ok(answer) } else { Err(refused(status, &answer, what)) }
}

fn refused(status: u16, answer: &Value, what: &str) -> PortError {
    let said = text(answer, "/message");
    let kind = match status {
        401 | 403 => ErrorKind::Forbidden,
        404 => ErrorKind::NotFound,
        _ => ErrorKind::Unavailable,
    };
    let hint = match status {
        401 | 403 => "The assistant's account may not do this: run `backstack up` again, which repairs its token.",
        404 => "Look whether the repository, branch or path exists in the Git server.",
        409 | 422 => "Somebody changed it meanwhile: look at the current state and ask again.",
        _ => "Look with `platform` whether the Git server runs.",
    };
    PortError::new(kind, format!("the Git server did not {what}: {status} {said}")).hint(hint)
}

/// A path or revision inside an address.
pub(super) fn escaped(part: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte);
    part.bytes().map(|byte| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// The repository that an address leads to, as `owner/name`, if it is on this Git server.
pub fn repository_of(address: &str) -> Option<String> {
    let path = address.trim_end_matches('/').trim_end_matches(".git");
    let mut parts = path.rsplit('/');
    let (name, owner) = (parts.next()?, parts.next()?);
    let rest: Vec<_> = parts.collect();
    // `<server>/gitea/<owner>/<name>`: what stands before is the path under which the Git server answers.
    let ours = rest.first().is_some_and(|part| *part == "gitea");
    ours.then(|| format!("{owner}/{name}"))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::sync::Mutex;

    use async_trait::async_trait;

    /// A Git server that answers by a script and remembers what was asked.
    #[derive(Default)]
    pub(crate) struct Scripted {
        pub answers: Mutex<Vec<(&'static str, u16, Value)>>,
        pub asked: Mutex<Vec<String>>,
    }

    impl Scripted {
        pub(crate) fn with(answers: Vec<(&'static str, u16, Value)>) -> Arc<Self> {
            Arc::new(Self { answers: Mutex::new(answers), asked: Mutex::default() })
        }
    }

    #[async_trait]
    impl GitServer for Scripted {
        async fn send(&self, method: &str, address: &str, _: Option<&Value>) -> Result<(u16, Value), PortError> {
            self.asked.lock().expect("lock").push(format!("{method} {address}"));
            let answers = self.answers.lock().expect("lock");
            let call = format!("{method} {address}");
            let found = answers.iter().find(|(start, ..)| call.starts_with(start));
            Ok(found.map_or((404, Value::Null), |(_, status, answer)| (*status, answer.clone())))
        }
    }

    fn pull(branch: &str) -> Value {
        json!({"number": 3, "state": "open", "html_url": "u", "head": {"ref": branch}, "merged": false})
    }

    #[tokio::test]
    async fn a_second_try_finds_the_branch_and_the_pull_request() {
        let server = Scripted::with(vec![
            ("POST /repos/o/r/contents/", 422, json!({"message": "branch already exists [name: b]"})),
            ("POST /repos/o/r/pulls", 409, json!({"message": "pull request already exists"})),
            ("GET /repos/o/r/pulls?", 200, json!([pull("other"), pull("b")])),
        ]);
        let commit = Commit { path: "a b.yaml", content: Some("x"), sha: None, message: "m" };
        let found = Forge::new(server.clone()).propose("o/r", "main", "b", &commit, "").await.expect("the same one");
        assert_eq!(found.branch, "b");
        assert!(server.asked.lock().expect("lock")[0].ends_with("/a%20b.yaml"));
    }

    #[tokio::test]
    async fn a_later_commit_is_told_from_an_earlier_one() {
        let server = Scripted::with(vec![
            ("GET /repos/o/r/compare/a...b", 200, json!({"total_commits": 2})),
            ("GET /repos/o/r/compare/b...a", 200, json!({"total_commits": 0})),
        ]);
        let forge = Forge::new(server);
        for (commit, earlier, wanted) in [("b", "a", true), ("a", "b", false), ("x", "a", false)] {
            let is_beyond = forge.is_beyond("o/r", commit, earlier).await.expect("an answer");
            assert_eq!(is_beyond, wanted, "{commit} beyond {earlier}");
        }
    }

    #[tokio::test]
    async fn a_branch_that_nobody_has_holds_no_files() {
        let server = Scripted::with(vec![
            ("GET /repos/o/r/git/trees/main", 200, json!({"tree": [{"type": "blob", "path": "a.yaml"}]})),
            ("GET /repos/o/r/git/trees/gone", 400, json!({"message": "sha not found [gone]"})),
            ("GET /repos/o/r/git/trees/secret", 403, json!({"message": "no"})),
        ]);
        let forge = Forge::new(server);
        assert_eq!(forge.tree("o/r", "main").await.expect("files"), ["a.yaml"]);
        assert_eq!(forge.tree("o/r", "gone").await.expect("no files"), Vec::<String>::new());
        forge.tree("o/r", "secret").await.expect_err("may not be read");
    }

    #[tokio::test]
    async fn a_refusal_says_what_to_do() {
        let server = Scripted::with(vec![("DELETE /repos", 403, json!({"message": "no"}))]);
        let commit = Commit { path: "a", content: None, sha: Some("1"), message: "m" };
        let error = Forge::new(server).propose("o/r", "main", "b", &commit, "").await.expect_err("refused");
        assert_eq!(error.kind, ErrorKind::Forbidden);
        assert!(error.hints[0].contains("backstack up"));
    }

    #[test]
    fn repositories_of_the_platform_are_told_from_others() {
        assert_eq!(
            repository_of("http://gitea.gitea.svc/gitea/backstack/demo-cluster.git").as_deref(),
            Some("backstack/demo-cluster")
        );
        assert_eq!(repository_of("https://git.example.org/a/b.git"), None);
    }
}
