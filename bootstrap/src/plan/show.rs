//! The plan as a person reads it.

use std::fmt::Write;

use super::{Action, Plan};
use crate::report::units;

/// One line a step, grouped by subject; what exists already is counted, not listed.
pub fn show(plan: &Plan) -> String {
    let mut text = String::new();
    for subject in plan.subjects() {
        let steps: Vec<_> = plan.steps.iter().filter(|step| step.subject == subject).collect();
        let open: Vec<_> = steps.iter().filter(|step| step.action != Action::Exists).collect();
        let there = steps.len() - open.len();
        let note = if there > 0 { format!("  ({there} of {} exist)", steps.len()) } else { String::new() };
        let _ = writeln!(text, "{subject}{note}");
        for step in open {
            let size = step.bytes.map(|bytes| format!("  {}", units::bytes(bytes))).unwrap_or_default();
            let _ = writeln!(text, "  {:<7} {}{size}", step.action.word(), step.step.describe());
        }
    }
    text
}
