//! What requests look like: paths, headers, compression, encoding.

use http::Version;
use tidewatch_net::compression::{Encoding, decompress};
use tidewatch_net::grpc::Code;
use tidewatch_otlp::{Request, Signal, json, testing};

use crate::agent::{Tested, logs};
use crate::backend::{Answer, Backend, Seen};

fn every_signal() -> [(Signal, bytes::Bytes); 3] {
    [
        (Signal::Traces, Request::encode_traces(&testing::realistic_traces(20)).into_bytes()),
        (Signal::Metrics, Request::encode_metrics(&testing::realistic_metrics(20)).into_bytes()),
        (Signal::Logs, logs(20)),
    ]
}

/// What a destination of `kind` sees of one request.
async fn seen(kind: &str, keys: &str, signal: Signal, message: bytes::Bytes) -> Seen {
    let backend = Backend::start(|_, _| Answer::TAKEN).await;
    let endpoint = match kind {
        "otlp" => format!("endpoint: '{}', tls: {{insecure: true}}", backend.address),
        _ => format!("endpoint: 'http://{}'", backend.address),
    };
    let agent = Tested::start(kind, &format!("{endpoint}, {keys}")).await;
    agent.send_as(signal, message).await.unwrap();
    agent.stop().await;
    let mut seen = backend.seen();
    assert_eq!(seen.len(), 1);
    seen.remove(0)
}

#[tokio::test]
async fn grpc_in_every_compression() {
    for (keys, encoding) in [
        ("", "gzip"),
        ("compression: gzip", "gzip"),
        ("compression: zstd", "zstd"),
        ("compression: none", ""),
    ] {
        for (signal, message) in every_signal() {
            let seen = seen("otlp", keys, signal, message.clone()).await;
            assert_eq!(seen.uri.path(), signal.grpc_path());
            assert_eq!(seen.headers.get("grpc-encoding").map_or("", |name| name.to_str().unwrap()), encoding);
            assert!(seen.headers["user-agent"].to_str().unwrap().starts_with("tidewatch/"));
            assert_eq!(seen.body, message, "{keys}");
        }
    }
}

#[tokio::test]
async fn a_compression_that_the_destination_does_not_know_is_told() {
    let backend = Backend::start(|_, _| Answer::TAKEN).await;
    let keys = format!("endpoint: '{}', tls: {{insecure: true}}, compression: snappy", backend.address);
    let agent = Tested::start("otlp", &keys).await;
    let status = agent.send(logs(1)).await.unwrap_err();
    assert_eq!(status.code, Code::InvalidArgument);
    assert!(status.message.starts_with("exporter `otlp`: UNIMPLEMENTED"), "{status}");
    agent.stop().await;
}

#[tokio::test]
async fn http_in_every_compression_and_encoding() {
    for (compression, encoding) in [
        ("", Encoding::Gzip),
        ("compression: none,", Encoding::Identity),
        ("compression: gzip,", Encoding::Gzip),
        ("compression: gzip, compression_params: {level: 9},", Encoding::Gzip),
        ("compression: zstd,", Encoding::Zstd),
        ("compression: deflate,", Encoding::Deflate),
        ("compression: snappy,", Encoding::Snappy),
    ] {
        for (name, content_type) in [("proto", "application/x-protobuf"), ("json", "application/json")] {
            for (signal, message) in every_signal() {
                let keys = format!("{compression} encoding: {name}");
                let seen = seen("otlp_http", &keys, signal, message.clone()).await;
                assert_eq!((seen.uri.path(), seen.version), (signal.http_path(), Version::HTTP_11));
                assert_eq!(seen.headers["content-type"], content_type);
                let named = seen.headers.get("content-encoding").map_or(&b""[..], |name| name.as_bytes());
                assert_eq!(Encoding::from_name(named), Some(encoding), "{keys}");
                let body = decompress(encoding, &seen.body, 1 << 20).unwrap();
                let wire = if name == "json" { json::decode(signal, &body).unwrap() } else { body.to_vec() };
                let again = Request::check(signal, wire.into()).unwrap().request;
                let sent = Request::check(signal, message).unwrap().request;
                assert_eq!(again.canonical(), sent.canonical(), "{keys}");
            }
        }
    }
}

#[tokio::test]
async fn headers_and_authority() {
    let keys = "headers: {x-tenant: acme, x-token: hunter2}";
    for kind in ["otlp", "otlp_http"] {
        let seen = seen(kind, keys, Signal::Logs, logs(1)).await;
        assert_eq!(
            (&seen.headers["x-tenant"], &seen.headers["x-token"]),
            (&"acme".parse().unwrap(), &"hunter2".parse().unwrap())
        );
    }
    let seen = seen("otlp", "authority: 'front.example:443'", Signal::Logs, logs(1)).await;
    assert_eq!(seen.uri.authority().unwrap(), "front.example:443");
}

#[tokio::test]
async fn every_signal_may_have_its_own_url() {
    let backend = Backend::start(|_, _| Answer::TAKEN).await;
    let address = &backend.address;
    let keys = format!(
        "traces_endpoint: 'http://{address}/in/t', metrics_endpoint: 'http://{address}/in/m?tenant=a', \
         logs_endpoint: 'http://{address}/in/l'"
    );
    let agent = Tested::start("otlp_http", &keys).await;
    for (signal, message) in every_signal() {
        agent.send_as(signal, message).await.unwrap();
    }
    agent.stop().await;
    let paths: Vec<String> = backend.seen().iter().map(|seen| seen.uri.to_string()).collect();
    assert_eq!(paths, ["/in/t", "/in/m?tenant=a", "/in/l"]);

    let keys = format!("endpoint: 'http://{address}/otlp/', logs_endpoint: 'http://{address}/in/l'");
    let agent = Tested::start("otlp_http", &keys).await;
    for (signal, message) in every_signal() {
        agent.send_as(signal, message).await.unwrap();
    }
    agent.stop().await;
    let paths: Vec<String> = backend.seen().iter().skip(3).map(|seen| seen.uri.to_string()).collect();
    assert_eq!(paths, ["/otlp/v1/traces", "/otlp/v1/metrics", "/in/l"]);
}
