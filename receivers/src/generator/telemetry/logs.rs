//! One log record for each event, linked to its server span.

use super::{by_service, integer, request_attributes, resource, scope};
use crate::generator::{service::Service, workload::Event};
use tidewatch_otlp::{
    Request,
    proto::{
        collector::logs::v1::ExportLogsServiceRequest,
        common::v1::{AnyValue, any_value::Value},
        logs::v1::{LogRecord, ResourceLogs, ScopeLogs, SeverityNumber},
    },
};

pub(super) fn encode(services: &[Service], events: &[Event]) -> Request {
    let resource_logs = by_service(events).into_iter().map(|(index, events)| {
        let service = &services[index];
        let log_records = events.into_iter().map(|event| record(service, event)).collect();
        ResourceLogs {
            resource: resource(service),
            scope_logs: vec![ScopeLogs { scope: scope(), log_records, ..ScopeLogs::default() }],
            ..ResourceLogs::default()
        }
    });
    Request::encode_logs(&ExportLogsServiceRequest { resource_logs: resource_logs.collect() })
}

fn record(service: &Service, event: &Event) -> LogRecord {
    let (severity, severity_text) = match event.status {
        500.. => (SeverityNumber::Error, "ERROR"),
        400.. => (SeverityNumber::Warn, "WARN"),
        _ => (SeverityNumber::Info, "INFO"),
    };
    let endpoint = &service.endpoints[event.endpoint];
    let milliseconds = event.latency / 1_000_000;
    let body = format!("{} {} {} in {milliseconds} ms", endpoint.method, endpoint.route, event.status);
    let mut attributes = request_attributes(service, event.endpoint, event.status);
    attributes.push(integer("latency_ms", i64::try_from(milliseconds).unwrap_or(i64::MAX)));
    LogRecord {
        time_unix_nano: event.end,
        observed_time_unix_nano: event.end,
        severity_number: severity.into(),
        severity_text: severity_text.to_owned(),
        body: Some(AnyValue { value: Some(Value::StringValue(body)) }),
        attributes,
        trace_id: event.trace_id.to_vec(),
        span_id: event.span_id.to_vec(),
        ..LogRecord::default()
    }
}
