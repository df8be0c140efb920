use super::draft::{Draft, Editable};
use super::value::put_block;
use super::{Arena, put};
use crate::views::{DataView, MetricView, Temporality};
use crate::wire::Fields;

/// A metric that is being edited; its points are edited on their own.
pub type MetricDraft<'a> = Draft<MetricView<'a>>;

/// Field numbers of a `Metric` that hold its data, one of which is there.
const DATA: [u32; 5] = [5, 7, 9, 10, 11];

/// Field number of the points in their data, whatever kind it is.
pub(super) const POINTS: u32 = 1;

/// The number of the field that holds the data, and the message in it.
pub(super) fn data_field<'a>(data: &DataView<'a>) -> Option<(u32, &'a [u8])> {
    Some(match data {
        DataView::Empty => return None,
        DataView::Gauge(points) => (5, points.bytes()),
        DataView::Sum { points, .. } => (7, points.bytes()),
        DataView::Histogram { points, .. } => (9, points.bytes()),
        DataView::ExponentialHistogram { points, .. } => (10, points.bytes()),
        DataView::Summary(points) => (11, points.bytes()),
    })
}

impl Editable for MetricView<'_> {
    fn original(&self) -> &[u8] {
        self.bytes
    }

    fn put(&self, number: u32, out: &mut Vec<u8>) {
        match number {
            1 => put::block(1, self.name, out),
            2 => put::block(2, self.description, out),
            3 => put::block(3, self.unit, out),
            12 => self.metadata().put_as(12, out),
            _ => {
                if let Some((kind, data)) = data_field(&self.data)
                    && kind == number
                {
                    put_block(number, data, out);
                }
            }
        }
    }
}

super::setters! { MetricView {
    /// Sets the metric's name.
    set_name: 1 => name: str;
    /// Sets what it measures.
    set_description: 2 => description: str;
    /// Sets the unit, in UCUM. The values stay: see [`PointDraft::rescale`](super::PointDraft::rescale).
    set_unit: 3 => unit: str;
    /// Sets attributes of the metric itself.
    set_metadata: 12 => metadata: attributes;
} }

impl<'a> MetricDraft<'a> {
    /// Sets what sums and counts count from. False: this kind of metric has no temporality.
    pub fn set_temporality(&mut self, temporality: Temporality, arena: &'a Arena) -> bool {
        let number = match temporality {
            Temporality::Unspecified => 0,
            Temporality::Delta => 1,
            Temporality::Cumulative => 2,
        };
        match self.view.data {
            DataView::Sum { temporality: old, .. }
            | DataView::Histogram { temporality: old, .. }
            | DataView::ExponentialHistogram { temporality: old, .. } => {
                // Each time, all points are written anew. What is not known reads as unspecified, too.
                if old != temporality || number == 0 {
                    self.set_flag(2, number, arena);
                }
                true
            }
            DataView::Empty | DataView::Gauge(_) | DataView::Summary(_) => false,
        }
    }

    /// Sets whether sums only grow. False: it is not a sum.
    pub fn set_monotonic(&mut self, monotonic: bool, arena: &'a Arena) -> bool {
        let DataView::Sum { monotonic: old, .. } = self.view.data else { return false };
        if old != monotonic {
            self.set_flag(3, monotonic.into(), arena);
        }
        true
    }

    /// Makes a gauge of a sum, with the same points. False: it is not a sum.
    pub fn sum_to_gauge(&mut self, arena: &'a Arena) -> bool {
        let DataView::Sum { points, .. } = self.view.data else { return false };
        let data = arena.write(|out| put_without(points.bytes(), &[2, 3], out));
        self.set_data(5, data);
        true
    }

    /// Makes a sum of a gauge, with the same points. False: it is not a gauge.
    pub fn gauge_to_sum(&mut self, temporality: Temporality, monotonic: bool, arena: &'a Arena) -> bool {
        let DataView::Gauge(points) = self.view.data else { return false };
        self.set_data(7, points.bytes());
        self.set_temporality(temporality, arena) && self.set_monotonic(monotonic, arena)
    }

    /// Sets the points, which are given as fields of the data. What else the data says stays as it is now: it may have
    /// been changed from one of the points.
    pub(super) fn set_points(&mut self, points: &[u8], arena: &'a Arena) {
        let Some((kind, data)) = data_field(&self.view.data) else { return };
        let data = arena.write(|out| {
            out.extend_from_slice(points);
            put_without(data, &[POINTS], out);
        });
        self.set_data(kind, data);
    }

    fn set_flag(&mut self, number: u32, value: u64, arena: &'a Arena) {
        let Some((kind, data)) = data_field(&self.view.data) else { return };
        let data = arena.write(|out| {
            put_without(data, &[number], out);
            put::varint(number, value, out);
        });
        self.set_data(kind, data);
    }

    /// Sets the whole of the data.
    pub(super) fn set_data(&mut self, kind: u32, data: &'a [u8]) {
        self.view.data = DataView::new(kind, data);
        DATA.into_iter().for_each(|number| self.touch(number));
    }
}

fn put_without(message: &[u8], numbers: &[u32], out: &mut Vec<u8>) {
    let kept = Fields::new(message).filter(|field| !numbers.contains(&field.number));
    kept.for_each(|field| out.extend_from_slice(&message[field.start..field.end]));
}
