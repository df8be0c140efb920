//! Receivers: where telemetry comes in.

pub mod file_log;
pub mod generator;
pub mod http_json;
pub mod otlp;
mod server;
