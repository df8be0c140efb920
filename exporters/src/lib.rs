//! Exporters: where telemetry and alerts go.

pub mod debug;
pub mod file;
pub mod otlp;
pub mod otlp_http;
mod template;
pub mod webhook;
