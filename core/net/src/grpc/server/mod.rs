//! Serves unary calls.

mod call;
mod connection;
mod keepalive;

pub use keepalive::{KeepaliveEnforcement, ServerKeepalive};

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use self::call::Caller;
use super::UnaryService;
use crate::accept::{AcceptOptions, accept};
use crate::auth::ServerAuthenticator;
use crate::estate::Shared;
use crate::receiving::Receiving;
use crate::stream::Listener;

/// What a server allows.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// How connections are accepted.
    pub accept: AcceptOptions,
    /// The largest message in bytes, before and after decompression. Default: 20 MiB.
    pub max_message: usize,
    /// What may be held of messages that are not complete yet, in bytes, all connections together. One that comes
    /// in one frame needs none of it. Default: 256 MiB.
    pub max_receiving: usize,
    /// Calls that a client may have open on a connection. Default: 1024.
    pub max_concurrent_streams: u32,
    /// What a client may send on a stream ahead of being read, in bytes. Default: 1 MiB.
    pub stream_window: u32,
    /// What a client may send on a connection ahead of being read, in bytes. Default: 2 MiB.
    pub connection_window: u32,
    /// The largest frame that a client may send, in bytes. A message in one frame is passed on without a
    /// copy, a connection may hold a buffer of this size. Default: 128 KiB.
    pub max_frame: u32,
    /// The size of a request's headers, in bytes, as HTTP/2 counts. Default: 16 KiB.
    pub max_headers: u32,
    /// How long a call may send nothing before its message is complete. Default: 30 seconds.
    pub body_timeout: Duration,
    /// How long connections live.
    pub keepalive: ServerKeepalive,
    /// How often clients may ping.
    pub enforcement: KeepaliveEnforcement,
    /// Who lets calls in, before their messages are read. Default: everybody is let in.
    pub authenticator: Option<Arc<dyn ServerAuthenticator>>,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            accept: AcceptOptions::default(),
            max_message: 20 << 20,
            max_receiving: 256 << 20,
            max_concurrent_streams: 1024,
            stream_window: 1 << 20,
            connection_window: 2 << 20,
            max_frame: 128 << 10,
            max_headers: 16 << 10,
            body_timeout: Duration::from_secs(30),
            keepalive: ServerKeepalive::default(),
            enforcement: KeepaliveEnforcement::default(),
            authenticator: None,
        }
    }
}

/// Serves `service` on `listener` until `shutdown` is ready; then accepts no more, lets open calls finish
/// within [`AcceptOptions::drain_timeout`], and returns.
///
/// Dropping the future closes all connections at once.
pub async fn serve<S: UnaryService>(
    listener: Listener,
    service: Arc<S>,
    options: ServerOptions,
    shutdown: impl Future<Output = ()>,
) {
    let accepting = options.accept.clone();
    let receiving = Receiving::new(options.max_receiving);
    let caller = Arc::new(Caller { service, options, receiving });
    accept(listener, accepting, caller, shutdown, connection::serve).await;
}

impl<S: UnaryService> Shared for Caller<S> {
    fn may_go_on_with(&self, successor: &Self) -> bool {
        // Who was let in by another certificate shows it anew.
        let plain = |options: &ServerOptions| options.accept.tls.is_none();
        let settled = |options: &ServerOptions| {
            let windows = (options.stream_window, options.connection_window);
            (windows, options.max_concurrent_streams, options.max_frame, options.max_headers)
        };
        let (own, other) = (&self.options, &successor.options);
        plain(own)
            && plain(other)
            && settled(own) == settled(other)
            && own.keepalive == other.keepalive
            && own.enforcement == other.enforcement
    }
}
