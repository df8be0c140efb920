//! TLS by rustls and ring, from the Collector's keys.
//!
//! Versions below TLS 1.2 do not exist here. Certificates and keys come from files, which may change while
//! they are used, or stand in the configuration.

mod client;
mod config;
mod explain;
mod material;
mod reload;
mod server;

pub(crate) use explain::{explain, with_guess};

pub use config::{TlsClientConfig, TlsConfig, TlsServerConfig};
