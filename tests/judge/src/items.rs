//! Numbered log records.

use bytes::Bytes;
use opentelemetry_proto::tonic::{
    collector::logs::v1::ExportLogsServiceRequest,
    common::v1::{AnyValue, KeyValue, any_value::Value},
    logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
    resource::v1::Resource,
};
use prost::Message;
use std::{
    ops::Range,
    time::{SystemTime, UNIX_EPOCH},
};

/// The attribute that holds a record's number.
pub const NUMBER: &str = "judge.number";
/// The attribute that says how often its sender had tried before.
pub const ATTEMPT: &str = "judge.attempt";

/// A request of the records with these numbers, about 250 bytes each.
pub fn request(numbers: Range<u64>, attempt: u64) -> Bytes {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos() as u64;
    let records = numbers.map(|number| LogRecord {
        time_unix_nano: now,
        observed_time_unix_nano: now,
        severity_number: 9,
        severity_text: "INFO".to_owned(),
        body: Some(text(
            "GET /api/v1/checkout/cart answered 200 with 5120 bytes after 12.7 ms; cache miss, pool idle",
        )),
        attributes: vec![
            attribute(NUMBER, Value::IntValue(number.cast_signed())),
            attribute(ATTEMPT, Value::IntValue(attempt.cast_signed())),
            attribute("http.request.method", Value::StringValue("GET".to_owned())),
            attribute("url.path", Value::StringValue("/api/v1/checkout/cart".to_owned())),
        ],
        trace_id: vec![7; 16],
        span_id: vec![9; 8],
        ..LogRecord::default()
    });
    logs(records.collect()).encode_to_vec().into()
}

/// A request of these records.
pub fn logs(log_records: Vec<LogRecord>) -> ExportLogsServiceRequest {
    let resource = Resource {
        attributes: vec![attribute("service.name", Value::StringValue("judge".to_owned()))],
        ..Resource::default()
    };
    let scope_logs = vec![ScopeLogs { log_records, ..ScopeLogs::default() }];
    ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs { resource: Some(resource), scope_logs, ..ResourceLogs::default() }],
    }
}

/// An attribute.
pub fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

/// A text.
pub fn text(value: &str) -> AnyValue {
    AnyValue { value: Some(Value::StringValue(value.to_owned())) }
}

/// What a request holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Numbers, in order.
    pub numbers: Vec<u64>,
    /// Records without a number.
    pub unnumbered: u64,
}

impl Contents {
    /// Numbered or not.
    pub fn items(&self) -> u64 {
        self.numbers.len() as u64 + self.unnumbered
    }
}

/// Reads the numbers of a request.
///
/// # Errors
/// When it is no OTLP logs request.
pub fn read(request: &[u8]) -> Result<Contents, prost::DecodeError> {
    let mut contents = Contents::default();
    for resource in ExportLogsServiceRequest::decode(request)?.resource_logs {
        for record in resource.scope_logs.into_iter().flat_map(|scope| scope.log_records) {
            match number(&record) {
                Some(number) => contents.numbers.push(number),
                None => contents.unnumbered += 1,
            }
        }
    }
    Ok(contents)
}

fn number(record: &LogRecord) -> Option<u64> {
    let attribute = record.attributes.iter().find(|attribute| attribute.key == NUMBER)?;
    match attribute.value.as_ref()?.value.as_ref()? {
        Value::IntValue(number) => u64::try_from(*number).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_written() {
        let contents = read(&request(5..8, 0)).unwrap();
        assert_eq!(contents, Contents { numbers: vec![5, 6, 7], unnumbered: 0 });
        let unnumbered = logs(vec![LogRecord::default()]).encode_to_vec();
        assert_eq!(read(&unnumbered).unwrap().unnumbered, 1);
    }
}
