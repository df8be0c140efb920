//! `judge --agent PATH [--scenario NAME] [--full] [--seed N]`: tries the agent, prints what it found, and exits with
//! 1 if any promise is broken. `--agent-kind collector` tries an OpenTelemetry Collector in the same way.

use clap::{Parser, ValueEnum, builder::PossibleValuesParser};
use std::{path::PathBuf, process::ExitCode};
use tidewatch_judge::{
    agent::Kind,
    scenarios,
    summary::Table,
    trial::{Form, Trial},
};

/// Puts an agent between senders of numbered records and a sink that records every number, and says what
/// was delivered, lost, duplicated and reordered.
#[derive(Parser)]
struct Arguments {
    /// The agent's binary.
    #[arg(long, default_value = "target/release/tidewatch")]
    agent: PathBuf,
    /// What the binary is.
    #[arg(long, default_value = "tidewatch")]
    agent_kind: AgentKind,
    /// Whether a Collector's storage is synced to the disk, as Tidewatch's is by default.
    #[arg(long, default_value = "off")]
    fsync: Switch,
    /// Judge a Collector with the queue and the patience that it has by default.
    #[arg(long)]
    defaults: bool,
    /// Only this scenario; may be given several times.
    #[arg(long, value_parser = PossibleValuesParser::new(scenarios::NAMES))]
    scenario: Vec<String>,
    /// As long and as hard as the promises are written, instead of within seconds.
    #[arg(long)]
    full: bool,
    /// Make the random choices of an earlier trial.
    #[arg(long)]
    seed: Option<u64>,
}

#[derive(Clone, Copy, ValueEnum)]
enum AgentKind {
    Tidewatch,
    Collector,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Switch {
    On,
    Off,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let binary = match arguments.agent.canonicalize() {
        Ok(binary) => binary,
        Err(error) => {
            eprintln!("{}: {error}; build it with `cargo build --release`", arguments.agent.display());
            return ExitCode::FAILURE;
        }
    };
    let kind = match arguments.agent_kind {
        AgentKind::Tidewatch => Kind::Tidewatch,
        AgentKind::Collector => {
            Kind::Collector { fsync: arguments.fsync == Switch::On, defaults: arguments.defaults }
        }
    };
    let form = if arguments.full { Form::Full } else { Form::Short };
    let trial =
        Trial { binary, kind, form, seed: arguments.seed.unwrap_or_else(|| rand::random::<u32>().into()) };
    let names = if arguments.scenario.is_empty() { scenarios::names_for(kind) } else { arguments.scenario };
    println!("{}, seed {}", kind.name(), trial.seed);
    let mut summaries = Vec::new();
    let mut all_good = true;
    for name in names {
        match scenarios::run(&name, &trial).await {
            Ok(verdict) => {
                all_good &= verdict.is_good();
                println!("{verdict}");
                summaries.push(verdict.summary(trial.seed));
            }
            Err(error) => {
                all_good = false;
                println!("{name}: not tried: {error}\n");
            }
        }
    }
    println!("{}\n\n{}", kind.name(), Table(&summaries));
    if all_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
