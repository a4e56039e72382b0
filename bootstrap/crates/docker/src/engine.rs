//! The connection to a Docker Engine, and the few calls that everything else is made of.

use std::io::Read;
use std::time::Duration;

use bollard::Docker;
use bollard::container::LogOutput;
use bollard::errors::Error;
use bollard::exec::{CreateExecOptions, StartExecOptions, StartExecResults};
use bollard::models::{ContainerInspectResponse, SystemInfo};
use bollard::query_parameters as query;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::endpoint::Endpoint;
use super::error::ClusterError;
use super::{secure, transport};

/// Loading a node image of more than a gigabyte must not hit the client's time limit.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(900);
/// So long a node may take to end what runs in it.
const STOP_SECONDS: i32 = 60;
/// So long the engine may take to remove a container; a node has volumes of some gigabytes.
const REMOVAL_TIMEOUT: Duration = Duration::from_secs(60);
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// A Docker Engine that answers.
#[derive(Clone)]
pub struct Engine {
    docker: Docker,
    endpoint: Endpoint,
}

/// What a command in a container printed, and how it ended.
#[derive(Debug, Clone, Default)]
pub struct CommandOutput {
    /// Its exit code; -1 if the engine does not know it.
    pub code: i64,
    /// What it wrote to stdout; bytes that are not UTF-8 are replaced.
    pub stdout: String,
    /// What it wrote to stderr, in the same way.
    pub stderr: String,
}

impl CommandOutput {
    /// What it wrote to stdout, if it did what it should.
    fn succeeded(self, container: &str, command: &[&str]) -> Result<String, ClusterError> {
        if self.code == 0 {
            return Ok(self.stdout);
        }
        Err(ClusterError::Command {
            node: container.into(),
            command: command.join(" "),
            code: self.code,
            output: format!("{}{}", self.stdout, self.stderr),
        })
    }
}

impl Engine {
    /// Connects to the engine that the `docker` command would speak to here.
    ///
    /// # Errors
    /// Whatever [`Endpoint::of_environment`] says, or [`ClusterError::NoEngine`] if nothing answers there, with why.
    pub async fn connect() -> Result<Self, ClusterError> {
        Self::at(Endpoint::of_environment()?).await
    }

    /// Connects to the engine at an endpoint.
    ///
    /// # Errors
    /// [`ClusterError::NoEngine`] if nothing answers there, [`ClusterError::EngineTls`] if its certificates cannot be
    /// used.
    pub async fn at(endpoint: Endpoint) -> Result<Self, ClusterError> {
        let docker = match &endpoint.tls {
            Some(tls) => secure::connect(&endpoint.address, tls, REQUEST_TIMEOUT)?,
            None => Docker::connect_with_host(&endpoint.address)
                .map_err(|error| endpoint.unreachable(&error))?
                .with_timeout(REQUEST_TIMEOUT),
        };
        let docker = timeout(PING_TIMEOUT, docker.negotiate_version())
            .await
            .unwrap_or(Err(Error::RequestTimeoutError))
            .map_err(|error| endpoint.unreachable(&error))?;
        // What cannot be reached is told in the words of the library's own connection.
        let logged = match endpoint.tls {
            Some(_) => None,
            None => transport::logged(&endpoint.address, &docker.client_version(), REQUEST_TIMEOUT),
        };
        let docker = logged.unwrap_or(Ok(docker)).map_err(|error| endpoint.unreachable(&error))?;
        Ok(Self { docker, endpoint })
    }

    /// The client itself, for calls that only one place makes.
    pub fn docker(&self) -> &Docker {
        &self.docker
    }

    /// Where the engine answers, and why it is this one.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// What the engine says of itself and its machine.
    ///
    /// # Errors
    /// The engine does not answer.
    pub async fn info(&self) -> Result<SystemInfo, ClusterError> {
        self.docker.info().await.map_err(ClusterError::engine("describe itself"))
    }

    /// A container's state, or `None` where there is no such container.
    ///
    /// # Errors
    /// The engine does not answer.
    pub async fn inspect(&self, container: &str) -> Result<Option<ContainerInspectResponse>, ClusterError> {
        let found = self.docker.inspect_container(container, None::<query::InspectContainerOptions>).await;
        none_if_missing(found).map_err(ClusterError::engine(format!("inspect container `{container}`")))
    }

    /// Whether the engine has this image; its ID if so.
    ///
    /// # Errors
    /// The engine does not answer.
    pub async fn image_id(&self, image: &str) -> Result<Option<String>, ClusterError> {
        let found = none_if_missing(self.docker.inspect_image(image).await)
            .map_err(ClusterError::engine(format!("inspect image `{image}`")))?;
        Ok(found.and_then(|image| image.id))
    }

    /// Starts a container, or wakes one that is paused; one that runs already is left alone.
    ///
    /// # Errors
    /// [`ClusterError::PortTaken`], or whatever the engine refuses.
    pub async fn start(&self, container: &str) -> Result<(), ClusterError> {
        let state = self.inspect(container).await?.and_then(|container| container.state);
        if state.is_some_and(|state| state.paused == Some(true)) {
            let woken = self.docker.unpause_container(container).await;
            return woken.map_err(ClusterError::engine(format!("wake container `{container}`")));
        }
        self.docker
            .start_container(container, None::<query::StartContainerOptions>)
            .await
            .map_err(ClusterError::engine(format!("start container `{container}`")))
    }

    /// Freezes all that runs in a container: it keeps its memory and gets no processor until it is started.
    ///
    /// # Errors
    /// The engine refuses, as it does for one that does not run or is paused already.
    pub async fn pause(&self, container: &str) -> Result<(), ClusterError> {
        let paused = self.docker.pause_container(container).await;
        paused.map_err(ClusterError::engine(format!("pause container `{container}`")))
    }

    /// Stops a container; one that is stopped already is left alone. Whatever runs in it is told to end, and is
    /// ended after [`STOP_SECONDS`].
    ///
    /// # Errors
    /// The engine refuses.
    pub async fn stop(&self, container: &str) -> Result<(), ClusterError> {
        let options = query::StopContainerOptionsBuilder::default().t(STOP_SECONDS).build();
        self.docker
            .stop_container(container, Some(options))
            .await
            .map_err(ClusterError::engine(format!("stop container `{container}`")))
    }

    /// Removes a container with its anonymous volumes; one that is gone already is no error.
    ///
    /// # Errors
    /// The engine refuses.
    pub async fn remove_container(&self, container: &str) -> Result<bool, ClusterError> {
        let options = query::RemoveContainerOptionsBuilder::default().force(true).v(true).build();
        let removed = self.docker.remove_container(container, Some(options)).await;
        let removed = match removed {
            // Somebody else does so just now, as a `down` that was killed: the engine goes on with what it was told.
            Err(error) if is_going(&error) => match self.until_removed(container).await {
                true => return Ok(true),
                false => Err(error),
            },
            removed => removed,
        };
        Ok(none_if_missing(removed).map_err(ClusterError::engine(format!("remove container `{container}`")))?.is_some())
    }

    /// Waits until a container is gone; whether that came within [`REMOVAL_TIMEOUT`].
    async fn until_removed(&self, container: &str) -> bool {
        let options = query::WaitContainerOptionsBuilder::default().condition("removed").build();
        let mut end = self.docker.wait_container(container, Some(options));
        let Ok(Some(told)) = timeout(REMOVAL_TIMEOUT, end.next()).await else { return false };
        // How its program ended does not matter; there may be none by now.
        match told {
            Ok(_) | Err(Error::DockerContainerWaitError { .. }) => true,
            Err(error) => matches!(error, Error::DockerResponseServerError { status_code: 404, .. }),
        }
    }

    /// Removes the images that were built here and loaded into the engine.
    ///
    /// # Errors
    /// The engine refuses, for instance because a container uses one.
    pub async fn remove_built_images(&self) -> Result<(), ClusterError> {
        let filters = [("reference".to_string(), vec!["backstack/*".to_string()])].into();
        let options = query::ListImagesOptions { filters: Some(filters), ..Default::default() };
        let images = self.docker.list_images(Some(options)).await.map_err(ClusterError::engine("list images"))?;
        for tag in images.into_iter().flat_map(|image| image.repo_tags) {
            let removed = self.docker.remove_image(&tag, None::<query::RemoveImageOptions>, None).await;
            none_if_missing(removed).map_err(ClusterError::engine(format!("remove image `{tag}`")))?;
        }
        Ok(())
    }

    /// The last lines that a container wrote.
    pub async fn logs(&self, container: &str, lines: u32) -> String {
        let options = query::LogsOptionsBuilder::default().stdout(true).stderr(true).tail(&lines.to_string()).build();
        let mut stream = self.docker.logs(container, Some(options));
        let mut text = String::new();
        while let Some(Ok(chunk)) = stream.next().await {
            text.push_str(&chunk.to_string());
        }
        text
    }

    /// Runs a command in a container and waits for its end.
    ///
    /// # Errors
    /// The engine refuses. A command that fails is not an error here: see [`Engine::run`].
    pub async fn exec(
        &self,
        container: &str,
        command: &[&str],
        stdin: Option<&[u8]>,
    ) -> Result<CommandOutput, ClusterError> {
        self.exec_heard(container, command, stdin, &|_| {}).await
    }

    /// The same, and whatever it writes to stdout is told as it comes.
    async fn exec_heard(
        &self,
        container: &str,
        command: &[&str],
        stdin: Option<&[u8]>,
        hear: &(dyn Fn(&str) + Sync),
    ) -> Result<CommandOutput, ClusterError> {
        let failed = || ClusterError::engine(format!("run `{}` in `{container}`", command.join(" ")));
        let options = CreateExecOptions {
            attach_stdin: Some(stdin.is_some()),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            cmd: Some(command.to_vec()),
            ..Default::default()
        };
        let id = self.docker.create_exec(container, options).await.map_err(failed())?.id;
        let mut output = CommandOutput::default();
        let started = self.docker.start_exec(&id, None::<StartExecOptions>).await.map_err(failed())?;
        if let StartExecResults::Attached { output: mut stream, mut input } = started {
            if let Some(bytes) = stdin {
                let io = |error| failed()(Error::IOError { err: error });
                input.write_all(bytes).await.map_err(io)?;
                input.shutdown().await.map_err(io)?;
            }
            while let Some(chunk) = stream.try_next().await.map_err(failed())? {
                match chunk {
                    LogOutput::StdErr { message } => output.stderr.push_str(&String::from_utf8_lossy(&message)),
                    other => {
                        let text = String::from_utf8_lossy(&other.into_bytes()).into_owned();
                        hear(&text);
                        output.stdout.push_str(&text);
                    }
                }
            }
        }
        output.code = self.docker.inspect_exec(&id).await.map_err(failed())?.exit_code.unwrap_or(-1);
        Ok(output)
    }

    /// Runs a command in a container that has to succeed; gives what it wrote to stdout.
    ///
    /// # Errors
    /// [`ClusterError::Command`] with all its output if it exits with another code than 0.
    pub async fn run(&self, container: &str, command: &[&str], stdin: Option<&[u8]>) -> Result<String, ClusterError> {
        self.exec(container, command, stdin).await?.succeeded(container, command)
    }

    /// The same for a command that takes its time: whatever it writes to stdout is told as it comes.
    ///
    /// # Errors
    /// As [`Engine::run`].
    pub async fn run_heard(
        &self,
        container: &str,
        command: &[&str],
        hear: &(dyn Fn(&str) + Sync),
    ) -> Result<String, ClusterError> {
        self.exec_heard(container, command, None, hear).await?.succeeded(container, command)
    }

    /// A file of a container, started or not.
    ///
    /// # Errors
    /// The engine refuses, or there is no such file.
    pub async fn read_file(&self, container: &str, path: &str) -> Result<Vec<u8>, ClusterError> {
        let failed = || ClusterError::engine(format!("read `{path}` in `{container}`"));
        let options = query::DownloadFromContainerOptionsBuilder::default().path(path).build();
        let chunks: Vec<Bytes> =
            self.docker.download_from_container(container, Some(options)).try_collect().await.map_err(failed())?;
        file_of(&chunks.concat()).map_err(|err| failed()(Error::IOError { err }))
    }

    /// A folder of a container, started or not, as a tar archive that begins with the folder itself; `take` gets it in parts.
    ///
    /// # Errors
    /// The engine refuses, there is no such folder, or a part cannot be taken.
    pub async fn read_folder(
        &self,
        container: &str,
        path: &str,
        mut take: impl FnMut(&[u8]) -> std::io::Result<()>,
    ) -> Result<(), ClusterError> {
        let failed = || ClusterError::engine(format!("read `{path}` in `{container}`"));
        let options = query::DownloadFromContainerOptionsBuilder::default().path(path).build();
        let mut parts = self.docker.download_from_container(container, Some(options));
        while let Some(part) = parts.try_next().await.map_err(failed())? {
            take(&part).map_err(|err| failed()(Error::IOError { err }))?;
        }
        Ok(())
    }

    /// Unpacks a tar archive into a folder of a container, started or not, with owners and rights as the archive has them.
    ///
    /// # Errors
    /// The engine refuses, there is no such folder, or its disk is full.
    pub async fn unpack_into(
        &self,
        container: &str,
        folder: &str,
        archive: tokio::fs::File,
    ) -> Result<(), ClusterError> {
        let options = query::UploadToContainerOptionsBuilder::default().path(folder).build();
        let body = bollard::body_try_stream(tokio_util::io::ReaderStream::with_capacity(archive, 1 << 18));
        let unpacked = self.docker.upload_to_container(container, Some(options), body).await;
        unpacked.map_err(ClusterError::engine(format!("unpack files in `{folder}` of `{container}`")))
    }

    /// Writes files into a container, started or not. Paths are absolute; folders are made.
    ///
    /// # Errors
    /// The engine refuses, or its disk is full.
    pub async fn write_files(&self, container: &str, files: &[(String, String)]) -> Result<(), ClusterError> {
        let archive = tar_of(files).map_err(|err| ClusterError::engine("make an archive")(Error::IOError { err }))?;
        let options = query::UploadToContainerOptionsBuilder::default().path("/").build();
        self.docker
            .upload_to_container(container, Some(options), bollard::body_full(Bytes::from(archive)))
            .await
            .map_err(ClusterError::engine(format!("write files into `{container}`")))
    }
}

fn tar_of(files: &[(String, String)]) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, path.trim_start_matches('/'), content.as_bytes())?;
    }
    archive.into_inner()
}

/// The content of the first file of an archive.
fn file_of(archive: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Archive::new(archive);
    let mut file = archive.entries()?.next().ok_or(std::io::ErrorKind::UnexpectedEof)??;
    let mut content = Vec::new();
    file.read_to_end(&mut content)?;
    Ok(content)
}

/// Whether a container cannot be removed because that is being done.
fn is_going(error: &Error) -> bool {
    matches!(error, Error::DockerResponseServerError { status_code: 409, message } if message.contains("in progress"))
}

/// Turns the engine's "no such object" into `None`.
pub fn none_if_missing<T>(result: Result<T, Error>) -> Result<Option<T>, Error> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(Error::DockerResponseServerError { status_code: 404, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
