//! Exporters: where telemetry and alerts go.

pub mod debug;
pub mod file;
mod template;
