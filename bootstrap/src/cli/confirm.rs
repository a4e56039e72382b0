//! Asking before something is taken away or changed for good.

use std::io::{BufRead, IsTerminal, Write};

use crate::error::{ExitKind, Explain};

/// Nobody said that it may be done.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConfirmError {
    #[error("`{command}` has to be confirmed, and there is nobody to ask")]
    Nobody { command: &'static str, loses: String },
    #[error("not confirmed: nothing was changed")]
    Declined,
}

impl Explain for ConfirmError {
    fn kind(&self) -> ExitKind {
        match self {
            Self::Nobody { .. } => ExitKind::Usage,
            Self::Declined => ExitKind::Interrupted,
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Nobody { loses, .. } => vec![loses.clone()],
            Self::Declined => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<String> {
        vec!["Give `--yes` to have it done without being asked.".into()]
    }
}

/// Asks on a terminal whether what is lost may be lost; `yes` is the answer given beforehand.
///
/// # Errors
/// [`ConfirmError`] if nobody can be asked, or the answer is anything but yes.
pub(super) fn ask(yes: bool, command: &'static str, loses: &str) -> Result<(), ConfirmError> {
    if !yes && !has_terminal() {
        return Err(ConfirmError::Nobody { command, loses: loses.into() });
    }
    ask_if_possible(yes, loses)
}

/// The same, but goes on where nobody can be asked: for what scripts have always done.
///
/// # Errors
/// [`ConfirmError::Declined`]
pub(super) fn ask_if_possible(yes: bool, loses: &str) -> Result<(), ConfirmError> {
    if yes || !has_terminal() {
        return Ok(());
    }
    let (input, mut output) = (std::io::stdin(), std::io::stderr());
    let asked = write!(output, "{loses}\nGo on? [y/N] ").and_then(|()| output.flush());
    let mut answer = String::new();
    match asked.and_then(|()| input.lock().read_line(&mut answer)) {
        Ok(_) if is_yes(&answer) => Ok(()),
        _ => Err(ConfirmError::Declined),
    }
}

fn has_terminal() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_yes_is_yes() {
        assert!(is_yes("y\n") && is_yes(" YES\r\n"));
        for no in ["", "\n", "n\n", "yesterday\n"] {
            assert!(!is_yes(no), "{no:?}");
        }
    }
}
