//! What an expression is evaluated over.

use tidewatch_otlp::views::{
    AttributesView, ExemplarView, ExponentialHistogramPointView, HistogramPointView, LogRecordView,
    MetricView, NumberPointView, ResourceView, ScopeView, SpanView, SummaryPointView, ValueView,
};

/// One item and what it belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// The resource it comes from.
    pub resource: &'a ResourceView<'a>,
    /// The scope it was made in.
    pub scope: &'a ScopeView<'a>,
    /// The item itself.
    pub item: Item<'a>,
}

/// A log record, a span, or a data point with its metric.
#[derive(Debug, Clone, Copy)]
pub enum Item<'a> {
    /// A log record.
    Log(&'a LogRecordView<'a>),
    /// A span.
    Span(&'a SpanView<'a>),
    /// A data point of a metric.
    DataPoint(&'a MetricView<'a>, Point<'a>),
}

/// A data point of any kind.
#[derive(Debug, Clone, Copy)]
pub enum Point<'a> {
    /// Of a gauge or a sum.
    Number(&'a NumberPointView<'a>),
    /// Of a histogram with explicit buckets.
    Histogram(&'a HistogramPointView<'a>),
    /// Of a histogram with exponential buckets.
    ExponentialHistogram(&'a ExponentialHistogramPointView<'a>),
    /// Of a summary.
    Summary(&'a SummaryPointView<'a>),
}

impl<'a> Record<'a> {
    /// The item's own attributes.
    pub fn attributes(&self) -> AttributesView<'a> {
        match self.item {
            Item::Log(record) => record.attributes(),
            Item::Span(span) => span.attributes(),
            Item::DataPoint(_, point) => point.attributes(),
        }
    }

    /// An attribute of the item, else of its scope, else of its resource.
    pub fn lookup(&self, key: &str) -> Option<ValueView<'a>> {
        self.attributes()
            .get(key)
            .or_else(|| self.scope.attributes().get(key))
            .or_else(|| self.resource.attributes().get(key))
    }
}

/// The same field of whatever kind of point it is.
macro_rules! of_any_point {
    ($point:expr, $field:ident) => {
        match $point {
            Point::Number(point) => point.$field(),
            Point::Histogram(point) => point.$field(),
            Point::ExponentialHistogram(point) => point.$field(),
            Point::Summary(point) => point.$field(),
        }
    };
}

impl<'a> Point<'a> {
    /// The attributes that name the series.
    pub fn attributes(&self) -> AttributesView<'a> {
        of_any_point!(self, attributes)
    }

    /// When the point's interval started, in nanoseconds since the epoch; 0 if unknown.
    pub fn start_time_unix_nano(&self) -> u64 {
        of_any_point!(self, start_time_unix_nano)
    }

    /// When it was measured, in nanoseconds since the epoch.
    pub fn time_unix_nano(&self) -> u64 {
        of_any_point!(self, time_unix_nano)
    }

    /// The point's flags.
    pub fn flags(&self) -> u32 {
        of_any_point!(self, flags)
    }

    /// Whether the point says that there is no value.
    pub fn no_recorded_value(&self) -> bool {
        of_any_point!(self, no_recorded_value)
    }

    /// Calls `each` for the measurements kept as examples; summaries have none.
    pub fn for_each_exemplar(&self, each: impl FnMut(ExemplarView<'a>)) {
        match self {
            Self::Number(point) => point.exemplars().for_each(each),
            Self::Histogram(point) => point.exemplars().for_each(each),
            Self::ExponentialHistogram(point) => point.exemplars().for_each(each),
            Self::Summary(_) => {}
        }
    }
}
