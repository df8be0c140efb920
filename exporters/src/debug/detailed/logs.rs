use super::{super::normal::severity_name, Page, attributes, dropped, hex_id, time, typed};
use tidewatch_otlp::views::LogRecordView;

pub(super) fn write(page: &mut Page, index: usize, record: &LogRecordView<'_>) {
    page.line(format_args!("LogRecord #{index}"));
    page.line(format_args!("ObservedTimestamp: {}", time(record.observed_time_unix_nano())));
    page.line(format_args!("Timestamp: {}", time(record.time_unix_nano())));
    page.line(format_args!("SeverityText: {}", record.severity_text()));
    let number = record.severity_number();
    page.line(format_args!("SeverityNumber: {}({number})", severity_name(number)));
    if !record.event_name().is_empty() {
        page.line(format_args!("EventName: {}", record.event_name()));
    }
    page.line(format_args!("Body: {}", record.body().map_or_else(|| "Empty()".into(), typed)));
    if !record.attributes().is_empty() {
        page.line(format_args!("Attributes:"));
        attributes(page, "     ", record.attributes());
    }
    dropped(page, "", record.dropped_attributes_count());
    page.line(format_args!("Trace ID: {}", hex_id(record.trace_id())));
    page.line(format_args!("Span ID: {}", hex_id(record.span_id())));
    page.line(format_args!("Flags: {}", record.flags()));
}
