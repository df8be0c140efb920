//! Keys that every exporter has: queue, retry, timeout, signals.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tidewatch_config::{
    Mistake, Signal,
    values::{ByteSize, GoDuration},
};

/// How an exporter's batches are queued, gathered, retried and bounded. Flattened into its configuration.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DeliveryConfig {
    /// How long one try may take. Default 5s.
    pub timeout: Timeout,
    /// The queue in front of the exporter.
    pub sending_queue: QueueConfig,
    /// What happens after a failure that may pass.
    pub retry_on_failure: RetryConfig,
    /// The signals to send here. Default: all that the exporter can write, without alerts for OTLP.
    pub signals: Option<Vec<Signal>>,
}

/// How long one try may take; 0 is for ever.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(transparent)]
pub struct Timeout(pub GoDuration);

impl Default for Timeout {
    fn default() -> Self {
        Self(Duration::from_secs(5).into())
    }
}

/// The queue in front of an exporter, always bounded in bytes.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct QueueConfig {
    /// False: nothing waits. There is room only for what `num_consumers` requests carry at once.
    pub enabled: bool,
    /// Requests under way at once. Default 10.
    #[schemars(range(min = 1, max = 1024))]
    pub num_consumers: usize,
    /// Room, in units of `sizer`. Default: bounded by `max_bytes` alone.
    pub queue_size: Option<u64>,
    /// The unit of `queue_size`: `requests` (default), `items` or `bytes`.
    pub sizer: Sizer,
    /// Room in bytes, whatever else bounds the queue. Default 64MiB in memory, 1GiB on disk.
    pub max_bytes: Option<ByteSize>,
    /// The `file_storage` extension that keeps the queue on disk. Default: the queue is in memory, and
    /// what it holds is lost when the agent dies.
    pub storage: Option<String>,
    /// On disk only: data that has waited longer is dropped, and counted. Default: it waits for ever.
    pub max_age: Option<GoDuration>,
    /// What happens to a batch when there is no room. Default `refuse`.
    pub when_full: WhenFull,
    /// As in the Collector. Senders always learn the result here, unless their receiver says
    /// `acknowledge: queued`, so that both values mean the same.
    #[schemars(extend("x-warning" = "has no effect: senders always learn the result, unless their receiver says `acknowledge: queued`"))]
    pub wait_for_result: Option<bool>,
    /// As in the Collector. OTLP senders get a retryable refusal instead of being blocked.
    #[schemars(extend("x-warning" = "has no effect: OTLP senders get a retryable refusal instead of being blocked"))]
    pub block_on_overflow: bool,
    /// Requests are gathered up to these sizes.
    pub batch: Option<BatchConfig>,
}

impl Default for QueueConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            num_consumers: 10,
            queue_size: None,
            sizer: Sizer::Requests,
            max_bytes: None,
            storage: None,
            max_age: None,
            when_full: WhenFull::Refuse,
            wait_for_result: None,
            block_on_overflow: false,
            batch: None,
        }
    }
}

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Sizer {
    /// Batches as they came in.
    #[default]
    Requests,
    /// Spans, data points, log records.
    Items,
    /// Bytes.
    Bytes,
}

/// What happens when there is no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhenFull {
    /// Admission refuses; the sender may come back. Nothing is lost.
    #[default]
    Refuse,
    /// The oldest batches are dropped and counted. Senders are not kept waiting for this exporter.
    DropOldest,
    /// The new batch is dropped and counted. Senders are not kept waiting for this exporter.
    DropNewest,
}

/// Gathering, in the Collector's words.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct BatchConfig {
    /// How long data whose sender has its answer may wait for more. Default 200ms.
    pub flush_timeout: GoDuration,
    /// A request is worth sending from this size on. Default 8192.
    pub min_size: u64,
    /// The largest request; 0: unlimited.
    pub max_size: u64,
    /// The unit of both: `items` (default) or `bytes`.
    pub sizer: BatchSizer,
}

impl Default for BatchConfig {
    fn default() -> Self {
        Self {
            flush_timeout: Duration::from_millis(200).into(),
            min_size: 8192,
            max_size: 0,
            sizer: BatchSizer::Items,
        }
    }
}

/// What batch sizes count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BatchSizer {
    /// Spans, data points, log records.
    #[default]
    Items,
    /// Bytes.
    Bytes,
}

/// Retry with exponential backoff and jitter.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RetryConfig {
    /// False: the first failure is the last. Default true.
    pub enabled: bool,
    /// The first pause. Default 5s.
    pub initial_interval: GoDuration,
    /// How much of a pause is random: 0 none, 1 all of it. Default 0.5.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub randomization_factor: f64,
    /// Each pause is this much longer than the last. Default 1.5.
    #[schemars(range(min = 1.0))]
    pub multiplier: f64,
    /// The longest pause. Default 30s.
    pub max_interval: GoDuration,
    /// When to give up; 0: never. Default 0: nothing is given up that somebody counts on.
    pub max_elapsed_time: GoDuration,
}

impl Default for RetryConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            initial_interval: Duration::from_secs(5).into(),
            randomization_factor: 0.5,
            multiplier: 1.5,
            max_interval: Duration::from_secs(30).into(),
            max_elapsed_time: Duration::ZERO.into(),
        }
    }
}

impl QueueConfig {
    /// Room in bytes, on disk where it is kept there.
    pub fn room(&self) -> usize {
        let default = if self.storage.is_some() { ByteSize::mib(1024) } else { ByteSize::mib(64) };
        self.max_bytes.unwrap_or(default).as_usize()
    }
}

impl DeliveryConfig {
    /// Mistakes that a schema cannot see.
    pub fn check(&self) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        if self.sending_queue.queue_size == Some(0) {
            mistakes.push(Mistake::new("sending_queue.queue_size", "a queue needs room for at least 1"));
        }
        if self.sending_queue.max_bytes.is_some_and(|bytes| bytes.as_usize() == 0) {
            mistakes.push(Mistake::new("sending_queue.max_bytes", "a queue needs room for at least 1 byte"));
        }
        if self.sending_queue.max_age.is_some() && self.sending_queue.storage.is_none() {
            let mistake = Mistake::new("sending_queue.max_age", "only a queue on disk has an age limit");
            mistakes.push(mistake.help(
                "set `sending_queue.storage`, or bound tries with `retry_on_failure.max_elapsed_time`",
            ));
        }
        if self.sending_queue.storage.is_some() && !self.sending_queue.enabled {
            mistakes.push(Mistake::new("sending_queue.storage", "a queue that is not enabled keeps nothing"));
        }
        if let Some(batch) = &self.sending_queue.batch
            && batch.max_size > 0
            && batch.max_size < batch.min_size
        {
            mistakes.push(Mistake::new("sending_queue.batch.max_size", "max_size is smaller than min_size"));
        }
        if self.retry_on_failure.max_interval < self.retry_on_failure.initial_interval {
            mistakes.push(Mistake::new(
                "retry_on_failure.max_interval",
                "max_interval is shorter than initial_interval",
            ));
        }
        if self.signals.as_ref().is_some_and(Vec::is_empty) {
            mistakes.push(Mistake::new("signals", "an exporter without signals does nothing"));
        }
        mistakes
    }
}
