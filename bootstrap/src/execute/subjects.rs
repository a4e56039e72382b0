//! From steps to the lines that a person sees: a subject begins with its first step that does something, and is
//! through when its last step is.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use crate::plan::{Action, Plan, StepId};
use crate::report::{Event, Outcome, Progress, Reporter};

/// Follows the subjects of one plan.
pub struct Subjects {
    reporter: Arc<dyn Reporter>,
    lines: Mutex<BTreeMap<String, Line>>,
}

#[derive(Debug)]
struct Line {
    open: usize,
    began: Option<Instant>,
    outcome: Outcome,
    detail: String,
}

impl Line {
    /// Why the first step failed is what a person must read: no later step's word takes its place.
    fn take(&mut self, outcome: Outcome, detail: &str) {
        let has_failed = self.outcome == Outcome::Failed;
        if weight(outcome) > weight(self.outcome) {
            self.outcome = outcome;
        }
        if !detail.is_empty() && !has_failed && (self.detail.is_empty() || outcome != Outcome::Skipped) {
            self.detail = detail.into();
        }
    }
}

impl Subjects {
    /// Follows this plan, and tells at once of every subject that has to wait for others.
    pub(crate) fn new(plan: &Plan, reporter: Arc<dyn Reporter>) -> Self {
        let mut lines = BTreeMap::new();
        for step in &plan.steps {
            let fresh = || Line { open: 0, began: None, outcome: Outcome::Unchanged, detail: String::new() };
            lines.entry(step.subject.clone()).or_insert_with(fresh).open += 1;
        }
        for (subject, detail) in waiting(plan) {
            reporter.report(Event::Queued { subject, detail });
        }
        Self { reporter, lines: Mutex::new(lines) }
    }

    /// A step begins.
    pub fn begin(&self, plan: &Plan, id: StepId) -> Progress {
        let step = &plan.steps[id];
        let mut lines = self.lines.lock().expect("no panic while the lines are held");
        if let Some(line) = lines.get_mut(&step.subject)
            && step.action != Action::Exists
        {
            line.began.get_or_insert_with(Instant::now);
        }
        Progress::new(self.reporter.clone(), &step.subject)
    }

    /// A step ended so; the subject's line is closed with its last one.
    pub fn end(&self, plan: &Plan, id: StepId, outcome: Outcome, detail: &str) {
        let subject = &plan.steps[id].subject;
        let mut lines = self.lines.lock().expect("no panic while the lines are held");
        let Some(line) = lines.get_mut(subject) else { return };
        line.open -= 1;
        line.take(outcome, detail);
        if line.open == 0 {
            let seconds = line.began.map_or(0.0, |began| began.elapsed().as_secs_f64());
            self.reporter.report(Event::Finished {
                subject: subject.clone(),
                outcome: line.outcome,
                detail: line.detail.clone(),
                seconds,
            });
        }
    }
}

/// Subjects of which nothing can begin at once, and what they need first.
fn waiting(plan: &Plan) -> Vec<(String, String)> {
    let of_plan = plan.subjects().into_iter().map(|subject| {
        let own: Vec<_> = plan.steps.iter().filter(|step| step.subject == subject).collect();
        let can_begin = own.iter().any(|step| step.needs.is_empty());
        let mut others: Vec<&str> = Vec::new();
        for need in own.iter().flat_map(|step| &step.needs) {
            let other = plan.steps[*need].subject.as_str();
            if other != subject && !others.contains(&other) {
                others.push(other);
            }
        }
        let detail = format!("needs {}", others.join(", "));
        (!can_begin && !others.is_empty()).then_some((subject, detail))
    });
    of_plan.flatten().collect()
}

/// The heaviest outcome of a subject's steps is the subject's.
fn weight(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Unchanged => 0,
        Outcome::Removed => 1,
        Outcome::Changed => 2,
        Outcome::Created => 3,
        Outcome::Skipped => 4,
        Outcome::Failed => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{PlannedStep, Step};
    use crate::report::recorder::Recorder;

    #[test]
    fn who_waits_says_for_whom() {
        let step = |subject: &str, needs: &[StepId]| PlannedStep {
            step: Step::EnsureNetwork,
            needs: needs.to_vec(),
            subject: subject.into(),
            action: Action::Create,
            bytes: None,
            bytes_to_move: None,
            from: None,
            why: None,
        };
        let steps = vec![
            step("cluster", &[]),
            step("free", &[]),
            step("free", &[0]),
            step("db", &[0]),
            step("shop", &[3, 0]),
            step("shop", &[4, 3]),
        ];
        let plan = Plan { platform: "p".into(), stack: "s".into(), version: "1".into(), steps };
        let recorder = Arc::new(Recorder::new());
        Subjects::new(&plan, recorder.clone());
        let queued = |subject: &str, detail: &str| Event::Queued { subject: subject.into(), detail: detail.into() };
        assert_eq!(recorder.events(), [queued("db", "needs cluster"), queued("shop", "needs db, cluster")]);
    }

    #[test]
    fn the_cause_of_a_failure_is_kept_whatever_ends_later() {
        let mut line = Line { open: 3, began: None, outcome: Outcome::Unchanged, detail: String::new() };
        line.take(Outcome::Created, "1 node");
        line.take(Outcome::Failed, "the API refused");
        line.take(Outcome::Created, "Kubernetes v1.36.3");
        line.take(Outcome::Skipped, "needs another");
        assert_eq!((line.outcome, line.detail.as_str()), (Outcome::Failed, "the API refused"));
    }
}
