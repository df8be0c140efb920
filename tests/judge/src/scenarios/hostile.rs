//! Hostile input beside good traffic: it gets the standard's answers, the good traffic is served meanwhile,
//! nothing malformed is passed on, and memory does not grow beyond a bound.

use crate::{
    Result,
    books::Books,
    hostile::{Findings, Idle, Slow, Target, malformed, mutations},
    ports,
    protocol::Protocol,
    sender::{Plan, Senders},
    sink::{Record, Sink, kind},
    trial::Trial,
    verdict::{Flow, Verdict},
};
use std::{sync::atomic::Ordering::Relaxed, time::Duration};

pub(super) const NAME: &str = "hostile";

const PER_REQUEST: u64 = 20;
/// What must be taken of mutations: so many are valid still.
const ACCEPTED: f64 = 0.2;
const MEMORY: u64 = 128 << 20;
/// What an idle HTTP/2 connection may cost: mostly the buffers that every one has.
const MEMORY_PER_IDLE: u64 = 40 << 10;
/// What a second wave may add to the first, for fragments in the allocator: less than half of what its idle
/// connections hold, about 20 KiB each. Had the first wave's been kept, it would be all of that.
const GROWTH: u64 = 24 << 20;
const GROWTH_PER_IDLE: u64 = 8 << 10;
const LIMIT: Duration = Duration::from_secs(180);

pub(super) async fn run(trial: &Trial) -> Result<Verdict> {
    let total = trial.pick(20_000, 400_000);
    let sink = Sink::start(Record::new(total, PER_REQUEST), kind()).await?;
    let target = Target { grpc: ports::free(), http: ports::free() };
    // Before the agent starts, which inherits the limit.
    let files = crate::process::raise_open_files();
    let agent = trial
        .agent(&format!(
            "
receivers:
  otlp: {{protocols: {{grpc: {{endpoint: '{}'}}, http: {{endpoint: '{}'}}}}}}
exporters:
  otlp: {{endpoint: 'http://{}', tls: {{insecure: true}}}}
service:
  pipelines:
    logs: {{receivers: [otlp], exporters: [otlp]}}
",
            target.grpc, target.http, sink.address
        ))
        .await?;
    let mut verdict = Verdict::new(NAME);
    let idle = trial.pick(2_000, 10_000);
    let mut good = Senders::start(&Plan {
        protocol: Protocol::Grpc,
        address: target.grpc,
        numbers: 0..total,
        per_request: PER_REQUEST,
        connections: 4,
        in_flight: 2,
        deadline: Duration::from_secs(30),
        rate: None,
    })?;
    let first = wave(trial, target, idle, 1, &mut verdict).await?;
    let after_first = agent.memory()?;
    let mut findings = first;
    findings.merge(wave(trial, target, idle, 2, &mut verdict).await?);
    let grown = agent.memory()?.peak.saturating_sub(after_first.peak);
    let may_grow = GROWTH + idle as u64 * GROWTH_PER_IDLE;
    verdict.promise(
        grown <= may_grow,
        format!("a second wave needs little more memory: {grown} of {may_grow} bytes"),
    );
    verdict.fact("growth by the second wave", format!("{} MiB", grown >> 20));
    verdict.promise(good.finish(LIMIT).await, format!("good traffic is served within {LIMIT:?}"));
    for (attack, answers) in &findings.answers {
        verdict.fact(attack, format!("{answers:?}"));
    }
    for wrong in &findings.wrong {
        verdict.promise(false, wrong);
    }
    verdict.fact("open files", format!("{files} are allowed"));

    let books = Books::at_rest(&agent, &[]).await?;
    let flow =
        Flow { name: "good", sent: &good.sent, record: &sink.record, receiver: "otlp", exporter: "otlp" };
    verdict.nothing_lost(&flow);
    verdict.all_settled(&flow, total);
    let refused = good.sent.refused.len();
    verdict.promise(refused == 0, format!("good traffic is never refused for good: {refused}"));
    let unreadable: Vec<String> =
        sink.record.answers().into_keys().filter(|answer| answer.starts_with("unreadable")).collect();
    verdict.promise(unreadable.is_empty(), format!("nothing malformed is passed on: {unreadable:?}"));
    verdict.fact("mutated records that reached the sink", sink.record.unnumbered.load(Relaxed));
    verdict.books_exact(&books, &[]);
    verdict.memory_below(agent.memory()?, MEMORY + idle as u64 * MEMORY_PER_IDLE);
    Ok(trial.close(verdict, agent))
}

/// All attacks at once.
async fn wave(
    trial: &Trial,
    target: Target,
    idle: usize,
    number: u64,
    verdict: &mut Verdict,
) -> Result<Findings> {
    let idle = Idle::open(target, idle).await;
    let slow = Slow::start(target, trial.pick(20, 100)).await?;
    let count = trial.pick(250, 10_000);
    let ((mutated, share), malformed) = tokio::join!(mutations(target, count, number), malformed(target));
    let mut findings = malformed?;
    findings.merge(mutated);
    verdict
        .promise(share >= ACCEPTED, format!("at least {ACCEPTED} of the mutations are accepted: {share:.2}"));
    let (opened, closed) = slow.opened_and_closed();
    verdict.fact(
        format!("wave {number}, slow clients"),
        format!("{opened} opened, {closed} closed by the agent"),
    );
    verdict.fact(
        format!("wave {number}, idle connections"),
        format!("{} opened, {} refused, {} open at the end", idle.opened(), idle.refused, idle.still_open()),
    );
    Ok(findings)
}
