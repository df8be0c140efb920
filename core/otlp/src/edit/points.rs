use super::draft::{Draft, Editable};
use super::{Arena, put};
use crate::views::{
    AttributesView, ExponentialHistogramPointView, HistogramPointView, Number, NumberPointView,
    SummaryPointView,
};

/// A data point that is being edited.
#[derive(Debug, Clone, Copy)]
pub enum PointDraft<'a> {
    /// Of a gauge or a sum.
    Number(Draft<NumberPointView<'a>>),
    /// Of a histogram with explicit buckets.
    Histogram(Draft<HistogramPointView<'a>>),
    /// Of a histogram with exponential buckets.
    ExponentialHistogram(Draft<ExponentialHistogramPointView<'a>>),
    /// Of a summary.
    Summary(Draft<SummaryPointView<'a>>),
}

/// The same of whatever kind of point it is.
macro_rules! of_any_point {
    ($point:expr, $inner:ident => $do:expr) => {
        match $point {
            PointDraft::Number($inner) => $do,
            PointDraft::Histogram($inner) => $do,
            PointDraft::ExponentialHistogram($inner) => $do,
            PointDraft::Summary($inner) => $do,
        }
    };
}

impl<'a> PointDraft<'a> {
    /// A point of the data message that has this number in a `Metric`.
    pub(super) fn new(data: u32, bytes: &'a [u8]) -> Option<Self> {
        Some(match data {
            5 | 7 => Self::Number(Draft::new(NumberPointView::new(bytes))),
            9 => Self::Histogram(Draft::new(HistogramPointView::new(bytes))),
            10 => Self::ExponentialHistogram(Draft::new(ExponentialHistogramPointView::new(bytes))),
            11 => Self::Summary(Draft::new(SummaryPointView::new(bytes))),
            _ => return None,
        })
    }

    /// Whether anything was set.
    pub fn is_touched(&self) -> bool {
        of_any_point!(self, point => point.is_touched())
    }

    /// The attributes that name the series.
    pub fn attributes(&self) -> AttributesView<'a> {
        of_any_point!(self, point => point.attributes())
    }

    /// Sets the attributes.
    pub fn set_attributes(&mut self, attributes: AttributesView<'a>, arena: &'a Arena) {
        of_any_point!(self, point => point.set_attributes(attributes, arena));
    }

    /// Sets when the point's interval started, in nanoseconds since the epoch.
    pub fn set_start_time_unix_nano(&mut self, time: u64) {
        of_any_point!(self, point => point.set_start_time_unix_nano(time));
    }

    /// Sets when it was measured, in nanoseconds since the epoch.
    pub fn set_time_unix_nano(&mut self, time: u64) {
        of_any_point!(self, point => point.set_time_unix_nano(time));
    }

    /// Sets the flags.
    pub fn set_flags(&mut self, flags: u32) {
        of_any_point!(self, point => point.set_flags(flags));
    }

    pub(super) fn put(&self, out: &mut Vec<u8>) {
        of_any_point!(self, point => point.put(out));
    }
}

impl Editable for NumberPointView<'_> {
    fn original(&self) -> &[u8] {
        self.bytes
    }

    fn put(&self, number: u32, out: &mut Vec<u8>) {
        match number {
            2 => put::fixed64(2, self.start_time_unix_nano, out),
            3 => put::fixed64(3, self.time_unix_nano, out),
            4 => match self.value {
                Some(Number::Double(value)) => put::some_fixed64(4, value.to_bits(), out),
                Some(Number::Int(value)) => put::some_fixed64(6, value as u64, out),
                None => {}
            },
            5 => out.extend_from_slice(self.exemplars.bytes()),
            7 => self.attributes().put_as(7, out),
            8 => put::varint(8, self.flags.into(), out),
            // Written with field 4: the two are one value.
            _ => {}
        }
    }
}

super::setters! { NumberPointView {
    /// Sets when the point's interval started, in nanoseconds since the epoch.
    set_start_time_unix_nano: 2 => start_time_unix_nano: u64;
    /// Sets when it was measured, in nanoseconds since the epoch.
    set_time_unix_nano: 3 => time_unix_nano: u64;
    /// Sets the attributes that name the series.
    set_attributes: 7 => attributes: attributes;
    /// Sets the flags.
    set_flags: 8 => flags: u32;
} }

impl Draft<NumberPointView<'_>> {
    /// Sets the value.
    pub fn set_value(&mut self, value: Number) {
        self.view.value = Some(value);
        self.touch(4);
        self.touch(6);
    }
}

impl Editable for HistogramPointView<'_> {
    fn original(&self) -> &[u8] {
        self.bytes
    }

    fn put(&self, number: u32, out: &mut Vec<u8>) {
        match number {
            2 => put::fixed64(2, self.start_time_unix_nano, out),
            3 => put::fixed64(3, self.time_unix_nano, out),
            4 => put::fixed64(4, self.count, out),
            5 => put::some_double(5, self.sum, out),
            6 => out.extend_from_slice(self.bucket_counts.bytes()),
            7 => out.extend_from_slice(self.explicit_bounds.bytes()),
            8 => out.extend_from_slice(self.exemplars.bytes()),
            9 => self.attributes().put_as(9, out),
            10 => put::varint(10, self.flags.into(), out),
            11 => put::some_double(11, self.min, out),
            12 => put::some_double(12, self.max, out),
            _ => {}
        }
    }
}

super::setters! { HistogramPointView {
    /// Sets when the point's interval started, in nanoseconds since the epoch.
    set_start_time_unix_nano: 2 => start_time_unix_nano: u64;
    /// Sets when it was measured, in nanoseconds since the epoch.
    set_time_unix_nano: 3 => time_unix_nano: u64;
    /// Sets how many measurements there are.
    set_count: 4 => count: u64;
    /// Sets the attributes that name the series.
    set_attributes: 9 => attributes: attributes;
    /// Sets the flags.
    set_flags: 10 => flags: u32;
} }

impl Editable for ExponentialHistogramPointView<'_> {
    fn original(&self) -> &[u8] {
        self.bytes
    }

    fn put(&self, number: u32, out: &mut Vec<u8>) {
        match number {
            1 => self.attributes().put_as(1, out),
            2 => put::fixed64(2, self.start_time_unix_nano, out),
            3 => put::fixed64(3, self.time_unix_nano, out),
            4 => put::fixed64(4, self.count, out),
            5 => put::some_double(5, self.sum, out),
            6 => put::sint32(6, self.scale, out),
            7 => put::fixed64(7, self.zero_count, out),
            8 => put::block(8, self.positive, out),
            9 => put::block(9, self.negative, out),
            10 => put::varint(10, self.flags.into(), out),
            11 => out.extend_from_slice(self.exemplars.bytes()),
            12 => put::some_double(12, self.min, out),
            13 => put::some_double(13, self.max, out),
            14 => put::double(14, self.zero_threshold, out),
            _ => {}
        }
    }
}

super::setters! { ExponentialHistogramPointView {
    /// Sets the attributes that name the series.
    set_attributes: 1 => attributes: attributes;
    /// Sets when the point's interval started, in nanoseconds since the epoch.
    set_start_time_unix_nano: 2 => start_time_unix_nano: u64;
    /// Sets when it was measured, in nanoseconds since the epoch.
    set_time_unix_nano: 3 => time_unix_nano: u64;
    /// Sets how many measurements there are.
    set_count: 4 => count: u64;
    /// Sets the resolution of the buckets.
    set_scale: 6 => scale: i32;
    /// Sets how many measurements are too near to zero for a bucket.
    set_zero_count: 7 => zero_count: u64;
    /// Sets the flags.
    set_flags: 10 => flags: u32;
    /// Sets the width of the bucket around zero.
    set_zero_threshold: 14 => zero_threshold: f64;
} }

/// Sum and extremes, which both kinds of histograms may lack.
macro_rules! optional_doubles {
    ($view:ident { $($(#[$doc:meta])* $name:ident: $number:literal => $field:ident;)* }) => {
        impl Draft<$view<'_>> {
            $($(#[$doc])*
            pub fn $name(&mut self, value: Option<f64>) {
                self.view.$field = value;
                self.touch($number);
            })*
        }
    };
}

optional_doubles! { HistogramPointView {
    /// Sets the sum of the measurements.
    set_sum: 5 => sum;
    /// Sets the smallest measurement.
    set_min: 11 => min;
    /// Sets the largest measurement.
    set_max: 12 => max;
} }

optional_doubles! { ExponentialHistogramPointView {
    /// Sets the sum of the measurements.
    set_sum: 5 => sum;
    /// Sets the smallest measurement.
    set_min: 12 => min;
    /// Sets the largest measurement.
    set_max: 13 => max;
} }

impl Editable for SummaryPointView<'_> {
    fn original(&self) -> &[u8] {
        self.bytes
    }

    fn put(&self, number: u32, out: &mut Vec<u8>) {
        match number {
            2 => put::fixed64(2, self.start_time_unix_nano, out),
            3 => put::fixed64(3, self.time_unix_nano, out),
            4 => put::fixed64(4, self.count, out),
            5 => put::double(5, self.sum, out),
            6 => out.extend_from_slice(self.quantiles.bytes()),
            7 => self.attributes().put_as(7, out),
            8 => put::varint(8, self.flags.into(), out),
            _ => {}
        }
    }
}

super::setters! { SummaryPointView {
    /// Sets when the point's interval started, in nanoseconds since the epoch.
    set_start_time_unix_nano: 2 => start_time_unix_nano: u64;
    /// Sets when it was measured, in nanoseconds since the epoch.
    set_time_unix_nano: 3 => time_unix_nano: u64;
    /// Sets how many measurements there are.
    set_count: 4 => count: u64;
    /// Sets the sum of the measurements.
    set_sum: 5 => sum: f64;
    /// Sets the attributes that name the series.
    set_attributes: 7 => attributes: attributes;
    /// Sets the flags.
    set_flags: 8 => flags: u32;
} }
