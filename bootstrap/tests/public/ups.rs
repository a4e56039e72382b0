//! `up` itself: what it fetches and what it builds, on an engine with nothing in it.
