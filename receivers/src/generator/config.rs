use super::{AnomalyKind, ServiceConfig, service::Service};
use schemars::JsonSchema;
use serde::Deserialize;
use tidewatch_component::{AcknowledgeConfig, timestamp};
use tidewatch_config::{Mistake, Signal, values::GoDuration};

/// Generates the telemetry of a small web shop.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default)]
pub struct GeneratorConfig {
    /// Requests to the shop per second of event time; each is a trace, a log record and a count in the
    /// metrics. 0: as many as the pipelines admit. Default 10.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub rate: f64,
    /// The same seed gives the same events. Default: another one at every start; it is logged.
    pub seed: Option<u64>,
    /// Stop after this much event time. Default 0s: never.
    pub duration: GoDuration,
    /// What to make of traces, metrics and logs. Default: all three.
    pub signals: Vec<Signal>,
    /// The services of the shop. Default: checkout (150ms), payments (200ms) and search (50ms).
    pub services: Vec<ServiceConfig>,
    /// Event time between two exports of the metrics. Default 5s.
    pub interval: GoDuration,
    /// Period of the curve that users and CPU follow. Default 1d.
    pub season: GoDuration,
    /// Event time at the start, in RFC 3339. Default: now.
    pub start_time: Option<String>,
    /// Seconds of event time in a second. 0: as fast as the pipelines admit. Default 1.
    #[schemars(range(min = 0))]
    pub time_scale: f64,
    /// What goes wrong in the shop.
    pub anomaly: AnomalyConfig,
    /// `acknowledge` and `acknowledge_timeout`.
    #[serde(flatten)]
    pub acknowledge: AcknowledgeConfig,
}

/// When something goes wrong, for how long, and what.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AnomalyConfig {
    /// Chance that an anomaly begins, in each second of event time in which none is under way and no
    /// pause holds. 0: never. Default 0.05, so the first one is to be expected after 20s.
    #[schemars(range(min = 0, max = 1))]
    pub probability: f64,
    /// The shortest one. Default 2m.
    pub min_duration: GoDuration,
    /// The longest one. Default 5m.
    pub max_duration: GoDuration,
    /// Least time of health between two anomalies. Default 5m.
    pub pause: GoDuration,
    /// What may happen: `latency` (5 to 10 times the usual) and `errors` (20 to 40 % of the requests).
    /// Default: both.
    pub kinds: Vec<AnomalyKind>,
}

impl Default for GeneratorConfig {
    fn default() -> Self {
        Self {
            rate: 10.0,
            seed: None,
            duration: GoDuration::ZERO,
            signals: vec![Signal::Traces, Signal::Metrics, Signal::Logs],
            services: ServiceConfig::shop(),
            interval: GoDuration::from_secs(5),
            season: GoDuration::from_secs(86_400),
            start_time: None,
            time_scale: 1.0,
            anomaly: AnomalyConfig::default(),
            acknowledge: AcknowledgeConfig::default(),
        }
    }
}

impl Default for AnomalyConfig {
    fn default() -> Self {
        Self {
            probability: 0.05,
            min_duration: GoDuration::from_secs(120),
            max_duration: GoDuration::from_secs(300),
            pause: GoDuration::from_secs(300),
            kinds: vec![AnomalyKind::Latency, AnomalyKind::Errors],
        }
    }
}

/// The shortest `interval`: below, metrics would outweigh the events.
const MIN_INTERVAL: GoDuration = GoDuration::from_millis(10);
/// As many services as a generator has state for.
const MAX_SERVICES: usize = 1000;

impl GeneratorConfig {
    /// The services, if nothing is wrong in the whole configuration.
    pub(super) fn check(&self) -> Result<Vec<Service>, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let mut wrong = |path: &str, message: &str| mistakes.push(Mistake::new(path, message));
        if !(0.0..=1e6).contains(&self.rate) {
            wrong("rate", "a rate is between 0 and 1000000 events per second");
        }
        if !(self.time_scale >= 0.0 && self.time_scale.is_finite()) {
            wrong("time_scale", "a time scale is 0 or a positive number");
        }
        if self.rate <= 0.0 && (self.time_scale - 1.0).abs() > f64::EPSILON {
            wrong("time_scale", "with `rate: 0`, event time is the wall clock");
        }
        if self.rate <= 0.0 && self.start_time.is_some() {
            wrong("start_time", "with `rate: 0`, event time is the wall clock");
        }
        if let Some(Err(error)) = self.start_time.as_deref().map(timestamp::from_rfc3339) {
            wrong("start_time", &error);
        }
        if self.signals.is_empty() || self.signals.contains(&Signal::Alerts) {
            wrong("signals", "a generator makes some of traces, metrics and logs");
        }
        if self.interval < MIN_INTERVAL {
            wrong("interval", &format!("metrics leave at most every {MIN_INTERVAL}"));
        }
        if self.season == GoDuration::ZERO {
            wrong("season", "a season takes some time");
        }
        if self.services.is_empty() || self.services.len() > MAX_SERVICES {
            wrong("services", &format!("a shop has between 1 and {MAX_SERVICES} services"));
        }
        self.anomaly.check(&mut mistakes);
        let services = Service::all(&self.services, &mut mistakes);
        if mistakes.is_empty() { Ok(services) } else { Err(mistakes) }
    }
}

impl AnomalyConfig {
    fn check(&self, mistakes: &mut Vec<Mistake>) {
        let mut wrong = |path: &str, message: &str| mistakes.push(Mistake::new(path, message));
        if !(0.0..=1.0).contains(&self.probability) {
            wrong("anomaly.probability", "a probability is between 0 and 1");
        }
        if self.min_duration > self.max_duration {
            wrong("anomaly.min_duration", "the shortest anomaly is longer than the longest (`max_duration`)");
        }
        if self.kinds.is_empty() && self.probability > 0.0 {
            wrong(
                "anomaly.kinds",
                "no kind of anomaly is left to happen; for none at all, set `probability: 0`",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(yaml_as_json: serde_json::Value) -> Vec<String> {
        let config: GeneratorConfig = serde_json::from_value(yaml_as_json).unwrap();
        config.check().err().into_iter().flatten().map(|mistake| mistake.path).collect()
    }

    #[test]
    fn nothing_but_the_type_is_a_configuration() {
        assert!(paths(serde_json::json!({})).is_empty());
    }

    #[test]
    fn each_mistake_is_told_at_its_key() {
        let wrong = serde_json::json!({
            "rate": -1, "time_scale": -2, "start_time": "yesterday", "signals": ["alerts"], "interval": "1ms",
            "season": 0, "services": [{"name": "a", "endpoints": ["cart"]}, {"name": "a"}],
            "anomaly": {"probability": 2, "min_duration": "2m", "max_duration": "1m", "kinds": []},
        });
        let expected = [
            "rate",
            "time_scale",
            "time_scale",
            "start_time",
            "start_time",
            "signals",
            "interval",
            "season",
            "anomaly.probability",
            "anomaly.min_duration",
            "anomaly.kinds",
            "services[0].endpoints[0]",
            "services[1].name",
        ];
        assert_eq!(paths(wrong), expected);
    }
}
