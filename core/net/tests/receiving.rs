//! What all connections together may hold of unfinished messages and bodies.

mod common;
mod web;

use std::time::Duration;

use bytes::Bytes;
use common::{Echo, echo, eventually};
use h2::SendStream;
use h2::client::{ResponseFuture, SendRequest};
use http::{Request, Response, StatusCode};
use tidewatch_net::grpc::{self, ChannelOptions};
use tidewatch_net::http as web_server;
use tidewatch_net::stream::Address;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const ROOM: usize = 10_000;
const LONG: Duration = Duration::from_secs(60);

/// A call whose message says that it is large, and of which `bytes` come.
async fn begin(
    server: &common::Server,
    bytes: usize,
) -> (SendRequest<Bytes>, SendStream<Bytes>, ResponseFuture) {
    let Address::Tcp(address) = &server.address else { panic!("not TCP") };
    let stream = TcpStream::connect(address).await.unwrap();
    let (sender, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let request = Request::post("http://test/test/echo").header("content-type", "application/grpc");
    let mut sender = sender.ready().await.unwrap();
    let (response, mut stream) = sender.send_request(request.body(()).unwrap(), false).unwrap();
    let mut part = vec![0; 5 + bytes];
    part[1..5].copy_from_slice(&100_000_u32.to_be_bytes());
    stream.send_data(part.into(), false).unwrap();
    (sender, stream, response)
}

/// The answer that comes although the message is not complete, if one does.
async fn early(response: ResponseFuture) -> Option<Response<()>> {
    let answer = timeout(Duration::from_millis(50), response).await.ok()?;
    Some(answer.unwrap().map(drop))
}

#[tokio::test]
async fn messages_that_trickle_in_share_their_room() {
    let options = grpc::ServerOptions { max_receiving: ROOM, ..grpc::ServerOptions::default() };
    let server = common::start(Echo, options).await;
    let first = begin(&server, ROOM - 100).await;
    eventually(|| async {
        let (_sender, _stream, response) = begin(&server, 200).await;
        let Some(refused) = early(response).await else { return false };
        assert_eq!(refused.headers()["grpc-status"], "8");
        // RetryInfo stands among the details.
        refused.headers().contains_key("grpc-status-details-bin")
    })
    .await;
    // What comes in one frame needs no room.
    assert!(echo(&common::channel(&server, ChannelOptions::default())).await);
    drop(first);
    eventually(|| async {
        let (_sender, _stream, response) = begin(&server, 200).await;
        early(response).await.is_none()
    })
    .await;
    server.stop().await;
}

async fn half_a_body(address: &str, bytes: usize) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", 2 * bytes);
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&vec![b'x'; bytes]).await.unwrap();
    stream
}

#[tokio::test]
async fn bodies_that_trickle_in_share_their_room() {
    let options = web_server::ServerOptions { max_receiving: ROOM, ..web_server::ServerOptions::default() };
    let server = web::start(options).await;
    let first = half_a_body(&server.address, ROOM - 100).await;
    eventually(|| async {
        let mut second = half_a_body(&server.address, 200).await;
        // Both halves at once would be no half.
        tokio::time::sleep(Duration::from_millis(20)).await;
        second.write_all(&[b'x'; 200]).await.unwrap();
        let mut answer = vec![0; 1000];
        let length = timeout(LONG, second.read(&mut answer)).await.unwrap().unwrap();
        let answer = String::from_utf8_lossy(&answer[..length]).to_lowercase();
        answer.starts_with("http/1.1 503") && answer.contains("retry-after: 1")
    })
    .await;
    assert!(server.refused().contains(&StatusCode::SERVICE_UNAVAILABLE));
    let [client, _] = web::clients();
    let small = client.post(server.url("/")).body("whole").send().await.unwrap();
    assert_eq!(small.status(), StatusCode::OK);
    drop(first);
    eventually(|| async {
        let refused = server.refused().len();
        let _waiting = half_a_body(&server.address, 200).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        server.refused().len() == refused
    })
    .await;
    server.stop().await;
}
