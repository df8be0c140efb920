//! Processors: what happens to telemetry on its way.

pub mod batch;
pub mod memory_limiter;
#[cfg(test)]
mod testing;
