//! A custom resource definition that waits to be applied.

use serde_json::Value;

use super::object::VersionedRef;

/// A definition as text: as a tree of values it would take ten times the room, and some take megabytes as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    object: VersionedRef,
    json: Box<str>,
}

impl Definition {
    /// The definition of a manifest.
    ///
    /// # Errors
    /// Says what of its identity is missing.
    pub fn of(manifest: &Value) -> Result<Self, String> {
        Ok(Self { object: VersionedRef::of(manifest)?, json: manifest.to_string().into() })
    }

    /// Which definition it is.
    pub(crate) fn object(&self) -> &VersionedRef {
        &self.object
    }

    /// The manifest as JSON without blanks, from which the digest of a unit is made.
    pub(crate) fn json(&self) -> &str {
        &self.json
    }

    /// The manifest again.
    pub fn manifest(&self) -> Value {
        serde_json::from_str(&self.json).expect("it was written from a value")
    }
}
