//! Unary gRPC on the `h2` crate: request bytes and headers in, message or status out.
//!
//! A connection and all its calls live in one task, and a message that arrived in one DATA frame is handed
//! on as a slice of the bytes that were read.

mod activity;
mod client;
mod framing;
mod headers;
mod server;
mod status;

pub use client::{Channel, ChannelOptions, ClientKeepalive};
pub use server::{KeepaliveEnforcement, ServerKeepalive, ServerOptions, serve};
pub use status::{Code, Status};

use std::future::Future;
use std::net::SocketAddr;

use bytes::Bytes;
use http::HeaderMap;
use http::uri::PathAndQuery;

/// A unary call as a service sees it.
#[derive(Debug)]
pub struct Request {
    /// `/package.Service/Method`.
    pub path: PathAndQuery,
    /// The request's headers, pseudo headers excluded.
    pub headers: HeaderMap,
    /// The message, decompressed.
    pub message: Bytes,
    /// The other side; `None` on a Unix socket.
    pub peer: Option<SocketAddr>,
}

/// The answer to a unary call: a message, or why there is none.
pub type Reply = Result<Bytes, Status>;

/// What a server does with calls.
pub trait UnaryService: Send + Sync + 'static {
    /// Whether there is a method of this path. What is unknown is answered with [`Code::Unimplemented`]
    /// before its message is read.
    fn knows(&self, path: &str) -> bool;

    /// Answers a call. The future is dropped when the caller resets the call, its deadline passes or its
    /// connection ends.
    fn call(&self, request: Request) -> impl Future<Output = Reply> + Send;

    /// Told of each call that was refused before it came to [`call`](Self::call): too large, corrupt,
    /// unauthorized, unknown, too slow.
    fn refused(&self, _path: &str, _status: &Status) {}
}
