//! Processors: what happens to telemetry on its way.

mod actions;
pub mod attributes;
pub mod batch;
pub mod enrich;
pub mod filter;
pub mod memory_limiter;
pub mod normalize;
mod ottl;
mod quiet;
pub mod resource;
mod series;
#[cfg(test)]
mod testing;
pub mod threshold;
pub mod transform;
