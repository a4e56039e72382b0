//! The sorts of things that keep a component from running.

use serde::Serialize;

/// What kind of thing blocks; also the order in which blockers are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A Job has failed for good: waiting does not help.
    Failed,
    /// A container ends again and again.
    Crash,
    /// An image cannot be had.
    Image,
    /// A container cannot be made: a Secret is missing, a command is wrong.
    Configuration,
    /// The API does not let the pods be made: quota, policy.
    Forbidden,
    /// Somebody scaled it to nothing.
    ScaledDown,
    /// No node has room.
    Unschedulable,
    /// A volume is not there.
    Volume,
    /// A container runs but its probe fails.
    Probe,
    /// An object could not be applied, and that did not pass.
    Apply,
    /// An admission webhook has nobody who answers.
    Webhook,
    /// An API that a component serves does not answer.
    Api,
    /// An object does not have its condition.
    Condition,
    /// An image is being pulled.
    Pulling,
    /// On its way, as far as can be told.
    Starting,
}

impl Cause {
    /// Whether it will hardly pass by itself.
    pub fn is_trouble(self) -> bool {
        self <= Self::Volume
    }

    /// What a person can do about it.
    pub fn hint(self) -> Option<&'static str> {
        match self {
            Self::Failed => Some("Fix what made the Job fail; the next run recreates it."),
            Self::Image => Some("Check the image's name, and that its registry can be reached: `backstack doctor`."),
            Self::Unschedulable => Some("Give the engine more memory or processors, or make the requests smaller."),
            Self::ScaledDown => Some("Scale it up again: `kubectl scale --replicas=1` and the workload's name."),
            Self::Forbidden => Some("Raise the namespace's quota, or change the policy that forbids the pods."),
            _ => None,
        }
    }
}
