//! Slow-loris: clients that take for ever over a request.

use super::Target;
use crate::Result;
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

/// What HTTP/2 opens with, then an empty SETTINGS frame.
pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// A client that means business, except that it never comes to the end of its headers.
const HEADERS: &[u8] = b"POST /v1/logs HTTP/1.1\r\nhost: localhost\r\n";
/// One that announces a body.
const BODY: &[u8] = b"POST /v1/logs HTTP/1.1\r\nhost: localhost\r\n\
    content-type: application/x-protobuf\r\ncontent-length: 100000\r\n\r\n";

const BETWEEN_BYTES: Duration = Duration::from_millis(500);

/// Slow clients at work, until dropped.
pub struct Slow {
    clients: JoinSet<()>,
    closed: Arc<AtomicUsize>,
    opened: usize,
}

impl Slow {
    /// Opens `each` connections of every kind: headers that trickle, a body that trickles, HTTP/2 without a
    /// request on both ports, and nothing at all.
    ///
    /// # Errors
    /// When the agent takes no connection.
    pub async fn start(target: Target, each: usize) -> Result<Self> {
        let kinds: [(SocketAddr, &'static [u8], &'static [u8]); 5] = [
            (target.http, HEADERS, b"x-slow: 1\r\n"),
            (target.http, BODY, b"\n"),
            (target.http, PREFACE, b""),
            (target.grpc, PREFACE, b""),
            (target.grpc, b"", b""),
        ];
        let mut slow = Self { clients: JoinSet::new(), closed: Arc::default(), opened: 0 };
        for (address, first, trickle) in kinds {
            for _ in 0..each {
                let stream = TcpStream::connect(address).await?;
                let closed = slow.closed.clone();
                slow.opened += 1;
                slow.clients.spawn(async move {
                    dawdle(stream, first, trickle).await;
                    closed.fetch_add(1, Relaxed);
                });
            }
        }
        Ok(slow)
    }

    /// How many were opened, and how many of them the agent has closed since.
    pub fn opened_and_closed(&self) -> (usize, usize) {
        (self.opened, self.closed.load(Relaxed))
    }
}

/// Sends a byte at a time until the other side closes.
async fn dawdle(mut stream: TcpStream, first: &[u8], trickle: &[u8]) {
    let (mut reader, mut writer) = stream.split();
    let write = async {
        writer.write_all(first).await?;
        for byte in trickle.iter().cycle() {
            tokio::time::sleep(BETWEEN_BYTES).await;
            writer.write_all(&[*byte]).await?;
        }
        std::future::pending::<std::io::Result<()>>().await
    };
    let read = async {
        let mut buffer = [0; 1024];
        while reader.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
    };
    tokio::select! {
        _ = write => {}
        () = read => {}
    }
}
