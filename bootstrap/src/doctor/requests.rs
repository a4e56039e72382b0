//! What the pods of a stack ask for, so that a scheduler finds a place for them: with less than that it cannot work.

use serde_json::Value;

use crate::stack::Stack;
use backstack_health::quantity::{self, Milli};

/// Thousandths of processors and of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Requests {
    pub cpu: Milli,
    pub memory: Milli,
}

/// What kubeadm's control plane asks for, with two pods of CoreDNS, the pod network and the storage class.
const CONTROL_PLANE: Requests = Requests { cpu: 870, memory: 304 * (1 << 20) * 1000 };

impl Requests {
    /// On a cluster of our own.
    pub fn with_control_plane(self) -> Self {
        Self { cpu: self.cpu + CONTROL_PLANE.cpu, memory: self.memory + CONTROL_PLANE.memory }
    }

    /// Of one pod of each workload. What is filled in later and cannot be known yet counts as nothing.
    pub fn of(stack: &Stack) -> Self {
        let manifests = stack.components.iter().flat_map(|component| &component.manifests);
        manifests
            .map(|manifest| of_workload(&manifest.object))
            .fold(Self::default(), |sum, one| Self { cpu: sum.cpu + one.cpu, memory: sum.memory + one.memory })
    }
}

fn of_workload(object: &Value) -> Requests {
    if !matches!(object["kind"].as_str(), Some("Deployment" | "StatefulSet" | "DaemonSet")) {
        return Requests::default();
    }
    let containers = object["spec"]["template"]["spec"]["containers"].as_array().into_iter().flatten();
    let amount = |container: &Value, name: &str| match &container["resources"]["requests"][name] {
        Value::String(text) => quantity::parse(text).unwrap_or(0),
        Value::Number(number) => quantity::parse(&number.to_string()).unwrap_or(0),
        _ => 0,
    };
    containers.fold(Requests::default(), |sum, container| Requests {
        cpu: sum.cpu + amount(container, "cpu"),
        memory: sum.memory + amount(container, "memory"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::StackSource;

    /// What the table of machines goes by; a component that asks for more moves it.
    #[test]
    fn the_built_in_stack_asks_for_more_than_one_processor_and_two_gigabytes() {
        let stack = Stack::load(StackSource::Builtin("back".into())).expect("stack");
        let asked = Requests::of(&stack).with_control_plane();
        assert!((1_001..1_900).contains(&asked.cpu), "{asked:?}");
        let mib = asked.memory / 1000 / (1 << 20);
        assert!((1_950..3_000).contains(&mib), "{mib} MiB");
        let minimal = Stack::load(StackSource::Builtin("minimal".into())).expect("stack");
        assert!(Requests::of(&minimal).with_control_plane().cpu <= 1_000);
    }
}
