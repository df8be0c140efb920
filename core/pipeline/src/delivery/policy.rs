//! What a lane was told, in the units it works with.

use std::time::Duration;
use tidewatch_component::{
    BatchSizer, DeliveryConfig, Exporter, Gather, Order, RetryConfig, Sizer, WhenFull,
};

/// Largest request of an exporter that names no limit of its own.
const MAX_REQUEST_BYTES: usize = 4 << 20;

/// How one exporter's batches are queued, gathered and retried.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    pub(crate) timeout: Option<Duration>,
    pub(crate) retry: RetryConfig,
    pub(crate) when_full: WhenFull,
    pub(crate) consumers: usize,
    /// One request at a time, in the order of arrival.
    pub(crate) in_total_order: bool,
    /// Of the queue, in memory or on disk.
    pub(crate) max_bytes: usize,
    /// Data that is on disk for longer is dropped.
    pub(crate) max_age: Option<Duration>,
    pub(crate) units: Option<(Sizer, usize)>,
    pub(crate) gathering: Gathering,
}

/// When a request is worth sending, and how large it may get.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gathering {
    pub(crate) min_items: usize,
    pub(crate) min_bytes: usize,
    /// 0: unlimited.
    pub(crate) max_items: usize,
    pub(crate) max_bytes: usize,
    pub(crate) timeout: Duration,
}

impl Policy {
    /// From an exporter's keys, and what `batch` processors in front of it ask for.
    pub(crate) fn new(config: &DeliveryConfig, gather: Option<Gather>, exporter: &dyn Exporter) -> Self {
        let queue = &config.sending_queue;
        let timeout: Duration = config.timeout.0.into();
        let in_total_order = exporter.order() == Order::Total;
        let consumers = if in_total_order { 1 } else { queue.num_consumers };
        let largest = match exporter.max_request_bytes() {
            0 => MAX_REQUEST_BYTES,
            own => own,
        };
        let gather = gather.unwrap_or_default();
        let mut gathering = Gathering {
            min_items: gather.min_items,
            min_bytes: 0,
            max_items: gather.max_items,
            max_bytes: largest,
            timeout: gather.timeout,
        };
        if let Some(batch) = &queue.batch {
            let (min, max) = (usize::try_from(batch.min_size), usize::try_from(batch.max_size));
            let (min, max) = (min.unwrap_or(usize::MAX), max.unwrap_or(usize::MAX));
            gathering.timeout = batch.flush_timeout.into();
            match batch.sizer {
                BatchSizer::Items => (gathering.min_items, gathering.max_items) = (min, max),
                BatchSizer::Bytes => {
                    gathering.min_bytes = min;
                    gathering.max_bytes = if max == 0 { largest } else { max.min(largest) };
                }
            }
        }
        let units = match (queue.enabled, queue.queue_size, queue.sizer) {
            (false, ..) => Some((Sizer::Requests, consumers)),
            (true, Some(size), sizer @ (Sizer::Requests | Sizer::Items)) => {
                Some((sizer, usize::try_from(size).unwrap_or(usize::MAX)))
            }
            _ => None,
        };
        let max_bytes = match (queue.queue_size, queue.sizer) {
            (Some(size), Sizer::Bytes) => usize::try_from(size).unwrap_or(usize::MAX).min(queue.room()),
            _ => queue.room(),
        };
        Self {
            timeout: (!timeout.is_zero()).then_some(timeout),
            retry: config.retry_on_failure.clone(),
            when_full: queue.when_full,
            consumers,
            in_total_order,
            max_bytes,
            max_age: queue.max_age.map(Duration::from),
            units,
            gathering,
        }
    }
}
