//! One file for each command.

pub(crate) mod components;
pub(crate) mod print_config;
pub(crate) mod print_schema;
pub(crate) mod replay;
pub(crate) mod run;
pub(crate) mod state;
pub(crate) mod validate;
