//! Runs commands in the builder container, and ends them when nobody waits for them any more.

use std::io;
use std::time::Duration;

use bollard::container::LogOutput;
use bollard::exec::{CreateExecOptions, StartExecOptions, StartExecResults};
use futures::TryStreamExt;

use super::{Container, Unusable};
use crate::error::meaning;
use crate::lines::tell;

/// Runs its arguments as a group of processes, which is killed when the other end of standard input is gone: the
/// engine itself cannot end a command that it was told to run.
const WRAPPER: &str = r#"
exec 3<&0
setsid "$@" </dev/null 3<&- &
child=$!
{
  cat <&3
  until kill -KILL -- "-$child" || ! kill -0 "$child"; do sleep 0.05; done
} >/dev/null 2>&1 &
watch=$!
exec 3<&-
wait "$child"
code=$?
kill "$watch" 2>/dev/null
exit "$code"
"#;
/// How often the engine is asked for the exit code, which it may know a moment after the output has ended.
const TRIES: u32 = 100;

impl Container {
    /// Runs a command with its arguments, environment and folder; its lines are told. Gives how it failed, if it did.
    ///
    /// # Errors
    /// The engine refuses, or is gone.
    pub async fn run(
        &self,
        command: &std::process::Command,
        gentle: bool,
        on_output: &mut impl FnMut(&str),
        on_error: &mut impl FnMut(&str),
    ) -> io::Result<Option<String>> {
        let mut words: Vec<String> = ["/bin/sh", "-c", WRAPPER, "run"].map(String::from).into();
        if gentle {
            words.extend(["nice", "-n", "10"].map(String::from));
        }
        let given = std::iter::once(command.get_program()).chain(command.get_args());
        words.extend(given.map(|word| word.to_string_lossy().into_owned()));
        let mut environment = self.environment.clone();
        for (name, value) in command.get_envs() {
            let name = name.to_string_lossy().into_owned();
            match value {
                Some(value) => environment.insert(name, value.to_string_lossy().into_owned()),
                None => environment.remove(&name),
            };
        }
        let options = CreateExecOptions {
            attach_stdin: Some(true),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            cmd: Some(words),
            env: Some(environment.iter().map(|(name, value)| format!("{name}={value}")).collect()),
            user: Some(self.user.clone()),
            working_dir: Some(command.get_current_dir().map_or("/".into(), |folder| folder.display().to_string())),
            ..Default::default()
        };
        let docker = self.engine.docker();
        let id = docker.create_exec(&self.id, options).await.map_err(io::Error::other)?.id;
        let started = docker.start_exec(&id, None::<StartExecOptions>).await.map_err(io::Error::other)?;
        let StartExecResults::Attached { mut output, input } = started else {
            return Err(io::Error::other("the engine did not attach to the command"));
        };
        let (mut out, mut err) = (Vec::new(), Vec::new());
        while let Some(part) = output.try_next().await.map_err(io::Error::other)? {
            match part {
                LogOutput::StdErr { message } => feed(&mut err, &message, on_error),
                other => feed(&mut out, &other.into_bytes(), on_output),
            }
        }
        finish(&out, on_output);
        finish(&err, on_error);
        drop(input);
        let code = self.exit_code(&id).await?;
        Ok((code != 0).then(|| format!("exit status: {code}")))
    }

    async fn exit_code(&self, id: &str) -> io::Result<i64> {
        for _ in 0..TRIES {
            let found = self.engine.docker().inspect_exec(id).await.map_err(io::Error::other)?;
            if let (Some(code), Some(false)) = (found.exit_code, found.running) {
                return Ok(code);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err(io::Error::other("the builder container ended too early"))
    }

    /// Runs a short script with one argument, which has to succeed.
    pub(super) async fn shell(&self, script: &str, argument: &str) -> Result<(), Unusable> {
        let mut command = std::process::Command::new("/bin/sh");
        command.args(["-c", script, "sh", argument]);
        self.must(&command, &mut |_| {}).await
    }

    /// Runs a command that has to succeed.
    pub(super) async fn must(
        &self,
        command: &std::process::Command,
        on_line: &mut impl FnMut(&str),
    ) -> Result<(), Unusable> {
        let mut said = Vec::new();
        let mut on_error = |line: &str| {
            if !line.trim().is_empty() {
                said.push(line.trim().to_string());
            }
        };
        let ran = self.run(command, false, on_line, &mut on_error).await;
        let status = match ran {
            Ok(None) => return Ok(()),
            Ok(Some(status)) => format!(" ({status})"),
            Err(error) => {
                said = vec![error.to_string()];
                String::new()
            }
        };
        Err(set_up_failed(&status, &said))
    }
}

/// The first line that is understood says more than the last: apt ends with what follows from that.
fn set_up_failed(status: &str, said: &[String]) -> Unusable {
    let known = said.iter().find_map(|line| Some((line, meaning(line)?)));
    let (line, hint) = match known {
        Some((line, hint)) => (Some(line), hint),
        None => (said.last(), "see what it says"),
    };
    let line = line.map(|line| format!(": {line}")).unwrap_or_default();
    Unusable { why: format!("its set-up failed{status}{line}"), hint: hint.into() }
}

/// Takes a part of a stream, and tells the lines that it completes.
fn feed(kept: &mut Vec<u8>, part: &[u8], on_line: &mut impl FnMut(&str)) {
    kept.extend_from_slice(part);
    while let Some(end) = kept.iter().position(|byte| *byte == b'\n') {
        let line: Vec<u8> = kept.drain(..=end).collect();
        tell(&line, &mut *on_line);
    }
}

/// A last line need not end.
fn finish(kept: &[u8], on_line: &mut impl FnMut(&str)) {
    if !kept.is_empty() {
        tell(kept, on_line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_up_that_failed_says_what_came_first() {
        let said = [
            "W: Failed to fetch http://deb.debian.org/debian/dists/trixie/InRelease  Could not resolve 'deb.debian.org'",
            "W: Some index files failed to download. They have been ignored, or old ones used instead.",
            "E: Unable to locate package g++",
        ];
        let failed = set_up_failed(" (exit status: 100)", &said.map(String::from));
        assert!(failed.why.contains("(exit status: 100): W: Failed to fetch http://deb.debian.org/"), "{}", failed.why);
        assert!(failed.hint.contains("network"), "{}", failed.hint);
        let failed = set_up_failed("", &["one".into(), "two".into()]);
        assert_eq!((&*failed.why, &*failed.hint), ("its set-up failed: two", "see what it says"));
        assert_eq!(set_up_failed("", &[]).why, "its set-up failed");
    }

    #[test]
    fn lines_are_whole_however_they_arrive() {
        let (mut kept, mut lines) = (Vec::new(), Vec::new());
        for part in ["on", "e\ntw", "o\r\nold\rnew\n", "la", "st"] {
            feed(&mut kept, part.as_bytes(), &mut |line: &str| lines.push(line.to_string()));
        }
        finish(&kept, &mut |line: &str| lines.push(line.to_string()));
        assert_eq!(lines, ["one", "two", "new", "last"]);
    }
}
