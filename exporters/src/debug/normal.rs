//! One line per item.

use super::page::{Colour, Page, service, severity_colour, time};
use std::{fmt::Display, time::Duration};
use tidewatch_component::{Alert, AlertStatus, Payload};
use tidewatch_otlp::views::{AttributesView, DataView, LogRecordView, MetricView, Number, SpanView};

pub(super) fn write(page: &mut Page, payload: &Payload) {
    let request = match payload {
        Payload::Telemetry(request) => request.canonical(),
        Payload::Alerts(alerts) => return alerts.iter().for_each(|one| alert(page, one)),
    };
    for resource in request.resources() {
        let service = service(resource.attributes());
        for scope in resource.scopes() {
            scope.spans().for_each(|one| span(page, &one, &service));
            scope.metrics().for_each(|one| metric(page, &one, &service));
            scope.records().for_each(|one| record(page, &one, &service));
        }
    }
}

/// `2026-01-05T10:03:00.000000000Z INFO order accepted http.method=GET [orders]`
fn record(page: &mut Page, record: &LogRecordView<'_>, service: &str) {
    let at =
        if record.time_unix_nano() > 0 { record.time_unix_nano() } else { record.observed_time_unix_nano() };
    page.paint(Colour::Grey, format_args!("{} ", time(at)));
    let name = severity_name(record.severity_number());
    let severity = if record.severity_text().is_empty() { name } else { record.severity_text() };
    page.paint(severity_colour(name), format_args!("{severity}"));
    if !record.event_name().is_empty() {
        page.put(format_args!(" {}", record.event_name()));
    }
    if let Some(body) = record.body() {
        page.put(format_args!(" {body}"));
    }
    pairs(page, record.attributes());
    origin(page, service);
}

/// `GET /checkout 12.5ms Error: no such order http.method=GET [orders]`
fn span(page: &mut Page, span: &SpanView<'_>, service: &str) {
    let nanos = span.end_time_unix_nano().saturating_sub(span.start_time_unix_nano());
    page.put(format_args!("{} {:?} ", span.name(), Duration::from_nanos(nanos)));
    let (status, colour) = match span.status_code() {
        1 => ("Ok", Colour::Green),
        2 => ("Error", Colour::Red),
        _ => ("Unset", Colour::Grey),
    };
    page.paint(colour, format_args!("{status}"));
    if !span.status_message().is_empty() {
        page.put(format_args!(": {}", span.status_message()));
    }
    pairs(page, span.attributes());
    origin(page, service);
}

/// One line per point: `cpu_load{host.name=a}=92 1 [orders]`
fn metric(page: &mut Page, metric: &MetricView<'_>, service: &str) {
    let point = |page: &mut Page, attributes, value: String| {
        page.put(format_args!("{}", metric.name()));
        braces(page, attributes);
        page.put(format_args!("={value}"));
        if !metric.unit().is_empty() {
            page.put(format_args!(" {}", metric.unit()));
        }
        origin(page, service);
    };
    match metric.data() {
        DataView::Gauge(points) | DataView::Sum { points, .. } => {
            points.iter().for_each(|one| point(page, one.attributes(), number(one.value())));
        }
        DataView::Histogram { points, .. } => points.iter().for_each(|one| {
            let value = distribution(one.count(), one.sum(), one.min(), one.max());
            point(page, one.attributes(), value);
        }),
        DataView::ExponentialHistogram { points, .. } => points.iter().for_each(|one| {
            let value = distribution(one.count(), one.sum(), one.min(), one.max());
            point(page, one.attributes(), value);
        }),
        DataView::Summary(points) => points.iter().for_each(|one| {
            let mut value = distribution(one.count(), Some(one.sum()), None, None);
            for (quantile, at) in one.quantiles() {
                value += &format!(" q{quantile}={at}");
            }
            point(page, one.attributes(), value);
        }),
        DataView::Empty => {}
    }
}

/// `2026-01-05T10:03:00.000000000Z FIRING CpuLoadHigh critical value=92 cpu_load=92 is too high {host.name=host-a}`, and
/// in the end `2026-01-05T10:03:11.000000000Z RESOLVED CpuLoadHigh critical after 11s {host.name=host-a}`: the value
/// and the text of an alert that is over are those of when it was not.
fn alert(page: &mut Page, alert: &Alert) {
    let (word, colour) = match alert.status {
        AlertStatus::Firing => ("FIRING", severity_colour(&alert.severity)),
        AlertStatus::Resolved => ("RESOLVED", Colour::Green),
    };
    page.paint(Colour::Grey, format_args!("{} ", time(alert.ends_at.unwrap_or(alert.starts_at))));
    page.paint(colour, format_args!("{word}"));
    page.put(format_args!(" {} ", alert.name));
    page.paint(colour, format_args!("{}", alert.severity));
    match (alert.status, alert.ends_at) {
        (AlertStatus::Resolved, Some(end)) => {
            page.put(format_args!(" after {:?}", Duration::from_nanos(end.saturating_sub(alert.starts_at))));
        }
        (AlertStatus::Resolved, None) => {}
        (AlertStatus::Firing, _) => {
            if let Some(value) = alert.value {
                page.put(format_args!(" value={value}"));
            }
            if !alert.summary.is_empty() {
                page.put(format_args!(" {}", alert.summary));
            }
        }
    }
    page.put(format_args!(" {{"));
    list(page, alert.labels.iter());
    page.line(format_args!("}}"));
}

pub(super) fn number(value: Option<Number>) -> String {
    match value {
        Some(Number::Int(number)) => number.to_string(),
        Some(Number::Double(number)) => number.to_string(),
        None => "-".into(),
    }
}

fn distribution(count: u64, sum: Option<f64>, min: Option<f64>, max: Option<f64>) -> String {
    let mut text = format!("count={count}");
    for (name, value) in [("sum", sum), ("min", min), ("max", max)] {
        if let Some(value) = value {
            text += &format!(" {name}={value}");
        }
    }
    text
}

fn pairs(page: &mut Page, attributes: AttributesView<'_>) {
    for (key, value) in attributes.iter() {
        page.paint(Colour::Grey, format_args!(" {key}="));
        page.put(format_args!("{value}"));
    }
}

fn braces(page: &mut Page, attributes: AttributesView<'_>) {
    if !attributes.is_empty() {
        page.put(format_args!("{{"));
        list(page, attributes.iter());
        page.put(format_args!("}}"));
    }
}

fn list(page: &mut Page, pairs: impl Iterator<Item = (impl Display, impl Display)>) {
    for (index, (key, value)) in pairs.enumerate() {
        let comma = if index > 0 { ", " } else { "" };
        page.put(format_args!("{comma}{key}={value}"));
    }
}

fn origin(page: &mut Page, service: &str) {
    page.paint(Colour::Grey, format_args!(" [{service}]"));
    page.end();
}

/// The name of a severity number, without its step.
pub(super) fn severity_name(number: i32) -> &'static str {
    match number {
        1..=4 => "TRACE",
        5..=8 => "DEBUG",
        9..=12 => "INFO",
        13..=16 => "WARN",
        17..=20 => "ERROR",
        21..=24 => "FATAL",
        _ => "-",
    }
}
