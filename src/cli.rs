//! The command line.

use crate::{commands, sources::Sources};
use clap::{Parser, Subcommand};
use std::process::ExitCode;
use tidewatch_component::Registry;

const EXAMPLES: &str = "\
Examples:
  tidewatch --config configs/quickstart.yaml
      Run, here with generated telemetry that goes to the terminal.

  tidewatch validate --config agent.yaml
      Check a configuration without running it. All mistakes are shown, each at its line.

  tidewatch --config base.yaml --config site.yaml --set exporters::otlp::endpoint=backend:4317
      Run with several sources, each laid on top of those before it.

  tidewatch --config env:TIDEWATCH_CONFIG
      Run with YAML from an environment variable.

  tidewatch replay dead_letters.jsonl --endpoint http://localhost:4318
      Feed in again what a destination had refused, once it is mended.

  tidewatch state list /var/lib/tidewatch
      List what agents have kept there: what components remember, and queues.

  tidewatch components
      List what a configuration can name.

Exit codes:
  0         done; or stopped with everything delivered
  1         a mistake in the configuration, or a start that failed
  2         a mistake on the command line
  3         stopped with items undelivered; the last line of the log says how many
  130, 143  ended by SIGINT or SIGTERM at once: by a second one, or before it was ready";

/// Receives telemetry, understands it while it streams, and passes it on.
///
/// Configurations are those of the OpenTelemetry Collector: receivers, processors and exporters, joined to
/// pipelines. Without a command, the agent runs until SIGINT or SIGTERM.
#[derive(Debug, Parser)]
#[command(name = "tidewatch", version, after_help = EXAMPLES, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    sources: Sources,

    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run until SIGINT or SIGTERM (as without a command)
    Run {
        #[command(flatten)]
        sources: Sources,
    },
    /// Check a configuration and say what each receiver's acknowledgement survives; opens nothing
    Validate {
        #[command(flatten)]
        sources: Sources,
    },
    /// List the types of components that a configuration can name
    Components {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the configuration with all sources merged and all references expanded, without secrets
    PrintConfig {
        #[command(flatten)]
        sources: Sources,
    },
    /// Feed dead letters in again: the originals in files that `service.dead_letter` has written
    Replay(commands::replay::Replay),
    /// Show or remove what is kept in a directory of `file_storage`, while no agent uses it
    #[command(subcommand)]
    State(commands::state::Command),
    /// Print the JSON schema of configurations, for editors and other tools
    PrintSchema,
}

impl Cli {
    /// Does it.
    pub(crate) fn run(self, registry: &Registry) -> ExitCode {
        let before = self.sources;
        match self.command {
            None => commands::run::run(&before, registry),
            Some(Command::Run { sources }) => commands::run::run(&before.and(sources), registry),
            Some(Command::Validate { sources }) => commands::validate::run(&before.and(sources), registry),
            Some(Command::Components { json }) => commands::components::run(json, registry),
            Some(Command::PrintConfig { sources }) => {
                commands::print_config::run(&before.and(sources), registry)
            }
            Some(Command::Replay(replay)) => commands::replay::run(&replay),
            Some(Command::State(command)) => commands::state::run(&command),
            Some(Command::PrintSchema) => commands::print_schema::run(registry),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn sources_may_stand_before_and_after_the_command() {
        let cli =
            Cli::try_parse_from(["tidewatch", "--config", "a", "validate", "--config", "b", "--set", "c=d"]);
        let cli = cli.expect("a command line");
        let Some(Command::Validate { sources }) = cli.command else { panic!("another command") };
        let sources = cli.sources.and(sources);
        assert_eq!((sources.config, sources.set), (vec!["a".into(), "b".into()], vec!["c=d".into()]));
    }
}
