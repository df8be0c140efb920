use super::{Page, attributes, dropped, hex_id, time};
use tidewatch_otlp::views::SpanView;

pub(super) fn write(page: &mut Page, index: usize, span: &SpanView<'_>) {
    page.line(format_args!("Span #{index}"));
    page.line(format_args!("    Trace ID       : {}", hex_id(span.trace_id())));
    page.line(format_args!("    Parent ID      : {}", hex_id(span.parent_span_id())));
    page.line(format_args!("    ID             : {}", hex_id(span.span_id())));
    page.line(format_args!("    Name           : {}", span.name()));
    page.line(format_args!("    Kind           : {}", kind(span.kind())));
    if !span.trace_state().is_empty() {
        page.line(format_args!("    TraceState     : {}", span.trace_state()));
    }
    page.line(format_args!("    Start time     : {}", time(span.start_time_unix_nano())));
    page.line(format_args!("    End time       : {}", time(span.end_time_unix_nano())));
    page.line(format_args!("    Status code    : {}", status(span.status_code())));
    page.line(format_args!("    Status message : {}", span.status_message()));
    page.line(format_args!("    Flags          : {:#x}", span.flags()));
    if !span.attributes().is_empty() {
        page.line(format_args!("Attributes:"));
        attributes(page, "     ", span.attributes());
    }
    dropped(page, "", span.dropped_attributes_count());
    events(page, span);
    links(page, span);
}

fn events(page: &mut Page, span: &SpanView<'_>) {
    for (index, event) in span.events().enumerate() {
        if index == 0 {
            page.line(format_args!("Events:"));
        }
        page.line(format_args!("SpanEvent #{index}"));
        page.line(format_args!("     -> Name: {}", event.name()));
        page.line(format_args!("     -> Timestamp: {}", time(event.time_unix_nano())));
        page.line(format_args!("     -> DroppedAttributesCount: {}", event.dropped_attributes_count()));
        page.line(format_args!("     -> Attributes:"));
        attributes(page, "          ", event.attributes());
    }
    if span.dropped_events_count() > 0 {
        page.line(format_args!("DroppedEventsCount: {}", span.dropped_events_count()));
    }
}

fn links(page: &mut Page, span: &SpanView<'_>) {
    for (index, link) in span.links().enumerate() {
        if index == 0 {
            page.line(format_args!("Links:"));
        }
        page.line(format_args!("SpanLink #{index}"));
        page.line(format_args!("     -> Trace ID: {}", hex_id(link.trace_id())));
        page.line(format_args!("     -> ID: {}", hex_id(link.span_id())));
        page.line(format_args!("     -> TraceState: {}", link.trace_state()));
        page.line(format_args!("     -> Flags: {:#x}", link.flags()));
        page.line(format_args!("     -> DroppedAttributesCount: {}", link.dropped_attributes_count()));
        page.line(format_args!("     -> Attributes:"));
        attributes(page, "          ", link.attributes());
    }
    if span.dropped_links_count() > 0 {
        page.line(format_args!("DroppedLinksCount: {}", span.dropped_links_count()));
    }
}

fn kind(number: i32) -> &'static str {
    match number {
        1 => "Internal",
        2 => "Server",
        3 => "Client",
        4 => "Producer",
        5 => "Consumer",
        _ => "Unspecified",
    }
}

fn status(code: i32) -> &'static str {
    match code {
        1 => "Ok",
        2 => "Error",
        _ => "Unset",
    }
}
