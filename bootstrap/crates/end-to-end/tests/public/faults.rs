//! What goes wrong on the way to the public hosts, in words. `scripts/tools/public-registries/faults.go` says what each
//! one does.

use serde_json::{Value, json};

/// One line of the table of faults, but for the host.
#[derive(Clone)]
pub(crate) struct Fault(Value);

pub(crate) fn missing() -> Fault {
    Fault(json!({"kind": "missing"}))
}

/// Connections are taken, and nothing is ever answered.
pub(crate) fn silent() -> Fault {
    Fault(json!({"kind": "silent"}))
}

/// Nobody listens there.
pub(crate) fn refused() -> Fault {
    Fault(json!({"kind": "refused"}))
}

/// What is sent there gets lost, as behind many a firewall.
pub(crate) fn dropped() -> Fault {
    Fault(json!({"kind": "dropped"}))
}

/// The name server does not know the name.
pub(crate) fn nameless() -> Fault {
    Fault(json!({"kind": "nameless"}))
}

/// The certificate is of an authority that nobody knows.
pub(crate) fn untrusted() -> Fault {
    Fault(json!({"kind": "untrusted"}))
}

pub(crate) fn status(code: u16) -> Fault {
    Fault(json!({"kind": "status", "status": code}))
}

/// Too many requests, with or without a hint of when to come back.
pub(crate) fn limited(retry_after: Option<&str>) -> Fault {
    Fault(json!({"kind": "status", "status": 429, "retry_after": retry_after.unwrap_or_default()}))
}

/// A sign-in is wanted that nobody here has; the challenge is `bearer`, `basic` or `none`.
pub(crate) fn unauthorised(challenge: &str) -> Fault {
    Fault(json!({"kind": "unauthorised", "challenge": challenge}))
}

/// A page of the network's own answers everything.
pub(crate) fn portal() -> Fault {
    Fault(json!({"kind": "portal"}))
}

/// Everything leads to a page elsewhere.
pub(crate) fn led_away(address: &str) -> Fault {
    Fault(json!({"kind": "portal", "redirect": address}))
}

/// What comes is not what its digest says.
pub(crate) fn wrong() -> Fault {
    Fault(json!({"kind": "wrong"}))
}

/// The connection breaks after so many bytes of an answer.
pub(crate) fn cut(after: u64) -> Fault {
    Fault(json!({"kind": "cut", "after": after}))
}

/// Each answer takes so long; nothing else changes.
pub(crate) fn slow(milliseconds: u64) -> Fault {
    Fault(json!({"kind": "slow", "milliseconds": milliseconds}))
}

impl Fault {
    fn with(mut self, key: &str, value: Value) -> Self {
        self.0[key] = value;
        self
    }

    /// For repositories that fit, with `*` for any part of a segment.
    pub(crate) fn on(self, repository: &str) -> Self {
        self.with("repository", repository.into())
    }

    /// For one kind of request: manifest, blob, redirect (to where a blob is), ping, token or file.
    pub(crate) fn what(self, what: &str) -> Self {
        self.with("what", what.into())
    }

    /// For so long, from the first request on.
    pub(crate) fn seconds(self, seconds: u32) -> Self {
        self.with("seconds", seconds.into())
    }

    /// The line of the table.
    pub(crate) fn line(self, host: &str, id: usize) -> Value {
        self.with("host", host.into()).with("id", id.to_string().into()).0
    }
}
