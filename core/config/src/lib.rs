//! YAML with source positions, merged, expanded and checked into a configuration.

mod catalog;
mod component;
mod config;
mod diagnostics;
mod id;
mod merge;
mod node;
mod parse;
mod scalar;
mod secrecy;
pub mod service;
mod signal;
mod source;
mod span;
pub mod values;

pub use catalog::{Catalog, ComponentType, Kind};
pub use component::{Component, Mistake};
pub use config::Config;
pub use diagnostics::{Diagnostic, Diagnostics, Severity};
pub use id::{ComponentId, IdError, PipelineId};
pub use node::{Entry, Map, Node, Value};
pub use signal::{Signal, SignalSet, UnknownSignal};
pub use source::Source;
pub use span::{SourceText, Span};
