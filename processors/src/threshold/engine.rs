//! Takes requests through the rules.

use super::{
    config::Mode,
    counts::Counts,
    remembered::Remembered,
    rule::{Judge, Rule, Source},
    series::Series,
    store::{Store, Stored},
};
use crate::series::{Hashes, Reading, ResourceHash, Shape, for_each_point};
use std::{
    cell::OnceCell,
    collections::HashMap,
    sync::OnceLock,
    time::{Duration, Instant},
};
use tidewatch_component::{Alert, AlertStatus, BuildContext, timestamp};
use tidewatch_expr::{Expression, Item, Record, Value};
use tidewatch_otlp::{Request, Signal, edit::Arena};

pub(super) struct Engine {
    rules: Vec<Rule>,
    /// Numbers of rules, by the metric they judge.
    by_metric: HashMap<String, Vec<usize>>,
    on_logs: Vec<usize>,
    on_spans: Vec<usize>,
    /// Stored ones, where there is a storage; they must be known before the first item.
    hashes: OnceLock<Hashes>,
    store: Store,
    counts: Counts,
}

/// What came of a request, or of the time that went by.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Alerts that last.
    pub(super) states: Vec<Alert>,
    /// Alerts that belong to one record of the request.
    pub(super) events: Vec<Alert>,
    /// When to look again, if nothing comes.
    pub(super) wake_at: Option<Instant>,
}

/// How far the clock of a source may be ahead of ours.
const AHEAD: Duration = Duration::from_secs(300);

/// When a request came.
#[derive(Clone, Copy)]
struct Arrival {
    at: Instant,
    /// The latest event time to believe, in Unix nanoseconds.
    latest: u64,
}

impl Arrival {
    fn new(at: Instant) -> Self {
        Self { at, latest: timestamp::now().saturating_add(AHEAD.as_nanos() as u64) }
    }
}

/// One item on its way through one rule.
struct Sample<'a> {
    record: &'a Record<'a, 'a>,
    /// Event time, in Unix nanoseconds.
    time: u64,
    reading: Reading,
    shape: Shape,
}

impl Engine {
    pub(super) fn new(rules: Vec<Rule>, max_series: usize, context: &BuildContext) -> Self {
        let mut by_metric: HashMap<String, Vec<usize>> = HashMap::new();
        let (mut on_logs, mut on_spans) = (Vec::new(), Vec::new());
        for (number, rule) in rules.iter().enumerate() {
            match &rule.source {
                Source::Metric { name, .. } => by_metric.entry(name.clone()).or_default().push(number),
                Source::Logs { .. } => on_logs.push(number),
                Source::Spans { .. } => on_spans.push(number),
            }
        }
        let counts = Counts::new(context, rules.iter().map(|rule| rule.alert.as_str()));
        let store = Store::new(max_series, counts.rules.iter().map(|rule| rule.series.clone()).collect());
        Self { rules, by_metric, on_logs, on_spans, hashes: OnceLock::new(), store, counts }
    }

    /// Whether a rule judges items of this kind.
    pub(super) fn judges(&self, signal: Signal) -> bool {
        match signal {
            Signal::Metrics => !self.by_metric.is_empty(),
            Signal::Logs => !self.on_logs.is_empty(),
            Signal::Traces => !self.on_spans.is_empty(),
        }
    }

    /// Judges all items of a request.
    pub(super) fn judge(&self, request: &Request, now: Instant) -> Found {
        let mut found = Found::default();
        if !self.judges(request.signal()) {
            return found;
        }
        let (arrival, arena) = (Arrival::new(now), Arena::new());
        for resource in request.canonical().resources() {
            let hash = OnceCell::new();
            let hash = || hash.get_or_init(|| self.hashes().of_resource(&resource));
            for scope in resource.scopes() {
                for metric in scope.metrics() {
                    let Some(rules) = self.by_metric.get(metric.name()) else { continue };
                    for rule in rules {
                        for_each_point(&resource, &scope, &metric, &arena, |record, point, shape| {
                            let time = event_time(point.time_unix_nano());
                            let Source::Metric { statistic, .. } = self.rules[*rule].source else { return };
                            let reading = statistic.read(point, shape, time);
                            self.take(
                                *rule,
                                &Sample { record, time, reading, shape },
                                hash,
                                arrival,
                                &mut found,
                            );
                        });
                    }
                }
                for log in scope.records().filter(|_| !self.on_logs.is_empty()) {
                    let record = Record::new(&resource, &scope, Item::Log(&log), &arena);
                    let time = match log.time_unix_nano() {
                        0 => event_time(log.observed_time_unix_nano()),
                        time => time,
                    };
                    self.take_item(&self.on_logs, &record, time, hash, arrival, &mut found);
                }
                for span in scope.spans().filter(|_| !self.on_spans.is_empty()) {
                    let record = Record::new(&resource, &scope, Item::Span(&span), &arena);
                    let time = event_time(span.end_time_unix_nano());
                    self.take_item(&self.on_spans, &record, time, hash, arrival, &mut found);
                }
            }
        }
        self.counts.series.set(i64::try_from(self.store.len()).unwrap_or(i64::MAX));
        found
    }

    /// How series are hashed: by stored keys, if they are given before the first item, else by new ones.
    pub(super) fn hashes(&self) -> &Hashes {
        self.hashes.get_or_init(Hashes::default)
    }

    /// Hashes with these keys, if nothing has been hashed yet.
    pub(super) fn hash_with(&self, hashes: Hashes) -> bool {
        self.hashes.set(hashes).is_ok()
    }

    /// What is to be stored of a shard, if what is stored is this outdated.
    pub(super) fn remember(&self, shard: usize, outdated: Stored, now: Instant) -> Option<Vec<Remembered>> {
        let mut shelf = Vec::new();
        let outdated = self.store.store(shard, outdated, |key, series| {
            shelf.extend(series.remember(key, &self.rules[series.rule], now));
        });
        outdated.then_some(shelf)
    }

    /// Takes up a series that was stored. What fires under a rule that is gone resolves. False: there is no room.
    pub(super) fn recall(
        &self,
        stored: Remembered,
        silent: Duration,
        now: Instant,
        found: &mut Found,
    ) -> bool {
        match self.rules.iter().position(|rule| rule.identity == stored.rule && rule.has_state()) {
            Some(rule) => {
                let (key, series) = (stored.key, Series::recall(rule, stored, now, silent));
                self.store.restore(key, series, &self.rules)
            }
            None => {
                if let Some(mut alert) = stored.alert.filter(|_| stored.phase.fires()) {
                    alert.status = AlertStatus::Resolved;
                    alert.ends_at = Some(timestamp::now());
                    found.states.push(*alert);
                }
                true
            }
        }
    }

    /// Lets the time go by up to `now`.
    pub(super) fn wake(&self, now: Instant) -> Found {
        let mut found = Found::default();
        let Found { states, .. } = &mut found;
        let next = self.store.wake(&self.rules, now, |rule, series| {
            let number = series.rule;
            series.wait(rule, now, |alert, level| states.push(self.finish(number, alert, level)));
        });
        found.wake_at = next;
        found
    }

    fn take_item<'a>(
        &self,
        rules: &[usize],
        record: &Record<'_, '_>,
        time: u64,
        resource: impl Fn() -> &'a ResourceHash<'a>,
        arrival: Arrival,
        found: &mut Found,
    ) {
        for rule in rules {
            let reading = match &self.rules[*rule].source {
                Source::Logs { value: Some(value) } | Source::Spans { value: Some(value) } => {
                    read(value, record)
                }
                _ => Reading::Nothing,
            };
            self.take(
                *rule,
                &Sample { record, time, reading, shape: Shape::Level },
                &resource,
                arrival,
                found,
            );
        }
    }

    fn take<'a>(
        &self,
        number: usize,
        sample: &Sample<'_>,
        resource: impl FnOnce() -> &'a ResourceHash<'a>,
        arrival: Arrival,
        found: &mut Found,
    ) {
        let (rule, counts) = (&self.rules[number], &self.counts.rules[number]);
        if rule.condition.as_ref().is_some_and(|condition| !condition.holds(sample.record)) {
            return;
        }
        // Believed, it would make all that follows look out of order.
        if sample.time > arrival.latest {
            return counts.in_future.inc();
        }
        if let (Reading::Unsuited, true, Item::DataPoint(metric, _)) =
            (sample.reading, rule.wants_value, sample.record.item)
        {
            return counts.unsuited(&rule.alert, metric.name());
        }
        if !rule.has_state() {
            let value = match sample.reading {
                Reading::Number(number) => Some(number),
                Reading::Total(_) | Reading::Nothing | Reading::Unsuited => None,
            };
            return self.event(number, sample, value, found);
        }
        let key = self.hashes().of_series(rule.identity, &rule.by, sample.record, resource);
        let known = self.store.with(key, (&self.rules, number), arrival.at, |series| {
            let before = series.time();
            if series.arrive(sample.time, arrival.at).is_err() {
                return counts.out_of_order.inc();
            }
            if let Judge::Absent { .. } = rule.judge {
                counts.judged.inc();
                return series.speak(rule, sample.record, before, |alert, level| {
                    found.states.push(self.finish(number, alert, level));
                });
            }
            let value = series.number(rule, sample.reading, sample.shape);
            if rule.mode == Mode::Event {
                return self.event(number, sample, value, found);
            }
            if value.is_none() && rule.wants_value {
                return self.without_value(number, sample);
            }
            counts.judged.inc();
            let level = rule.level(value, sample.record);
            series.judge(rule, level, value, sample.record, |alert, level| {
                found.states.push(self.finish(number, alert, level));
            });
        });
        match known {
            Ok(((), Some(wake))) => found.wake_at = Some(found.wake_at.map_or(wake, |known| known.min(wake))),
            Ok(((), None)) => {}
            Err(_) => self.counts.refused.inc(),
        }
    }

    /// One alert for one record, if it is over.
    fn event(&self, number: usize, sample: &Sample<'_>, value: Option<f64>, found: &mut Found) {
        let rule = &self.rules[number];
        if value.is_none() && rule.wants_value {
            return self.without_value(number, sample);
        }
        self.counts.rules[number].judged.inc();
        if let Some(level) = rule.level(value, sample.record) {
            let alert = rule.alert(value, sample.time, sample.record);
            found.events.push(self.finish(number, alert, level));
        }
    }

    /// The first point of a counter has no increase yet, which is no loss; other items may lack a number.
    fn without_value(&self, number: usize, sample: &Sample<'_>) {
        if matches!(sample.reading, Reading::Nothing) {
            self.counts.rules[number].no_value.inc();
        }
    }

    fn finish(&self, number: usize, mut alert: Alert, level: u8) -> Alert {
        let counts = &self.counts.rules[number];
        counts.annotations.inc_by(self.rules[number].finish(&mut alert, level) as u64);
        counts.told(alert.status);
        alert
    }
}

/// The number an expression gives; a text that is a number counts, too.
fn read(expression: &Expression, record: &Record<'_, '_>) -> Reading {
    let value = expression.evaluate(record);
    let number = match &value {
        Value::Text(text) => text.trim().parse().ok(),
        other => other.as_f64(),
    };
    number.filter(|number: &f64| !number.is_nan()).map_or(Reading::Nothing, Reading::Number)
}

/// An item without a time happens now.
fn event_time(time: u64) -> u64 {
    if time == 0 { timestamp::now() } else { time }
}
