//! Requests that are encoded once; only their timestamps are written anew for each sending, so that the
//! sender's own cost stays small beside the agent's.

use crate::{count, signal::Signal};
use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, KeyValue, any_value::Value},
    metrics::v1::metric::Data,
    resource::v1::Resource,
};
use prost::Message;
use rand::{Rng, SeedableRng, rngs::StdRng};
use tidewatch_otlp::testing::{realistic_logs, realistic_metrics, realistic_traces};

/// Stands where the time of sending is written.
const MAGIC: u64 = 0x1122_3344_5566_7788;

pub(crate) struct Template {
    bytes: Vec<u8>,
    times: Vec<usize>,
    /// Spans, data points or log records.
    pub(crate) items: u64,
}

impl Template {
    /// `count` requests of `batch` items, each from another instance of 20 services.
    pub(crate) fn several(signal: Signal, batch: usize, count: usize, seed: u64) -> Vec<Self> {
        let mut random = StdRng::seed_from_u64(seed);
        (0..count).map(|_| Self::new(signal, batch, &mut random)).collect()
    }

    fn new(signal: Signal, batch: usize, random: &mut StdRng) -> Self {
        let bytes = match signal {
            Signal::Traces => traces(batch, random),
            Signal::Metrics => metrics(batch, random),
            Signal::Logs => logs(batch, random),
        };
        let magic = MAGIC.to_le_bytes();
        let times = bytes.windows(8).enumerate().filter(|(_, bytes)| **bytes == magic);
        let times = times.map(|(at, _)| at).collect();
        let items = count::otlp(signal, &bytes).items;
        Self { bytes, times, items }
    }

    /// The request as if all of it had happened at `time`, in Unix nanoseconds.
    pub(crate) fn stamped(&mut self, time: u64) -> &[u8] {
        for &at in &self.times {
            self.bytes[at..at + 8].copy_from_slice(&time.to_le_bytes());
        }
        &self.bytes
    }
}

fn traces(batch: usize, random: &mut StdRng) -> Vec<u8> {
    let mut message = realistic_traces(batch);
    for resource in &mut message.resource_spans {
        rename(&mut resource.resource, random);
        for span in resource.scope_spans.iter_mut().flat_map(|scope| &mut scope.spans) {
            span.trace_id = random.random::<[u8; 16]>().to_vec();
            span.span_id = random.random::<[u8; 8]>().to_vec();
            span.start_time_unix_nano = MAGIC;
            span.end_time_unix_nano = MAGIC;
        }
    }
    message.encode_to_vec()
}

fn logs(batch: usize, random: &mut StdRng) -> Vec<u8> {
    let mut message = realistic_logs(batch);
    for resource in &mut message.resource_logs {
        rename(&mut resource.resource, random);
        for record in resource.scope_logs.iter_mut().flat_map(|scope| &mut scope.log_records) {
            record.time_unix_nano = MAGIC;
            record.observed_time_unix_nano = MAGIC;
        }
    }
    message.encode_to_vec()
}

/// Ten points for each metric, so `batch` is rounded up.
fn metrics(batch: usize, random: &mut StdRng) -> Vec<u8> {
    let mut message = realistic_metrics(batch.div_ceil(10));
    for resource in &mut message.resource_metrics {
        rename(&mut resource.resource, random);
        for metric in resource.scope_metrics.iter_mut().flat_map(|scope| &mut scope.metrics) {
            match &mut metric.data {
                Some(Data::Sum(sum)) => sum.data_points.iter_mut().for_each(|p| p.time_unix_nano = MAGIC),
                Some(Data::Gauge(gauge)) => {
                    gauge.data_points.iter_mut().for_each(|p| p.time_unix_nano = MAGIC);
                }
                Some(Data::Histogram(histogram)) => {
                    histogram.data_points.iter_mut().for_each(|p| p.time_unix_nano = MAGIC);
                }
                _ => {}
            }
        }
    }
    message.encode_to_vec()
}

fn rename(resource: &mut Option<Resource>, random: &mut StdRng) {
    let (service, instance) = (random.random_range(0..20), random.random::<u32>());
    for KeyValue { key, value, .. } in resource.iter_mut().flat_map(|resource| &mut resource.attributes) {
        let text = match key.as_str() {
            "service.name" => format!("service-{service}"),
            "service.instance.id" => format!("service-{service}-{instance:08x}"),
            _ => continue,
        };
        *value = Some(AnyValue { value: Some(Value::StringValue(text)) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signal_has_as_many_items_as_asked_for_and_carries_the_time_of_sending() {
        for signal in [Signal::Traces, Signal::Metrics, Signal::Logs] {
            let mut templates = Template::several(signal, 100, 3, 7);
            for template in &mut templates {
                assert_eq!(template.items, 100);
                let counts = count::otlp(signal, template.stamped(12_345));
                assert_eq!(counts, count::Counts { items: 100, times: vec![12_345] });
            }
            assert_ne!(templates[0].bytes, templates[1].bytes);
        }
    }
}
