//! Receivers: where telemetry comes in.

pub mod file_log;
pub mod generator;
pub mod otlp;
mod server;
