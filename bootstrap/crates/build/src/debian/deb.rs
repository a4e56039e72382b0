//! Reads `.deb` files: an `ar` archive of two tars, one of facts and one of files.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use crate::tree::{Content, Entry, Node, Tree};

/// Unpacks a package's files into a tree and returns its control file.
///
/// # Errors
/// The file cannot be read, is no Debian package, or holds paths that no image can have.
pub(super) fn unpack(file: &Path, tree: &mut Tree) -> io::Result<String> {
    let mut archive = BufReader::new(File::open(file)?);
    let mut magic = [0; 8];
    archive.read_exact(&mut magic)?;
    if &magic != b"!<arch>\n" {
        return Err(malformed("it is no ar archive"));
    }
    let mut control = None;
    let mut has_files = false;
    while let Some((name, size)) = next_member(&mut archive)? {
        let mut member = (&mut archive).take(size);
        if name.starts_with("control.tar") {
            control = Some(control_file(decoder(&name, &mut member)?)?);
        } else if name.starts_with("data.tar") {
            unpack_files(decoder(&name, &mut member)?, tree)?;
            has_files = true;
        }
        // Whatever of the member was not read, and the byte that makes its size even.
        io::copy(&mut member, &mut io::sink())?;
        io::copy(&mut (&mut archive).take(size % 2), &mut io::sink())?;
    }
    control.filter(|_| has_files).ok_or_else(|| malformed("it lacks control.tar or data.tar"))
}

/// The next member's name and size.
fn next_member(archive: &mut impl Read) -> io::Result<Option<(String, u64)>> {
    let mut header = Vec::with_capacity(60);
    archive.take(60).read_to_end(&mut header)?;
    if header.is_empty() {
        return Ok(None);
    }
    if header.len() != 60 || !header.ends_with(b"`\n") {
        return Err(malformed("a member's header is damaged"));
    }
    // Cut as bytes: a field's ends are places in the header, whatever a damaged file has there.
    let size = field(&header[48..58]).and_then(|size| size.parse().ok());
    let size = size.ok_or_else(|| malformed("a member's size is damaged"))?;
    let name = field(&header[..16]).ok_or_else(|| malformed("a member's name is damaged"))?;
    Ok(Some((name.trim_end_matches('/').into(), size)))
}

fn field(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().map(str::trim)
}

fn decoder<'a>(name: &str, member: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
    Ok(match name.rsplit('.').next() {
        Some("xz") => Box::new(xz2::read::XzDecoder::new(member)),
        Some("zst") => Box::new(zstd::Decoder::new(member)?),
        Some("gz") => Box::new(flate2::read::MultiGzDecoder::new(member)),
        Some("tar") => Box::new(member),
        _ => return Err(malformed(&format!("{name} is compressed in an unknown way"))),
    })
}

fn control_file(tar: impl Read) -> io::Result<String> {
    let mut archive = tar::Archive::new(tar);
    for entry in archive.entries()? {
        let mut entry = entry?;
        if entry.path_bytes().as_ref() == b"./control" || entry.path_bytes().as_ref() == b"control" {
            let mut text = String::new();
            entry.read_to_string(&mut text)?;
            return Ok(text);
        }
    }
    Err(malformed("control.tar has no control file"))
}

fn unpack_files(tar: impl Read, tree: &mut Tree) -> io::Result<()> {
    let mut archive = tar::Archive::new(tar);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = text(&entry.path_bytes())?;
        let link = entry.link_name_bytes().map(|link| text(&link)).transpose()?.unwrap_or_default();
        let header = entry.header().clone();
        let size = entry.size();
        let node = match header.entry_type() {
            tar::EntryType::Directory => Node::Directory,
            tar::EntryType::Symlink => Node::Symlink(link),
            tar::EntryType::Link => linked(tree, &path, &link)?,
            kind if kind.is_file() => Node::File { content: tree.spool(&mut entry)?, size },
            // Devices and pipes: a container's /dev is made when it starts.
            _ => continue,
        };
        let entry = Entry { node, mode: header.mode()? & 0o7777, uid: header.uid()?, gid: header.gid()? };
        tree.put(&path, entry).map_err(|problem| malformed(&problem.to_string()))?;
    }
    Ok(())
}

fn linked(tree: &Tree, path: &str, target: &str) -> io::Result<Node> {
    match tree.get(target).map(|entry| &entry.node) {
        Some(Node::File { content: content @ Content::Spooled { .. }, size }) => {
            Ok(Node::File { content: content.clone(), size: *size })
        }
        _ => Err(malformed(&format!("{path} is a hard link to {target}, which is no file of it"))),
    }
}

fn text(bytes: &[u8]) -> io::Result<String> {
    String::from_utf8(bytes.into()).map_err(|_| malformed("a path is not UTF-8"))
}

fn malformed(problem: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem.to_string())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::io::Write;

    /// A tar of (path, mode, content); content `-> x` is a symbolic link, `=> x` a hard link, `/` a folder.
    fn tar_of(files: &[(&str, u32, &str)]) -> Vec<u8> {
        let mut tar = tar::Builder::new(Vec::new());
        for (path, mode, content) in files {
            let mut header = tar::Header::new_gnu();
            header.set_mode(*mode);
            header.set_uid(7);
            header.set_gid(8);
            header.set_size(0);
            let mut bytes: &[u8] = b"";
            if let Some(target) = content.strip_prefix("-> ") {
                header.set_entry_type(tar::EntryType::Symlink);
                header.set_link_name(target).expect("link");
            } else if let Some(target) = content.strip_prefix("=> ") {
                header.set_entry_type(tar::EntryType::Link);
                header.set_link_name(target).expect("link");
            } else if *content == "/" {
                header.set_entry_type(tar::EntryType::Directory);
            } else {
                bytes = content.as_bytes();
                header.set_size(bytes.len() as u64);
            }
            tar.append_data(&mut header, path, bytes).expect("append");
        }
        tar.into_inner().expect("tar")
    }

    fn gz(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).expect("write");
        encoder.finish().expect("gzip")
    }

    fn xz(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = xz2::write::XzEncoder::new(Vec::new(), 1);
        encoder.write_all(bytes).expect("write");
        encoder.finish().expect("xz")
    }

    fn ar(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
        let mut bytes = b"!<arch>\n".to_vec();
        for (name, content) in members {
            bytes.extend(format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 0, "100644", content.len()).bytes());
            bytes.extend(content);
            bytes.extend(std::iter::repeat_n(b'\n', content.len() % 2));
        }
        bytes
    }

    /// Writes a package with these files.
    pub(crate) fn make(folder: &Path, name: &str, files: &[(&str, u32, &str)]) -> std::path::PathBuf {
        let control = format!("Package: {name}\nVersion: 1.0\nArchitecture: all\nDescription: a test\n");
        let members = [
            ("debian-binary", b"2.0\n".to_vec()),
            ("control.tar.gz", gz(&tar_of(&[("./control", 0o644, &control)]))),
            ("data.tar.xz", xz(&tar_of(files))),
        ];
        let path = folder.join(format!("{name}_1.0_all.deb"));
        std::fs::write(&path, ar(&members)).expect("write");
        path
    }

    #[test]
    fn a_package_is_unpacked_with_modes_owners_and_links() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let deb = make(
            folder.path(),
            "tiny",
            &[
                ("./", 0o755, "/"),
                ("./bin/", 0o755, "/"),
                ("./bin/su", 0o4755, "program"),
                ("./bin/su2", 0o4755, "=> ./bin/su"),
                ("./usr/lib/libx.so", 0o777, "-> libx.so.1"),
            ],
        );
        let mut tree = Tree::with_spool(true, folder.path()).expect("tree");
        assert!(unpack(&deb, &mut tree).expect("unpack").starts_with("Package: tiny\n"));
        let paths: Vec<_> = tree.entries().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, ["usr", "usr/bin", "usr/bin/su", "usr/bin/su2", "usr/lib", "usr/lib/libx.so"]);
        let su = tree.get("usr/bin/su").expect("su");
        assert_eq!((su.mode, su.uid, su.gid), (0o4755, 7, 8));
        assert_eq!(tree.read("usr/bin/su2").expect("read").as_deref(), Some(&b"program"[..]));
    }

    #[test]
    fn damaged_packages_are_refused() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("x.deb");
        let tiny = std::fs::read(make(folder.path(), "tiny", &[("./a", 0o644, &"content".repeat(99))])).expect("read");
        let outside = std::fs::read(make(folder.path(), "out", &[("./l", 0o644, "-> ../.."), ("./l/x", 0o644, "x")]))
            .expect("read");
        // A letter of two bytes across a field's end: a fuzzer's find, which panicked once.
        let across = |at: usize| {
            let mut header = [b' '; 60];
            header[at - 1..=at].copy_from_slice("\u{60b}".as_bytes());
            header[58..].copy_from_slice(b"`\n");
            [b"!<arch>\n".as_slice(), &header].concat()
        };
        let cases: [(Vec<u8>, &str); 8] = [
            (across(16), "member's size is damaged"),
            (across(48), "member's size is damaged"),
            (across(58 - 1), "member's size is damaged"),
            (b"not an archive".to_vec(), "no ar archive"),
            (tiny[..tiny.len() - 40].to_vec(), ""),
            (ar(&[("control.tar.gz", gz(&tar_of(&[("./control", 0o644, "x")])))]), "lacks"),
            (ar(&[("data.tar.lzma", Vec::new())]), "unknown way"),
            (outside, "leaves the image's root"),
        ];
        for (bytes, expected) in cases {
            std::fs::write(&path, &bytes).expect("write");
            let mut tree = Tree::with_spool(false, folder.path()).expect("tree");
            let error = unpack(&path, &mut tree).expect_err("damaged").to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
