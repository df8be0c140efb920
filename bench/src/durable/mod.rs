//! What an answer costs that stands for the disk: queues in memory and on disk, flat out, side by side.

mod fsync;
mod summary;

use crate::{
    Result,
    agents::{self, Agents, Places, wanted},
    directory::Directory,
    latency::Percentiles,
    load::{self, Load, Tally},
    running::{AGENT, Running, SINK},
    sink::{Shared, Sink},
};
use serde::Serialize;
use std::{
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::time::{Instant, sleep};

/// The configurations that are run; an agent has those that are in its folder.
const QUEUES: [&str; 5] = ["memory", "memory-early", "disk-always", "disk-interval", "disk-never"];
/// As many requests are under way: four connections with four each.
const SENDERS: u64 = 16;
const WARM_UP: u64 = 2;

/// What to run.
#[derive(Debug, clap::Args)]
pub(crate) struct Durable {
    /// Folder of the benchmarks
    #[arg(long, default_value = "bench")]
    bench: PathBuf,
    /// Folder of the rivals' binaries [default: rivals/bin in the folder of the benchmarks]
    #[arg(long)]
    rivals: Option<PathBuf>,
    /// Where queues are kept, in a new folder that is removed; on a real disk [default: cargo's target folder]
    #[arg(long)]
    directory: Option<PathBuf>,
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Seconds of load that are measured in each run
    #[arg(long, default_value_t = 6)]
    seconds: u64,
    /// Only these queues (memory, memory-early, disk-always, disk-interval, disk-never)
    #[arg(long, value_delimiter = ',')]
    queues: Vec<String>,
    /// Only these agents
    #[arg(long, value_delimiter = ',')]
    agents: Vec<String>,
    /// Write one JSON object for each run into this file
    #[arg(long)]
    rows: Option<PathBuf>,
}

/// What one run has measured.
#[derive(Debug, Serialize)]
struct Row {
    agent: String,
    queue: String,
    #[serde(flatten)]
    tally: Tally,
    /// Items that reached the sink.
    arrived: u64,
    requests_per_second: f64,
    accepted_per_second: f64,
    /// From the sender's request to the agent's answer.
    answer_us: Percentiles,
    /// From the first request until everything has arrived.
    cpu_seconds_per_million: f64,
    peak_memory_mb: f64,
    /// What the disk alone did right before: appends of one request of every sender, each made durable.
    fsyncs_per_second: f64,
}

impl Durable {
    pub(crate) async fn run(self) -> Result<()> {
        let places = Places::new(&self.bench, self.rivals.as_deref())?;
        let agents: Agents = agents::read(&places.bench.join("disk/agents.json"))?;
        let parent = self.directory.as_deref().unwrap_or(&places.target);
        let runs: Vec<_> = QUEUES
            .into_iter()
            .filter(|queue| wanted(&self.queues, queue))
            .flat_map(|queue| agents.iter().map(move |(name, agent)| (queue, name, agent)))
            .filter(|(_, name, _)| wanted(&self.agents, name))
            .filter_map(|(queue, name, agent)| Some((queue, name, agent.command(queue, &places)?)))
            .collect();
        let sink = Sink::bind(SINK).await?;
        let shared = sink.shared();
        tokio::spawn(sink.serve());
        let mut rows = Vec::new();
        for round in 1..=self.rounds {
            for (queue, agent, command) in &runs {
                eprintln!("round {round} of {}: {agent}: {queue}", self.rounds);
                let directory = Directory::new(parent, "bench-durable")?;
                match self.measure(agent, queue, command, &directory, &shared).await {
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
        queue: &str,
        command: &[String],
        directory: &Path,
        sink: &Shared,
    ) -> Result<Row> {
        let load = |seconds| Load { to: AGENT.to_string(), seconds, ..Load::default() };
        let fsyncs_per_second = fsync::rate(directory, SENDERS)?;
        let mut agent = Running::start(name, command, directory).await?;
        agent.listening().await?;
        // Some listen before they are ready.
        sleep(Duration::from_secs(1)).await;
        load::run(&load(WARM_UP)).await?;
        sink.settled().await;
        sink.reset();
        let before = agent.cpu_seconds();
        let begun = Instant::now();
        let report = load::run(&load(self.seconds)).await?;
        let drained = sink.arrived(report.tally.accepted).await;
        let cpu = agent.cpu_seconds() - before;
        eprintln!(
            "  {:.0}/s accepted, all arrived after {:.1} s",
            report.accepted_per_second,
            (drained - begun).as_secs_f64()
        );
        let row = Row {
            agent: name.to_owned(),
            queue: queue.to_owned(),
            tally: report.tally,
            arrived: sink.stats().items(),
            requests_per_second: report.accepted_per_second * report.tally.requests as f64
                / report.tally.sent.max(1) as f64,
            accepted_per_second: report.accepted_per_second,
            answer_us: report.request_us,
            cpu_seconds_per_million: cpu * 1e6 / report.tally.accepted.max(1) as f64,
            peak_memory_mb: agent.peak_memory_mb(),
            fsyncs_per_second,
        };
        agent.stop().await?;
        Ok(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tidewatch_has_every_queue_and_its_rival_all_but_one() {
        let places = Places::new(Path::new(env!("CARGO_MANIFEST_DIR")), None).unwrap();
        let agents: Agents = agents::read(&places.bench.join("disk/agents.json")).unwrap();
        let missing: Vec<_> = agents
            .iter()
            .flat_map(|(name, agent)| {
                QUEUES.map(|queue| (name.as_str(), queue, agent.config(queue, &places)))
            })
            .filter(|(_, _, config)| !config.exists())
            .map(|(name, queue, _)| (name, queue))
            .collect();
        assert_eq!(missing, [("collector", "disk-interval")]);
    }
}
