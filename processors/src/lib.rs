//! Processors: what happens to telemetry on its way.

pub mod batch;
pub mod memory_limiter;
mod series;
#[cfg(test)]
mod testing;
pub mod threshold;
