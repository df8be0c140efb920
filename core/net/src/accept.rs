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

/// How long a client that is silent may keep a connection after a successor has taken over: it may be about to
/// send, and with HTTP/1 a request that meets a close is lost.
const LINGER: Duration = Duration::from_secs(5);

/// Where a server is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
enum Phase {
    Serving,
    /// A successor accepts connections on the same socket: nobody needs to hurry.
    HandedOver,
    Stopped,
}

/// Tells connections that the server stops.
#[derive(Clone, Debug)]
pub(crate) struct Stop(watch::Receiver<Phase>);

impl Stop {
    /// Waits for the server to stop, or to be succeeded.
    pub(crate) async fn stopped(mut self) {
        // The server being gone altogether is the end, too.
        self.0.wait_for(|phase| *phase >= Phase::HandedOver).await.ok();
    }

    /// Waits for the moment from which also those who were silent may be cut off.
    pub(crate) async fn stopped_for_all(mut self) {
        self.0.wait_for(|phase| *phase == Phase::Stopped).await.ok();
    }
}

/// Runs `serve` for each connection until `shutdown` is ready; then accepts no more, waits for the connections
/// to end within [`AcceptOptions::drain_timeout`], and closes the others. Where a successor listens on the same
/// socket, clients have time to notice.
pub(crate) async fn accept<F>(
    listener: Listener,
    options: AcceptOptions,
    shutdown: impl Future<Output = ()>,
    serve: impl Fn(Stream, Option<SocketAddr>, Stop) -> F + Clone + Send + 'static,
) where
    F: Future<Output = io::Result<()>> + Send,
{
    let (stop, stopped) = watch::channel(Phase::Serving);
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
    let sharers = Arc::clone(listener.sharers());
    drop(listener);
    let drain = async {
        let mut drained = pin!(async { while connections.join_next().await.is_some() {} });
        if !sharers.are_gone() {
            stop.send_replace(Phase::HandedOver);
            tokio::select! {
                () = &mut drained => return,
                () = sleep(LINGER) => {}
                () = sharers.gone() => {}
            }
        }
        stop.send_replace(Phase::Stopped);
        drained.await;
    };
    if timeout(options.drain_timeout, drain).await.is_err() {
        let open = connections.len();
        tracing::warn!(open, "closing connections whose requests did not finish in time");
    }
}
