//! Programs that people use with a platform, out of its own images: for a machine that has only Docker.
//!
//! Which there are, the stack says (`tools:`). They run in the control plane's node, beside the cluster.
//!
//! ```text
//! place     brings a program into the node, once for each image
//! session   runs it there, with this process's own ends
//! terminal  ... which may be a terminal
//! copy      copies programs out, into a folder of this machine
//! ```

pub mod copy;
mod error;
mod place;
mod session;
mod terminal;

use std::collections::BTreeMap;

pub use error::ToolsError;
pub use session::{Hear, run};

use crate::docker::Engine;
use crate::stack::model::Tool;
use crate::stack::{ClusterSpec, Stack};

/// A program, and what it is run with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Name that it is run by, as `kubectl`.
    pub name: String,
    /// The image that has it, as the stack names it; none for those that the node itself has.
    pub image: Option<String>,
    /// Where it is in the image; a bare name is looked for where the node has its programs.
    pub path: String,
    /// Variables that it is run with.
    pub environment: BTreeMap<String, String>,
    /// Namespace that it works in unless it is told otherwise.
    pub namespace: Option<String>,
}

/// Where a platform's programs run.
pub struct Place {
    /// The engine that the node runs in.
    pub engine: Engine,
    /// The platform whose programs they are, as `--name` has it.
    pub platform: String,
    /// The control plane's node.
    pub node: String,
}

/// All programs that a cluster and a stack have, by name. The cluster's own come first.
pub fn declared(cluster: &ClusterSpec, stack: Option<&Stack>) -> Vec<Program> {
    let program = |tool: &Tool, image, namespace| Program {
        name: tool.name.clone(),
        image,
        path: tool.path.clone(),
        environment: tool.environment.clone(),
        namespace,
    };
    let mut programs: Vec<_> = cluster.file.tools.iter().map(|tool| program(tool, None, None)).collect();
    for component in stack.iter().flat_map(|stack| &stack.components) {
        for tool in &component.file.tools {
            // A stack is checked: the image is one of the component's.
            let image = component.file.images.get(&tool.image).map(|image| image.reference.clone());
            if programs.iter().all(|known| known.name != tool.name) {
                programs.push(program(tool, image, Some(component.file.namespace.clone())));
            }
        }
    }
    programs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::StackSource;

    #[test]
    fn the_built_in_stack_has_the_programs_that_the_docs_promise() {
        let stack = Stack::load(StackSource::Builtin("back".into())).expect("a stack");
        let programs = declared(&ClusterSpec::load().expect("the cluster"), Some(&stack));
        let kubectl = programs.iter().find(|one| one.name == "kubectl").expect("kubectl");
        assert_eq!((&kubectl.image, &kubectl.namespace), (&None, &None));
        let argocd = programs.iter().find(|one| one.name == "argocd").expect("argocd");
        assert!(argocd.image.as_ref().is_some_and(|image| image.contains("/argocd:")), "{argocd:?}");
        assert_eq!(argocd.namespace.as_deref(), Some("argocd"));
    }

    #[test]
    fn without_a_stack_there_are_the_clusters_own() {
        let programs = declared(&ClusterSpec::load().expect("the cluster"), None);
        assert!(programs.iter().any(|one| one.name == "kubectl") && programs.iter().all(|one| one.image.is_none()));
    }
}
