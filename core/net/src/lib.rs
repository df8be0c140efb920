//! TLS, authentication, compression and limits for servers and clients.
//!
//! - [`grpc`]: unary gRPC on the `h2` crate, server and client: the data path.
//! - [`compression`]: what HTTP and gRPC bodies are compressed with, bounded when they are opened.
//! - [`stream`]: listeners and connected sockets.
//!
//! Nothing here knows what the messages mean.

pub mod compression;
pub mod grpc;
pub mod stream;
