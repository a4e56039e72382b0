//! How a platform differs from the stack that it was made from: components added to it later, or left out.
//!
//! The platform's record keeps this, so that a later `up` of the same stack keeps it too. The files of an added
//! component stay where they are; where they are gone, what is installed of it is left as it is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::files::FileTree;
use super::problem::StackErrors;
use super::types::Listing;
use backstack_common::error::{ExitKind, Explain};
use backstack_common::words::did_you_mean;

/// What is different.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Changes {
    /// Components that the stack does not have, in the order in which they were added.
    pub added: Vec<Addition>,
    /// Components of the stack that are left out.
    pub without: Vec<String>,
}

/// A component that the stack does not have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Addition {
    /// Name of the component, which is its folder's too.
    pub name: String,
    /// Where it was taken from, and is read anew each time.
    pub from: Origin,
    /// Values of its parameters, in place of their defaults.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Value>,
}

/// Where its files are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// In the binary, as part of this stack.
    Builtin(String),
    /// The component's own folder, as an absolute path.
    Folder(PathBuf),
}

/// What was asked for cannot be added.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum ChangeError {
    /// What was named has neither a component.yaml nor a stack.yaml.
    #[error("{path} is neither a component nor a stack: {reason}")]
    Neither {
        /// The path as it was given.
        path: String,
        /// What there is in its place.
        reason: &'static str,
    },
    /// A component to be added has the name of one that the stack has itself.
    #[error("the name `{name}` is taken: stack `{stack}` has a component of its own that is called so")]
    Taken {
        /// The name of both.
        name: String,
        /// Name of the stack.
        stack: String,
    },
    /// A component to be left out is not in the stack.
    #[error("stack `{stack}` has no component `{name}` that could be left out")]
    Unknown {
        /// The name that was given.
        name: String,
        /// Name of the stack.
        stack: String,
        /// Names of the components that the stack has.
        known: Vec<String>,
    },
    /// What was named can be read, and its files say something that cannot be.
    #[error(transparent)]
    Stack(#[from] StackErrors),
}

impl Explain for ChangeError {
    fn kind(&self) -> ExitKind {
        ExitKind::Usage
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Stack(error) => error.details(),
            _ => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Neither { .. } => {
                vec!["Give the folder of a component (with component.yaml) or of a stack (with stack.yaml).".into()]
            }
            Self::Taken { .. } => vec!["Rename the folder, and `name` in its component.yaml.".into()],
            Self::Unknown { name, known, .. } => {
                let guess = did_you_mean(name, known.iter().map(String::as_str));
                vec![format!("It has: {}{}", known.join(", "), if guess.is_empty() { "." } else { &guess })]
            }
            Self::Stack(error) => error.hints(),
        }
    }
}

impl Addition {
    /// Its files.
    pub fn tree(&self) -> FileTree {
        match &self.from {
            Origin::Builtin(stack) => FileTree::builtin().join(&format!("{stack}/components/{}", self.name)),
            Origin::Folder(folder) => FileTree::Disk(folder.clone()),
        }
    }

    /// Where its files are, for people: as seen from here, if it is below.
    pub fn place(&self) -> String {
        let here = std::env::current_dir().and_then(std::fs::canonicalize).unwrap_or_default();
        match &self.from {
            Origin::Folder(folder) if folder.starts_with(&here) && *folder != here => {
                folder.strip_prefix(&here).unwrap_or(folder).display().to_string()
            }
            _ => self.tree().display(""),
        }
    }

    /// Whether its files are still there.
    pub fn exists(&self) -> bool {
        self.tree().exists("component.yaml")
    }

    fn is_in(&self, folder: &FileTree) -> bool {
        self.tree().display("") == folder.display("")
    }
}

/// What adding came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Added {
    /// How the platform differs from its stack then.
    pub changes: Changes,
    /// What is to be installed.
    pub names: Vec<String>,
    /// What the stack has already, and was named again.
    pub there: Vec<String>,
}

impl Changes {
    /// Adds components to a platform that was made from `stack`, which is the stack without any changes.
    ///
    /// A component that was added before is replaced; one that was left out comes back.
    ///
    /// # Errors
    /// [`ChangeError::Taken`] for a name that the stack uses itself.
    pub fn add(&self, stack: &Listing, additions: Vec<Addition>) -> Result<Added, ChangeError> {
        let mut added = Added { changes: self.clone(), names: Vec::new(), there: Vec::new() };
        for addition in additions {
            let name = addition.name.clone();
            match stack.component(&name) {
                Some(own) if !addition.is_in(own) => {
                    return Err(ChangeError::Taken { name, stack: stack.name.clone() });
                }
                Some(_) if self.without.contains(&name) => {
                    added.changes.without.retain(|left| *left != name);
                    added.names.push(name);
                }
                Some(_) => added.there.push(name),
                None => {
                    added.changes.replace(addition);
                    added.names.push(name);
                }
            }
        }
        Ok(added)
    }

    /// Values that were set before stay set, if the component comes from the same place.
    fn replace(&mut self, mut addition: Addition) {
        let place = self.added.iter().position(|had| had.name == addition.name);
        let Some(had) = place.map(|place| self.added.remove(place)) else { return self.added.push(addition) };
        if had.from == addition.from {
            let given = std::mem::replace(&mut addition.parameters, had.parameters);
            addition.parameters.extend(given);
        }
        self.added.insert(place.unwrap_or_default(), addition);
    }

    /// Takes a component away: an added one is forgotten, one of the stack is left out from now on.
    pub fn remove(&self, name: &str) -> Self {
        let mut changes = self.clone();
        let before = changes.added.len();
        changes.added.retain(|had| had.name != name);
        if changes.added.len() == before && !changes.without.iter().any(|left| left == name) {
            changes.without.push(name.into());
        }
        changes
    }

    /// Leaves components of the stack out; those that were added to it are forgotten.
    ///
    /// # Errors
    /// [`ChangeError::Unknown`] for one that the stack does not have and nobody added.
    pub fn leave_out(&mut self, stack: &Listing, names: &[String]) -> Result<(), ChangeError> {
        for name in names {
            if self.added.iter().any(|added| added.name == *name) {
                *self = self.remove(name);
                continue;
            }
            if stack.component(name).is_none() {
                let known = stack.components.iter().map(|(name, _)| name.clone()).collect();
                return Err(ChangeError::Unknown { name: name.clone(), stack: stack.name.clone(), known });
            }
            if !self.without.contains(name) {
                self.without.push(name.clone());
            }
        }
        Ok(())
    }

    /// Sets a parameter of an added component; false if there is none of that name.
    pub fn set(&mut self, component: &str, parameter: &str, value: &Value) -> bool {
        let addition = self.added.iter_mut().find(|addition| addition.name == component);
        addition.map(|addition| addition.parameters.insert(parameter.into(), value.clone())).is_some()
    }

    /// Whether the platform is as its stack has it.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.without.is_empty()
    }

    /// What a person who runs `up` should know, one sentence each.
    pub fn told(&self) -> Vec<String> {
        let mut told = Vec::new();
        let (there, gone): (Vec<&Addition>, Vec<&Addition>) = self.added.iter().partition(|one| one.exists());
        let names = |additions: &[&Addition]| {
            additions.iter().map(|one| format!("{} ({})", one.name, one.place())).collect::<Vec<_>>().join(", ")
        };
        if !there.is_empty() {
            told.push(format!("Added to the stack by `stack add`: {}.", names(&there)));
        }
        if !gone.is_empty() {
            told.push(format!("Left as installed, because the files are gone: {}.", names(&gone)));
        }
        if !self.without.is_empty() {
            told.push(format!(
                "Left out of the stack: {}. `backstack stack add NAME` brings it back.",
                self.without.join(", ")
            ));
        }
        told
    }
}

/// Whether a text can only be meant as a path.
pub fn is_path(text: &str) -> bool {
    text.contains(['/', '\\', '.']) || Path::new(text).is_dir()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::additions::read_additions;
    use crate::{Stack, StackFiles, StackSource};

    fn back() -> Listing {
        let files = StackFiles::read(StackSource::Builtin("minimal".into())).expect("the built-in stack");
        files.listing().expect("it can be read")
    }

    fn folder(name: &str) -> Addition {
        Addition { name: name.into(), from: Origin::Folder(format!("/srv/{name}").into()), parameters: BTreeMap::new() }
    }

    #[test]
    fn a_name_of_the_stack_is_taken_and_an_added_one_is_replaced() {
        let stack = back();
        let own = stack.components[0].0.clone();
        let error = Changes::default().add(&stack, vec![folder(&own)]).expect_err("taken");
        assert!(matches!(error, ChangeError::Taken { .. }), "{error}");
        let first = Changes::default().add(&stack, vec![folder("shop")]).expect("added").changes;
        let other = Addition { from: Origin::Folder("/elsewhere/shop".into()), ..folder("shop") };
        let second = first.add(&stack, vec![other.clone()]).expect("added again");
        assert_eq!((second.changes.added, second.names), (vec![other], vec!["shop".to_string()]));
    }

    #[test]
    fn a_stack_s_own_component_is_left_out_and_comes_back() {
        let stack = back();
        let own = stack.components[0].0.clone();
        let without = Changes::default().remove(&own);
        assert_eq!(without.without, std::slice::from_ref(&own));
        assert_eq!(without.remove(&own), without);
        let itself = read_additions("minimal").expect("the stack's own list");
        let back_again = without.add(&stack, itself.clone()).expect("comes back");
        assert!(back_again.changes.is_empty());
        assert_eq!(back_again.names, std::slice::from_ref(&own));
        let twice = Changes::default().add(&stack, itself).expect("there");
        assert_eq!((twice.names.len(), twice.there), (0, vec![own]));
    }

    #[test]
    fn an_added_component_is_forgotten() {
        let changes = Changes { added: vec![folder("shop")], without: Vec::new() };
        assert!(changes.remove("shop").is_empty());
        let mut left_out = changes;
        left_out.leave_out(&back(), &["shop".into()]).expect("left out");
        assert!(left_out.is_empty());
        assert!(left_out.leave_out(&back(), &["shop".into()]).is_err(), "nobody has it now");
    }

    fn component(folder: &Path, name: &str, more: &str) -> Addition {
        let folder = folder.join(name);
        std::fs::create_dir_all(&folder).expect("folder");
        let text = format!(
            "apiVersion: backstack.dev/v1\nkind: Component\nname: {name}\nversion: 1.0.0\ndescription: d\nnamespace: n\n{more}\n"
        );
        std::fs::write(folder.join("component.yaml"), text).expect("write");
        Addition { name: name.into(), from: Origin::Folder(folder), parameters: BTreeMap::new() }
    }

    fn problems(changes: &Changes) -> Vec<String> {
        let found = Stack::load_changed(StackSource::Builtin("minimal".into()), changes);
        found.err().map(|error| error.details()).unwrap_or_default()
    }

    #[test]
    fn what_is_added_has_to_fit_to_what_is_there() {
        let folder = tempfile::tempdir().expect("folder");
        let shop =
            component(folder.path(), "shop", "depends_on: [traefik]\nroutes: [{path: /shop, service: s, port: 80}]");
        let mut changes = Changes { added: vec![shop], without: Vec::new() };
        assert_eq!(problems(&changes), Vec::<String>::new());
        changes.added.push(component(folder.path(), "till", "routes: [{path: /shop, service: s, port: 80}]"));
        assert!(
            problems(&changes)[0].contains("path `/shop` is taken by component `shop`"),
            "{:?}",
            problems(&changes)
        );
        changes.added[1] = component(folder.path(), "till", "depends_on: [shpo]");
        assert!(problems(&changes)[0].contains("did you mean `shop`?"), "{:?}", problems(&changes));
        let without = Changes { without: vec!["traefik".into()], ..changes.clone() };
        assert!(
            problems(&without).iter().any(|problem| problem.contains("depends on `traefik`")),
            "{:?}",
            problems(&without)
        );
        changes.added[1] = component(folder.path(), "till", "depends_on: [shop]");
        std::fs::remove_dir_all(folder.path().join("shop")).expect("remove");
        let stack = Stack::load_changed(StackSource::Builtin("minimal".into()), &changes).expect("what is gone stays");
        assert_eq!(stack.kept, ["shop"]);
        assert!(changes.told().iter().any(|line| line.contains("the files are gone") && line.contains("shop")));
    }

    #[test]
    fn a_parameter_of_an_added_component_is_checked_at_its_own_file() {
        let folder = tempfile::tempdir().expect("folder");
        let mut shop =
            component(folder.path(), "shop", "parameters: {size: {type: integer, description: d, default: 1}}");
        shop.parameters.insert("size".into(), "big".into());
        let changes = Changes { added: vec![shop], without: Vec::new() };
        assert!(problems(&changes)[0].contains("shop/component.yaml  parameter `size`"), "{:?}", problems(&changes));
    }

    #[test]
    fn folders_that_are_neither_are_told_why() {
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("file");
        std::fs::write(&file, "").expect("write");
        for (path, part) in
            [(folder.path(), "neither component.yaml"), (&file, "not a folder"), (Path::new("/no/such"), "no such")]
        {
            let error = read_additions(&path.display().to_string()).expect_err("neither");
            assert!(error.to_string().contains(part), "{error}");
        }
    }

    #[test]
    fn a_stack_s_folder_stands_for_all_that_it_lists() {
        let folder = tempfile::tempdir().expect("folder");
        let text = "apiVersion: backstack.dev/v1\nkind: Stack\nname: mine\nversion: 1.0.0\ncomponents:\n  - {name: traefik, from: back}\n  - {name: shop, parameters: {size: 2}}\n";
        std::fs::write(folder.path().join("stack.yaml"), text).expect("write");
        let found = read_additions(&folder.path().display().to_string()).expect("additions");
        let real = std::fs::canonicalize(folder.path()).expect("path");
        assert_eq!(found[0].from, Origin::Builtin("back".into()));
        assert_eq!(found[1].from, Origin::Folder(real.join("components/shop")));
        assert_eq!(found[1].parameters["size"], 2);
    }
}
