//! What can go wrong while an image is built from packages.

use std::io;

use super::Architecture;
use super::machine::{Machine, Stranger};
use backstack_common::error::{ExitKind, Explain};

/// How many programs for another machine are named, besides the first.
const NAMED_STRANGERS: usize = 10;

/// A build that failed, and where.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// This is another system than Linux, where the tools of a build do not run.
    #[error("images can be built from packages on Linux only")]
    NotLinux,
    /// A recipe, or a file that it uses, says something that cannot be.
    #[error("{file}: {problem}")]
    Recipe {
        /// Path of that file, as a person finds it.
        file: String,
        /// What is wrong with it, for the end of the message.
        problem: String,
    },
    /// Recipes contain each other by `containerd_store`: their files, the last one being the first again.
    #[error("recipes contain each other: {}", .0.join(" -> "))]
    Cycle(Vec<String>),
    /// A file or folder could not be read or written.
    #[error("{what}")]
    Io {
        /// What could not be done, with the path: the whole message.
        what: String,
        /// What the system says to that.
        source: io::Error,
    },
    /// A program that builds need is not on this machine.
    #[error("`{tool}` is not installed, and {needed_for} needs it")]
    ToolMissing {
        /// Name of the program, as `apt-get`.
        tool: String,
        /// What it would have done, as `Debian layers`.
        needed_for: String,
    },
    /// A program is not on this machine, and the container that has it cannot be used either.
    #[error("`{tool}` is not installed, and no builder container can take its place: {why}")]
    NoBuilder {
        /// Name of the program, as `apt-get`.
        tool: String,
        /// What it would have done, as `Debian layers`.
        needed_for: String,
        /// What keeps the container from being used.
        why: String,
        /// What to do about the container; empty if that is nothing.
        hint: String,
    },
    /// A program was run and ended with an error.
    #[error("{what} failed: `{command}` ended with {status}")]
    ToolFailed {
        /// What it was run for, the beginning of the message.
        what: String,
        /// Its command line.
        command: String,
        /// How it ended, as `exit status: 1`.
        status: String,
        /// The last lines that it wrote.
        output: Vec<String>,
    },
    /// Nothing on this machine says where Debian's packages come from.
    #[error("no Debian mirror is known for {suite}")]
    NoMirror {
        /// Debian's suite, as `trixie`.
        suite: String,
        /// Files and folders that might have named a mirror.
        looked_in: Vec<String>,
    },
    /// A package could not be had or used.
    #[error("package {package}: {problem}")]
    Package {
        /// Its name, or the path of its file.
        package: String,
        /// What is wrong with it, for the end of the message.
        problem: String,
    },
    /// A program in an image is for another machine than the image.
    #[error("{path} in {recipe} is for {machine}, and the image for {architecture}")]
    OtherMachine {
        /// Path of the first such file in the image.
        path: String,
        /// Folder of the recipe, as messages name it.
        recipe: String,
        /// The machine that the file is for, as its header says.
        machine: Machine,
        /// The architecture that the image is built for.
        architecture: Architecture,
        /// Further files of this kind, each with its machine.
        others: Vec<String>,
    },
}

impl BuildError {
    /// For `map_err`: names what was being done.
    pub(super) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }

    pub(super) fn recipe(file: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Recipe { file: file.into(), problem: problem.into() }
    }

    /// Programs that are not for the image's machine, of which there is one at least.
    pub(super) fn other_machine(recipe: String, architecture: Architecture, found: Vec<Stranger>) -> Self {
        let named = |one: &Stranger| format!("{} ({})", one.path, one.machine);
        let mut others: Vec<_> = found.iter().skip(1).take(NAMED_STRANGERS).map(named).collect();
        if let Some(more) = found.len().checked_sub(NAMED_STRANGERS + 1).filter(|more| *more > 0) {
            others.push(format!("and {more} more"));
        }
        let Stranger { path, machine } = found.into_iter().next().expect("the caller has found one");
        Self::OtherMachine { path, recipe, machine, architecture, others }
    }
}

impl Explain for BuildError {
    fn kind(&self) -> ExitKind {
        match self {
            Self::NotLinux | Self::ToolMissing { .. } | Self::NoBuilder { .. } | Self::NoMirror { .. } => {
                ExitKind::Prerequisite
            }
            Self::Recipe { .. } | Self::Cycle(_) | Self::OtherMachine { .. } => ExitKind::Usage,
            Self::Io { .. } | Self::ToolFailed { .. } | Self::Package { .. } => ExitKind::Image,
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::ToolFailed { output, .. } => output.clone(),
            Self::NoBuilder { needed_for, .. } => vec![format!("it is needed for {needed_for}")],
            Self::OtherMachine { others, .. } => others.clone(),
            Self::NoMirror { looked_in, .. } => vec![format!("looked in {}", looked_in.join(", "))],
            _ => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::NotLinux => "take the images from `--images registry`".into(),
            Self::Recipe { file, .. } => format!("correct {file}"),
            Self::Cycle(_) => "take one of them out of the other's `containerd_store`".into(),
            Self::Io { source, .. } => io_hint(source),
            Self::ToolMissing { tool, .. } => super::tools::install_hint(tool),
            Self::NoBuilder { tool, hint, .. } => {
                let hints = [hint.clone(), super::tools::install_hint(tool)];
                return hints.into_iter().filter(|one| !one.is_empty()).collect();
            }
            Self::ToolFailed { output, .. } => output_hint(output),
            Self::NoMirror { .. } => {
                "install `debootstrap` and `debian-archive-keyring`, whose files name the mirror".into()
            }
            Self::OtherMachine { .. } => {
                "leave it out of the layer; what belongs in the image all the same is named by the recipe's `other_machines`"
                    .into()
            }
            Self::Package { .. } => "delete the file from the cache directory and try again; it is fetched again".into(),
        };
        vec![hint]
    }
}

fn io_hint(source: &io::Error) -> String {
    match source.kind() {
        io::ErrorKind::StorageFull => {
            "make room on the disk of the cache folder, or set BACKSTACK_CACHE to another one".into()
        }
        io::ErrorKind::PermissionDenied => "check who owns the cache directory".into(),
        _ => "try again; what is finished is kept".into(),
    }
}

/// Well-known messages of the tools, and what they mean for a recipe.
const MEANINGS: &[(&str, &str)] = &[
    ("missing go.sum entry", "run `go mod tidy` in the module's folder and keep its go.sum"),
    ("updates to go.mod needed", "run `go mod tidy` in the module's folder and keep its go.mod"),
    ("requires go >=", "the module wants a newer Go: install it, or take an older version of the module"),
    ("no required module provides package", "name the package in a `tool` line of go.mod, or correct its path"),
    ("checksum mismatch", "the module's content differs from go.sum: do not trust it before you know why"),
    ("does not have a Release file", "correct the suite, or name a mirror that carries it"),
    ("Unable to locate package", "correct the package's name, or the suite"),
    ("has no installation candidate", "correct the package's name, or the suite"),
    ("NO_PUBKEY", "install a newer `debian-archive-keyring`: the suite's key is not in it"),
    ("Temporary failure resolving", "check the network and the proxy settings"),
    ("Could not resolve", "check the network and the proxy settings"),
    ("dial tcp", "check the network and the proxy settings (GOPROXY, HTTPS_PROXY)"),
    ("No space left on device", "make room on the disk of the cache folder, or set BACKSTACK_CACHE to another one"),
    ("no space left on device", "make room on the disk of the cache folder, or set BACKSTACK_CACHE to another one"),
    (
        "do not match the hashes",
        "the package's content differs from the requirements file: do not trust it before you know why",
    ),
    ("signal: killed", "it was killed, most likely for want of memory: free some, or build fewer images at once"),
];

/// What a line of a tool means for whoever ran it, if it is known; tools tell causes first and what follows from them later.
pub(super) fn meaning(line: &str) -> Option<&'static str> {
    MEANINGS.iter().find(|(text, _)| line.contains(text)).map(|(_, meaning)| *meaning)
}

fn output_hint(output: &[String]) -> String {
    let known = output.iter().find_map(|line| meaning(line));
    known.unwrap_or("the lines above are the tool's own").into()
}
