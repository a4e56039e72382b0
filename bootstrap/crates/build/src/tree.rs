//! The files of one layer, before they are written.
//!
//! Paths are kept relative, without `/` at either end, and with links followed: what is put at
//! `/bin/sh` where `/bin` is a link to `usr/bin` is kept as `usr/bin/sh`. So a layer never turns a
//! link of another layer into a folder.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Where a file's bytes are.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    Bytes(Cow<'static, [u8]>),
    /// A file on disk that stays until the layer is written.
    Disk(PathBuf),
    /// A part of the tree's own spool file. Two files at one place are hard links.
    Spooled {
        offset: u64,
    },
}

/// What stands at a path.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    Directory,
    File { content: Content, size: u64 },
    Symlink(String),
}

/// A path's content with its metadata.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub node: Node,
    /// Permission bits with setuid, setgid and sticky.
    pub mode: u32,
    pub uid: u64,
    pub gid: u64,
}

impl Entry {
    pub(crate) fn directory(mode: u32) -> Self {
        Self { node: Node::Directory, mode, uid: 0, gid: 0 }
    }

    pub(crate) fn symlink(target: impl Into<String>) -> Self {
        Self { node: Node::Symlink(target.into()), mode: 0o777, uid: 0, gid: 0 }
    }

    pub(crate) fn bytes(bytes: impl Into<Cow<'static, [u8]>>, mode: u32) -> Self {
        let bytes = bytes.into();
        let size = bytes.len() as u64;
        Self { node: Node::File { content: Content::Bytes(bytes), size }, mode, uid: 0, gid: 0 }
    }

    /// # Errors
    /// The file is not there.
    pub(crate) fn disk(path: &Path, mode: u32) -> io::Result<Self> {
        let size = path.metadata()?.len();
        let node = Node::File { content: Content::Disk(path.into()), size };
        Ok(Self { node, mode, uid: 0, gid: 0 })
    }

    pub(crate) fn owned_by(mut self, uid: u64, gid: u64) -> Self {
        (self.uid, self.gid) = (uid, gid);
        self
    }
}

/// A path that no layer may hold.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum PathProblem {
    #[error("`{0}` leaves the image's root")]
    Outside(String),
    #[error("`{0}` goes through too many links")]
    Loop(String),
    #[error("`{0}` lies below `{1}`, which is a file")]
    BelowFile(String, String),
    #[error("`{0}` is a folder with files in it already")]
    IsFolder(String),
}

/// Folders whose permissions are not 0755 when they come to be only because something lies in them.
const SPECIAL_FOLDERS: &[(&str, u32)] = &[("tmp", 0o1777), ("var/tmp", 0o1777), ("root", 0o700)];

/// Links of a system whose /bin, /sbin and /lib* lie in /usr, as Debian's are.
pub(super) const MERGED_USR: &[(&str, &str)] =
    &[("bin", "usr/bin"), ("lib", "usr/lib"), ("lib32", "usr/lib32"), ("lib64", "usr/lib64"), ("sbin", "usr/sbin")];

/// The files of one layer.
#[derive(Default)]
pub(crate) struct Tree {
    entries: BTreeMap<String, Entry>,
    /// Links that a lower layer has: they are followed, not written.
    lower_links: BTreeMap<String, String>,
    spool: Option<File>,
}

impl Tree {
    /// An empty layer; `merged_usr` where a lower layer has Debian's links from / into /usr.
    pub(crate) fn new(merged_usr: bool) -> Self {
        let links = if merged_usr { MERGED_USR } else { &[] };
        let lower_links = links.iter().map(|(name, target)| ((*name).into(), (*target).into())).collect();
        Self { lower_links, ..Self::default() }
    }

    /// An empty layer with room on disk for contents that come as streams.
    ///
    /// # Errors
    /// No file can be made in the folder.
    pub(crate) fn with_spool(merged_usr: bool, folder: &Path) -> io::Result<Self> {
        Ok(Self { spool: Some(tempfile::tempfile_in(folder)?), ..Self::new(merged_usr) })
    }

    /// Entries in the order in which they are written: a folder before what lies in it.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&String, &Entry)> {
        self.entries.iter()
    }

    pub(crate) fn get(&self, path: &str) -> Option<&Entry> {
        self.entries.get(&self.resolve(path, true).ok()?)
    }

    /// Drops paths for which `keep` says no.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&str) -> bool) {
        self.entries.retain(|path, _| keep(path));
    }

    /// Puts an entry at a path, with the folders above it. As dpkg does: a later file replaces an
    /// earlier one, and a folder does not replace a link.
    ///
    /// # Errors
    /// The path leaves the root, lies below a file, or is a folder with other content.
    pub(crate) fn put(&mut self, path: &str, entry: Entry) -> Result<(), PathProblem> {
        let is_directory = matches!(entry.node, Node::Directory);
        let resolved = self.resolve(path, is_directory)?;
        if resolved.is_empty() {
            return Ok(());
        }
        self.put_parents(&resolved)?;
        let old = self.entries.get(&resolved).map(|old| matches!(old.node, Node::Directory));
        if old == Some(true) && !is_directory && self.has_children(&resolved) {
            return match entry.node {
                Node::Symlink(_) => Ok(()),
                _ => Err(PathProblem::IsFolder(resolved)),
            };
        }
        self.entries.insert(resolved, entry);
        Ok(())
    }

    /// Appends a stream to the spool.
    ///
    /// # Errors
    /// The tree has no spool, or the disk is full.
    pub(crate) fn spool(&mut self, stream: &mut impl Read) -> io::Result<Content> {
        let file = self.spool.as_mut().ok_or_else(|| io::Error::other("this layer has no spool"))?;
        let offset = file.seek(SeekFrom::End(0))?;
        io::copy(stream, file)?;
        file.flush()?;
        Ok(Content::Spooled { offset })
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// What holds them cannot be read.
    pub(crate) fn open<'a>(&'a self, content: &'a Content, size: u64) -> io::Result<Box<dyn Read + 'a>> {
        Ok(match content {
            Content::Bytes(bytes) => Box::new(&bytes[..]),
            Content::Disk(path) => Box::new(File::open(path)?.take(size)),
            Content::Spooled { offset } => {
                let mut file = self.spool.as_ref().ok_or_else(|| io::Error::other("this layer has no spool"))?;
                file.seek(SeekFrom::Start(*offset))?;
                Box::new(file.take(size))
            }
        })
    }

    /// The whole content of a small file, if there is one at this path.
    ///
    /// # Errors
    /// What holds it cannot be read.
    pub(crate) fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        let Some(Entry { node: Node::File { content, size }, .. }) = self.get(path) else { return Ok(None) };
        let mut bytes = Vec::new();
        self.open(content, *size)?.read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    /// The path with links followed; the last name's only if `last` says so.
    fn resolve(&self, path: &str, last: bool) -> Result<String, PathProblem> {
        let mut todo: Vec<String> = parts(path).rev().map(Into::into).collect();
        let mut done: Vec<String> = Vec::new();
        let mut links = 0;
        while let Some(name) = todo.pop() {
            if name == ".." {
                done.pop().ok_or_else(|| PathProblem::Outside(path.into()))?;
                continue;
            }
            done.push(name);
            if todo.is_empty() && !last {
                break;
            }
            let Some(target) = self.link(&done.join("/")) else { continue };
            links += 1;
            if links > 40 {
                return Err(PathProblem::Loop(path.into()));
            }
            if target.starts_with('/') {
                done.clear();
            } else {
                done.pop();
            }
            todo.extend(parts(target).rev().map(String::from));
        }
        Ok(done.join("/"))
    }

    fn link(&self, path: &str) -> Option<&str> {
        match self.entries.get(path) {
            Some(Entry { node: Node::Symlink(target), .. }) => Some(target),
            Some(_) => None,
            None => self.lower_links.get(path).map(String::as_str),
        }
    }

    fn put_parents(&mut self, path: &str) -> Result<(), PathProblem> {
        for (end, _) in path.match_indices('/') {
            let parent = &path[..end];
            match self.entries.get(parent) {
                Some(Entry { node: Node::Directory, .. }) => {}
                Some(_) => return Err(PathProblem::BelowFile(path.into(), parent.into())),
                None => {
                    let mode =
                        SPECIAL_FOLDERS.iter().find(|(name, _)| *name == parent).map_or(0o755, |(_, mode)| *mode);
                    self.entries.insert(parent.into(), Entry::directory(mode));
                }
            }
        }
        Ok(())
    }

    fn has_children(&self, folder: &str) -> bool {
        let prefix = format!("{folder}/");
        self.entries.range(prefix.clone()..).next().is_some_and(|(path, _)| path.starts_with(&prefix))
    }
}

fn parts(path: &str) -> impl DoubleEndedIterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty() && *part != ".")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(tree: &Tree) -> Vec<&str> {
        tree.entries().map(|(path, _)| path.as_str()).collect()
    }

    #[test]
    fn links_of_this_layer_and_of_lower_ones_are_followed() {
        let mut tree = Tree::new(true);
        tree.put("/bin/sh", Entry::bytes(&b"x"[..], 0o755)).expect("put");
        tree.put("var/run", Entry::symlink("/run")).expect("put");
        tree.put("var/run/lock", Entry::directory(0o1777)).expect("put");
        tree.put("/sbin", Entry::directory(0o755)).expect("put");
        assert_eq!(paths(&tree), ["run", "run/lock", "usr", "usr/bin", "usr/bin/sh", "usr/sbin", "var", "var/run"]);
        assert_eq!(tree.read("bin/sh").expect("read").as_deref(), Some(&b"x"[..]));
    }

    #[test]
    fn bad_paths_are_refused() {
        let mut tree = Tree::new(false);
        tree.put("a", Entry::bytes(&b""[..], 0o644)).expect("put");
        tree.put("l", Entry::symlink("l")).expect("put");
        tree.put("d/e", Entry::directory(0o755)).expect("put");
        assert_eq!(tree.put("../x", Entry::directory(0o755)), Err(PathProblem::Outside("../x".into())));
        assert_eq!(tree.put("a/b", Entry::directory(0o755)), Err(PathProblem::BelowFile("a/b".into(), "a".into())));
        assert_eq!(tree.put("l/x", Entry::directory(0o755)), Err(PathProblem::Loop("l/x".into())));
        assert_eq!(tree.put("d", Entry::bytes(&b""[..], 0o644)), Err(PathProblem::IsFolder("d".into())));
    }

    #[test]
    fn implied_folders_keep_their_usual_permissions() {
        let mut tree = Tree::new(false);
        tree.put("/tmp/x/y", Entry::bytes(&b""[..], 0o644)).expect("put");
        assert_eq!(tree.get("tmp").map(|entry| entry.mode), Some(0o1777));
        assert_eq!(tree.get("tmp/x").map(|entry| entry.mode), Some(0o755));
    }
}
