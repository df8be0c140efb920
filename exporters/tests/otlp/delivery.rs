//! Requests that are cut, tried again and waited for, from the client's call to its answer.

use bytes::Bytes;
use std::collections::BTreeSet;
use std::net::TcpListener;
use tidewatch_net::grpc::Code;
use tonic::Status;

use crate::agent::{AT_ONCE, NEVER, Tested, eventually, logs, numbers, partial};
use crate::backend::{Answer, Backend, Seen, http};

/// Keys of an exporter that goes to `address`, without compression.
fn keys(kind: &str, address: &str) -> String {
    match kind {
        "otlp" => format!("endpoint: '{address}', tls: {{insecure: true}}, compression: none"),
        _ => format!("endpoint: 'http://{address}', compression: none"),
    }
}

/// What both protocols say to requests that are too large, or have something bad in them.
fn refuse(kind: &str, too_large: bool) -> Answer {
    match (kind, too_large) {
        ("otlp", true) => Answer::Status(Status::resource_exhausted("too large")),
        ("otlp", false) => Answer::Status(Status::invalid_argument("poison")),
        (_, true) => http(413),
        (_, false) => http(400),
    }
}

fn taken(backend: &Backend, take: impl Fn(&Seen) -> bool) -> Vec<usize> {
    backend.seen().iter().filter(|seen| take(seen)).flat_map(|seen| numbers(&seen.body)).collect()
}

#[tokio::test]
async fn one_poisoned_record_takes_no_other_with_it() {
    for kind in ["otlp", "otlp_http"] {
        let poisoned = |seen: &Seen| numbers(&seen.body).contains(&42);
        let backend = Backend::start(move |_, seen| match poisoned(seen) {
            true => refuse(kind, false),
            false => Answer::TAKEN,
        })
        .await;
        let agent = Tested::start(kind, &keys(kind, &backend.address)).await;
        let reply = agent.send(logs(100)).await.unwrap();
        assert_eq!(partial(&reply).0, 1, "{kind}");
        let delivered = taken(&backend, |seen| !poisoned(seen));
        let all: BTreeSet<usize> = delivered.iter().copied().collect();
        assert_eq!((delivered.len(), all.len(), all.contains(&42)), (99, 99, false), "{kind}");
        // 100, then two halves of what holds the record, down to it alone.
        assert!(backend.seen().len() <= 15, "{}", backend.seen().len());
        let failed = format!("otelcol_exporter_send_failed_log_records{{exporter=\"{kind}\"}}");
        assert_eq!(agent.metric(&failed), 1);
        agent.stop().await;
    }
}

#[tokio::test]
async fn what_is_too_large_is_halved_until_it_fits() {
    for kind in ["otlp", "otlp_http"] {
        let fits = |seen: &Seen| numbers(&seen.body).len() <= 10;
        let backend = Backend::start(move |_, seen| match fits(seen) {
            true => Answer::TAKEN,
            false => refuse(kind, true),
        })
        .await;
        let agent = Tested::start(kind, &keys(kind, &backend.address)).await;
        assert_eq!(agent.send(logs(100)).await, Ok(Bytes::new()), "{kind}");
        let mut delivered = taken(&backend, fits);
        delivered.sort_unstable();
        assert_eq!(delivered, (0..100).collect::<Vec<_>>(), "{kind}");
        agent.stop().await;
    }
}

#[tokio::test]
async fn requests_stay_below_the_4_mib_that_servers_take() {
    for kind in ["otlp", "otlp_http"] {
        // tonic's own limit is 4 MiB.
        let backend = Backend::start(|_, _| Answer::TAKEN).await;
        let agent = Tested::start(kind, &keys(kind, &backend.address)).await;
        let large = logs(40_000);
        assert!(large.len() > 8 << 20, "{}", large.len());
        assert_eq!(agent.send(large).await, Ok(Bytes::new()), "{kind}");
        assert!(backend.seen().iter().all(|seen| seen.body.len() <= 4 << 20));
        let mut delivered = taken(&backend, |_| true);
        delivered.sort_unstable();
        assert_eq!(delivered, (0..40_000).collect::<Vec<_>>(), "{kind}");
        agent.stop().await;
    }
}

#[tokio::test]
async fn failures_that_pass_are_tried_again_until_they_have_passed() {
    for kind in ["otlp", "otlp_http"] {
        let backend = Backend::start(move |before, _| match (before, kind) {
            (0..5, "otlp") => Answer::Status(Status::unavailable("not yet")),
            (0..5, _) => http(503),
            _ => Answer::TAKEN,
        })
        .await;
        let keys = format!("{}, {AT_ONCE}", keys(kind, &backend.address));
        let agent = Tested::start(kind, &keys).await;
        assert_eq!(agent.send(logs(10)).await, Ok(Bytes::new()), "{kind}");
        let seen = backend.seen();
        assert_eq!(seen.len(), 6, "{kind}");
        assert!(seen.iter().all(|seen| seen.body == logs(10)));
        let sent = format!("otelcol_exporter_sent_log_records{{exporter=\"{kind}\"}}");
        assert_eq!(agent.metric(&sent), 10);
        agent.stop().await;
    }
}

#[tokio::test]
async fn a_destination_that_is_away_is_waited_for() {
    for kind in ["otlp", "otlp_http"] {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let agent = Tested::start(kind, &format!("{}, {AT_ONCE}", keys(kind, &address))).await;
        let late = async {
            eventually(|| async { agent.running.health().degraded.iter().any(|(id, _)| id == kind) }).await;
            Backend::start_at(&address, None, |_, _| Answer::TAKEN).await
        };
        let (reply, backend) = tokio::join!(agent.send(logs(10)), late);
        assert_eq!(reply, Ok(Bytes::new()), "{kind}");
        assert_eq!(taken(&backend, |_| true).len(), 10, "{kind}");
        assert!(agent.running.health().degraded.is_empty());
        agent.stop().await;
    }
}

#[tokio::test]
async fn who_is_not_to_wait_learns_of_the_failure() {
    for kind in ["otlp", "otlp_http"] {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let agent = Tested::start(kind, &format!("{}, {NEVER}", keys(kind, &address))).await;
        let status = agent.send(logs(10)).await.unwrap_err();
        assert_eq!(status.code, Code::Unavailable, "{kind}: {status}");
        assert!(status.message.contains("connect"), "{kind}: {status}");
        agent.stop().await;
    }
}

#[tokio::test]
async fn a_destination_that_does_not_answer_is_given_up_in_time() {
    for kind in ["otlp", "otlp_http"] {
        let backend =
            Backend::start(|before, _| if before == 0 { Answer::Hang } else { Answer::TAKEN }).await;
        let keys = format!("{}, {AT_ONCE}, timeout: 100ms", keys(kind, &backend.address));
        let agent = Tested::start(kind, &keys).await;
        assert_eq!(agent.send(logs(10)).await, Ok(Bytes::new()), "{kind}");
        assert_eq!(backend.seen().len(), 2, "{kind}");
        agent.stop().await;
    }
}
