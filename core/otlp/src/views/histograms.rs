use super::points::{ExemplarView, NO_RECORDED_VALUE};
use super::repeated::Repeated;
use super::value::AttributesView;
use crate::wire::{Fields, Value};

/// The wire form of `sint32`.
fn zigzag(value: u64) -> i32 {
    let value = value as u32;
    (value >> 1) as i32 ^ -((value & 1) as i32)
}

/// A `HistogramDataPoint`.
#[derive(Debug, Clone, Copy)]
pub struct HistogramPointView<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) start_time_unix_nano: u64,
    pub(crate) time_unix_nano: u64,
    pub(crate) count: u64,
    pub(crate) sum: Option<f64>,
    pub(crate) bucket_counts: Repeated<'a>,
    pub(crate) explicit_bounds: Repeated<'a>,
    pub(crate) exemplars: Repeated<'a>,
    pub(crate) attributes: Repeated<'a>,
    pub(crate) flags: u32,
    pub(crate) min: Option<f64>,
    pub(crate) max: Option<f64>,
}

impl<'a> HistogramPointView<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        let mut view = Self {
            bytes,
            start_time_unix_nano: 0,
            time_unix_nano: 0,
            count: 0,
            sum: None,
            bucket_counts: Repeated::none(6, bytes),
            explicit_bounds: Repeated::none(7, bytes),
            exemplars: Repeated::none(8, bytes),
            attributes: Repeated::none(9, bytes),
            flags: 0,
            min: None,
            max: None,
        };
        for field in Fields::new(bytes) {
            match (field.number, field.value) {
                (2, Value::Fixed64(value)) => view.start_time_unix_nano = value,
                (3, Value::Fixed64(value)) => view.time_unix_nano = value,
                (4, Value::Fixed64(value)) => view.count = value,
                (5, Value::Fixed64(bits)) => view.sum = Some(f64::from_bits(bits)),
                (6, _) => view.bucket_counts.push(field),
                (7, _) => view.explicit_bounds.push(field),
                (8, Value::Block(_)) => view.exemplars.push(field),
                (9, Value::Block(_)) => view.attributes.push(field),
                (10, Value::Varint(value)) => view.flags = value as u32,
                (11, Value::Fixed64(bits)) => view.min = Some(f64::from_bits(bits)),
                (12, Value::Fixed64(bits)) => view.max = Some(f64::from_bits(bits)),
                _ => {}
            }
        }
        view
    }

    /// The message's bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// When the point's interval started, in nanoseconds since the epoch; 0 if unknown.
    pub fn start_time_unix_nano(&self) -> u64 {
        self.start_time_unix_nano
    }

    /// When it was measured, in nanoseconds since the epoch.
    pub fn time_unix_nano(&self) -> u64 {
        self.time_unix_nano
    }

    /// How many measurements.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their sum.
    pub fn sum(&self) -> Option<f64> {
        self.sum
    }

    /// How many measurements per bucket: one more bucket than bounds.
    pub fn bucket_counts(&self) -> impl Iterator<Item = u64> + Clone + use<'a> {
        self.bucket_counts.fixed64s()
    }

    /// The buckets' inclusive upper bounds, ascending.
    pub fn explicit_bounds(&self) -> impl Iterator<Item = f64> + Clone + use<'a> {
        self.explicit_bounds.fixed64s().map(f64::from_bits)
    }

    /// Measurements kept as examples, often with a trace id.
    pub fn exemplars(&self) -> impl Iterator<Item = ExemplarView<'a>> + Clone + use<'a> {
        self.exemplars.messages().map(ExemplarView::new)
    }

    /// The attributes that name the series.
    pub fn attributes(&self) -> AttributesView<'a> {
        self.attributes.into()
    }

    /// The point's flags.
    pub fn flags(&self) -> u32 {
        self.flags
    }

    /// Whether the point says that there is no value: the series ended or is stale.
    pub fn no_recorded_value(&self) -> bool {
        self.flags & NO_RECORDED_VALUE != 0
    }

    /// The smallest measurement.
    pub fn min(&self) -> Option<f64> {
        self.min
    }

    /// The largest measurement.
    pub fn max(&self) -> Option<f64> {
        self.max
    }
}

/// An `ExponentialHistogramDataPoint`.
#[derive(Debug, Clone, Copy)]
pub struct ExponentialHistogramPointView<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) attributes: Repeated<'a>,
    pub(crate) start_time_unix_nano: u64,
    pub(crate) time_unix_nano: u64,
    pub(crate) count: u64,
    pub(crate) sum: Option<f64>,
    pub(crate) scale: i32,
    pub(crate) zero_count: u64,
    pub(crate) positive: &'a [u8],
    pub(crate) negative: &'a [u8],
    pub(crate) flags: u32,
    pub(crate) exemplars: Repeated<'a>,
    pub(crate) min: Option<f64>,
    pub(crate) max: Option<f64>,
    pub(crate) zero_threshold: f64,
}

impl<'a> ExponentialHistogramPointView<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        let mut view = Self {
            bytes,
            attributes: Repeated::none(1, bytes),
            start_time_unix_nano: 0,
            time_unix_nano: 0,
            count: 0,
            sum: None,
            scale: 0,
            zero_count: 0,
            positive: &[],
            negative: &[],
            flags: 0,
            exemplars: Repeated::none(11, bytes),
            min: None,
            max: None,
            zero_threshold: 0.0,
        };
        for field in Fields::new(bytes) {
            match (field.number, field.value) {
                (1, Value::Block(_)) => view.attributes.push(field),
                (2, Value::Fixed64(value)) => view.start_time_unix_nano = value,
                (3, Value::Fixed64(value)) => view.time_unix_nano = value,
                (4, Value::Fixed64(value)) => view.count = value,
                (5, Value::Fixed64(bits)) => view.sum = Some(f64::from_bits(bits)),
                (6, Value::Varint(value)) => view.scale = zigzag(value),
                (7, Value::Fixed64(value)) => view.zero_count = value,
                (8, Value::Block(value)) => view.positive = value,
                (9, Value::Block(value)) => view.negative = value,
                (10, Value::Varint(value)) => view.flags = value as u32,
                (11, Value::Block(_)) => view.exemplars.push(field),
                (12, Value::Fixed64(bits)) => view.min = Some(f64::from_bits(bits)),
                (13, Value::Fixed64(bits)) => view.max = Some(f64::from_bits(bits)),
                (14, Value::Fixed64(bits)) => view.zero_threshold = f64::from_bits(bits),
                _ => {}
            }
        }
        view
    }

    /// The message's bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The attributes that name the series.
    pub fn attributes(&self) -> AttributesView<'a> {
        self.attributes.into()
    }

    /// When the point's interval started, in nanoseconds since the epoch; 0 if unknown.
    pub fn start_time_unix_nano(&self) -> u64 {
        self.start_time_unix_nano
    }

    /// When it was measured, in nanoseconds since the epoch.
    pub fn time_unix_nano(&self) -> u64 {
        self.time_unix_nano
    }

    /// How many measurements.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their sum.
    pub fn sum(&self) -> Option<f64> {
        self.sum
    }

    /// The resolution: bucket boundaries are powers of `2^(2^-scale)`.
    pub fn scale(&self) -> i32 {
        self.scale
    }

    /// How many measurements were within `zero_threshold` of zero.
    pub fn zero_count(&self) -> u64 {
        self.zero_count
    }

    /// The buckets of positive measurements.
    pub fn positive(&self) -> BucketsView<'a> {
        BucketsView::new(self.positive)
    }

    /// The buckets of negative measurements.
    pub fn negative(&self) -> BucketsView<'a> {
        BucketsView::new(self.negative)
    }

    /// The point's flags.
    pub fn flags(&self) -> u32 {
        self.flags
    }

    /// Whether the point says that there is no value: the series ended or is stale.
    pub fn no_recorded_value(&self) -> bool {
        self.flags & NO_RECORDED_VALUE != 0
    }

    /// Measurements kept as examples, often with a trace id.
    pub fn exemplars(&self) -> impl Iterator<Item = ExemplarView<'a>> + Clone + use<'a> {
        self.exemplars.messages().map(ExemplarView::new)
    }

    /// The smallest measurement.
    pub fn min(&self) -> Option<f64> {
        self.min
    }

    /// The largest measurement.
    pub fn max(&self) -> Option<f64> {
        self.max
    }

    /// The width of the zero bucket.
    pub fn zero_threshold(&self) -> f64 {
        self.zero_threshold
    }
}

/// The `Buckets` of one sign of an exponential histogram.
#[derive(Debug, Clone, Copy)]
pub struct BucketsView<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) offset: i32,
    pub(crate) counts: Repeated<'a>,
}

impl<'a> BucketsView<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        let mut view = Self { bytes, offset: 0, counts: Repeated::none(2, bytes) };
        for field in Fields::new(bytes) {
            match (field.number, field.value) {
                (1, Value::Varint(value)) => view.offset = zigzag(value),
                (2, _) => view.counts.push(field),
                _ => {}
            }
        }
        view
    }

    /// The message's bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The index of the first bucket.
    pub fn offset(&self) -> i32 {
        self.offset
    }

    /// How many measurements per bucket, from `offset` upwards.
    pub fn counts(&self) -> impl Iterator<Item = u64> + Clone + use<'a> {
        self.counts.varints()
    }
}
