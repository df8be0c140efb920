//! The agent's own metrics, logs and books.
//!
//! [`Metrics`] holds every metric the agent tells about itself, in the OpenTelemetry Collector's names
//! where it has them; [`process`] adds what the process costs, and [`server`] serves them. [`Books`] are the
//! accounts of one node: `in + created + recovered = out + dropped + kept + held`. [`logs`] writes the agent's own log.

mod books;
pub mod logs;
mod metrics;
pub mod process;
pub mod server;

pub use books::{Books, Held, Holders, NodeKind, items_name, per_signal};
pub use metrics::Metrics;
pub use prometheus::{Histogram, IntCounter, IntCounterVec, IntGauge};
