//! Failures as a person reads them: what, why, what lies behind it, what next.

use std::fmt::Write;

use crate::error::Failure;

/// The text of a failure, ending with a line break; where there is more to read, it names that file.
pub(super) fn failure(failure: &Failure, log: Option<&str>) -> String {
    let mut text = format!("error: {}\n", failure.messages.first().map(String::as_str).unwrap_or_default());
    for cause in failure.messages.iter().skip(1) {
        let _ = writeln!(text, "  because: {cause}");
    }
    for detail in &failure.details {
        let _ = writeln!(text, "  {detail}");
    }
    if let Some(log) = log {
        let _ = writeln!(text, "  log: {log}");
    }
    if !failure.hints.is_empty() {
        text.push('\n');
    }
    for hint in &failure.hints {
        let _ = writeln!(text, "  → {hint}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ExitKind;

    #[test]
    fn a_failure_says_what_why_and_what_next() {
        let broken = Failure {
            kind: ExitKind::Usage,
            messages: vec!["it broke".into(), "no disk".into()],
            details: vec!["| log".into()],
            hints: vec!["Buy one.".into()],
        };
        let text = "error: it broke\n  because: no disk\n  | log\n\n  → Buy one.\n";
        assert_eq!(failure(&broken, None), text);
        assert_eq!(failure(&broken, Some("/x/up.log")), text.replace("\n\n", "\n  log: /x/up.log\n\n"));
    }
}
