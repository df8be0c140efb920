//! Hostile input beside good traffic: it gets the standard's answers, the good traffic is served meanwhile,
//! nothing malformed is passed on, and memory does not grow beyond a bound.

use crate::{
    Result,
    books::Books,
    hostile::{Idle, Slow, Target, malformed, mutations},
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
const IDLE: usize = 10_000;
/// What must be taken of mutations: so many are valid still.
const ACCEPTED: f64 = 0.2;
const MEMORY: u64 = 300 << 20;
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
    let idle = Idle::open(target, trial.pick(2_000, IDLE)).await;
    let slow = Slow::start(target, trial.pick(20, 100)).await?;
    let mut good = Senders::start(&Plan {
        protocol: Protocol::Grpc,
        address: target.grpc,
        numbers: 0..total,
        per_request: PER_REQUEST,
        connections: 4,
        in_flight: 2,
        deadline: Duration::from_secs(30),
    })?;
    let count = trial.pick(500, 20_000);
    let ((mutated, share), malformed) = tokio::join!(mutations(target, count, 4), malformed(target));
    let mut findings = malformed?;
    findings.merge(mutated);
    verdict.promise(good.finish(LIMIT).await, format!("good traffic is served within {LIMIT:?}"));

    for (attack, answers) in &findings.answers {
        verdict.fact(attack, format!("{answers:?}"));
    }
    for wrong in &findings.wrong {
        verdict.promise(false, wrong);
    }
    verdict.promise(share >= ACCEPTED, format!("of mutations, at least {ACCEPTED} are accepted: {share:.2}"));
    let (opened, closed) = slow.opened_and_closed();
    verdict.fact("slow clients", format!("{opened} opened, {closed} closed by the agent"));
    verdict.fact(
        "idle connections",
        format!(
            "{} opened, {} refused, {} open at the end; {files} files are allowed",
            idle.opened(),
            idle.refused,
            idle.still_open()
        ),
    );
    drop((idle, slow));

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
    verdict.memory_below(agent.memory()?, MEMORY);
    Ok(trial.close(verdict, agent))
}
