//! Components that a test holds by their other end.

mod accounts;
mod actor;
mod bench;
mod data;
mod disk;
mod guard;
mod sink;
mod source;
mod world;

pub(crate) use accounts::Accounts;
pub(crate) use bench::{Bench, Sent, eventually};
pub(crate) use data::{ids_of, letters_of, logs, metrics, state_alert};
pub(crate) use sink::{Answer, Call, Sink};
pub(crate) use world::World;
