//! The keys of `protocols.grpc.keepalive`.

use std::time::Duration;

use h2::{Ping, PingPong, Reason};
use tidewatch_net::grpc::ChannelOptions;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::agent::{Setup, Tested};
use crate::clients::{LONG, export, logs, refusal};

async fn with(keepalive: &str) -> Tested {
    Setup { grpc: &format!("keepalive: {{{keepalive}}}"), exporter: "answer: hang", ..Setup::default() }
        .start()
        .await
}

/// A connection without a call, its pings, and how it ends.
async fn idle(agent: &Tested) -> (PingPong, JoinHandle<Result<(), h2::Error>>) {
    let stream = TcpStream::connect(&agent.grpc).await.unwrap();
    let (sender, mut connection) = h2::client::handshake(stream).await.unwrap();
    let pings = connection.ping_pong().unwrap();
    let driving = tokio::spawn(async move {
        let _sender = sender;
        connection.await
    });
    (pings, driving)
}

#[tokio::test]
async fn max_connection_idle_and_max_connection_age_end_connections() {
    for key in ["max_connection_idle", "max_connection_age"] {
        let agent = with(&format!("server_parameters: {{{key}: 50ms}}")).await;
        let (_, ended) = idle(&agent).await;
        timeout(LONG, ended).await.unwrap().unwrap().unwrap();
        agent.stop().await;
    }
}

#[tokio::test]
async fn max_connection_age_grace_ends_calls() {
    let agent = with("server_parameters: {max_connection_age: 50ms, max_connection_age_grace: 50ms}").await;
    refusal(&agent.channel(), logs(1)).await;
    agent.stop().await;
}

#[tokio::test]
async fn time_and_timeout_find_out_who_is_gone() {
    let agent = with("server_parameters: {time: 50ms, timeout: 50ms}").await;
    let mut silent = TcpStream::connect(&agent.grpc).await.unwrap();
    // Preface and settings, then nothing more, not even for a ping.
    silent.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    let mut rest = Vec::new();
    timeout(LONG, silent.read_to_end(&mut rest)).await.unwrap().ok();
    // Who answers pings stays.
    let channel = agent.channel_with(ChannelOptions::default());
    let call = tokio::spawn(async move { export(&channel, logs(1)).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!call.is_finished());
    call.abort();
    agent.stop().await;
}

/// Pings ten times; true if the connection has survived that.
async fn pings(agent: &Tested) -> Result<(), h2::Error> {
    let (mut pings, driving) = idle(agent).await;
    for _ in 0..10 {
        if pings.ping(Ping::opaque()).await.is_err() {
            return timeout(LONG, driving).await.unwrap().unwrap();
        }
    }
    Ok(())
}

#[tokio::test]
async fn min_time_and_permit_without_stream_say_how_often_clients_may_ping() {
    for (policy, allowed) in [
        ("", false),
        ("enforcement_policy: {min_time: 0s}", false),
        ("enforcement_policy: {min_time: 1h, permit_without_stream: true}", false),
        ("enforcement_policy: {min_time: 0s, permit_without_stream: true}", true),
    ] {
        let agent = with(policy).await;
        match pings(&agent).await {
            Ok(()) => assert!(allowed, "{policy}"),
            Err(error) => {
                assert!(!allowed, "{policy}: {error}");
                assert_eq!(error.reason(), Some(Reason::ENHANCE_YOUR_CALM), "{policy}");
            }
        }
        agent.stop().await;
    }
}
