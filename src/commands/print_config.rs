//! `tidewatch print-config`

use crate::{sources::Sources, terminal};
use std::process::ExitCode;
use tidewatch_component::Registry;

/// Prints the merged and expanded configuration without secrets, also one with mistakes: these are shown, too.
pub(crate) fn run(sources: &Sources, registry: &Registry) -> ExitCode {
    let loaded = match sources.load(registry) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    terminal::print(&tidewatch_config::print_config(&loaded));
    terminal::show(&loaded.diagnostics);
    if loaded.diagnostics.has_errors() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
