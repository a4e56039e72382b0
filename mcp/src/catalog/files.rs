//! Entities from folders and files of YAML.
//!
//! Of a folder, every `.yaml` and `.yml` file is looked at and documents that are no entities are passed over (a
//! repository holds other YAML too). Of a file that was named, every document must be an entity.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::descriptor::{is_entity, judge, read};
use super::entity::Entity;
use super::source::{EntitySource, Snapshot};
use backstack_files::yaml::Document;
use backstack_files::{input, text};

/// Files larger than this are no descriptors.
const LARGEST_FILE: u64 = 4 * 1024 * 1024;
/// Folders deeper than this are not looked into.
const DEEPEST: usize = 16;

/// A folder or file that was named cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the catalog {path} cannot be read")]
pub struct CatalogFileError {
    /// The folder or file, as it was named.
    pub path: PathBuf,
    /// Why the system refuses to read it.
    #[source]
    pub source: std::io::Error,
}

/// Entities of one folder or file, read once.
pub struct CatalogFiles {
    name: String,
    snapshot: Snapshot,
}

impl CatalogFiles {
    /// Reads a folder or file.
    ///
    /// # Errors
    /// [`CatalogFileError`] if it is not there. Files in it that cannot be read, and descriptors with problems, are
    /// problems of the snapshot, not errors: one bad file must not hide all the others.
    pub fn read(path: &Path) -> Result<Self, CatalogFileError> {
        let error = |source| CatalogFileError { path: path.into(), source };
        let is_folder = std::fs::metadata(path).map_err(error)?.is_dir();
        let mut reading = Reading { strict: !is_folder, ..Reading::default() };
        if is_folder {
            std::fs::read_dir(path).map_err(error)?;
            reading.folder(path, 0);
        } else {
            reading.file(path);
        }
        let snapshot = Snapshot { revision: 1, entities: reading.entities.into(), problems: reading.problems.into() };
        Ok(Self { name: format!("files {}", path.display()), snapshot })
    }
}

impl EntitySource for CatalogFiles {
    fn name(&self) -> &str {
        &self.name
    }

    fn snapshot(&self) -> Snapshot {
        self.snapshot.clone()
    }
}

#[derive(Default)]
struct Reading {
    strict: bool,
    entities: Vec<Arc<Entity>>,
    problems: Vec<String>,
}

impl Reading {
    fn folder(&mut self, path: &Path, depth: usize) {
        let Ok(entries) = std::fs::read_dir(path) else {
            return self.problems.push(format!("{}: the folder cannot be read", path.display()));
        };
        let mut entries: Vec<_> = entries.flatten().collect();
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy();
            // `file_type` does not follow links, so that a circle of them is no trap.
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() && depth < DEEPEST && !name.starts_with('.') && name != "node_modules" {
                self.folder(&path, depth + 1);
            } else if kind.is_file() && (name.ends_with(".yaml") || name.ends_with(".yml")) {
                self.file(&path);
            }
        }
    }

    fn file(&mut self, path: &Path) {
        let shown = path.display().to_string();
        if std::fs::metadata(path).is_ok_and(|about| about.len() > LARGEST_FILE) {
            return self.problems.push(format!("{shown}: larger than 4 MiB, not read"));
        }
        let bytes = match if self.strict { input::given(path) } else { input::file(path) } {
            Ok(bytes) => bytes,
            Err(error) => return self.problems.push(format!("{shown}: {error}")),
        };
        let (documents, broken) = read(&bytes);
        documents.iter().for_each(|document| self.document(&shown, document));
        // Templates of other tools look like YAML and are none; only what says it is an entity has to be one.
        if let Some(why) = broken.filter(|_| self.strict || text::decode_lossy(&bytes).contains("backstage.io/")) {
            self.problems.push(format!("{shown}: {why}"));
        }
    }

    fn document(&mut self, file: &str, document: &Document) {
        if !self.strict && !is_entity(&document.value) {
            return;
        }
        for problem in judge(document) {
            let place = problem.line.map(|line| format!("line {line}: ")).unwrap_or_default();
            let path = if problem.path.is_empty() { String::new() } else { format!("{} ", problem.path) };
            self.problems.push(format!("{file}: {place}{path}{}", problem.message));
        }
        // What is only flawed is still shown; what has no name cannot be.
        if let Some(entity) = Entity::new(&document.value, file) {
            self.entities.push(Arc::new(entity));
        }
    }
}
