use crate::{
    enrich::{EnrichConfig, EnrichProcessor, detect::Machine},
    testing,
};
use serde_json::{Value as Json, json};
use tidewatch_component::{BuildContext, Processor};
use tidewatch_otlp::{
    Request,
    proto::{
        collector::{logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest},
        common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value},
        logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
        metrics::v1::{Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, metric::Data},
        resource::v1::Resource,
    },
    views::AttributesView,
};

/// A processor and what it was made with.
struct Bench {
    processor: EnrichProcessor,
    context: BuildContext,
}

impl Bench {
    fn new(config: Json) -> Self {
        Self::on(Machine::new("/nowhere", &[("OTEL_RESOURCE_ATTRIBUTES", "region=env,zone=1")]), config)
    }

    fn on(machine: Machine, config: Json) -> Self {
        let config: EnrichConfig = serde_json::from_value(config).expect("keys");
        let context = testing::context("enrich");
        let processor = EnrichProcessor::new(config, &context, machine).expect("no mistakes");
        Self { processor, context }
    }

    /// With the table of hosts that the tests have in common.
    fn of_hosts(keys: Json) -> Self {
        let rows =
            json!({"host-a": {"env": "prod", "team": "core"}, "host-b": {"env": "dev", "team": "mlops"}});
        let mut table = json!({
            "from": {"inline": rows}, "match": {"host.name": "host"}, "add": {"env": "env", "team": "team"}
        });
        table.as_object_mut().expect("keys").extend(keys.as_object().expect("keys").clone());
        Self::new(json!({"tables": [table]}))
    }

    fn take(&self, request: Request) -> Request {
        let mut batches = testing::outputs(|out| self.processor.process(testing::batch(request), out));
        assert_eq!(batches.len(), 1);
        let enriched = batches.remove(0).telemetry().expect("telemetry").clone();
        // Nothing is taken on trust.
        Request::check(enriched.signal(), enriched.bytes().clone()).expect("OTLP").request
    }

    /// Attributes of resource, scope and record of a request with one record.
    fn log(&self, resource: Json, scope: Json, record: Json) -> [Json; 3] {
        let enriched = self.take(logs(&resource, &scope, &[&record]));
        let canonical = enriched.canonical();
        let resource = canonical.resources().next().expect("a resource");
        let scope = resource.scopes().next().expect("a scope");
        let record = scope.records().next().expect("a record");
        [resource.attributes(), scope.attributes(), record.attributes()].map(|all| json_of(&all))
    }

    /// One of the processor's own metrics.
    fn count(&self, outcome: &str) -> u64 {
        let text = self.context.metrics.render();
        let label = format!("outcome=\"{outcome}\"");
        let line =
            text.lines().find(|line| line.starts_with("tidewatch_enrich_lookups") && line.contains(&label));
        line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).expect("a number")
    }
}

/// As JSON, in which a key that repeats would show.
fn json_of(attributes: &AttributesView<'_>) -> Json {
    let mut keys: Vec<_> = attributes.iter().map(|(key, _)| key).collect();
    keys.sort_unstable();
    assert!(keys.windows(2).all(|pair| pair[0] != pair[1]), "{keys:?}");
    attributes.to_json()
}

fn attributes(json: &Json) -> Vec<KeyValue> {
    let value = |json: &Json| match json {
        Json::String(text) => any_value::Value::StringValue(text.clone()),
        Json::Number(number) => any_value::Value::IntValue(number.as_i64().expect("an integer")),
        other => panic!("not used here: {other}"),
    };
    let entries = json.as_object().expect("an object").iter();
    let entry = |(key, json): (&String, &Json)| KeyValue {
        key: key.clone(),
        value: Some(AnyValue { value: Some(value(json)) }),
        ..KeyValue::default()
    };
    entries.map(entry).collect()
}

fn logs(resource: &Json, scope: &Json, records: &[&Json]) -> Request {
    let record =
        |json: &&Json| LogRecord { attributes: attributes(json), time_unix_nano: 7, ..Default::default() };
    let scope = InstrumentationScope { attributes: attributes(scope), ..Default::default() };
    Request::encode_logs(&ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            resource: Some(Resource { attributes: attributes(resource), ..Default::default() }),
            scope_logs: vec![ScopeLogs {
                scope: Some(scope),
                log_records: records.iter().map(record).collect(),
                ..Default::default()
            }],
            ..Default::default()
        }],
    })
}

#[test]
fn what_a_table_knows_is_written_where_the_match_was_found() {
    let bench = Bench::of_hosts(json!({}));
    let (host, known) =
        (json!({"host.name": "host-a"}), json!({"host.name": "host-a", "env": "prod", "team": "core"}));
    let none = json!({});
    assert_eq!(
        bench.log(host.clone(), none.clone(), none.clone()),
        [known.clone(), none.clone(), none.clone()]
    );
    assert_eq!(
        bench.log(none.clone(), host.clone(), none.clone()),
        [none.clone(), known.clone(), none.clone()]
    );
    assert_eq!(bench.log(none.clone(), none.clone(), host), [none.clone(), none, known]);
    assert_eq!((bench.count("matched"), bench.count("unmatched")), (3, 0));
}

#[test]
fn the_nearest_attribute_counts() {
    let bench = Bench::of_hosts(json!({}));
    let [resource, _, record] =
        bench.log(json!({"host.name": "host-a"}), json!({}), json!({"host.name": "host-b"}));
    assert_eq!(resource["team"], "core");
    assert_eq!(record, json!({"host.name": "host-b", "env": "dev", "team": "mlops"}));
}

#[test]
fn what_the_event_says_already_wins_wherever_it_says_it() {
    let bench = Bench::of_hosts(json!({}));
    let record = json!({"host.name": "host-b", "env": "prod"});
    let [_, _, of_record] = bench.log(json!({}), json!({}), record.clone());
    assert_eq!(of_record, json!({"host.name": "host-b", "env": "prod", "team": "mlops"}));
    let [resource, _, of_record] =
        bench.log(json!({"env": "prod"}), json!({}), json!({"host.name": "host-b"}));
    assert_eq!(resource, json!({"env": "prod"}));
    assert_eq!(of_record, json!({"host.name": "host-b", "team": "mlops"}));
    let override_ = Bench::of_hosts(json!({"override": true}));
    let [_, _, of_record] = override_.log(json!({}), json!({}), record);
    assert_eq!(of_record, json!({"host.name": "host-b", "env": "dev", "team": "mlops"}));
}

#[test]
fn an_event_that_is_not_in_the_table_stays_as_it_is() {
    let bench = Bench::of_hosts(json!({}));
    let (resource, record) = (json!({"host.name": "host-z"}), json!({"a": 1}));
    let request = logs(&resource, &json!({}), &[&record, &record]);
    assert_eq!(bench.take(request.clone()).bytes(), request.bytes());
    assert_eq!((bench.count("unmatched"), bench.count("no_attribute")), (1, 0));
    let request = logs(&json!({}), &json!({}), &[&record, &record]);
    assert_eq!(bench.take(request.clone()).bytes(), request.bytes());
    assert_eq!((bench.count("unmatched"), bench.count("no_attribute")), (1, 2));
}

#[test]
fn a_default_row_stands_for_all_that_are_not_found() {
    let bench = Bench::of_hosts(json!({"default": {"env": "unknown"}}));
    let [resource, _, record] = bench.log(json!({"host.name": "host-z"}), json!({}), json!({}));
    assert_eq!((resource["env"].as_str(), record), (Some("unknown"), json!({})));
    let [resource, _, record] = bench.log(json!({}), json!({}), json!({}));
    assert_eq!((resource, record), (json!({}), json!({"env": "unknown"})));
    let [_, _, record] = bench.log(json!({}), json!({}), json!({"env": "own"}));
    assert_eq!(record, json!({"env": "own"}));
    assert_eq!((bench.count("default"), bench.count("matched")), (3, 0));
}

#[test]
fn attributes_of_several_places_match_together_and_numbers_as_texts() {
    let rows = json!([{"host": "a", "port": 80, "name": "web"}, {"host": "a", "port": "443", "name": "tls"}]);
    let bench = Bench::new(json!({"tables": [{
        "from": {"inline": rows}, "match": {"host.name": "host", "server.port": "port"}, "add": {"service.name": "name"}
    }]}));
    let service = |resource, record| bench.log(resource, json!({}), record);
    let [resource, _, record] = service(json!({"host.name": "a"}), json!({"server.port": "80"}));
    assert_eq!(resource, json!({"host.name": "a"}));
    assert_eq!(record, json!({"server.port": "80", "service.name": "web"}));
    let [resource, _, record] = service(json!({"host.name": "a", "server.port": 443}), json!({"x": 1}));
    assert_eq!((resource["service.name"].as_str(), record), (Some("tls"), json!({"x": 1})));
    let [resource, _, record] = service(json!({"host.name": "a"}), json!({"x": 1}));
    assert_eq!((resource, record), (json!({"host.name": "a"}), json!({"x": 1})));
}

#[test]
fn a_table_may_match_what_an_earlier_one_has_added() {
    let bench = Bench::new(json!({"tables": [
        {"from": {"inline": {"a": {"rack": "r1"}}}, "match": {"host.name": "host"}, "add": {"rack": "rack"}},
        {"from": {"inline": {"r1": {"room": "x", "rack.size": 42}}}, "match": {"rack": "id"}, "add": "all"},
    ]}));
    let expected = json!({"host.name": "a", "rack": "r1", "id": "r1", "room": "x", "rack.size": 42});
    let [resource, _, _] = bench.log(json!({"host.name": "a"}), json!({}), json!({}));
    assert_eq!(resource, expected);
    let [_, _, record] = bench.log(json!({}), json!({}), json!({"host.name": "a"}));
    assert_eq!(record, expected);
}

#[test]
fn constants_and_what_is_detected_go_to_resources_that_do_not_know_better() {
    let keys = json!({"attributes": {"region": "eu-1", "n": 1}, "detect": ["env", "k8s"]});
    let bench = Bench::new(keys.clone());
    let [resource, _, record] = bench.log(json!({}), json!({}), json!({"a": 1}));
    assert_eq!(resource, json!({"region": "eu-1", "n": 1, "zone": "1"}), "what is configured comes first");
    assert_eq!(record, json!({"a": 1}));
    let [resource, _, _] = bench.log(json!({"region": "own"}), json!({}), json!({}));
    assert_eq!(resource, json!({"region": "own", "n": 1, "zone": "1"}));
    let mut keys = keys;
    keys["override"] = true.into();
    let [resource, _, _] = Bench::new(keys).log(json!({"region": "own"}), json!({}), json!({}));
    assert_eq!(resource["region"], "eu-1");
}

#[test]
fn a_request_without_a_resource_gets_one() {
    let request = Request::encode_logs(&ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            scope_logs: vec![ScopeLogs { log_records: vec![LogRecord::default()], ..Default::default() }],
            ..Default::default()
        }],
    });
    let enriched = Bench::new(json!({"attributes": {"region": "eu-1"}})).take(request);
    let canonical = enriched.canonical();
    let resource = canonical.resources().next().expect("a resource");
    assert_eq!(resource.attributes().to_json(), json!({"region": "eu-1"}));
    assert_eq!(enriched.items(), 1);
}

#[test]
fn points_of_metrics_are_looked_up_one_by_one() {
    let point = |host: &str| NumberDataPoint {
        attributes: attributes(&json!({"host.name": host})),
        ..Default::default()
    };
    let gauge = Gauge { data_points: vec![point("host-a"), point("host-z"), point("host-b")] };
    let metric = Metric { name: "m".into(), data: Some(Data::Gauge(gauge)), ..Default::default() };
    let request = Request::encode_metrics(&ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            scope_metrics: vec![ScopeMetrics { metrics: vec![metric], ..Default::default() }],
            ..Default::default()
        }],
    });
    let enriched = Bench::of_hosts(json!({})).take(request).decode_metrics();
    let Some(Data::Gauge(gauge)) = &enriched.resource_metrics[0].scope_metrics[0].metrics[0].data else {
        panic!("a gauge")
    };
    let teams: Vec<_> = gauge.data_points.iter().map(|point| point.attributes.len()).collect();
    assert_eq!(teams, [3, 1, 3]);
}
