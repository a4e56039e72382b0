//! How errors reach a person: a kind (the exit code), a message, what lies behind it, what to do.
//!
//! Each module has its own `thiserror` enum and implements [`Explain`] for it. The binary renders
//! all of them in one place.

use std::fmt;

/// Why the program ends; each has its own exit code, which is part of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitKind {
    /// 1: a defect of ours, or an input/output fault nobody planned for.
    Internal,
    /// 2: what was typed, or a file that was given, is wrong.
    Usage,
    /// 3: the machine lacks something (`backstack doctor` shows it).
    Prerequisite,
    /// 4: something did not become ready in time.
    Timeout,
    /// 5: the engine or the cluster refused or broke.
    Cluster,
    /// 6: an image could not be had: network, authentication, digest, build.
    Image,
    /// 130: interrupted by Ctrl-C.
    Interrupted,
}

impl ExitKind {
    /// The process exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Internal => 1,
            Self::Usage => 2,
            Self::Prerequisite => 3,
            Self::Timeout => 4,
            Self::Cluster => 5,
            Self::Image => 6,
            Self::Interrupted => 130,
        }
    }
}

/// An error that knows its kind and what a person can do about it.
pub trait Explain: std::error::Error {
    /// Decides the exit code.
    fn kind(&self) -> ExitKind;
    /// Facts shown below the message, one line each (log lines, further problems).
    fn details(&self) -> Vec<String> {
        Vec::new()
    }
    /// What to do next, one sentence each. Every error should have at least one.
    fn hints(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Any explained error, ready to be shown.
#[derive(Debug)]
pub struct Failure {
    /// Decides the exit code that the program ends with.
    pub kind: ExitKind,
    /// The message and, behind it, each cause.
    pub messages: Vec<String>,
    /// Facts shown below the messages, one line each, as the last lines of a log; often empty.
    pub details: Vec<String>,
    /// What to do next, one sentence each.
    pub hints: Vec<String>,
}

impl<E: Explain + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { kind: error.kind(), details: error.details(), hints: error.hints(), messages: chain(&error) }
    }
}

impl Failure {
    /// A defect of ours, or a fault nobody planned for.
    pub fn internal(message: String) -> Self {
        let hints = vec!["This should not happen: please report it, with what you ran.".into()];
        Self { kind: ExitKind::Internal, messages: vec![message], details: Vec::new(), hints }
    }

    /// Something that will be there later, or would be if a command had been run.
    pub fn not_yet(message: String, hint: &str) -> Self {
        Self { kind: ExitKind::Cluster, messages: vec![message], details: Vec::new(), hints: vec![hint.into()] }
    }

    /// Ctrl-C.
    pub fn interrupted() -> Self {
        Self {
            kind: ExitKind::Interrupted,
            messages: vec!["interrupted".into()],
            details: Vec::new(),
            hints: vec![
                "Run the same command again: it goes on from here. `backstack down` takes away what there is.".into(),
            ],
        }
    }
}

/// The message of an error and of each of its sources, without those that only repeat the one before.
pub fn chain(error: &dyn std::error::Error) -> Vec<String> {
    let mut messages = vec![error.to_string()];
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        if !messages.last().is_some_and(|last| last.contains(&text)) {
            messages.push(text);
        }
        source = cause.source();
    }
    messages
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.messages.join(": "))
    }
}
