//! Graph, admission, delivery and lifecycle.
//!
//! A batch goes from left to right:
//!
//! ```text
//! receiver -> Entrance (admission) -> Chain (processors) -> FanOut -> Lane (queue, gather, retry) -> exporter
//! ```
//!
//! [`Agent::build`] makes all of it from a checked configuration; [`Agent::start`] and
//! [`Running::stop`] bring it up and down.

mod agent;
mod chain;
mod dead_letter;
mod delivery;
mod entrance;
mod fan_out;
mod graph;
mod isolation;
mod ticker;

pub use agent::{Agent, Report, Running, StartFailure};
