//! Traces.

use super::Kind::{Enum, Fixed32, Fixed64, Id, Int64, Message, String, Uint32};
use super::common::{KEY_VALUE, RESOURCE, SCOPE};
use super::{Descriptor, many, one};

pub(in crate::json) static TRACES_REQUEST: Descriptor =
    Descriptor(&[many(1, "resourceSpans", Message(&RESOURCE_SPANS))]);

pub(in crate::json) static TRACES_RESPONSE: Descriptor =
    Descriptor(&[one(1, "partialSuccess", Message(&TRACES_PARTIAL_SUCCESS))]);

static TRACES_PARTIAL_SUCCESS: Descriptor =
    Descriptor(&[one(1, "rejectedSpans", Int64), one(2, "errorMessage", String)]);

static RESOURCE_SPANS: Descriptor = Descriptor(&[
    one(1, "resource", Message(&RESOURCE)),
    many(2, "scopeSpans", Message(&SCOPE_SPANS)),
    one(3, "schemaUrl", String),
]);

static SCOPE_SPANS: Descriptor = Descriptor(&[
    one(1, "scope", Message(&SCOPE)),
    many(2, "spans", Message(&SPAN)),
    one(3, "schemaUrl", String),
]);

static SPAN: Descriptor = Descriptor(&[
    one(1, "traceId", Id),
    one(2, "spanId", Id),
    one(3, "traceState", String),
    one(4, "parentSpanId", Id),
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
]);

static SPAN_EVENT: Descriptor = Descriptor(&[
    one(1, "timeUnixNano", Fixed64),
    one(2, "name", String),
    many(3, "attributes", Message(&KEY_VALUE)),
    one(4, "droppedAttributesCount", Uint32),
]);

static SPAN_LINK: Descriptor = Descriptor(&[
    one(1, "traceId", Id),
    one(2, "spanId", Id),
    one(3, "traceState", String),
    many(4, "attributes", Message(&KEY_VALUE)),
    one(5, "droppedAttributesCount", Uint32),
    one(6, "flags", Fixed32),
]);

static SPAN_STATUS: Descriptor = Descriptor(&[one(2, "message", String), one(3, "code", Enum(STATUS_CODE))]);

const SPAN_KIND: &[&str] = &[
    "SPAN_KIND_UNSPECIFIED",
    "SPAN_KIND_INTERNAL",
    "SPAN_KIND_SERVER",
    "SPAN_KIND_CLIENT",
    "SPAN_KIND_PRODUCER",
    "SPAN_KIND_CONSUMER",
];

const STATUS_CODE: &[&str] = &["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"];
