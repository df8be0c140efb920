//! Compressions and encodings, both over HTTP/1.1 and HTTP/2.

use tidewatch_net::compression::{Encoding, compress};
use tidewatch_net::grpc::ChannelOptions;
use tidewatch_otlp::{Signal, json};

use crate::agent::Setup;
use crate::clients::{JSON, PROTOBUF, export, logs, post, web, web_over_http2};

const ALL: [Encoding; 5] =
    [Encoding::Identity, Encoding::Gzip, Encoding::Zstd, Encoding::Deflate, Encoding::Snappy];

#[tokio::test]
async fn grpc_messages_come_in_every_compression() {
    let mut agent = Setup::default().start().await;
    let sent = logs(100);
    for encoding in ALL {
        let channel = agent.channel_with(ChannelOptions { encoding, ..ChannelOptions::default() });
        assert!(export(&channel, sent.clone()).await.is_ok(), "{encoding:?}");
        assert_eq!(agent.recorded.recv().await.unwrap().request.bytes(), &sent, "{encoding:?}");
    }
    agent.stop().await;
}

#[tokio::test]
async fn http_bodies_come_in_every_compression_and_encoding() {
    let mut agent = Setup::default().start().await;
    let sent = logs(100);
    let text = json::encode(Signal::Logs, &sent).unwrap();
    for client in [web(), web_over_http2()] {
        for (content_type, body) in
            [(PROTOBUF, &sent[..]), (JSON, &text), ("application/json; charset=utf-8", &text)]
        {
            for encoding in ALL {
                let request = client
                    .post(agent.url("/v1/logs"))
                    .header("content-type", content_type)
                    .header("content-encoding", encoding.name())
                    .body(compress(encoding, None, body).unwrap());
                let response = request.send().await.unwrap();
                assert_eq!(response.status(), 200, "{content_type} {encoding:?}");
                let passed = agent.recorded.recv().await.unwrap().request;
                assert_eq!(passed.decode_logs(), tidewatch_otlp::testing::realistic_logs(100));
            }
        }
    }
    agent.stop().await;
}

#[tokio::test]
async fn what_grows_beyond_the_limit_is_told_so() {
    let setup =
        Setup { grpc: "max_recv_msg_size_mib: 1", http: "max_request_body_size: 1MiB", ..Setup::default() };
    let agent = setup.start().await;
    let bomb = vec![0; 4 << 20];
    for encoding in [Encoding::Gzip, Encoding::Zstd, Encoding::Deflate, Encoding::Snappy] {
        let channel = agent.channel_with(ChannelOptions { encoding, ..ChannelOptions::default() });
        let status = export(&channel, bomb.clone().into()).await.unwrap_err();
        assert_eq!(status.code, tidewatch_net::grpc::Code::ResourceExhausted, "{encoding:?}");
        let request = web()
            .post(agent.url("/v1/logs"))
            .header("content-type", PROTOBUF)
            .header("content-encoding", encoding.name());
        let response = request.body(compress(encoding, None, &bomb).unwrap()).send().await.unwrap();
        assert_eq!(response.status(), 413, "{encoding:?}");
    }
    agent.stop().await;
}

#[tokio::test]
async fn published_requests_are_accepted() {
    let mut agent = Setup::default().start().await;
    for (file, signal) in [
        ("otlp_traces.json", Signal::Traces),
        ("otlp_metrics.json", Signal::Metrics),
        ("otlp_logs.json", Signal::Logs),
        ("example_trace.json", Signal::Traces),
        ("example_metrics.json", Signal::Metrics),
        ("example_logs.json", Signal::Logs),
        ("example_events.json", Signal::Logs),
    ] {
        let path = format!("{}/../tests/data/otlp/{file}", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read(path).unwrap();
        let response = post(agent.url(signal.http_path()), JSON, text.clone()).await;
        assert_eq!(
            (response.status().as_u16(), response.text().await.unwrap().as_str()),
            (200, "{}"),
            "{file}"
        );
        let passed = agent.recorded.recv().await.unwrap().request;
        assert_eq!(&passed.bytes()[..], json::decode(signal, &text).unwrap(), "{file}");
        assert!(passed.items() > 0);
    }
    agent.stop().await;
}
