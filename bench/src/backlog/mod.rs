//! A queue on disk is filled while the destination is away, the agent is killed, and its successor drains it.

mod summary;

use crate::{
    Result,
    agents::{self, Agents, Places, wanted},
    directory::Directory,
    load::{self, Load, Report},
    running::{AGENT, Running, SINK},
    sink::Sink,
};
use serde::Serialize;
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::time::{Instant, sleep};

/// Longer than any filling takes.
const LONG: u64 = 3600;

/// What to run.
#[derive(Debug, clap::Args)]
pub(crate) struct Backlog {
    /// Folder of the benchmarks
    #[arg(long, default_value = "bench")]
    bench: PathBuf,
    /// Folder of the rivals' binaries [default: rivals/bin in the folder of the benchmarks]
    #[arg(long)]
    rivals: Option<PathBuf>,
    /// Where the queue is kept, in a new folder that is removed; on a real disk [default: cargo's target folder]
    #[arg(long)]
    directory: Option<PathBuf>,
    /// Megabytes of requests of 100 records; 0: none
    #[arg(long, default_value_t = 2200)]
    megabytes: u64,
    /// Megabytes of requests of a single record, about 560 bytes each; 0: none
    #[arg(long, default_value_t = 600)]
    single_megabytes: u64,
    #[arg(long, default_value_t = 1)]
    rounds: u32,
    /// Only these agents
    #[arg(long, value_delimiter = ',', default_value = "tidewatch")]
    agents: Vec<String>,
    /// Write one JSON object for each run into this file
    #[arg(long)]
    rows: Option<PathBuf>,
}

/// What one run has measured.
#[derive(Debug, Clone, Serialize)]
struct Row {
    agent: String,
    records_per_request: u32,
    accepted: u64,
    refused: u64,
    accepted_megabytes: f64,
    disk_megabytes: f64,
    filled_per_second: f64,
    filling_peak_memory_mb: f64,
    /// From the successor's start until it listens, with nothing of the queue in the system's memory.
    listening_ms: f64,
    arrived: u64,
    /// Requests that arrived behind a later one of the same sender, or twice.
    late: u64,
    drained_per_second: f64,
    draining_cpu_seconds_per_million: f64,
    draining_peak_memory_mb: f64,
}

impl Backlog {
    pub(crate) async fn run(self) -> Result<()> {
        let places = Places::new(&self.bench, self.rivals.as_deref())?;
        let agents: Agents = agents::read(&places.bench.join("disk/agents.json"))?;
        let parent = self.directory.as_deref().unwrap_or(&places.target);
        let mut rows = Vec::new();
        for round in 1..=self.rounds {
            for (batch, megabytes) in [(100, self.megabytes), (1, self.single_megabytes)] {
                for (name, agent) in agents.iter().filter(|(name, _)| wanted(&self.agents, name)) {
                    let Some(command) = agent.command("backlog", &places).filter(|_| megabytes > 0) else {
                        continue;
                    };
                    eprintln!(
                        "round {round} of {}: {name}: {megabytes} MB, {batch} records a request",
                        self.rounds
                    );
                    let directory = Directory::new(parent, "bench-backlog")?;
                    let load = Load { batch, bytes: megabytes * 1_000_000, ..numbered() };
                    match measure(name, &command, &load, &directory).await {
                        Ok(row) => rows.push(row),
                        Err(error) => eprintln!("  {error}"),
                    }
                }
            }
        }
        if let Some(path) = &self.rows {
            agents::write_rows(path, &rows)?;
        }
        print!("{}", summary::medians(&rows));
        Ok(())
    }
}

/// Sixteen senders, whose requests carry numbers.
fn numbered() -> Load {
    Load { to: AGENT.to_string(), seconds: LONG, numbered: true, ..Load::default() }
}

async fn measure(name: &str, command: &[String], load: &Load, directory: &Path) -> Result<Row> {
    let mut agent = Running::start(name, command, directory).await?;
    agent.listening().await?;
    sleep(Duration::from_secs(1)).await;
    let Report { tally, accepted_per_second, .. } = load::run(load).await?;
    let filling_peak_memory_mb = agent.peak_memory_mb();
    agent.kill().await?;
    let disk_megabytes = forget(directory)? as f64 / 1e6;
    eprintln!("  {disk_megabytes:.0} MB on disk, {accepted_per_second:.0} items / s; starting again");

    let sink = Sink::bind(SINK).await?;
    let shared = sink.shared();
    shared.expect_numbers();
    let sink = tokio::spawn(sink.serve());
    let mut agent = Running::start(name, command, directory).await?;
    let listening = agent.listening().await?;
    let begun = Instant::now();
    let drained = shared.arrived(tally.accepted).await;
    // Whatever comes twice comes now.
    shared.settled().await;
    let cpu = agent.cpu_seconds();
    let row = Row {
        agent: name.to_owned(),
        records_per_request: load.batch,
        accepted: tally.accepted,
        refused: tally.refused + tally.failed,
        accepted_megabytes: tally.accepted_bytes as f64 / 1e6,
        disk_megabytes,
        filled_per_second: accepted_per_second,
        filling_peak_memory_mb,
        listening_ms: listening.as_secs_f64() * 1e3,
        arrived: shared.stats().items(),
        late: shared.late(),
        drained_per_second: tally.accepted as f64 / (drained - begun).as_secs_f64(),
        draining_cpu_seconds_per_million: cpu * 1e6 / tally.accepted.max(1) as f64,
        draining_peak_memory_mb: agent.peak_memory_mb(),
    };
    agent.stop().await?;
    sink.abort();
    // The port is free again once the task is gone.
    sink.await.ok();
    Ok(row)
}

/// Has the system forget what it knows of the files, so that the next reader asks the disk. Gives their bytes.
fn forget(directory: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            bytes += forget(&entry.path())?;
        } else {
            let file = File::open(entry.path())?;
            file.sync_all()?;
            rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed)?;
            bytes += file.metadata()?.len();
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_agent_has_a_configuration() {
        let places = Places::new(Path::new(env!("CARGO_MANIFEST_DIR")), None).unwrap();
        let agents: Agents = agents::read(&places.bench.join("disk/agents.json")).unwrap();
        assert!(!agents.is_empty() && agents.values().all(|agent| agent.config("backlog", &places).exists()));
    }

    #[test]
    fn forgotten_files_are_still_there() {
        let name = format!("tidewatch-bench-forget-{}", std::process::id());
        let directory = Directory::new(&std::env::temp_dir(), &name).unwrap();
        fs::create_dir(directory.join("inner")).unwrap();
        fs::write(directory.join("one"), "12345").unwrap();
        fs::write(directory.join("inner/two"), "678").unwrap();
        assert_eq!(forget(&directory).unwrap(), 8);
        assert_eq!(fs::read(directory.join("one")).unwrap(), b"12345");
    }
}
