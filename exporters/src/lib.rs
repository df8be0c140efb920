//! Exporters: where telemetry and alerts go.

mod authenticator;
pub mod debug;
pub mod file;
pub mod otlp;
pub mod otlp_http;
mod template;
pub mod webhook;
