//! The listener.

use super::{
    config::Config,
    ingest::Ingest,
    root::Root,
    service::{Files, Service},
    submit::Acceptor,
};
use crate::server::{Servers, UNTIL_STOPPED, bind};
use std::sync::{Arc, Mutex, PoisonError};
use tidewatch_component::{Intake, Receiver, StartError, async_trait};
use tidewatch_net::{auth::ServerAuthenticator, http::serve};
use tidewatch_telemetry::Metrics;
use tokio::{sync::Semaphore, task::JoinSet, time::Instant};

/// The server of one `http_json` receiver.
pub(super) struct HttpJsonReceiver {
    config: Config,
    authenticator: Option<Arc<dyn ServerAuthenticator>>,
    metrics: Metrics,
    servers: Arc<Servers>,
    /// Files that are being read.
    tasks: Arc<Mutex<JoinSet<()>>>,
}

impl HttpJsonReceiver {
    pub(super) fn new(
        config: Config,
        authenticator: Option<Arc<dyn ServerAuthenticator>>,
        metrics: Metrics,
    ) -> Self {
        Self { config, authenticator, metrics, servers: Arc::default(), tasks: Arc::default() }
    }

    fn files(&self, acceptor: &Arc<Acceptor>) -> Result<Option<Files>, StartError> {
        let Some(config) = &self.config.files else { return Ok(None) };
        let root = Root(config.root.clone());
        root.check().map_err(|error| StartError(format!("`files.root`, {}: {error}", root.0.display())))?;
        let ingest = Ingest {
            root,
            max_record_size: config.max_record_size.as_usize(),
            patience: self.config.acknowledge.acknowledge_timeout.into(),
            acceptor: acceptor.clone(),
        };
        let servers = self.servers.clone();
        Ok(Some(Files {
            ingest: Arc::new(ingest),
            triggered: config.trigger.as_ref().map(|trigger| trigger.file.clone()),
            tasks: self.tasks.clone(),
            stopped: Box::new(move || Box::pin(servers.stopped())),
        }))
    }
}

#[async_trait]
impl Receiver for HttpJsonReceiver {
    async fn start(&self, intake: Intake) -> Result<(), StartError> {
        let config = &self.config;
        let mut options = config.server.options()?;
        options.accept.drain_timeout = UNTIL_STOPPED;
        options.authenticator.clone_from(&self.authenticator);
        let acceptor = Arc::new(Acceptor::new(&intake, config.server.include_metadata, &self.metrics));
        let service = Service {
            routes: config.routes().into_iter().map(|(_, path, route)| (path, route)).collect(),
            max_records: config.records.max_records,
            files: self.files(&acceptor)?,
            acceptor,
            places: Arc::new(Semaphore::new(config.max_concurrent_requests.min(Semaphore::MAX_PERMITS))),
        };
        let listener = bind(&config.server.address(), &intake).await?;
        self.servers.spawn(serve(listener, Arc::new(service), options, self.servers.stopped()));
        Ok(())
    }

    async fn stop(&self, deadline: Instant) {
        self.servers.stop(deadline).await;
        let mut tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        let ended = async { while tasks.join_next().await.is_some() {} };
        // Those that are left are cut off.
        tokio::time::timeout_at(deadline, ended).await.ok();
    }

    fn overlaps(&self) -> bool {
        true
    }
}
