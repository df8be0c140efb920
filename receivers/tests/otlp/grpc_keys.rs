//! Every key of `protocols.grpc`, but for those of `keepalive`, `tls` and `auth`.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use h2::SendStream;
use h2::client::{ResponseFuture, SendRequest};
use http::HeaderMap;
use tidewatch_net::grpc::{Channel, ChannelOptions, Code};
use tidewatch_net::stream::Address;
use tidewatch_otlp::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::agent::{Setup, Tested, build};
use crate::clients::{eventually, export, export_with, large, logs, refusal};

#[tokio::test]
async fn endpoint() {
    let agent = Setup::default().start().await;
    assert!(export(&agent.channel(), logs(1)).await.is_ok());
    let grpc = format!("endpoint: '{}'", agent.grpc);
    let yaml = format!(
        "{{receivers: {{otlp: {{protocols: {{grpc: {{{grpc}}}}}}}}}, exporters: {{recorder: {{test: none}}}},
          service: {{pipelines: {{main: {{receivers: [otlp], exporters: [recorder]}}}}}}}}"
    );
    let taken = build(&yaml).unwrap().start().await.map(drop).unwrap_err();
    assert!(taken.to_string().contains(&format!("cannot listen on {}", agent.grpc)), "{taken}");
    agent.stop().await;
}

#[tokio::test]
async fn transport() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("otlp.sock");
    let grpc = format!("transport: unix, endpoint: '{}'", path.display());
    let agent = Setup { grpc: &grpc, ..Setup::default() }.start().await;
    let channel = Channel::new(&Address::Unix(path), ChannelOptions::default()).unwrap();
    assert_eq!(export(&channel, logs(1)).await, Ok(Bytes::new()));
    agent.stop().await;
}

#[tokio::test]
async fn max_recv_msg_size_mib() {
    for (grpc, taken, refused) in [("", 19 << 20, 21 << 20), ("max_recv_msg_size_mib: 4", 3 << 20, 5 << 20)] {
        let agent = Setup { grpc, ..Setup::default() }.start().await;
        let channel = agent.channel();
        assert_eq!(export(&channel, large(taken)).await, Ok(Bytes::new()));
        assert_eq!(refusal(&channel, large(refused)).await.code, Code::ResourceExhausted);
        agent.stop().await;
    }
}

/// A call that has sent 900 KiB of 1 MiB, as long as it is held.
async fn most_of_a_message(agent: &Tested) -> (SendRequest<Bytes>, SendStream<Bytes>, ResponseFuture) {
    let stream = TcpStream::connect(&agent.grpc).await.unwrap();
    let (sender, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::post(format!("http://test{}", Signal::Logs.grpc_path()));
    let request = request.header("content-type", "application/grpc").body(()).unwrap();
    let mut sender = sender.ready().await.unwrap();
    let (response, mut message) = sender.send_request(request, false).unwrap();
    let mut most = vec![0; 900 << 10];
    most[1..5].copy_from_slice(&(1_u32 << 20).to_be_bytes());
    message.send_data(most.into(), false).unwrap();
    (sender, message, response)
}

#[tokio::test]
async fn max_receiving_size() {
    let grpc = "max_recv_msg_size_mib: 1, max_receiving_size: 1MiB";
    let agent = Setup { grpc, ..Setup::default() }.start().await;
    let channel = agent.channel();
    eventually(|| async {
        // Whichever of the two comes last is refused.
        let _held = most_of_a_message(&agent).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        let Err(status) = export(&channel, large(500 << 10)).await else { return false };
        assert_eq!(status.code, Code::ResourceExhausted);
        assert!(status.retry_after.is_some());
        export(&channel, logs(10)).await.is_ok()
    })
    .await;
    eventually(|| async { export(&channel, large(500 << 10)).await.is_ok() }).await;
    agent.stop().await;
}

/// The settings that a server begins with, by their numbers.
async fn settings(address: &str) -> HashMap<u16, u32> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    let mut head = [0; 9];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(head[3], 4, "the first frame is SETTINGS");
    let mut body = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
    stream.read_exact(&mut body).await.unwrap();
    let setting = |entry: &[u8]| {
        let (number, value) = entry.split_at(2);
        (u16::from_be_bytes(number.try_into().unwrap()), u32::from_be_bytes(value.try_into().unwrap()))
    };
    body.chunks_exact(6).map(setting).collect()
}

const MAX_CONCURRENT_STREAMS: u16 = 3;
const MAX_FRAME_SIZE: u16 = 5;

#[tokio::test]
async fn max_concurrent_streams() {
    for (grpc, streams) in [("", 1024), ("max_concurrent_streams: 7", 7)] {
        let agent = Setup { grpc, ..Setup::default() }.start().await;
        assert_eq!(settings(&agent.grpc).await[&MAX_CONCURRENT_STREAMS], streams);
        agent.stop().await;
    }
}

#[tokio::test]
async fn read_buffer_size() {
    for (grpc, size) in [("", 128 << 10), ("read_buffer_size: 524288", 512 << 10)] {
        let agent = Setup { grpc, ..Setup::default() }.start().await;
        assert_eq!(settings(&agent.grpc).await[&MAX_FRAME_SIZE], size);
        agent.stop().await;
    }
}

#[tokio::test]
async fn max_connections() {
    let agent = Setup { grpc: "max_connections: 1", ..Setup::default() }.start().await;
    let first = agent.channel();
    assert!(export(&first, logs(1)).await.is_ok());
    let second = agent.channel();
    let waiting = tokio::spawn(async move { export(&second, logs(1)).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!waiting.is_finished());
    drop(first);
    assert!(waiting.await.unwrap().is_ok());
    agent.stop().await;
}

#[tokio::test]
async fn include_metadata() {
    let mut headers = HeaderMap::new();
    headers.append("x-tenant", "acme".parse().unwrap());
    headers.append("x-tenant", "other".parse().unwrap());
    for (grpc, seen) in
        [("", None), ("include_metadata: true", Some(vec!["acme".to_owned(), "other".to_owned()]))]
    {
        let mut agent = Setup { grpc, ..Setup::default() }.start().await;
        export_with(&agent.channel(), Signal::Logs, logs(1), &headers).await.unwrap();
        assert_eq!(agent.recorded.recv().await.unwrap().metadata.get("x-tenant").cloned(), seen);
        agent.stop().await;
    }
}
