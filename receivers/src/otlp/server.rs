//! The listeners.

use super::{HttpConfig, Protocols, accept::Acceptor, grpc::GrpcService, http::Http};
use crate::server::{Servers, UNTIL_STOPPED, bind};
use std::{future::Future, pin::Pin, sync::Arc};
use tidewatch_component::{Intake, Receiver, StartError, async_trait};
use tidewatch_net::{auth::ServerAuthenticator, config::GrpcServerConfig, grpc, http};
use tidewatch_telemetry::Metrics;
use tokio::time::Instant;

/// Both servers of one `otlp` receiver.
pub(super) struct OtlpReceiver {
    protocols: Protocols,
    grpc_auth: Option<Arc<dyn ServerAuthenticator>>,
    http_auth: Option<Arc<dyn ServerAuthenticator>>,
    metrics: Metrics,
    servers: Servers,
}

type Server = Pin<Box<dyn Future<Output = ()> + Send>>;

impl OtlpReceiver {
    pub(super) fn new(
        protocols: Protocols,
        grpc_auth: Option<Arc<dyn ServerAuthenticator>>,
        http_auth: Option<Arc<dyn ServerAuthenticator>>,
        metrics: Metrics,
    ) -> Self {
        Self { protocols, grpc_auth, http_auth, metrics, servers: Servers::default() }
    }

    async fn grpc(&self, config: &GrpcServerConfig, intake: &Intake) -> Result<Server, StartError> {
        let mut options = config.options()?;
        options.accept.drain_timeout = UNTIL_STOPPED;
        options.authenticator.clone_from(&self.grpc_auth);
        let listener = bind(&config.address(), intake).await?;
        let acceptor = Acceptor::new(intake, "grpc", config.include_metadata, &self.metrics);
        let service = Arc::new(GrpcService { acceptor });
        Ok(Box::pin(grpc::serve(listener, service, options, self.servers.stopped())))
    }

    async fn http(&self, config: &HttpConfig, intake: &Intake) -> Result<Server, StartError> {
        let mut options = config.server.options()?;
        options.accept.drain_timeout = UNTIL_STOPPED;
        options.authenticator.clone_from(&self.http_auth);
        let listener = bind(&config.server.address(), intake).await?;
        let paths = config.paths().to_vec();
        let acceptor = Acceptor::new(intake, "http", config.server.include_metadata, &self.metrics);
        Ok(Box::pin(http::serve(
            listener,
            Arc::new(Http { acceptor, paths }),
            options,
            self.servers.stopped(),
        )))
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
        servers.into_iter().for_each(|server| self.servers.spawn(server));
        Ok(())
    }

    async fn stop(&self, deadline: Instant) {
        self.servers.stop(deadline).await;
    }

    fn overlaps(&self) -> bool {
        true
    }
}
