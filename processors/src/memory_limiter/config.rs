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
    /// As in the Collector.
    #[schemars(extend("x-warning" = "has no effect: there is no garbage collector to call"))]
    pub min_gc_interval_when_soft_limited: Option<GoDuration>,
    /// As in the Collector.
    #[schemars(extend("x-warning" = "has no effect: there is no garbage collector to call"))]
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

/// The limits in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marks {
    /// What the process may hold.
    pub(super) hard: u64,
    /// Above it new data is refused.
    pub(super) soft: u64,
}

impl Marks {
    fn new(hard: u64, spike: u64) -> Self {
        let spike = if spike == 0 { hard / 5 } else { spike };
        Self { hard, soft: hard - spike }
    }

    /// Whether to refuse, with so many bytes held. Once it refuses, it goes on until a twentieth below the soft limit:
    /// around it, it would change its mind with every check.
    pub(super) fn refuse(self, held: u64, refusing: bool) -> bool {
        let bar = if refusing { self.soft - self.soft / 20 } else { self.soft };
        held > bar
    }
}

impl Limits {
    /// On a machine or in a group with `capacity` bytes, where that is known.
    pub(super) fn marks(self, capacity: Option<u64>) -> Option<Marks> {
        match self {
            Self::Mib { limit, spike } => Some(Marks::new(limit << 20, spike << 20)),
            Self::Percent { limit, spike } => {
                capacity.map(|total| Marks::new(total / 100 * limit, total / 100 * spike))
            }
        }
    }
}

impl MemoryLimiterConfig {
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
        let marks = |limits: Limits, capacity| limits.marks(capacity).map(|marks| (marks.hard, marks.soft));
        assert_eq!(marks(Limits::Mib { limit: 100, spike: 30 }, None), Some((100 * MIB, 70 * MIB)));
        assert_eq!(marks(Limits::Mib { limit: 100, spike: 0 }, None), Some((100 * MIB, 80 * MIB)));
        assert_eq!(marks(Limits::Percent { limit: 50, spike: 10 }, Some(1000)), Some((500, 400)));
        assert_eq!(marks(Limits::Percent { limit: 50, spike: 10 }, None), None);
    }

    #[test]
    fn it_refuses_above_the_soft_limit_and_takes_again_well_below_it() {
        let marks = Marks { hard: 1000, soft: 800 };
        assert!(!marks.refuse(800, false) && marks.refuse(801, false));
        assert!(marks.refuse(761, true) && !marks.refuse(760, true));
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
