//! YAML with source positions, merged, expanded and checked into a configuration.
//!
//! [`load`] reads [`Source`]s and checks them against a [`Catalog`] of component types; what comes of it is a
//! [`Config`] and all [`Diagnostics`]. [`print_config`] and [`print_schema`] show the configuration and its schema.

mod catalog;
mod collector_components;
mod component;
mod config;
mod diagnostics;
mod expand;
mod id;
mod load;
mod merge;
mod nearest;
mod node;
mod parse;
mod print;
mod print_schema;
mod scalar;
mod schema;
mod secrecy;
mod sections;
pub mod service;
mod signal;
mod source;
mod span;
pub mod values;
mod variables;

pub use catalog::{Catalog, ComponentType, Kind};
pub use component::{Component, Mistake};
pub use config::Config;
pub use diagnostics::{Diagnostic, Diagnostics, Severity};
pub use id::{ComponentId, IdError, PipelineId};
pub use load::{Loaded, load, reload};
pub use node::{Entry, Map, Node, Value};
pub use parse::read_yaml;
pub use print::print_config;
pub use print_schema::print_schema;
pub use signal::{Signal, SignalSet, UnknownSignal};
pub use source::Source;
pub use span::{SourceText, Span};
