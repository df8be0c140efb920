//! How reloads went.

use std::time::{SystemTime, UNIX_EPOCH};
use tidewatch_telemetry::{IntCounter, IntGauge, Metrics};

pub(super) struct Meters {
    succeeded: IntCounter,
    failed: IntCounter,
    last_succeeded: IntGauge,
    last_at: IntGauge,
}

impl Meters {
    /// The start counts as a success, but not as a reload.
    pub(super) fn new(metrics: &Metrics) -> Self {
        let help = "Reloads of the configuration, by result.";
        let reloads = metrics.counter("tidewatch_config_reloads_total", help, &["result"]);
        let gauge = |name, help| metrics.gauge(name, help, &[]).with_label_values::<&str>(&[]);
        let meters = Self {
            succeeded: reloads.with_label_values(&["success"]),
            failed: reloads.with_label_values(&["failure"]),
            last_succeeded: gauge(
                "tidewatch_config_last_reload_success",
                "1: the last configuration that was read is the one that runs; 0: it was refused.",
            ),
            last_at: gauge(
                "tidewatch_config_last_reload_timestamp_seconds",
                "When the configuration that runs was taken over, in seconds since 1970.",
            ),
        };
        meters.runs();
        meters
    }

    pub(super) fn count(&self, success: bool) {
        if success {
            self.succeeded.inc();
            self.runs();
        } else {
            self.failed.inc();
            self.last_succeeded.set(0);
        }
    }

    fn runs(&self) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        self.last_succeeded.set(1);
        self.last_at.set(i64::try_from(now).unwrap_or(i64::MAX));
    }
}
