//! What a step owns of the stack that it was planned for.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::origin::ImagePlan;
use crate::stack::Component;

/// What has a name that no other in the same plan has.
pub trait Named {
    /// The name, as the stack writes it.
    fn name(&self) -> &str;
}

impl Named for ImagePlan {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Named for Component {
    fn name(&self) -> &str {
        Self::name(self)
    }
}

/// A thing that several steps own. In a printed plan, in the log and compared with another it is its name.
pub struct Owned<T>(Arc<T>);

impl<T> Owned<T> {
    /// Owns a thing that nobody else has.
    pub fn new(thing: T) -> Self {
        Self(Arc::new(thing))
    }
}

impl<T: Clone> Owned<T> {
    /// The thing, to be changed. Whoever else owns it keeps it as it was.
    pub fn to_mut(&mut self) -> &mut T {
        Arc::make_mut(&mut self.0)
    }
}

impl<T> From<Arc<T>> for Owned<T> {
    fn from(thing: Arc<T>) -> Self {
        Self(thing)
    }
}

impl<T> Clone for Owned<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Deref for Owned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Named> PartialEq for Owned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0.name() == other.0.name()
    }
}

impl<T: Named> Eq for Owned<T> {}

impl<T: Named> fmt::Debug for Owned<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.0.name(), formatter)
    }
}

impl<T: Named> Serialize for Owned<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.name())
    }
}
