//! Writes a [`Tree`] as a layer: a tar whose bytes depend on the tree alone, compressed.

use std::collections::HashMap;
use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::tree::{Content, Entry, Node, Tree};
use backstack_images::{BlobStore, BlobWriter, Descriptor, Digest};

/// Media type of the layers that are written here.
pub const LAYER_TYPE: &str = "application/vnd.oci.image.layer.v1.tar+zstd";

/// Time of every file, in seconds since 1970. Not 0, which some programs take for "unknown".
pub(super) const FILE_TIME: u64 = 1;

/// A layer in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuiltLayer {
    /// The compressed layer.
    pub blob: Descriptor,
    /// Digest of the tar itself, as the image's configuration lists it.
    pub diff_id: Digest,
    /// Bytes of the tar itself.
    pub diff_size: u64,
}

/// Writes the tree into the store.
///
/// # Errors
/// A file of the tree cannot be read, or the store cannot be written.
pub(super) fn write(store: &BlobStore, tree: &Tree) -> io::Result<BuiltLayer> {
    // One thread: the bytes must not depend on the number of cores.
    let compressor = zstd::Encoder::new(store.writer()?, 3)?;
    let mut tar = tar::Builder::new(Summed { inner: compressor, hasher: Sha256::new(), size: 0 });
    write_entries(tree, &mut tar)?;
    let summed: Summed<zstd::Encoder<'static, BlobWriter>> = tar.into_inner()?;
    let blob = summed.inner.finish()?.commit(LAYER_TYPE)?;
    Ok(BuiltLayer { blob, diff_id: Digest::from_hasher(summed.hasher), diff_size: summed.size })
}

/// Passes bytes on and keeps their digest and number.
struct Summed<W> {
    inner: W,
    hasher: Sha256,
    size: u64,
}

impl<W: Write> Write for Summed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

fn write_entries<W: Write>(tree: &Tree, tar: &mut tar::Builder<W>) -> io::Result<()> {
    let mut first_names: HashMap<u64, &str> = HashMap::new();
    for (path, entry) in tree.entries() {
        let mut header = plain_header(entry);
        match &entry.node {
            Node::Directory => {
                header.set_entry_type(tar::EntryType::Directory);
                append(tar, header, &format!("{path}/"), "", io::empty())?;
            }
            Node::Symlink(target) => {
                header.set_entry_type(tar::EntryType::Symlink);
                append(tar, header, path, target, io::empty())?;
            }
            Node::File { content: Content::Spooled { offset }, size }
                if *size > 0 && first_names.contains_key(offset) =>
            {
                header.set_entry_type(tar::EntryType::Link);
                append(tar, header, path, first_names[offset], io::empty())?;
            }
            Node::File { content, size } => {
                // An empty file stands where the next one begins, and is no link to it.
                if let Content::Spooled { offset } = content
                    && *size > 0
                {
                    first_names.insert(*offset, path);
                }
                header.set_size(*size);
                let bytes = tree.open(content, *size)?;
                append(tar, header, path, "", exactly(bytes, *size, path))?;
            }
        }
    }
    Ok(())
}

fn plain_header(entry: &Entry) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(tar::EntryType::Regular);
    header.set_mode(entry.mode);
    header.set_uid(entry.uid);
    header.set_gid(entry.gid);
    header.set_mtime(FILE_TIME);
    header.set_size(0);
    header
}

/// Names that a plain header cannot hold go into a PAX header before it.
fn append<W: Write>(
    tar: &mut tar::Builder<W>,
    mut header: tar::Header,
    path: &str,
    link: &str,
    bytes: impl Read,
) -> io::Result<()> {
    let mut extra: Vec<(&str, &[u8])> = Vec::new();
    if !path.is_ascii() || header.set_path(path).is_err() {
        extra.push(("path", path.as_bytes()));
        header.set_path(Digest::of(path.as_bytes()).hex())?;
    }
    if !link.is_ascii() || link.len() > 100 {
        extra.push(("linkpath", link.as_bytes()));
    } else if !link.is_empty() {
        header.set_link_name_literal(link)?;
    }
    if !extra.is_empty() {
        tar.append_pax_extensions(extra)?;
    }
    header.set_cksum();
    tar.append(&header, bytes)
}

/// A file that changed its size while it was read would shift everything behind it.
fn exactly<'a>(bytes: impl Read + 'a, size: u64, path: &'a str) -> impl Read + 'a {
    struct Exactly<'a, R> {
        inner: R,
        left: u64,
        path: &'a str,
    }
    impl<R: Read> Read for Exactly<'_, R> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let read = self.inner.read(buffer)?;
            if read == 0 && self.left > 0 && !buffer.is_empty() {
                return Err(io::Error::other(format!("{} became shorter while it was read", self.path)));
            }
            self.left -= read as u64;
            Ok(read)
        }
    }
    Exactly { inner: bytes.take(size), left: size, path }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, BlobStore) {
        let folder = tempfile::tempdir().expect("temporary folder");
        let store = BlobStore::open(folder.path()).expect("store");
        (folder, store)
    }

    fn unpack(store: &BlobStore, layer: &BuiltLayer) -> Vec<u8> {
        zstd::decode_all(&store.read(&layer.blob.digest).expect("blob")[..]).expect("zstd")
    }

    #[test]
    fn the_order_of_putting_does_not_show() {
        let (_folder, store) = store();
        let build = |names: [&str; 3]| {
            let mut tree = Tree::new(false);
            for name in names {
                tree.put(name, Entry::bytes(name.as_bytes().to_vec(), 0o644)).expect("put");
            }
            write(&store, &tree).expect("layer")
        };
        let layer = build(["b/c", "a", "b-d"]);
        assert_eq!(layer, build(["b-d", "b/c", "a"]));
        let tar = unpack(&store, &layer);
        assert_eq!((Digest::of(&tar), tar.len() as u64), (layer.diff_id, layer.diff_size));
    }

    #[test]
    fn modes_owners_links_and_long_names_survive() {
        let (folder, store) = store();
        let long = format!("{}/{}é", "d".repeat(90), "n".repeat(120));
        let mut tree = Tree::with_spool(false, folder.path()).expect("spool");
        let content = tree.spool(&mut &b"program"[..]).expect("spool");
        let file = Entry { node: Node::File { content, size: 7 }, mode: 0o4755, uid: 70000, gid: 42 };
        tree.put("usr/bin/z", file.clone()).expect("put");
        tree.put("usr/bin/a", file).expect("put");
        tree.put(&long, Entry::symlink("t".repeat(150))).expect("put");
        let bytes = unpack(&store, &write(&store, &tree).expect("layer"));
        let mut archive = tar::Archive::new(&bytes[..]);
        let mut seen = Vec::new();
        for entry in archive.entries().expect("entries") {
            let entry = entry.expect("entry");
            let header = entry.header();
            assert_eq!(header.mtime().expect("mtime"), FILE_TIME);
            let link = entry.link_name().expect("link").map(|link| link.display().to_string());
            let path = entry.path().expect("path").display().to_string();
            seen.push((path, header.entry_type(), header.mode().expect("mode"), header.uid().expect("uid"), link));
        }
        let by_name = |name: &str| seen.iter().find(|item| item.0 == name).expect("entry").clone();
        assert_eq!(by_name("usr/bin/a"), ("usr/bin/a".into(), tar::EntryType::Regular, 0o4755, 70000, None));
        assert_eq!(by_name("usr/bin/z").4.as_deref(), Some("usr/bin/a"));
        assert_eq!(by_name("usr/bin/z").1, tar::EntryType::Link);
        assert_eq!(by_name(&long).4, Some("t".repeat(150)));
    }

    #[test]
    fn an_empty_file_is_no_link_to_what_was_unpacked_after_it() {
        let (folder, store) = store();
        let mut tree = Tree::with_spool(false, folder.path()).expect("spool");
        for (name, bytes) in [("a/__init__.py", &b""[..]), ("a/error.py", &b"program"[..])] {
            let content = tree.spool(&mut &bytes[..]).expect("spool");
            let node = Node::File { content, size: bytes.len() as u64 };
            tree.put(name, Entry { node, mode: 0o644, uid: 0, gid: 0 }).expect("put");
        }
        let bytes = unpack(&store, &write(&store, &tree).expect("layer"));
        let mut archive = tar::Archive::new(&bytes[..]);
        let sizes: Vec<_> = archive.entries().expect("entries").map(|entry| entry.expect("entry").size()).collect();
        assert_eq!(sizes, [0, 0, 7], "the folder, the empty file, the other one");
    }

    #[test]
    fn a_file_that_shrinks_is_an_error() {
        let (folder, store) = store();
        let path = folder.path().join("file");
        std::fs::write(&path, b"0123456789").expect("write");
        let mut tree = Tree::new(false);
        tree.put("file", Entry::disk(&path, 0o644).expect("entry")).expect("put");
        std::fs::write(&path, b"0").expect("write");
        assert!(write(&store, &tree).expect_err("must fail").to_string().contains("shorter"));
    }
}
