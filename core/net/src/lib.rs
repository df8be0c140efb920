//! TLS, authentication, compression and limits for servers and clients.
//!
//! - [`grpc`]: unary gRPC on the `h2` crate, server and client: the data path.
//! - [`http`]: HTTP/1.1 and HTTP/2 on hyper, and a client on reqwest: everything else.
//! - [`config`]: the keys that servers and clients share with the Collector's, and what becomes of them.
//! - [`tls`]: the keys of `tls` blocks; certificates that may change while they are used.
//! - [`auth`]: what authenticators do.
//! - [`compression`]: what bodies are compressed with, bounded when they are opened.
//! - [`stream`]: listeners, which can be handed over, and connected sockets.
//! - [`served`]: what a server is to whoever starts and stops it.
//!
//! Nothing here knows what the messages mean.

mod accept;
pub mod auth;
pub mod compression;
pub mod config;
mod estate;
pub mod grpc;
pub mod http;
mod listener;
mod receiving;
pub mod served;
pub mod stream;
pub mod tls;

pub use accept::AcceptOptions;
