//! The agent's own metrics, logs and books.
//!
//! [`Metrics`] holds every metric the agent tells about itself, in the OpenTelemetry Collector's names
//! where it has them. [`Books`] are the accounts of one node: `in + created = out + dropped + held`.

mod books;
mod metrics;

pub use books::{Books, Held, Holders, NodeKind};
pub use metrics::Metrics;
pub use prometheus::{Histogram, IntCounter, IntGauge};
