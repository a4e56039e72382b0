//! A program in the node with the ends of this process: what is typed goes in, what it says comes out.

use std::io::Read;

use bollard::container::LogOutput;
use bollard::exec::{CreateExecOptions, StartExecOptions, StartExecResults};
use bollard::query_parameters::ResizeExecOptionsBuilder;
use futures::TryStreamExt;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;

use super::terminal::{Raw, Resized, Size};
use super::{Place, Program, ToolsError, place};
use crate::docker::{ClusterError, Engine};

/// Bytes that are read at a time.
const CHUNK: usize = 16 << 10;

/// What takes what a program says: its bytes, and whether they are of its stderr.
pub type Hear<'a> = &'a (dyn Fn(&[u8], bool) + Sync);

/// Runs a program, and gives its exit code. One that is none of the platform's is looked for in the node.
///
/// # Errors
/// [`ToolsError::Unknown`], or the engine refuses. A program that fails is no error.
pub async fn run(place: &Place, known: &[Program], command: &[String], hear: Hear<'_>) -> Result<i64, ToolsError> {
    let (name, arguments) = command.split_first().map_or(("", &[][..]), |(name, rest)| (name.as_str(), rest));
    let of_the_node =
        Program { name: name.into(), image: None, path: name.into(), environment: Default::default(), namespace: None };
    let program = known.iter().find(|program| program.name == name).unwrap_or(&of_the_node);
    let path = place::ready(place, program).await?.ok_or_else(|| ToolsError::Unknown {
        name: name.into(),
        known: known.iter().map(|program| program.name.clone()).collect(),
    })?;
    let environment = place::environment(place, program).await?;
    attached(place, [&[path], arguments].concat(), environment, hear).await
}

/// Where both ends are a terminal, the program gets one as well.
async fn attached(
    place: &Place,
    command: Vec<String>,
    mut environment: Vec<String>,
    hear: Hear<'_>,
) -> Result<i64, ToolsError> {
    let failed = || ClusterError::engine(format!("run `{}` in `{}`", command.join(" "), place.node));
    let size = Size::of_terminal();
    environment.extend(std::env::var("TERM").ok().filter(|_| size.is_some()).map(|term| format!("TERM={term}")));
    let options = CreateExecOptions {
        attach_stdin: Some(true),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        tty: Some(size.is_some()),
        env: Some(environment),
        working_dir: Some("/root".to_string()),
        cmd: Some(command.clone()),
        ..Default::default()
    };
    let docker = place.engine.docker();
    let id = docker.create_exec(&place.node, options).await.map_err(failed())?.id;
    let started = docker.start_exec(&id, None::<StartExecOptions>).await.map_err(failed())?;
    if let StartExecResults::Attached { mut output, input } = started {
        let _raw = size.map(|_| Raw::begin());
        let mut resized = Resized::watch(size);
        let mut typing = Box::pin(typed(input));
        let mut at_end = false;
        loop {
            tokio::select! {
                said = output.try_next() => match said.map_err(failed())? {
                    Some(LogOutput::StdErr { message }) => hear(&message, true),
                    Some(other) => hear(&other.into_bytes(), false),
                    None => break,
                },
                () = &mut typing, if !at_end => at_end = true,
                size = resized.next() => resize(&place.engine, &id, size).await,
            }
        }
    }
    let ended = docker.inspect_exec(&id).await.map_err(failed())?;
    Ok(ended.exit_code.unwrap_or(-1))
}

/// A program that has just ended has no size any more, and that is no fault.
async fn resize(engine: &Engine, id: &str, size: Size) {
    let options = ResizeExecOptionsBuilder::default().h(size.rows.into()).w(size.columns.into()).build();
    drop(engine.docker().resize_exec(id, options).await);
}

/// Gives what is typed to the program, until there is no more, or the program takes no more. The reader is a thread that
/// nobody waits for: it may sit in a read for ever.
async fn typed(mut input: impl AsyncWrite + Unpin) {
    let (sender, mut receiver) = mpsc::channel::<Vec<u8>>(4);
    std::thread::spawn(move || {
        let mut buffer = vec![0; CHUNK];
        while let Ok(count @ 1..) = std::io::stdin().lock().read(&mut buffer) {
            if sender.blocking_send(buffer[..count].to_vec()).is_err() {
                return;
            }
        }
    });
    while let Some(bytes) = receiver.recv().await {
        let given = async {
            input.write_all(&bytes).await?;
            input.flush().await
        };
        if given.await.is_err() {
            return;
        }
    }
    drop(input.shutdown().await);
}
