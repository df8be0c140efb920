//! Alerts as OTLP log records, without loss: for leaving through an exporter that knows only OTLP,
//! and for coming in where a receiver accepts alerts.

use crate::{Alert, AlertStatus};
use opentelemetry_proto::tonic::{
    collector::logs::v1::ExportLogsServiceRequest,
    common::v1::{
        AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList, any_value::Value as Any,
    },
    logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
};
use serde_json::Value;
use tidewatch_otlp::Request;

/// The `event_name` of a log record that is an alert.
pub const EVENT_NAME: &str = "tidewatch.alert";

/// Every field of an alert is an attribute of this prefix.
const PREFIX: &str = "alert.";

impl Alert {
    /// One logs request that carries `alerts`, in order.
    pub fn to_otlp(alerts: &[Self]) -> Request {
        let log_records = alerts.iter().map(Self::to_record).collect();
        let scope = InstrumentationScope { name: "tidewatch".into(), ..Default::default() };
        let scope_logs = vec![ScopeLogs { scope: Some(scope), log_records, ..Default::default() }];
        Request::encode_logs(&ExportLogsServiceRequest {
            resource_logs: vec![ResourceLogs { scope_logs, ..Default::default() }],
        })
    }

    fn to_record(&self) -> LogRecord {
        let fields = match serde_json::to_value(self) {
            Ok(Value::Object(fields)) => fields,
            // An alert is a struct of strings, numbers and maps.
            other => unreachable!("an alert serializes as an object, not {other:?}"),
        };
        LogRecord {
            time_unix_nano: self.ends_at.unwrap_or(self.starts_at),
            observed_time_unix_nano: crate::timestamp::now(),
            severity_number: severity_number(self),
            severity_text: self.severity.clone(),
            event_name: EVENT_NAME.into(),
            body: (!self.summary.is_empty())
                .then(|| AnyValue { value: Some(Any::StringValue(self.summary.clone())) }),
            attributes: fields
                .into_iter()
                .map(|(key, value)| pair(format!("{PREFIX}{key}"), value))
                .collect(),
            ..Default::default()
        }
    }

    /// The alert that a log record carries; none if it is not one.
    ///
    /// # Errors
    /// The record says that it is an alert, but a field is missing or wrong.
    pub fn from_record(record: &LogRecord) -> Option<Result<Self, String>> {
        if record.event_name != EVENT_NAME {
            return None;
        }
        let fields = record
            .attributes
            .iter()
            .filter_map(|pair| Some((pair.key.strip_prefix(PREFIX)?.to_owned(), json(pair.value.as_ref()))))
            .collect();
        Some(serde_json::from_value(Value::Object(fields)).map_err(|error| error.to_string()))
    }
}

/// The log severity that fits an alert's: resolved ones inform.
fn severity_number(alert: &Alert) -> i32 {
    match (alert.status, alert.severity.as_str()) {
        (AlertStatus::Resolved, _) | (_, "info" | "low" | "none") => 9,
        (_, "critical" | "page" | "fatal") => 21,
        (_, "high" | "error" | "major") => 17,
        _ => 13,
    }
}

fn pair(key: String, value: Value) -> KeyValue {
    KeyValue { key, value: Some(any(value)), ..Default::default() }
}

fn any(value: Value) -> AnyValue {
    let value = match value {
        Value::Null => None,
        Value::Bool(value) => Some(Any::BoolValue(value)),
        Value::Number(number) => Some(match number.as_i64() {
            Some(whole) => Any::IntValue(whole),
            None => Any::DoubleValue(number.as_f64().unwrap_or(f64::NAN)),
        }),
        Value::String(text) => Some(Any::StringValue(text)),
        Value::Array(values) => {
            Some(Any::ArrayValue(ArrayValue { values: values.into_iter().map(any).collect() }))
        }
        Value::Object(fields) => {
            let values = fields.into_iter().map(|(key, value)| pair(key, value)).collect();
            Some(Any::KvlistValue(KeyValueList { values }))
        }
    };
    AnyValue { value }
}

fn json(value: Option<&AnyValue>) -> Value {
    match value.and_then(|value| value.value.as_ref()) {
        Some(Any::StringValue(text)) => Value::String(text.clone()),
        Some(Any::BoolValue(value)) => Value::Bool(*value),
        Some(Any::IntValue(value)) => (*value).into(),
        Some(Any::DoubleValue(value)) => (*value).into(),
        Some(Any::ArrayValue(array)) => array.values.iter().map(|value| json(Some(value))).collect(),
        Some(Any::KvlistValue(list)) => Value::Object(
            list.values.iter().map(|pair| (pair.key.clone(), json(pair.value.as_ref()))).collect(),
        ),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn an_alert_survives_its_otlp_form() {
        let labels = BTreeMap::from([("host.name".to_owned(), "host-a".to_owned())]);
        let mut alert = Alert::firing("CpuLoadHigh", "critical", labels, 1_767_607_380_123_456_789);
        alert.value = Some(92.0);
        alert.score = Some(1.0222);
        alert.summary = "cpu_load=92.0".into();
        alert.trace_ids = vec!["5b8efff798038103d269b633813fc60c".into()];
        let request = Alert::to_otlp(std::slice::from_ref(&alert));
        assert_eq!(request.items(), 1);
        let message = request.decode_logs();
        let record = &message.resource_logs[0].scope_logs[0].log_records[0];
        assert_eq!(Alert::from_record(record).unwrap().unwrap(), alert);
    }

    #[test]
    fn other_records_are_no_alerts_and_broken_ones_say_why() {
        assert!(Alert::from_record(&LogRecord::default()).is_none());
        let broken = LogRecord { event_name: EVENT_NAME.into(), ..Default::default() };
        assert!(Alert::from_record(&broken).unwrap().unwrap_err().contains("missing field"));
    }
}
