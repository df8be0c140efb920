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

const BODY: &str =
    "GET /api/v1/checkout/cart answered 200 with 5120 bytes after 12.7 ms; cache miss, pool idle";

/// A request of the records with these numbers, about 250 bytes each.
pub fn request(numbers: Range<u64>, attempt: u64) -> Bytes {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos() as u64;
    let records = numbers.map(|number| LogRecord {
        time_unix_nano: now,
        observed_time_unix_nano: now,
        severity_number: 9,
        severity_text: "INFO".to_owned(),
        body: Some(text(BODY)),
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

/// The line of a file with this number, without its end.
pub fn line(number: u64) -> String {
    format!("{NUMBER}={number:010} {BODY}")
}

/// What a request holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Numbers, in order.
    pub numbers: Vec<u64>,
    /// Records without a number.
    pub unnumbered: u64,
    /// Records with a number and something else than they were sent with.
    pub altered: u64,
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
                Some(number) => {
                    contents.numbers.push(number);
                    contents.altered += u64::from(!is_whole(&record, number));
                }
                None => contents.unnumbered += 1,
            }
        }
    }
    Ok(contents)
}

fn number(record: &LogRecord) -> Option<u64> {
    match record.attributes.iter().find(|attribute| attribute.key == NUMBER) {
        Some(attribute) => match attribute.value.as_ref()?.value.as_ref()? {
            Value::IntValue(number) => u64::try_from(*number).ok(),
            _ => None,
        },
        None => body(record)?.strip_prefix(NUMBER)?.strip_prefix('=')?.split(' ').next()?.parse().ok(),
    }
}

/// Whether a record says what was sent, as a record or as a line.
fn is_whole(record: &LogRecord, number: u64) -> bool {
    body(record).is_some_and(|body| body == BODY || body == line(number))
}

fn body(record: &LogRecord) -> Option<&str> {
    match record.body.as_ref()?.value.as_ref()? {
        Value::StringValue(body) => Some(body),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_written() {
        let contents = read(&request(5..8, 0)).unwrap();
        assert_eq!(contents, Contents { numbers: vec![5, 6, 7], ..Contents::default() });
        let unnumbered = logs(vec![LogRecord::default()]).encode_to_vec();
        assert_eq!(read(&unnumbered).unwrap().unnumbered, 1);
        let from_file = |body: &str| LogRecord { body: Some(text(body)), ..LogRecord::default() };
        let lines = logs(vec![from_file(&line(70)), from_file(&line(71)[..30])]).encode_to_vec();
        assert_eq!(read(&lines).unwrap(), Contents { numbers: vec![70, 71], unnumbered: 0, altered: 1 });
    }
}
