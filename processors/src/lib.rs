//! Processors: what happens to telemetry on its way.

pub mod batch;
pub mod enrich;
pub mod filter;
pub mod memory_limiter;
pub mod normalize;
mod ottl;
mod series;
#[cfg(test)]
mod testing;
pub mod threshold;
pub mod transform;
