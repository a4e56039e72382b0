//! What `up` will do, as a graph: pure, so that it can be shown without being done.
//!
//! [`build`] takes settings, stack and what exists, and gives the same plan for the same three. A step starts
//! as soon as the steps it needs are through; the executor knows nothing else about order.

mod build;
mod needed;
mod observed;
mod owned;
mod show;
mod step;

pub use build::{ExistingCluster, Inputs, PlannedComponent, build};
pub use needed::ClusterImages;
pub use observed::Observed;
pub use owned::{Named, Owned};
pub use show::{open_images, show};
pub use step::{Action, EngineImage, NodeState, PlannedStep, Step, StepId};

use serde::Serialize;

/// Subject of everything that concerns the cluster itself.
pub const CLUSTER: &str = "cluster";

/// The steps, each after all those it needs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// The platform that the plan is for: lower-case letters, digits and dashes.
    pub platform: String,
    /// Name in the stack's `stack.yaml`, as `back`.
    pub stack: String,
    /// Version in the stack's `stack.yaml`, as `0.1.0`.
    pub version: String,
    /// The steps; a [`StepId`] is the index here.
    pub steps: Vec<PlannedStep>,
}

impl Plan {
    /// Subjects in the order of their first step.
    pub fn subjects(&self) -> Vec<String> {
        let mut subjects: Vec<String> = Vec::new();
        for step in &self.steps {
            if !subjects.contains(&step.subject) {
                subjects.push(step.subject.clone());
            }
        }
        subjects
    }

    /// Number of images, bytes of those whose size is known, and bytes still to be moved.
    pub fn images(&self) -> (usize, Option<u64>, Option<u64>) {
        let images: Vec<_> = self.steps.iter().filter(|step| step.step.is_image()).collect();
        let known = images.iter().all(|step| step.bytes.is_some());
        let all = images.iter().filter_map(|step| step.bytes).sum();
        let open = images.iter().filter(|step| step.action != Action::Exists);
        let missing = open.filter_map(|step| step.bytes_to_move.or(step.bytes)).sum();
        (images.len(), known.then_some(all), known.then_some(missing))
    }
}
