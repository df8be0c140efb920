//! A sink for OTLP logs over gRPC and HTTP, on one port, that behaves as its script says and records
//! every number it accepted.

mod answer;
mod connection;
mod record;
mod repeats;
mod script;

pub use record::Record;
pub use repeats::{Interruption, Repeat, Times};
pub use script::{Answer, Arrival, Script, kind, poisoned_by, slow, statuses, unkind};

use crate::{Result, ports};
use connection::Connection;
use std::{net::SocketAddr, sync::Arc};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

/// A sink. Dropping it closes it.
pub struct Sink {
    /// Where it listens.
    pub address: SocketAddr,
    /// What it saw.
    pub record: Arc<Record>,
    script: Script,
    open: watch::Sender<bool>,
    listening: Option<JoinHandle<()>>,
}

impl Sink {
    /// A sink that is still closed.
    pub fn closed(record: Record, script: Script) -> Self {
        let (open, _) = watch::channel(false);
        Self { address: ports::free(), record: Arc::new(record), script, open, listening: None }
    }

    /// A sink that listens.
    ///
    /// # Errors
    /// When its port is taken.
    pub async fn start(record: Record, script: Script) -> Result<Self> {
        let mut sink = Self::closed(record, script);
        sink.up().await?;
        Ok(sink)
    }

    /// Starts to listen.
    ///
    /// # Errors
    /// When its port is taken.
    pub async fn up(&mut self) -> Result<()> {
        let listener = TcpListener::bind(self.address).await?;
        self.open.send_replace(true);
        let (record, script, open) = (self.record.clone(), self.script.clone(), self.open.subscribe());
        self.listening = Some(tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(Connection::new(record.clone(), script.clone()).serve(stream, open.clone()));
            }
        }));
        Ok(())
    }

    /// Closes the port and every connection, without a word.
    pub async fn down(&mut self) {
        self.open.send_replace(false);
        if let Some(listening) = self.listening.take() {
            listening.abort();
            // The port is free only once the task is gone; that it was aborted is no news.
            listening.await.ok();
        }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.open.send_replace(false);
        if let Some(listening) = self.listening.take() {
            listening.abort();
        }
    }
}
