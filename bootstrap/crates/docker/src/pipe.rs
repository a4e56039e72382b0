//! A program in a container with both of its ends in hand: bytes go in and come out as they are.

use std::io;
use std::pin::Pin;

use bollard::container::LogOutput;
use bollard::exec::{CreateExecOptions, StartExecOptions, StartExecResults};
use futures::{StreamExt, future};
use tokio::io::{AsyncRead, AsyncWrite, Join, join};
use tokio_util::io::StreamReader;

use super::engine::Engine;
use super::error::ClusterError;

type Reader = Pin<Box<dyn AsyncRead + Send>>;
type Writer = Pin<Box<dyn AsyncWrite + Send>>;

/// What the program writes to stdout can be read, and what is written is its stdin.
pub type Pipe = Join<Reader, Writer>;

/// Starts a program in a container that runs. It ends when its stdin does, which is when this is dropped.
///
/// # Errors
/// The engine refuses. A program that fails ends what is read, and nothing tells of it.
pub async fn open(engine: &Engine, container: &str, command: &[&str]) -> Result<Pipe, ClusterError> {
    let failed = || ClusterError::engine(format!("run `{}` in `{container}`", command.join(" ")));
    let options = CreateExecOptions {
        attach_stdin: Some(true),
        attach_stdout: Some(true),
        cmd: Some(command.to_vec()),
        ..Default::default()
    };
    let id = engine.docker().create_exec(container, options).await.map_err(failed())?.id;
    match engine.docker().start_exec(&id, None::<StartExecOptions>).await.map_err(failed())? {
        StartExecResults::Attached { output, input } => {
            let bytes = output.filter_map(|chunk| {
                future::ready(match chunk {
                    Ok(LogOutput::StdErr { .. }) => None,
                    Ok(other) => Some(Ok(other.into_bytes())),
                    Err(error) => Some(Err(io::Error::other(error))),
                })
            });
            let output: Reader = Box::pin(StreamReader::new(Box::pin(bytes)));
            Ok(join(output, input))
        }
        StartExecResults::Detached => Err(failed()(io::Error::other("it was not attached").into())),
    }
}

/// A connection to a port of the node's own loopback, which nobody outside of it reaches.
///
/// # Errors
/// The engine refuses.
pub async fn connect(engine: &Engine, node: &str, port: u16) -> Result<Pipe, ClusterError> {
    // Every node image has bash: its entrypoint is written for it.
    let script = format!("exec 3<>/dev/tcp/127.0.0.1/{port} && {{ cat <&3 & cat >&3; kill $!; }}");
    open(engine, node, &["bash", "-c", &script]).await
}
