//! Items that move to other owners, or become others.

use tidewatch_otlp::edit::{Arena, Draft, Factor, GaugeGroups, GaugePoint, LogGroups, Owned};
use tidewatch_otlp::edit::{Editor, Level, MetricDraft, Owner, PointDraft, Verdict, rewrite};
use tidewatch_otlp::proto::common::v1::any_value::Value;
use tidewatch_otlp::proto::metrics::v1::{
    Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram, HistogramDataPoint,
    Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Summary, SummaryDataPoint, exemplar,
    exponential_histogram_data_point::Buckets, metric::Data, number_data_point,
    summary_data_point::ValueAtQuantile,
};
use tidewatch_otlp::proto::resource::v1::Resource;
use tidewatch_otlp::testing::realistic_logs;
use tidewatch_otlp::views::{AttributesView, Number, ValueView};
use tidewatch_otlp::{Request, Signal};

fn checked(request: &Request) {
    let checked = Request::check(request.signal(), request.bytes().clone()).unwrap();
    assert_eq!((&checked.request, checked.rejected.is_none()), (request, true));
}

#[test]
fn records_go_to_the_resource_that_they_name() {
    let request = Request::encode_logs(&realistic_logs(40));
    let (canonical, arena) = (request.canonical(), Arena::new());
    let mut groups = LogGroups::default();
    let mut count = 0i64;
    for resource in canonical.resources() {
        let draft = Draft::new(resource);
        let by_resource = Owned::by_resource(&draft, &arena);
        for scope in resource.scopes() {
            let by_scope = Owned::by_scope(&Draft::new(scope), &arena);
            for record in scope.records() {
                let mut own = draft;
                own.set_attributes(
                    AttributesView::default().with("shard", ValueView::Int(count % 3), &arena),
                    &arena,
                );
                let mut log = Draft::new(record);
                log.set_body(ValueView::Int(count), &arena);
                groups.push(by_resource.by_another(&own), by_scope, &log);
                count += 1;
            }
        }
    }
    assert_eq!(groups.items() as i64, count);
    let grouped = groups.finish().unwrap();
    checked(&grouped);
    let mut seen = 0;
    for resource in grouped.decode_logs().resource_logs {
        let Resource { attributes, .. } = resource.resource.unwrap();
        let Some(Value::IntValue(shard)) = attributes[0].value.clone().unwrap().value else { panic!() };
        let mut last = -1;
        for record in &resource.scope_logs[0].log_records {
            let Some(Value::IntValue(number)) = record.body.clone().unwrap().value else { panic!() };
            assert_eq!(number % 3, shard);
            assert!(number > last, "their order stays");
            last = number;
            seen += 1;
        }
    }
    assert_eq!(seen, count);
    assert!(grouped.decode_logs().resource_logs.len() < count as usize);
    assert_eq!(LogGroups::default().finish(), None);
}

#[test]
fn points_of_one_metric_stand_together() {
    let (request, arena) = (Request::encode_logs(&realistic_logs(1)), Arena::new());
    let canonical = request.canonical();
    let resource = canonical.resources().next().unwrap();
    let by_resource = Owned::by_resource(&Draft::new(resource), &arena);
    let by_scope = Owned::by_scope(&Draft::new(resource.scopes().next().unwrap()), &arena);
    let attributes = AttributesView::default().with("cpu", ValueView::Int(0), &arena);
    let mut groups = GaugeGroups::default();
    for (name, unit, value) in [
        ("load", "1", Number::Int(0)),
        ("heat", "Cel", Number::Double(0.0)),
        ("load", "1", Number::Double(-1.5)),
        ("load", "%", Number::Int(-1)),
    ] {
        groups.push(by_resource, by_scope, &GaugePoint { name, unit, time_unix_nano: 7, value, attributes });
    }
    let metrics = groups.finish().unwrap();
    checked(&metrics);
    assert_eq!((metrics.signal(), metrics.items()), (Signal::Metrics, 4));
    let message = metrics.decode_metrics();
    let [ResourceMetrics { resource: Some(owner), scope_metrics, .. }] = message.resource_metrics.as_slice()
    else {
        panic!()
    };
    assert_eq!(Some(owner), request.decode_logs().resource_logs[0].resource.as_ref());
    let told: Vec<_> = scope_metrics[0]
        .metrics
        .iter()
        .map(|metric| {
            let Some(Data::Gauge(gauge)) = &metric.data else { panic!() };
            let values: Vec<_> = gauge.data_points.iter().map(|point| point.value.unwrap()).collect();
            assert!(
                gauge
                    .data_points
                    .iter()
                    .all(|point| point.time_unix_nano == 7 && point.attributes.len() == 1)
            );
            (metric.name.as_str(), metric.unit.as_str(), values)
        })
        .collect();
    use number_data_point::Value::{AsDouble, AsInt};
    assert_eq!(
        told,
        [
            ("load", "1", vec![AsInt(0), AsDouble(-1.5)]),
            ("heat", "Cel", vec![AsDouble(0.0)]),
            ("load", "%", vec![AsInt(-1)]),
        ]
    );
}

/// Every point times a factor.
struct Scale<'a>(Factor, &'a Arena);

impl<'a> Editor<'a> for Scale<'a> {
    fn level(&self) -> Level {
        Level::Part
    }

    fn point(&mut self, _: Owner<'_, 'a>, _: &mut MetricDraft<'a>, point: &mut PointDraft<'a>) -> Verdict {
        point.rescale(self.0, self.1);
        Verdict::Keep
    }
}

fn scaled(data: Data, factor: Factor) -> Data {
    let metric = Metric { name: "m".into(), data: Some(data), ..Metric::default() };
    let scope_metrics = vec![ScopeMetrics { metrics: vec![metric], ..ScopeMetrics::default() }];
    let message = tidewatch_otlp::proto::collector::metrics::v1::ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics { scope_metrics, ..ResourceMetrics::default() }],
    };
    let request = Request::encode_metrics(&message);
    let (canonical, arena) = (request.canonical(), Arena::new());
    let edited = rewrite(&canonical, &arena, &mut Scale(factor, &arena)).unwrap();
    checked(&edited);
    let mut message = edited.decode_metrics();
    message.resource_metrics.remove(0).scope_metrics.remove(0).metrics.remove(0).data.unwrap()
}

#[test]
fn numbers_are_scaled_as_they_are_written() {
    let milliseconds = Factor::fraction(1, 1_000);
    let point = |value| NumberDataPoint {
        value: Some(value),
        exemplars: vec![Exemplar {
            value: Some(exemplar::Value::AsInt(7)),
            span_id: vec![1; 8],
            ..Exemplar::default()
        }],
        ..NumberDataPoint::default()
    };
    use number_data_point::Value::{AsDouble, AsInt};
    for (before, after) in [
        (AsInt(9), AsDouble(0.009)),
        (AsInt(2_000), AsInt(2)),
        (AsDouble(898.215), AsDouble(0.898_215)),
        (AsInt(i64::MAX), AsDouble(9_223_372_036_854_775.0)),
    ] {
        let Data::Gauge(gauge) =
            scaled(Data::Gauge(Gauge { data_points: vec![point(before)] }), milliseconds)
        else {
            panic!()
        };
        assert_eq!(gauge.data_points[0].value, Some(after));
        let exemplar = &gauge.data_points[0].exemplars[0];
        assert_eq!((exemplar.value, exemplar.span_id.len()), (Some(exemplar::Value::AsDouble(0.007)), 8));
    }
}

#[test]
fn distributions_are_scaled_with_their_bounds() {
    let histogram = HistogramDataPoint {
        count: 3,
        sum: Some(250.0),
        min: Some(1.0),
        max: Some(200.0),
        bucket_counts: vec![1, 2, 0],
        explicit_bounds: vec![9.0, 500.0],
        ..HistogramDataPoint::default()
    };
    let data =
        Data::Histogram(Histogram { data_points: vec![histogram.clone()], aggregation_temporality: 2 });
    let Data::Histogram(after) = scaled(data, Factor::fraction(1, 1_000)) else { panic!() };
    let expected = HistogramDataPoint {
        sum: Some(0.25),
        min: Some(0.001),
        max: Some(0.2),
        explicit_bounds: vec![0.009, 0.5],
        ..histogram
    };
    assert_eq!((after.aggregation_temporality, &after.data_points[0]), (2, &expected));

    let quantile = |quantile, value| ValueAtQuantile { quantile, value };
    let summary = SummaryDataPoint {
        count: 2,
        sum: 8.0,
        quantile_values: vec![quantile(0.5, 3.0), quantile(1.0, 5.0)],
        ..SummaryDataPoint::default()
    };
    let data = Data::Summary(Summary { data_points: vec![summary.clone()] });
    let Data::Summary(after) = scaled(data, Factor::fraction(1024, 1)) else { panic!() };
    let quantile_values = vec![quantile(0.5, 3072.0), quantile(1.0, 5120.0)];
    assert_eq!(after.data_points[0], SummaryDataPoint { sum: 8192.0, quantile_values, ..summary });
}

#[test]
fn exponential_buckets_move_by_whole_buckets() {
    for (scale, over, under, moved) in
        [(0, 1024, 1, 10), (3, 1024, 1, 80), (0, 1, 1_000, -10), (4, 1, 1_000, -159), (-1, 8, 1, 2)]
    {
        let buckets = |offset| Some(Buckets { offset, bucket_counts: vec![1, 0, 2] });
        let point = ExponentialHistogramDataPoint {
            count: 7,
            sum: Some(1000.0),
            scale,
            zero_count: 1,
            zero_threshold: 2.0,
            positive: buckets(-3),
            negative: buckets(300),
            ..ExponentialHistogramDataPoint::default()
        };
        let data = Data::ExponentialHistogram(ExponentialHistogram {
            data_points: vec![point.clone()],
            aggregation_temporality: 1,
        });
        let Data::ExponentialHistogram(after) = scaled(data, Factor::fraction(over, under)) else { panic!() };
        let factor = over as f64 / under as f64;
        // A bound is off by at most half a bucket.
        let off = factor.log2() * f64::from(scale).exp2() - f64::from(moved);
        assert!(off.abs() <= 0.5, "{off}");
        assert_eq!(
            after.data_points[0],
            ExponentialHistogramDataPoint {
                sum: Some(1000.0 * over as f64 / under as f64),
                zero_threshold: 2.0 * over as f64 / under as f64,
                positive: buckets(-3 + moved),
                negative: buckets(300 + moved),
                ..point
            }
        );
    }
}
