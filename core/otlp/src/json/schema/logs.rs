//! Logs.

use super::Kind::{Enum, Fixed32, Fixed64, Id, Int64, Message, String, Uint32};
use super::common::{ANY_VALUE, KEY_VALUE, RESOURCE, SCOPE};
use super::{Descriptor, many, one};

pub(in crate::json) static LOGS_REQUEST: Descriptor =
    Descriptor(&[many(1, "resourceLogs", Message(&RESOURCE_LOGS))]);

pub(in crate::json) static LOGS_RESPONSE: Descriptor =
    Descriptor(&[one(1, "partialSuccess", Message(&LOGS_PARTIAL_SUCCESS))]);

static LOGS_PARTIAL_SUCCESS: Descriptor =
    Descriptor(&[one(1, "rejectedLogRecords", Int64), one(2, "errorMessage", String)]);

static RESOURCE_LOGS: Descriptor = Descriptor(&[
    one(1, "resource", Message(&RESOURCE)),
    many(2, "scopeLogs", Message(&SCOPE_LOGS)),
    one(3, "schemaUrl", String),
]);

static SCOPE_LOGS: Descriptor = Descriptor(&[
    one(1, "scope", Message(&SCOPE)),
    many(2, "logRecords", Message(&LOG_RECORD)),
    one(3, "schemaUrl", String),
]);

static LOG_RECORD: Descriptor = Descriptor(&[
    one(1, "timeUnixNano", Fixed64),
    one(2, "severityNumber", Enum(SEVERITY_NUMBER)),
    one(3, "severityText", String),
    one(5, "body", Message(&ANY_VALUE)),
    many(6, "attributes", Message(&KEY_VALUE)),
    one(7, "droppedAttributesCount", Uint32),
    one(8, "flags", Fixed32),
    one(9, "traceId", Id),
    one(10, "spanId", Id),
    one(11, "observedTimeUnixNano", Fixed64),
    one(12, "eventName", String),
]);

const SEVERITY_NUMBER: &[&str] = &[
    "SEVERITY_NUMBER_UNSPECIFIED",
    "SEVERITY_NUMBER_TRACE",
    "SEVERITY_NUMBER_TRACE2",
    "SEVERITY_NUMBER_TRACE3",
    "SEVERITY_NUMBER_TRACE4",
    "SEVERITY_NUMBER_DEBUG",
    "SEVERITY_NUMBER_DEBUG2",
    "SEVERITY_NUMBER_DEBUG3",
    "SEVERITY_NUMBER_DEBUG4",
    "SEVERITY_NUMBER_INFO",
    "SEVERITY_NUMBER_INFO2",
    "SEVERITY_NUMBER_INFO3",
    "SEVERITY_NUMBER_INFO4",
    "SEVERITY_NUMBER_WARN",
    "SEVERITY_NUMBER_WARN2",
    "SEVERITY_NUMBER_WARN3",
    "SEVERITY_NUMBER_WARN4",
    "SEVERITY_NUMBER_ERROR",
    "SEVERITY_NUMBER_ERROR2",
    "SEVERITY_NUMBER_ERROR3",
    "SEVERITY_NUMBER_ERROR4",
    "SEVERITY_NUMBER_FATAL",
    "SEVERITY_NUMBER_FATAL2",
    "SEVERITY_NUMBER_FATAL3",
    "SEVERITY_NUMBER_FATAL4",
];
