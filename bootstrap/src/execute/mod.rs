//! Runs a plan: every step as soon as what it needs is through, independent ones side by side.
//!
//! ```text
//! graph          the order: pure, knows only needs
//! subjects       from steps to the lines that a person sees
//! context        what steps share: engine, builder, registry, cluster
//! outputs        ... and what earlier ones found out for later ones
//! ended          how a step ended
//! steps          one function a kind of step
//! nodes          ... those that make nodes
//! reach          ... those that reach a cluster that is there, and the registry that it pulls from
//! engine_images  ... those that give the engine its images
//! mirror         ... those that bring the components' images to the local registry
//! preview        what a plan would change of the components, without doing it
//! ```

use std::sync::Arc;

use tracing::Instrument;

use crate::error::Failure;
use crate::plan::{Plan, Step, StepId};
use crate::report::{Outcome, Reporter};

pub mod context;
pub mod ended;
pub mod engine_images;
pub mod graph;
pub mod mirror;
pub mod nodes;
pub mod outputs;
pub mod preview;
pub mod reach;
pub mod served;
pub mod steps;
pub mod subjects;

pub use context::Context;
pub use outputs::StepOutputs;

/// A step that failed, and why.
#[derive(Debug)]
pub struct StepFailure {
    /// The line that the step belongs to: `cluster`, or a component's name.
    pub subject: String,
    /// Index of the step in its plan.
    pub step: StepId,
    /// What went wrong, with what to do about it.
    pub failure: Failure,
}

/// What became of a plan.
#[derive(Debug, Default)]
pub struct Executed {
    /// Failures in the order in which they happened; empty if all went well.
    pub failures: Vec<StepFailure>,
    /// Whether anything but images was made, changed or removed.
    pub changed: bool,
    /// Whether that is so of a component.
    pub changed_components: bool,
}

/// Runs the plan to its end. Dropping the future stops all that it started; a later run goes on from there.
pub async fn run(plan: &Plan, context: &Context, reporter: Arc<dyn Reporter>) -> Executed {
    let subjects = subjects::Subjects::new(plan, reporter);
    let needs: Vec<_> = plan.steps.iter().map(|step| step.needs.clone()).collect();
    let mut executed = Executed::default();
    let mut failed = Vec::new();
    let ends = graph::run(
        &needs,
        |id| {
            let progress = subjects.begin(plan, id);
            let span = tracing::debug_span!("step", id, step = ?plan.steps[id].step);
            async move { steps::perform(context, &plan.steps[id], &progress).await }.instrument(span)
        },
        |id, end| match end {
            graph::End::Done(ended) => {
                let (changed, step) = (!matches!(ended.outcome, Outcome::Unchanged), &plan.steps[id].step);
                executed.changed |= changed;
                executed.changed_components |=
                    changed && matches!(step, Step::InstallComponent { .. } | Step::RemoveComponent { .. });
                subjects.end(plan, id, ended.outcome, &ended.detail);
            }
            graph::End::Failed(failure) => {
                failed.push(id);
                subjects.end(plan, id, Outcome::Failed, &failure.messages[0]);
            }
            graph::End::Skipped(cause) => {
                let because = &plan.steps[*cause];
                let why = if because.subject == plan.steps[id].subject {
                    String::new()
                } else {
                    format!("needs {}", because.subject)
                };
                subjects.end(plan, id, Outcome::Skipped, &why);
            }
        },
    )
    .await;
    for (step, end) in ends.into_iter().enumerate() {
        if let graph::End::Failed(failure) = end {
            executed.failures.push(StepFailure { subject: plan.steps[step].subject.clone(), step, failure });
        }
    }
    executed.failures.sort_by_key(|failure| failed.iter().position(|step| *step == failure.step));
    executed
}
