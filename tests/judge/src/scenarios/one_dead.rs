//! Two exporters behind one receiver, one of them dead. With `when_full: drop_newest` on the dead one, the
//! other loses nothing and is not slowed. A pipeline behind another receiver does not notice, with `refuse`
//! either.

use crate::{
    Result,
    books::Books,
    ports,
    protocol::Protocol,
    sender::{Plan, Senders},
    sink::{Record, Sink, kind},
    trial::{Form, Trial},
    verdict::{Flow, Verdict},
};
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

pub(super) const NAME: &str = "one_dead";

const PER_REQUEST: u64 = 100;
/// How much longer it may take beside a dead exporter, on a machine with other work.
const SLOWER: f64 = 1.5;
const LIMIT: Duration = Duration::from_secs(120);

pub(super) async fn run(trial: &Trial) -> Result<Verdict> {
    let mut verdict = Verdict::new(NAME);
    let alone = with_neighbour(trial, &mut verdict, None).await?;
    let beside_dead = with_neighbour(trial, &mut verdict, Some("drop_newest")).await?;
    let ratio = beside_dead.as_secs_f64() / alone.as_secs_f64();
    verdict.fact("time beside a dead exporter", format!("{ratio:.2} of the time without it"));
    if trial.form == Form::Full {
        verdict.promise(ratio < SLOWER, format!("a dead exporter does not slow the other: {ratio:.2}"));
    }
    with_neighbour(trial, &mut verdict, Some("refuse")).await?;
    Ok(verdict)
}

/// Sends through two receivers; behind the first is a dead exporter with this `when_full`, or none. Returns
/// how long the first took, or with `refuse`, where it cannot end, the second.
async fn with_neighbour(trial: &Trial, verdict: &mut Verdict, dead: Option<&str>) -> Result<Duration> {
    let total = trial.pick(20_000, 500_000);
    let sink = || Sink::start(Record::new(total, PER_REQUEST), kind());
    let (live, other) = (sink().await?, sink().await?);
    let (to_first, to_second) = (ports::free(), ports::free());
    let agent = trial.agent(&config(to_first, to_second, live.address, other.address, dead)).await?;
    let plan = |address, deadline| Plan {
        protocol: Protocol::Grpc,
        address,
        numbers: 0..total,
        per_request: PER_REQUEST,
        connections: 4,
        in_flight: 4,
        deadline,
        rate: None,
    };
    let blocked = dead == Some("refuse");
    let deadline = if blocked { Duration::from_secs(1) } else { Duration::from_secs(30) };
    let started = Instant::now();
    let mut first = Senders::start(&plan(to_first, deadline))?;
    let mut second = Senders::start(&plan(to_second, Duration::from_secs(30)))?;
    let (first_done, second_done, took) = if blocked {
        let done = second.finish(LIMIT).await;
        first.stop().await;
        (true, done, started.elapsed())
    } else {
        let done = first.finish(LIMIT).await;
        let took = started.elapsed();
        (done, second.finish(LIMIT).await, took)
    };

    let name = dead.unwrap_or("no dead exporter");
    verdict.promise(first_done, format!("{name}: the live exporter's flow completes"));
    verdict.promise(second_done, format!("{name}: the other receiver's flow completes"));
    let may_hold: &[&str] = if dead.is_some() { &["otlp/dead"] } else { &[] };
    let books = Books::at_rest(&agent, may_hold).await?;
    let of_first = format!("{name}, shared");
    let of_second = format!("{name}, apart");
    for (name, senders, sink, receiver, exporter) in [
        (&of_first, &first, &live, "otlp/first", "otlp/live"),
        (&of_second, &second, &other, "otlp/second", "otlp/other"),
    ] {
        let flow = Flow { name, sent: &senders.sent, record: &sink.record, receiver, exporter };
        verdict.nothing_lost(&flow);
        verdict.promise(senders.sent.refused.is_empty(), format!("{name}: nobody is refused for good"));
        verdict.edges_agree(&books, &flow);
    }
    verdict.books_exact(&books, may_hold);
    if !verdict.is_good() {
        verdict.fact(format!("{name}, folder of the agent"), agent.home().keep().display());
    }
    Ok(took)
}

fn config(
    first: SocketAddr,
    second: SocketAddr,
    live: SocketAddr,
    other: SocketAddr,
    dead: Option<&str>,
) -> String {
    let nobody = ports::free();
    let (exporter, listed) = match dead {
        None => (String::new(), ""),
        Some(when_full) => (
            format!(
                "
  otlp/dead:
    endpoint: 'http://{nobody}'
    tls: {{insecure: true}}
    sending_queue: {{max_bytes: 1MiB, when_full: {when_full}}}
    retry_on_failure: {{initial_interval: 50ms, max_interval: 500ms}}"
            ),
            ", otlp/dead",
        ),
    };
    format!(
        "
receivers:
  otlp/first: {{protocols: {{grpc: {{endpoint: '{first}'}}}}}}
  otlp/second: {{protocols: {{grpc: {{endpoint: '{second}'}}}}}}
exporters:
  otlp/live: {{endpoint: 'http://{live}', tls: {{insecure: true}}}}
  otlp/other: {{endpoint: 'http://{other}', tls: {{insecure: true}}}}{exporter}
service:
  pipelines:
    logs/first: {{receivers: [otlp/first], exporters: [otlp/live{listed}]}}
    logs/second: {{receivers: [otlp/second], exporters: [otlp/other]}}
"
    )
}
