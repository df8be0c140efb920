//! One agent, one cell.

use super::plan::Cell;
use crate::{
    Result,
    latency::Percentiles,
    load::{self, Tally},
    running::{AGENT, Running},
    sink::Shared,
};
use serde::Serialize;
use std::{env, time::Duration};
use tokio::time::sleep;

const WARM_UP: u64 = 2;

/// What one run has measured.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Row {
    pub(super) agent: String,
    pub(super) cell: String,
    #[serde(flatten)]
    pub(super) tally: Tally,
    /// Items that reached the sink.
    pub(super) arrived: u64,
    pub(super) accepted_per_second: f64,
    pub(super) cpu_seconds_per_million: f64,
    pub(super) peak_memory_mb: f64,
    /// From the sender's request to the agent's answer.
    pub(super) request_us: Percentiles,
    /// From the sender's timestamp to arrival at the sink.
    pub(super) end_to_end_us: Percentiles,
}

/// Starts the agent, warms it up, sends the load, waits until all has arrived, and stops it.
pub(super) async fn measure(
    name: &str,
    cell: &Cell,
    command: &[String],
    seconds: u64,
    sink: &Shared,
) -> Result<Row> {
    let mut agent = Running::start(name, command, &env::temp_dir()).await?;
    agent.listening().await?;
    // Some listen before they are ready.
    sleep(Duration::from_secs(1)).await;
    let to = AGENT.to_string();
    load::run(&cell.load(&to, WARM_UP)).await?;
    sink.settled().await;
    sink.reset();
    let before = agent.cpu_seconds();
    let report = load::run(&cell.load(&to, seconds)).await?;
    sink.settled().await;
    let cpu = agent.cpu_seconds() - before;
    let peak_memory_mb = agent.peak_memory_mb();
    let stats = sink.stats();
    agent.stop().await?;
    Ok(Row {
        agent: name.to_owned(),
        cell: cell.to_string(),
        tally: report.tally,
        arrived: stats.items(),
        accepted_per_second: report.accepted_per_second,
        cpu_seconds_per_million: cpu * 1e6 / report.tally.accepted.max(1) as f64,
        peak_memory_mb,
        request_us: report.request_us,
        end_to_end_us: stats.latency_us,
    })
}
