//! `judge --agent PATH [--scenario NAME] [--full]`: tries the agent, prints what it found, and exits with 1 if
//! any promise is broken.

use clap::Parser;
use std::{path::PathBuf, process::ExitCode};
use tidewatch_judge::{
    scenarios,
    trial::{Form, Trial},
};

/// Puts an agent between senders of numbered records and a sink that records every number, and says what
/// was delivered, lost, duplicated and reordered.
#[derive(Parser)]
struct Arguments {
    /// The agent's binary.
    #[arg(long, default_value = "target/release/tidewatch")]
    agent: PathBuf,
    /// Only this scenario; may be given several times.
    #[arg(long, value_parser = scenarios::NAMES)]
    scenario: Vec<String>,
    /// As long and as hard as the promises are written, instead of within seconds.
    #[arg(long)]
    full: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { agent, scenario, full } = Arguments::parse();
    let binary = match agent.canonicalize() {
        Ok(binary) => binary,
        Err(error) => {
            eprintln!("{}: {error}; build it with `cargo build --release`", agent.display());
            return ExitCode::FAILURE;
        }
    };
    let trial = Trial { binary, form: if full { Form::Full } else { Form::Short } };
    let names = if scenario.is_empty() { scenarios::NAMES.map(str::to_owned).to_vec() } else { scenario };
    let mut all_good = true;
    for name in names {
        match scenarios::run(&name, &trial).await {
            Ok(verdict) => {
                all_good &= verdict.is_good();
                println!("{verdict}");
            }
            Err(error) => {
                all_good = false;
                println!("{name}: not tried: {error}\n");
            }
        }
    }
    if all_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
