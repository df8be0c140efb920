//! Exporters: where telemetry and alerts go.

pub mod debug;
mod template;
