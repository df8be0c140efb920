//! Sends OTLP and tells what the receiver acknowledged, and how fast.

mod client;

use crate::{
    Result,
    compression::Compression,
    latency::{Latency, Percentiles, now},
    order,
    signal::Signal,
    template::Template,
};
use bytes::Bytes;
use client::{Answer, Client};
use serde::Serialize;
use std::{
    ops::AddAssign,
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

/// How OTLP is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Protocol {
    Grpc,
    Http,
}

/// What to send, and how.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Load {
    /// Address of the receiver
    #[arg(long, default_value = "127.0.0.1:4317")]
    pub(crate) to: String,
    #[arg(long, value_enum, default_value = "grpc")]
    pub(crate) protocol: Protocol,
    #[arg(long, value_enum, default_value = "logs")]
    pub(crate) signal: Signal,
    /// Items per second over all connections; 0: as fast as they are accepted
    #[arg(long, default_value_t = 0)]
    pub(crate) rate: u64,
    /// Items per request
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) batch: u32,
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) connections: u32,
    /// Requests in flight on each connection
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) in_flight: u32,
    #[arg(long, default_value_t = 10)]
    pub(crate) seconds: u64,
    #[arg(long, value_enum, default_value = "none")]
    pub(crate) compression: Compression,
    /// Different requests, each with a resource of its own; at least one for each request in flight
    #[arg(long, default_value_t = 64)]
    pub(crate) resources: u32,
    #[arg(long, default_value_t = 7)]
    pub(crate) seed: u64,
    /// Stop once so many bytes are accepted, uncompressed; 0: no limit
    #[arg(long, default_value_t = 0)]
    pub(crate) bytes: u64,
    /// Write numbers in place of times, ascending for each request in flight
    #[arg(long)]
    pub(crate) numbered: bool,
}

impl Default for Load {
    fn default() -> Self {
        Self {
            to: "127.0.0.1:4317".to_owned(),
            protocol: Protocol::Grpc,
            signal: Signal::Logs,
            rate: 0,
            batch: 100,
            connections: 4,
            in_flight: 4,
            seconds: 10,
            compression: Compression::None,
            resources: 64,
            seed: 7,
            bytes: 0,
            numbered: false,
        }
    }
}

/// What became of the load.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Report {
    #[serde(flatten)]
    pub(crate) tally: Tally,
    pub(crate) seconds: f64,
    pub(crate) accepted_per_second: f64,
    /// From sending a request to its answer.
    pub(crate) request_us: Percentiles,
}

/// Counts of items, and of requests and their uncompressed bytes.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Tally {
    pub(crate) sent: u64,
    pub(crate) accepted: u64,
    /// The receiver said no.
    pub(crate) refused: u64,
    /// No answer.
    pub(crate) failed: u64,
    pub(crate) requests: u64,
    pub(crate) bytes: u64,
    pub(crate) accepted_bytes: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.sent += other.sent;
        self.accepted += other.accepted;
        self.refused += other.refused;
        self.failed += other.failed;
        self.requests += other.requests;
        self.bytes += other.bytes;
        self.accepted_bytes += other.accepted_bytes;
    }
}

/// Sends the load and waits for all answers.
pub(crate) async fn run(load: &Load) -> Result<Report> {
    let workers = load.connections * load.in_flight;
    let begin = Instant::now();
    let mut tasks = JoinSet::new();
    for connection in 0..load.connections {
        let client = Client::open(load).await?;
        for slot in 0..load.in_flight {
            let worker = Worker { number: connection * load.in_flight + slot, workers, begin };
            tasks.spawn(worker.send(load.clone(), client.clone()));
        }
    }
    let (mut tally, mut latency) = (Tally::default(), Latency::default());
    while let Some(done) = tasks.join_next().await {
        let (part, took) = done??;
        tally += part;
        latency.add(&took);
    }
    let seconds = begin.elapsed().as_secs_f64();
    Ok(Report {
        tally,
        seconds,
        accepted_per_second: tally.accepted as f64 / seconds,
        request_us: latency.percentiles(),
    })
}

/// One request in flight at a time.
struct Worker {
    number: u32,
    workers: u32,
    begin: Instant,
}

impl Worker {
    async fn send(self, load: Load, mut client: Client) -> Result<(Tally, Latency)> {
        let count = load.resources.div_ceil(self.workers) as usize;
        let seed = load.seed + u64::from(self.number);
        let mut templates = Template::several(load.signal, load.batch as usize, count, seed);
        let deadline = self.begin + Duration::from_secs(load.seconds);
        let period = self.period(templates[0].items, load.rate);
        let mut due = self.begin + period.mul_f64(f64::from(self.number) / f64::from(self.workers));
        let (mut tally, mut latency) = (Tally::default(), Latency::default());
        let share = load.bytes.div_ceil(u64::from(self.workers));
        for turn in 0_u64.. {
            if !period.is_zero() {
                tokio::time::sleep_until(due.min(deadline).into()).await;
                due += period;
            }
            if Instant::now() >= deadline || (share > 0 && tally.accepted_bytes >= share) {
                break;
            }
            let template = &mut templates[turn as usize % count];
            let items = template.items;
            let stamp = if load.numbered { order::number(self.number, turn) } else { now() };
            let body = Bytes::copy_from_slice(template.stamped(stamp));
            let bytes = body.len() as u64;
            tally += Tally { sent: items, requests: 1, bytes, ..Tally::default() };
            let start = Instant::now();
            let answer = client.send(body).await?;
            latency.record(start.elapsed());
            match answer {
                Answer::Accepted => {
                    tally.accepted += items;
                    tally.accepted_bytes += bytes;
                }
                Answer::Refused => {
                    tally.refused += items;
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                Answer::None => {
                    tally.failed += items;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }
        Ok((tally, latency))
    }

    /// Time between two requests of one worker; zero for no pause.
    fn period(&self, items: u64, rate: u64) -> Duration {
        if rate == 0 {
            return Duration::ZERO;
        }
        Duration::from_secs_f64(items as f64 * f64::from(self.workers) / rate as f64)
    }
}
