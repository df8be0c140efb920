//! The standard's tables: what is tried again, and what is not.

use bytes::Bytes;
use http::Response;
use prost::Message;
use tidewatch_net::grpc::Code;
use tidewatch_otlp::json::RpcStatus;
use tidewatch_otlp::proto::collector::logs::v1::{ExportLogsPartialSuccess, ExportLogsServiceResponse};
use tonic::Status;

use crate::agent::{AT_ONCE, NEVER, Tested, logs, partial};
use crate::backend::{Answer, Backend, http};

fn plain(backend: &Backend) -> String {
    format!("endpoint: '{}', tls: {{insecure: true}}", backend.address)
}

fn url(backend: &Backend) -> String {
    format!("endpoint: 'http://{}'", backend.address)
}

#[tokio::test]
async fn grpc_codes() {
    for code in 1..=16 {
        let backend = Backend::start(move |before, _| match before {
            0 => Answer::Status(Status::new(code.into(), "as asked for")),
            _ => Answer::TAKEN,
        })
        .await;
        let agent = Tested::start("otlp", &format!("{}, {AT_ONCE}", plain(&backend))).await;
        let reply = agent.send(logs(1)).await;
        let code = Code::from_number(u8::try_from(code).unwrap());
        let retryable = matches!(
            code,
            Code::Cancelled
                | Code::DeadlineExceeded
                | Code::Aborted
                | Code::OutOfRange
                | Code::Unavailable
                | Code::DataLoss
        );
        match retryable {
            true => assert_eq!((reply, backend.seen().len()), (Ok(Bytes::new()), 2), "{code}"),
            false => {
                let status = reply.unwrap_err();
                assert_eq!((status.code, backend.seen().len()), (Code::InvalidArgument, 1), "{code}");
                assert_eq!(status.message, format!("exporter `otlp`: {code}: as asked for"));
            }
        }
        agent.stop().await;
    }
}

/// `google.rpc.Status` with a `RetryInfo` of 3.5 seconds.
const RETRY_INFO: &[u8] =
    b"\x08\x08\x1a\x36\x0a\x28type.googleapis.com/google.rpc.RetryInfo\x12\x0a\x0a\x08\x08\x03\x10\x80\xca\xb5\xee\x01";

#[tokio::test]
async fn retry_info_makes_a_full_destination_worth_another_try() {
    for code in [tonic::Code::ResourceExhausted, tonic::Code::Unavailable] {
        let full = move |_: usize, _: &_| {
            Answer::Status(Status::with_details(code, "full", Bytes::from_static(RETRY_INFO)))
        };
        let backend = Backend::start(full).await;
        let agent = Tested::start("otlp", &format!("{}, {NEVER}", plain(&backend))).await;
        let status = agent.send(logs(1)).await.unwrap_err();
        assert_eq!(status.code, Code::Unavailable);
        assert_eq!(status.retry_after.unwrap().as_millis(), 3500);
        agent.stop().await;
    }
}

#[tokio::test]
async fn http_statuses() {
    for status in
        [300, 304, 400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 429, 431, 500, 501, 502, 503, 504, 505]
    {
        let backend = Backend::start(move |before, _| match before {
            0 => http(status),
            _ => Answer::TAKEN,
        })
        .await;
        let agent = Tested::start("otlp_http", &format!("{}, {AT_ONCE}", url(&backend))).await;
        let reply = agent.send(logs(1)).await;
        match [429, 502, 503, 504].contains(&status) {
            true => assert_eq!((reply, backend.seen().len()), (Ok(Bytes::new()), 2), "{status}"),
            false => {
                let told = reply.unwrap_err();
                assert_eq!((told.code, backend.seen().len()), (Code::InvalidArgument, 1), "{status}");
                assert!(told.message.starts_with(&format!("exporter `otlp_http`: HTTP {status}")), "{told}");
            }
        }
        agent.stop().await;
    }
}

#[tokio::test]
async fn retry_after_is_honoured() {
    for status in [429, 503] {
        let later = move |_: usize, _: &_| {
            let response = Response::builder().status(status).header("retry-after", "9");
            Answer::Http(response.body(Bytes::new()).unwrap())
        };
        let backend = Backend::start(later).await;
        let agent = Tested::start("otlp_http", &format!("{}, {NEVER}", url(&backend))).await;
        let told = agent.send(logs(1)).await.unwrap_err();
        assert_eq!((told.code, told.retry_after.unwrap().as_secs()), (Code::Unavailable, 9));
        agent.stop().await;
    }
}

#[tokio::test]
async fn redirects_that_would_lose_the_body_are_refusals() {
    let found = |_: usize, _: &_| {
        let response = Response::builder().status(302).header("location", "/elsewhere");
        Answer::Http(response.body(Bytes::new()).unwrap())
    };
    let backend = Backend::start(found).await;
    let agent = Tested::start("otlp_http", &url(&backend)).await;
    assert_eq!(agent.send(logs(1)).await.unwrap_err().message, "exporter `otlp_http`: HTTP 302 Found");
    assert_eq!(backend.seen().len(), 1);
    agent.stop().await;
}

#[tokio::test]
async fn what_a_destination_says_is_handed_on() {
    let status = RpcStatus { code: 3, message: "no such tenant".to_owned() };
    for (content_type, body) in [
        ("application/x-protobuf", status.encode_to_vec()),
        ("application/json", status.to_json()),
        ("text/plain", b"no such tenant\n".to_vec()),
    ] {
        let refuse = move |_: usize, _: &_| {
            let response = Response::builder().status(403).header("content-type", content_type);
            Answer::Http(response.body(body.clone().into()).unwrap())
        };
        let backend = Backend::start(refuse).await;
        let agent = Tested::start("otlp_http", &url(&backend)).await;
        let told = agent.send(logs(1)).await.unwrap_err();
        assert_eq!(
            told.message, "exporter `otlp_http`: HTTP 403 Forbidden: no such tenant",
            "{content_type}"
        );
        agent.stop().await;
    }
}

fn response(rejected_log_records: i64, error_message: &str) -> Vec<u8> {
    let told = ExportLogsPartialSuccess { rejected_log_records, error_message: error_message.to_owned() };
    ExportLogsServiceResponse { partial_success: Some(told) }.encode_to_vec()
}

#[tokio::test]
async fn partial_success_is_counted_as_rejected_and_handed_on() {
    let json = br#"{"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"too old"}}"#;
    for (kind, as_json) in [("otlp", false), ("otlp_http", false), ("otlp_http", true)] {
        let backend = Backend::start(move |_, _| match as_json {
            false => Answer::Success(response(3, "too old")),
            true => {
                let response = Response::builder().header("content-type", "application/json");
                Answer::Http(response.body(Bytes::from_static(json)).unwrap())
            }
        })
        .await;
        let keys = if kind == "otlp" { plain(&backend) } else { url(&backend) };
        let agent = Tested::start(kind, &keys).await;
        let reply = agent.send(logs(10)).await.unwrap();
        assert_eq!(partial(&reply), (3, format!("exporter `{kind}`: too old")));
        let label = format!("{{exporter=\"{kind}\"}}");
        assert_eq!(agent.metric(&format!("otelcol_exporter_sent_log_records{label}")), 7);
        assert_eq!(agent.metric(&format!("otelcol_exporter_send_failed_log_records{label}")), 3);
        assert_eq!(backend.seen().len(), 1);
        agent.stop().await;
    }
}

#[tokio::test]
async fn a_warning_rejects_nothing() {
    let backend = Backend::start(|_, _| Answer::Success(response(0, "you send too often"))).await;
    let agent = Tested::start("otlp", &plain(&backend)).await;
    assert_eq!(agent.send(logs(10)).await, Ok(Bytes::new()));
    agent.stop().await;
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_has_its_status_at_least() {
    for (status, body, taken) in [
        (200, vec![b'x'; 5 << 20], true),
        (200, b"\xff\xff".to_vec(), true),
        (403, vec![b'x'; 5 << 20], false),
    ] {
        let strange = move |_: usize, _: &_| {
            Answer::Http(Response::builder().status(status).body(body.clone().into()).unwrap())
        };
        let backend = Backend::start(strange).await;
        let agent = Tested::start("otlp_http", &url(&backend)).await;
        assert_eq!(agent.send(logs(1)).await.is_ok(), taken);
        assert_eq!(backend.seen().len(), 1);
        agent.stop().await;
    }
}
