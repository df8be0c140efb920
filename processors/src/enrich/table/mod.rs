//! Tables: from text to rows that can be looked up.

mod build;
mod csv;
mod fault;
mod json;
mod key;
mod rows;
mod spec;
#[cfg(test)]
mod tests;
mod yaml;

pub(super) use build::Table;
pub(super) use fault::Fault;
pub(super) use key::Key;
pub(super) use rows::Source;
pub(super) use spec::Spec;
