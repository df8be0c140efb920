//! A connection that is made when needed and made again when lost.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use h2::client::SendRequest;
use rustls::pki_types::ServerName;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use super::{ChannelOptions, ClientKeepalive};
use crate::grpc::activity::{Activity, Liveness, Watched};
use crate::grpc::{Code, Status};
use crate::stream::{Address, Stream};
use crate::tls;

type H2Connection = h2::client::Connection<Watched<Stream>, Bytes>;

/// One connection of a channel, or the place of one.
pub(super) struct Connection {
    address: Address,
    name: ServerName<'static>,
    options: Arc<ChannelOptions>,
    state: Mutex<State>,
    in_flight: Arc<AtomicUsize>,
}

struct State {
    phase: Phase,
    /// Attempts to connect that failed since the last that did not.
    failures: u32,
    /// Counts the connections, so that a late word about an old one does not end a new one.
    id: u64,
}

enum Phase {
    Idle,
    Connecting(watch::Receiver<Option<Result<Live, Status>>>),
    Live(Live),
    Down { until: Instant, status: Status },
}

/// A connection that takes requests.
#[derive(Clone)]
pub(super) struct Live {
    pub(super) sender: SendRequest<Bytes>,
    pub(super) id: u64,
}

/// Counts a call while it lives.
pub(super) struct InFlight(Arc<AtomicUsize>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Connection {
    pub(super) fn new(address: Address, name: ServerName<'static>, options: Arc<ChannelOptions>) -> Self {
        let state = Mutex::new(State { phase: Phase::Idle, failures: 0, id: 0 });
        Self { address, name, options, state, in_flight: Arc::default() }
    }

    /// A live connection. With [`ChannelOptions::wait_for_ready`] this takes as long as it takes.
    pub(super) async fn ready(self: &Arc<Self>) -> Result<Live, Status> {
        loop {
            let status = match self.try_ready().await {
                Ok(live) => return Ok(live),
                Err(status) => status,
            };
            if !self.options.wait_for_ready {
                return Err(status);
            }
            let until = match &self.state.lock().unwrap_or_else(PoisonError::into_inner).phase {
                Phase::Down { until, .. } => *until,
                _ => continue,
            };
            sleep_until(until).await;
        }
    }

    /// A live connection, or why there is none. All who ask while it is being made wait for the same attempt,
    /// and that goes on if they give up.
    async fn try_ready(self: &Arc<Self>) -> Result<Live, Status> {
        let mut connecting = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            match &state.phase {
                Phase::Live(live) => return Ok(live.clone()),
                Phase::Down { until, status } if Instant::now() < *until => return Err(status.clone()),
                Phase::Connecting(connecting) => connecting.clone(),
                Phase::Idle | Phase::Down { .. } => self.start(&mut state),
            }
        };
        let result = connecting.wait_for(Option::is_some).await.ok().and_then(|result| result.clone());
        result.unwrap_or_else(|| Err(Status::new(Code::Unavailable, "connecting was given up")))
    }

    /// Counts a call until the result is dropped.
    pub(super) fn in_flight(&self) -> InFlight {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(Arc::clone(&self.in_flight))
    }

    /// Takes no more calls on the connection of this number.
    pub(super) fn forget(&self, id: u64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(&state.phase, Phase::Live(live) if live.id == id) {
            state.phase = Phase::Idle;
        }
    }

    fn start(self: &Arc<Self>, state: &mut State) -> watch::Receiver<Option<Result<Live, Status>>> {
        let (sender, receiver) = watch::channel(None);
        state.phase = Phase::Connecting(receiver.clone());
        state.id += 1;
        let id = state.id;
        // A channel that is dropped leaves its connection to end with the last call on it.
        let this = Arc::downgrade(self);
        let (address, name) = (self.address.clone(), self.name.clone());
        let options = Arc::clone(&self.options);
        let in_flight = Arc::clone(&self.in_flight);
        tokio::spawn(async move {
            let (result, connection) = match connect(&address, name, &options).await {
                Ok((sender, connection, activity)) => (Ok(Live { sender, id }), Some((connection, activity))),
                Err(status) => (Err(status), None),
            };
            if let Some(this) = this.upgrade() {
                this.settle(&result);
            }
            sender.send_replace(Some(result));
            drop(sender);
            let Some((connection, activity)) = connection else { return };
            drive(connection, activity, options.keepalive.as_ref(), &in_flight).await;
            if let Some(this) = this.upgrade() {
                this.forget(id);
            }
        });
        receiver
    }

    fn settle(&self, result: &Result<Live, Status>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.phase = match result {
            Ok(live) => {
                state.failures = 0;
                Phase::Live(live.clone())
            }
            Err(status) => {
                let until = Instant::now() + backoff(&self.options, state.failures);
                state.failures += 1;
                Phase::Down { until, status: status.clone() }
            }
        };
    }
}

/// Half as long again after each failure, give or take a fifth.
fn backoff(options: &ChannelOptions, failures: u32) -> Duration {
    let factor = 1.5_f64.powi(failures.min(64).cast_signed());
    let wait = options.min_backoff.as_secs_f64() * factor;
    Duration::from_secs_f64(wait.min(options.max_backoff.as_secs_f64()) * rand::random_range(0.8..1.2))
}

async fn connect(
    address: &Address,
    name: ServerName<'static>,
    options: &ChannelOptions,
) -> Result<(SendRequest<Bytes>, H2Connection, Arc<Activity>), Status> {
    let connect = async {
        let mut stream = Stream::connect(address).await.map_err(|error| unavailable(&error))?;
        if let Some(tls) = &options.tls {
            let secured = stream.connect_tls(Arc::clone(tls), name).await;
            stream = secured.map_err(|error| unavailable(&tls::explain(&error)))?;
        }
        let activity = Activity::new();
        let (sender, connection) = h2::client::Builder::new()
            .initial_window_size(options.stream_window)
            .initial_connection_window_size(options.stream_window.max(1 << 20))
            .max_frame_size(options.max_frame)
            .enable_push(false)
            .handshake(Watched::new(stream, 0, Arc::clone(&activity)))
            .await
            .map_err(|error| unavailable(&error))?;
        Ok((sender, connection, activity))
    };
    let within = options.connect_timeout;
    timeout(within, connect)
        .await
        .unwrap_or_else(|_| Err(unavailable(&format!("cannot connect within {within:?}"))))
}

fn unavailable(error: &dyn std::fmt::Display) -> Status {
    Status::new(Code::Unavailable, error.to_string())
}

/// Drives a connection until it ends or its peer does not answer pings.
async fn drive(
    mut connection: H2Connection,
    activity: Arc<Activity>,
    keepalive: Option<&ClientKeepalive>,
    in_flight: &AtomicUsize,
) {
    let Some(keepalive) = keepalive else {
        connection.await.unwrap_or_else(|error| tracing::debug!(%error, "connection ended"));
        return;
    };
    let pings = connection.ping_pong();
    let mut liveness = Liveness::new(activity, pings, keepalive.time, keepalive.timeout);
    let mut timer = pin!(sleep_until(Instant::now() + keepalive.time));
    poll_fn(|cx| {
        if let Poll::Ready(result) = Pin::new(&mut connection).poll(cx) {
            result.unwrap_or_else(|error| tracing::debug!(%error, "connection ended"));
            return Poll::Ready(());
        }
        liveness.take_pong(cx);
        while timer.as_mut().poll(cx).is_ready() {
            let may_ping = keepalive.permit_without_stream || in_flight.load(Ordering::Relaxed) > 0;
            match liveness.check(Instant::now(), may_ping) {
                Some(next) => timer.as_mut().reset(next),
                None => {
                    tracing::debug!("the server does not answer pings: connection given up");
                    return Poll::Ready(());
                }
            }
        }
        Poll::Pending
    })
    .await;
}
