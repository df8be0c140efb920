//! An agent that runs.

use crate::{Result, process};
use std::{
    env, fs,
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::{
    net::TcpStream,
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

/// Where every agent listens, and where it sends to.
pub(crate) const AGENT: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 4317));
pub(crate) const SINK: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 5317));

/// What configurations call the directory that a run may write to.
const DIRECTORY: &str = "BENCH_DIRECTORY";

const START: Duration = Duration::from_secs(60);
const STOP: Duration = Duration::from_secs(15);

/// Killed when dropped.
pub(crate) struct Running {
    child: Child,
    pid: u32,
    log: PathBuf,
    started: Instant,
}

impl Running {
    /// Starts an agent, which may write into `directory`.
    ///
    /// # Errors
    /// It cannot be started, or something else listens already.
    pub(crate) async fn start(name: &str, command: &[String], directory: &Path) -> Result<Self> {
        if TcpStream::connect(AGENT).await.is_ok() {
            return Err(format!("something listens on {AGENT} already").into());
        }
        let log = env::temp_dir().join(format!("tidewatch-bench-{name}.log"));
        let output = fs::File::create(&log)?;
        let started = Instant::now();
        let child = Command::new(&command[0])
            .args(&command[1..])
            // Patterns of files take no `..` in the middle.
            .env(DIRECTORY, directory.canonicalize()?)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .kill_on_drop(true)
            .spawn()?;
        let pid = child.id().ok_or("the agent is gone")?;
        Ok(Self { child, pid, log, started })
    }

    /// Waits until it listens; says how long that took from its start.
    ///
    /// # Errors
    /// It ends instead, or does not listen within a minute.
    pub(crate) async fn listening(&mut self) -> Result<Duration> {
        while TcpStream::connect(AGENT).await.is_err() {
            if let Some(status) = self.child.try_wait()? {
                return Err(self.failure(&format!("has ended: {status}")));
            }
            if self.started.elapsed() > START {
                return Err(self.failure(&format!("does not listen on {AGENT}")));
            }
            sleep(Duration::from_millis(5)).await;
        }
        Ok(self.started.elapsed())
    }

    /// Waits for `work`.
    ///
    /// # Errors
    /// The agent ends before.
    pub(crate) async fn during<T>(&mut self, work: impl Future<Output = T>) -> Result<T> {
        tokio::select! {
            done = work => Ok(done),
            status = self.child.wait() => Err(self.failure(&format!("has ended: {}", status?))),
        }
    }

    fn failure(&self, what: &str) -> Box<dyn std::error::Error + Send + Sync> {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        format!("the agent {what}:\n{}", lines[lines.len().saturating_sub(8)..].join("\n")).into()
    }

    /// So far.
    pub(crate) fn cpu_seconds(&self) -> f64 {
        process::cpu_seconds(self.pid)
    }

    /// So far.
    pub(crate) fn peak_memory_mb(&self) -> f64 {
        process::peak_memory_mb(self.pid)
    }

    /// Asks first, as a service manager does.
    pub(crate) async fn stop(mut self) -> Result<()> {
        Command::new("kill").args(["-TERM", &self.pid.to_string()]).status().await?;
        if timeout(STOP, self.child.wait()).await.is_err() {
            self.child.kill().await?;
        }
        Ok(())
    }

    /// Does not ask.
    pub(crate) async fn kill(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }
}
