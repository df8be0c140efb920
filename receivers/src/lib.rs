//! Receivers: where telemetry comes in.

pub mod generator;
pub mod otlp;
