//! Serves unary calls.

mod call;
mod connection;
mod keepalive;

pub use keepalive::{KeepaliveEnforcement, ServerKeepalive};

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::UnaryService;
use crate::stream::Listener;

/// What a server allows.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// The largest message in bytes, before and after decompression. Default: 4 MiB.
    pub max_message: usize,
    /// Calls that a client may have open on a connection. Default: 1024.
    pub max_concurrent_streams: u32,
    /// Connections at once; more wait to be accepted. Default: 10,000.
    pub max_connections: usize,
    /// What a client may send on a stream ahead of being read, in bytes. Default: 1 MiB.
    pub stream_window: u32,
    /// What a client may send on a connection ahead of being read, in bytes. Default: 2 MiB.
    pub connection_window: u32,
    /// The largest frame that a client may send, in bytes. A message in one frame is passed on without a
    /// copy, a connection may hold a buffer of this size. Default: 128 KiB.
    pub max_frame: u32,
    /// The size of a request's headers, in bytes, as HTTP/2 counts. Default: 16 KiB.
    pub max_headers: u32,
    /// How long a new connection may take to say what it wants. Default: 10 seconds.
    pub handshake_timeout: Duration,
    /// How long a call may send nothing before its message is complete. Default: 30 seconds.
    pub body_timeout: Duration,
    /// How long calls may go on after the shutdown began. Default: 10 seconds.
    pub drain_timeout: Duration,
    /// How long connections live.
    pub keepalive: ServerKeepalive,
    /// How often clients may ping.
    pub enforcement: KeepaliveEnforcement,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            max_message: 4 << 20,
            max_concurrent_streams: 1024,
            max_connections: 10_000,
            stream_window: 1 << 20,
            connection_window: 2 << 20,
            max_frame: 128 << 10,
            max_headers: 16 << 10,
            handshake_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            drain_timeout: Duration::from_secs(10),
            keepalive: ServerKeepalive::default(),
            enforcement: KeepaliveEnforcement::default(),
        }
    }
}

/// Serves `service` on `listener` until `shutdown` is ready; then accepts no more, lets open calls finish
/// within [`ServerOptions::drain_timeout`], and returns.
///
/// Dropping the future closes all connections at once.
pub async fn serve<S: UnaryService>(
    listener: Listener,
    service: Arc<S>,
    options: ServerOptions,
    shutdown: impl Future<Output = ()>,
) {
    let options = Arc::new(options);
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
                    let (service, options) = (Arc::clone(&service), Arc::clone(&options));
                    let stopped = stopped.clone();
                    connections.spawn(async move {
                        if let Err(error) = connection::serve(stream, peer, service, options, stopped).await {
                            tracing::debug!(?peer, %error, "connection ended");
                        }
                    });
                }
                Err(error) => {
                    // Out of file descriptors, most likely: closing connections will help, trying at once not.
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
    drop(listener);
    stop.send_replace(true);
    let drained = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(options.drain_timeout, drained).await.is_err() {
        tracing::warn!(
            connections = connections.len(),
            "closing connections whose calls did not finish in time"
        );
    }
}
