//! Runs the package tools: their output is followed line by line, and they die with the build.

use std::collections::VecDeque;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};

use super::error::SourceError;
use super::tools;

/// Lines of a failed tool's output that are kept for the error.
const KEPT_LINES: usize = 30;

/// A tool to run, and what for.
pub struct Tool {
    command: Command,
    /// For messages, as `go build of .../traefik`.
    what: String,
    is_noise: fn(&str) -> bool,
}

impl Tool {
    /// # Errors
    /// The program is not installed.
    pub fn new(program: &str, what: impl Into<String>) -> Result<Self, SourceError> {
        Self::at_priority(program, what, false)
    }

    /// A tool that should leave the machine to others (through `nice`, where there is one).
    ///
    /// # Errors
    /// The program is not installed.
    pub fn gentle(program: &str, what: impl Into<String>) -> Result<Self, SourceError> {
        Self::at_priority(program, what, true)
    }

    fn at_priority(program: &str, what: impl Into<String>, gentle: bool) -> Result<Self, SourceError> {
        let what = what.into();
        let path = tools::find(program)
            .ok_or_else(|| SourceError::ToolMissing { tool: program.into(), needed_for: what.clone() })?;
        let command = match tools::find("nice").filter(|_| gentle) {
            Some(nice) => {
                let mut command = Command::new(nice);
                command.args(["-n", "10"]).arg(path);
                command
            }
            None => Command::new(path),
        };
        let mut command = command;
        command.envs(crate::proxy::for_tools());
        Ok(Self { command, what, is_noise: |_| false })
    }

    /// Leaves lines out of the error of a failure that only tell how far the tool is.
    pub fn without_noise(mut self, is_noise: fn(&str) -> bool) -> Self {
        self.is_noise = is_noise;
        self
    }

    /// The command, for arguments, environment and folder.
    pub fn with(mut self, change: impl FnOnce(&mut Command)) -> Self {
        change(&mut self.command);
        self
    }

    /// Runs to the end. Every line of its error output goes to `on_line`, and is kept for the error;
    /// standard output is returned.
    ///
    /// # Errors
    /// It cannot be started, or ends with another status than 0.
    pub async fn run(self, on_line: impl FnMut(&str)) -> Result<String, SourceError> {
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
    pub async fn follow(
        mut self,
        mut on_output: impl FnMut(&str),
        mut on_error: impl FnMut(&str),
    ) -> Result<(), SourceError> {
        let command = shown(self.command.as_std());
        let starting = || SourceError::io(format!("cannot run `{command}` for {}", self.what));
        self.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        #[cfg(unix)]
        self.command.process_group(0);
        let mut running = Running::new(self.command.kill_on_drop(true).spawn().map_err(starting())?);
        let (stdout, stderr) = (running.child.stdout.take(), running.child.stderr.take());
        let mut last = VecDeque::new();
        let errors = lines(stderr, |line| {
            if !(self.is_noise)(line) {
                if last.len() == KEPT_LINES {
                    last.pop_front();
                }
                last.push_back(line.to_string());
            }
            on_error(line);
        });
        tokio::try_join!(lines(stdout, &mut on_output), errors).map_err(starting())?;
        let status = running.wait().await.map_err(starting())?;
        if status.success() {
            return Ok(());
        }
        Err(SourceError::ToolFailed { what: self.what, command, status: status.to_string(), output: last.into() })
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
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches(['\n', '\r']);
        on_line(text.rsplit('\r').next().unwrap_or(text));
        line.clear();
    }
    Ok(())
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
        Tool::new("sh", "a test").expect("sh").with(|command| {
            command.args(["-c", script]);
        })
    }

    #[tokio::test]
    async fn a_failure_leaves_out_what_only_tells_progress() {
        let tool = shell(
            "echo 'x.go:1: undefined: y' >&2; for i in $(seq 100); do echo example.org/package >&2; done; exit 1",
        );
        let error = tool.without_noise(|line| !line.contains(' ')).run(|_| {}).await.expect_err("it fails");
        let SourceError::ToolFailed { output, .. } = error else { panic!("{error}") };
        assert_eq!(output, ["x.go:1: undefined: y"]);
    }

    #[tokio::test]
    async fn a_failure_carries_the_last_lines() {
        let mut seen = 0;
        let failed = shell("for i in $(seq 40); do echo line $i >&2; done; exit 3").run(|_| seen += 1).await;
        let Err(SourceError::ToolFailed { status, output, .. }) = failed else { panic!("must fail") };
        assert_eq!((seen, output.len(), output.last().map(String::as_str)), (40, 30, Some("line 40")));
        assert!(status.contains('3'), "{status}");
        let command = Tool::gentle("sh", "a test").expect("sh").with(|command| {
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

    #[tokio::test]
    async fn a_missing_program_is_named() {
        let Err(error) = Tool::new("no-such-program", "a test") else { panic!("must fail") };
        assert_eq!(error.to_string(), "`no-such-program` is not installed, and a test needs it");
    }
}
