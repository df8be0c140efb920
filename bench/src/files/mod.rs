//! Agents that follow the lines of files: what a line costs, and what files cost that nobody writes to.

mod lines;
mod summary;

use crate::{
    Result,
    agents::{self, Agents, Places, wanted},
    directory::Directory,
    running::{Running, SINK},
    sink::{Shared, Sink},
};
use lines::{Format, Writers};
use serde::Serialize;
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::time::{Instant, sleep};

/// What to run.
#[derive(Debug, clap::Args)]
pub(crate) struct Files {
    /// Folder of the benchmarks
    #[arg(long, default_value = "bench")]
    bench: PathBuf,
    /// Folder of the rivals' binaries [default: rivals/bin in the folder of the benchmarks]
    #[arg(long)]
    rivals: Option<PathBuf>,
    /// Where files are written, in a new folder that is removed [default: cargo's target folder]
    #[arg(long)]
    directory: Option<PathBuf>,
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Seconds for which files grow
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// Seconds for which idle files are watched
    #[arg(long, default_value_t = 60)]
    idle_seconds: u64,
    /// Files that grow
    #[arg(long, default_value_t = 20)]
    files: usize,
    /// Lines a second, in all files together
    #[arg(long, default_value_t = 10_000)]
    rate: u64,
    /// Lines that are there before the agent starts, for `plain-read` and `json-read`
    #[arg(long, default_value_t = 1_000_000)]
    lines: u64,
    /// Idle files
    #[arg(long, default_value_t = 1000)]
    idle_files: usize,
    /// Only these cells (plain, json, plain-read, json-read, idle)
    #[arg(long, value_delimiter = ',')]
    cells: Vec<String>,
    /// Only these agents
    #[arg(long, value_delimiter = ',')]
    agents: Vec<String>,
    /// Write one JSON object for each run into this file
    #[arg(long)]
    rows: Option<PathBuf>,
}

/// What files do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cell {
    Grow(Format),
    Read(Format),
    Idle,
}

impl Cell {
    const ALL: [Self; 5] = [
        Self::Grow(Format::Plain),
        Self::Grow(Format::Json),
        Self::Read(Format::Plain),
        Self::Read(Format::Json),
        Self::Idle,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Grow(Format::Plain) => "plain",
            Self::Grow(Format::Json) => "json",
            Self::Read(Format::Plain) => "plain-read",
            Self::Read(Format::Json) => "json-read",
            Self::Idle => "idle",
        }
    }

    fn format(self) -> Format {
        match self {
            Self::Grow(format) | Self::Read(format) => format,
            Self::Idle => Format::Plain,
        }
    }
}

/// What one run has measured.
#[derive(Debug, Clone, Default, Serialize)]
struct Row {
    agent: String,
    cell: String,
    /// Lines whose cost is measured, and how many of them arrived.
    lines: u64,
    arrived: u64,
    /// Seconds in which the lines were written, or idle files were watched.
    seconds: f64,
    /// From the last line's writing until everything has arrived; for lines that were there already, from the start.
    until_all_arrived_ms: f64,
    cpu_seconds: f64,
    peak_memory_mb: f64,
}

impl Files {
    pub(crate) async fn run(self) -> Result<()> {
        let places = Places::new(&self.bench, self.rivals.as_deref())?;
        let agents: Agents = agents::read(&places.bench.join("files/agents.json"))?;
        let parent = self.directory.as_deref().unwrap_or(&places.target);
        let runs: Vec<_> = Cell::ALL
            .into_iter()
            .filter(|cell| wanted(&self.cells, cell.name()))
            .flat_map(|cell| agents.iter().map(move |(name, agent)| (cell, name, agent)))
            .filter(|(_, name, _)| wanted(&self.agents, name))
            .filter_map(|(cell, name, agent)| {
                Some((cell, name, agent.command(cell.format().name(), &places)?))
            })
            .collect();
        let sink = Sink::bind(SINK).await?;
        let shared = sink.shared();
        tokio::spawn(sink.serve());
        let mut rows = Vec::new();
        for round in 1..=self.rounds {
            for (cell, agent, command) in &runs {
                eprintln!("round {round} of {}: {agent}: {}", self.rounds, cell.name());
                let directory = Directory::new(parent, "bench-files")?;
                fs::create_dir(directory.join("logs"))?;
                match self.measure(agent, *cell, command, &directory, &shared).await {
                    Ok(row) => rows.push(row),
                    Err(error) => eprintln!("  {error}"),
                }
            }
        }
        if let Some(path) = &self.rows {
            agents::write_rows(path, &rows)?;
        }
        print!("{}", summary::medians(&rows));
        Ok(())
    }

    async fn measure(
        &self,
        name: &str,
        cell: Cell,
        command: &[String],
        directory: &Path,
        sink: &Shared,
    ) -> Result<Row> {
        sink.reset();
        let count = if cell == Cell::Idle { self.idle_files } else { self.files };
        let mut files = Writers::create(&directory.join("logs"), count, cell.format())?;
        let first = if matches!(cell, Cell::Read(_)) { self.lines } else { count as u64 };
        files.write(first)?;
        let started = Instant::now();
        let mut agent = Running::start(name, command, directory).await?;
        let arrived = agent.during(sink.arrived(first)).await?;
        let mut row = Row { agent: name.to_owned(), cell: cell.name().to_owned(), ..Row::default() };
        let mut before = 0.0;
        match cell {
            Cell::Read(_) => {
                row.lines = first;
                row.until_all_arrived_ms = (arrived - started).as_secs_f64() * 1e3;
            }
            Cell::Grow(_) => {
                self.grow(&mut files, 2).await?;
                sink.arrived(files.lines).await;
                let lines = files.lines;
                before = agent.cpu_seconds();
                let begun = Instant::now();
                self.grow(&mut files, self.seconds).await?;
                let written = Instant::now();
                row.seconds = (written - begun).as_secs_f64();
                row.lines = files.lines - lines;
                let arrived = sink.arrived(files.lines).await;
                row.until_all_arrived_ms = arrived.saturating_duration_since(written).as_secs_f64() * 1e3;
            }
            Cell::Idle => {
                sleep(Duration::from_secs(5)).await;
                before = agent.cpu_seconds();
                sleep(Duration::from_secs(self.idle_seconds)).await;
                row.seconds = self.idle_seconds as f64;
            }
        }
        // What is acknowledged is written down, and whatever comes twice comes now.
        if cell != Cell::Idle {
            sink.settled().await;
        }
        row.cpu_seconds = agent.cpu_seconds() - before;
        row.arrived = sink.stats().items() - (files.lines - row.lines);
        row.peak_memory_mb = agent.peak_memory_mb();
        agent.stop().await?;
        Ok(row)
    }

    /// Writes at the rate for so many seconds, a little every 20 ms.
    async fn grow(&self, files: &mut Writers, seconds: u64) -> Result<()> {
        let (begun, before) = (Instant::now(), files.lines);
        while begun.elapsed() < Duration::from_secs(seconds) {
            sleep(Duration::from_millis(20)).await;
            let due = (begun.elapsed().as_secs_f64() * self.rate as f64) as u64;
            files.write(due.saturating_sub(files.lines - before))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_agent_has_a_configuration_for_every_cell() {
        let places = Places::new(Path::new(env!("CARGO_MANIFEST_DIR")), None).unwrap();
        let agents: Agents = agents::read(&places.bench.join("files/agents.json")).unwrap();
        for cell in Cell::ALL {
            assert!(agents.values().all(|agent| agent.config(cell.format().name(), &places).exists()));
        }
    }
}
