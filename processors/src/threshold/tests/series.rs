//! What a series remembers: time, silence, counters, change, and that there is only so much room.

use super::*;
use AlertStatus::{Firing, Resolved};
use tidewatch_component::timestamp;
use tidewatch_otlp::proto::metrics::v1::{AggregationTemporality, Sum};

const WARNING: Option<f64> = Some(85.0);
const CRITICAL: Option<f64> = Some(95.0);

fn rule(more: Json) -> Json {
    let mut rule = json!({"alert": "High", "metric": "m", "by": ["host.name"],
        "levels": {"warning": ">= 80", "critical": ">= 90"}});
    rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!([rule])
}

fn counter(seconds: u64, start: u64, value: i64, temporality: AggregationTemporality) -> Request {
    let point = NumberDataPoint {
        start_time_unix_nano: nanos(start),
        time_unix_nano: nanos(seconds),
        value: Some(Value::AsInt(value)),
        ..NumberDataPoint::default()
    };
    let sum =
        Sum { data_points: vec![point], aggregation_temporality: temporality.into(), is_monotonic: true };
    metrics(&[("host.name", "a")], vec![metric("m", Data::Sum(sum))])
}

#[test]
fn a_change_of_severity_is_the_same_alert_sent_again() {
    let bench = Bench::new(rule(json!({})));
    let first = bench.gauge(0, 85.0);
    assert_eq!(brief(&first), [(Firing, "warning", WARNING)]);
    assert_eq!(brief(&bench.gauge(10, 86.0)), []);
    let worse = bench.gauge(20, 95.0);
    assert_eq!(brief(&worse), [(Firing, "critical", CRITICAL)]);
    assert_eq!((&worse[0].fingerprint, worse[0].starts_at), (&first[0].fingerprint, nanos(0)));
    let end = bench.gauge(30, 10.0);
    assert_eq!(brief(&end), [(Resolved, "critical", CRITICAL)]);
    assert_eq!((end[0].starts_at, end[0].ends_at), (nanos(0), Some(nanos(30))));
    assert_eq!(end[0].fingerprint, first[0].fingerprint);
    assert_eq!(brief(&bench.gauge(40, 10.0)), []);
    let again = bench.gauge(50, 85.0);
    assert_eq!((again[0].starts_at, again[0].ends_at), (nanos(50), None));
}

#[test]
fn a_silent_series_goes_on_by_the_wall_clock() {
    let bench = Bench::new(rule(json!({"for": "1m", "stale_after": "2m"})));
    assert_eq!(brief(&bench.gauge(0, 85.0)), []);
    assert_eq!(brief(&bench.gauge(20, 95.0)), []);
    assert_eq!(brief(&bench.wait(59.9)), []);
    let fired = bench.wait(60.0);
    assert_eq!(brief(&fired), [(Firing, "critical", CRITICAL)]);
    assert_eq!(fired[0].starts_at, nanos(0));
    // Stale two minutes after it would have fired at the latest.
    assert_eq!(brief(&bench.wait(199.0)), []);
    let gone = bench.wait(200.0);
    assert_eq!(brief(&gone), [(Resolved, "critical", CRITICAL)]);
    assert_eq!(gone[0].ends_at, Some(nanos(200)));
    assert_eq!(brief(&bench.wait(10_000.0)), []);
}

#[test]
fn without_staleness_an_alert_waits_for_its_series() {
    let bench = Bench::new(rule(json!({"stale_after": "0s"})));
    assert_eq!(bench.gauge(0, 85.0).len(), 1);
    assert_eq!(brief(&bench.wait(1e6)), []);
    assert_eq!(brief(&bench.gauge(2_000_000, 1.0)), [(Resolved, "warning", WARNING)]);
}

#[test]
fn an_alert_is_kept_firing_over_a_short_recovery() {
    let bench = Bench::new(rule(json!({"keep_firing_for": "2m"})));
    assert_eq!(bench.gauge(0, 85.0).len(), 1);
    assert_eq!(brief(&bench.gauge(30, 1.0)), []);
    assert_eq!(brief(&bench.gauge(60, 85.0)), []);
    assert_eq!(brief(&bench.gauge(90, 1.0)), []);
    assert_eq!(brief(&bench.wait(209.0)), []);
    let end = bench.wait(210.0);
    assert_eq!(brief(&end), [(Resolved, "warning", WARNING)]);
    assert_eq!(end[0].ends_at, Some(nanos(210)));
}

#[test]
fn old_points_change_nothing_and_are_counted() {
    let bench = Bench::new(rule(json!({})));
    assert_eq!(bench.gauge(100, 85.0).len(), 1);
    assert_eq!(brief(&bench.take(100.0, &gauge("m", &[("host.name", "a")], 99, 1.0))), []);
    let reason = r#"tidewatch_threshold_skipped_items{alert="High",pipeline="main",processor="threshold",reason="out_of_order"}"#;
    assert_eq!(bench.metric(reason).as_deref(), Some("1"));
    // A source whose clock was set back is heard again after a while.
    assert_eq!(bench.take(400.0, &gauge("m", &[("host.name", "a")], 50, 1.0)).len(), 1);
}

#[test]
fn a_clock_set_back_starts_the_wait_anew() {
    let bench = Bench::new(rule(json!({"for": "10m"})));
    let take = |wall: f64, event| bench.take(wall, &gauge("m", &[("host.name", "a")], event, 85.0));
    assert_eq!(brief(&take(1000.0, 1000)), []);
    assert_eq!(brief(&take(1300.0, 500)), []);
    assert_eq!(brief(&bench.wait(1899.0)), []);
    let fired = bench.wait(1900.0);
    assert_eq!((brief(&fired), fired[0].starts_at), (vec![(Firing, "warning", WARNING)], nanos(500)));
}

#[test]
fn a_rate_that_falls_is_no_restart() {
    let bench =
        Bench::new(json!([{"alert": "Slower", "metric": "m", "statistic": "rate", "by": ["host.name"],
        "change": {"over": "1m", "as": "delta"}, "levels": {"warning": "<= -50"}}]));
    let mut told = Vec::new();
    let mut total = 0;
    for at in (0..=240_u64).step_by(30) {
        // 100 per second for the first two minutes, 10 per second then.
        total += if at <= 120 { 3000 } else { 300 };
        let request = counter(at, 0, total, AggregationTemporality::Cumulative);
        told.extend(bench.take(at as f64, &request).into_iter().map(|alert| (at, alert.status, alert.value)));
    }
    assert_eq!(told, [(150, Firing, Some(-90.0)), (210, Resolved, Some(-90.0))]);
}

#[test]
fn silence_fires_and_a_word_resolves() {
    let bench = Bench::new(json!([{"alert": "Silent", "metric": "m", "by": ["host.name"],
        "absent_for": "5m", "severity": "page", "labels": {"team": "core"}}]));
    assert_eq!(brief(&bench.gauge(0, 1.0)), []);
    assert_eq!(brief(&bench.gauge(200, 1.0)), []);
    assert_eq!(brief(&bench.wait(499.0)), []);
    let silent = bench.wait(500.0);
    assert_eq!(brief(&silent), [(Firing, "page", None)]);
    assert_eq!(silent[0].starts_at, nanos(200));
    assert_eq!(
        silent[0].labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>(),
        ["host.name=a", "team=core"]
    );
    assert_eq!(brief(&bench.wait(9_000.0)), [], "told once");
    let back = bench.gauge(10_000, 1.0);
    assert_eq!(brief(&back), [(Resolved, "page", None)]);
    assert_eq!(back[0].ends_at, Some(nanos(10_000)));
    assert_eq!(bench.wait(10_300.0).len(), 1, "and again");
}

#[test]
fn silence_of_the_past_is_found_while_old_data_is_read() {
    let bench =
        Bench::new(json!([{"alert": "Silent", "metric": "m", "by": ["host.name"], "absent_for": "5m"}]));
    let at_once = |event: u64| bench.take(0.0, &gauge("m", &[("host.name", "a")], event, 1.0));
    assert_eq!(brief(&at_once(0)), []);
    assert_eq!(brief(&at_once(300)), []);
    let gap = at_once(900);
    assert_eq!(brief(&gap), [(Firing, "critical", None), (Resolved, "critical", None)]);
    assert_eq!((gap[1].starts_at, gap[1].ends_at), (nanos(300), Some(nanos(900))));
}

#[test]
fn the_rate_of_a_counter_survives_its_restart() {
    let bench = Bench::new(json!([{"alert": "Busy", "metric": "m", "statistic": "rate", "by": ["host.name"],
        "levels": {"warning": "> 5"}}]));
    let take = |at, start, value| {
        bench.take(at as f64, &counter(at, start, value, AggregationTemporality::Cumulative))
    };
    assert_eq!(brief(&take(10, 0, 1_000_000)), [], "counted since nobody knows when");
    assert_eq!(brief(&take(20, 0, 1_000_060)), [(Firing, "warning", Some(6.0))]);
    assert_eq!(brief(&take(30, 25, 70)), [], "7 per second since");
    assert_eq!(brief(&take(40, 25, 80)), [(Resolved, "warning", Some(7.0))]);
}

#[test]
fn deltas_are_increases_already() {
    let bench =
        Bench::new(json!([{"alert": "Busy", "metric": "m", "statistic": "delta", "by": ["host.name"],
        "levels": {"warning": ">= 50"}}]));
    let take = |at, value| bench.take(at as f64, &counter(at, at - 10, value, AggregationTemporality::Delta));
    assert_eq!(brief(&take(10, 50)), [(Firing, "warning", Some(50.0))]);
    assert_eq!(brief(&take(20, 49)), [(Resolved, "warning", Some(50.0))]);
}

#[test]
fn a_disk_that_fills_fast_is_seen_by_its_rate_of_change() {
    let bench = Bench::new(json!([{"alert": "DiskFillsFast", "metric": "m", "by": ["host.name"],
        "change": {"over": "10m", "as": "rate"}, "levels": {"warning": "> 1e6"}}]));
    let mut told = Vec::new();
    for minute in 0..40_u64 {
        // Two megabytes per second, from minute 5 to minute 20.
        let used = 2e6 * 60.0 * (minute.clamp(5, 20) - 5) as f64;
        let alerts = bench.gauge(minute * 60, used);
        told.extend(alerts.into_iter().map(|alert| (minute, alert.status, alert.value.unwrap())));
    }
    assert_eq!(told, [(11, Firing, 1.2e6), (25, Resolved, 1.2e6)], "above 1 MB/s with 6 of 10 minutes");
}

#[test]
fn there_is_room_for_so_many_series_and_idle_ones_go_first() {
    let mut config = json!({"max_series": 3, "rules": rule(json!({}))});
    config["rules"][0]["by"] = json!(["host.name"]);
    let bench = Bench::with(config);
    let take =
        |at: u64, host: &str, value| bench.take(at as f64, &gauge("m", &[("host.name", host)], at, value));
    for host in ["a", "b", "c"] {
        assert_eq!(brief(&take(0, host, 1.0)), []);
    }
    assert_eq!(brief(&take(10, "d", 99.0)), [], "no room");
    let refused = r#"tidewatch_threshold_refused_series{pipeline="main",processor="threshold"}"#;
    assert_eq!(bench.metric(refused).as_deref(), Some("1"));
    assert_eq!(take(200, "a", 99.0).len(), 1, "known ones are judged");
    assert_eq!(take(400, "d", 99.0).len(), 1, "b and c have been idle");
    assert_eq!(bench.metric("tidewatch_threshold_series{").as_deref(), Some("2"));
    assert_eq!(bench.metric("tidewatch_threshold_rule_series{").as_deref(), Some("2"));
    assert!(bench.metric("tidewatch_threshold_judged_items{").is_some_and(|judged| judged != "0"));
    assert_eq!(
        brief(&take(410, "a", 1.0)),
        [(Resolved, "critical", Some(99.0))],
        "a firing one is never forgotten"
    );
}

#[test]
fn events_of_counters_need_a_series_but_no_alert_that_lasts() {
    let bench = Bench::new(json!([{"alert": "Jump", "metric": "m", "statistic": "delta", "mode": "event",
        "levels": {"warning": "> 10"}}]));
    let take = |at, value| bench.take(at as f64, &counter(at, 0, value, AggregationTemporality::Cumulative));
    assert_eq!(brief(&take(10, 100)), []);
    assert_eq!(brief(&take(20, 120)), [(Firing, "warning", Some(20.0))]);
    assert_eq!(brief(&take(30, 140)), [(Firing, "warning", Some(20.0))]);
    assert_eq!(brief(&take(40, 141)), []);
}

#[test]
fn a_point_from_the_future_silences_no_series() {
    const HOUR: u64 = 3_600;
    let bench = Bench::new(rule(json!({})));
    let now = timestamp::now() / 1_000_000_000 - EPOCH;
    let take = |event: u64, value| bench.take(0.0, &gauge("m", &[("host.name", "a")], event, value));
    let last = u64::MAX / 1_000_000_000 - EPOCH;
    assert_eq!(brief(&take(last, 95.0)), [], "not even of a new series");
    assert_eq!(brief(&take(now, 85.0)), [(Firing, "warning", WARNING)]);
    assert_eq!(brief(&take(now + HOUR, 1.0)), []);
    assert_eq!(brief(&take(now + 60, 95.0)), [(Firing, "critical", CRITICAL)], "clocks differ a little");
    let skipped = |reason: &str| {
        bench.metric(&format!(
            r#"tidewatch_threshold_skipped_items{{alert="High",pipeline="main",processor="threshold",reason="{reason}"}}"#
        ))
    };
    assert_eq!(skipped("in_future").as_deref(), Some("2"));
    assert_eq!(skipped("out_of_order").as_deref(), Some("0"));
}
