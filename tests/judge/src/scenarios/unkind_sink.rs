//! A sink that fails a fifth of the requests, gives every status once, breaks off its answers and goes up
//! and down: everything arrives, except what the sink refused for good, and its sender knows.

use crate::{
    Result,
    books::Books,
    ports,
    protocol::Protocol,
    sender::{Plan, Senders},
    sink::{Record, Sink, statuses, unkind},
    trial::Trial,
    verdict::{Flow, Verdict},
};
use std::time::Duration;

pub(super) const NAME: &str = "unkind_sink";

const MEMORY: u64 = 150 << 20;

pub(super) async fn run(trial: &Trial) -> Result<Verdict> {
    let each = trial.pick(25_000, 500_000);
    let per_request = trial.pick(20, 100);
    // What the agent joins is bounded, so that the sink sees enough requests for all it has in mind.
    let batch = format!("batch: {{min_size: 1, max_size: {}}}", 4 * per_request);
    let sink = |protocol| Sink::start(Record::new(each, per_request), unkind(protocol, 5));
    let (mut over_grpc, mut over_http) = (sink(Protocol::Grpc).await?, sink(Protocol::Http).await?);
    let (grpc, http) = (ports::free(), ports::free());
    let agent = trial
        .agent(&format!(
            "
receivers:
  otlp/grpc: {{protocols: {{grpc: {{endpoint: '{grpc}'}}}}}}
  otlp/http: {{protocols: {{http: {{endpoint: '{http}'}}}}}}
exporters:
  otlp:
    endpoint: 'http://{to_grpc}'
    tls: {{insecure: true}}
    sending_queue: {{{batch}}}
    retry_on_failure: {{initial_interval: 50ms, max_interval: 500ms}}
  otlp_http:
    endpoint: 'http://{to_http}'
    sending_queue: {{{batch}}}
    retry_on_failure: {{initial_interval: 50ms, max_interval: 500ms}}
service:
  pipelines:
    logs/grpc: {{receivers: [otlp/grpc], exporters: [otlp]}}
    logs/http: {{receivers: [otlp/http], exporters: [otlp_http]}}
",
            to_grpc = over_grpc.address,
            to_http = over_http.address,
        ))
        .await?;
    let plan = |protocol, address| Plan {
        protocol,
        address,
        numbers: 0..each,
        per_request,
        connections: 8,
        in_flight: 4,
        deadline: Duration::from_secs(60),
        rate: None,
    };
    let mut by_grpc = Senders::start(&plan(Protocol::Grpc, grpc))?;
    let mut by_http = Senders::start(&plan(Protocol::Http, http))?;

    let limit = trial.pick(Duration::from_secs(120), Duration::from_secs(900));
    let sending = async { by_grpc.finish(limit).await & by_http.finish(limit).await };
    let up = trial.pick(Duration::from_millis(700), Duration::from_secs(3));
    let in_time = tokio::select! {
        in_time = sending => in_time,
        error = flap(&mut over_grpc, &mut over_http, up) => return Err(error),
    };

    let mut verdict = Verdict::new(NAME);
    verdict.promise(in_time, format!("everything is sent within {limit:?}"));
    let books = Books::at_rest(&agent, &[]).await?;
    for (name, sent, record, receiver, exporter) in [
        ("gRPC", &by_grpc.sent, &over_grpc.record, "otlp/grpc", "otlp"),
        ("HTTP", &by_http.sent, &over_http.record, "otlp/http", "otlp_http"),
    ] {
        let flow = Flow { name, sent, record, receiver, exporter };
        verdict.nothing_lost(&flow);
        verdict.all_settled(&flow, each);
        verdict.edges_agree(&books, &flow);
        let given = record.answers();
        let missing = statuses(sent.protocol)
            .iter()
            .filter(|status| !given.contains_key(&status.name(sent.protocol)))
            .count();
        verdict.promise(missing == 0, format!("{name}: the sink gave every status: {missing} are missing"));
    }
    verdict.books_exact(&books, &[]);
    verdict.memory_below(agent.memory()?, MEMORY);
    Ok(trial.close(verdict, agent))
}

/// Takes both sinks down and up again; ends only when that fails.
async fn flap(one: &mut Sink, other: &mut Sink, up: Duration) -> crate::Error {
    loop {
        for sink in [&mut *one, &mut *other] {
            tokio::time::sleep(up).await;
            sink.down().await;
            tokio::time::sleep(Duration::from_millis(500)).await;
            if let Err(error) = sink.up().await {
                return error;
            }
        }
    }
}
