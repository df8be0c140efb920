//! What is deleted or redacted is nowhere in the bytes that go out.

mod common;

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
        ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram, HistogramDataPoint, Metric,
        NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary, SummaryDataPoint, metric::Data,
    },
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, Span, span::Event},
};
use prost::Message;
use tidewatch_expr::{Context, Statement};
use tidewatch_otlp::testing::{Source, count, rearrange_at};
use tidewatch_otlp::{Request, Signal};

/// It stands in values, in keys of maps, and in bytes.
const SECRET: &str = "hunter2";
const KEY: &str = "password";

fn text(text: &str) -> AnyValue {
    AnyValue { value: Some(Any::StringValue(text.to_owned())) }
}

fn map(values: Vec<KeyValue>) -> AnyValue {
    AnyValue { value: Some(Any::KvlistValue(KeyValueList { values })) }
}

fn list(values: Vec<AnyValue>) -> AnyValue {
    AnyValue { value: Some(Any::ArrayValue(ArrayValue { values })) }
}

fn entry(key: &str, value: AnyValue) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(value), ..KeyValue::default() }
}

/// The secret as text and as bytes, under one key twice, in maps and lists and as a key of a map.
fn attributes() -> Vec<KeyValue> {
    let bytes = AnyValue { value: Some(Any::BytesValue(SECRET.as_bytes().to_vec())) };
    let nested = map(vec![entry("in", list(vec![text("x"), map(vec![entry(SECRET, text(SECRET))]), bytes]))]);
    vec![
        entry("before", text("stays")),
        entry(KEY, text("harmless")),
        entry("between", text("stays")),
        entry(KEY, text(&format!("it is {SECRET}!"))),
        entry(KEY, nested),
    ]
}

/// The secret in texts alone: in one of its own, amid others, and in maps under one key.
fn texts() -> Vec<KeyValue> {
    let user = |note: &str| map(vec![entry("note", text(note)), entry("before", text("stays"))]);
    vec![
        entry("note", text("harmless")),
        entry("note", text(SECRET)),
        entry("before", text("stays")),
        entry("note", text(&format!("{SECRET} and {SECRET}"))),
        entry("user", user("harmless")),
        entry("user", user(&format!("it is {SECRET}!"))),
    ]
}

fn resource(attributes: &[KeyValue]) -> Option<Resource> {
    Some(Resource { attributes: attributes.to_vec(), ..Resource::default() })
}

fn scope(attributes: &[KeyValue]) -> Option<InstrumentationScope> {
    Some(InstrumentationScope { attributes: attributes.to_vec(), ..InstrumentationScope::default() })
}

fn logs(attributes: &[KeyValue]) -> Vec<u8> {
    let record = LogRecord {
        attributes: attributes.to_vec(),
        body: Some(map(attributes.to_vec())),
        ..LogRecord::default()
    };
    let log_records = vec![record.clone(), record];
    let scope_logs = vec![ScopeLogs { scope: scope(attributes), log_records, ..ScopeLogs::default() }];
    let resource_logs =
        vec![ResourceLogs { resource: resource(attributes), scope_logs, ..ResourceLogs::default() }];
    ExportLogsServiceRequest { resource_logs }.encode_to_vec()
}

fn traces(attributes: &[KeyValue]) -> Vec<u8> {
    let span = Span {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        attributes: attributes.to_vec(),
        events: vec![Event { attributes: attributes.to_vec(), ..Event::default() }; 2],
        ..Span::default()
    };
    let scope_spans =
        vec![ScopeSpans { scope: scope(attributes), spans: vec![span], ..ScopeSpans::default() }];
    let resource_spans =
        vec![ResourceSpans { resource: resource(attributes), scope_spans, ..ResourceSpans::default() }];
    ExportTraceServiceRequest { resource_spans }.encode_to_vec()
}

fn metrics(attributes: &[KeyValue]) -> Vec<u8> {
    let number = || vec![NumberDataPoint { attributes: attributes.to_vec(), ..NumberDataPoint::default() }];
    let histogram = HistogramDataPoint { attributes: attributes.to_vec(), ..HistogramDataPoint::default() };
    let exponential = ExponentialHistogramDataPoint { attributes: attributes.to_vec(), ..Default::default() };
    let summary = SummaryDataPoint { attributes: attributes.to_vec(), ..SummaryDataPoint::default() };
    let metrics = [
        Data::Gauge(Gauge { data_points: number() }),
        Data::Sum(Sum { data_points: number(), ..Sum::default() }),
        Data::Histogram(Histogram { data_points: vec![histogram], ..Histogram::default() }),
        Data::ExponentialHistogram(ExponentialHistogram {
            data_points: vec![exponential],
            ..Default::default()
        }),
        Data::Summary(Summary { data_points: vec![summary] }),
    ];
    let metric = |data| Metric { data: Some(data), metadata: attributes.to_vec(), ..Metric::default() };
    let metrics = metrics.map(metric).to_vec();
    let scope_metrics = vec![ScopeMetrics { scope: scope(attributes), metrics, ..ScopeMetrics::default() }];
    let resource_metrics =
        vec![ResourceMetrics { resource: resource(attributes), scope_metrics, ..ResourceMetrics::default() }];
    ExportMetricsServiceRequest { resource_metrics }.encode_to_vec()
}

/// Contexts with the maps in them where the secret is.
fn places(signal: Signal) -> &'static [(Context, &'static [&'static str])] {
    match signal {
        Signal::Logs => &[
            (Context::Resource, &["attributes"]),
            (Context::Scope, &["attributes"]),
            (Context::Log, &["attributes", "body"]),
        ],
        Signal::Traces => &[
            (Context::Resource, &["attributes"]),
            (Context::Scope, &["attributes"]),
            (Context::Span, &["attributes"]),
            (Context::SpanEvent, &["attributes"]),
        ],
        Signal::Metrics => &[
            (Context::Resource, &["attributes"]),
            (Context::Scope, &["attributes"]),
            (Context::Metric, &["metadata"]),
            (Context::DataPoint, &["attributes"]),
        ],
    }
}

fn contains(bytes: &[u8]) -> bool {
    String::from_utf8_lossy(bytes).contains(SECRET)
}

/// Statements for each map of a signal, which stands where they have `{}`.
fn programs(signal: Signal, statements: &[&str]) -> Vec<(Context, Vec<Statement>)> {
    let parse = |text: &str, context| {
        Statement::parse(text, context).unwrap_or_else(|error| panic!("{text}: {error}"))
    };
    let of = |context, map| statements.iter().map(|text| parse(&text.replace("{}", map), context)).collect();
    let maps = places(signal).iter().flat_map(|(context, maps)| maps.iter().map(|map| (*context, *map)));
    maps.map(|(context, map)| (context, of(context, map))).collect()
}

fn redacted(request: &Request, programs: &[(Context, Vec<Statement>)]) -> Request {
    programs.iter().fold(request.clone(), |request, (context, statements)| {
        let (edited, outcomes) = common::run(statements, *context, &request);
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
        edited
    })
}

fn check(signal: Signal, bytes: Vec<u8>) -> Option<Request> {
    Request::check(signal, bytes.into()).ok().map(|checked| checked.request)
}

/// Requests of all signals; each as it is, and with every field in turn there twice.
fn requests(attributes: &[KeyValue]) -> Vec<Request> {
    const REPEAT: usize = 0;
    let mut requests = Vec::new();
    for (signal, bytes) in [
        (Signal::Logs, logs(attributes)),
        (Signal::Traces, traces(attributes)),
        (Signal::Metrics, metrics(attributes)),
    ] {
        let repeated = (0..count(&bytes)).map(|place| {
            let mut source = Source::from_seed(0);
            rearrange_at(&bytes, place, REPEAT, &mut source)
        });
        requests.extend(repeated.filter_map(|bytes| check(signal, bytes)));
        requests.extend(check(signal, bytes));
    }
    assert!(requests.iter().any(|request| !request.is_canonical()), "some fields may not repeat");
    assert!(requests.iter().all(|request| contains(request.bytes())));
    requests
}

fn leaves_nothing(attributes: &[KeyValue], statements: &[&str]) {
    let programs = Signal::ALL.map(|signal| (signal, programs(signal, statements)));
    for request in requests(attributes) {
        let (_, programs) = programs.iter().find(|(signal, _)| *signal == request.signal()).unwrap();
        let edited = redacted(&request, programs);
        assert!(!contains(edited.bytes()), "{statements:?} leave something of {request:?}");
        assert!(String::from_utf8_lossy(edited.bytes()).contains("before"), "{statements:?} take more");
    }
}

#[test]
fn a_deleted_key_is_gone() {
    for statement in [
        r#"delete_key({}, "password")"#,
        r#"delete_keys({}, ["password", "another"])"#,
        r#"delete_matching_keys({}, "pass.*")"#,
        r#"keep_keys({}, ["before", "between"])"#,
        r#"keep_matching_keys({}, "^be")"#,
        r#"set({}["password"], "***")"#,
        r#"merge_maps({}, {"password": "***"}, "upsert")"#,
    ] {
        leaves_nothing(&attributes(), &[statement]);
    }
}

#[test]
fn redacted_text_is_gone() {
    leaves_nothing(
        &texts(),
        &[
            r#"replace_all_patterns({}, "value", "hunter\d", "***")"#,
            r#"replace_pattern({}["user"]["note"], "hunter2", "***")"#,
        ],
    );
    leaves_nothing(
        &texts(),
        &[
            r#"replace_pattern({}["note"], "hunter2", "***")"#,
            r#"replace_match({}["user"]["note"], "*hunter2*", "***")"#,
        ],
    );
    leaves_nothing(
        &texts(),
        &[
            r#"replace_all_matches({}, "*hunter2*", "***")"#,
            r#"replace_all_patterns({}["user"], "value", "hunter2", "***")"#,
        ],
    );
    leaves_nothing(&texts(), &[r#"flatten({})"#, r#"replace_all_patterns({}, "value", "hunter2", "***")"#]);
}

#[test]
fn redacted_keys_are_gone() {
    let keys = [entry(SECRET, text("a")), entry("before", text("stays")), entry(SECRET, text("b"))];
    leaves_nothing(&keys, &[r#"replace_all_patterns({}, "key", "hunter2", "***")"#]);
}

/// The first of the maps under a key has nothing to delete, another one has.
#[test]
fn a_key_deleted_in_the_first_of_two_maps_is_in_neither() {
    let clean = map(vec![entry("name", text("x"))]);
    let secret = map(vec![entry(KEY, text(SECRET))]);
    let record =
        LogRecord { attributes: vec![entry("user", clean), entry("user", secret)], ..LogRecord::default() };
    let scope_logs = vec![ScopeLogs { log_records: vec![record], ..ScopeLogs::default() }];
    let message = ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs { scope_logs, ..ResourceLogs::default() }],
    };
    let request = check(Signal::Logs, message.encode_to_vec()).unwrap();
    let statement = Statement::parse(r#"delete_key(attributes["user"], "password")"#, Context::Log).unwrap();
    let (edited, _) = common::run(&[statement], Context::Log, &request);
    assert!(!contains(edited.bytes()));
}

fn block(number: u8, bytes: &[u8]) -> Vec<u8> {
    [&[number << 3 | 2, u8::try_from(bytes.len()).unwrap()][..], bytes].concat()
}

/// A log record with an attribute of these fields.
fn with_entry(fields: &[Vec<u8>]) -> Request {
    let record = block(6, &fields.concat());
    check(Signal::Logs, block(1, &block(2, &block(2, &record)))).expect("it is well formed")
}

/// A value that a later one overrides, and unknown fields: in what is deleted, and in what is set.
#[test]
fn what_no_reader_sees_goes_with_its_key() {
    let key = block(1, KEY.as_bytes());
    let secret = block(2, &block(1, SECRET.as_bytes()));
    let harmless = block(2, &block(1, b"harmless"));
    let unknown = block(14, SECRET.as_bytes());
    let unknown_in_value = block(2, &[block(1, b"harmless"), block(14, SECRET.as_bytes())].concat());
    for request in [
        with_entry(&[key.clone(), secret.clone(), harmless.clone()]),
        with_entry(&[key.clone(), harmless.clone(), unknown.clone()]),
        with_entry(&[unknown, key.clone(), harmless]),
        with_entry(&[key.clone(), unknown_in_value]),
        with_entry(&[key.clone(), key, secret.clone(), secret]),
    ] {
        assert!(contains(request.bytes()));
        for text in [r#"delete_key(attributes, "password")"#, r#"set(attributes["password"], "***")"#] {
            let statement = Statement::parse(text, Context::Log).unwrap();
            let (edited, _) = common::run(&[statement], Context::Log, &request);
            assert!(!contains(edited.bytes()), "{text} of {request:?}");
        }
    }
}

/// As deep as a request may be.
#[test]
fn what_is_nested_deeply_beside_it_keeps_nothing() {
    let nested = |levels: usize| (0..levels).fold(text("innermost"), |inner, _| list(vec![inner]));
    let request = |levels: usize| {
        let record = LogRecord {
            attributes: vec![entry("deep", nested(levels)), entry(KEY, text(SECRET))],
            ..LogRecord::default()
        };
        let scope_logs = vec![ScopeLogs { log_records: vec![record], ..ScopeLogs::default() }];
        let resource_logs = vec![ResourceLogs { scope_logs, ..ResourceLogs::default() }];
        check(Signal::Logs, ExportLogsServiceRequest { resource_logs }.encode_to_vec())
    };
    let deepest = (0..64).rev().find(|levels| request(*levels).is_some()).unwrap();
    assert_eq!(deepest, 29);
    let delete = || Statement::parse(r#"delete_key(attributes, "password")"#, Context::Log).unwrap();
    let (edited, outcomes) = common::run(&[delete()], Context::Log, &request(deepest).unwrap());
    assert!(outcomes[0].is_ok() && !contains(edited.bytes()));
    // What would become deeper than that stays where it is.
    let deepen = Statement::parse(r#"set(attributes["deeper"], attributes)"#, Context::Log).unwrap();
    for levels in 0..=deepest {
        let program = [deepen.clone(), delete()];
        let (edited, outcomes) = common::run(&program, Context::Log, &request(levels).unwrap());
        assert_eq!(outcomes[0].is_ok(), levels <= 28);
        assert!(check(Signal::Logs, edited.bytes().to_vec()).is_some());
    }
}

/// The function under the `attributes` processor.
#[test]
fn attributes_without_a_key_have_nothing_of_it() {
    let arena = tidewatch_otlp::edit::Arena::new();
    for request in requests(&attributes()) {
        let canonical = request.canonical();
        for resource in canonical.resources() {
            let left = resource.attributes().without(KEY, &arena);
            assert!(contains(resource.attributes().bytes()) && !contains(left.bytes()));
            for record in resource.scopes().flat_map(|scope| scope.records()) {
                assert!(!contains(record.attributes().without(KEY, &arena).bytes()));
            }
        }
    }
}
