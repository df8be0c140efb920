//! One server span for each event; one client span in it, where it queried the database.

use super::{by_service, integer, request_attributes, resource, scope, text};
use crate::generator::{service::Service, workload::Event};
use tidewatch_otlp::{
    Request,
    proto::{
        collector::trace::v1::ExportTraceServiceRequest,
        trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span::SpanKind, status::StatusCode},
    },
};

pub(super) fn encode(services: &[Service], events: &[Event]) -> Request {
    let resource_spans = by_service(events).into_iter().map(|(index, events)| {
        let service = &services[index];
        let spans = events
            .into_iter()
            .flat_map(|event| std::iter::once(server(service, event)).chain(client(service, event)))
            .collect();
        ResourceSpans {
            resource: resource(service),
            scope_spans: vec![ScopeSpans { scope: scope(), spans, ..ScopeSpans::default() }],
            ..ResourceSpans::default()
        }
    });
    Request::encode_traces(&ExportTraceServiceRequest { resource_spans: resource_spans.collect() })
}

fn server(service: &Service, event: &Event) -> Span {
    let endpoint = &service.endpoints[event.endpoint];
    let mut attributes = request_attributes(service, event.endpoint, event.status);
    attributes.extend([
        text("url.scheme", "https"),
        text("url.path", &endpoint.route.replace(['{', '}'], "")),
        text("server.address", &format!("{}.example.com", service.name)),
        integer("server.port", 443),
    ]);
    // As the semantic conventions have it: 4xx is no error of a server.
    let failed = event.status >= 500;
    if failed {
        attributes.push(text("error.type", &event.status.to_string()));
    }
    let code = if failed { StatusCode::Error } else { StatusCode::Unset };
    Span {
        trace_id: event.trace_id.to_vec(),
        span_id: event.span_id.to_vec(),
        name: format!("{} {}", endpoint.method, endpoint.route),
        kind: SpanKind::Server.into(),
        start_time_unix_nano: event.start(),
        end_time_unix_nano: event.end,
        attributes,
        status: Some(Status { code: code.into(), ..Status::default() }),
        ..Span::default()
    }
}

/// The query takes from the second tenth to the seventh of the request.
fn client(service: &Service, event: &Event) -> Option<Span> {
    let operation = match service.endpoints[event.endpoint].method.as_str() {
        "POST" => "INSERT",
        "PUT" | "PATCH" => "UPDATE",
        "DELETE" => "DELETE",
        _ => "SELECT",
    };
    let attributes = vec![
        text("db.system.name", "postgresql"),
        text("db.namespace", &service.name),
        text("db.operation.name", operation),
        text("server.address", "db.example.com"),
        integer("server.port", 5432),
    ];
    event.query.map(|span_id| Span {
        trace_id: event.trace_id.to_vec(),
        span_id: span_id.to_vec(),
        parent_span_id: event.span_id.to_vec(),
        name: format!("{operation} {}", service.name),
        kind: SpanKind::Client.into(),
        start_time_unix_nano: event.start() + event.latency / 10,
        end_time_unix_nano: event.start() + event.latency * 7 / 10,
        attributes,
        ..Span::default()
    })
}
