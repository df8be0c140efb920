//! Our server against our client.

mod common;

use std::time::Duration;

use bytes::Bytes;
use common::{Echo, call, channel, echo, start};
use http::HeaderMap;
use tidewatch_net::AcceptOptions;
use tidewatch_net::compression::Encoding;
use tidewatch_net::grpc::{ChannelOptions, Code, ServerOptions};

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_all_sizes_come_back_in_every_encoding() {
    let options = ServerOptions { max_message: 12 << 20, ..ServerOptions::default() };
    let server = start(Echo, options).await;
    for encoding in [Encoding::Identity, Encoding::Gzip, Encoding::Deflate, Encoding::Zstd, Encoding::Snappy]
    {
        let options = ChannelOptions { encoding, max_message: 12 << 20, ..ChannelOptions::default() };
        let channel = channel(&server, options);
        for size in [0, 1, 2047, 2048, 65_535, 65_536, 1 << 20, 10 << 20] {
            let message: Bytes = (0..size).map(|i: u32| (i / 3) as u8).collect();
            assert_eq!(
                call(&channel, "/test/echo", message.clone()).await,
                Ok(message),
                "{encoding:?} {size}"
            );
        }
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_calls_at_once() {
    let server = start(Echo, ServerOptions { max_concurrent_streams: 50, ..ServerOptions::default() }).await;
    let channel = channel(&server, ChannelOptions::default());
    let calls = (0..1000_u32).map(|i| {
        let channel = channel.clone();
        tokio::spawn(async move {
            let message = Bytes::copy_from_slice(&i.to_be_bytes());
            assert_eq!(call(&channel, "/test/echo", message.clone()).await, Ok(message));
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
    server.stop().await;
}

#[tokio::test]
async fn statuses_arrive_with_their_details() {
    let server = start(Echo, ServerOptions::default()).await;
    let channel = channel(&server, ChannelOptions::default());
    let status = call(&channel, "/test/fail", Bytes::new()).await.unwrap_err();
    assert_eq!(status.code, Code::Unavailable);
    assert_eq!(status.message, "full: 100 %, später");
    assert_eq!(status.retry_after, Some(Duration::from_millis(2500)));
    let status = call(&channel, "/test/nothing", Bytes::new()).await.unwrap_err();
    assert_eq!(status.code, Code::Unimplemented);
    let status = call(&channel, "/test/panic", Bytes::new()).await.unwrap_err();
    assert_eq!(status.code, Code::Internal);
    // And the connection is still good.
    assert_eq!(call(&channel, "/test/echo", Bytes::from_static(b"x")).await, Ok(Bytes::from_static(b"x")));
    server.stop().await;
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_and_after_decompression() {
    let server = start(Echo, ServerOptions { max_message: 10_000, ..ServerOptions::default() }).await;
    for encoding in [Encoding::Identity, Encoding::Gzip, Encoding::Zstd, Encoding::Snappy] {
        let channel = channel(&server, ChannelOptions { encoding, ..ChannelOptions::default() });
        let exact = Bytes::from(vec![0; 10_000]);
        assert_eq!(call(&channel, "/test/echo", exact.clone()).await, Ok(exact));
        let larger = Bytes::from(vec![0; 10_001]);
        let status = call(&channel, "/test/echo", larger).await.unwrap_err();
        assert_eq!(status.code, Code::ResourceExhausted, "{encoding:?}: {status}");
    }
    let small = channel(&server, ChannelOptions { max_message: 10, ..ChannelOptions::default() });
    let status = call(&small, "/test/echo", Bytes::from(vec![0; 11])).await.unwrap_err();
    assert_eq!(status.code, Code::ResourceExhausted);
    assert_eq!(server.refused().len(), 4);
    server.stop().await;
}

#[tokio::test]
async fn a_deadline_passes_on_both_sides() {
    let server = start(Echo, ServerOptions::default()).await;
    let channel = channel(&server, ChannelOptions::default());
    let timeout = Some(Duration::from_millis(50));
    let reply = channel.call(&"/test/hang".parse().unwrap(), &HeaderMap::new(), Bytes::new(), timeout).await;
    assert_eq!(reply.unwrap_err().code, Code::DeadlineExceeded);
    // A caller that says so, but waits longer itself, hears it from the server.
    let mut headers = HeaderMap::new();
    headers.insert("grpc-timeout", "50m".parse().unwrap());
    let status =
        channel.call(&"/test/hang".parse().unwrap(), &headers, Bytes::new(), None).await.unwrap_err();
    assert_eq!((status.code, status.message.as_str()), (Code::DeadlineExceeded, "no answer within 50ms"));
    server.hung_up(2).await;
    server.stop().await;
}

#[tokio::test]
async fn a_call_that_is_dropped_is_dropped_in_the_service() {
    let server = start(Echo, ServerOptions::default()).await;
    let channel = channel(&server, ChannelOptions::default());
    let calling = channel.clone();
    let hanging = tokio::spawn(async move { call(&calling, "/test/hang", Bytes::new()).await });
    server.begun(1).await;
    hanging.abort();
    server.hung_up(1).await;
    assert!(echo(&channel).await);
    server.stop().await;
}

#[tokio::test]
async fn a_server_that_comes_back_is_found_again() {
    let server = start(Echo, ServerOptions::default()).await;
    let address = server.address.clone();
    let channel = channel(&server, ChannelOptions::default());
    assert!(echo(&channel).await);
    server.stop().await;
    let status = call(&channel, "/test/echo", Bytes::new()).await.unwrap_err();
    assert_eq!(status.code, Code::Unavailable, "{status}");
    let server = common::start_at(&address, Echo, ServerOptions::default()).await;
    common::eventually(|| echo(&channel)).await;
    server.stop().await;
}

#[tokio::test]
async fn shutdown_lets_open_calls_finish() {
    let server = start(Echo, ServerOptions::default()).await;
    let channel = channel(&server, ChannelOptions::default());
    let calling = channel.clone();
    let waiting =
        tokio::spawn(async move { call(&calling, "/test/wait", Bytes::from_static(b"late")).await });
    server.begun(1).await;
    let release = server.release();
    let stopping = tokio::spawn(server.stop());
    // The listener is gone at once, the call is not.
    common::eventually(|| async { call(&channel, "/test/echo", Bytes::new()).await.is_err() }).await;
    assert!(!stopping.is_finished());
    release.notify_one();
    assert_eq!(waiting.await.unwrap(), Ok(Bytes::from_static(b"late")));
    stopping.await.unwrap();
}

#[tokio::test]
async fn shutdown_has_a_deadline() {
    let accept = AcceptOptions { drain_timeout: Duration::from_millis(50), ..AcceptOptions::default() };
    let options = ServerOptions { accept, ..ServerOptions::default() };
    let server = start(Echo, options).await;
    let channel = channel(&server, ChannelOptions::default());
    let hanging = tokio::spawn(async move { call(&channel, "/test/hang", Bytes::new()).await });
    server.begun(1).await;
    server.stop().await;
    let status = hanging.await.unwrap().unwrap_err();
    assert_eq!(status.code, Code::Unavailable, "{status}");
}
