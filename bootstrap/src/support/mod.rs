//! `support-bundle`: one archive for whoever is to find out what ails a platform, with the secrets removed.
//!
//! Nothing is changed. Whatever does not answer is left out and named, so a platform that is half broken, stopped or
//! missing gives an archive as well.
//!
//! ```text
//! secrets     where the values come from that must not be in it
//! redact      finds them in every line, in every form
//! scrub       takes out fields that sound like secrets
//! archive     files go in one by one, line by line
//! gathered    what is in it so far, and what could not be read
//! clock       how long is waited
//! objects, logs      of the cluster
//! node, containers   of the engine
//! index       the page that says what is where
//! ```

mod archive;
mod clock;
mod containers;
mod gathered;
mod index;
mod logs;
mod node;
mod objects;
mod redact;
mod scrub;
mod secrets;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use kube::Client;
use serde::Serialize;
use serde_json::{Value, json};

use crate::docker::observe::ObservedPlatform;
use crate::docker::provision;
use crate::docker::{Engine, names};
use crate::error::{ExitKind, Explain, chain};
use crate::folders;
use crate::kubernetes::record;
use crate::settings::Record;

use clock::Clock;
use gathered::Gathered;
pub use gathered::LeftOut;
pub use index::what;
use redact::Secrets;

/// All of it takes no longer.
const PATIENCE: Duration = Duration::from_secs(120);
/// ... and each of its parts: one that hangs leaves time to the others.
const PART: Duration = Duration::from_secs(40);

/// What is known before anything is gathered. What could not be had says why.
pub struct Subject {
    /// When this was begun.
    pub begun: Instant,
    /// Name of the platform, which need not be there.
    pub name: String,
    /// The container engine, or why none answers.
    pub engine: Result<Engine, String>,
    /// The platform's containers, or why they are not known.
    pub platform: Result<ObservedPlatform, String>,
    /// Asks the Kubernetes API, or why nothing can.
    pub client: Result<Client, String>,
    /// What `doctor` and `status` tell, as JSON.
    pub doctor: Result<Value, String>,
    /// What `status` tells, as JSON, or why it could not be asked.
    pub status: Result<Value, String>,
}

/// An archive that was written.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bundle {
    /// The archive: a `.tar.gz`.
    pub file: PathBuf,
    /// Size of the archive.
    pub bytes: u64,
    /// How many files are in it.
    pub files: usize,
    /// How many files each part has.
    pub parts: BTreeMap<String, usize>,
    /// In how many places a secret was taken out.
    pub removed: usize,
    /// What could not be read.
    pub left_out: Vec<LeftOut>,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// The archive could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the archive {path} cannot be written: {why}")]
pub struct Unwritten {
    path: String,
    why: String,
    exists: bool,
}

impl Unwritten {
    fn of(path: &str, why: io::Error) -> Self {
        let exists = why.kind() == io::ErrorKind::AlreadyExists;
        let why = if exists { "there is such a file already".into() } else { why.to_string() };
        Self { path: path.into(), why, exists }
    }
}

impl Explain for Unwritten {
    fn kind(&self) -> ExitKind {
        if self.exists { ExitKind::Usage } else { ExitKind::Internal }
    }

    fn hints(&self) -> Vec<String> {
        vec![
            "Name another file with `--file FILE`, in a folder that you may write to and that has some MB left.".into(),
        ]
    }
}

/// Whether the archive can be written there at all, before anybody waits for what is to be in it.
///
/// # Errors
/// [`Unwritten`]
pub fn check(file: &Path) -> Result<(), Unwritten> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let why = match file.exists() {
        true => Some(io::ErrorKind::AlreadyExists.into()),
        false => std::fs::metadata(folder).err(),
    };
    why.map_or(Ok(()), |why| Err(Unwritten::of(&file.display().to_string(), why)))
}

/// Gathers all that can be read, and writes it into a file that must not be there yet.
///
/// # Errors
/// [`Unwritten`]; what could not be read is no error, and is named in the answer.
pub async fn bundle(subject: Subject, file: PathBuf) -> Result<Bundle, Unwritten> {
    let clock = Clock::of(PATIENCE);
    let (mut secrets, mut record) = (Secrets::default(), None);
    let known = known_secrets(&subject, &mut record, &mut secrets, clock.part(PART)).await;
    let root = format!("backstack-{}", subject.name);
    let mut into = Gathered::begin(&file, &root, secrets.redactor())?;
    facts(&subject, record.as_ref(), clock.part(PART), &mut into).await?;
    of_engine(&subject, clock, &mut into).await?;
    match (&subject.client, known) {
        (Ok(client), Ok(())) => {
            objects::take(client, clock.part(PART), &mut into).await?;
            logs::take(client, &subject.name, clock.part(PART), &mut into).await?;
        }
        // They may have any secret in them, and nobody knows it.
        (Ok(_), Err(why)) => {
            into.left_out("objects and logs of the cluster", &format!("its Secrets could not be read: {why}"));
        }
        (Err(why), _) => into.left_out("objects and logs of the cluster", why),
    }
    let (parts, missing) = (into.parts.clone(), into.missing.clone());
    into.text("README.md", &index::page(&subject.name, &parts, &missing, into.removed()))?;
    let removed = into.removed();
    let (files, bytes) = into.finish()?;
    let seconds = subject.begun.elapsed().as_secs_f64();
    Ok(Bundle { file, bytes, files, parts, removed, left_out: missing, seconds })
}

/// Everything that must not be in the archive; the record is read on the way.
async fn known_secrets(
    subject: &Subject,
    record: &mut Option<Record>,
    secrets: &mut Secrets,
    clock: Clock,
) -> Result<(), String> {
    if let (Ok(engine), Ok(platform)) = (&subject.engine, &subject.platform) {
        of_containers(engine, platform, secrets, clock).await;
    }
    let Ok(client) = &subject.client else { return Ok(()) };
    let read = async { record::read::<Record>(client).await.map_err(|error| chain(&error).join(": ")) };
    *record = clock.within(read).await.ok().flatten();
    if let Some(record) = record {
        secrets::of_record(record, secrets);
    }
    secrets::of_cluster(client, clock, secrets).await
}

async fn of_containers(engine: &Engine, platform: &ObservedPlatform, secrets: &mut Secrets, clock: Clock) {
    for node in &platform.nodes {
        let asked = async { engine.inspect(&node.name).await.map_err(|error| error.to_string()) };
        let environment = clock.within(asked).await.ok().flatten().and_then(|container| container.config?.env);
        secrets::of_environment(&environment.unwrap_or_default(), secrets);
    }
    if let Some(node) = platform.control_plane().filter(|node| node.running) {
        let asked = async { provision::admin_kubeconfig(engine, &node.name).await.map_err(|error| error.to_string()) };
        if let Ok(admin) = clock.within(asked).await {
            secrets::of_kubeconfig(&admin, secrets);
        }
    }
}

/// What the program itself knows.
async fn facts(subject: &Subject, record: Option<&Record>, clock: Clock, into: &mut Gathered) -> Result<(), Unwritten> {
    let version = async {
        let client = subject.client.as_ref().map_err(String::clone)?;
        client.apiserver_version().await.map_err(|error| error.to_string())
    };
    let kubernetes = clock.within(version).await.map(|info| info.git_version);
    let about = json!({
        "backstack": env!("CARGO_PKG_VERSION"),
        "system": format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
        "engine": subject.engine.as_ref().ok().map(|engine| engine.endpoint().to_string()),
        "kubernetes": kubernetes.ok(),
        "stack": record.map(|record| &record.stack),
        "made_by": subject.platform.as_ref().ok().and_then(|platform| Some(&platform.settings.as_ref()?.made_by)),
        "time": crate::report::json::now().unwrap_or_default(),
    });
    into.json("about.json", about)?;
    for (file, answer) in [("doctor.json", &subject.doctor), ("status.json", &subject.status)] {
        match answer {
            Ok(value) => into.json(file, value.clone())?,
            Err(why) => into.left_out(file, why),
        }
    }
    match &subject.platform {
        Ok(platform) => into.json("platform/containers.json", json!(platform))?,
        Err(why) => into.left_out("platform/containers.json", why),
    }
    match record {
        Some(record) => into.json("platform/record.json", json!(record))?,
        None => into.left_out("platform/record.json", "the cluster has none, or does not answer"),
    }
    runs(&subject.name, into)
}

/// The logs of the last runs on this platform, which are kept on this machine.
fn runs(platform: &str, into: &mut Gathered) -> Result<(), Unwritten> {
    let Ok(folder) = folders::logs() else { return Ok(()) };
    for command in crate::log::Command::ALL {
        let name = command.file_name(platform);
        match std::fs::File::open(folder.join(&name)) {
            Ok(mut log) => {
                let mut piece = into.piece();
                io::copy(&mut log, &mut piece).map_err(|why| into.unwritten(why))?;
                into.put(&format!("runs/{name}"), piece)?;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => into.left_out(&format!("runs/{name}"), &error.to_string()),
        }
    }
    Ok(())
}

async fn of_engine(subject: &Subject, clock: Clock, into: &mut Gathered) -> Result<(), Unwritten> {
    let engine = match &subject.engine {
        Ok(engine) => engine,
        Err(why) => {
            into.left_out("the engine and the nodes", why);
            return Ok(());
        }
    };
    let nodes = subject.platform.as_ref().map(|platform| platform.nodes.clone()).unwrap_or_default();
    let names: Vec<_> = nodes.iter().map(|node| node.name.clone()).chain([names::REGISTRY.into()]).collect();
    containers::take(engine, &names, clock.part(PART), into).await?;
    for node in nodes {
        if node.running {
            node::take(engine, &node.name, subject.client.is_err(), clock.part(PART), into).await?;
        } else {
            into.left_out(&format!("nodes/{}", node.name), "it does not run");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn without_engine_and_platform_there_is_an_archive_that_says_so() {
        let folder = tempfile::tempdir().expect("a folder");
        let nothing = || "no Docker Engine answers".to_string();
        let subject = Subject {
            begun: Instant::now(),
            name: "of-nobody".into(),
            engine: Err(nothing()),
            platform: Err(nothing()),
            client: Err(nothing()),
            doctor: Ok(json!([{"verdict": "failed", "token": "geheim"}])),
            status: Err(nothing()),
        };
        let file = folder.path().join("bundle.tar.gz");
        let bundle = bundle(subject, file.clone()).await.expect("an archive");
        assert_eq!(bundle.parts.keys().map(String::as_str).collect::<Vec<_>>(), ["about.json", "doctor.json"]);
        let what: Vec<_> = bundle.left_out.iter().map(|left| left.what.as_str()).collect();
        assert!(what.contains(&"status.json") && what.contains(&"objects and logs of the cluster"), "{what:?}");
        assert_eq!(std::fs::metadata(&file).expect("it").len(), bundle.bytes);
        assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 1);
    }
}
