//! Actions on attributes: what `attributes` and `resource` share.

mod compile;
mod config;
mod run;
#[cfg(test)]
pub(crate) mod tests;
mod values;

pub use config::{ActionConfig, ActionKind, ConvertedType};

pub(crate) use compile::{Actions, regex};
pub(crate) use run::Run;
pub(crate) use values::any_value;
