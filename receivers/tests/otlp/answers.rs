//! What senders are told.

use bytes::Bytes;
use tidewatch_net::grpc::Code;
use tidewatch_otlp::{Request, Signal, testing};

use crate::agent::Setup;
use crate::clients::{JSON, PROTOBUF, export, export_with, logs, post, refusal, rpc_status, web};

#[tokio::test]
async fn empty_requests_succeed() {
    let agent = Setup::default().start().await;
    let channel = agent.channel();
    for signal in Signal::ALL {
        let reply = export_with(&channel, signal, Bytes::new(), &http::HeaderMap::new()).await;
        assert_eq!(reply, Ok(Bytes::new()));
        let response = post(agent.url(signal.http_path()), PROTOBUF, "").await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], PROTOBUF);
        assert_eq!(response.bytes().await.unwrap(), "");
        let response = post(agent.url(signal.http_path()), JSON, "{}").await;
        assert_eq!((response.status().as_u16(), response.text().await.unwrap().as_str()), (200, "{}"));
    }
    agent.stop().await;
}

#[tokio::test]
async fn every_error_over_http_is_a_status_in_the_requests_encoding() {
    let setup = Setup {
        http: "max_request_body_size: 1000, compression_algorithms: [gzip]",
        pipelines: "logs",
        ..Setup::default()
    };
    let agent = setup.start().await;
    for encoding in [PROTOBUF, JSON] {
        let body = |text: &str| Bytes::from(text.to_owned());
        let logs = || web().post(agent.url("/v1/logs")).header("content-type", encoding);
        for (what, request, status, code) in [
            ("malformed", logs().body(body("\x07{")), 400, Code::InvalidArgument),
            ("too large", logs().body(body(&"x".repeat(2000))), 413, Code::ResourceExhausted),
            (
                "a path",
                web().post(agent.url("/v1/nothing")).header("content-type", encoding),
                404,
                Code::Unimplemented,
            ),
            (
                "a signal",
                web().post(agent.url("/v1/traces")).header("content-type", encoding),
                404,
                Code::Unimplemented,
            ),
            (
                "a method",
                web().get(agent.url("/v1/logs")).header("content-type", encoding),
                405,
                Code::Unimplemented,
            ),
            ("a compression", logs().header("content-encoding", "zstd").body("x"), 415, Code::Unimplemented),
            (
                "corrupt",
                logs().header("content-encoding", "gzip").body("no gzip"),
                400,
                Code::InvalidArgument,
            ),
        ] {
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), status, "{what}");
            assert_eq!(response.headers()["content-type"], encoding, "{what}");
            let told = rpc_status(response).await;
            assert_eq!(told.code, code as i32, "{what}: {}", told.message);
            assert!(!told.message.is_empty(), "{what}");
        }
    }
    let response = web().get(agent.url("/v1/logs")).send().await.unwrap();
    assert_eq!(response.headers()["allow"], "POST");
    let response = post(agent.url("/v1/logs"), "text/plain", "hello").await;
    assert_eq!(response.status(), 415);
    assert!(rpc_status(response).await.message.contains("content type"));
    let code = |code: &str| {
        format!("tidewatch_receiver_refused_requests{{code=\"{code}\",receiver=\"otlp\",transport=\"http\"}}")
    };
    assert_eq!(agent.metric(&code("INVALID_ARGUMENT")), Some(4));
    assert_eq!(agent.metric(&code("RESOURCE_EXHAUSTED")), Some(2));
    agent.stop().await;
}

#[tokio::test]
async fn errors_over_grpc_are_the_standards() {
    let setup = Setup { grpc: "max_recv_msg_size_mib: 1", pipelines: "logs", ..Setup::default() };
    let agent = setup.start().await;
    let channel = agent.channel();
    let malformed = refusal(&channel, Bytes::from_static(b"\x07{")).await;
    assert_eq!(malformed.code, Code::InvalidArgument);
    let large = refusal(&channel, vec![0; (1 << 20) + 1].into()).await;
    assert_eq!((large.code, large.retry_after), (Code::ResourceExhausted, None));
    let traces = Request::encode_traces(&testing::realistic_traces(1)).into_bytes();
    let signal = export_with(&channel, Signal::Traces, traces, &http::HeaderMap::new()).await;
    assert_eq!(signal.unwrap_err().code, Code::Unimplemented);
    let path = "/opentelemetry.proto.collector.logs.v1.LogsService/Import".parse().unwrap();
    let headers = http::HeaderMap::new();
    let method = channel.call(&path, &headers, Bytes::new(), None);
    assert_eq!(method.await.unwrap_err().code, Code::Unimplemented);
    let code =
        "tidewatch_receiver_refused_requests{code=\"UNIMPLEMENTED\",receiver=\"otlp\",transport=\"grpc\"}";
    assert_eq!(agent.metric(code), Some(2));
    agent.stop().await;
}

#[tokio::test]
async fn refusals_say_when_to_come_back() {
    // One request hangs at the exporter and takes all the room there is.
    let exporter = "answer: hang, sending_queue: {queue_size: 1}";
    let mut agent = Setup { exporter, ..Setup::default() }.start().await;
    let channel = agent.channel();
    let hanging = tokio::spawn({
        let channel = channel.clone();
        async move { export(&channel, logs(1)).await }
    });
    agent.recorded.recv().await.unwrap();
    let status = refusal(&channel, logs(3)).await;
    assert_eq!(status.code, Code::Unavailable);
    assert!(status.message.contains("`recorder` is full"), "{status}");
    assert!(status.retry_after.is_some_and(|after| after.as_secs() >= 1));
    let response = post(agent.url("/v1/logs"), PROTOBUF, logs(4)).await;
    assert_eq!(response.status(), 503);
    assert!(response.headers()["retry-after"].to_str().unwrap().parse::<u64>().unwrap() >= 1);
    assert_eq!(rpc_status(response).await.code, Code::Unavailable as i32);
    let refused = |transport: &str| {
        agent.metric(&format!(
            "otelcol_receiver_refused_log_records{{receiver=\"otlp\",transport=\"{transport}\"}}"
        ))
    };
    assert_eq!((refused("grpc"), refused("http")), (Some(3), Some(4)));
    hanging.abort();
    agent.stop().await;
}

#[tokio::test]
async fn a_destinations_wish_is_handed_on() {
    let exporter = "answer: later, retry_on_failure: {enabled: false}";
    let agent = Setup { exporter, ..Setup::default() }.start().await;
    let status = refusal(&agent.channel(), logs(1)).await;
    assert_eq!((status.code, status.message.as_str()), (Code::Unavailable, "the destination is full"));
    assert_eq!(status.retry_after.unwrap().as_secs(), 7);
    let response =
        post(agent.url("/v1/logs"), JSON, "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{}]}]}]}");
    let response = response.await;
    assert_eq!(
        (response.status().as_u16(), &response.headers()["retry-after"]),
        (503, &"7".parse().unwrap())
    );
    agent.stop().await;
}

/// The destination's words, under the name of its exporter.
const NEVER: &str = "exporter `recorder`: the destination says never";

#[tokio::test]
async fn what_a_destination_refuses_for_good_is_not_to_be_sent_again() {
    let agent = Setup { exporter: "answer: reject", ..Setup::default() }.start().await;
    let status = refusal(&agent.channel(), logs(1)).await;
    assert_eq!((status.code, status.message.as_str()), (Code::InvalidArgument, NEVER));
    assert_eq!(status.retry_after, None);
    let response = post(agent.url("/v1/logs"), PROTOBUF, logs(1)).await;
    assert_eq!(response.status(), 400);
    assert_eq!(rpc_status(response).await.message, NEVER);
    agent.stop().await;
}

#[tokio::test]
async fn a_destinations_partial_success_is_handed_on() {
    let agent = Setup { exporter: "answer: partly", ..Setup::default() }.start().await;
    let reply = export(&agent.channel(), logs(3)).await.unwrap();
    let told = tidewatch_otlp::json::encode_response(Signal::Logs, &reply).unwrap();
    let expected =
        r#"{"partialSuccess":{"rejectedLogRecords":"1","errorMessage":"exporter `recorder`: too old"}}"#;
    assert_eq!(std::str::from_utf8(&told).unwrap(), expected);
    agent.stop().await;
}

/// Two spans, one of which has a trace id of 3 bytes.
const ONE_BAD_SPAN: &str = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[
    {"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"good"},
    {"traceId":"5b8eff","spanId":"eee19b7ec3c1b174","name":"bad"}]}]}]}"#;

#[tokio::test]
async fn items_with_bad_ids_are_rejected_alone() {
    let mut agent = Setup::default().start().await;
    let response = post(agent.url("/v1/traces"), JSON, ONE_BAD_SPAN).await;
    assert_eq!(response.status(), 200);
    let told: serde_json::Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    assert_eq!(told["partialSuccess"]["rejectedSpans"], "1");
    assert!(told["partialSuccess"]["errorMessage"].as_str().unwrap().contains("trace"), "{told}");
    let wire: Bytes = tidewatch_otlp::json::decode(Signal::Traces, ONE_BAD_SPAN.as_bytes()).unwrap().into();
    let reply = export_with(&agent.channel(), Signal::Traces, wire, &http::HeaderMap::new()).await.unwrap();
    assert!(!reply.is_empty());
    for _ in 0..2 {
        let passed = agent.recorded.recv().await.unwrap().request.decode_traces();
        let spans = &passed.resource_spans[0].scope_spans[0].spans;
        assert_eq!(spans.iter().map(|span| span.name.as_str()).collect::<Vec<_>>(), ["good"]);
    }
    agent.stop().await;
}

#[tokio::test]
async fn an_answer_stands_for_what_acknowledge_says() {
    let queued = Setup { receiver: "acknowledge: queued,", exporter: "answer: hang", ..Setup::default() };
    let agent = queued.start().await;
    assert_eq!(export(&agent.channel(), logs(1)).await, Ok(Bytes::new()));
    agent.stop().await;

    let impatient = Setup {
        receiver: "acknowledge: delivered, acknowledge_timeout: 50ms,",
        exporter: "answer: hang",
        ..Setup::default()
    };
    let agent = impatient.start().await;
    let status = refusal(&agent.channel(), logs(1)).await;
    assert_eq!((status.code, status.message.as_str()), (Code::Unavailable, "not delivered within 50ms"));
    assert!(status.retry_after.is_some());
    agent.stop().await;
}
