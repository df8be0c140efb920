//! One record that the sink calls invalid, in a batch that many senders' requests were joined into: only
//! that record is rejected, and its sender is told.

use crate::{
    Result,
    books::Books,
    ports,
    protocol::Protocol,
    sender::{Plan, Senders},
    sink::{Record, Sink, poisoned_by},
    trial::Trial,
    verdict::{Flow, Verdict},
};
use std::{sync::atomic::Ordering::Relaxed, time::Duration};

pub(super) const NAME: &str = "poison";

const PER_REQUEST: u64 = 10;
const TOTAL: u64 = 2_000;
/// In the middle, when all senders' requests wait together behind a sink that takes its time.
const POISON: u64 = 1_057;
const LIMIT: Duration = Duration::from_secs(60);

pub(super) async fn run(trial: &Trial) -> Result<Verdict> {
    let sink = || Sink::start(Record::new(TOTAL, PER_REQUEST), poisoned_by(&[POISON]));
    let (over_grpc, over_http) = (sink().await?, sink().await?);
    let (grpc, http) = (ports::free(), ports::free());
    let agent = trial
        .agent(&format!(
            "
receivers:
  otlp/grpc: {{protocols: {{grpc: {{endpoint: '{grpc}'}}}}}}
  otlp/http: {{protocols: {{http: {{endpoint: '{http}'}}}}}}
exporters:
  otlp: {{endpoint: 'http://{to_grpc}', tls: {{insecure: true}}, sending_queue: {{num_consumers: 1}}}}
  otlp_http: {{endpoint: 'http://{to_http}', sending_queue: {{num_consumers: 1}}}}
service:
  pipelines:
    logs/grpc: {{receivers: [otlp/grpc], exporters: [otlp]}}
    logs/http: {{receivers: [otlp/http], exporters: [otlp_http]}}
",
            to_grpc = over_grpc.address,
            to_http = over_http.address,
        ))
        .await?;
    let start = |protocol, address| {
        Senders::start(&Plan {
            protocol,
            address,
            numbers: 0..TOTAL,
            per_request: PER_REQUEST,
            connections: 20,
            in_flight: 1,
            deadline: Duration::from_secs(30),
            rate: None,
        })
    };
    let (mut by_grpc, mut by_http) = (start(Protocol::Grpc, grpc)?, start(Protocol::Http, http)?);
    let mut verdict = Verdict::new(NAME);
    let done = by_grpc.finish(LIMIT).await & by_http.finish(LIMIT).await;
    verdict.promise(done, format!("everything is sent within {LIMIT:?}"));

    let books = Books::at_rest(&agent, &[]).await?;
    for (name, senders, sink, receiver, exporter) in [
        ("gRPC", &by_grpc, &over_grpc, "otlp/grpc", "otlp"),
        ("HTTP", &by_http, &over_http, "otlp/http", "otlp_http"),
    ] {
        let flow = Flow { name, sent: &senders.sent, record: &sink.record, receiver, exporter };
        let (sent, record) = (&senders.sent, &sink.record);
        verdict.nothing_lost(&flow);
        verdict.all_settled(&flow, TOTAL);
        verdict.edges_agree(&books, &flow);
        let joined = record.refused.len() > PER_REQUEST;
        verdict.promise(joined, format!("{name}: the poison was in a joined batch"));
        let missing: Vec<u64> = (0..TOTAL).filter(|number| !record.accepted.contains(*number)).collect();
        verdict.promise(missing == [POISON], format!("{name}: only the poison is missing: {missing:?}"));
        let told = sent.rejected_items.load(Relaxed) == 1 && sent.acknowledged_in_part.contains(POISON);
        verdict.promise(told, format!("{name}: its sender is told of one rejected record"));
    }
    verdict.books_exact(&books, &[]);
    Ok(trial.close(verdict, agent))
}
