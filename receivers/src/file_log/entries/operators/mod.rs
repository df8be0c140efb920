//! The Collector's operators on single records: one after another, as they stand in the configuration.

mod chain;
mod config;
mod container;
mod json;
mod mistakes;
mod parser;
mod regex;
mod severity;
mod trace;

pub(super) use chain::{Chain, Outcome, Tally};
pub(crate) use config::OperatorConfig;
pub(super) use container::{Part, Stream, pod};
pub(super) use mistakes::Mistakes;

use super::field::Field;
