//! Exporters: where telemetry and alerts go.
