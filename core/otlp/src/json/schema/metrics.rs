//! Metrics.

use super::Kind::{
    Bool, Double, Enum, Fixed64, Id, Int64, Message, Sfixed64, Sint32, String, Uint32, Uint64,
};
use super::common::{KEY_VALUE, RESOURCE, SCOPE};
use super::{Descriptor, many, one, one_of, optional};

pub(in crate::json) static METRICS_REQUEST: Descriptor =
    Descriptor(&[many(1, "resourceMetrics", Message(&RESOURCE_METRICS))]);

pub(in crate::json) static METRICS_RESPONSE: Descriptor =
    Descriptor(&[one(1, "partialSuccess", Message(&METRICS_PARTIAL_SUCCESS))]);

static METRICS_PARTIAL_SUCCESS: Descriptor =
    Descriptor(&[one(1, "rejectedDataPoints", Int64), one(2, "errorMessage", String)]);

static RESOURCE_METRICS: Descriptor = Descriptor(&[
    one(1, "resource", Message(&RESOURCE)),
    many(2, "scopeMetrics", Message(&SCOPE_METRICS)),
    one(3, "schemaUrl", String),
]);

static SCOPE_METRICS: Descriptor = Descriptor(&[
    one(1, "scope", Message(&SCOPE)),
    many(2, "metrics", Message(&METRIC)),
    one(3, "schemaUrl", String),
]);

static METRIC: Descriptor = Descriptor(&[
    one(1, "name", String),
    one(2, "description", String),
    one(3, "unit", String),
    one_of(5, "gauge", Message(&GAUGE)),
    one_of(7, "sum", Message(&SUM)),
    one_of(9, "histogram", Message(&HISTOGRAM)),
    one_of(10, "exponentialHistogram", Message(&EXPONENTIAL_HISTOGRAM)),
    one_of(11, "summary", Message(&SUMMARY)),
    many(12, "metadata", Message(&KEY_VALUE)),
]);

static GAUGE: Descriptor = Descriptor(&[many(1, "dataPoints", Message(&NUMBER_DATA_POINT))]);

static SUM: Descriptor = Descriptor(&[
    many(1, "dataPoints", Message(&NUMBER_DATA_POINT)),
    one(2, "aggregationTemporality", Enum(AGGREGATION_TEMPORALITY)),
    one(3, "isMonotonic", Bool),
]);

static HISTOGRAM: Descriptor = Descriptor(&[
    many(1, "dataPoints", Message(&HISTOGRAM_DATA_POINT)),
    one(2, "aggregationTemporality", Enum(AGGREGATION_TEMPORALITY)),
]);

static EXPONENTIAL_HISTOGRAM: Descriptor = Descriptor(&[
    many(1, "dataPoints", Message(&EXPONENTIAL_HISTOGRAM_DATA_POINT)),
    one(2, "aggregationTemporality", Enum(AGGREGATION_TEMPORALITY)),
]);

static SUMMARY: Descriptor = Descriptor(&[many(1, "dataPoints", Message(&SUMMARY_DATA_POINT))]);

static NUMBER_DATA_POINT: Descriptor = Descriptor(&[
    one(2, "startTimeUnixNano", Fixed64),
    one(3, "timeUnixNano", Fixed64),
    one_of(4, "asDouble", Double),
    many(5, "exemplars", Message(&EXEMPLAR)),
    one_of(6, "asInt", Sfixed64),
    many(7, "attributes", Message(&KEY_VALUE)),
    one(8, "flags", Uint32),
]);

static HISTOGRAM_DATA_POINT: Descriptor = Descriptor(&[
    one(2, "startTimeUnixNano", Fixed64),
    one(3, "timeUnixNano", Fixed64),
    one(4, "count", Fixed64),
    optional(5, "sum", Double),
    many(6, "bucketCounts", Fixed64),
    many(7, "explicitBounds", Double),
    many(8, "exemplars", Message(&EXEMPLAR)),
    many(9, "attributes", Message(&KEY_VALUE)),
    one(10, "flags", Uint32),
    optional(11, "min", Double),
    optional(12, "max", Double),
]);

static EXPONENTIAL_HISTOGRAM_DATA_POINT: Descriptor = Descriptor(&[
    many(1, "attributes", Message(&KEY_VALUE)),
    one(2, "startTimeUnixNano", Fixed64),
    one(3, "timeUnixNano", Fixed64),
    one(4, "count", Fixed64),
    optional(5, "sum", Double),
    one(6, "scale", Sint32),
    one(7, "zeroCount", Fixed64),
    one(8, "positive", Message(&BUCKETS)),
    one(9, "negative", Message(&BUCKETS)),
    one(10, "flags", Uint32),
    many(11, "exemplars", Message(&EXEMPLAR)),
    optional(12, "min", Double),
    optional(13, "max", Double),
    one(14, "zeroThreshold", Double),
]);

static BUCKETS: Descriptor = Descriptor(&[one(1, "offset", Sint32), many(2, "bucketCounts", Uint64)]);

static SUMMARY_DATA_POINT: Descriptor = Descriptor(&[
    one(2, "startTimeUnixNano", Fixed64),
    one(3, "timeUnixNano", Fixed64),
    one(4, "count", Fixed64),
    one(5, "sum", Double),
    many(6, "quantileValues", Message(&VALUE_AT_QUANTILE)),
    many(7, "attributes", Message(&KEY_VALUE)),
    one(8, "flags", Uint32),
]);

static VALUE_AT_QUANTILE: Descriptor = Descriptor(&[one(1, "quantile", Double), one(2, "value", Double)]);

static EXEMPLAR: Descriptor = Descriptor(&[
    one(2, "timeUnixNano", Fixed64),
    one_of(3, "asDouble", Double),
    one(4, "spanId", Id),
    one(5, "traceId", Id),
    one_of(6, "asInt", Sfixed64),
    many(7, "filteredAttributes", Message(&KEY_VALUE)),
]);

const AGGREGATION_TEMPORALITY: &[&str] = &[
    "AGGREGATION_TEMPORALITY_UNSPECIFIED",
    "AGGREGATION_TEMPORALITY_DELTA",
    "AGGREGATION_TEMPORALITY_CUMULATIVE",
];
