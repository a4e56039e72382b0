//! What every part of the program stands on. It knows nothing of images, engines or clusters.
//!
//! ```text
//! error      every error's kind (exit code), text and hints
//! report     typed events: terminal, plain lines, JSON lines, recorder
//! log        what was done, asked and answered, for whoever looks into a run that failed
//! tls        whom the process trusts, and HTTP clients
//! folders    where files of ours are kept
//! loopback   whether a host is this machine
//! file_lock  waits for a lock that another program holds
//! words      names, numbers and lists in texts
//! ```

pub mod error;
pub mod file_lock;
pub mod folders;
pub mod log;
pub mod loopback;
pub mod report;
pub mod tls;
pub mod words;
