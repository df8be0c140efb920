//! Accepting connections: how many, with TLS or without, and how it ends.

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::estate::{Current, Estate, Shared};
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
pub(crate) enum Phase {
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
/// socket, it goes on with those that may; the clients of the others have time to notice.
pub(crate) async fn accept<T: Shared, F>(
    listener: Listener,
    options: AcceptOptions,
    shared: Arc<T>,
    shutdown: impl Future<Output = ()>,
    serve: impl Fn(Stream, Option<SocketAddr>, Current<T>, Stop) -> F + Clone + Send + 'static,
) where
    F: Future<Output = io::Result<()>> + Send,
{
    let sharers = Arc::clone(listener.sharers());
    let mut inheritance = sharers.heir.announce(shared.clone());
    // The first are its own.
    let mut estates = vec![Estate::new(shared.clone())];
    let mut shutdown = pin!(shutdown);
    loop {
        let open: usize = estates.iter().map(|estate| estate.connections.len()).sum();
        tokio::select! {
            biased;
            () = &mut shutdown => break,
            () = one_ended(&mut estates) => {}
            estate = inheritance.next(&shared) => {
                let mut first = true;
                estates.retain(|known| std::mem::take(&mut first) || !known.connections.is_empty());
                estates.push(estate);
            }
            accepted = listener.accept(), if open < options.max_connections => match accepted {
                Ok((stream, peer)) => {
                    let own = &mut estates[0];
                    let (serve, stop, current) = (serve.clone(), Stop(own.phase.subscribe()), own.current());
                    let (tls, patience) = (options.tls.clone(), options.handshake_timeout);
                    own.connections.spawn(async move {
                        let served = async move {
                            let stream = match tls {
                                None => stream,
                                Some(tls) => {
                                    let secured = timeout(patience, stream.accept_tls(tls)).await?;
                                    secured.map_err(|error| io::Error::new(error.kind(), tls::explain(&error)))?
                                }
                            };
                            serve(stream, peer, current, stop).await
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
    estates.extend(inheritance.close());
    if !sharers.are_gone() {
        estates = sharers.heir.bequeath(&shared, estates);
    }
    let phases: Vec<_> = estates.iter().map(|estate| estate.phase.clone()).collect();
    let enter = |phase| {
        for sender in &phases {
            sender.send_replace(phase);
        }
    };
    let drain = async {
        let mut drained = pin!(all_ended(&mut estates));
        if !sharers.are_gone() {
            enter(Phase::HandedOver);
            tokio::select! {
                () = &mut drained => return,
                () = sleep(LINGER) => {}
                () = sharers.gone() => {}
            }
        }
        enter(Phase::Stopped);
        drained.await;
    };
    if timeout(options.drain_timeout, drain).await.is_err() {
        let open: usize = estates.iter().map(|estate| estate.connections.len()).sum();
        tracing::warn!(open, "closing connections whose requests did not finish in time");
    }
}

/// Resolves when a connection has ended.
async fn one_ended<T: Shared>(estates: &mut [Estate<T>]) {
    poll_fn(|cx| match estates.iter_mut().any(|estate| estate.poll_ended(cx).is_ready()) {
        true => Poll::Ready(()),
        false => Poll::Pending,
    })
    .await;
}

/// Resolves when all connections have ended.
async fn all_ended<T: Shared>(estates: &mut [Estate<T>]) {
    while estates.iter().any(|estate| !estate.connections.is_empty()) {
        one_ended(estates).await;
    }
}
