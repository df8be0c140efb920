//! What is remembered of one series under one rule.

use super::{
    config::ChangeAs,
    phase::{Change, Phase},
    remembered::Remembered,
    rule::{Judge, Rule, Source},
    window::Window,
};
use crate::series::{Counter, Reading, Shape, Statistic};
use std::time::{Duration, Instant};
use tidewatch_component::{Alert, AlertStatus};
use tidewatch_expr::Record;

#[derive(Debug)]
pub(super) struct Series {
    /// The rule's number.
    pub(super) rule: usize,
    /// Event time of the newest point, in Unix nanoseconds.
    time: u64,
    /// When that point came.
    pub(super) arrived: Instant,
    counter: Counter,
    window: Window,
    phase: Phase,
    /// The level that held last.
    level: u8,
    /// Of a pending or firing alert, and of every series whose absence would be one.
    alert: Option<Box<Alert>>,
    /// The wake-up that is on the calendar.
    pub(super) wake: Option<Instant>,
}

/// A point is older than the newest one of its series.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OutOfOrder;

/// After this much silence an older point is not late: the clock of its source was set back.
const LATE: Duration = Duration::from_secs(300);

impl Series {
    pub(super) fn new(rule: usize, now: Instant) -> Self {
        Self {
            rule,
            time: 0,
            arrived: now,
            counter: Counter::default(),
            window: Window::default(),
            phase: Phase::Quiet,
            level: 0,
            alert: None,
            wake: None,
        }
    }

    /// One of rule number `rule` that was stored, silent for so long.
    pub(super) fn recall(rule: usize, stored: Remembered, now: Instant, silent: Duration) -> Self {
        Self {
            rule,
            time: stored.time,
            arrived: now.checked_sub(silent).unwrap_or(now),
            counter: stored.counter,
            window: stored.window,
            phase: stored.phase,
            level: stored.level,
            alert: stored.alert,
            wake: None,
        }
    }

    /// What must be stored of the series `key`; none if a new one would do as well.
    pub(super) fn remember(&self, key: u64, rule: &Rule, now: Instant) -> Option<Remembered> {
        let stored = Remembered {
            key,
            rule: rule.identity,
            time: self.time,
            silent: nanos(now.saturating_duration_since(self.arrived)),
            counter: self.counter.finite(),
            window: self.window.finite(),
            phase: self.phase,
            level: self.level,
            alert: self.alert.clone().map(|mut alert| {
                rule.severity(self.level).clone_into(&mut alert.severity);
                alert
            }),
        };
        let is_new = stored.phase == Phase::Quiet
            && stored.alert.is_none()
            && stored.counter.is_none()
            && stored.window.is_empty();
        (!is_new).then_some(stored)
    }

    /// Whether its alert is told, and not resolved.
    pub(super) fn fires(&self) -> bool {
        self.phase.fires()
    }

    /// Takes note of a point measured at `time`.
    pub(super) fn arrive(&mut self, time: u64, now: Instant) -> Result<(), OutOfOrder> {
        if time < self.time {
            if now.saturating_duration_since(self.arrived) < LATE {
                return Err(OutOfOrder);
            }
            self.counter = Counter::default();
            self.window.clear();
            self.phase = self.phase.restart();
        }
        self.time = time;
        self.arrived = now;
        Ok(())
    }

    /// The number to judge, from what a point says and what is remembered.
    pub(super) fn number(&mut self, rule: &Rule, reading: Reading, shape: Shape) -> Option<f64> {
        let number = match reading {
            Reading::Number(number) => number,
            Reading::Total(total) => {
                let increase = self.counter.advance(total)?;
                match &rule.source {
                    Source::Metric { statistic: Statistic::Rate, .. } => increase.rate()?,
                    _ => increase.delta,
                }
            }
            Reading::Nothing | Reading::Unsuited => return None,
        };
        let Some(change) = rule.change else { return Some(number) };
        let is_total = shape == Shape::Cumulative && rule.judges_totals();
        if is_total && self.window.last().is_some_and(|last| number < last) {
            self.window.clear();
        }
        let (difference, seconds) = self.window.push(self.time, number, change.over)?;
        Some(match change.unit {
            ChangeAs::Delta => difference,
            ChangeAs::Rate => difference / seconds,
        })
    }

    /// The point that [arrived](Self::arrive) last has `level`; what is to be told.
    pub(super) fn judge(
        &mut self,
        rule: &Rule,
        level: Option<u8>,
        value: Option<f64>,
        record: &Record<'_, '_>,
        tell: impl FnMut(Alert, u8),
    ) {
        let was_quiet = self.phase == Phase::Quiet;
        let change = self.phase.observe(level, self.time, rule.timing);
        if let (Some(since), Some(level)) = (self.phase.since(), level) {
            self.level = level;
            match &mut self.alert {
                Some(alert) if !was_quiet => {
                    alert.value = value;
                    if change.is_some() {
                        alert.trace_ids = crate::series::trace_ids(record);
                    }
                }
                // Labels are made only now: most series are quiet most of the time.
                slot => *slot = Some(Box::new(rule.alert(value, since, record))),
            }
        }
        self.tell(change, tell);
    }

    /// A series whose absence is judged has spoken, `before` being the event time of its last word.
    pub(super) fn speak(
        &mut self,
        rule: &Rule,
        record: &Record<'_, '_>,
        before: u64,
        mut tell: impl FnMut(Alert, u8),
    ) {
        let Judge::Absent { after, .. } = rule.judge else { return };
        if self.alert.is_none() {
            self.alert = Some(Box::new(rule.alert(None, self.time, record)));
        }
        // A gap in the past, found while old data is read, is one, too.
        if self.phase == Phase::Quiet && before > 0 && self.time > before.saturating_add(after) {
            self.fall_silent(before, &mut tell);
        }
        if self.phase != Phase::Quiet {
            self.phase = Phase::Quiet;
            self.resolve(self.time, tell);
        }
    }

    pub(super) fn time(&self) -> u64 {
        self.time
    }

    /// No point came until `now`.
    pub(super) fn wait(&mut self, rule: &Rule, now: Instant, mut tell: impl FnMut(Alert, u8)) {
        let silent = now.saturating_duration_since(self.arrived);
        let event_now = self.time.saturating_add(nanos(silent));
        match rule.judge {
            Judge::Absent { after, .. } => {
                if self.phase == Phase::Quiet && nanos(silent) >= after {
                    self.fall_silent(self.time, tell);
                }
            }
            Judge::Levels(_) => {
                let change = self.phase.elapse(event_now, rule.timing);
                self.tell(change, &mut tell);
                if self.stale_at(rule).is_some_and(|stale| stale <= now) {
                    self.phase = Phase::Quiet;
                    self.resolve(event_now, tell);
                    self.alert = None;
                }
            }
        }
    }

    /// When something happens although no point comes.
    pub(super) fn deadline(&self, rule: &Rule) -> Option<Instant> {
        let due = match rule.judge {
            Judge::Absent { after, .. } => {
                (self.phase == Phase::Quiet).then(|| self.time.saturating_add(after))
            }
            Judge::Levels(_) => self.phase.deadline(rule.timing),
        };
        let due =
            due.and_then(|due| self.arrived.checked_add(Duration::from_nanos(due.saturating_sub(self.time))));
        due.or_else(|| self.stale_at(rule))
    }

    /// Whether it may be forgotten when there is no room: quiet, and silent for a while.
    pub(super) fn is_idle(&self, rule: &Rule, now: Instant) -> bool {
        let watched = matches!(rule.judge, Judge::Absent { .. });
        !watched && self.phase == Phase::Quiet && now.saturating_duration_since(self.arrived) >= LATE
    }

    fn stale_at(&self, rule: &Rule) -> Option<Instant> {
        let Phase::Firing { .. } = self.phase else { return None };
        let hold = Duration::from_nanos(rule.timing.hold);
        self.arrived.checked_add(hold)?.checked_add(rule.stale_after?)
    }

    fn fall_silent(&mut self, since: u64, mut tell: impl FnMut(Alert, u8)) {
        self.phase = Phase::Firing { since, level: 0 };
        if let Some(alert) = &mut self.alert {
            alert.starts_at = since;
            tell((**alert).clone(), self.level);
        }
    }

    fn tell(&mut self, change: Option<Change>, mut tell: impl FnMut(Alert, u8)) {
        match change {
            Some(Change::Fire | Change::Severity) => {
                if let Some(alert) = &self.alert {
                    tell((**alert).clone(), self.level);
                }
            }
            Some(Change::Resolve { at }) => self.resolve(at, tell),
            None => {}
        }
        if self.phase == Phase::Quiet {
            self.alert = None;
        }
    }

    fn resolve(&mut self, at: u64, mut tell: impl FnMut(Alert, u8)) {
        if let Some(alert) = &self.alert {
            let mut alert = (**alert).clone();
            alert.status = AlertStatus::Resolved;
            alert.ends_at = Some(at);
            tell(alert, self.level);
        }
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
