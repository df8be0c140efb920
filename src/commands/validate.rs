//! `tidewatch validate`

use crate::{acknowledgement, sources::Sources, terminal};
use std::process::ExitCode;
use tidewatch_component::Registry;
use tidewatch_pipeline::Agent;
use tidewatch_telemetry::Metrics;

/// Shows all mistakes and warnings. Builds every component, and opens nothing: no port, no file of theirs.
pub(crate) fn run(sources: &Sources, registry: &Registry) -> ExitCode {
    let loaded = match sources.load(registry) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    let mut diagnostics = loaded.diagnostics;
    if let Some(config) = &loaded.config
        && let Err(mistakes) = Agent::build(config, registry, &Metrics::default())
    {
        diagnostics.extend(mistakes);
        diagnostics.sort();
    }
    terminal::show(&diagnostics);
    match &loaded.config {
        Some(config) if !diagnostics.has_errors() => {
            let acknowledgements = acknowledgement::describe(config);
            terminal::print(&format!("The configuration is valid.\n\n{acknowledgements}"));
            ExitCode::SUCCESS
        }
        _ => ExitCode::FAILURE,
    }
}
