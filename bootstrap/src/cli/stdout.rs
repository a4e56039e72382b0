//! Stdout, as far as it matters whether something arrived: a full disk is not to look as if all were well.

use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// Writes to stdout and keeps the first thing that went wrong. Work goes on without a reader; whoever started us is told
/// at the end.
#[derive(Debug, Clone, Default)]
pub(super) struct Stdout {
    failed: Arc<Mutex<Option<io::Error>>>,
}

impl Stdout {
    /// Writes all of it at once. Nothing more is written once something failed: half an answer is none.
    pub(super) fn put(&self, bytes: &[u8]) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if failed.is_none()
            && let Err(error) = write(bytes)
        {
            *failed = Some(error);
        }
    }

    /// Why something could not be written; nothing if a reader only had enough (`| head`).
    pub(super) fn failure(&self) -> Option<String> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.as_ref().filter(|error| error.kind() != ErrorKind::BrokenPipe).map(ToString::to_string)
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.put(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The standard library takes a stdout that is not open for writing for one that takes everything.
#[cfg(unix)]
fn write(mut bytes: &[u8]) -> io::Result<()> {
    let out = io::stdout().lock();
    while !bytes.is_empty() {
        match rustix::io::write(&out, bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(rustix::io::Errno::INTR) => {}
            // Whoever shares the pipe made it so; its reader is only slow. There is nothing to wait for without more.
            Err(rustix::io::Errno::AGAIN) => std::thread::sleep(std::time::Duration::from_millis(5)),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn write(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}
