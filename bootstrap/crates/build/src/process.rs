//! Runs the package tools: their output is followed line by line, and they die with the build.

use std::collections::VecDeque;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tracing::Instrument;

use super::container::Container;
use super::error::BuildError;

/// Lines of a failed tool's output that are kept for the error.
const KEPT_LINES: usize = 30;

/// A tool to run, and what for.
pub(crate) struct Tool {
    command: Command,
    place: Place,
    /// For messages, as `go build of .../traefik`.
    what: String,
    is_noise: fn(&str) -> bool,
}

/// Where a tool runs.
enum Place {
    Here,
    Container { container: Arc<Container>, gentle: bool },
}

impl Tool {
    /// A program of this machine. With `nice` it leaves the machine to others.
    pub(crate) fn here(program: &Path, nice: Option<&Path>, what: impl Into<String>) -> Self {
        let mut command = match nice {
            Some(nice) => {
                let mut command = Command::new(nice);
                command.args(["-n", "10"]).arg(program);
                command
            }
            None => Command::new(program),
        };
        command.envs(backstack_docker::proxy::for_tools());
        Self { command, place: Place::Here, what: what.into(), is_noise: |_| false }
    }

    /// A program of the builder container.
    pub(crate) fn contained(container: Arc<Container>, program: &str, gentle: bool, what: impl Into<String>) -> Self {
        let place = Place::Container { container, gentle };
        Self { command: Command::new(program), place, what: what.into(), is_noise: |_| false }
    }

    /// Leaves lines out of the error of a failure that only tell how far the tool is.
    pub(crate) fn without_noise(mut self, is_noise: fn(&str) -> bool) -> Self {
        self.is_noise = is_noise;
        self
    }

    /// The command, for arguments, environment and folder.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Command)) -> Self {
        change(&mut self.command);
        self
    }

    /// Runs to the end. Every line of its error output goes to `on_line`, and is kept for the error;
    /// standard output is returned.
    ///
    /// # Errors
    /// It cannot be started, or ends with another status than 0.
    pub(crate) async fn run(self, on_line: impl FnMut(&str)) -> Result<String, BuildError> {
        let mut output = String::new();
        let keep = |line: &str| {
            output.push_str(line);
            output.push('\n');
        };
        self.follow(keep, on_line).await?;
        Ok(output)
    }

    /// Runs to the end with every line of either output told.
    ///
    /// # Errors
    /// It cannot be started, or ends with another status than 0.
    pub(crate) async fn follow(
        mut self,
        mut on_output: impl FnMut(&str),
        mut on_error: impl FnMut(&str),
    ) -> Result<(), BuildError> {
        let command = shown(self.command.as_std());
        let span = tracing::debug_span!("tool", what = %self.what, command);
        let mut last = VecDeque::new();
        let is_noise = self.is_noise;
        let mut on_error = |line: &str| {
            if !is_noise(line) {
                if last.len() == KEPT_LINES {
                    last.pop_front();
                }
                last.push_back(line.to_string());
            }
            on_error(line);
        };
        let ended = async {
            match &self.place {
                Place::Here => self.run_here(&mut on_output, &mut on_error).await,
                Place::Container { container, gentle } => {
                    container.run(self.command.as_std(), *gentle, &mut on_output, &mut on_error).await
                }
            }
        };
        let ended = ended.instrument(span).await;
        let failure = ended.map_err(BuildError::io(format!("cannot run `{command}` for {}", self.what)))?;
        match failure {
            None => Ok(()),
            Some(status) => Err(BuildError::ToolFailed { what: self.what, command, status, output: last.into() }),
        }
    }

    /// How it failed, if it did.
    async fn run_here(
        &mut self,
        on_output: &mut impl FnMut(&str),
        on_error: &mut impl FnMut(&str),
    ) -> std::io::Result<Option<String>> {
        self.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        #[cfg(unix)]
        self.command.process_group(0);
        let mut running = Running::new(self.command.kill_on_drop(true).spawn()?);
        let (stdout, stderr) = (running.child.stdout.take(), running.child.stderr.take());
        tokio::try_join!(lines(stdout, on_output), lines(stderr, on_error))?;
        let status = running.wait().await?;
        Ok((!status.success()).then(|| status.to_string()))
    }
}

/// A command as people type it: without its environment, `nice` and the program's folder.
fn shown(command: &std::process::Command) -> String {
    let words: Vec<_> =
        std::iter::once(command.get_program()).chain(command.get_args()).map(|word| word.to_string_lossy()).collect();
    let start = if words[0].ends_with("/nice") { 3 } else { 0 };
    let program = words[start].rsplit('/').next().unwrap_or_default().to_string();
    let quoted =
        words[start + 1..].iter().map(|word| if word.contains(' ') { format!("'{word}'") } else { word.to_string() });
    std::iter::once(program).chain(quoted).collect::<Vec<_>>().join(" ")
}

/// Feeds a stream's lines to a function. `go` and `apt-get` also end lines with a carriage return.
async fn lines(stream: Option<impl AsyncRead + Unpin>, mut on_line: impl FnMut(&str)) -> std::io::Result<()> {
    let Some(stream) = stream else { return Ok(()) };
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).await? > 0 {
        tell(&line, &mut on_line);
        line.clear();
    }
    Ok(())
}

/// Tells one line. A carriage return takes back what stood before it.
pub(super) fn tell(line: &[u8], mut on_line: impl FnMut(&str)) {
    let text = String::from_utf8_lossy(line);
    let text = text.trim_end_matches(['\n', '\r']);
    on_line(text.rsplit('\r').next().unwrap_or(text));
}

/// A started tool. Dropped before its end, it is killed together with all that it started.
struct Running {
    child: Child,
    #[cfg(unix)]
    group: Option<rustix::process::Pid>,
}

impl Running {
    fn new(child: Child) -> Self {
        #[cfg(unix)]
        let group = child.id().and_then(|id| rustix::process::Pid::from_raw(id.try_into().ok()?));
        Self {
            child,
            #[cfg(unix)]
            group,
        }
    }

    async fn wait(&mut self) -> std::io::Result<std::process::ExitStatus> {
        let status = self.child.wait().await?;
        // Its number may belong to somebody else from now on.
        #[cfg(unix)]
        {
            self.group = None;
        }
        Ok(status)
    }
}

#[cfg(unix)]
impl Drop for Running {
    fn drop(&mut self) {
        if let Some(group) = self.group {
            // It may be gone already; there is nothing more to do then.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Tool {
        Tool::here(Path::new("/bin/sh"), None, "a test").with(|command| {
            command.args(["-c", script]);
        })
    }

    #[tokio::test]
    async fn a_failure_leaves_out_what_only_tells_progress() {
        let tool = shell(
            "echo 'x.go:1: undefined: y' >&2; for i in $(seq 100); do echo example.org/package >&2; done; exit 1",
        );
        let error = tool.without_noise(|line| !line.contains(' ')).run(|_| {}).await.expect_err("it fails");
        let BuildError::ToolFailed { output, .. } = error else { panic!("{error}") };
        assert_eq!(output, ["x.go:1: undefined: y"]);
    }

    #[tokio::test]
    async fn a_failure_carries_the_last_lines() {
        let mut seen = 0;
        let failed = shell("for i in $(seq 40); do echo line $i >&2; done; exit 3").run(|_| seen += 1).await;
        let Err(BuildError::ToolFailed { status, output, .. }) = failed else { panic!("must fail") };
        assert_eq!((seen, output.len(), output.last().map(String::as_str)), (40, 30, Some("line 40")));
        assert!(status.contains('3'), "{status}");
        let command = Tool::here(Path::new("/bin/sh"), Some(Path::new("/usr/bin/nice")), "a test").with(|command| {
            command.args(["-c", "a b"]).env("X", "y");
        });
        assert_eq!(shown(command.command.as_std()), "sh -c 'a b'");
    }

    #[tokio::test]
    async fn what_a_tool_started_dies_with_the_build() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let file = folder.path().join("pid");
        let script = format!("sleep 300 & echo $! > {0}.part; mv {0}.part {0}; echo ready; wait", file.display());
        let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
        let task = tokio::spawn(shell(&script).follow(move |_| sender.send(()).expect("receiver"), |_| {}));
        receiver.recv().await.expect("ready");
        task.abort();
        assert!(task.await.expect_err("aborted").is_cancelled());
        let pid: i32 = std::fs::read_to_string(file).expect("pid").trim().parse().expect("number");
        let pid = rustix::process::Pid::from_raw(pid).expect("pid");
        for _ in 0..200 {
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
            if stat.is_empty() || stat.contains(") Z ") {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("the child is still alive");
    }
}
