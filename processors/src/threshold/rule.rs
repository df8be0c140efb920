//! A rule, compiled: what it judges and how.

use super::{
    annotations::Annotations,
    config::{ChangeAs, Mode},
    level::Level,
    phase::Timing,
    text,
};
use crate::series::{By, Statistic, all_attributes, trace_ids};
use std::{collections::BTreeMap, time::Duration};
use tidewatch_component::{Alert, AlertKind};
use tidewatch_expr::{Condition, Expression, Item, Record};

/// Bytes of one label's value in an alert, at the most; alerts are kept while they fire.
const LONGEST_LABEL: usize = 1024;

/// One limit.
#[derive(Debug)]
pub(super) struct Rule {
    /// The same as long as what is remembered of its series means the same.
    pub(super) identity: u64,
    pub(super) alert: String,
    pub(super) source: Source,
    pub(super) condition: Option<Condition>,
    pub(super) by: By,
    pub(super) change: Option<Change>,
    /// Whether it has nothing to say about an item without a number.
    pub(super) wants_value: bool,
    pub(super) judge: Judge,
    pub(super) mode: Mode,
    pub(super) timing: Timing,
    /// None: a firing alert waits for its series for ever.
    pub(super) stale_after: Option<Duration>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: Annotations,
}

/// What a rule looks at.
#[derive(Debug)]
pub(super) enum Source {
    /// The points of a metric.
    Metric { name: String, statistic: Statistic },
    /// Log records, and the number in them, if one is wanted.
    Logs { value: Option<Expression> },
    /// Spans, and the number in them, if one is wanted.
    Spans { value: Option<Expression> },
}

/// What is wrong with a series.
#[derive(Debug)]
pub(super) enum Judge {
    /// A level holds.
    Levels(Vec<Level>),
    /// It has been silent for so many nanoseconds.
    Absent { after: u64, severity: String },
}

/// The change of a number is judged, not the number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change {
    /// In nanoseconds.
    pub(super) over: u64,
    pub(super) unit: ChangeAs,
}

impl Rule {
    /// Whether something must be remembered of every series.
    pub(super) fn has_state(&self) -> bool {
        let increase = matches!(&self.source, Source::Metric { statistic, .. } if statistic.is_increase());
        self.mode == Mode::State || increase || self.change.is_some()
    }

    /// Whether its number only grows where the metric is cumulative.
    pub(super) fn judges_totals(&self) -> bool {
        let totals = [Statistic::Value, Statistic::Count, Statistic::Sum];
        matches!(&self.source, Source::Metric { statistic, .. } if totals.contains(statistic))
    }

    /// The level that counts: the last one that holds.
    pub(super) fn level(&self, value: Option<f64>, record: &Record<'_, '_>) -> Option<u8> {
        let Judge::Levels(levels) = &self.judge else { return None };
        let last = levels.iter().rposition(|level| level.holds(value, record))?;
        // There are at most 255 levels.
        u8::try_from(last).ok()
    }

    /// An alert of the series that `record` belongs to, still without severity and annotations.
    pub(super) fn alert(&self, value: Option<f64>, since: u64, record: &Record<'_, '_>) -> Alert {
        let mut labels = match self.mode {
            Mode::State => self.by.labels(record),
            Mode::Event => all_attributes(record),
        };
        labels.extend(self.labels.iter().map(|(key, value)| (key.clone(), value.clone())));
        let mut alert = Alert::firing(&self.alert, "", labels, since);
        // Only now, so that the fingerprint is that of the full labels.
        alert.labels.values_mut().for_each(|value| text::cut(value, LONGEST_LABEL));
        alert.value = value;
        alert.trace_ids = trace_ids(record);
        if self.mode == Mode::Event {
            alert.kind = AlertKind::Event;
        }
        if let Item::DataPoint(metric, _) = record.item {
            alert.metric = Some(metric.name().to_owned());
            alert.unit = Some(metric.unit().to_owned()).filter(|unit| !unit.is_empty());
        }
        alert
    }

    /// The severity of a level.
    pub(super) fn severity(&self, level: u8) -> &str {
        match &self.judge {
            Judge::Levels(levels) => levels.get(usize::from(level)).map_or("", |level| &level.severity),
            Judge::Absent { severity, .. } => severity,
        }
    }

    /// Writes severity, bounds and texts into an alert of `level`; how many texts failed.
    pub(super) fn finish(&self, alert: &mut Alert, level: u8) -> usize {
        let threshold = match &self.judge {
            Judge::Levels(levels) => {
                let level = &levels[usize::from(level)];
                level.stamp(alert);
                level.limit()
            }
            Judge::Absent { severity, .. } => {
                severity.clone_into(&mut alert.severity);
                None
            }
        };
        self.annotations.render(alert, threshold)
    }
}
