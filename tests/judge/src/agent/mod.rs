//! The binary under judgement: started with a configuration in a folder, watched, stopped.

mod home;
mod kind;

pub use home::Home;
pub use kind::Kind;

use crate::{
    Error, Result,
    process::{self, Memory},
    wire::HttpClient,
};
use rustix::process::Signal;
use std::{
    fs::File,
    net::SocketAddr,
    path::Path,
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::process::{Child, Command};

/// A running agent. Dropping it kills it.
pub struct Agent {
    child: Child,
    pid: u32,
    home: Arc<Home>,
    client: HttpClient,
}

/// How an agent ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit status.
    pub status: ExitStatus,
    /// From the signal to the end.
    pub took: Duration,
    /// What it and those before it wrote.
    pub log: String,
}

const READY_WITHIN: Duration = Duration::from_secs(20);
const LOG: &str = "agent.log";
/// Bytes of a log that an error shows.
const LAST_WORDS: usize = 2000;

impl Agent {
    /// Starts `binary` with `config`, to which metrics and health check are added, in a new folder, and waits
    /// until it is ready.
    ///
    /// # Errors
    /// When it does not become ready, with what it wrote.
    pub async fn start(binary: &Path, config: &str) -> Result<Self> {
        let mut agent = Self::spawn(binary, Kind::Tidewatch, config, &Arc::new(Home::new()?))?;
        agent.ready().await?;
        Ok(agent)
    }

    /// Starts `binary` in this folder, and does not wait.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn spawn(binary: &Path, kind: Kind, config: &str, home: &Arc<Home>) -> Result<Self> {
        let folder = home.path();
        std::fs::write(folder.join("scenario.yaml"), config)?;
        std::fs::write(folder.join("watch.yaml"), kind.watch(home))?;
        let log = File::options().create(true).append(true).open(folder.join(LOG))?;
        let mut words = home.wrapper.iter().map(AsRef::as_ref).chain([binary.as_os_str()]);
        let child = Command::new(words.next().ok_or("nothing to start")?)
            .args(words)
            .args(["--config", "scenario.yaml", "--config", "watch.yaml"])
            .envs(home.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{}: {error}", binary.display()))?;
        let pid = child.id().ok_or("the agent ended at once")?;
        Ok(Self { child, pid, home: home.clone(), client: HttpClient::http1() })
    }

    /// Waits until it is ready.
    ///
    /// # Errors
    /// When it is not in time, or ends before, with what it wrote.
    pub async fn ready(&mut self) -> Result<()> {
        let started = Instant::now();
        let mut last: Error = "it was not asked".into();
        while started.elapsed() < READY_WITHIN {
            if let Some(status) = self.child.try_wait()? {
                return Err(format!(
                    "the agent ended ({status}) before it was ready:\n{}",
                    self.last_words()
                )
                .into());
            }
            match self.client.get(self.home.health, "/").await {
                Ok(_) => return Ok(()),
                Err(error) => last = error,
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err(format!("the agent is not ready after {READY_WITHIN:?} ({last}):\n{}", self.last_words()).into())
    }

    /// Its `/metrics`.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn metrics(&self) -> Result<String> {
        self.client.get(self.home.metrics, "/metrics").await
    }

    /// Its memory.
    ///
    /// # Errors
    /// When it is gone.
    pub fn memory(&self) -> Result<Memory> {
        process::memory(self.pid)
    }

    /// Where it runs.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// The folder it runs in.
    pub fn folder(&self) -> &Path {
        self.home.path()
    }

    /// What it and those before it in this folder wrote so far.
    pub fn log(&self) -> String {
        let bytes = std::fs::read(self.home.path().join(LOG)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The end of what it wrote.
    pub fn last_words(&self) -> String {
        let log = self.log();
        let start = log.len().saturating_sub(LAST_WORDS);
        log.get(log.ceil_char_boundary(start)..).unwrap_or_default().to_owned()
    }

    /// Whether it runs still.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn is_running(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// Sends it a signal.
    ///
    /// # Errors
    /// When it is gone.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        process::signal(self.pid, signal)
    }

    /// Kills it (SIGKILL) and waits until it is gone.
    ///
    /// # Errors
    /// When the system does not let it.
    pub async fn kill(&mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }

    /// Asks it to end (SIGTERM) and waits.
    ///
    /// # Errors
    /// When it has not ended within `limit`.
    pub async fn terminate(&mut self, limit: Duration) -> Result<Ended> {
        let asked = Instant::now();
        self.signal(Signal::TERM)?;
        self.ended(asked, limit).await
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When it has not ended within `limit`.
    pub async fn ended(&mut self, since: Instant, limit: Duration) -> Result<Ended> {
        let status = tokio::time::timeout(limit, self.child.wait()).await;
        let status = status.map_err(|_| format!("the agent has not ended within {limit:?}"))??;
        Ok(Ended { status, took: since.elapsed(), log: self.log() })
    }

    /// Reads a page of its own, such as `/-/config` of its admin API.
    ///
    /// # Errors
    /// When there is no such page.
    pub async fn get(&self, address: SocketAddr, path: &str) -> Result<String> {
        self.client.get(address, path).await
    }

    /// Posts to a page of its own, such as its admin API.
    ///
    /// # Errors
    /// When no whole answer comes.
    pub async fn post(&self, address: SocketAddr, path: &str) -> Result<crate::wire::Reply> {
        self.client
            .send(http::Request::post(format!("http://{address}{path}")).body(Default::default())?)
            .await
    }
}
