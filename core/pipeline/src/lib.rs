//! Graph, admission, delivery and lifecycle.
//!
//! A batch goes from left to right:
//!
//! ```text
//! receiver -> Entrance (admission) -> Chain (processors) -> FanOut -> Lane (queue, gather, retry) -> exporter
//! ```
//!
//! [`Agent::build`] makes all of it from a checked configuration; [`Agent::start`] and
//! [`Running::stop`] bring it up and down, and [`Running::reload`] to another configuration.

mod agent;
mod build;
mod chain;
mod change;
mod changes;
mod common;
mod dead_letter;
mod delivery;
mod departure;
mod door;
mod entrance;
mod fan_out;
mod forgotten;
mod graph;
mod host;
mod isolation;
mod running;
mod ticker;

/// What the records of a queue on disk are, for whoever looks into one.
pub mod record {
    pub use crate::delivery::{data_type, decode};
}

pub use agent::Agent;
pub use changes::Changes;
pub use departure::Report;
pub use running::{ReloadError, Running, StartFailure};
