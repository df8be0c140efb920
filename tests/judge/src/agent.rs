//! The binary under judgement: started with a configuration in a folder of its own, watched, stopped.

use crate::{
    Error, Result, ports,
    process::{self, Memory},
    wire::HttpClient,
};
use std::{
    fs::File,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// A running agent. Dropping it kills it.
pub struct Agent {
    child: Child,
    pid: u32,
    folder: TempDir,
    metrics: SocketAddr,
    client: HttpClient,
}

/// How an agent ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit status.
    pub status: ExitStatus,
    /// From the signal to the end.
    pub took: Duration,
    /// What it wrote.
    pub log: String,
}

const READY_WITHIN: Duration = Duration::from_secs(20);
const LOG: &str = "agent.log";

impl Agent {
    /// Starts `binary` with `config`, to which metrics and health check are added, and waits until it is
    /// ready. It runs in a new folder: relative paths in the configuration are below
    /// [`Agent::folder`].
    ///
    /// # Errors
    /// When it does not become ready, with what it wrote.
    pub async fn start(binary: &Path, config: &str) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("tidewatch-judge-").tempdir()?;
        let (metrics, health) = (ports::free(), ports::free());
        std::fs::write(folder.path().join("scenario.yaml"), config)?;
        std::fs::write(folder.path().join("watch.yaml"), watch(metrics, health))?;
        let log = File::create(folder.path().join(LOG))?;
        let child = Command::new(binary)
            .args(["--config", "scenario.yaml", "--config", "watch.yaml"])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{}: {error}", binary.display()))?;
        let pid = child.id().ok_or("the agent ended at once")?;
        let mut agent = Self { child, pid, folder, metrics, client: HttpClient::http1() };
        agent.ready(health).await?;
        Ok(agent)
    }

    async fn ready(&mut self, health: SocketAddr) -> Result<()> {
        let started = Instant::now();
        let mut last: Error = "it was not asked".into();
        while started.elapsed() < READY_WITHIN {
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("the agent ended ({status}) before it was ready:\n{}", self.log()).into());
            }
            match self.client.get(health, "/").await {
                Ok(_) => return Ok(()),
                Err(error) => last = error,
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err(format!("the agent is not ready after {READY_WITHIN:?} ({last}):\n{}", self.log()).into())
    }

    /// Its `/metrics`.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn metrics(&self) -> Result<String> {
        self.client.get(self.metrics, "/metrics").await
    }

    /// Its memory.
    ///
    /// # Errors
    /// When it is gone.
    pub fn memory(&self) -> Result<Memory> {
        process::memory(self.pid)
    }

    /// The folder it runs in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What it wrote so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join(LOG)).unwrap_or_default()
    }

    /// Asks it to end (SIGTERM) and waits.
    ///
    /// # Errors
    /// When it has not ended within `limit`.
    pub async fn terminate(&mut self, limit: Duration) -> Result<Ended> {
        let asked = Instant::now();
        process::terminate(self.pid)?;
        let status = tokio::time::timeout(limit, self.child.wait()).await;
        let status = status.map_err(|_| format!("the agent runs on {limit:?} after SIGTERM"))??;
        Ok(Ended { status, took: asked.elapsed(), log: self.log() })
    }

    /// Keeps its folder, for whoever wants to know what went wrong.
    pub fn keep(self) -> PathBuf {
        self.folder.keep()
    }
}

fn watch(metrics: SocketAddr, health: SocketAddr) -> String {
    format!(
        "extensions:\n  health_check: {{endpoint: '{health}'}}\n\
         service:\n  extensions: [health_check]\n  telemetry: {{metrics: {{address: '{metrics}'}}}}\n"
    )
}
