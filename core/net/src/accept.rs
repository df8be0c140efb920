//! Accepting connections: how many, with TLS or without, and how it ends.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::stream::{Listener, Stream};
use crate::tls;

/// How connections are accepted.
#[derive(Clone, Debug)]
pub struct AcceptOptions {
    /// Connections at once; more wait to be accepted. Default: 10,000.
    pub max_connections: usize,
    /// How long a new connection may take to say what it wants. Default: 10 seconds.
    pub handshake_timeout: Duration,
    /// How long requests may go on after the shutdown began. Default: 10 seconds.
    pub drain_timeout: Duration,
    /// TLS, if it is spoken.
    pub tls: Option<Arc<ServerConfig>>,
}

impl Default for AcceptOptions {
    fn default() -> Self {
        Self {
            max_connections: 10_000,
            handshake_timeout: Duration::from_secs(10),
            drain_timeout: Duration::from_secs(10),
            tls: None,
        }
    }
}

/// Becomes true when the server stops.
#[derive(Clone, Debug)]
pub(crate) struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Waits for the server to stop.
    pub(crate) async fn stopped(mut self) {
        // The server being gone altogether is the end, too.
        self.0.wait_for(|stopped| *stopped).await.ok();
    }
}

/// Runs `serve` for each connection until `shutdown` is ready; then accepts no more, waits for the connections
/// to end within [`AcceptOptions::drain_timeout`], and closes the others.
pub(crate) async fn accept<F>(
    listener: Listener,
    options: AcceptOptions,
    shutdown: impl Future<Output = ()>,
    serve: impl Fn(Stream, Option<SocketAddr>, Stop) -> F + Clone + Send + 'static,
) where
    F: Future<Output = io::Result<()>> + Send,
{
    let (stop, stopped) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let full = connections.len() >= options.max_connections;
        tokio::select! {
            biased;
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if !full => match accepted {
                Ok((stream, peer)) => {
                    let (serve, stop) = (serve.clone(), Stop(stopped.clone()));
                    let (tls, patience) = (options.tls.clone(), options.handshake_timeout);
                    connections.spawn(async move {
                        let served = async move {
                            let stream = match tls {
                                None => stream,
                                Some(tls) => {
                                    let secured = timeout(patience, stream.accept_tls(tls)).await?;
                                    secured.map_err(|error| io::Error::new(error.kind(), tls::explain(&error)))?
                                }
                            };
                            serve(stream, peer, stop).await
                        };
                        if let Err(error) = served.await {
                            tracing::debug!(peer = peer.map(tracing::field::display), %error, "connection ended");
                        }
                    });
                }
                Err(error) => {
                    // Out of file descriptors, most likely: time will help, trying again at once not.
                    tracing::warn!(%error, "cannot accept a connection");
                    sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
    drop(listener);
    stop.send_replace(true);
    let drained = async { while connections.join_next().await.is_some() {} };
    if timeout(options.drain_timeout, drained).await.is_err() {
        let open = connections.len();
        tracing::warn!(open, "closing connections whose requests did not finish in time");
    }
}
