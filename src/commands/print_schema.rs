//! `tidewatch print-schema`

use crate::terminal;
use std::process::ExitCode;
use tidewatch_component::Registry;

/// Prints the JSON schema of configurations.
pub(crate) fn run(registry: &Registry) -> ExitCode {
    terminal::print(&format!("{:#}\n", tidewatch_config::print_schema(registry.catalog())));
    ExitCode::SUCCESS
}
