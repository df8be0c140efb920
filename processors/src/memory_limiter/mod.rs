//! `memory_limiter`: refuses new data while the process holds too much memory.

mod config;
mod usage;

pub use config::MemoryLimiterConfig;

use config::Limits;
use std::{
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};
use tidewatch_component::{Batch, BuildContext, Out, Processor, ProcessorFactory, Refusal, SignalSet};
use tidewatch_config::Mistake;
use tidewatch_telemetry::IntCounter;

/// Makes `memory_limiter` processors.
pub struct MemoryLimiter;

impl ProcessorFactory for MemoryLimiter {
    const TYPE: &'static str = "memory_limiter";
    type Config = MemoryLimiterConfig;

    fn build(
        config: MemoryLimiterConfig,
        context: &BuildContext,
    ) -> Result<Arc<dyn Processor>, Vec<Mistake>> {
        let limits = config.limits()?;
        if config.has_garbage_collection_keys() {
            tracing::warn!(
                component = %context.id,
                "min_gc_interval_* has no effect: there is no garbage collector to call"
            );
        }
        let id = context.id.to_string();
        let refused = |name, help| {
            let family = context.metrics.counter(name, help, &["processor", "pipeline"]);
            family.with_label_values(&[&id, &context.pipeline])
        };
        Ok(Arc::new(MemoryLimiterProcessor {
            refused_batches: refused(
                "otelcol_processor_refused_batches",
                "Batches that a processor refused before anything saw them; their senders may come back.",
            ),
            refused_bytes: refused(
                "otelcol_processor_refused_bytes",
                "Bytes of the batches that a processor refused before anything saw them.",
            ),
            id,
            limits,
            soft_limit: OnceLock::new(),
            check_interval: config.check_interval.into(),
            checked_at: Mutex::new(None),
            refusing: AtomicBool::new(false),
            resident: usage::resident,
        }))
    }
}

struct MemoryLimiterProcessor {
    id: String,
    limits: Limits,
    /// In bytes; known from the first check on, as percentages need to look at the machine.
    soft_limit: OnceLock<u64>,
    check_interval: Duration,
    checked_at: Mutex<Option<Instant>>,
    refusing: AtomicBool,
    resident: fn() -> Option<u64>,
    refused_batches: IntCounter,
    refused_bytes: IntCounter,
}

impl MemoryLimiterProcessor {
    fn admit_at(&self, now: Instant, bytes: usize) -> Result<(), Refusal> {
        if self.is_due(now) {
            self.check();
        }
        if !self.refusing.load(Relaxed) {
            return Ok(());
        }
        self.refused_batches.inc();
        self.refused_bytes.inc_by(bytes as u64);
        Err(Refusal {
            reason: format!("`{}` refuses new data: too much memory is in use", self.id),
            retry_after: self.check_interval,
        })
    }

    /// True for one caller per interval.
    fn is_due(&self, now: Instant) -> bool {
        // Whoever finds it locked leaves the check to the other.
        let mut checked_at = match self.checked_at.try_lock() {
            Ok(guard) => guard,
            Err(std::sync::TryLockError::Poisoned(poisoned)) => PoisonError::into_inner(poisoned),
            Err(std::sync::TryLockError::WouldBlock) => return false,
        };
        let due = checked_at.is_none_or(|last| now.saturating_duration_since(last) >= self.check_interval);
        if due {
            *checked_at = Some(now);
        }
        due
    }

    fn check(&self) {
        let soft_limit = *self.soft_limit.get_or_init(|| self.limits.soft_limit(usage::total()));
        let resident = (self.resident)();
        let above = resident.is_some_and(|resident| resident > soft_limit);
        if self.refusing.swap(above, Relaxed) != above {
            let resident = resident.unwrap_or_default();
            if above {
                tracing::warn!(component = %self.id, resident, soft_limit, "refusing new data: too much memory in use");
            } else {
                tracing::info!(component = %self.id, resident, soft_limit, "taking new data again");
            }
        }
    }
}

impl Processor for MemoryLimiterProcessor {
    fn handles(&self) -> SignalSet {
        SignalSet::NONE
    }

    fn admit(&self, bytes: usize) -> Result<(), Refusal> {
        self.admit_at(Instant::now(), bytes)
    }

    fn process(&self, batch: Batch, out: &mut Out<'_>) {
        out.send(batch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use std::sync::atomic::AtomicU64;

    fn build(json: &str, context: &BuildContext) -> Arc<dyn Processor> {
        MemoryLimiter::build(serde_json::from_str(json).unwrap(), context).ok().unwrap()
    }

    #[test]
    fn a_process_above_its_soft_limit_refuses_and_counts() {
        let context = testing::context("memory_limiter");
        let limiter = build(r#"{"limit_mib": 2, "spike_limit_mib": 1, "check_interval": "3s"}"#, &context);
        let refusal = limiter.admit(100).unwrap_err();
        assert_eq!(refusal.retry_after, Duration::from_secs(3));
        let metrics = context.metrics.render();
        let labels = r#"{pipeline="main",processor="memory_limiter"}"#;
        assert!(metrics.contains(&format!("otelcol_processor_refused_batches{labels} 1")), "{metrics}");
        assert!(metrics.contains(&format!("otelcol_processor_refused_bytes{labels} 100")), "{metrics}");
    }

    #[test]
    fn a_process_below_its_soft_limit_takes_everything() {
        let context = testing::context("memory_limiter");
        for json in
            [r#"{"limit_mib": 1000000}"#, r#"{"limit_percentage": 99, "spike_limit_percentage": 1}"#, "{}"]
        {
            assert_eq!(build(json, &context).admit(100), Ok(()), "{json}");
        }
    }

    #[test]
    fn memory_is_looked_at_once_per_interval() {
        static RESIDENT: AtomicU64 = AtomicU64::new(0);
        let mib = |count: u64| RESIDENT.store(count << 20, Relaxed);
        let counter = || IntCounter::new("refused", "refused").unwrap();
        let limits = MemoryLimiterConfig { limit_mib: 100, ..Default::default() }.limits().unwrap();
        let limiter = MemoryLimiterProcessor {
            id: "memory_limiter".to_owned(),
            limits,
            soft_limit: OnceLock::new(),
            check_interval: Duration::from_secs(1),
            checked_at: Mutex::new(None),
            refusing: AtomicBool::new(false),
            resident: || Some(RESIDENT.load(Relaxed)),
            refused_batches: counter(),
            refused_bytes: counter(),
        };
        let start = Instant::now();
        let admits = |millis| limiter.admit_at(start + Duration::from_millis(millis), 1).is_ok();
        mib(80);
        assert!(admits(0), "80 MiB are the soft limit itself");
        mib(81);
        assert!(admits(999), "not looked at yet");
        assert!(!admits(1000));
        mib(10);
        assert!(!admits(1500));
        assert!(admits(2000));
        assert_eq!(limiter.refused_batches.get(), 2);
    }
}
