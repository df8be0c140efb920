//! How long a connection may live, and how often its client may ping: grpc-go's keepalive.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use crate::grpc::activity::{Activity, Liveness};

/// The server's side of keepalive, as grpc-go's `keepalive.ServerParameters`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerKeepalive {
    /// Closes a connection that had no call for this long. Default: never.
    pub max_connection_idle: Option<Duration>,
    /// Closes a connection of this age, give or take a tenth, gracefully. Default: never.
    pub max_connection_age: Option<Duration>,
    /// How long calls may go on beyond `max_connection_age`. Default: as long as they want.
    pub max_connection_age_grace: Option<Duration>,
    /// Pings a client that was silent for this long. Default: 2 hours.
    pub time: Duration,
    /// Closes the connection if a ping is not answered in this time. Default: 20 seconds.
    pub timeout: Duration,
}

impl Default for ServerKeepalive {
    fn default() -> Self {
        Self {
            max_connection_idle: None,
            max_connection_age: None,
            max_connection_age_grace: None,
            time: Duration::from_secs(2 * 60 * 60),
            timeout: Duration::from_secs(20),
        }
    }
}

/// How often a client may ping, as grpc-go's `keepalive.EnforcementPolicy`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeepaliveEnforcement {
    /// Pings that come faster than this are too many. Default: 5 minutes.
    pub min_time: Duration,
    /// Whether a client may ping without an open call. Default: false.
    pub permit_without_stream: bool,
}

impl Default for KeepaliveEnforcement {
    fn default() -> Self {
        Self { min_time: Duration::from_secs(5 * 60), permit_without_stream: false }
    }
}

/// What is to be done with a connection.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Let its calls finish, then close it.
    Drain,
    /// Close it now.
    Close,
    /// Close it now and tell the client to be calm.
    TooManyPings,
}

/// Bad pings that are forgiven, as in grpc-go.
const MAX_STRIKES: u32 = 2;
/// What a client without calls has to keep if it may not ping at all, as in grpc-go.
const MIN_TIME_WITHOUT_CALLS: Duration = Duration::from_secs(2 * 60 * 60);

/// Watches over one connection. One timer serves all limits; it is touched only when it has fired or a limit
/// comes closer.
pub(super) struct Keepalive {
    options: ServerKeepalive,
    enforcement: KeepaliveEnforcement,
    activity: Arc<Activity>,
    liveness: Liveness,
    timer: std::pin::Pin<Box<Sleep>>,
    idle_since: Option<Instant>,
    drain_at: Option<Instant>,
    close_at: Option<Instant>,
    pings_seen: u64,
    last_ping: Option<Instant>,
    strikes: u32,
}

impl Keepalive {
    pub(super) fn new(
        options: &ServerKeepalive,
        enforcement: &KeepaliveEnforcement,
        activity: Arc<Activity>,
        pings: Option<h2::PingPong>,
    ) -> Self {
        let now = Instant::now();
        let mut keepalive = Self {
            liveness: Liveness::new(Arc::clone(&activity), pings, options.time, options.timeout),
            options: options.clone(),
            enforcement: enforcement.clone(),
            activity,
            timer: Box::pin(sleep_until(now)),
            idle_since: Some(now),
            // The tenth keeps the connections of many clients from ending all at once.
            drain_at: options.max_connection_age.map(|age| now + age.mul_f64(rand::random_range(0.9..1.1))),
            close_at: None,
            pings_seen: 0,
            last_ping: None,
            strikes: 0,
        };
        keepalive.arm(now + options.time);
        keepalive
    }

    /// To be called whenever the connection was driven; `answered` if a call was.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, calls: usize, answered: bool) -> Poll<Verdict> {
        if (calls == 0) != self.idle_since.is_some() {
            self.idle_since = (calls == 0).then(Instant::now);
            self.arm(self.timer.deadline());
        }
        if self.too_many_pings(calls, answered) {
            // In case that the client does not even read the word that ends its connection.
            self.close_at = Some(Instant::now() + self.options.timeout);
            self.arm(self.timer.deadline());
            return Poll::Ready(Verdict::TooManyPings);
        }
        self.liveness.take_pong(cx);
        while self.timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            let Some(next) = self.liveness.check(now, true).filter(|_| !passed(self.close_at, now)) else {
                return Poll::Ready(Verdict::Close);
            };
            if passed(self.drain_at, now) || passed(self.idle_until(), now) {
                (self.drain_at, self.options.max_connection_idle) = (None, None);
                self.close_at = self.options.max_connection_age_grace.map(|grace| now + grace);
                self.arm(next);
                return Poll::Ready(Verdict::Drain);
            }
            self.arm(next);
        }
        Poll::Pending
    }

    /// Sets the timer to the earliest of `next` and the other limits.
    fn arm(&mut self, next: Instant) {
        let others = [self.idle_until(), self.drain_at, self.close_at];
        let next = others.into_iter().flatten().fold(next, Instant::min);
        if next != self.timer.deadline() {
            self.timer.as_mut().reset(next);
        }
    }

    fn idle_until(&self) -> Option<Instant> {
        Some(self.idle_since? + self.options.max_connection_idle?)
    }

    /// As grpc-go counts: an answer forgives the next ping, a ping that comes too early is a strike.
    fn too_many_pings(&mut self, calls: usize, answered: bool) -> bool {
        if answered {
            self.strikes = 0;
            self.last_ping = None;
        }
        let pings = self.activity.pings();
        if pings == self.pings_seen {
            return false;
        }
        let min_time = match calls {
            0 if !self.enforcement.permit_without_stream => MIN_TIME_WITHOUT_CALLS,
            _ => self.enforcement.min_time,
        };
        let now = Instant::now();
        for _ in self.pings_seen..pings {
            self.strikes += u32::from(self.last_ping.is_some_and(|last| now < last + min_time));
            self.last_ping = Some(now);
        }
        self.pings_seen = pings;
        self.strikes > MAX_STRIKES
    }
}

fn passed(limit: Option<Instant>, now: Instant) -> bool {
    limit.is_some_and(|limit| limit <= now)
}
