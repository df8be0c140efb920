//! From a pipeline's end to an exporter: queue, gather, retry, bisect.
//!
//! One [`Lane`] for each exporter, for all its signals. Batches are enqueued first and joined on the
//! way out; alerts with a state of their own wait in the [`outbox`].

mod backoff;
mod disk;
mod lane;
mod meters;
mod outbox;
mod policy;
mod queue;
mod refused;
mod room;
mod send;
mod service;
mod under_way;
mod worker;

pub use disk::{data_type, decode};

pub(crate) use lane::Lane;
pub(crate) use policy::Policy;
pub(crate) use service::Service;
pub(crate) use worker::Left;
