//! Agents that live one after another in the same folder, with the same ports and the same storage.

use crate::{
    Result,
    agent::{Agent, Ended, Home, Kind},
    books::Books,
    numbers::Numbers,
    setup::{EXTENSIONS, STORE, Setup},
    sink::Record,
    trial::Trial,
    verdict::Verdict,
};
use rustix::process::Signal;
use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

/// The lives of one agent after another. Dropping it kills the last.
pub struct Lifetimes {
    trial: Trial,
    home: Arc<Home>,
    /// What the next one is started with.
    pub config: String,
    records: Vec<Arc<Record>>,
    agent: Option<Agent>,
    /// How many were started.
    pub started: u64,
    /// How long a sink may get nothing new before what is missing is believed to be lost.
    pub still: Duration,
}

const STILL: Duration = Duration::from_secs(20);
/// The same with a Collector's default pauses between retries.
const STILL_BY_DEFAULT: Duration = Duration::from_secs(60);

impl Lifetimes {
    /// None is started yet. The records are told when one is killed.
    ///
    /// # Errors
    /// When no folder can be made.
    pub fn new(trial: &Trial, setup: &Setup, records: &[&Arc<Record>]) -> Result<Self> {
        Self::with_config(trial, setup.config(trial.kind), records)
    }

    /// The same for a configuration that is written already, with an extension `file_storage`.
    ///
    /// # Errors
    /// When no folder can be made.
    pub fn with_config(trial: &Trial, config: String, records: &[&Arc<Record>]) -> Result<Self> {
        Self::at_home(trial, Home::new()?, config, records)
    }

    /// The same in a folder of its own kind.
    ///
    /// # Errors
    /// When the storage cannot be made.
    pub fn at_home(trial: &Trial, mut home: Home, config: String, records: &[&Arc<Record>]) -> Result<Self> {
        home.extensions = EXTENSIONS;
        std::fs::create_dir_all(home.path().join(STORE))?;
        let records = records.iter().map(|record| (*record).clone()).collect();
        let by_default = matches!(trial.kind, Kind::Collector { defaults: true, .. });
        let still = if by_default { STILL_BY_DEFAULT } else { STILL };
        Ok(Self {
            trial: trial.clone(),
            home: Arc::new(home),
            config,
            records,
            agent: None,
            started: 0,
            still,
        })
    }

    /// Starts the next one and waits until it is ready.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn start(&mut self) -> Result<()> {
        self.spawn()?;
        self.ready().await
    }

    /// Starts the next one and does not wait.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn spawn(&mut self) -> Result<()> {
        self.records.iter().for_each(|record| record.times.succeeded());
        self.agent = Some(Agent::spawn(&self.trial.binary, self.trial.kind, &self.config, &self.home)?);
        self.started += 1;
        Ok(())
    }

    /// Waits until the one that was started is ready.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn ready(&mut self) -> Result<()> {
        self.agent.as_mut().ok_or("none was started")?.ready().await
    }

    /// Kills the one that runs (SIGKILL).
    ///
    /// # Errors
    /// When the system does not let it.
    pub async fn kill(&mut self) -> Result<()> {
        self.records.iter().for_each(|record| record.times.killed());
        match self.agent.take() {
            Some(mut agent) => agent.kill().await,
            None => Ok(()),
        }
    }

    /// Asks the one that runs to end, and after `patience` once more, which ends it at once.
    ///
    /// # Errors
    /// When it has not ended within `limit`.
    pub async fn terminate(&mut self, patience: Option<Duration>, limit: Duration) -> Result<Ended> {
        let mut agent = self.agent.take().ok_or("none runs")?;
        let Some(patience) = patience else { return agent.terminate(limit).await };
        let asked = Instant::now();
        agent.signal(Signal::TERM)?;
        if let Ok(ended) = agent.ended(asked, patience).await {
            return Ok(ended);
        }
        self.records.iter().for_each(|record| record.times.killed());
        agent.signal(Signal::TERM)?;
        agent.ended(asked, limit).await
    }

    /// The one that runs.
    ///
    /// # Errors
    /// When none does.
    pub fn agent(&mut self) -> Result<&mut Agent> {
        self.agent.as_mut().ok_or_else(|| "no agent runs".into())
    }

    /// Where they live.
    pub fn home(&self) -> &Arc<Home> {
        &self.home
    }

    /// Where they keep what must not be lost.
    pub fn store(&self) -> PathBuf {
        self.home.path().join(STORE)
    }

    /// The books of the one that runs, at rest, and whether they are exact.
    ///
    /// # Errors
    /// When it does not answer. A kind of agent that keeps none is not asked.
    pub async fn judge_books(&self, verdict: &mut Verdict, may_hold: &[&str]) -> Result<Option<Books>> {
        match &self.agent {
            Some(agent) if self.trial.kind.keeps_books() => {
                let books = Books::at_rest(agent, may_hold).await?;
                verdict.books_exact(&books, may_hold);
                Ok(Some(books))
            }
            _ => Ok(None),
        }
    }

    /// Waits until all these have been accepted, or nothing has for so long that the rest is lost.
    pub async fn arrived(&self, expected: &Numbers, record: &Record) {
        let (mut seen, mut since) = (record.accepted.len(), Instant::now());
        while since.elapsed() < self.still && expected.iter().any(|number| !record.accepted.contains(number))
        {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let now = record.accepted.len();
            if now > seen {
                (seen, since) = (now, Instant::now());
            }
        }
    }

    /// Closes a scenario: where a promise is broken, the folder is kept and named.
    pub fn close(mut self, mut verdict: Verdict) -> Verdict {
        // Before the folder goes.
        self.agent = None;
        if !verdict.is_good() {
            verdict.fact("configuration, log and storage of the agent", self.home.keep().display());
        }
        verdict
    }
}
