//! Side-by-side benchmarks of agents that take OTLP in and send it on.
//!
//! `gen` sends OTLP, `sink` receives and counts it, and `matrix` runs agents between the two, cell by
//! cell, several rounds, and prints medians.

mod agents;
mod backlog;
mod chain;
mod compression;
mod count;
mod directory;
mod durable;
mod files;
mod latency;
mod load;
mod matrix;
mod order;
mod process;
mod running;
mod signal;
mod sink;
mod table;
mod template;

use clap::{Parser, Subcommand};
use std::{error::Error, net::SocketAddr};

type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

#[derive(Parser)]
#[command(about = "Runs OTLP agents side by side and measures what they cost")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Sends OTLP at a fixed rate or flat out; prints what was accepted, as JSON
    Gen(load::Load),
    /// Receives OTLP and Prometheus remote write, and counts
    ///
    /// GET /stats answers with the counts as JSON, POST /reset clears them, POST /fail?n=3&status=503 refuses
    /// the next 3 requests.
    Sink {
        #[arg(long, default_value = "127.0.0.1:5317")]
        listen: SocketAddr,
    },
    /// Runs every cell with every agent, interleaved, and prints a table of medians
    Matrix(matrix::Matrix),
    /// Compares queues in memory and on disk, flat out, beside what the disk can do by itself
    Durable(durable::Durable),
    /// Fills a queue on disk, kills the agent, and watches its successor drain it
    Backlog(backlog::Backlog),
    /// Has agents follow the lines of files
    Files(files::Files),
    /// Takes JSON lines through the whole chain of configs/observio.yaml
    Chain(chain::Chain),
}

#[tokio::main]
async fn main() -> Result<()> {
    match Cli::parse().command {
        Command::Gen(load) => println!("{}", serde_json::to_string(&load::run(&load).await?)?),
        Command::Sink { listen } => sink::Sink::bind(listen).await?.serve().await,
        Command::Matrix(matrix) => matrix.run().await?,
        Command::Durable(durable) => durable.run().await?,
        Command::Backlog(backlog) => backlog.run().await?,
        Command::Files(files) => files.run().await?,
        Command::Chain(chain) => chain.run().await?,
    }
    Ok(())
}
