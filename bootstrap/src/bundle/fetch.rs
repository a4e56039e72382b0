//! A bundle from another machine: fetched once, going on where it stopped, and checked.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::header::{CONTENT_RANGE, LAST_MODIFIED, RANGE};
use reqwest::{Response, StatusCode};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt;

use crate::error::{ExitKind, Explain, Failure, chain};
use crate::images::bundle::find_base;
use crate::images::{Bundle, BundleError, Digest};
use crate::log;
use crate::report::Progress;
use crate::{folders, tls};

/// A server that says nothing for so long is asked again.
const SILENCE: Duration = Duration::from_secs(20);
/// So often in a row without a single byte.
const TRIES: u32 = 6;
const PAUSE: Duration = Duration::from_secs(1);

/// A bundle cannot be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The server cannot be reached, or refuses, or broke off too often.
    #[error("the bundle {url} cannot be fetched: {why}")]
    Fetch {
        /// Address of the bundle.
        url: String,
        /// What the last try came to.
        why: String,
    },
    /// All of it came, and is not what its index says; what came was removed.
    #[error("the bundle {url} came with damaged parts")]
    Damaged {
        /// Address of the bundle.
        url: String,
        /// Each damaged part with what is wrong, as `DIGEST: WHAT`.
        hurt: Vec<String>,
    },
    /// The disk of this machine refuses.
    #[error("the bundle {url} cannot be kept in {}", .path.display())]
    Keep {
        /// Address of the bundle.
        url: String,
        /// The file or folder in the cache.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

impl Explain for FetchError {
    fn kind(&self) -> ExitKind {
        match self {
            Self::Keep { .. } => ExitKind::Prerequisite,
            _ => ExitKind::Image,
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Damaged { hurt, .. } => hurt.clone(),
            _ => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<String> {
        vec![match self {
            Self::Fetch { .. } => {
                "See that the address is right and the machine answers; the same command goes on where it stopped."
                    .into()
            }
            Self::Damaged { .. } => {
                "Nothing of it was used. Check the file where it comes from: `backstack bundle verify`.".into()
            }
            Self::Keep { .. } => "Make room in the cache folder, or set BACKSTACK_CACHE to another one.".into(),
        }]
    }
}

/// What a server said of its file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Said {
    size: Option<u64>,
    modified: Option<String>,
}

impl Said {
    fn of(answer: &Response) -> Self {
        let text = |name| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(String::from);
        let size = match answer.status() {
            StatusCode::PARTIAL_CONTENT => {
                text(CONTENT_RANGE).and_then(|range| range.rsplit('/').next()?.parse::<u64>().ok())
            }
            _ => answer.content_length(),
        };
        Self { size, modified: text(LAST_MODIFIED) }
    }
}

/// Whether this names a file on another machine.
pub fn is_address(bundle: &Path) -> bool {
    bundle.to_str().is_some_and(|text| text.starts_with("http://") || text.starts_with("https://"))
}

/// Where it lies here.
struct Place {
    /// When it is whole and checked.
    whole: PathBuf,
    part: PathBuf,
    /// What the server said of the part.
    said: PathBuf,
}

/// Gets a bundle to this machine; one that was fetched before is taken.
///
/// # Errors
/// [`FetchError`]; what came stays, and the next try goes on from there.
pub async fn fetch(url: &str, progress: &Progress) -> Result<PathBuf, Failure> {
    fetch_to(&folders::cache()?.join("bundles"), url, progress).await
}

async fn fetch_to(folder: &Path, url: &str, progress: &Progress) -> Result<PathBuf, Failure> {
    let name = Digest::of(url.as_bytes()).short().to_string();
    let place = Place {
        whole: folder.join(format!("{name}.bundle")),
        part: folder.join(format!("{name}.part")),
        said: folder.join(format!("{name}.json")),
    };
    if place.whole.exists() {
        return Ok(place.whole);
    }
    let kept = |source| FetchError::Keep { url: url.into(), path: folder.into(), source };
    std::fs::create_dir_all(folder).map_err(kept)?;
    download(url, &place, progress).await?;
    if let Some(base) = base_of(&place.part) {
        // One level at a time: what that one stands on is fetched with it.
        Box::pin(fetch_to(folder, &beside(url, &base), progress)).await?;
    }
    progress.detail("checking every byte");
    check(url, &place).await?;
    std::fs::rename(&place.part, &place.whole).map_err(kept)?;
    drop(std::fs::remove_file(&place.said));
    Ok(place.whole)
}

/// The name of what a bundle stands on, if that is not here yet.
fn base_of(part: &Path) -> Option<String> {
    let base = Bundle::open_alone(part).ok()?.about.base?;
    matches!(find_base(part, &base), Err(BundleError::NoBase { .. })).then_some(base.name)
}

/// The address of a file that lies where another one does.
fn beside(url: &str, name: &str) -> String {
    let folder = url.rsplit_once('/').map_or(url, |(folder, _)| folder);
    format!("{folder}/{name}")
}

async fn download(url: &str, place: &Place, progress: &Progress) -> Result<(), Failure> {
    let builder = || reqwest::Client::builder().connect_timeout(SILENCE).read_timeout(SILENCE);
    let failed = |why| FetchError::Fetch { url: url.into(), why };
    let client = tls::client_or_distrust(builder).map_err(|error| failed(error.to_string()))?;
    let mut tries = 0;
    loop {
        let before = length(&place.part);
        match go_on(url, place, &client, progress).await {
            Ok(()) => return Ok(()),
            Err(Trouble::Last(error)) => return Err(error.into()),
            Err(Trouble::Again(why)) => {
                tries = if length(&place.part) > before { 0 } else { tries + 1 };
                if tries >= TRIES {
                    return Err(failed(why).into());
                }
                progress.detail(format!("{why}; asking again"));
                tokio::time::sleep(PAUSE * tries.max(1)).await;
            }
        }
    }
}

enum Trouble {
    Again(String),
    Last(FetchError),
}

fn length(part: &Path) -> u64 {
    part.metadata().map_or(0, |file| file.len())
}

/// One attempt: asks for what is missing, and appends what comes.
async fn go_on(url: &str, place: &Place, client: &reqwest::Client, progress: &Progress) -> Result<(), Trouble> {
    let again = |error: reqwest::Error| Trouble::Again(chain(&error).pop().unwrap_or_default());
    let keep = |source| Trouble::Last(FetchError::Keep { url: url.into(), path: place.part.clone(), source });
    let had = std::fs::read(&place.said).ok().and_then(|bytes| serde_json::from_slice::<Said>(&bytes).ok());
    let mut there = if had.is_some() { length(&place.part) } else { 0 };
    if there > 0 && had.as_ref().is_some_and(|had| had.size == Some(there)) {
        return Ok(());
    }
    let mut answer = log::send(client.get(url).header(RANGE, format!("bytes={there}-"))).await.map_err(again)?;
    if answer.status() == StatusCode::RANGE_NOT_SATISFIABLE {
        answer = log::send(client.get(url)).await.map_err(again)?;
    }
    if !answer.status().is_success() {
        let why = format!("it answered {}", answer.status());
        let may_pass = answer.status().is_server_error();
        return Err(if may_pass {
            Trouble::Again(why)
        } else {
            Trouble::Last(FetchError::Fetch { url: url.into(), why })
        });
    }
    let said = Said::of(&answer);
    if answer.status() == StatusCode::PARTIAL_CONTENT && there > 0 && had.as_ref() != Some(&said) {
        // It is another file by now: what is here is worth nothing.
        drop(std::fs::remove_file(&place.part));
        return Err(Trouble::Again("the file has changed meanwhile".into()));
    }
    if answer.status() != StatusCode::PARTIAL_CONTENT {
        there = 0;
    }
    std::fs::write(&place.said, serde_json::to_vec(&said).expect("plain data is JSON")).map_err(keep)?;
    let file = tokio::fs::File::options().create(true).append(true).open(&place.part).await.map_err(keep)?;
    file.set_len(there).await.map_err(keep)?;
    let mut file = tokio::io::BufWriter::with_capacity(1 << 20, file);
    let read = loop {
        match answer.chunk().await {
            Ok(Some(chunk)) => {
                file.write_all(&chunk).await.map_err(keep)?;
                there += chunk.len() as u64;
                progress.bytes("bundle", there, said.size);
            }
            Ok(None) => break Ok(()),
            Err(error) => break Err(again(error)),
        }
    };
    file.flush().await.map_err(keep)?;
    read?;
    match said.size {
        Some(size) if there < size => Err(Trouble::Again(format!("it ended after {there} of {size} bytes"))),
        _ => Ok(()),
    }
}

async fn check(url: &str, place: &Place) -> Result<(), Failure> {
    let part = place.part.clone();
    let hurt = tokio::task::spawn_blocking(move || Ok::<_, BundleError>(Bundle::open(&part)?.verify(|_| ())));
    let hurt = match hurt.await.map_err(|error| Failure::internal(error.to_string()))? {
        Ok(hurt) if hurt.is_empty() => return Ok(()),
        Ok(hurt) => hurt.iter().map(|one| format!("{}: {}", one.digest, one.what)).collect(),
        Err(error) => vec![error.to_string()],
    };
    for file in [&place.part, &place.said] {
        drop(std::fs::remove_file(file));
    }
    Err(FetchError::Damaged { url: url.into(), hurt }.into())
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::bundle::serve::{Others, Served, Server};
    use crate::images::BlobStore;
    use crate::images::bundle::{About, Base};
    use crate::images::bundle_writer::{self, Beside};

    /// A bundle with one large file in it, served on loopback; the address of the file.
    async fn served(folder: &Path) -> String {
        let store = BlobStore::open(folder.join("store")).expect("store");
        let large: Vec<u8> = (0..1_000_000_u32).flat_map(u32::to_le_bytes).collect();
        let about = About {
            made_by: "0.1.0".into(),
            stack: "back".into(),
            stack_version: "0.1.0".into(),
            files: vec![store.put("application/yaml", &large).expect("put").digest],
            ..About::blank()
        };
        let path = folder.join("a.bundle");
        let written =
            bundle_writer::write(&path, about.clone(), Vec::new(), &store, Beside::default(), &Progress::silent())
                .await;
        written.expect("written");
        let listen = "127.0.0.1:0".parse().expect("an address");
        let server =
            Server::bind(listen, about, Served::of(&path).expect("a file"), Others::default()).await.expect("bound");
        let address = server.door.addresses[0].clone();
        tokio::spawn(server.run());
        format!("{address}/a.bundle")
    }

    /// Stands between and ends each connection after so many bytes.
    async fn cut_after(bytes: u64, url: &str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let here = listener.local_addr().expect("an address").to_string();
        let there = url.trim_start_matches("http://").split('/').next().expect("a host").to_string();
        let through = url.replace(&there, &here);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (mut from_client, mut to_client) = client.into_split();
                let (from_server, mut to_server) = TcpStream::connect(&there).await.expect("a server").into_split();
                tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_server).await });
                tokio::spawn(async move { tokio::io::copy(&mut from_server.take(bytes), &mut to_client).await });
            }
        });
        through
    }

    #[tokio::test]
    async fn a_fetch_goes_on_where_it_was_cut_and_is_the_whole_in_the_end() {
        let folder = tempfile::tempdir().expect("folder");
        let url = served(folder.path()).await;
        let cut = cut_after(900_000, &url).await;
        let found = fetch_to(&folder.path().join("cache"), &cut, &Progress::silent()).await.expect("fetched");
        let original = std::fs::read(folder.path().join("a.bundle")).expect("read");
        assert!(std::fs::read(&found).expect("read") == original, "it is another file");
        // Once here, nobody is asked.
        let again = fetch_to(&folder.path().join("cache"), &cut, &Progress::silent()).await.expect("it is here");
        assert_eq!(again, found);
        let left = std::fs::read_dir(folder.path().join("cache")).expect("cache").count();
        assert_eq!(left, 1);
    }

    #[tokio::test]
    async fn a_file_that_was_replaced_meanwhile_is_fetched_anew() {
        let folder = tempfile::tempdir().expect("folder");
        let url = served(folder.path()).await;
        let cache = folder.path().join("cache");
        std::fs::create_dir_all(&cache).expect("folder");
        let name = Digest::of(url.as_bytes()).short().to_string();
        std::fs::write(cache.join(format!("{name}.part")), vec![1; 5000]).expect("write");
        let said = Said { size: Some(9), modified: Some("yesterday".into()) };
        std::fs::write(cache.join(format!("{name}.json")), serde_json::to_vec(&said).expect("JSON")).expect("write");
        let found = fetch_to(&cache, &url, &Progress::silent()).await.expect("fetched");
        assert_eq!(length(&found), length(&folder.path().join("a.bundle")));
    }

    #[tokio::test]
    async fn what_a_bundle_stands_on_is_fetched_with_it() {
        let (folder, elsewhere) = (tempfile::tempdir().expect("folder"), tempfile::tempdir().expect("folder"));
        served(folder.path()).await;
        let base = Bundle::open(&folder.path().join("a.bundle")).expect("a bundle");
        let store = BlobStore::open(elsewhere.path().join("store")).expect("store");
        let named = Base { name: "old.bundle".into(), index: base.about.index.clone() };
        let about = About { base: Some(named), files: base.about.files.clone(), ..About::blank() };
        store.put("application/yaml", &base.read(&about.files[0]).expect("a file")).expect("put");
        let path = elsewhere.path().join("a.bundle");
        let beside = Beside { base: Some(&base), sign: None };
        let written = bundle_writer::write(&path, about.clone(), Vec::new(), &store, beside, &Progress::silent()).await;
        assert!(written.expect("written").bytes < 10_000);
        let others = Others {
            bases: vec![Served { name: "old.bundle".into(), ..Served::of(&base.path).expect("a file") }],
            ..Others::default()
        };
        let listen = "127.0.0.1:0".parse().expect("an address");
        let server =
            Server::bind(listen, about.clone(), Served::of(&path).expect("a file"), others).await.expect("bound");
        let url = format!("{}/a.bundle", server.door.addresses[0]);
        tokio::spawn(server.run());
        let cache = folder.path().join("cache");
        let found = fetch_to(&cache, &url, &Progress::silent()).await.expect("fetched");
        assert!(Bundle::open(&found).expect("both").read(&about.files[0]).is_ok());
        assert_eq!(std::fs::read_dir(&cache).expect("cache").count(), 2);
    }

    #[tokio::test]
    async fn what_is_damaged_or_not_there_is_told_and_not_kept() {
        let folder = tempfile::tempdir().expect("folder");
        let url = served(folder.path()).await;
        let path = folder.path().join("a.bundle");
        let mut bytes = std::fs::read(&path).expect("read");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&path, bytes).expect("write");
        let cache = folder.path().join("cache");
        let damaged = fetch_to(&cache, &url, &Progress::silent()).await.expect_err("damaged");
        assert!(damaged.to_string().contains("damaged") && damaged.details.len() == 1, "{damaged:?}");
        assert_eq!(std::fs::read_dir(&cache).expect("cache").count(), 0);
        let missing = fetch_to(&cache, &url.replace("a.bundle", "b"), &Progress::silent()).await.expect_err("missing");
        assert!(missing.to_string().contains("404"), "{missing}");
    }
}
