//! What all builds of a builder share: cache and store, tools, locks, turns.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{Mutex, OnceCell, Semaphore, SemaphorePermit};

use super::Architecture;
use super::error::BuildError;
use super::lock::Locks;
use super::program::Program;
use super::toolbox::Toolbox;
use super::workdir::WorkRoot;
use backstack_common::report::Progress;
use backstack_images::{BlobStore, Digest};

/// What all builds of a builder share.
pub(super) struct Context {
    pub(super) cache: PathBuf,
    pub(super) store: BlobStore,
    pub(super) architecture: Architecture,
    pub(super) program: Program,
    pub(super) mirror: Option<String>,
    pub(super) tools: Toolbox,
    pub(super) locks: OnceCell<Locks>,
    pub(super) work: OnceCell<WorkRoot>,
    pub(super) compilers: Semaphore,
    pub(super) fetchers: Semaphore,
    /// Suites whose package lists were read by this process.
    pub(super) updated: Mutex<BTreeSet<String>>,
}

impl Context {
    pub(super) fn store(&self) -> &BlobStore {
        &self.store
    }

    pub(super) fn architecture(&self) -> Architecture {
        self.architecture
    }

    /// Runs the package tools, where they are.
    pub(super) fn tools(&self) -> &Toolbox {
        &self.tools
    }

    /// The process's temporary folder; made when the first build starts.
    pub(super) fn work(&self) -> &WorkRoot {
        self.work.get().expect("every build prepares it first")
    }

    /// Waits for a turn to compile: compilers use all cores and much memory by themselves.
    pub(super) async fn compile_turn(&self, progress: &Progress) -> SemaphorePermit<'_> {
        if self.compilers.available_permits() == 0 {
            progress.detail("waiting for a compiler");
        }
        self.compilers.acquire().await.expect("never closed")
    }

    /// Waits for a turn to fetch and unpack packages, which goes on beside somebody else's turn to compile.
    pub(super) async fn fetch_turn(&self) -> SemaphorePermit<'_> {
        self.fetchers.acquire().await.expect("never closed")
    }

    /// Makes what building needs on disk.
    pub(super) async fn prepare(&self) -> Result<&Locks, BuildError> {
        let failed = || BuildError::io(format!("cannot use the cache directory {}", self.cache.display()));
        self.work.get_or_try_init(|| async { WorkRoot::new(&self.cache) }).await.map_err(failed())?;
        self.locks.get_or_try_init(|| async { Locks::new(&self.cache.join("locks")) }).await.map_err(failed())
    }

    fn index_file(&self, kind: &str, key: &Digest) -> PathBuf {
        self.cache.join(kind).join(format!("{}.json", key.hex()))
    }

    pub(super) fn read_index<T: DeserializeOwned>(&self, kind: &str, key: &Digest) -> Option<T> {
        // A file that cannot be read or parsed is as good as none: it is written anew.
        serde_json::from_slice(&std::fs::read(self.index_file(kind, key)).ok()?).ok()
    }

    pub(super) fn write_index(&self, kind: &str, key: &Digest, value: &impl Serialize) -> Result<(), BuildError> {
        let path = self.index_file(kind, key);
        let folder = path.parent().expect("it lies in a folder");
        let write = || -> std::io::Result<()> {
            std::fs::create_dir_all(folder)?;
            let file = tempfile::NamedTempFile::new_in(folder)?;
            serde_json::to_writer(&file, value)?;
            file.persist(&path)?;
            Ok(())
        };
        write().map_err(BuildError::io(format!("cannot write {}", path.display())))
    }
}
