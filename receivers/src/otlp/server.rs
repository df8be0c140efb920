//! The listeners.

use super::{HttpConfig, Protocols, accept::Acceptor, grpc::GrpcService, http::Http};
use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tidewatch_component::{Intake, Receiver, StartError, async_trait};
use tidewatch_config::Mistake;
use tidewatch_net::{
    auth::ServerAuthenticator,
    config::GrpcServerConfig,
    grpc, http,
    stream::{Address, Listener},
};
use tidewatch_telemetry::Metrics;
use tokio::{sync::watch, task::JoinHandle, time::Instant};

/// The servers wait for their last answers as long as the receiver itself is allowed to, which is told when it
/// stops; hence no limit of their own.
const UNTIL_STOPPED: Duration = Duration::from_secs(24 * 60 * 60);

/// Both servers of one `otlp` receiver.
pub(super) struct OtlpReceiver {
    protocols: Protocols,
    grpc_auth: Option<Arc<dyn ServerAuthenticator>>,
    http_auth: Option<Arc<dyn ServerAuthenticator>>,
    metrics: Metrics,
    stop: watch::Sender<bool>,
    servers: Mutex<Vec<JoinHandle<()>>>,
}

type Server = Pin<Box<dyn Future<Output = ()> + Send>>;

impl OtlpReceiver {
    pub(super) fn new(
        protocols: Protocols,
        grpc_auth: Option<Arc<dyn ServerAuthenticator>>,
        http_auth: Option<Arc<dyn ServerAuthenticator>>,
        metrics: Metrics,
    ) -> Self {
        let stop = watch::Sender::new(false);
        Self { protocols, grpc_auth, http_auth, metrics, stop, servers: Mutex::default() }
    }

    async fn grpc(&self, config: &GrpcServerConfig, intake: &Intake) -> Result<Server, StartError> {
        let mut options = config.options()?;
        options.accept.drain_timeout = UNTIL_STOPPED;
        options.authenticator.clone_from(&self.grpc_auth);
        let listener = bind(&config.address(), intake).await?;
        let acceptor = Acceptor::new(intake, "grpc", config.include_metadata, &self.metrics);
        let service = Arc::new(GrpcService { acceptor });
        Ok(Box::pin(grpc::serve(listener, service, options, self.stopped())))
    }

    async fn http(&self, config: &HttpConfig, intake: &Intake) -> Result<Server, StartError> {
        let mut options = config.server.options()?;
        options.accept.drain_timeout = UNTIL_STOPPED;
        options.authenticator.clone_from(&self.http_auth);
        let listener = bind(&config.server.address(), intake).await?;
        let paths = config.paths().to_vec();
        let acceptor = Acceptor::new(intake, "http", config.server.include_metadata, &self.metrics);
        Ok(Box::pin(http::serve(listener, Arc::new(Http { acceptor, paths }), options, self.stopped())))
    }

    fn stopped(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut stop = self.stop.subscribe();
        async move {
            // The receiver being gone is the end, too.
            stop.wait_for(|stop| *stop).await.ok();
        }
    }
}

#[async_trait]
impl Receiver for OtlpReceiver {
    async fn start(&self, intake: Intake) -> Result<(), StartError> {
        // Both are bound before either serves: a receiver is there or it is not.
        let mut servers = Vec::new();
        if let Some(config) = &self.protocols.grpc {
            servers.push(self.grpc(config, &intake).await?);
        }
        if let Some(config) = &self.protocols.http {
            servers.push(self.http(config, &intake).await?);
        }
        let tasks = servers.into_iter().map(tokio::spawn);
        self.servers.lock().unwrap_or_else(PoisonError::into_inner).extend(tasks);
        Ok(())
    }

    async fn stop(&self, deadline: Instant) {
        self.stop.send_replace(true);
        let servers = std::mem::take(&mut *self.servers.lock().unwrap_or_else(PoisonError::into_inner));
        for mut server in servers {
            if tokio::time::timeout_at(deadline, &mut server).await.is_err() {
                server.abort();
            }
        }
    }

    fn overlaps(&self) -> bool {
        true
    }
}

async fn bind(address: &Result<Address, Mistake>, intake: &Intake) -> Result<Listener, StartError> {
    let address = address.as_ref().map_err(|mistake| StartError(mistake.message.clone()))?;
    let listener = intake.sockets().bind(address).await.map_err(|error| StartError(error.to_string()))?;
    if let Some(bound) = listener.local_addr() {
        tracing::info!(receiver = intake.receiver(), address = %bound, "listening");
    }
    Ok(listener)
}
