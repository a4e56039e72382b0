//! The platform for AI assistants: implements the ports of `backstack-mcp` and joins its toolsets.

pub(crate) mod causes;
pub mod error;
pub mod live;
mod stack_entities;
pub mod wiring;
