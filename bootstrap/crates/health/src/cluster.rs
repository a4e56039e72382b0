//! What a judge may ask about the rest of the cluster.

use std::borrow::Cow;

use crate::facts::{Claim, Event, Node, Pod};
use crate::object::Ref;

/// What is known of a cluster at one moment. What is not known is not there.
pub trait Cluster {
    /// Events about an object, the newest first.
    fn events_of(&self, at: &Ref) -> Vec<Cow<'_, Event>>;

    /// A claim for a volume.
    fn claim(&self, namespace: &str, name: &str) -> Option<Cow<'_, Claim>>;

    /// All nodes that have been seen, in no order.
    fn nodes(&self) -> Vec<Cow<'_, Node>>;

    /// All pods, of every namespace: they are what nodes are full of.
    fn pods(&self) -> Vec<Cow<'_, Pod>>;

    /// Who makes the pods of a workload: itself, or for a Deployment its ReplicaSets.
    fn makers(&self, workload: &Ref) -> Vec<Ref>;

    /// The last lines of a container's log where somebody has fetched them, else an empty text.
    fn log(&self, pod: &Ref, container: &str) -> Cow<'_, str>;
}
