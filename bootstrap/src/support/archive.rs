//! The archive: files go in one after the other, each line by line through the redactor, and none is whole in memory.

use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, Header};
use tempfile::{NamedTempFile, SpooledTempFile};
use time::OffsetDateTime;

use super::redact::{REMOVED, Redactor};

/// A file that is larger waits on the disk, without its secrets, until its length is known.
const IN_MEMORY: usize = 1 << 20;
/// Of one file, no more is taken.
const MOST: u64 = 16 << 20;
const CUT: &[u8] = b"[cut off: 16 MiB are enough]\n";
/// The frame of a private key, which a log may have as well.
const KEY: &[u8] = b"PRIVATE KEY-----";
/// The longest key has fewer lines; a frame that is not closed was no key's.
const KEY_LINES: usize = 120;

/// A tar archive, packed with gzip, that appears under its name when it is whole.
pub(super) struct Archive {
    tar: Builder<GzEncoder<NamedTempFile>>,
    redactor: Arc<Redactor>,
    /// Folder that all files are in.
    root: String,
    path: PathBuf,
    files: usize,
}

impl Archive {
    /// Begins one; nobody but its owner may read it.
    ///
    /// # Errors
    /// There is such a file already, or none can be made beside it.
    pub(super) fn begin(path: &Path, root: &str, redactor: Redactor) -> io::Result<Self> {
        if path.exists() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let tar = Builder::new(GzEncoder::new(NamedTempFile::new_in(folder)?, Compression::default()));
        Ok(Self { tar, redactor: Arc::new(redactor), root: root.into(), path: path.into(), files: 0 })
    }

    /// A file to be written bit by bit, for [`Self::put`].
    pub(super) fn piece(&self) -> Piece {
        Piece {
            redactor: self.redactor.clone(),
            spool: SpooledTempFile::new(IN_MEMORY),
            line: Vec::new(),
            key_lines: 0,
            taken: 0,
        }
    }

    /// Adds a file, and whether it was: one that is empty says nothing and is left out.
    pub(super) fn put(&mut self, name: &str, piece: Piece) -> io::Result<bool> {
        let mut spool = piece.finished()?;
        let size = spool.stream_position()?;
        if size == 0 {
            return Ok(false);
        }
        spool.rewind()?;
        let mut header = Header::new_gnu();
        header.set_size(size);
        header.set_mode(0o600);
        header.set_mtime(u64::try_from(OffsetDateTime::now_utc().unix_timestamp()).unwrap_or_default());
        self.tar.append_data(&mut header, format!("{}/{name}", self.root), spool)?;
        self.files += 1;
        Ok(true)
    }

    /// In how many places a secret was taken out.
    pub(super) fn removed(&self) -> usize {
        self.redactor.removed()
    }

    /// Puts it in its place; how many files it has, and how many bytes it is large.
    pub(super) fn finish(self) -> io::Result<(usize, u64)> {
        let file = self.tar.into_inner()?.finish()?;
        let bytes = file.as_file().metadata()?.len();
        file.persist_noclobber(&self.path).map_err(|error| error.error)?;
        Ok((self.files, bytes))
    }
}

/// A file on its way: what is written has no secrets any more when it reaches memory or disk.
pub(super) struct Piece {
    redactor: Arc<Redactor>,
    spool: SpooledTempFile,
    /// The line that has not ended yet.
    line: Vec<u8>,
    /// So many lines may still be a key's.
    key_lines: usize,
    taken: u64,
}

impl Piece {
    fn end_of_line(&mut self) -> io::Result<()> {
        let line = std::mem::take(&mut self.line);
        let framed = |frame: &[u8]| {
            let at = line.windows(frame.len()).position(|part| part == frame)?;
            line[at..].windows(KEY.len()).any(|part| part == KEY).then_some(())
        };
        let (begins, ends) = (framed(b"-----BEGIN ").is_some(), framed(b"-----END ").is_some());
        if begins || self.key_lines > 0 {
            let left = if begins { KEY_LINES } else { self.key_lines - 1 };
            self.key_lines = if ends { 0 } else { left };
            return if begins { writeln!(self.spool, "{REMOVED}") } else { Ok(()) };
        }
        self.spool.write_all(&self.redactor.line(&line))?;
        self.spool.write_all(b"\n")
    }

    fn finished(mut self) -> io::Result<SpooledTempFile> {
        if !self.line.is_empty() {
            self.end_of_line()?;
        }
        Ok(self.spool)
    }
}

impl Write for Piece {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if self.taken >= MOST {
            return Ok(bytes.len());
        }
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part.strip_suffix(b"\n").unwrap_or(part));
            if part.ends_with(b"\n") {
                self.end_of_line()?;
            }
        }
        self.taken += taken;
        if self.taken >= MOST {
            // Half a line may have half a secret.
            self.line.clear();
            self.spool.write_all(CUT)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::super::redact::Secrets;
    use super::*;

    fn read(path: &Path) -> Vec<(String, String)> {
        let mut archive = tar::Archive::new(GzDecoder::new(std::fs::File::open(path).expect("the archive")));
        let entries = archive.entries().expect("entries").map(|entry| {
            let mut entry = entry.expect("an entry");
            let mut text = String::new();
            entry.read_to_string(&mut text).expect("text");
            (entry.path().expect("a path").display().to_string(), text)
        });
        entries.collect()
    }

    fn text(archive: &mut Archive, name: &str, text: &str) {
        let mut piece = archive.piece();
        piece.write_all(text.as_bytes()).expect("written");
        archive.put(name, piece).expect("put");
    }

    fn begun(path: &Path) -> Archive {
        let mut secrets = Secrets::default();
        secrets.add(b"hunter2hunter2");
        Archive::begin(path, "root", secrets.redactor()).expect("an archive")
    }

    #[test]
    fn a_secret_that_comes_in_bits_is_found_and_keys_go_from_frame_to_frame() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.tar.gz");
        let mut archive = begun(&path);
        let mut piece = archive.piece();
        for bit in ["one hun", "ter2hu", "nter2 two\nthree"] {
            piece.write_all(bit.as_bytes()).expect("written");
        }
        archive.put("bits.txt", piece).expect("put");
        text(&mut archive, "key.txt", "a\n  -----BEGIN RSA PRIVATE KEY-----\n  abc\n-----END RSA PRIVATE KEY-----\nb");
        text(
            &mut archive,
            "line.txt",
            "{\"a\": \"-----BEGIN PRIVATE KEY-----\\nabc\\n-----END PRIVATE KEY-----\"}\nb\n",
        );
        text(&mut archive, "empty.txt", "");
        assert!(!path.exists(), "it appears when it is whole");
        assert_eq!((archive.removed(), archive.finish().expect("finished").0), (1, 3));
        let wanted = [
            ("root/bits.txt", "one [removed] two\nthree\n"),
            ("root/key.txt", "a\n[removed]\nb\n"),
            ("root/line.txt", "[removed]\nb\n"),
        ];
        assert_eq!(read(&path), wanted.map(|(name, text)| (name.to_string(), text.to_string())));
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn too_much_is_cut_at_a_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.tar.gz");
        let mut archive = begun(&path);
        let mut piece = archive.piece();
        let line = [b'x'; 1023].to_vec();
        for _ in 0..(17 << 10) {
            piece.write_all(&[line.as_slice(), b"\n"].concat()).expect("written");
        }
        archive.put("long.txt", piece).expect("put");
        archive.finish().expect("finished");
        let (_, text) = read(&path).remove(0);
        assert!(text.ends_with("xxx\n[cut off: 16 MiB are enough]\n"));
        assert_eq!(text.len(), (16 << 20) + CUT.len());
    }

    #[test]
    fn a_file_that_is_there_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.tar.gz");
        std::fs::write(&path, "mine").expect("a file");
        let redactor = Secrets::default().redactor();
        let error = Archive::begin(&path, "root", redactor).map(|_| ()).expect_err("it is there");
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&path).expect("it"), b"mine");
    }
}
