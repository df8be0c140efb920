//! Senders of numbered log records, which behave as the standard wants of an SDK: they try again after
//! what is retryable, wait as they are told, and give up on the rest.

mod sent;
mod transport;

pub use sent::Sent;

use crate::{Result, items, protocol::Protocol};
use rand::Rng;
use std::{
    net::SocketAddr,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};
use tokio::task::JoinSet;
use transport::{Transport, Tried};

/// What to send, and how.
#[derive(Debug, Clone)]
pub struct Plan {
    /// gRPC or HTTP.
    pub protocol: Protocol,
    /// The agent.
    pub address: SocketAddr,
    /// The numbers.
    pub numbers: Range<u64>,
    /// Records in a request.
    pub per_request: u64,
    /// Connections.
    pub connections: usize,
    /// Requests under way on each connection.
    pub in_flight: usize,
    /// How long a sender waits for an answer.
    pub deadline: Duration,
    /// Items a second, all senders together; as fast as they are answered where there is none.
    pub rate: Option<u64>,
}

/// Senders at work. Dropping them stops them.
pub struct Senders {
    /// What they saw so far.
    pub sent: Arc<Sent>,
    stop: Arc<AtomicBool>,
    tasks: JoinSet<()>,
}

const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

impl Senders {
    /// Starts to send.
    ///
    /// # Errors
    /// When the address is none.
    pub fn start(plan: &Plan) -> Result<Self> {
        let sent = Arc::new(Sent::new(plan.protocol, plan.numbers.end));
        let stop = Arc::new(AtomicBool::new(false));
        let next = Arc::new(AtomicU64::new(plan.numbers.start));
        let began = Instant::now();
        let mut tasks = JoinSet::new();
        for _ in 0..plan.connections {
            let transport = Transport::new(plan.protocol, plan.address)?;
            for _ in 0..plan.in_flight {
                let sender = Sender {
                    plan: plan.clone(),
                    transport: transport.clone(),
                    sent: sent.clone(),
                    stop: stop.clone(),
                    next: next.clone(),
                    began,
                };
                tasks.spawn(sender.run());
            }
        }
        Ok(Self { sent, stop, tasks })
    }

    /// Waits until every number is settled. False when `limit` passes before.
    pub async fn finish(&mut self, limit: Duration) -> bool {
        let all = async { while self.tasks.join_next().await.is_some() {} };
        tokio::time::timeout(limit, all).await.is_ok()
    }

    /// Starts nothing more, and waits for what is under way.
    pub async fn stop(&mut self) {
        self.stop.store(true, Relaxed);
        while self.tasks.join_next().await.is_some() {}
    }
}

struct Sender {
    plan: Plan,
    transport: Transport,
    sent: Arc<Sent>,
    stop: Arc<AtomicBool>,
    next: Arc<AtomicU64>,
    began: Instant,
}

impl Sender {
    async fn run(self) {
        while !self.stop.load(Relaxed) {
            let first = self.next.fetch_add(self.plan.per_request, Relaxed);
            if first >= self.plan.numbers.end {
                return;
            }
            if !self.is_time(first).await {
                return;
            }
            self.send(first..self.plan.numbers.end.min(first + self.plan.per_request)).await;
        }
    }

    /// Waits until it is this number's turn. False when it is time to stop.
    async fn is_time(&self, first: u64) -> bool {
        let Some(rate) = self.plan.rate else { return true };
        let after = (first - self.plan.numbers.start) as f64 / rate as f64;
        let turn = self.began + Duration::from_secs_f64(after);
        self.rest(turn.saturating_duration_since(Instant::now())).await
    }

    /// Sends these numbers until somebody says what became of them.
    async fn send(&self, numbers: Range<u64>) {
        let items = numbers.end - numbers.start;
        let mut backoff = FIRST_PAUSE;
        for attempt in 0.. {
            let message = items::request(numbers.clone(), attempt);
            let tried = self.transport.send(message, self.plan.deadline).await;
            self.sent.answered(self.name(&tried));
            let pause = match tried {
                Tried::Acknowledged { rejected } => return self.sent.acknowledge(numbers, rejected),
                Tried::Refused { code, retry_after } => {
                    if !self.plan.protocol.is_retryable(code, retry_after.is_some()) {
                        return self.sent.refused.extend(numbers);
                    }
                    if !self.is_deadline(code) {
                        self.sent.turned_away(numbers.start, attempt);
                    }
                    retry_after
                }
                Tried::Late | Tried::Broken => {
                    self.sent.doubtful_items.fetch_add(items, Relaxed);
                    self.sent.doubtful.extend(numbers.clone());
                    None
                }
                Tried::Unreachable => None,
            };
            self.sent.resent.extend(numbers.clone());
            backoff = LONGEST_PAUSE.min(backoff * 2);
            let pause = pause.unwrap_or(backoff).mul_f64(rand::rng().random_range(1.0..1.3));
            if !self.rest(pause).await {
                return;
            }
        }
    }

    /// `DEADLINE_EXCEEDED` is no refusal: the agent only noticed the deadline first.
    fn is_deadline(&self, code: u16) -> bool {
        self.plan.protocol == Protocol::Grpc && code == 4
    }

    /// Waits, but not beyond a stop. False when it is time to stop.
    async fn rest(&self, pause: Duration) -> bool {
        let until = Instant::now() + pause;
        while !self.stop.load(Relaxed) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            tokio::time::sleep(left.min(Duration::from_millis(50))).await;
        }
        false
    }

    fn name(&self, tried: &Tried) -> String {
        match tried {
            Tried::Acknowledged { rejected: 0 } => "acknowledged".to_owned(),
            Tried::Acknowledged { .. } => "acknowledged in part".to_owned(),
            Tried::Refused { code, retry_after: None } => format!("{:?} {code}", self.plan.protocol),
            Tried::Refused { code, .. } => format!("{:?} {code} with a pause", self.plan.protocol),
            Tried::Late => "deadline passed".to_owned(),
            Tried::Broken => "connection broke".to_owned(),
            Tried::Unreachable => "no connection".to_owned(),
        }
    }
}
