//! Every field, in the form of the Collector's debug exporter.

mod alerts;
mod logs;
mod metrics;
mod traces;

use super::page::{Page, time};
use tidewatch_component::Payload;
use tidewatch_otlp::{
    Signal,
    views::{AttributesView, ValueView},
};

pub(super) fn write(page: &mut Page, payload: &Payload) {
    let request = match payload {
        Payload::Telemetry(request) => request.canonical(),
        Payload::Alerts(alerts) => return alerts::write(page, alerts),
    };
    let kind = match request.signal() {
        Signal::Traces => "Spans",
        Signal::Metrics => "Metrics",
        Signal::Logs => "Logs",
    };
    for (index, resource) in request.resources().enumerate() {
        page.line(format_args!("Resource{kind} #{index}"));
        page.line(format_args!("Resource SchemaURL: {}", resource.schema_url()));
        page.line(format_args!("Resource attributes:"));
        attributes(page, "     ", resource.attributes());
        dropped(page, "", resource.dropped_attributes_count());
        for (index, scope) in resource.scopes().enumerate() {
            page.line(format_args!("Scope{kind} #{index}"));
            page.line(format_args!("Scope{kind} SchemaURL: {}", scope.schema_url()));
            page.line(format_args!("InstrumentationScope {} {}", scope.name(), scope.version()));
            if !scope.attributes().is_empty() {
                page.line(format_args!("InstrumentationScope attributes:"));
                attributes(page, "     ", scope.attributes());
            }
            dropped(page, "", scope.dropped_attributes_count());
            scope.spans().enumerate().for_each(|(index, span)| traces::write(page, index, &span));
            scope.metrics().enumerate().for_each(|(index, metric)| metrics::write(page, index, &metric));
            scope.records().enumerate().for_each(|(index, record)| logs::write(page, index, &record));
        }
    }
}

fn attributes(page: &mut Page, indent: &str, attributes: AttributesView<'_>) {
    for (key, value) in attributes.iter() {
        page.line(format_args!("{indent}-> {key}: {}", typed(value)));
    }
}

fn dropped(page: &mut Page, indent: &str, count: u32) {
    if count > 0 {
        page.line(format_args!("{indent}DroppedAttributesCount: {count}"));
    }
}

/// A value with its type: `Str(a)`, `Int(1)`.
fn typed(value: ValueView<'_>) -> String {
    let kind = match value {
        ValueView::Empty => "Empty",
        ValueView::Str(_) => "Str",
        ValueView::Bool(_) => "Bool",
        ValueView::Int(_) => "Int",
        ValueView::Double(_) => "Double",
        ValueView::Bytes(_) => "Bytes",
        ValueView::Array(_) => "Slice",
        ValueView::KvList(_) => "Map",
    };
    format!("{kind}({value})")
}

fn hex_id(id: &[u8]) -> String {
    hex::encode(id)
}
