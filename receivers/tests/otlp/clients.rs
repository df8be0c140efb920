//! What tests send, and how.

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use prost::Message;
use tidewatch_net::grpc::{Channel, Reply, Status};
use tidewatch_net::tls::TlsClientConfig;
use tidewatch_otlp::json::RpcStatus;
use tidewatch_otlp::{Request, Signal, testing};
use tokio::time::{sleep, timeout};

/// Nothing here takes that long, unless it is broken.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// A logs request of so many records of about 250 bytes.
pub(crate) fn logs(records: usize) -> Bytes {
    Request::encode_logs(&testing::realistic_logs(records)).into_bytes()
}

/// A logs request of at least so many bytes.
pub(crate) fn large(bytes: usize) -> Bytes {
    let mut message = testing::realistic_logs(1);
    message.resource_logs[0].schema_url = "x".repeat(bytes);
    Request::encode_logs(&message).into_bytes()
}

pub(crate) async fn export(channel: &Channel, message: Bytes) -> Reply {
    export_with(channel, Signal::Logs, message, &HeaderMap::new()).await
}

pub(crate) async fn export_with(
    channel: &Channel,
    signal: Signal,
    message: Bytes,
    headers: &HeaderMap,
) -> Reply {
    channel.call(&signal.grpc_path().parse().unwrap(), headers, message, Some(LONG)).await
}

/// The status of a call that has to fail.
pub(crate) async fn refusal(channel: &Channel, message: Bytes) -> Status {
    export(channel, message).await.unwrap_err()
}

fn builder() -> reqwest::ClientBuilder {
    // reqwest wants a TLS configuration even where none is spoken.
    let tls = TlsClientConfig::default().build(&[]).unwrap();
    reqwest::Client::builder().no_proxy().tls_backend_preconfigured((*tls).clone())
}

pub(crate) fn web() -> reqwest::Client {
    builder().build().unwrap()
}

pub(crate) fn web_over_http2() -> reqwest::Client {
    builder().http2_prior_knowledge().build().unwrap()
}

/// Over TLS.
pub(crate) fn web_with(tls: &TlsClientConfig) -> reqwest::Client {
    let tls = tls.build(&["h2", "http/1.1"]).unwrap();
    reqwest::Client::builder().no_proxy().tls_backend_preconfigured((*tls).clone()).build().unwrap()
}

pub(crate) async fn post(
    url: String,
    content_type: &str,
    body: impl Into<reqwest::Body>,
) -> reqwest::Response {
    web().post(url).header("content-type", content_type).body(body).send().await.unwrap()
}

pub(crate) const PROTOBUF: &str = "application/x-protobuf";
pub(crate) const JSON: &str = "application/json";

/// The `google.rpc.Status` of an answer, in the encoding that its content type names.
pub(crate) async fn rpc_status(response: reqwest::Response) -> RpcStatus {
    let content_type = response.headers()["content-type"].to_str().unwrap().to_owned();
    let body = response.bytes().await.unwrap();
    match content_type.as_str() {
        PROTOBUF => RpcStatus::decode(body).unwrap(),
        JSON => RpcStatus::from_json(&body).unwrap(),
        other => panic!("a status as {other}"),
    }
}

/// Tries until it is true.
pub(crate) async fn eventually<F: Future<Output = bool>>(mut check: impl FnMut() -> F) {
    let trying = async {
        while !check().await {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(LONG, trying).await.expect("it never became true");
}
