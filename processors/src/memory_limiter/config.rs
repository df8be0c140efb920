use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;
use tidewatch_config::{Mistake, values::GoDuration};

/// Keys of `memory_limiter`, as in the Collector.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default)]
pub struct MemoryLimiterConfig {
    /// How often the process' memory is looked at, at the most. Default 1s.
    pub check_interval: GoDuration,
    /// Memory the process may hold, in MiB. Default 0: `limit_percentage` counts.
    pub limit_mib: u64,
    /// Room kept for what is under way, in MiB: new data is refused above `limit_mib - spike_limit_mib`.
    /// Default 0: a fifth of the limit.
    pub spike_limit_mib: u64,
    /// Memory the process may hold, in percent of what its control group, or else the machine, has.
    /// Counts only without `limit_mib`. Default 80.
    #[schemars(range(max = 100))]
    pub limit_percentage: u64,
    /// Room kept for what is under way, in percent as above. Default 0: a fifth of the limit.
    #[schemars(range(max = 100))]
    pub spike_limit_percentage: u64,
    /// As in the Collector. No effect: there is no garbage collector to call.
    pub min_gc_interval_when_soft_limited: Option<GoDuration>,
    /// As in the Collector. No effect: there is no garbage collector to call.
    pub min_gc_interval_when_hard_limited: Option<GoDuration>,
}

impl Default for MemoryLimiterConfig {
    fn default() -> Self {
        Self {
            check_interval: Duration::from_secs(1).into(),
            limit_mib: 0,
            spike_limit_mib: 0,
            limit_percentage: 80,
            spike_limit_percentage: 0,
            min_gc_interval_when_soft_limited: None,
            min_gc_interval_when_hard_limited: None,
        }
    }
}

/// Limit and spike, in the unit in which they were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limits {
    Mib { limit: u64, spike: u64 },
    Percent { limit: u64, spike: u64 },
}

impl Limits {
    /// Bytes above which new data is refused, on a machine with `total` bytes.
    pub(super) fn soft_limit(self, total: u64) -> u64 {
        let (limit, spike) = match self {
            Self::Mib { limit, spike } => (limit << 20, spike << 20),
            Self::Percent { limit, spike } => (total / 100 * limit, total / 100 * spike),
        };
        let spike = if spike == 0 { limit / 5 } else { spike };
        limit - spike
    }
}

impl MemoryLimiterConfig {
    pub(super) fn has_garbage_collection_keys(&self) -> bool {
        self.min_gc_interval_when_soft_limited.is_some() || self.min_gc_interval_when_hard_limited.is_some()
    }

    pub(super) fn limits(&self) -> Result<Limits, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        if self.check_interval == GoDuration::ZERO {
            mistakes.push(
                Mistake::new("check_interval", "memory must be looked at now and then")
                    .help("write e.g. `1s`"),
            );
        }
        let (limits, limit, spike, unit) = if self.limit_mib > 0 {
            let (limit, spike) = (self.limit_mib, self.spike_limit_mib);
            (Limits::Mib { limit, spike }, limit, spike, "mib")
        } else {
            let (limit, spike) = (self.limit_percentage, self.spike_limit_percentage);
            (Limits::Percent { limit, spike }, limit, spike, "percentage")
        };
        if limit == 0 || (unit == "percentage" && limit > 100) {
            mistakes.push(Mistake::new("limit_percentage", "a limit is between 1 and 100 percent"));
        } else if limit > u64::MAX >> 20 {
            mistakes.push(Mistake::new("limit_mib", "the limit is larger than any memory"));
        } else if spike >= limit {
            let message = format!("nothing is left below a limit of {limit} with {spike} kept for spikes");
            mistakes
                .push(Mistake::new(format!("spike_limit_{unit}"), message).help("write less than the limit"));
        }
        if mistakes.is_empty() { Ok(limits) } else { Err(mistakes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(json: &str) -> Vec<String> {
        let config: MemoryLimiterConfig = serde_json::from_str(json).unwrap();
        config.limits().err().unwrap_or_default().into_iter().map(|mistake| mistake.path).collect()
    }

    #[test]
    fn the_soft_limit_is_the_limit_without_the_spike() {
        const MIB: u64 = 1 << 20;
        assert_eq!(Limits::Mib { limit: 100, spike: 30 }.soft_limit(0), 70 * MIB);
        assert_eq!(Limits::Mib { limit: 100, spike: 0 }.soft_limit(0), 80 * MIB);
        assert_eq!(Limits::Percent { limit: 50, spike: 10 }.soft_limit(1000), 400);
    }

    #[test]
    fn mistakes_stand_at_their_keys() {
        assert_eq!(paths(r#"{"check_interval": "0s"}"#), ["check_interval"]);
        assert_eq!(paths(r#"{"limit_mib": 10, "spike_limit_mib": 10}"#), ["spike_limit_mib"]);
        assert_eq!(paths(r#"{"limit_percentage": 0}"#), ["limit_percentage"]);
        assert_eq!(paths(r#"{"limit_percentage": 120}"#), ["limit_percentage"]);
        assert_eq!(
            paths(r#"{"limit_percentage": 50, "spike_limit_percentage": 60}"#),
            ["spike_limit_percentage"]
        );
        assert_eq!(paths(r#"{"limit_mib": 18446744073709551615}"#), ["limit_mib"]);
    }
}
