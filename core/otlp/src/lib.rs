//! OTLP on the wire: check, count, views, split, merge, JSON.
//!
//! A [`Request`] is the wire bytes of one export request. It is checked once, when it arrives; from then on
//! forwarding, splitting and merging move bytes, and reading goes through [`views`] that borrow from them.

mod check;
pub mod edit;
mod ids;
pub mod json;
mod merge;
mod messages;
mod request;
mod schema;
mod signal;
mod split;
#[cfg(feature = "testing")]
pub mod testing;
pub mod views;
mod wire;
pub mod write;

pub use check::{MAX_DEPTH, Malformed};
pub use ids::Rejected;
pub use opentelemetry_proto::tonic as proto;
pub use request::{Canonical, Checked, Request};
pub use signal::Signal;
