//! `memory_limiter`: refuses new data while the process holds too much memory.

mod config;
mod meters;
mod system;
#[cfg(test)]
mod tests;

pub use config::MemoryLimiterConfig;

use config::Limits;
use meters::Meters;
use std::{
    sync::{
        Arc, Mutex, PoisonError, TryLockError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};
use system::System;
use tidewatch_component::{
    Batch, Budget, BuildContext, Out, Processor, ProcessorFactory, Refusal, SignalSet,
};
use tidewatch_config::Mistake;

/// Makes `memory_limiter` processors.
pub struct MemoryLimiter;

impl ProcessorFactory for MemoryLimiter {
    const TYPE: &'static str = "memory_limiter";
    type Config = MemoryLimiterConfig;

    fn build(
        config: MemoryLimiterConfig,
        context: &BuildContext,
    ) -> Result<Arc<dyn Processor>, Vec<Mistake>> {
        Ok(Arc::new(MemoryLimiterProcessor::new(&config, context, System::at("/"))?))
    }
}

struct MemoryLimiterProcessor {
    id: String,
    limits: Limits,
    check_interval: Duration,
    checked_at: Mutex<Option<Instant>>,
    refusing: AtomicBool,
    system: System,
    queues: Arc<Budget>,
    meters: Meters,
}

/// Bytes held, by those who know. Each sees what the others do not: the queues what is swapped out or not yet touched,
/// the process what detectors remember and the allocator keeps, the group what the kernel holds for it. 0: not known.
struct Usage {
    queues: u64,
    process: u64,
    group: u64,
}

impl Usage {
    fn most(&self) -> u64 {
        self.queues.max(self.process).max(self.group)
    }
}

impl MemoryLimiterProcessor {
    fn new(
        config: &MemoryLimiterConfig,
        context: &BuildContext,
        system: System,
    ) -> Result<Self, Vec<Mistake>> {
        Ok(Self {
            id: context.id.to_string(),
            limits: config.limits()?,
            check_interval: config.check_interval.into(),
            checked_at: Mutex::new(None),
            refusing: AtomicBool::new(false),
            system,
            queues: context.memory.clone(),
            meters: Meters::new(context),
        })
    }

    fn admit_at(&self, now: Instant, bytes: usize) -> Result<(), Refusal> {
        if self.is_due(now) {
            self.check();
        }
        if !self.refusing.load(Relaxed) {
            return Ok(());
        }
        self.meters.refused(bytes);
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
            Err(TryLockError::Poisoned(poisoned)) => PoisonError::into_inner(poisoned),
            Err(TryLockError::WouldBlock) => return false,
        };
        let due = checked_at.is_none_or(|last| now.saturating_duration_since(last) >= self.check_interval);
        if due {
            *checked_at = Some(now);
        }
        due
    }

    fn check(&self) {
        // Read anew each time: a container may be given another limit while it runs.
        let capacity = self.system.capacity();
        let Some(marks) = self.limits.marks(capacity.as_ref().map(|capacity| capacity.bytes)) else { return };
        let group = match self.limits {
            // What is written in MiB is the process' own.
            Limits::Mib { .. } => None,
            Limits::Percent { .. } => capacity.and_then(|capacity| capacity.group),
        };
        let usage = Usage {
            queues: self.queues.used() as u64,
            process: self.system.held().unwrap_or(0),
            group: group.and_then(|group| group.held()).unwrap_or(0),
        };
        let before = self.refusing.load(Relaxed);
        let refusing = marks.refuse(usage.most(), before);
        self.refusing.store(refusing, Relaxed);
        self.meters.looked(&usage, marks, refusing);
        let Usage { queues, process, group } = usage;
        let (soft, hard) = (marks.soft, marks.hard);
        if refusing && !before {
            tracing::warn!(component = %self.id, queues, process, group, soft, hard, "refusing new data: too much memory is in use");
        } else if before && !refusing {
            tracing::info!(component = %self.id, queues, process, group, soft, hard, "taking new data again");
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
