use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use tidewatch_component::{AlertStatus, BuildContext};
use tidewatch_telemetry::{IntCounter, IntGauge};

/// What one processor tells about itself.
pub(super) struct Counts {
    /// Series remembered now.
    pub(super) series: IntGauge,
    /// Items whose series was refused for want of room.
    pub(super) refused: IntCounter,
    /// By the rule's number.
    pub(super) rules: Vec<RuleCounts>,
}

/// What one rule tells about itself.
pub(super) struct RuleCounts {
    firing: IntCounter,
    resolved: IntCounter,
    unsuited: IntCounter,
    /// Items that it judged.
    pub(super) judged: IntCounter,
    /// Series of its own remembered now.
    pub(super) series: IntGauge,
    unsuited_logged: AtomicBool,
    /// Items without the number to judge.
    pub(super) no_value: IntCounter,
    /// Items older than their series' newest.
    pub(super) out_of_order: IntCounter,
    /// Items whose time is yet to come.
    pub(super) in_future: IntCounter,
    /// Annotations that could not be rendered.
    pub(super) annotations: IntCounter,
}

impl Counts {
    pub(super) fn new<'r>(context: &BuildContext, rules: impl Iterator<Item = &'r str>) -> Self {
        let id = context.id.to_string();
        let own = [id.as_str(), context.pipeline.as_str()];
        let metrics = &context.metrics;
        let series = metrics.gauge(
            "tidewatch_threshold_series",
            "Series that a threshold processor remembers.",
            &["processor", "pipeline"],
        );
        let refused = metrics.counter(
            "tidewatch_threshold_refused_series",
            "Items that were not judged, as their series was new and max_series were known.",
            &["processor", "pipeline"],
        );
        let alerts = metrics.counter(
            "tidewatch_threshold_alerts",
            "Alerts that a rule sent, by status.",
            &["processor", "pipeline", "alert", "status"],
        );
        let skipped = metrics.counter(
            "tidewatch_threshold_skipped_items",
            "Items that a rule could not judge, by reason.",
            &["processor", "pipeline", "alert", "reason"],
        );
        let judged = metrics.counter(
            "tidewatch_threshold_judged_items",
            "Points, log records and spans that a rule judged.",
            &["processor", "pipeline", "alert"],
        );
        let rule_series = metrics.gauge(
            "tidewatch_threshold_rule_series",
            "Series that a rule remembers.",
            &["processor", "pipeline", "alert"],
        );
        let annotations = metrics.counter(
            "tidewatch_threshold_failed_annotations",
            "Annotations that were sent unrendered, as their template failed.",
            &["processor", "pipeline", "alert"],
        );
        let rules = rules.map(|alert| {
            let skipped = |reason| skipped.with_label_values(&[own[0], own[1], alert, reason]);
            RuleCounts {
                firing: alerts.with_label_values(&[own[0], own[1], alert, "firing"]),
                resolved: alerts.with_label_values(&[own[0], own[1], alert, "resolved"]),
                judged: judged.with_label_values(&[own[0], own[1], alert]),
                series: rule_series.with_label_values(&[own[0], own[1], alert]),
                unsuited: skipped("unsuited_statistic"),
                unsuited_logged: AtomicBool::new(false),
                no_value: skipped("no_value"),
                out_of_order: skipped("out_of_order"),
                in_future: skipped("in_future"),
                annotations: annotations.with_label_values(&[own[0], own[1], alert]),
            }
        });
        Self {
            rules: rules.collect(),
            series: series.with_label_values(&own),
            refused: refused.with_label_values(&own),
        }
    }
}

impl RuleCounts {
    /// An alert leaves.
    pub(super) fn told(&self, status: AlertStatus) {
        match status {
            AlertStatus::Firing => self.firing.inc(),
            AlertStatus::Resolved => self.resolved.inc(),
        }
    }

    /// A point has no such number; logged once.
    pub(super) fn unsuited(&self, alert: &str, metric: &str) {
        self.unsuited.inc();
        if !self.unsuited_logged.swap(true, Relaxed) {
            tracing::warn!(
                alert,
                metric,
                "points of this metric do not have the rule's statistic: gauges and sums have `value`, `rate` and \
                 `delta`; histograms and summaries `count`, `sum`, `avg`, percentiles, `rate` and `delta`"
            );
        }
    }
}
