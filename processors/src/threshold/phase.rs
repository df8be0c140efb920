//! The states of an alert, as in Prometheus: quiet, pending, firing, and firing on for a while.

use serde::{Deserialize, Serialize};

/// Where a series stands under a rule. Times are event times in Unix nanoseconds; `level` is the rule's
/// level that held last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Phase {
    /// No level holds.
    #[default]
    Quiet,
    /// One holds since `since`, not yet long enough.
    Pending { since: u64, level: u8 },
    /// The alert fires.
    Firing { since: u64, level: u8 },
    /// No level holds since `quiet_since`, but the alert is kept firing.
    Keeping { since: u64, level: u8, quiet_since: u64 },
}

/// What is to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// The alert fires.
    Fire,
    /// It goes on firing with another severity.
    Severity,
    /// It ended.
    Resolve { at: u64 },
}

/// In nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Timing {
    /// How long a level must hold.
    pub(super) hold: u64,
    /// How long the alert goes on after that.
    pub(super) keep: u64,
}

impl Phase {
    /// A point measured at `time`, of which `over` holds.
    pub(super) fn observe(&mut self, over: Option<u8>, time: u64, timing: Timing) -> Option<Change> {
        let (next, change) = match (*self, over) {
            (Self::Quiet | Self::Pending { .. }, None) => (Self::Quiet, None),
            (Self::Quiet, Some(level)) if timing.hold == 0 => {
                (Self::Firing { since: time, level }, Some(Change::Fire))
            }
            (Self::Quiet, Some(level)) => (Self::Pending { since: time, level }, None),
            (Self::Pending { since, .. }, Some(level)) if time >= since.saturating_add(timing.hold) => {
                (Self::Firing { since, level }, Some(Change::Fire))
            }
            (Self::Pending { since, .. }, Some(level)) => (Self::Pending { since, level }, None),
            (
                Self::Firing { since, level: before } | Self::Keeping { since, level: before, .. },
                Some(level),
            ) => (Self::Firing { since, level }, (level != before).then_some(Change::Severity)),
            (Self::Firing { .. }, None) if timing.keep == 0 => {
                (Self::Quiet, Some(Change::Resolve { at: time }))
            }
            (Self::Firing { since, level }, None) => {
                (Self::Keeping { since, level, quiet_since: time }, None)
            }
            (Self::Keeping { .. }, None) => {
                let change = self.elapse(time, timing);
                (*self, change)
            }
        };
        *self = next;
        change
    }

    /// Nothing new came until `time`.
    pub(super) fn elapse(&mut self, time: u64, timing: Timing) -> Option<Change> {
        let due = self.deadline(timing).filter(|deadline| *deadline <= time)?;
        match *self {
            Self::Pending { since, level } => {
                *self = Self::Firing { since, level };
                Some(Change::Fire)
            }
            Self::Keeping { .. } => {
                *self = Self::Quiet;
                Some(Change::Resolve { at: due })
            }
            Self::Quiet | Self::Firing { .. } => None,
        }
    }

    /// When it changes without anything new.
    pub(super) fn deadline(self, timing: Timing) -> Option<u64> {
        match self {
            Self::Pending { since, .. } => Some(since.saturating_add(timing.hold)),
            Self::Keeping { quiet_since, .. } => Some(quiet_since.saturating_add(timing.keep)),
            Self::Quiet | Self::Firing { .. } => None,
        }
    }

    /// The source's clock was set back: what was waited for is waited for anew.
    #[must_use]
    pub(super) fn restart(self) -> Self {
        match self {
            Self::Quiet | Self::Pending { .. } => Self::Quiet,
            Self::Firing { since, level } | Self::Keeping { since, level, .. } => {
                Self::Firing { since, level }
            }
        }
    }

    /// Whether the alert is told, and not resolved.
    pub(super) fn fires(self) -> bool {
        matches!(self, Self::Firing { .. } | Self::Keeping { .. })
    }

    /// Since when a level holds.
    pub(super) fn since(self) -> Option<u64> {
        match self {
            Self::Quiet => None,
            Self::Pending { since, .. } | Self::Firing { since, .. } | Self::Keeping { since, .. } => {
                Some(since)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Change::{Fire, Resolve, Severity};

    /// Feeds (time, level); gives what is told, and when.
    fn told(hold: u64, keep: u64, points: &[(u64, Option<u8>)]) -> Vec<(u64, Change)> {
        let mut phase = Phase::default();
        let timing = Timing { hold, keep };
        let mut observe = |time, over| phase.observe(over, time, timing).map(|change| (time, change));
        points.iter().filter_map(|(time, over)| observe(*time, *over)).collect()
    }

    #[test]
    fn an_alert_waits_for_its_time() {
        let over = Some(0);
        assert_eq!(told(60, 0, &[(0, over), (30, over), (59, over)]), []);
        assert_eq!(told(60, 0, &[(0, over), (30, over), (60, over), (90, over)]), [(60, Fire)]);
        assert_eq!(told(60, 0, &[(0, over), (45, None), (50, over), (105, over)]), [], "a blip starts anew");
        assert_eq!(told(0, 0, &[(7, over), (8, None)]), [(7, Fire), (8, Resolve { at: 8 })]);
    }

    #[test]
    fn a_change_of_severity_is_told_once() {
        let points = [(0, Some(0)), (1, Some(1)), (2, Some(1)), (3, Some(0)), (4, None)];
        assert_eq!(told(0, 0, &points), [(0, Fire), (1, Severity), (3, Severity), (4, Resolve { at: 4 })]);
    }

    #[test]
    fn an_alert_kept_firing_ends_when_its_time_is_over() {
        let over = Some(0);
        assert_eq!(
            told(0, 10, &[(0, over), (5, None), (14, None), (20, None)]),
            [(0, Fire), (20, Resolve { at: 15 })]
        );
        assert_eq!(told(0, 10, &[(0, over), (5, None), (14, over), (24, over)]), [(0, Fire)]);
    }

    #[test]
    fn time_alone_fires_and_resolves() {
        let timing = Timing { hold: 60, keep: 30 };
        let mut phase = Phase::default();
        phase.observe(Some(0), 100, timing);
        assert_eq!(phase.elapse(159, timing), None);
        assert_eq!(phase.elapse(160, timing), Some(Fire));
        phase.observe(None, 170, timing);
        assert_eq!(phase.elapse(199, timing), None);
        assert_eq!(phase.elapse(200, timing), Some(Resolve { at: 200 }));
        assert_eq!(phase, Phase::Quiet);
    }
}
