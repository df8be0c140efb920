use super::repeated::Repeated;
use super::value::AttributesView;
use crate::wire::{Fields, Value};

/// The bit in a point's flags that says it has no value.
pub(crate) const NO_RECORDED_VALUE: u32 = 1;

/// The value of a number point or an exemplar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// An integer.
    Int(i64),
    /// A floating-point number.
    Double(f64),
}

impl Number {
    /// The number as a double; large integers lose their last digits.
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Int(number) => number as f64,
            Self::Double(number) => number,
        }
    }
}

/// A `NumberDataPoint` of a gauge or a sum.
#[derive(Debug, Clone, Copy)]
pub struct NumberPointView<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) start_time_unix_nano: u64,
    pub(crate) time_unix_nano: u64,
    pub(crate) value: Option<Number>,
    pub(crate) exemplars: Repeated<'a>,
    pub(crate) attributes: Repeated<'a>,
    pub(crate) flags: u32,
}

impl<'a> NumberPointView<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        let mut view = Self {
            bytes,
            start_time_unix_nano: 0,
            time_unix_nano: 0,
            value: None,
            exemplars: Repeated::none(5, bytes),
            attributes: Repeated::none(7, bytes),
            flags: 0,
        };
        for field in Fields::new(bytes) {
            match (field.number, field.value) {
                (2, Value::Fixed64(value)) => view.start_time_unix_nano = value,
                (3, Value::Fixed64(value)) => view.time_unix_nano = value,
                (4, Value::Fixed64(bits)) => view.value = Some(Number::Double(f64::from_bits(bits))),
                (6, Value::Fixed64(bits)) => view.value = Some(Number::Int(bits as i64)),
                (5, Value::Block(_)) => view.exemplars.push(field),
                (7, Value::Block(_)) => view.attributes.push(field),
                (8, Value::Varint(value)) => view.flags = value as u32,
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

    /// The value, if there is one.
    pub fn value(&self) -> Option<Number> {
        self.value
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
}

/// A `SummaryDataPoint`.
#[derive(Debug, Clone, Copy)]
pub struct SummaryPointView<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) start_time_unix_nano: u64,
    pub(crate) time_unix_nano: u64,
    pub(crate) count: u64,
    pub(crate) sum: f64,
    pub(crate) quantiles: Repeated<'a>,
    pub(crate) attributes: Repeated<'a>,
    pub(crate) flags: u32,
}

impl<'a> SummaryPointView<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        let mut view = Self {
            bytes,
            start_time_unix_nano: 0,
            time_unix_nano: 0,
            count: 0,
            sum: 0.0,
            quantiles: Repeated::none(6, bytes),
            attributes: Repeated::none(7, bytes),
            flags: 0,
        };
        for field in Fields::new(bytes) {
            match (field.number, field.value) {
                (2, Value::Fixed64(value)) => view.start_time_unix_nano = value,
                (3, Value::Fixed64(value)) => view.time_unix_nano = value,
                (4, Value::Fixed64(value)) => view.count = value,
                (5, Value::Fixed64(bits)) => view.sum = f64::from_bits(bits),
                (6, Value::Block(_)) => view.quantiles.push(field),
                (7, Value::Block(_)) => view.attributes.push(field),
                (8, Value::Varint(value)) => view.flags = value as u32,
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
    pub fn sum(&self) -> f64 {
        self.sum
    }

    /// Quantiles (0.0 to 1.0) and their values, in order.
    pub fn quantiles(&self) -> impl Iterator<Item = (f64, f64)> + Clone + use<'a> {
        self.quantiles.messages().map(quantile)
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
}

fn quantile(bytes: &[u8]) -> (f64, f64) {
    Fields::new(bytes).fold((0.0, 0.0), |(quantile, value), field| match (field.number, field.value) {
        (1, Value::Fixed64(bits)) => (f64::from_bits(bits), value),
        (2, Value::Fixed64(bits)) => (quantile, f64::from_bits(bits)),
        _ => (quantile, value),
    })
}

/// An `Exemplar`.
#[derive(Debug, Clone, Copy)]
pub struct ExemplarView<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) time_unix_nano: u64,
    pub(crate) value: Option<Number>,
    pub(crate) span_id: &'a [u8],
    pub(crate) trace_id: &'a [u8],
    pub(crate) filtered_attributes: Repeated<'a>,
}

impl<'a> ExemplarView<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        let mut view = Self {
            bytes,
            time_unix_nano: 0,
            value: None,
            span_id: &[],
            trace_id: &[],
            filtered_attributes: Repeated::none(7, bytes),
        };
        for field in Fields::new(bytes) {
            match (field.number, field.value) {
                (2, Value::Fixed64(value)) => view.time_unix_nano = value,
                (3, Value::Fixed64(bits)) => view.value = Some(Number::Double(f64::from_bits(bits))),
                (6, Value::Fixed64(bits)) => view.value = Some(Number::Int(bits as i64)),
                (4, Value::Block(value)) => view.span_id = value,
                (5, Value::Block(value)) => view.trace_id = value,
                (7, Value::Block(_)) => view.filtered_attributes.push(field),
                _ => {}
            }
        }
        view
    }

    /// The message's bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// When it was measured, in nanoseconds since the epoch.
    pub fn time_unix_nano(&self) -> u64 {
        self.time_unix_nano
    }

    /// The measured value, if there is one.
    pub fn value(&self) -> Option<Number> {
        self.value
    }

    /// The span it was measured in: 8 bytes, or none.
    pub fn span_id(&self) -> &'a [u8] {
        self.span_id
    }

    /// The trace it was measured in: 16 bytes, or none.
    pub fn trace_id(&self) -> &'a [u8] {
        self.trace_id
    }

    /// Attributes of the measurement that do not name the series.
    pub fn filtered_attributes(&self) -> AttributesView<'a> {
        self.filtered_attributes.into()
    }
}
