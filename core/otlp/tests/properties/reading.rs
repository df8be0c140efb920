//! Views against decoded messages, field by field.

use bytes::Bytes;
use proptest::prelude::*;
use tidewatch_otlp::proto::common::v1::any_value::Value;
use tidewatch_otlp::proto::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use tidewatch_otlp::proto::logs::v1::LogRecord;
use tidewatch_otlp::proto::metrics::v1::exponential_histogram_data_point::Buckets;
use tidewatch_otlp::proto::metrics::v1::metric::Data;
use tidewatch_otlp::proto::metrics::v1::{
    AggregationTemporality, Exemplar, ExponentialHistogramDataPoint, HistogramDataPoint, Metric,
    NumberDataPoint, SummaryDataPoint, exemplar, number_data_point,
};
use tidewatch_otlp::proto::resource::v1::Resource;
use tidewatch_otlp::proto::trace::v1::Span;
use tidewatch_otlp::testing::{Source, arb_value};
use tidewatch_otlp::views::{
    AttributesView, BucketsView, DataView, ExemplarView, ExponentialHistogramPointView, HistogramPointView,
    LogRecordView, MetricView, Number, NumberPointView, ResourceView, ScopeView, SpanView, SummaryPointView,
    Temporality, ValueView,
};
use tidewatch_otlp::{Request, Signal};

use crate::choices;
use crate::oracle::block;

/// Asserts that the views of a request show what prost decodes.
pub(crate) fn same_as_decoded(request: &Request) {
    let canonical = request.canonical();
    let resources = canonical.resources();
    match request.signal() {
        Signal::Logs => pairs(resources, &request.decode_logs().resource_logs, |view, entry| {
            resource(view, entry.resource.as_ref(), &entry.schema_url);
            pairs(view.scopes(), &entry.scope_logs, |view, entry| {
                scope(view, entry.scope.as_ref(), &entry.schema_url);
                pairs(view.records(), &entry.log_records, record);
                assert_eq!((view.spans().count(), view.metrics().count()), (0, 0));
            });
        }),
        Signal::Traces => pairs(resources, &request.decode_traces().resource_spans, |view, entry| {
            resource(view, entry.resource.as_ref(), &entry.schema_url);
            pairs(view.scopes(), &entry.scope_spans, |view, entry| {
                scope(view, entry.scope.as_ref(), &entry.schema_url);
                pairs(view.spans(), &entry.spans, span);
                assert_eq!((view.records().count(), view.metrics().count()), (0, 0));
            });
        }),
        Signal::Metrics => pairs(resources, &request.decode_metrics().resource_metrics, |view, entry| {
            resource(view, entry.resource.as_ref(), &entry.schema_url);
            pairs(view.scopes(), &entry.scope_metrics, |view, entry| {
                scope(view, entry.scope.as_ref(), &entry.schema_url);
                pairs(view.metrics(), &entry.metrics, metric);
                assert_eq!((view.records().count(), view.spans().count()), (0, 0));
            });
        }),
    }
}

fn pairs<V, M>(views: impl Iterator<Item = V> + Clone, messages: &[M], same: impl Fn(V, &M)) {
    assert_eq!(views.clone().count(), messages.len());
    views.zip(messages).for_each(|(view, message)| same(view, message));
}

fn resource(view: ResourceView<'_>, resource: Option<&Resource>, schema_url: &str) {
    assert_eq!(view.schema_url(), schema_url);
    let none = Resource::default();
    let resource = resource.unwrap_or(&none);
    attributes(view.attributes(), &resource.attributes);
    assert_eq!(view.dropped_attributes_count(), resource.dropped_attributes_count);
}

fn scope(view: ScopeView<'_>, scope: Option<&InstrumentationScope>, schema_url: &str) {
    assert_eq!(view.schema_url(), schema_url);
    let none = InstrumentationScope::default();
    let scope = scope.unwrap_or(&none);
    assert_eq!((view.name(), view.version()), (&scope.name[..], &scope.version[..]));
    attributes(view.attributes(), &scope.attributes);
    assert_eq!(view.dropped_attributes_count(), scope.dropped_attributes_count);
}

fn attributes(view: AttributesView<'_>, attributes: &[KeyValue]) {
    pairs(view.iter(), attributes, |(key, found), attribute| {
        assert_eq!(key, attribute.key);
        value(found, attribute.value.as_ref());
    });
    for attribute in attributes {
        let first = attributes.iter().find(|other| other.key == attribute.key);
        let found = view.get(&attribute.key).expect("the key is there");
        value(found, first.and_then(|first| first.value.as_ref()));
    }
    assert_eq!(view.is_empty(), attributes.is_empty());
    assert!(view.get("no such key").is_none());
}

fn value(view: ValueView<'_>, expected: Option<&AnyValue>) {
    match (view, expected.and_then(|value| value.value.as_ref())) {
        (ValueView::Empty, None | Some(Value::StringValueStrindex(_))) => {}
        (ValueView::Str(found), Some(Value::StringValue(expected))) => assert_eq!(found, expected),
        (ValueView::Bool(found), Some(Value::BoolValue(expected))) => assert_eq!(found, *expected),
        (ValueView::Int(found), Some(Value::IntValue(expected))) => assert_eq!(found, *expected),
        (ValueView::Double(found), Some(Value::DoubleValue(expected))) => double(found, *expected),
        (ValueView::Bytes(found), Some(Value::BytesValue(expected))) => assert_eq!(found, expected),
        (ValueView::Array(found), Some(Value::ArrayValue(expected))) => {
            pairs(found.iter(), &expected.values, |found, expected| value(found, Some(expected)));
        }
        (ValueView::KvList(found), Some(Value::KvlistValue(expected))) => attributes(found, &expected.values),
        (found, expected) => panic!("the view shows {found:?}, not {expected:?}"),
    }
}

fn double(found: f64, expected: f64) {
    assert_eq!(found.to_bits(), expected.to_bits());
}

fn optional_double(found: Option<f64>, expected: Option<f64>) {
    assert_eq!(found.map(f64::to_bits), expected.map(f64::to_bits));
}

fn record(view: LogRecordView<'_>, record: &LogRecord) {
    assert_eq!(view.time_unix_nano(), record.time_unix_nano);
    assert_eq!(view.observed_time_unix_nano(), record.observed_time_unix_nano);
    assert_eq!(view.severity_number(), record.severity_number);
    assert_eq!(view.severity_text(), record.severity_text);
    assert_eq!(view.body().is_some(), record.body.is_some());
    value(view.body().unwrap_or_default(), record.body.as_ref());
    attributes(view.attributes(), &record.attributes);
    assert_eq!(view.dropped_attributes_count(), record.dropped_attributes_count);
    assert_eq!(view.flags(), record.flags);
    assert_eq!((view.trace_id(), view.span_id()), (&record.trace_id[..], &record.span_id[..]));
    assert_eq!(view.event_name(), record.event_name);
}

fn span(view: SpanView<'_>, span: &Span) {
    assert_eq!((view.trace_id(), view.span_id()), (&span.trace_id[..], &span.span_id[..]));
    assert_eq!(view.trace_state(), span.trace_state);
    assert_eq!(view.parent_span_id(), span.parent_span_id);
    assert_eq!((view.name(), view.kind(), view.flags()), (&span.name[..], span.kind, span.flags));
    assert_eq!(view.start_time_unix_nano(), span.start_time_unix_nano);
    assert_eq!(view.end_time_unix_nano(), span.end_time_unix_nano);
    attributes(view.attributes(), &span.attributes);
    assert_eq!(view.dropped_attributes_count(), span.dropped_attributes_count);
    pairs(view.events(), &span.events, |view, event| {
        assert_eq!((view.time_unix_nano(), view.name()), (event.time_unix_nano, &event.name[..]));
        attributes(view.attributes(), &event.attributes);
        assert_eq!(view.dropped_attributes_count(), event.dropped_attributes_count);
    });
    assert_eq!(view.dropped_events_count(), span.dropped_events_count);
    pairs(view.links(), &span.links, |view, link| {
        assert_eq!((view.trace_id(), view.span_id()), (&link.trace_id[..], &link.span_id[..]));
        assert_eq!((view.trace_state(), view.flags()), (&link.trace_state[..], link.flags));
        attributes(view.attributes(), &link.attributes);
        assert_eq!(view.dropped_attributes_count(), link.dropped_attributes_count);
    });
    assert_eq!(view.dropped_links_count(), span.dropped_links_count);
    let status = span.status.clone().unwrap_or_default();
    assert_eq!((view.status_code(), view.status_message()), (status.code, &status.message[..]));
}

fn metric(view: MetricView<'_>, metric: &Metric) {
    assert_eq!(view.name(), metric.name);
    assert_eq!(view.description(), metric.description);
    assert_eq!(view.unit(), metric.unit);
    attributes(view.metadata(), &metric.metadata);
    match (view.data(), &metric.data) {
        (DataView::Empty, None) => {}
        (DataView::Gauge(points), Some(Data::Gauge(data))) => {
            pairs(points.iter(), &data.data_points, number_point);
        }
        (DataView::Sum { temporality, monotonic, points }, Some(Data::Sum(data))) => {
            same_temporality(temporality, data.aggregation_temporality);
            assert_eq!(monotonic, data.is_monotonic);
            pairs(points.iter(), &data.data_points, number_point);
        }
        (DataView::Histogram { temporality, points }, Some(Data::Histogram(data))) => {
            same_temporality(temporality, data.aggregation_temporality);
            pairs(points.iter(), &data.data_points, histogram_point);
        }
        (DataView::ExponentialHistogram { temporality, points }, Some(Data::ExponentialHistogram(data))) => {
            same_temporality(temporality, data.aggregation_temporality);
            pairs(points.iter(), &data.data_points, exponential_histogram_point);
        }
        (DataView::Summary(points), Some(Data::Summary(data))) => {
            pairs(points.iter(), &data.data_points, summary_point);
        }
        (found, expected) => panic!("the view shows {found:?}, not {expected:?}"),
    }
}

fn same_temporality(found: Temporality, expected: i32) {
    let expected = match AggregationTemporality::try_from(expected) {
        Ok(AggregationTemporality::Delta) => Temporality::Delta,
        Ok(AggregationTemporality::Cumulative) => Temporality::Cumulative,
        _ => Temporality::Unspecified,
    };
    assert_eq!(found, expected);
}

/// A number as bits, so that NaN equals itself.
fn bits(number: Number) -> (bool, u64) {
    match number {
        Number::Int(number) => (true, number as u64),
        Number::Double(number) => (false, number.to_bits()),
    }
}

fn number_point(view: NumberPointView<'_>, point: &NumberDataPoint) {
    attributes(view.attributes(), &point.attributes);
    assert_eq!(view.start_time_unix_nano(), point.start_time_unix_nano);
    assert_eq!(view.time_unix_nano(), point.time_unix_nano);
    let expected = point.value.map(|value| match value {
        number_data_point::Value::AsInt(number) => Number::Int(number),
        number_data_point::Value::AsDouble(number) => Number::Double(number),
    });
    assert_eq!(view.value().map(bits), expected.map(bits));
    flags(view.flags(), view.no_recorded_value(), point.flags);
    pairs(view.exemplars(), &point.exemplars, same_exemplar);
}

fn flags(found: u32, no_recorded_value: bool, expected: u32) {
    assert_eq!(found, expected);
    assert_eq!(no_recorded_value, expected & 1 == 1);
}

fn same_exemplar(view: ExemplarView<'_>, exemplar: &Exemplar) {
    attributes(view.filtered_attributes(), &exemplar.filtered_attributes);
    assert_eq!(view.time_unix_nano(), exemplar.time_unix_nano);
    assert_eq!((view.trace_id(), view.span_id()), (&exemplar.trace_id[..], &exemplar.span_id[..]));
    let expected = exemplar.value.map(|value| match value {
        exemplar::Value::AsInt(number) => Number::Int(number),
        exemplar::Value::AsDouble(number) => Number::Double(number),
    });
    assert_eq!(view.value().map(bits), expected.map(bits));
}

fn histogram_point(view: HistogramPointView<'_>, point: &HistogramDataPoint) {
    attributes(view.attributes(), &point.attributes);
    assert_eq!(view.start_time_unix_nano(), point.start_time_unix_nano);
    assert_eq!(view.time_unix_nano(), point.time_unix_nano);
    assert_eq!(view.count(), point.count);
    optional_double(view.sum(), point.sum);
    optional_double(view.min(), point.min);
    optional_double(view.max(), point.max);
    pairs(view.bucket_counts(), &point.bucket_counts, |found, expected| assert_eq!(found, *expected));
    pairs(view.explicit_bounds(), &point.explicit_bounds, |found, expected| double(found, *expected));
    flags(view.flags(), view.no_recorded_value(), point.flags);
    pairs(view.exemplars(), &point.exemplars, same_exemplar);
}

fn exponential_histogram_point(
    view: ExponentialHistogramPointView<'_>,
    point: &ExponentialHistogramDataPoint,
) {
    attributes(view.attributes(), &point.attributes);
    assert_eq!(view.start_time_unix_nano(), point.start_time_unix_nano);
    assert_eq!(view.time_unix_nano(), point.time_unix_nano);
    assert_eq!((view.count(), view.zero_count()), (point.count, point.zero_count));
    assert_eq!(view.scale(), point.scale);
    optional_double(view.sum(), point.sum);
    optional_double(view.min(), point.min);
    optional_double(view.max(), point.max);
    double(view.zero_threshold(), point.zero_threshold);
    buckets(view.positive(), point.positive.as_ref());
    buckets(view.negative(), point.negative.as_ref());
    flags(view.flags(), view.no_recorded_value(), point.flags);
    pairs(view.exemplars(), &point.exemplars, same_exemplar);
}

fn buckets(view: BucketsView<'_>, buckets: Option<&Buckets>) {
    let none = Buckets::default();
    let buckets = buckets.unwrap_or(&none);
    assert_eq!(view.offset(), buckets.offset);
    pairs(view.counts(), &buckets.bucket_counts, |found, expected| assert_eq!(found, *expected));
}

fn summary_point(view: SummaryPointView<'_>, point: &SummaryDataPoint) {
    attributes(view.attributes(), &point.attributes);
    assert_eq!(view.start_time_unix_nano(), point.start_time_unix_nano);
    assert_eq!(view.time_unix_nano(), point.time_unix_nano);
    assert_eq!(view.count(), point.count);
    double(view.sum(), point.sum);
    pairs(view.quantiles(), &point.quantile_values, |(quantile, found), expected| {
        double(quantile, expected.quantile);
        double(found, expected.value);
    });
    flags(view.flags(), view.no_recorded_value(), point.flags);
}

/// A logs request with this body, and what the view of the body says.
fn with_body<T>(body: &AnyValue, look: impl Fn(ValueView<'_>) -> T) -> T {
    use prost::Message;
    let record = LogRecord { body: Some(body.clone()), ..LogRecord::default() };
    let bytes = block(1, &block(2, &block(2, &record.encode_to_vec())));
    let request = Request::check(Signal::Logs, Bytes::from(bytes)).unwrap().request.canonical();
    let mut records =
        request.resources().flat_map(|resource| resource.scopes()).flat_map(|scope| scope.records());
    look(records.next().expect("there is one record").body().expect("it has a body"))
}

proptest! {
    #[test]
    fn json_of_a_value_reads_back_as_it_was_written(choices in choices()) {
        let value = arb_value(&mut Source::from_bytes(&choices), 4);
        let json = with_body(&value, |view| view.to_json());
        let again: serde_json::Value = serde_json::from_str(&json.to_string()).unwrap();
        prop_assert_eq!(&again, &json);
        // The text that is written without a tree is the same.
        prop_assert_eq!(with_body(&value, |view| view.to_json_text()), json.to_string());
    }
}

#[test]
fn values_are_shown_as_text_and_json() {
    let attribute = |key: &str, value| KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value }),
        ..KeyValue::default()
    };
    let list = Value::KvlistValue(tidewatch_otlp::proto::common::v1::KeyValueList {
        values: vec![
            attribute("a", Some(Value::IntValue(i64::MAX))),
            attribute("b", Some(Value::DoubleValue(f64::NEG_INFINITY))),
            attribute("c", None),
            attribute("a", Some(Value::BoolValue(true))),
        ],
    });
    let cases = [
        (None, "", "null"),
        (Some(Value::StringValue("plain \"text\"".to_owned())), "plain \"text\"", r#""plain \"text\"""#),
        (Some(Value::BoolValue(true)), "true", "true"),
        (Some(Value::IntValue(-3)), "-3", "-3"),
        (Some(Value::DoubleValue(0.5)), "0.5", "0.5"),
        (Some(Value::DoubleValue(f64::NAN)), "NaN", r#""NaN""#),
        (Some(Value::BytesValue(vec![1, 2, 255])), "AQL/", r#""AQL/""#),
        (
            Some(list),
            r#"{"a":9223372036854775807,"b":"-Infinity","c":null}"#,
            r#"{"a":9223372036854775807,"b":"-Infinity","c":null}"#,
        ),
    ];
    for (value, text, json) in cases {
        let body = AnyValue { value };
        assert_eq!(with_body(&body, |view| view.to_string()), text);
        assert_eq!(with_body(&body, |view| view.to_json().to_string()), json);
        assert_eq!(with_body(&body, |view| view.to_json_text()), json);
    }
}

#[test]
fn text_of_many_keys_has_each_of_them_once() {
    let values: Vec<_> = (0..100)
        .map(|index| KeyValue {
            key: format!("k{}", index % 40),
            value: Some(AnyValue { value: Some(Value::DoubleValue(f64::from(index))) }),
            ..KeyValue::default()
        })
        .collect();
    let body = AnyValue {
        value: Some(Value::KvlistValue(tidewatch_otlp::proto::common::v1::KeyValueList { values })),
    };
    let text = with_body(&body, |view| view.to_json_text());
    assert!(text.starts_with(r#"{"k0":0.0,"k1":1.0,"#) && text.ends_with(r#","k39":39.0}"#), "{text}");
    assert_eq!(with_body(&body, |view| view.to_json().to_string()), text);
}
