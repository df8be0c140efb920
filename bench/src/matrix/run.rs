//! One agent, one cell.

use super::plan::Cell;
use crate::{
    Result,
    latency::Percentiles,
    load::{self, Tally},
    process,
    sink::Shared,
};
use serde::Serialize;
use std::{
    env, fs,
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
    path::Path,
    process::Stdio,
    time::Duration,
};
use tokio::{
    net::TcpStream,
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

/// Where every agent listens, and where it sends to.
pub(super) const AGENT: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 4317));
pub(super) const SINK: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 5317));

const START: Duration = Duration::from_secs(60);
const STOP: Duration = Duration::from_secs(15);
const WARM_UP: u64 = 2;
/// Nothing more is to be expected when nothing has arrived for so long.
const SILENCE: Duration = Duration::from_millis(1500);

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
    if TcpStream::connect(AGENT).await.is_ok() {
        return Err(format!("something listens on {AGENT} already").into());
    }
    let log = env::temp_dir().join(format!("tidewatch-bench-{name}.log"));
    let output = fs::File::create(&log)?;
    let mut agent = Command::new(&command[0])
        .args(&command[1..])
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .kill_on_drop(true)
        .spawn()?;
    ready(&mut agent, &log).await?;
    let pid = agent.id().ok_or("the agent is gone")?;
    let to = AGENT.to_string();
    load::run(&cell.load(&to, WARM_UP)).await?;
    settle(sink).await;
    sink.reset();
    let before = process::cpu_seconds(pid);
    let report = load::run(&cell.load(&to, seconds)).await?;
    settle(sink).await;
    let cpu = process::cpu_seconds(pid) - before;
    let peak_memory_mb = process::peak_memory_mb(pid);
    let stats = sink.stats();
    stop(agent, pid).await?;
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

async fn ready(agent: &mut Child, log: &Path) -> Result<()> {
    let deadline = Instant::now() + START;
    while TcpStream::connect(AGENT).await.is_err() {
        if agent.try_wait()?.is_some() || Instant::now() > deadline {
            let text = fs::read_to_string(log).unwrap_or_default();
            let tail: Vec<&str> = text.lines().rev().take(8).collect();
            let tail: Vec<&str> = tail.into_iter().rev().collect();
            return Err(format!("the agent does not listen on {AGENT}:\n{}", tail.join("\n")).into());
        }
        sleep(Duration::from_millis(50)).await;
    }
    // Some listen before they are ready.
    sleep(Duration::from_secs(1)).await;
    Ok(())
}

async fn settle(sink: &Shared) {
    let (mut last, mut since) = (sink.stats().items(), Instant::now());
    while since.elapsed() < SILENCE {
        sleep(Duration::from_millis(100)).await;
        let now = sink.stats().items();
        if now != last {
            (last, since) = (now, Instant::now());
        }
    }
}

/// Asks first, as a service manager does.
async fn stop(mut agent: Child, pid: u32) -> Result<()> {
    Command::new("kill").args(["-TERM", &pid.to_string()]).status().await?;
    if timeout(STOP, agent.wait()).await.is_err() {
        agent.kill().await?;
    }
    Ok(())
}
