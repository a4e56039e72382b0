//! Names of entities: `kind:namespace/name`.

use std::fmt;
use std::str::FromStr;

/// A full reference. Compared without regard to case, written in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntityRef {
    /// Kind in lower case, as `component`.
    pub kind: String,
    /// Namespace in lower case, as `default`.
    pub namespace: String,
    /// Name in lower case, unique within kind and namespace.
    pub name: String,
}

/// What is no reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no entity reference: {why}")]
pub struct ReferenceError {
    /// The text that was read, as it was given.
    pub text: String,
    /// What is wrong with it, and the form to write it in.
    pub why: &'static str,
}

impl EntityRef {
    /// Puts the parts together, in lower case. They are not checked: [`Self::parse_with`] does that.
    pub(crate) fn new(kind: &str, namespace: &str, name: &str) -> Self {
        Self { kind: kind.to_lowercase(), namespace: namespace.to_lowercase(), name: name.to_lowercase() }
    }

    /// Reads `[kind:][namespace/]name`, as descriptors write it, with these for what is missing.
    ///
    /// # Errors
    /// [`ReferenceError`] if a part is empty, or the kind is missing and there is none to take.
    pub fn parse_with(text: &str, kind: Option<&str>, namespace: &str) -> Result<Self, ReferenceError> {
        let error = |why| ReferenceError { text: text.into(), why };
        let (found_kind, rest) = match text.split_once(':') {
            Some((kind, rest)) => (Some(kind), rest),
            None => (kind, text),
        };
        let (namespace, name) = rest.split_once('/').unwrap_or((namespace, rest));
        let kind = found_kind.ok_or_else(|| error("the kind is missing; write kind:namespace/name"))?;
        let parts = [kind, namespace, name];
        if parts.iter().any(|part| part.is_empty()) {
            return Err(error("a part is empty; write kind:namespace/name"));
        }
        if name.contains('/') || name.contains(':') || parts.iter().any(|part| part.contains(char::is_whitespace)) {
            return Err(error("write kind:namespace/name, without spaces"));
        }
        Ok(Self::new(kind, namespace, name))
    }
}

impl FromStr for EntityRef {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse_with(text, None, "default")
    }
}

impl fmt::Display for EntityRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}/{}", self.kind, self.namespace, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_as_descriptors_write_them() {
        let full: EntityRef = "Component:Team-A/web".parse().expect("full");
        assert_eq!(full.to_string(), "component:team-a/web");
        let short = EntityRef::parse_with("payments", Some("system"), "default").expect("short");
        assert_eq!(short.to_string(), "system:default/payments");
        for bad in ["", "web", "a:/b", ":b/c", "a:b/", "a:b/c/d", "a:b/c d"] {
            assert!(bad.parse::<EntityRef>().is_err(), "{bad}");
        }
    }
}
