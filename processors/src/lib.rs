//! Processors: what happens to telemetry on its way.
