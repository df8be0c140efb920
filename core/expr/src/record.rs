//! What an expression is evaluated over, and what a statement edits.

use tidewatch_otlp::edit::{Arena, EventDraft, LogDraft, MetricDraft, Owner, PointDraft, SpanDraft};
use tidewatch_otlp::views::{
    AttributesView, EventView, ExemplarView, ExponentialHistogramPointView, HistogramPointView,
    LogRecordView, MetricView, NumberPointView, ResourceView, ScopeView, SpanView, SummaryPointView,
    ValueView,
};

/// One item and what it belongs to. Data lives for `'a`, what is read of it may be borrowed for less.
#[derive(Debug, Clone, Copy)]
pub struct Record<'r, 'a> {
    /// The resource it comes from.
    pub resource: &'r ResourceView<'a>,
    /// The scope it was made in; [`ScopeView::empty`] where only the resource is looked at.
    pub scope: &'r ScopeView<'a>,
    /// The item itself.
    pub item: Item<'r, 'a>,
    /// The statements' own map: `cache`, or `fields` in [`Context::Fields`](crate::Context::Fields).
    pub cache: AttributesView<'a>,
    /// Where computed values go.
    pub arena: &'a Arena,
}

/// A log record, a span, or a data point with its metric.
#[derive(Debug, Clone, Copy)]
pub enum Item<'r, 'a> {
    /// The resource or the scope alone.
    None,
    /// A log record.
    Log(&'r LogRecordView<'a>),
    /// A span.
    Span(&'r SpanView<'a>),
    /// An event of a span.
    SpanEvent(&'r SpanView<'a>, &'r EventView<'a>),
    /// A metric, without its points.
    Metric(&'r MetricView<'a>),
    /// A data point of a metric.
    DataPoint(&'r MetricView<'a>, Point<'r, 'a>),
}

/// A data point of any kind.
#[derive(Debug, Clone, Copy)]
pub enum Point<'r, 'a> {
    /// Of a gauge or a sum.
    Number(&'r NumberPointView<'a>),
    /// Of a histogram with explicit buckets.
    Histogram(&'r HistogramPointView<'a>),
    /// Of a histogram with exponential buckets.
    ExponentialHistogram(&'r ExponentialHistogramPointView<'a>),
    /// Of a summary.
    Summary(&'r SummaryPointView<'a>),
}

impl<'r, 'a> Record<'r, 'a> {
    /// A record that nothing has been computed of yet.
    pub fn new(
        resource: &'r ResourceView<'a>,
        scope: &'r ScopeView<'a>,
        item: Item<'r, 'a>,
        arena: &'a Arena,
    ) -> Self {
        Self { resource, scope, item, cache: AttributesView::default(), arena }
    }

    /// The item's own attributes.
    pub fn attributes(&self) -> AttributesView<'a> {
        match self.item {
            Item::None => AttributesView::default(),
            Item::Log(record) => record.attributes(),
            Item::Span(span) => span.attributes(),
            Item::SpanEvent(_, event) => event.attributes(),
            Item::Metric(metric) => metric.metadata(),
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

impl<'a> Point<'_, 'a> {
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

/// One item and what it belongs to, to be edited.
#[derive(Debug)]
pub struct RecordMut<'r, 'a> {
    /// Its resource and scope.
    pub owner: Owner<'r, 'a>,
    /// The item itself.
    pub item: ItemMut<'r, 'a>,
    /// The statements' own map, which outlives each of them.
    pub cache: &'r mut AttributesView<'a>,
    /// Where computed values go.
    pub arena: &'a Arena,
}

/// As [`Item`], to be edited.
#[derive(Debug)]
pub enum ItemMut<'r, 'a> {
    /// The resource or the scope alone.
    None,
    /// A log record.
    Log(&'r mut LogDraft<'a>),
    /// A span.
    Span(&'r mut SpanDraft<'a>),
    /// An event of a span.
    SpanEvent(&'r mut SpanDraft<'a>, &'r mut EventDraft<'a>),
    /// A metric, without its points.
    Metric(&'r mut MetricDraft<'a>),
    /// A data point of a metric.
    DataPoint(&'r mut MetricDraft<'a>, &'r mut PointDraft<'a>),
}

impl<'a> RecordMut<'_, 'a> {
    /// The record as it is now.
    pub fn read(&self) -> Record<'_, 'a> {
        let item = match &self.item {
            ItemMut::None => Item::None,
            ItemMut::Log(log) => Item::Log(log),
            ItemMut::Span(span) => Item::Span(span),
            ItemMut::SpanEvent(span, event) => Item::SpanEvent(span, event),
            ItemMut::Metric(metric) => Item::Metric(metric),
            ItemMut::DataPoint(metric, point) => Item::DataPoint(metric, Point::from(&**point)),
        };
        Record {
            resource: self.owner.resource,
            scope: self.owner.scope,
            item,
            cache: *self.cache,
            arena: self.arena,
        }
    }
}

impl<'r, 'a> From<&'r PointDraft<'a>> for Point<'r, 'a> {
    fn from(draft: &'r PointDraft<'a>) -> Self {
        match draft {
            PointDraft::Number(point) => Self::Number(point),
            PointDraft::Histogram(point) => Self::Histogram(point),
            PointDraft::ExponentialHistogram(point) => Self::ExponentialHistogram(point),
            PointDraft::Summary(point) => Self::Summary(point),
        }
    }
}
