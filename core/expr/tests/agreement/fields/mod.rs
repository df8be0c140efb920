//! What paths name in messages.

/// The same field of every kind of point.
macro_rules! of_any {
    ($point:expr, $field:ident) => {
        match $point {
            Point::Number(point) => &point.$field,
            Point::Histogram(point) => &point.$field,
            Point::Exponential(point) => &point.$field,
            Point::Summary(point) => &point.$field,
        }
    };
    (mut $point:expr, $field:ident) => {
        match $point {
            Point::Number(point) => &mut point.$field,
            Point::Histogram(point) => &mut point.$field,
            Point::Exponential(point) => &mut point.$field,
            Point::Summary(point) => &mut point.$field,
        }
    };
}

mod read;
mod write;

pub(crate) use read::read;
pub(crate) use write::write;

use tidewatch_expr::Context;

/// What a field holds, for the choice of what it is compared with and set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Int,
    Float,
    Text,
    Time,
    Bool,
    Id,
    Hexadecimal,
    Map,
    Any,
    /// It can only be read.
    Fixed,
}

type Fields = &'static [(&'static str, Kind)];

/// The fields of a context's own message.
pub(crate) fn fields(owner: Context) -> Fields {
    use Kind::{Any, Bool, Fixed, Float, Hexadecimal, Id, Int, Map, Text, Time};
    match owner {
        Context::Resource => {
            &[("attributes", Map), ("dropped_attributes_count", Int), ("schema_url", Text), ("cache", Map)]
        }
        Context::Scope => &[
            ("attributes", Map),
            ("name", Text),
            ("version", Text),
            ("dropped_attributes_count", Int),
            ("schema_url", Text),
            ("cache", Map),
        ],
        Context::Fields => &[
            ("fields", Map),
            ("fields", Map),
            ("attributes", Map),
            ("body", Any),
            ("severity_text", Text),
            ("time", Time),
            ("cache", Map),
        ],
        Context::Log => &[
            ("attributes", Map),
            ("attributes", Map),
            ("body", Any),
            ("body", Any),
            ("dropped_attributes_count", Int),
            ("flags", Int),
            ("time", Time),
            ("time_unix_nano", Int),
            ("observed_time", Time),
            ("observed_time_unix_nano", Int),
            ("severity_number", Int),
            ("severity_text", Text),
            ("trace_id", Id),
            ("trace_id.string", Hexadecimal),
            ("span_id", Id),
            ("span_id.string", Hexadecimal),
            ("event_name", Text),
            ("cache", Map),
        ],
        Context::Span => &[
            ("attributes", Map),
            ("attributes", Map),
            ("dropped_attributes_count", Int),
            ("flags", Int),
            ("start_time", Time),
            ("start_time_unix_nano", Int),
            ("end_time", Time),
            ("end_time_unix_nano", Int),
            ("trace_id", Id),
            ("trace_id.string", Hexadecimal),
            ("span_id", Id),
            ("span_id.string", Hexadecimal),
            ("parent_span_id", Id),
            ("parent_span_id.string", Hexadecimal),
            ("trace_state", Text),
            ("name", Text),
            ("kind", Int),
            ("status.code", Int),
            ("status.message", Text),
            ("dropped_events_count", Int),
            ("dropped_links_count", Int),
            ("cache", Map),
        ],
        Context::SpanEvent => &[
            ("attributes", Map),
            ("name", Text),
            ("dropped_attributes_count", Int),
            ("time", Time),
            ("time_unix_nano", Int),
            ("cache", Map),
        ],
        Context::Metric => &[
            ("metadata", Map),
            ("name", Text),
            ("description", Text),
            ("unit", Text),
            ("type", Fixed),
            ("aggregation_temporality", Int),
            ("is_monotonic", Bool),
            ("cache", Map),
        ],
        Context::DataPoint => &[
            ("attributes", Map),
            ("attributes", Map),
            ("flags", Int),
            ("time", Time),
            ("time_unix_nano", Int),
            ("start_time", Time),
            ("start_time_unix_nano", Int),
            ("value_double", Float),
            ("value_int", Int),
            ("count", Int),
            ("sum", Float),
            ("min", Float),
            ("max", Float),
            ("bucket_counts", Fixed),
            ("explicit_bounds", Fixed),
            ("scale", Int),
            ("zero_count", Int),
            ("zero_threshold", Float),
            ("positive.offset", Fixed),
            ("positive.bucket_counts", Fixed),
            ("negative.offset", Fixed),
            ("negative.bucket_counts", Fixed),
            ("cache", Map),
        ],
    }
}

/// A context's own fields, then those of what its records belong to.
pub(crate) fn owners(context: Context) -> &'static [Context] {
    match context {
        Context::Resource => &[Context::Resource],
        Context::Scope => &[Context::Scope, Context::Resource],
        Context::Log => &[Context::Log, Context::Scope, Context::Resource],
        Context::Fields => &[Context::Fields, Context::Scope, Context::Resource],
        Context::Span => &[Context::Span, Context::Scope, Context::Resource],
        Context::SpanEvent => &[Context::SpanEvent, Context::Span, Context::Scope, Context::Resource],
        Context::Metric => &[Context::Metric, Context::Scope, Context::Resource],
        Context::DataPoint => &[Context::DataPoint, Context::Metric, Context::Scope, Context::Resource],
    }
}
