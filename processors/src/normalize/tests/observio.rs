//! Raw events of an event-driven monitoring system, against the envelopes that it makes of them.

use super::*;
use tidewatch_component::timestamp;

fn config() -> Json {
    json!({
        "parse": "json",
        "fields": {
            "tenant_id": {"from": ["tenant_id", "tenant"], "as": "string", "default": "default"},
            "source_id": {"from": ["host", "source_id"], "as": "string", "default": "unknown"},
            "metric": {"as": "string", "default": "unknown"},
            "value": {"as": "double", "default": 0},
            "unit": {"as": "string", "default": ""},
            "tags": {"default": {}},
        },
        "others": "drop",
        "compute": [r#"set(fields["event_id"], UUID())"#],
        "time": {"from": ["ts_event"], "default": "now"},
        "resource": {"tenant.id": "tenant_id", "host.name": "source_id"},
    })
}

fn raw() -> String {
    data("observio/raw_events.jsonl")
}

#[test]
fn events_become_the_envelopes_that_are_expected() {
    let events = raw();
    let events: Vec<_> = events.lines().collect();
    let made = Bench::records(config()).lines(&events);
    let mut envelopes: Vec<Json> = made.iter().map(envelope).collect();
    // Records stand with those of their tenant and host.
    envelopes.sort_by_key(|envelope| envelope["ts_event"].as_str().unwrap().to_owned());
    let mut expected = json_lines("observio/expected_envelopes.jsonl");
    for (expected, event) in expected.iter_mut().zip(&events) {
        let event: Json = serde_json::from_str(event).unwrap();
        let expected = expected.as_object_mut().unwrap();
        // What the event does not say itself is added later in the chain.
        expected["tags"] = event.get("tags").cloned().unwrap_or(json!({}));
        for key in ["event_id", "ts_ingest", "_kafka_key", "schema_name", "schema_version"] {
            expected.remove(key);
        }
    }
    assert_eq!(envelopes, expected);
}

fn envelope(record: &Json) -> Json {
    let body = &record["body"];
    json!({
        "ts_event": timestamp::to_rfc3339(record["time"].as_u64().unwrap()),
        "tenant_id": record["resource"]["tenant.id"],
        "source": {"type": "host", "source_id": record["resource"]["host.name"]},
        "attributes": {"metric": body["metric"], "value": body["value"].to_string(), "unit": body["unit"]},
        "tags": body["tags"],
    })
}

#[test]
fn the_same_event_twice_has_two_ids() {
    let event = raw().lines().next().unwrap().to_owned();
    let made = Bench::records(config()).lines(&[&event, &event]);
    let ids: Vec<_> = made.iter().map(|record| record["body"]["event_id"].as_str().unwrap()).collect();
    assert_ne!(ids[0], ids[1]);
    assert!(ids.iter().all(|id| id.len() == 36 && &id[14..15] == "4"), "{ids:?}");
}

#[test]
fn an_event_without_anything_has_the_defaults() {
    let made = Bench::records(config()).lines(&["{}"]);
    let body = &made[0]["body"];
    assert_eq!(
        (&body["metric"], &body["value"], &body["unit"]),
        (&json!("unknown"), &json!(0.0), &json!(""))
    );
    assert_eq!(body["tags"], json!({}));
    assert_eq!(
        made[0]["resource"],
        json!({"service.name": "shop", "tenant.id": "default", "host.name": "unknown"})
    );
    let now = timestamp::now();
    assert!((now - 60_000_000_000..=now).contains(&made[0]["time"].as_u64().unwrap()));
    assert_eq!(made[0]["attributes"], json!({"log.file.name": "events.jsonl"}), "a default is no flaw");
}

#[test]
fn bad_events_are_refused_and_good_ones_go_on() {
    let (bad, good) = (data("observio/raw_events_bad.jsonl"), raw());
    let all: Vec<_> = bad.lines().chain(good.lines().take(1)).collect();
    let bench = Bench::records(config());
    let out = bench.take(lines(&all));
    assert_eq!(out.records().len(), 1);
    assert_eq!(out.verdict.rejected.unwrap().items, 3);
    assert_eq!(
        bench.metrics("tidewatch_normalize_refused_records"),
        [
            r#"tidewatch_normalize_refused_records{reason="not_a_number"} 1"#,
            r#"tidewatch_normalize_refused_records{reason="unparsable"} 2"#,
        ]
    );
}

#[test]
fn events_become_points_of_gauges() {
    let mut config = config();
    config["metric"] = json!({"name": "metric", "value": "value", "unit": "unit", "attributes": "tags"});
    let bench = Bench::new(json!({"records": [config], "units": {"percent": "1"}}));
    let events = raw();
    let out = bench.take(lines(&events.lines().collect::<Vec<_>>()));
    let [metrics] = out.requests.as_slice() else { panic!("{}", out.requests.len()) };
    let mut rows = Vec::new();
    let canonical = metrics.canonical();
    for resource in canonical.resources() {
        for metric in resource.scopes().flat_map(|scope| scope.metrics()) {
            let tidewatch_otlp::views::DataView::Gauge(points) = metric.data() else { panic!() };
            for point in points.iter() {
                let attribute = |key| resource.attributes().get(key).unwrap().to_json();
                rows.push(json!({
                    "ts": timestamp::to_rfc3339(point.time_unix_nano()),
                    "tenant": attribute("tenant.id"),
                    "source_id": attribute("host.name"),
                    "metric": metric.name(),
                    "value": point.value().unwrap().as_f64(),
                    "unit": metric.unit(),
                    "tags": point.attributes().to_json(),
                }));
            }
        }
    }
    rows.sort_by_key(|row| row["ts"].as_str().unwrap().to_owned());
    let mut expected = json_lines("observio/expected_metrics_rows.jsonl");
    for (expected, event) in expected.iter_mut().zip(events.lines()) {
        let event: Json = serde_json::from_str(event).unwrap();
        expected["tags"] = event.get("tags").cloned().unwrap_or(json!({}));
        if expected["unit"] == "percent" {
            expected["unit"] = json!("1");
        }
    }
    // Of percent, hundredths; what has no unit stays.
    for row in &mut expected {
        if row["unit"] == "1" {
            row["value"] = json!(row["value"].as_f64().unwrap() / 100.0);
        }
    }
    assert_eq!(rows, expected);
    assert_eq!(out.verdict.rejected, None);
    let books: Vec<_> =
        bench.metrics("tidewatch_").into_iter().filter(|line| line.contains("normalize\"")).collect();
    assert!(
        books.iter().any(|line| line.contains(r#"reason="converted""#) && line.ends_with(" 9")),
        "{books:?}"
    );
    assert!(books.iter().any(|line| line.contains(r#"book="created""#) && line.ends_with(" 9")), "{books:?}");
}
