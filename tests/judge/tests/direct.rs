//! The judge's own honesty: its senders against its sinks, with no agent between them.

use std::{sync::atomic::Ordering::Relaxed, time::Duration};
use tidewatch_judge::{
    protocol::Protocol,
    sender::{Plan, Senders},
    sink::{Answer, Record, Script, Sink, kind, unkind},
    verdict::{Flow, Verdict},
};

const TOTAL: u64 = 20_000;

fn plan(protocol: Protocol, sink: &Sink) -> Plan {
    Plan {
        protocol,
        address: sink.address,
        numbers: 0..TOTAL,
        per_request: 10,
        connections: 4,
        in_flight: 4,
        deadline: Duration::from_secs(10),
        rate: None,
    }
}

async fn sink(script: Script) -> Sink {
    Sink::start(Record::new(TOTAL, 10), script).await.expect("a free port")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_sink_gets_everything_once() {
    for protocol in [Protocol::Grpc, Protocol::Http] {
        let sink = sink(kind()).await;
        let mut senders = Senders::start(&plan(protocol, &sink)).unwrap();
        assert!(senders.finish(Duration::from_secs(60)).await);
        assert_eq!(senders.sent.acknowledged.len(), TOTAL);
        assert_eq!(sink.record.accepted.len(), TOTAL);
        assert!(sink.record.repeated.is_empty());
        assert_eq!(sink.record.reordered.load(Relaxed), 0);
        assert_eq!(sink.record.heard_items(), TOTAL);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unkind_sink_loses_nothing_it_acknowledged() {
    for protocol in [Protocol::Grpc, Protocol::Http] {
        let mut sink = sink(unkind(protocol, 7)).await;
        let mut senders = Senders::start(&plan(protocol, &sink)).unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        sink.down().await;
        tokio::time::sleep(Duration::from_millis(400)).await;
        sink.up().await.unwrap();
        assert!(senders.finish(Duration::from_secs(60)).await);
        let (sent, record) = (&*senders.sent, &*sink.record);
        let mut verdict = Verdict::new("direct");
        let flow = Flow { name: "direct", sent, record, receiver: "", exporter: "" };
        verdict.nothing_lost(&flow);
        verdict.all_settled(&flow, TOTAL);
        assert!(verdict.is_good(), "{verdict}");
        assert!(!sent.refused.is_empty(), "some statuses refuse for good");
        assert!(!record.unheard.is_empty(), "some answers were cut");
        assert_eq!(sent.acknowledged_items.load(Relaxed), record.heard_items());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_early_acknowledgement_is_found_out() {
    let sink = sink(std::sync::Arc::new(|arrival| match arrival.numbers {
        [first, ..] if *first == 500 => Answer::Refuse { code: 3, retry_after: None },
        _ => Answer::Accept,
    }))
    .await;
    let mut senders = Senders::start(&plan(Protocol::Grpc, &sink)).unwrap();
    assert!(senders.finish(Duration::from_secs(60)).await);
    // As if an agent in between had said yes before the sink said no.
    senders.sent.acknowledged.extend(500..510);
    let mut verdict = Verdict::new("direct");
    verdict.nothing_lost(&Flow {
        name: "direct",
        sent: &senders.sent,
        record: &sink.record,
        receiver: "",
        exporter: "",
    });
    assert!(verdict.to_string().contains("acknowledged and lost: 10, such as 500 to 509"), "{verdict}");
}
