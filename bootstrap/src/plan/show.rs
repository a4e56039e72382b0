//! The plan as a person reads it.
//!
//! First the steps by subject, then every image with where it comes from and its bytes.

use std::fmt::Write;

use super::{Action, Plan, PlannedStep};
use crate::origin::Origin;
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
    let lines = images(plan, |_| true);
    if !lines.is_empty() {
        let _ = writeln!(text, "images\n{}", lines.join("\n"));
    }
    text
}

/// A line for each image that is not where it is needed yet, with where it comes from and its bytes.
pub fn open_images(plan: &Plan) -> Vec<String> {
    images(plan, |step| step.action != Action::Exists)
}

fn images(plan: &Plan, wanted: impl Fn(&PlannedStep) -> bool) -> Vec<String> {
    let steps = plan.steps.iter().filter(|step| wanted(step));
    steps.filter_map(|step| Some(image_line(step, step.step.image()?))).collect()
}

/// `build   ghcr.io/backstack/portal:0.1.0  WHY`.
fn image_line(step: &PlannedStep, image: &str) -> String {
    let way = match (step.action, step.from) {
        (Action::Exists, _) => "here",
        (Action::Fetch, Some(Origin::Release)) => "release",
        (Action::Fetch, _) => "fetch",
        // What is built in this run has no size yet.
        (Action::Create, _) if step.bytes.is_some() => "built",
        _ => "build",
    };
    let size = step.bytes.map(units::bytes).unwrap_or_default();
    let why = step.why.as_deref().unwrap_or_default();
    format!("  {way:<7} {size:>9}  {image}  {why}").trim_end().to_string()
}
