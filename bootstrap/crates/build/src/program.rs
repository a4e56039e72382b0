//! `program` layers: a program of ours, with the libraries that it is linked to.
//!
//! A release is static, and known by its version. Any other program is known by its bytes, and takes along the libraries of
//! the machine that it was linked on, which are those that this process has loaded.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, OnceLock};

use object::read::elf::{ElfFile64, ProgramHeader};
use object::{Endianness, elf};

use super::error::BuildError;
use super::tree::{Entry, Tree};
use backstack_images::Digest;
use backstack_stack::recipe::ProgramLayer;

/// Where the kernel keeps the program that runs, also after its file was replaced.
const RUNNING: &str = "/proc/self/exe";
const LOADED: &str = "/proc/self/maps";
/// Fields of an ELF header that tell of sections: where their table lies (8 bytes), and how many there are and which of them
/// has the names (2 bytes each).
const SECTION_TABLE: std::ops::Range<usize> = 40..48;
const SECTION_COUNTS: std::ops::Range<usize> = 60..64;

/// A program that images can have. Cheap to clone; clones read it once.
#[derive(Debug, Clone)]
pub struct Program(Arc<Known>);

#[derive(Debug)]
struct Known {
    file: PathBuf,
    /// Stands for the content of a release.
    version: Option<String>,
    key: OnceLock<String>,
}

impl Program {
    /// The program that runs.
    pub fn this() -> Self {
        static THIS: LazyLock<Program> = LazyLock::new(|| Program::at(running(), None));
        THIS.clone()
    }

    /// The program that runs, as a release of this version.
    pub fn this_released(version: &str) -> Self {
        Self::released(running(), version)
    }

    /// A program of a release, in this file.
    pub fn released(file: impl Into<PathBuf>, version: &str) -> Self {
        Self::at(file.into(), Some(version.into()))
    }

    /// A program in this file, known by its bytes.
    pub fn file(file: impl Into<PathBuf>) -> Self {
        Self::at(file.into(), None)
    }

    fn at(file: PathBuf, version: Option<String>) -> Self {
        Self(Arc::new(Known { file, version, key: OnceLock::new() }))
    }

    /// What tells it from other programs.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn key(&self) -> Result<&str, BuildError> {
        if let Some(key) = self.0.key.get() {
            return Ok(key);
        }
        let key = match &self.0.version {
            Some(version) => format!("release {version}"),
            None => self.digest().map_err(self.unreadable())?,
        };
        Ok(self.0.key.get_or_init(|| key))
    }

    fn digest(&self) -> io::Result<String> {
        let bytes = std::fs::read(&self.0.file)?;
        let mut digests = vec![Digest::of(trimmed(&bytes).as_deref().unwrap_or(&bytes)).to_string()];
        for library in self.libraries()? {
            digests.push(Digest::of(&std::fs::read(library)?).to_string());
        }
        Ok(digests.join(" "))
    }

    /// The layer with the program, and all that it is linked to.
    ///
    /// # Errors
    /// It cannot be read, or its libraries are not known here.
    pub(super) fn layer(&self, layer: &ProgramLayer, merged_usr: bool) -> Result<Tree, BuildError> {
        let mut tree = Tree::new(merged_usr);
        let bytes = std::fs::read(&self.0.file).map_err(self.unreadable())?;
        let loader = loader(&bytes);
        if loader.is_some() && self.0.file != running() {
            return Err(BuildError::recipe(
                self.0.file.display().to_string(),
                "it is linked to libraries of its machine, and a program in an image must be static",
            ));
        }
        let mut put = |path: &str, entry: Entry| {
            tree.put(path, entry).map_err(|problem| BuildError::recipe(path, problem.to_string()))
        };
        put(&layer.path, Entry::bytes(trimmed(&bytes).unwrap_or(bytes), 0o755))?;
        if let Some(loader) = loader {
            put(&loader, Entry::disk(Path::new(&loader), 0o755).map_err(self.unreadable())?)?;
            for library in self.libraries().map_err(self.unreadable())? {
                put(&library.to_string_lossy(), Entry::disk(&library, 0o755).map_err(self.unreadable())?)?;
            }
        }
        Ok(tree)
    }

    /// What this process has loaded, if it is this program; the loader is among it.
    fn libraries(&self) -> io::Result<BTreeSet<PathBuf>> {
        if self.0.file != running() || !Path::new(LOADED).exists() {
            return Ok(BTreeSet::new());
        }
        Ok(libraries_in(&std::fs::read_to_string(LOADED)?))
    }

    fn unreadable(&self) -> impl FnOnce(io::Error) -> BuildError {
        BuildError::io(format!("cannot read the program {}", self.0.file.display()))
    }
}

fn running() -> PathBuf {
    let kept = Path::new(RUNNING);
    if kept.exists() { kept.into() } else { std::env::current_exe().unwrap_or_default() }
}

/// The files of libraries in a list of what is mapped.
fn libraries_in(maps: &str) -> BTreeSet<PathBuf> {
    let files = maps.lines().filter_map(|line| line.find('/').map(|at| &line[at..]));
    let is_library = |file: &&str| file.rsplit('/').next().is_some_and(|name| name.contains(".so"));
    files.filter(is_library).map(PathBuf::from).collect()
}

fn parsed(bytes: &[u8]) -> Option<ElfFile64<'_, Endianness>> {
    ElfFile64::parse(bytes).ok()
}

/// The loader that a program asks for; none if it is static, or no ELF file.
fn loader(bytes: &[u8]) -> Option<String> {
    let file = parsed(bytes)?;
    let headers = file.elf_program_headers().iter();
    let mut names = headers.filter_map(|header| header.interpreter(file.endian(), bytes).ok().flatten());
    names.next().map(|name| String::from_utf8_lossy(name).into_owned())
}

/// The program without what only a debugger reads: all that lies behind what is loaded. Nothing if it is no ELF file.
fn trimmed(bytes: &[u8]) -> Option<Vec<u8>> {
    let file = parsed(bytes)?;
    let endian = file.endian();
    let header = file.elf_header();
    let table =
        header.e_phoff.get(endian) + u64::from(header.e_phnum.get(endian)) * u64::from(header.e_phentsize.get(endian));
    let ends = file.elf_program_headers().iter().filter(|header| header.p_type(endian) != elf::PT_NULL);
    let end = ends.map(|header| header.p_offset(endian) + header.p_filesz(endian)).fold(table, u64::max);
    let mut kept = bytes.get(..usize::try_from(end).ok()?)?.to_vec();
    kept[SECTION_TABLE].fill(0);
    kept[SECTION_COUNTS].fill(0);
    Some(kept)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::process::Command;

    use super::*;

    #[test]
    fn libraries_are_told_from_other_files() {
        let maps = "\
7f0 r-xp 0 08:01 1 /usr/bin/backstack
7f1 r--p 0 08:01 2 /usr/lib/x86_64-linux-gnu/libc.so.6
7f2 r-xp 0 08:01 2 /usr/lib/x86_64-linux-gnu/libc.so.6
7f3 rw-p 0 00:00 0 [heap]
7f4 r--p 0 08:01 3 /lib64/ld-linux-x86-64.so.2
7f5 rw-p 0 00:00 0
7f6 r--p 0 08:01 4 /usr/lib/locale/C.utf8/LC_CTYPE
";
        let found: Vec<_> = libraries_in(maps).into_iter().map(|path| path.display().to_string()).collect();
        assert_eq!(found, ["/lib64/ld-linux-x86-64.so.2", "/usr/lib/x86_64-linux-gnu/libc.so.6"]);
    }

    /// This test's own program, which lists its tests.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_program_without_what_debuggers_read_still_runs() {
        let bytes = std::fs::read(RUNNING).expect("this program");
        let kept = trimmed(&bytes).expect("an ELF file");
        assert!(kept.len() < bytes.len());
        let folder = tempfile::tempdir().expect("temporary folder");
        let file = folder.path().join("program");
        std::fs::write(&file, kept).expect("write");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).expect("executable");
        let listed = Command::new(&file).arg("--list").output().expect("it starts");
        assert!(String::from_utf8_lossy(&listed.stdout).contains("still_runs"), "{listed:?}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_layer_has_the_program_its_loader_and_its_libraries() {
        let layer = Program::this().layer(&ProgramLayer { path: "/usr/bin/x".into() }, false).expect("a layer");
        let files: Vec<_> = layer.entries().map(|(path, _)| path.as_str()).collect();
        assert!(files.contains(&"usr/bin/x"), "{files:?}");
        if let Some(loader) = loader(&std::fs::read(RUNNING).expect("this program")) {
            assert!(files.contains(&loader.trim_start_matches('/')), "{files:?}");
            assert!(files.iter().any(|file| file.contains("libc.so")), "{files:?}");
        }
    }

    #[test]
    fn what_is_linked_to_libraries_that_are_not_known_is_refused() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let file = folder.path().join("program");
        std::fs::copy(std::env::current_exe().expect("this program"), &file).expect("copy");
        let layer = Program::released(&file, "1").layer(&ProgramLayer { path: "/x".into() }, false);
        let is_static = loader(&std::fs::read(&file).expect("the copy")).is_none();
        assert_eq!(layer.is_ok(), is_static, "{:?}", layer.err());
    }

    #[test]
    fn a_program_is_known_by_its_bytes_and_a_release_by_its_version() {
        assert_eq!(Program::this().key().expect("a key"), Program::this().key().expect("a key"));
        assert!(Program::this().key().expect("a key").starts_with("sha256:"));
        assert_eq!(Program::released("/nowhere", "1.2.3").key().expect("a key"), "release 1.2.3");
        assert!(Program::at("/nowhere".into(), None).key().is_err());
    }
}
