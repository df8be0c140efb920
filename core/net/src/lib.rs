//! TLS, authentication, compression and limits for servers and clients.
//!
//! - [`grpc`]: unary gRPC on the `h2` crate, server and client: the data path.
//! - [`http`]: HTTP/1.1 and HTTP/2 on hyper, and a client on reqwest: everything else.
//! - [`config`]: the keys that servers and clients share with the Collector's, and what becomes of them.
//! - [`tls`]: the keys of `tls` blocks; certificates that may change while they are used.
//! - [`auth`]: what authenticators do.
//! - [`compression`]: what bodies are compressed with, bounded when they are opened.
//! - [`stream`]: listeners and connected sockets.
//!
//! Nothing here knows what the messages mean.

mod accept;
pub mod auth;
pub mod compression;
pub mod config;
pub mod grpc;
pub mod http;
mod receiving;
pub mod stream;
pub mod tls;

pub use accept::AcceptOptions;
