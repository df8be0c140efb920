//! The shop's metrics: cumulative since the start, exported on a grid of event time.

use super::{
    request_attributes, resource, scope,
    season::{Reading, Season},
};
use crate::generator::{GeneratorConfig, service::Service, workload::Event};
use std::{collections::BTreeMap, sync::Arc};
use tidewatch_otlp::{
    Request,
    proto::{
        collector::metrics::v1::ExportMetricsServiceRequest,
        common::v1::KeyValue,
        metrics::v1::{
            AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint,
            ResourceMetrics, ScopeMetrics, Sum, metric::Data, number_data_point::Value,
        },
    },
};

/// What the semantic conventions advise for `http.server.request.duration`, in seconds.
const BOUNDS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

pub(super) struct Meter {
    services: Arc<[Service]>,
    start: u64,
    /// Nanoseconds between two exports.
    interval: u64,
    /// When the next export is due; events before it belong to it.
    next: u64,
    season: Season,
    /// For each service, by endpoint and status.
    series: Vec<BTreeMap<(usize, u16), Series>>,
}

/// All requests of one endpoint that were answered with one status.
#[derive(Default)]
struct Series {
    count: u64,
    /// Seconds.
    sum: f64,
    buckets: [u64; BOUNDS.len() + 1],
}

impl Meter {
    pub(super) fn new(services: Arc<[Service]>, config: &GeneratorConfig, seed: u64, start: u64) -> Self {
        let interval = u64::try_from(config.interval.get().as_nanos()).unwrap_or(u64::MAX);
        Self {
            series: services.iter().map(|_| BTreeMap::new()).collect(),
            services,
            start,
            interval,
            next: start.saturating_add(interval),
            season: Season::new(config.season.into(), seed),
        }
    }

    /// The exports that are due up to `until`; at the `last` one also what the grid leaves over.
    pub(super) fn encode(&mut self, events: &[Event], until: u64, last: bool) -> Option<Request> {
        let mut exports = Vec::new();
        for event in events {
            self.catch_up(event.end, &mut exports);
            self.record(event);
        }
        self.catch_up(until, &mut exports);
        if last && until.saturating_add(self.interval) > self.next {
            self.export(until, &mut exports);
        }
        let message = ExportMetricsServiceRequest { resource_metrics: exports };
        (!message.resource_metrics.is_empty()).then(|| Request::encode_metrics(&message))
    }

    fn record(&mut self, event: &Event) {
        let series = self.series[event.service].entry((event.endpoint, event.status)).or_default();
        let seconds = event.latency as f64 / 1e9;
        series.count += 1;
        series.sum += seconds;
        series.buckets[BOUNDS.partition_point(|bound| *bound < seconds)] += 1;
    }

    fn catch_up(&mut self, time: u64, exports: &mut Vec<ResourceMetrics>) {
        while self.next <= time {
            self.export(self.next, exports);
            self.next = self.next.saturating_add(self.interval);
        }
    }

    fn export(&mut self, time: u64, exports: &mut Vec<ResourceMetrics>) {
        for (service, series) in self.services.iter().zip(&self.series) {
            let mut metrics: Vec<Metric> =
                self.season.read(service, time).iter().map(|reading| gauge(reading, time)).collect();
            if !series.is_empty() {
                let points = |(&(endpoint, status), series): (&(usize, u16), &Series)| {
                    let attributes = request_attributes(service, endpoint, status);
                    series.points(attributes, self.start, time)
                };
                let (counts, durations) = series.iter().map(points).unzip();
                metrics.extend([requests(counts), duration(durations)]);
            }
            exports.push(ResourceMetrics {
                resource: resource(service),
                scope_metrics: vec![ScopeMetrics { scope: scope(), metrics, ..ScopeMetrics::default() }],
                ..ResourceMetrics::default()
            });
        }
    }
}

impl Series {
    fn points(
        &self,
        attributes: Vec<KeyValue>,
        start: u64,
        time: u64,
    ) -> (NumberDataPoint, HistogramDataPoint) {
        let count = NumberDataPoint {
            attributes: attributes.clone(),
            start_time_unix_nano: start,
            time_unix_nano: time,
            value: Some(Value::AsInt(i64::try_from(self.count).unwrap_or(i64::MAX))),
            ..NumberDataPoint::default()
        };
        let duration = HistogramDataPoint {
            attributes,
            start_time_unix_nano: start,
            time_unix_nano: time,
            count: self.count,
            sum: Some(self.sum),
            bucket_counts: self.buckets.to_vec(),
            explicit_bounds: BOUNDS.to_vec(),
            ..HistogramDataPoint::default()
        };
        (count, duration)
    }
}

fn gauge(reading: &Reading, time: u64) -> Metric {
    let point = NumberDataPoint {
        time_unix_nano: time,
        value: Some(Value::AsDouble(reading.value)),
        ..NumberDataPoint::default()
    };
    metric(&reading.name, reading.unit, Data::Gauge(Gauge { data_points: vec![point] }))
}

fn requests(data_points: Vec<NumberDataPoint>) -> Metric {
    let aggregation_temporality = AggregationTemporality::Cumulative.into();
    let sum = Sum { data_points, aggregation_temporality, is_monotonic: true };
    metric("http.server.requests", "{request}", Data::Sum(sum))
}

fn duration(data_points: Vec<HistogramDataPoint>) -> Metric {
    let aggregation_temporality = AggregationTemporality::Cumulative.into();
    let histogram = Histogram { data_points, aggregation_temporality };
    metric("http.server.request.duration", "s", Data::Histogram(histogram))
}

fn metric(name: &str, unit: &str, data: Data) -> Metric {
    Metric { name: name.to_owned(), unit: unit.to_owned(), data: Some(data), ..Metric::default() }
}
