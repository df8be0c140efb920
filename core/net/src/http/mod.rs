//! HTTP on hyper (server) and reqwest (client), with bodies that are collected, opened and bounded.

mod body;
mod client;
mod cors;
mod retry_after;
mod server;
mod write_timeout;

pub use client::{HttpClient, HttpError};
pub use cors::Cors;
pub use retry_after::retry_after;
pub use server::{HttpService, Peer, ServerOptions, serve, text};
