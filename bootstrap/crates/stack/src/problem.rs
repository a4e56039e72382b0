//! What is wrong with a stack: all of it at once, each with its place.

use std::fmt;

use backstack_common::error::{ExitKind, Explain};

/// One thing that is wrong (or, as a warning, odd).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// File, relative to the stack's folder; `stacks/...` for files of another, built-in stack.
    pub file: String,
    /// Line from 1, where there is one.
    pub line: Option<usize>,
    /// What is wrong and, behind a semicolon, what may help.
    pub message: String,
}

impl Problem {
    fn place(&self) -> String {
        match self.line {
            Some(line) => format!("{}:{line}", self.file),
            None => self.file.clone(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  {}", self.place(), self.message)
    }
}

/// Collects while the checks go on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Problems {
    /// What keeps the stack from being used.
    pub(crate) errors: Vec<Problem>,
    /// What is odd and does no harm.
    pub(crate) warnings: Vec<Problem>,
}

impl Problems {
    /// Adds an error, at a line (from 1) of the file if that is known.
    pub(crate) fn error(&mut self, file: &str, line: impl Into<Option<usize>>, message: impl Into<String>) {
        self.errors.push(Problem { file: file.into(), line: line.into(), message: message.into() });
    }

    /// Adds a warning, at a line (from 1) of the file if that is known.
    pub(crate) fn warning(&mut self, file: &str, line: impl Into<Option<usize>>, message: impl Into<String>) {
        self.warnings.push(Problem { file: file.into(), line: line.into(), message: message.into() });
    }

    /// Sorted by place; what two checks found alike is said once.
    pub(crate) fn sorted(mut self) -> Self {
        for list in [&mut self.errors, &mut self.warnings] {
            list.sort();
            list.dedup();
        }
        self
    }
}

/// A stack could not be loaded.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum StackErrors {
    /// No built-in stack has this name.
    #[error("there is no built-in stack `{name}`")]
    UnknownBuiltin {
        /// The name that was given with `--stack`.
        name: String,
        /// Names of the stacks that are built in.
        known: Vec<String>,
    },
    /// The folder is not there, or is no stack.
    #[error("{path} is not a stack: {reason}")]
    NotAStack {
        /// The path as it was given.
        path: String,
        /// What is wrong with the folder as a whole.
        reason: String,
    },
    /// The files say something that cannot be.
    #[error("{} in {origin}", count(.problems.len()))]
    Problems {
        /// What was read: a folder, or a built-in stack by its name.
        origin: String,
        /// All that is wrong, by file and line.
        problems: Vec<Problem>,
    },
}

fn count(problems: usize) -> String {
    if problems == 1 { "1 problem".into() } else { format!("{problems} problems") }
}

impl StackErrors {
    /// The single problems, where there are any.
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Problems { problems, .. } => problems,
            _ => &[],
        }
    }
}

impl Explain for StackErrors {
    fn kind(&self) -> ExitKind {
        ExitKind::Usage
    }

    fn details(&self) -> Vec<String> {
        aligned(self.problems())
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::UnknownBuiltin { name, known } => {
                let guess = backstack_common::words::did_you_mean(name, known.iter().map(String::as_str));
                vec![format!(
                    "Built in: {}{guess} A stack of your own is given as a folder: `--stack ./mine`.",
                    known.join(", "),
                    guess = if guess.is_empty() { ".".into() } else { guess },
                )]
            }
            Self::NotAStack { .. } => {
                vec!["Give a folder that holds stack.yaml and components/, or the name of a built-in stack.".into()]
            }
            Self::Problems { .. } => {
                vec!["`backstack stack schema component` shows all keys of a component (also: stack, image).".into()]
            }
        }
    }
}

/// One line per problem, messages in one column.
pub fn aligned(problems: &[Problem]) -> Vec<String> {
    let width = problems.iter().map(|problem| problem.place().chars().count()).max().unwrap_or(0);
    problems.iter().map(|problem| format!("{:<width$}  {}", problem.place(), problem.message)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(file: &str, line: usize, message: &str) -> Problem {
        Problem { file: file.into(), line: Some(line), message: message.into() }
    }

    #[test]
    fn problems_are_counted_and_aligned() {
        let problems = vec![problem("components/shop/component.yaml", 7, "one"), problem("stack.yaml", 12, "two")];
        let error = StackErrors::Problems { origin: "./mine".into(), problems };
        assert_eq!(error.to_string(), "2 problems in ./mine");
        assert_eq!(error.kind(), ExitKind::Usage);
        assert_eq!(error.details(), ["components/shop/component.yaml:7  one", "stack.yaml:12                     two"]);
    }

    #[test]
    fn an_unknown_stack_names_those_there_are() {
        let error = StackErrors::UnknownBuiltin { name: "bakc".into(), known: vec!["back".into(), "mini".into()] };
        assert_eq!(error.to_string(), "there is no built-in stack `bakc`");
        assert!(error.hints()[0].starts_with("Built in: back, mini; did you mean `back`? A stack"));
    }
}
