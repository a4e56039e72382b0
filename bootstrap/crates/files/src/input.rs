//! Bytes of files that people have, without being held up by what is no file.
//!
//! Opening a named pipe waits until somebody writes into it, and a device may never end. So whoever looks for a file in
//! a usual place reads it with [`file`], which refuses anything else and says what it is; a path that somebody typed is
//! read with [`given`], where a pipe (`--config <(…)`, `/dev/stdin`) is as good as a file.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// What a pipe may give: no file that people write is longer, and a device as /dev/zero has no end.
const MOST: u64 = 64 << 20;

/// The bytes of a file. The system's device of nothing is a file without content.
///
/// # Errors
/// It cannot be read, or is no file: then the error says what it is and what to do.
pub fn file(path: &Path) -> io::Result<Vec<u8>> {
    only_files(&fs::metadata(path)?)?;
    let opened = open(path)?;
    // What the path leads to may have changed since.
    only_files(&opened.metadata()?)?;
    all_of(opened)
}

/// The bytes of a file, or of a pipe or terminal, whose end is waited for.
///
/// # Errors
/// It cannot be read, is a folder or a socket, or gives more than any file that people write.
pub fn given(path: &Path) -> io::Result<Vec<u8>> {
    let about = fs::metadata(path)?;
    match kind(&about) {
        None => fs::read(path),
        Some(Kind::Pipe | Kind::CharacterDevice) => {
            let bytes = all_of(File::open(path)?.take(MOST + 1))?;
            if bytes.len() as u64 > MOST {
                return Err(io::Error::new(ErrorKind::FileTooLarge, "it gives more than 64 MiB, and may have no end"));
            }
            Ok(bytes)
        }
        Some(kind) => Err(refusal(kind)),
    }
}

/// Refuses what is there and no file, before it is written or replaced: the device of nothing too.
///
/// # Errors
/// It is a folder, a pipe, a socket or a device.
pub fn only_a_file(about: &Metadata) -> io::Result<()> {
    kind(about).map_or(Ok(()), |kind| Err(refusal(kind)))
}

fn only_files(about: &Metadata) -> io::Result<()> {
    if is_nothing(about) { Ok(()) } else { only_a_file(about) }
}

fn all_of(mut opened: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    opened.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Does not wait, whatever came to stand there.
#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
    File::options().read(true).custom_flags(flags.bits().cast_signed()).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// What is no file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Folder,
    Pipe,
    Socket,
    CharacterDevice,
    BlockDevice,
}

fn refusal(kind: Kind) -> io::Error {
    let (error, what) = match kind {
        Kind::Folder => (ErrorKind::IsADirectory, "a folder"),
        Kind::Pipe => (ErrorKind::InvalidInput, "a named pipe"),
        Kind::Socket => (ErrorKind::InvalidInput, "a socket"),
        Kind::CharacterDevice => (ErrorKind::InvalidInput, "a device"),
        Kind::BlockDevice => (ErrorKind::InvalidInput, "a block device"),
    };
    io::Error::new(error, format!("it is {what}, where a file is expected; move it away, or name another file"))
}

fn kind(about: &Metadata) -> Option<Kind> {
    let file_type = about.file_type();
    if file_type.is_dir() {
        return Some(Kind::Folder);
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if file_type.is_fifo() {
            return Some(Kind::Pipe);
        } else if file_type.is_socket() {
            return Some(Kind::Socket);
        } else if file_type.is_char_device() {
            return Some(Kind::CharacterDevice);
        } else if file_type.is_block_device() {
            return Some(Kind::BlockDevice);
        }
    }
    None
}

/// The device that people name where they want no file to be read.
#[cfg(unix)]
fn is_nothing(about: &Metadata) -> bool {
    use std::os::unix::fs::{FileTypeExt, MetadataExt};
    about.file_type().is_char_device() && fs::metadata("/dev/null").is_ok_and(|nothing| nothing.rdev() == about.rdev())
}

#[cfg(not(unix))]
fn is_nothing(_: &Metadata) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;
    use crate::user_file::{self, Readers};

    fn pipe(path: &Path) {
        let made = std::process::Command::new("mkfifo").arg(path).status();
        assert!(made.expect("mkfifo").success());
    }

    #[test]
    fn what_is_no_file_is_told_at_once() {
        let folder = tempfile::tempdir().expect("folder");
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("folder")).expect("folder");
        pipe(&at("pipe"));
        std::os::unix::fs::symlink("pipe", at("link")).expect("link");
        let _socket = UnixListener::bind(at("socket")).expect("socket");
        for (path, what) in [
            (at("folder"), "a folder"),
            (at("pipe"), "a named pipe"),
            (at("link"), "a named pipe"),
            (at("socket"), "a socket"),
            ("/dev/zero".into(), "a device"),
        ] {
            let wanted = format!("it is {what}, where a file is expected; move it away, or name another file");
            assert_eq!(file(&path).expect_err("no file").to_string(), wanted);
            // Nor is it put in another's place.
            let written = user_file::write(&path, b"x", Readers::AsUsual);
            assert_eq!(written.expect_err("no file").to_string(), wanted);
        }
        assert_eq!(file(&at("missing")).expect_err("missing").kind(), ErrorKind::NotFound);
        assert_eq!(file(Path::new("/dev/null")).expect("nothing"), b"");
        assert!(user_file::write(Path::new("/dev/null"), b"x", Readers::AsUsual).is_err());
    }

    #[test]
    fn a_pipe_that_was_named_is_waited_for() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("pipe");
        pipe(&path);
        let writer = std::thread::spawn({
            let path = path.clone();
            move || fs::write(path, "workers: 1\n")
        });
        assert_eq!(given(&path).expect("read"), b"workers: 1\n");
        writer.join().expect("a thread").expect("written");
        assert!(given(folder.path()).expect_err("a folder").to_string().starts_with("it is a folder"));
        assert!(given(Path::new("/dev/zero")).expect_err("no end").to_string().contains("64 MiB"));
    }
}
