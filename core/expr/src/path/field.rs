//! The fields that paths name, by whose they are.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Attributes,
    AggregationTemporality,
    Body,
    BodyString,
    BucketCounts,
    Cache,
    Count,
    Description,
    DroppedAttributesCount,
    DroppedEventsCount,
    DroppedLinksCount,
    EndTime,
    EndTimeUnixNano,
    EventName,
    ExplicitBounds,
    Flags,
    IsMonotonic,
    Kind,
    KindString,
    Max,
    Min,
    Name,
    NegativeBucketCounts,
    NegativeOffset,
    ObservedTime,
    ObservedTimeUnixNano,
    ParentSpanId,
    ParentSpanIdString,
    PositiveBucketCounts,
    PositiveOffset,
    Scale,
    SchemaUrl,
    SeverityNumber,
    SeverityText,
    SpanId,
    SpanIdString,
    StartTime,
    StartTimeUnixNano,
    StatusCode,
    StatusMessage,
    Sum,
    Time,
    TimeUnixNano,
    TraceId,
    TraceIdString,
    TraceState,
    Type,
    Unit,
    ValueDouble,
    ValueInt,
    Version,
    ZeroCount,
    ZeroThreshold,
}

/// The statements' own map.
pub(super) const EVERYWHERE: &[(&str, Field)] = &[("cache", Field::Cache)];

/// Under way through `normalize`, that map holds the record's fields.
pub(super) const FIELDS: &[(&str, Field)] = &[("fields", Field::Cache)];

pub(super) const RESOURCE: &[(&str, Field)] = &[
    ("attributes", Field::Attributes),
    ("dropped_attributes_count", Field::DroppedAttributesCount),
    ("schema_url", Field::SchemaUrl),
];

pub(super) const SCOPE: &[(&str, Field)] = &[
    ("name", Field::Name),
    ("version", Field::Version),
    ("attributes", Field::Attributes),
    ("dropped_attributes_count", Field::DroppedAttributesCount),
    ("schema_url", Field::SchemaUrl),
];

pub(super) const LOG: &[(&str, Field)] = &[
    ("attributes", Field::Attributes),
    ("dropped_attributes_count", Field::DroppedAttributesCount),
    ("flags", Field::Flags),
    ("time", Field::Time),
    ("time_unix_nano", Field::TimeUnixNano),
    ("observed_time", Field::ObservedTime),
    ("observed_time_unix_nano", Field::ObservedTimeUnixNano),
    ("severity_number", Field::SeverityNumber),
    ("severity_text", Field::SeverityText),
    ("body", Field::Body),
    ("body.string", Field::BodyString),
    ("trace_id", Field::TraceId),
    ("trace_id.string", Field::TraceIdString),
    ("span_id", Field::SpanId),
    ("span_id.string", Field::SpanIdString),
    ("event_name", Field::EventName),
];

pub(super) const SPAN: &[(&str, Field)] = &[
    ("attributes", Field::Attributes),
    ("dropped_attributes_count", Field::DroppedAttributesCount),
    ("flags", Field::Flags),
    ("start_time", Field::StartTime),
    ("start_time_unix_nano", Field::StartTimeUnixNano),
    ("end_time", Field::EndTime),
    ("end_time_unix_nano", Field::EndTimeUnixNano),
    ("trace_id", Field::TraceId),
    ("trace_id.string", Field::TraceIdString),
    ("span_id", Field::SpanId),
    ("span_id.string", Field::SpanIdString),
    ("parent_span_id", Field::ParentSpanId),
    ("parent_span_id.string", Field::ParentSpanIdString),
    ("trace_state", Field::TraceState),
    ("name", Field::Name),
    ("kind", Field::Kind),
    ("kind.string", Field::KindString),
    ("status.code", Field::StatusCode),
    ("status.message", Field::StatusMessage),
    ("dropped_events_count", Field::DroppedEventsCount),
    ("dropped_links_count", Field::DroppedLinksCount),
];

pub(super) const SPAN_EVENT: &[(&str, Field)] = &[
    ("name", Field::Name),
    ("attributes", Field::Attributes),
    ("dropped_attributes_count", Field::DroppedAttributesCount),
    ("time", Field::Time),
    ("time_unix_nano", Field::TimeUnixNano),
];

pub(super) const METRIC: &[(&str, Field)] = &[
    ("name", Field::Name),
    ("description", Field::Description),
    ("unit", Field::Unit),
    ("type", Field::Type),
    ("aggregation_temporality", Field::AggregationTemporality),
    ("is_monotonic", Field::IsMonotonic),
    ("metadata", Field::Attributes),
];

pub(super) const DATA_POINT: &[(&str, Field)] = &[
    ("attributes", Field::Attributes),
    ("flags", Field::Flags),
    ("time", Field::Time),
    ("time_unix_nano", Field::TimeUnixNano),
    ("start_time", Field::StartTime),
    ("start_time_unix_nano", Field::StartTimeUnixNano),
    ("value_double", Field::ValueDouble),
    ("value_int", Field::ValueInt),
    ("count", Field::Count),
    ("sum", Field::Sum),
    ("min", Field::Min),
    ("max", Field::Max),
    ("bucket_counts", Field::BucketCounts),
    ("explicit_bounds", Field::ExplicitBounds),
    ("scale", Field::Scale),
    ("zero_count", Field::ZeroCount),
    ("zero_threshold", Field::ZeroThreshold),
    ("positive.offset", Field::PositiveOffset),
    ("positive.bucket_counts", Field::PositiveBucketCounts),
    ("negative.offset", Field::NegativeOffset),
    ("negative.bucket_counts", Field::NegativeBucketCounts),
];

impl Field {
    pub(super) fn has_keys(self) -> bool {
        matches!(self, Self::Attributes | Self::Body | Self::Cache)
    }

    /// The buckets of histograms, and the kind of metric, are only read.
    pub(super) fn is_settable(self) -> bool {
        !matches!(
            self,
            Self::BodyString
                | Self::BucketCounts
                | Self::ExplicitBounds
                | Self::KindString
                | Self::NegativeBucketCounts
                | Self::NegativeOffset
                | Self::PositiveBucketCounts
                | Self::PositiveOffset
                | Self::Type
        )
    }
}
