//! Documents, searched in memory.
