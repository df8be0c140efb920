//! Runs every cell with every agent, round by round, so that a slow minute of the machine hits all alike.

mod plan;
mod run;
mod table;

use crate::{
    Result,
    agents::{self, Agents, Places, wanted},
    running::{AGENT, SINK},
    sink::Sink,
};
use plan::Cell;
use run::measure;
use std::path::PathBuf;

/// What to run.
#[derive(Debug, clap::Args)]
pub(crate) struct Matrix {
    /// Folder of the benchmarks: agents.json, cells.json, configs and rivals
    #[arg(long, default_value = "bench")]
    bench: PathBuf,
    /// Folder of the rivals' binaries [default: rivals/bin in the folder of the benchmarks]
    #[arg(long)]
    rivals: Option<PathBuf>,
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Seconds of load that are measured in each run
    #[arg(long, default_value_t = 6)]
    seconds: u64,
    /// Only these cells (forward, batch, ...)
    #[arg(long, value_delimiter = ',')]
    cells: Vec<String>,
    /// Only these agents
    #[arg(long, value_delimiter = ',')]
    agents: Vec<String>,
    /// Write one JSON object for each run into this file
    #[arg(long)]
    rows: Option<PathBuf>,
}

impl Matrix {
    pub(crate) async fn run(self) -> Result<()> {
        let places = Places::new(&self.bench, self.rivals.as_deref())?;
        let agents: Agents = agents::read(&self.bench.join("agents.json"))?;
        let cells: Vec<Cell> = agents::read(&self.bench.join("cells.json"))?;
        let runs: Vec<_> = cells
            .iter()
            .filter(|cell| wanted(&self.cells, &cell.name))
            .flat_map(|cell| agents.iter().map(move |(name, agent)| (cell, name, agent)))
            .filter(|(_, name, _)| wanted(&self.agents, name))
            .filter_map(|(cell, name, agent)| Some((cell, name, agent.command(&cell.name, &places)?)))
            .collect();
        if runs.is_empty() {
            return Err("nothing to run: no agent of agents.json is built and has a configuration".into());
        }
        let sink = Sink::bind(SINK).await?;
        let shared = sink.shared();
        tokio::spawn(sink.serve());
        let mut rows = Vec::new();
        for round in 1..=self.rounds {
            for (cell, agent, command) in &runs {
                eprintln!("round {round} of {}: {cell}: {agent}", self.rounds);
                match measure(agent, cell, command, self.seconds, &shared).await {
                    Ok(row) => rows.push(row),
                    Err(error) => eprintln!("  {error}"),
                }
            }
        }
        if let Some(path) = &self.rows {
            agents::write_rows(path, &rows)?;
        }
        if rows.is_empty() {
            return Err(format!("no run has worked; does something else listen on {AGENT}?").into());
        }
        print!("{}", table::medians(&rows));
        Ok(())
    }
}
