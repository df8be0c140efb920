//! Metrics and their points: the edits of drafts, and the same edits of messages.

use std::mem::take;

use tidewatch_otlp::edit::{Arena, Factor, MetricDraft, PointDraft};
use tidewatch_otlp::proto::common::v1::KeyValue;
use tidewatch_otlp::proto::metrics::v1::exponential_histogram_data_point::Buckets;
use tidewatch_otlp::proto::metrics::v1::metric::Data;
use tidewatch_otlp::proto::metrics::v1::{
    Exemplar, ExponentialHistogramDataPoint, Gauge, HistogramDataPoint, Metric, NumberDataPoint, Sum,
    SummaryDataPoint, exemplar, number_data_point,
};
use tidewatch_otlp::views::{AttributesView, Number, Temporality};

use super::attributes::{self, edited};
use super::plan::Edit;

const TEMPORALITIES: [Temporality; 3] =
    [Temporality::Unspecified, Temporality::Delta, Temporality::Cumulative];

pub(super) fn edit_metric<'a>(
    edit: &Edit,
    draft: &mut MetricDraft<'a>,
    resource: AttributesView<'a>,
    arena: &'a Arena,
) {
    let temporality = TEMPORALITIES[(edit.number % 3) as usize];
    match edit.setter % 8 {
        0 => draft.set_name(arena.text(&edit.text)),
        1 => draft.set_description(arena.text(&edit.text)),
        2 => draft.set_unit(arena.text(&edit.text)),
        3 => drop(draft.set_temporality(temporality, arena)),
        4 => drop(draft.set_monotonic(edit.number.is_multiple_of(2), arena)),
        5 => drop(draft.sum_to_gauge(arena)),
        6 => drop(draft.gauge_to_sum(temporality, edit.number.is_multiple_of(2), arena)),
        _ => draft.set_metadata(edited(&edit.change, draft.metadata(), resource, arena), arena),
    }
}

pub(super) fn edit_metric_message(edit: &Edit, message: &mut Metric, resource: &[KeyValue]) {
    let (temporality, monotonic) = ((edit.number % 3) as i32, edit.number.is_multiple_of(2));
    match (edit.setter % 8, &mut message.data) {
        (0, _) => message.name.clone_from(&edit.text),
        (1, _) => message.description.clone_from(&edit.text),
        (2, _) => message.unit.clone_from(&edit.text),
        (3, Some(Data::Sum(data))) => data.aggregation_temporality = temporality,
        (3, Some(Data::Histogram(data))) => data.aggregation_temporality = temporality,
        (3, Some(Data::ExponentialHistogram(data))) => data.aggregation_temporality = temporality,
        (4, Some(Data::Sum(data))) => data.is_monotonic = monotonic,
        (5, Some(Data::Sum(data))) => {
            let data_points = take(&mut data.data_points);
            message.data = Some(Data::Gauge(Gauge { data_points }));
        }
        (6, Some(Data::Gauge(data))) => {
            let data_points = take(&mut data.data_points);
            let (aggregation_temporality, is_monotonic) = (temporality, monotonic);
            message.data = Some(Data::Sum(Sum { data_points, aggregation_temporality, is_monotonic }));
        }
        (3..=6, _) => {}
        _ => attributes::edit(&edit.change, &mut message.metadata, resource),
    }
}

/// A draft's number by which it is multiplied: a double, or a fraction of integers.
fn factor(edit: &Edit) -> (Factor, f64, f64) {
    match edit.number % 4 {
        0 => (Factor::from(1000.0), 1000.0, 1.0),
        1 => (Factor::from(0.5), 0.5, 1.0),
        2 => (Factor::fraction(1, 1_000_000), 1.0, 1_000_000.0),
        _ => (Factor::fraction(1024, 1), 1024.0, 1.0),
    }
}

pub(super) fn edit_point<'a>(
    edit: &Edit,
    draft: &mut PointDraft<'a>,
    resource: AttributesView<'a>,
    arena: &'a Arena,
) {
    match edit.setter % 12 {
        0 => return draft.set_start_time_unix_nano(edit.number),
        1 => return draft.set_time_unix_nano(edit.number),
        2 => return draft.set_flags(edit.number as u32),
        3 | 4 => return draft.rescale(factor(edit).0, arena),
        5 | 6 => {
            return draft.set_attributes(edited(&edit.change, draft.attributes(), resource, arena), arena);
        }
        _ => {}
    }
    let some = (!edit.text.is_empty()).then_some(edit.double);
    match (draft, edit.setter % 12) {
        (PointDraft::Number(point), 7 | 8) => point.set_value(Number::Int(edit.number as i64)),
        (PointDraft::Number(point), _) => point.set_value(Number::Double(edit.double)),
        (PointDraft::Histogram(point), 7 | 8) => point.set_count(edit.number),
        (PointDraft::Histogram(point), 9) => point.set_sum(some),
        (PointDraft::Histogram(point), 10) => point.set_min(some),
        (PointDraft::Histogram(point), _) => point.set_max(some),
        (PointDraft::ExponentialHistogram(point), 7) => point.set_count(edit.number),
        (PointDraft::ExponentialHistogram(point), 8) => {
            point.set_scale(edit.number as i32);
            point.set_zero_count(edit.number);
        }
        (PointDraft::ExponentialHistogram(point), 9) => point.set_sum(some),
        (PointDraft::ExponentialHistogram(point), 10) => point.set_min(some),
        (PointDraft::ExponentialHistogram(point), _) => {
            point.set_max(some);
            point.set_zero_threshold(edit.double);
        }
        (PointDraft::Summary(point), 7 | 8) => point.set_count(edit.number),
        (PointDraft::Summary(point), _) => point.set_sum(edit.double),
    }
}

/// The fields that all kinds of points have. False: it is another field.
macro_rules! edit_common {
    ($edit:expr, $point:expr, $resource:expr) => {
        match $edit.setter % 12 {
            0 => $point.start_time_unix_nano = $edit.number,
            1 => $point.time_unix_nano = $edit.number,
            2 => $point.flags = $edit.number as u32,
            5 | 6 => attributes::edit(&$edit.change, &mut $point.attributes, $resource),
            _ => {}
        }
    };
}

/// A point of any kind, as a message.
pub(super) trait PointMessage {
    fn edit(&mut self, edit: &Edit, resource: &[KeyValue]);
}

impl PointMessage for NumberDataPoint {
    fn edit(&mut self, edit: &Edit, resource: &[KeyValue]) {
        use number_data_point::Value::{AsDouble, AsInt};
        edit_common!(edit, self, resource);
        match edit.setter % 12 {
            3 | 4 => {
                self.value = match self.value {
                    Some(AsInt(value)) => Some(scaled_int(value, edit).map_or_else(AsDouble, AsInt)),
                    Some(AsDouble(value)) => Some(AsDouble(scaled(value, edit))),
                    None => None,
                };
                scale_exemplars(&mut self.exemplars, edit);
            }
            7 | 8 => self.value = Some(AsInt(edit.number as i64)),
            9.. => self.value = Some(AsDouble(edit.double)),
            _ => {}
        }
    }
}

impl PointMessage for HistogramDataPoint {
    fn edit(&mut self, edit: &Edit, resource: &[KeyValue]) {
        edit_common!(edit, self, resource);
        let some = (!edit.text.is_empty()).then_some(edit.double);
        match edit.setter % 12 {
            3 | 4 => {
                let extremes = [&mut self.sum, &mut self.min, &mut self.max].into_iter().flatten();
                extremes.chain(&mut self.explicit_bounds).for_each(|value| *value = scaled(*value, edit));
                scale_exemplars(&mut self.exemplars, edit);
            }
            7 | 8 => self.count = edit.number,
            9 => self.sum = some,
            10 => self.min = some,
            11 => self.max = some,
            _ => {}
        }
    }
}

impl PointMessage for ExponentialHistogramDataPoint {
    fn edit(&mut self, edit: &Edit, resource: &[KeyValue]) {
        edit_common!(edit, self, resource);
        let some = (!edit.text.is_empty()).then_some(edit.double);
        match edit.setter % 12 {
            3 | 4 => {
                let extremes = [&mut self.sum, &mut self.min, &mut self.max].into_iter().flatten();
                extremes.for_each(|value| *value = scaled(*value, edit));
                self.zero_threshold = scaled(self.zero_threshold, edit);
                let (_, over, under) = factor(edit);
                let moved = ((over / under).log2() * 2f64.powf(f64::from(self.scale))).round() as i32;
                let buckets = [&mut self.positive, &mut self.negative].into_iter().flatten();
                // Where there are no buckets, there is no offset.
                let buckets = buckets.filter(|buckets| **buckets != Buckets::default());
                buckets.for_each(|buckets| buckets.offset = buckets.offset.saturating_add(moved));
                scale_exemplars(&mut self.exemplars, edit);
            }
            7 => self.count = edit.number,
            8 => {
                self.scale = edit.number as i32;
                self.zero_count = edit.number;
            }
            9 => self.sum = some,
            10 => self.min = some,
            11 => {
                self.max = some;
                self.zero_threshold = edit.double;
            }
            _ => {}
        }
    }
}

impl PointMessage for SummaryDataPoint {
    fn edit(&mut self, edit: &Edit, resource: &[KeyValue]) {
        edit_common!(edit, self, resource);
        match edit.setter % 12 {
            3 | 4 => {
                self.sum = scaled(self.sum, edit);
                let values = self.quantile_values.iter_mut();
                values.for_each(|quantile| quantile.value = scaled(quantile.value, edit));
            }
            7 | 8 => self.count = edit.number,
            9.. => self.sum = edit.double,
            _ => {}
        }
    }
}

fn scaled(value: f64, edit: &Edit) -> f64 {
    let (_, over, under) = factor(edit);
    value * over / under
}

/// An integer where the product is one that a double holds exactly.
fn scaled_int(value: i64, edit: &Edit) -> Result<i64, f64> {
    let product = scaled(value as f64, edit);
    let is_exact = product % 1.0 == 0.0 && product.abs() < 2f64.powi(53);
    if is_exact { Ok(product as i64) } else { Err(product) }
}

fn scale_exemplars(exemplars: &mut [Exemplar], edit: &Edit) {
    use exemplar::Value::{AsDouble, AsInt};
    for exemplar in exemplars {
        exemplar.value = match exemplar.value {
            Some(AsInt(value)) => Some(scaled_int(value, edit).map_or_else(AsDouble, AsInt)),
            Some(AsDouble(value)) => Some(AsDouble(scaled(value, edit))),
            None => None,
        };
    }
}

/// The points of one metric, taken out of it.
pub(super) enum AnyPoints {
    None,
    Number(Vec<NumberDataPoint>),
    Histogram(Vec<HistogramDataPoint>),
    Exponential(Vec<ExponentialHistogramDataPoint>),
    Summary(Vec<SummaryDataPoint>),
}

impl AnyPoints {
    pub(super) fn take(metric: &mut Metric) -> Self {
        match &mut metric.data {
            None => Self::None,
            Some(Data::Gauge(data)) => Self::Number(take(&mut data.data_points)),
            Some(Data::Sum(data)) => Self::Number(take(&mut data.data_points)),
            Some(Data::Histogram(data)) => Self::Histogram(take(&mut data.data_points)),
            Some(Data::ExponentialHistogram(data)) => Self::Exponential(take(&mut data.data_points)),
            Some(Data::Summary(data)) => Self::Summary(take(&mut data.data_points)),
        }
    }

    /// A sum may have become a gauge, or a gauge a sum; no other kind changes.
    pub(super) fn put(self, metric: &mut Metric) {
        match (self, &mut metric.data) {
            (Self::Number(points), Some(Data::Gauge(data))) => data.data_points = points,
            (Self::Number(points), Some(Data::Sum(data))) => data.data_points = points,
            (Self::Histogram(points), Some(Data::Histogram(data))) => data.data_points = points,
            (Self::Exponential(points), Some(Data::ExponentialHistogram(data))) => data.data_points = points,
            (Self::Summary(points), Some(Data::Summary(data))) => data.data_points = points,
            (points, _) => assert_eq!(points.len(), 0, "the metric has another kind of data now"),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::None => 0,
            Self::Number(points) => points.len(),
            Self::Histogram(points) => points.len(),
            Self::Exponential(points) => points.len(),
            Self::Summary(points) => points.len(),
        }
    }

    pub(super) fn retain(&mut self, mut each: impl FnMut(&mut dyn PointMessage) -> bool) {
        match self {
            Self::None => {}
            Self::Number(points) => points.retain_mut(|point| each(point)),
            Self::Histogram(points) => points.retain_mut(|point| each(point)),
            Self::Exponential(points) => points.retain_mut(|point| each(point)),
            Self::Summary(points) => points.retain_mut(|point| each(point)),
        }
    }
}
