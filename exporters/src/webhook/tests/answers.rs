//! What answers mean.

use super::{
    super::format::tests::{alert, resolved},
    *,
};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

#[tokio::test]
async fn every_status_is_final_or_worth_another_try() {
    let receiver = Receiver::start().await;
    let exporter = build(&receiver.url, json!({}));
    for status in [200, 201, 202, 204] {
        receiver.answer(&[status]);
        assert_eq!(export(&exporter, &[alert("a")]).await, Ok(()), "{status}");
    }
    for status in [400, 401, 403, 404, 413, 422] {
        receiver.answer(&[status]);
        let error = export(&exporter, &[alert("a")]).await.unwrap_err();
        assert!(matches!(error, ExportError::Permanent { divisible: false, .. }), "{status}: {error:?}");
    }
    for (status, no) in [(408, false), (429, true), (500, false), (502, false), (503, true), (504, false)] {
        receiver.answer(&[status]);
        let error = export(&exporter, &[alert("a")]).await.unwrap_err();
        assert!(
            matches!(error, ExportError::Retryable { refused, after: None, .. } if refused == no),
            "{status}: {error:?}"
        );
        assert!(error.to_string().contains(&format!(": status {status}")), "the answer's words: {error}");
    }
}

#[tokio::test]
async fn the_receiver_says_when_to_come_back() {
    let receiver = Receiver::start().await;
    let exporter = build(&receiver.url, json!({}));
    for status in [429, 503] {
        receiver.answer_with(status, "retry-after", "17");
        let error = export(&exporter, &[alert("a")]).await.unwrap_err();
        assert!(
            matches!(error, ExportError::Retryable { after: Some(after), .. } if after == Duration::from_secs(17)),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn redirects_are_refusals() {
    let mut receiver = Receiver::start().await;
    let exporter = build(&receiver.url, json!({}));
    for status in [301, 307, 308] {
        receiver.answer_with(status, "location", "/elsewhere");
        let error = export(&exporter, &[alert("a")]).await.unwrap_err();
        assert!(matches!(error, ExportError::Permanent { .. }), "{error:?}");
        assert!(error.to_string().contains("redirects are not followed"), "{error}");
        assert_eq!(receiver.all().len(), 1);
    }
}

/// A server that reads a request, writes `answer` and closes.
async fn rude_server(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut read = vec![0; 64 << 10];
            assert!(stream.read(&mut read).await.unwrap() > 0);
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    url
}

#[tokio::test]
async fn a_connection_that_ends_early_is_worth_another_try_and_may_have_been_heard() {
    for answer in
        ["", "HTTP/1.1 5", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf", "no HTTP at all\r\n\r\n"]
    {
        let exporter = build(&rude_server(answer).await, json!({}));
        let error = export(&exporter, &[alert("a")]).await.unwrap_err();
        assert!(matches!(error, ExportError::Retryable { refused: false, .. }), "{answer:?}: {error:?}");
    }
}

#[tokio::test]
async fn errors_keep_secrets() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let exporter = build(&format!("http://me:hunter2@{address}/T123/xyz?token=abc"), json!({}));
    let error = export(&exporter, &[alert("a")]).await.unwrap_err();
    assert!(matches!(error, ExportError::Retryable { refused: true, .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.starts_with(&format!("http://{address}: cannot connect")), "{text}");
    assert!(["hunter2", "T123", "abc"].iter().all(|secret| !text.contains(secret)), "{text}");
}

#[tokio::test]
async fn a_retry_sends_only_what_has_not_arrived() {
    let mut receiver = Receiver::start().await;
    let exporter = build(&receiver.url, json!({}));
    let event = Alert { kind: tidewatch_component::AlertKind::Event, ..alert("e") };
    let alerts = [alert("a"), event.clone(), event, alert("b"), resolved(alert("a"))];
    receiver.answer(&[200, 200, 500]);
    let batch = batch(&alerts);
    assert!(exporter.export(&batch).await.is_err());
    receiver.answer(&[404, 503]);
    assert!(exporter.export(&batch).await.is_err());
    // The event that was refused is told in the end, however many tries the rest has taken.
    let exported = exporter.export(&batch).await.unwrap();
    assert_eq!(exported.rejected.map(|rejected| rejected.items), Some(1));
    let seen: Vec<_> = receiver.all().iter().map(|request| request.json()["fingerprint"].clone()).collect();
    assert_eq!(seen, ["fp-a", "fp-e", "fp-e", "fp-e", "fp-b", "fp-b", "fp-a"]);
    assert_eq!(exporter.export(&batch).await, Ok(Exported::default()));
    assert_eq!(receiver.all().len(), 5, "a new batch is new");
}

#[tokio::test]
async fn the_timeout_is_that_of_a_request_however_many_a_batch_needs() {
    let mut receiver = Receiver::start().await;
    receiver.answer_after(Duration::from_millis(100));
    let config = json!({"url": receiver.url, "timeout": "300ms"});
    let built = Webhook::build(serde_json::from_value(config).unwrap(), &context()).unwrap();
    assert!(Duration::from(built.delivery.timeout.0).is_zero(), "nothing cuts the batch off");
    let alerts: Vec<_> = (0..20).map(|index| alert(&index.to_string())).collect();
    export(&built.exporter, &alerts).await.unwrap();
    assert_eq!(receiver.all().len(), 20);
    receiver.answer_after(Duration::from_secs(60));
    let error = export(&built.exporter, &alerts).await.unwrap_err();
    assert!(
        error.to_string().ends_with("no answer within 300ms; 20 alerts of the batch are not told yet"),
        "{error}"
    );
}
