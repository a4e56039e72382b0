//! What is asked of programs that run, from where the platform stands itself: nothing that is asked changes anything.

use serde_json::Value;

use super::object::{list, text};

/// One question. Addresses are those of pods.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// The page at a path of a host: `GET`.
    Page {
        /// IP address of the pod.
        address: String,
        /// TCP port that the program listens at.
        port: u16,
        /// Host that the request is for.
        host: String,
        /// Path that is asked for, with `/` before it.
        path: String,
    },
    /// The certificate that is shown to whoever asks for a host.
    Certificate {
        /// IP address of the pod.
        address: String,
        /// TCP port that the program listens at.
        port: u16,
        /// Host that is named in the handshake (SNI).
        host: String,
    },
    /// How often a container is held back by its limit of processor time. The name is the one that the node knows.
    Processor {
        /// Identity of the container in its runtime, without `containerd://` before it.
        container: String,
    },
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Answer to [`Question::Page`].
    Page {
        /// Status of HTTP, as 200.
        status: u16,
        /// Where to look instead, as the answer says.
        location: String,
        /// Its beginning.
        body: String,
    },
    /// Answer to [`Question::Certificate`].
    Certificate(Shown),
    /// Of so many moments in which it had something to do, it was held back in so many.
    Processor {
        /// Periods of the scheduler in which it wanted to run (`nr_periods`), while it was watched.
        moments: u64,
        /// Those of them in which it was throttled (`nr_throttled`).
        held_back: u64,
    },
    /// Something answered, and not in the language of the question.
    Other,
}

/// A certificate as it is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shown {
    /// Hosts that it is for.
    pub names: Vec<String>,
    /// Whether it says that servers may use it.
    pub is_for_servers: bool,
    /// As RFC 3339.
    pub ends: String,
}

impl Shown {
    /// Whether it is good for a host.
    pub fn serves(&self, host: &str) -> bool {
        self.names.iter().any(|name| serves(name, host))
    }
}

/// Whether a certificate's name, which may begin with `*.`, is good for a host.
pub fn serves(name: &str, host: &str) -> bool {
    let wild = name.strip_prefix("*.").zip(host.split_once('.')).is_some_and(|(rest, (_, above))| rest == above);
    name == host || wild
}

/// The question how often a container of a pod is held back, if it has a limit and runs.
pub fn held_back(pod: &Value, container: &str) -> Option<Question> {
    let spec = list(pod, "/spec/containers").iter().find(|one| text(one, "/name") == container)?;
    spec.pointer("/resources/limits/cpu")?;
    let statuses = list(pod, "/status/containerStatuses").iter();
    let status = statuses.into_iter().find(|one| text(one, "/name") == container)?;
    status.pointer("/state/running")?;
    let (_, id) = text(status, "/containerID").split_once("://")?;
    Some(Question::Processor { container: id.into() })
}
