//! Telemetry whose items carry numbers.

use opentelemetry_proto::tonic::{
    collector::{logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest},
    logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
    metrics::v1::{Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, metric::Data},
};
use std::collections::BTreeMap;
use tidewatch_component::{Alert, AlertStatus, DeadLetter, Payload};
use tidewatch_otlp::{Request, Signal};

/// Log records with these numbers.
pub(crate) fn logs(ids: impl IntoIterator<Item = u64>) -> Payload {
    let log_records =
        ids.into_iter().map(|id| LogRecord { time_unix_nano: id, ..Default::default() }).collect();
    let scope_logs = vec![ScopeLogs { log_records, ..Default::default() }];
    let resource_logs = vec![ResourceLogs { scope_logs, ..Default::default() }];
    Payload::Telemetry(Request::encode_logs(&ExportLogsServiceRequest { resource_logs }))
}

/// Data points with these numbers.
pub(crate) fn metrics(ids: impl IntoIterator<Item = u64>) -> Payload {
    let data_points =
        ids.into_iter().map(|id| NumberDataPoint { time_unix_nano: id, ..Default::default() }).collect();
    let data = Some(Data::Gauge(Gauge { data_points }));
    let metrics = vec![Metric { name: "m".into(), data, ..Default::default() }];
    let scope_metrics = vec![ScopeMetrics { metrics, ..Default::default() }];
    let resource_metrics = vec![ResourceMetrics { scope_metrics, ..Default::default() }];
    Payload::Telemetry(Request::encode_metrics(&ExportMetricsServiceRequest { resource_metrics }))
}

/// The numbers of what `payload` carries; alerts carry theirs as the start.
pub(crate) fn ids_of(payload: &Payload) -> Vec<u64> {
    let request = match payload {
        Payload::Alerts(alerts) => return alerts.iter().map(|alert| alert.starts_at).collect(),
        Payload::Telemetry(request) => request,
    };
    match request.signal() {
        Signal::Logs => {
            let message = request.decode_logs();
            let scopes = message.resource_logs.into_iter().flat_map(|resource| resource.scope_logs);
            scopes.flat_map(|scope| scope.log_records).map(|record| record.time_unix_nano).collect()
        }
        Signal::Metrics => {
            let message = request.decode_metrics();
            let scopes = message.resource_metrics.into_iter().flat_map(|resource| resource.scope_metrics);
            let gauges = scopes.flat_map(|scope| scope.metrics).filter_map(|metric| match metric.data {
                Some(Data::Gauge(gauge)) => Some(gauge.data_points),
                _ => None,
            });
            gauges.flatten().map(|point| point.time_unix_nano).collect()
        }
        Signal::Traces => unreachable!("no test sends traces"),
    }
}

/// The dead letters that `payload` carries.
pub(crate) fn letters_of(payload: &Payload) -> Vec<DeadLetter> {
    let Payload::Telemetry(request) = payload else { return Vec::new() };
    if request.signal() != Signal::Logs {
        return Vec::new();
    }
    let scopes = request.decode_logs().resource_logs.into_iter().flat_map(|resource| resource.scope_logs);
    let records = scopes.flat_map(|scope| scope.log_records);
    records
        .filter_map(|record| DeadLetter::from_record(&record))
        .map(|letter| letter.expect("whole"))
        .collect()
}

/// A transition of the state alert of `pod`, numbered by its start.
pub(crate) fn state_alert(pod: u64, status: AlertStatus, id: u64) -> Alert {
    let labels = BTreeMap::from([("pod".to_owned(), pod.to_string())]);
    Alert { status, ..Alert::firing("Down", "high", labels, id) }
}
