//! Traces.

use super::Kind::{Enum, Fixed32, Fixed64, Id, Int64, Message, String, Uint32};
use super::common::{KEY_VALUE, RESOURCE, SCOPE, SPAN_ID, TRACE_ID};
use super::{Descriptor, many, one};

pub(crate) static TRACES_REQUEST: Descriptor = Descriptor {
    name: "ExportTraceServiceRequest",
    fields: &[many(1, "resourceSpans", Message(&RESOURCE_SPANS))],
};

pub(crate) static TRACES_RESPONSE: Descriptor = Descriptor {
    name: "ExportTraceServiceResponse",
    fields: &[one(1, "partialSuccess", Message(&TRACES_PARTIAL_SUCCESS))],
};

pub(crate) static TRACES_PARTIAL_SUCCESS: Descriptor = Descriptor {
    name: "ExportTracePartialSuccess",
    fields: &[one(1, "rejectedSpans", Int64), one(2, "errorMessage", String)],
};

pub(crate) static RESOURCE_SPANS: Descriptor = Descriptor {
    name: "ResourceSpans",
    fields: &[
        one(1, "resource", Message(&RESOURCE)),
        many(2, "scopeSpans", Message(&SCOPE_SPANS)),
        one(3, "schemaUrl", String),
    ],
};

pub(crate) static SCOPE_SPANS: Descriptor = Descriptor {
    name: "ScopeSpans",
    fields: &[
        one(1, "scope", Message(&SCOPE)),
        many(2, "spans", Message(&SPAN)),
        one(3, "schemaUrl", String),
    ],
};

pub(crate) static SPAN: Descriptor = Descriptor {
    name: "Span",
    fields: &[
        one(1, "traceId", Id { length: 16, required: true }),
        one(2, "spanId", Id { length: 8, required: true }),
        one(3, "traceState", String),
        one(4, "parentSpanId", SPAN_ID),
        one(5, "name", String),
        one(6, "kind", Enum(SPAN_KIND)),
        one(7, "startTimeUnixNano", Fixed64),
        one(8, "endTimeUnixNano", Fixed64),
        many(9, "attributes", Message(&KEY_VALUE)),
        one(10, "droppedAttributesCount", Uint32),
        many(11, "events", Message(&SPAN_EVENT)),
        one(12, "droppedEventsCount", Uint32),
        many(13, "links", Message(&SPAN_LINK)),
        one(14, "droppedLinksCount", Uint32),
        one(15, "status", Message(&SPAN_STATUS)),
        one(16, "flags", Fixed32),
    ],
};

pub(crate) static SPAN_EVENT: Descriptor = Descriptor {
    name: "Event",
    fields: &[
        one(1, "timeUnixNano", Fixed64),
        one(2, "name", String),
        many(3, "attributes", Message(&KEY_VALUE)),
        one(4, "droppedAttributesCount", Uint32),
    ],
};

pub(crate) static SPAN_LINK: Descriptor = Descriptor {
    name: "Link",
    fields: &[
        one(1, "traceId", TRACE_ID),
        one(2, "spanId", SPAN_ID),
        one(3, "traceState", String),
        many(4, "attributes", Message(&KEY_VALUE)),
        one(5, "droppedAttributesCount", Uint32),
        one(6, "flags", Fixed32),
    ],
};

pub(crate) static SPAN_STATUS: Descriptor =
    Descriptor { name: "Status", fields: &[one(2, "message", String), one(3, "code", Enum(STATUS_CODE))] };

const SPAN_KIND: &[&str] = &[
    "SPAN_KIND_UNSPECIFIED",
    "SPAN_KIND_INTERNAL",
    "SPAN_KIND_SERVER",
    "SPAN_KIND_CLIENT",
    "SPAN_KIND_PRODUCER",
    "SPAN_KIND_CONSUMER",
];

const STATUS_CODE: &[&str] = &["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"];
