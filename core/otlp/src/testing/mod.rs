//! Generated telemetry for tests and benchmarks: arbitrary messages that reach into every corner of OTLP, damage to
//! them, and realistic ones. Behind the cargo feature `testing`.

mod arbitrary;
mod mutate;
mod realistic;
mod source;

pub use arbitrary::{arb_logs, arb_metrics, arb_request, arb_traces, arb_value};
pub use mutate::{Field, WAYS, count, damage, fields, rearrange, rearrange_at};
pub use realistic::{realistic_logs, realistic_metrics, realistic_traces};
pub use source::Source;
