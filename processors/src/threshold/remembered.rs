//! A series as it is stored.

use super::{phase::Phase, window::Window};
use crate::series::Counter;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tidewatch_component::Alert;

/// What is stored of one series, as JSON. Nanoseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Remembered {
    /// Its hash, under the keys that are stored beside it.
    pub(super) key: u64,
    /// Its rule's identity.
    pub(super) rule: u64,
    /// Event time of the newest point.
    pub(super) time: u64,
    /// How long before `at` of [`Shelf`] that point came.
    pub(super) silent: u64,
    #[serde(default, skip_serializing_if = "Counter::is_none")]
    pub(super) counter: Counter,
    #[serde(default, skip_serializing_if = "Window::is_empty")]
    pub(super) window: Window,
    pub(super) phase: Phase,
    pub(super) level: u8,
    /// With its severity, for the case that nobody knows the rule any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) alert: Option<Box<Alert>>,
}

/// What is stored of one shard.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Shelf {
    /// When, in Unix nanoseconds.
    pub(super) at: u64,
    pub(super) series: Vec<Remembered>,
}

impl Shelf {
    /// How long a series had been silent when the agent stopped. The time without an agent does not count: nobody
    /// listened.
    pub(super) fn silent(&self, series: &Remembered, stopped: u64) -> Duration {
        Duration::from_nanos(series.silent.saturating_add(stopped.saturating_sub(self.at)))
    }
}
