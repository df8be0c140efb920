//! What expressions give over real records, as tables.

use opentelemetry_proto::tonic::{
    collector::{
        logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
        trace::v1::ExportTraceServiceRequest,
    },
    common::v1::{
        AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList, any_value::Value as Any,
    },
    logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
    metrics::v1::{
        Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum,
        metric::Data, number_data_point::Value as PointValue,
    },
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, Span, Status},
};
use tidewatch_expr::{Condition, Context, Expression, Item, Point, Record};
use tidewatch_otlp::edit::Arena;
use tidewatch_otlp::{Request, views::DataView};

fn any(value: Any) -> AnyValue {
    AnyValue { value: Some(value) }
}

fn attribute(key: &str, value: Any) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(any(value)), ..KeyValue::default() }
}

fn text(value: &str) -> Any {
    Any::StringValue(value.to_owned())
}

fn resource() -> Option<Resource> {
    Some(Resource { attributes: vec![attribute("env", text("prod"))], ..Resource::default() })
}

fn scope() -> Option<InstrumentationScope> {
    Some(InstrumentationScope { name: "shop".to_owned(), version: "1.2".to_owned(), ..Default::default() })
}

fn log() -> Request {
    let nested = Any::KvlistValue(KeyValueList { values: vec![attribute("b", Any::IntValue(7))] });
    let list = Any::ArrayValue(ArrayValue { values: vec![any(text("x")), any(text("y"))] });
    let record = LogRecord {
        time_unix_nano: 1_000,
        severity_number: 17,
        severity_text: "ERROR".to_owned(),
        body: Some(any(Any::KvlistValue(KeyValueList {
            values: vec![attribute("a", nested), attribute("list", list)],
        }))),
        attributes: vec![
            attribute("status", text("FAILED")),
            attribute("n", Any::IntValue(3)),
            attribute("x", Any::DoubleValue(2.5)),
            attribute("ok", Any::BoolValue(true)),
            attribute("raw", Any::BytesValue(vec![0xca, 0xfe])),
            attribute("not_a_number", Any::DoubleValue(f64::NAN)),
        ],
        trace_id: vec![0xab; 16],
        event_name: "order".to_owned(),
        ..LogRecord::default()
    };
    let scope_logs = vec![ScopeLogs { scope: scope(), log_records: vec![record], ..Default::default() }];
    let resource_logs = vec![ResourceLogs { resource: resource(), scope_logs, ..Default::default() }];
    Request::encode_logs(&ExportLogsServiceRequest { resource_logs })
}

fn span() -> Request {
    let span = Span {
        name: "GET /".to_owned(),
        kind: 2,
        start_time_unix_nano: 1_000_000_000,
        end_time_unix_nano: 1_250_000_000,
        span_id: vec![1; 8],
        status: Some(Status { code: 2, message: "boom".to_owned() }),
        ..Span::default()
    };
    let scope_spans = vec![ScopeSpans { scope: scope(), spans: vec![span], ..Default::default() }];
    let resource_spans = vec![ResourceSpans { resource: resource(), scope_spans, ..Default::default() }];
    Request::encode_traces(&ExportTraceServiceRequest { resource_spans })
}

fn metrics() -> Request {
    let requests = Metric {
        name: "requests".to_owned(),
        unit: "1".to_owned(),
        data: Some(Data::Sum(Sum {
            data_points: vec![NumberDataPoint {
                time_unix_nano: 5,
                value: Some(PointValue::AsInt(12)),
                attributes: vec![attribute("route", text("/"))],
                ..Default::default()
            }],
            aggregation_temporality: 2,
            is_monotonic: true,
        })),
        ..Metric::default()
    };
    let latency = Metric {
        name: "latency".to_owned(),
        data: Some(Data::Histogram(Histogram {
            data_points: vec![HistogramDataPoint { count: 100, sum: Some(21.0), ..Default::default() }],
            aggregation_temporality: 1,
        })),
        ..Metric::default()
    };
    let scope_metrics =
        vec![ScopeMetrics { scope: scope(), metrics: vec![requests, latency], ..Default::default() }];
    let resource_metrics =
        vec![ResourceMetrics { resource: resource(), scope_metrics, ..Default::default() }];
    Request::encode_metrics(&ExportMetricsServiceRequest { resource_metrics })
}

/// Calls `each` for every item of a request.
fn for_each_record(request: &Request, mut each: impl FnMut(&Record<'_, '_>)) {
    let (canonical, arena) = (request.canonical(), Arena::new());
    for resource in canonical.resources() {
        for scope in resource.scopes() {
            let (resource, scope) = (&resource, &scope);
            for log in scope.records() {
                each(&Record::new(resource, scope, Item::Log(&log), &arena));
            }
            for span in scope.spans() {
                each(&Record::new(resource, scope, Item::Span(&span), &arena));
            }
            for metric in scope.metrics() {
                let mut each =
                    |point| each(&Record::new(resource, scope, Item::DataPoint(&metric, point), &arena));
                match metric.data() {
                    DataView::Sum { points, .. } => {
                        let points: Vec<_> = points.iter().collect();
                        points.iter().map(Point::Number).for_each(&mut each);
                    }
                    DataView::Histogram { points, .. } => {
                        let points: Vec<_> = points.iter().collect();
                        points.iter().map(Point::Histogram).for_each(&mut each);
                    }
                    other => panic!("no such metric here: {other:?}"),
                }
            }
        }
    }
}

fn holds(request: &Request, context: Context, condition: &str) -> Vec<bool> {
    let condition =
        Condition::parse(condition, context).unwrap_or_else(|error| panic!("{condition}: {error}"));
    let mut results = Vec::new();
    for_each_record(request, |record| results.push(condition.holds(record)));
    results
}

#[test]
fn conditions_over_log_records() {
    let request = log();
    for (condition, expected) in [
        (r#"attributes["status"] == "FAILED""#, true),
        (r#"log.attributes["status"] != "FAILED""#, false),
        (r#"resource.attributes["env"] == "prod" and scope.name == "shop""#, true),
        (r#"instrumentation_scope.version == "1.2""#, true),
        ("severity_number >= SEVERITY_NUMBER_WARN", true),
        ("severity_number == SEVERITY_NUMBER_ERROR", true),
        (r#"severity_text == "ERROR" and event_name == "order""#, true),
        (r#"body["a"]["b"] == 7"#, true),
        (r#"body["list"][1] == "y""#, true),
        (r#"body["list"][2] == nil"#, true),
        (r#"body["a"]["b"]["c"] == nil"#, true),
        (r#"body.string == "{\"a\":{\"b\":7},\"list\":[\"x\",\"y\"]}""#, true),
        (r#"trace_id.string == "abababababababababababababababab""#, true),
        ("trace_id == 0xabababababababababababababababab", true),
        (r#"span_id.string == """#, true),
        ("time_unix_nano == 1000", true),
        (r#"attributes["raw"] == 0xcafe"#, true),
        (r#"attributes["raw"] < 0xcaff"#, true),
        // A path that is true is a condition, any other value is not.
        (r#"attributes["ok"]"#, true),
        (r#"attributes["n"]"#, false),
        ("true", true),
        ("false or not false", true),
    ] {
        assert_eq!(holds(&request, Context::Log, condition), [expected], "{condition}");
    }
}

#[test]
fn comparison_is_that_of_ottl() {
    let request = log();
    for (condition, expected) in [
        // Numbers compare as numbers.
        (r#"attributes["n"] == 3.0"#, true),
        (r#"attributes["n"] > 2.5"#, true),
        (r#"attributes["x"] <= 2"#, false),
        // Different types are unequal, and in no order.
        (r#"attributes["n"] == "3""#, false),
        (r#"attributes["n"] != "3""#, true),
        (r#"attributes["n"] < "4""#, false),
        (r#"attributes["n"] >= "3""#, false),
        ("true == 1", false),
        // Nil equals nil only.
        (r#"attributes["absent"] == nil"#, true),
        (r#"attributes["absent"] <= nil"#, true),
        (r#"attributes["absent"] < nil"#, false),
        (r#"attributes["n"] != nil"#, true),
        (r#"attributes["absent"] != 3"#, true),
        (r#"attributes["absent"] < 3"#, false),
        // The rest.
        ("true > false", true),
        (r#""abc" < "abd""#, true),
        (r#"attributes["not_a_number"] == attributes["not_a_number"]"#, false),
        (r#"attributes["not_a_number"] >= 0"#, false),
        ("body == body", true),
        ("body == attributes", false),
        ("9007199254740993 == 9007199254740992", false),
    ] {
        assert_eq!(holds(&request, Context::Log, condition), [expected], "{condition}");
    }
}

#[test]
fn operators_bind_as_in_ottl() {
    let request = log();
    for (condition, expected) in [
        ("1 + 2 * 3 == 7", true),
        ("(1 + 2) * 3 == 9", true),
        ("10 - 2 - 3 == 5", true),
        ("-2 * -3 == 6", true),
        ("-(1 + 2) == -3", true),
        ("7 / 2 == 3", true),
        ("7 / 2.0 == 3.5", true),
        (r#"attributes["n"] * 2 + attributes["x"] == 8.5"#, true),
        // What cannot be calculated makes a condition fail.
        ("1 / 0 == nil", false),
        (r#"1 + attributes["status"] == nil"#, false),
        // `and` before `or`, `not` before `and`.
        ("true or false and false", true),
        ("(true or false) and false", false),
        ("not false and false", false),
        ("not (false and false)", true),
        ("not 1 == 2", true),
        (r#"not attributes["absent"]"#, false),
        (".5 == 0.5 and 1e3 == 1000 and 2.5e-1 == 0.25", true),
    ] {
        assert_eq!(holds(&request, Context::Log, condition), [expected], "{condition}");
    }
}

#[test]
fn conditions_over_spans() {
    let request = span();
    for (condition, expected) in [
        ("kind == SPAN_KIND_SERVER", true),
        (r#"kind.string == "Server""#, true),
        ("status.code == STATUS_CODE_ERROR", true),
        (r#"span.status.message == "boom" and span.name == "GET /""#, true),
        ("end_time_unix_nano - start_time_unix_nano > 200000000", true),
        ("(end_time_unix_nano - start_time_unix_nano) / 1000000.0 == 250", true),
        (r#"parent_span_id.string == """#, true),
        (r#"span_id.string == "0101010101010101""#, true),
    ] {
        assert_eq!(holds(&request, Context::Span, condition), [expected], "{condition}");
    }
}

#[test]
fn conditions_over_data_points() {
    let request = metrics();
    for (condition, expected) in [
        (r#"metric.name == "requests""#, [true, false]),
        (r#"metric.unit == "1""#, [true, false]),
        ("metric.type == METRIC_DATA_TYPE_HISTOGRAM", [false, true]),
        ("metric.is_monotonic == true", [true, false]),
        ("metric.aggregation_temporality == AGGREGATION_TEMPORALITY_DELTA", [false, true]),
        ("value_int == 12", [true, false]),
        ("value_double == nil", [true, true]),
        ("sum / count > 0.2", [false, true]),
        (r#"datapoint.attributes["route"] == "/""#, [true, false]),
        ("time_unix_nano == 5", [true, false]),
    ] {
        assert_eq!(holds(&request, Context::DataPoint, condition), expected, "{condition}");
    }
}

#[test]
fn expressions_give_numbers() {
    let expression = Expression::parse(r#"attributes["x"] * 1000"#, Context::Log).unwrap();
    for_each_record(&log(), |record| assert_eq!(expression.evaluate(record).as_f64(), Some(2500.0)));
}
