use super::histograms::{ExponentialHistogramPointView, HistogramPointView};
use std::marker::PhantomData;

use super::points::{NumberPointView, SummaryPointView};
use super::repeated::Repeated;
use super::text;
use super::value::AttributesView;
use crate::wire::{Fields, Value};

/// A `Metric`.
#[derive(Debug, Clone, Copy)]
pub struct MetricView<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) name: &'a [u8],
    pub(crate) description: &'a [u8],
    pub(crate) unit: &'a [u8],
    pub(crate) data: DataView<'a>,
    pub(crate) metadata: Repeated<'a>,
}

impl<'a> MetricView<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        let mut view = Self {
            bytes,
            name: &[],
            description: &[],
            unit: &[],
            data: DataView::Empty,
            metadata: Repeated::none(12, bytes),
        };
        for field in Fields::new(bytes) {
            match (field.number, field.value) {
                (1, Value::Block(value)) => view.name = value,
                (2, Value::Block(value)) => view.description = value,
                (3, Value::Block(value)) => view.unit = value,
                (number @ (5 | 7 | 9 | 10 | 11), Value::Block(data)) => {
                    view.data = DataView::new(number, data);
                }
                (12, Value::Block(_)) => view.metadata.push(field),
                _ => {}
            }
        }
        view
    }

    /// The message's bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The metric's name.
    pub fn name(&self) -> &'a str {
        text(self.name)
    }

    /// What it measures.
    pub fn description(&self) -> &'a str {
        text(self.description)
    }

    /// The unit, in UCUM.
    pub fn unit(&self) -> &'a str {
        text(self.unit)
    }

    /// The kind of metric and its points.
    pub fn data(&self) -> DataView<'a> {
        self.data
    }

    /// Attributes of the metric itself; they do not name series.
    pub fn metadata(&self) -> AttributesView<'a> {
        self.metadata.into()
    }
}

/// Whether the points of a metric count from the start or from the point before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Temporality {
    /// The sender did not say.
    Unspecified,
    /// From the point before.
    Delta,
    /// From the start.
    Cumulative,
}

impl Temporality {
    fn new(number: u64) -> Self {
        match number as i32 {
            1 => Self::Delta,
            2 => Self::Cumulative,
            _ => Self::Unspecified,
        }
    }
}

/// The data of a metric: its kind and its points.
#[derive(Debug, Clone, Copy)]
pub enum DataView<'a> {
    /// No data, or of a kind this version does not know.
    Empty,
    /// Current values.
    Gauge(Points<'a, NumberPointView<'a>>),
    /// Sums.
    Sum {
        /// What the sums count from.
        temporality: Temporality,
        /// Whether they only grow: a counter.
        monotonic: bool,
        /// The points.
        points: Points<'a, NumberPointView<'a>>,
    },
    /// Distributions over explicit buckets.
    Histogram {
        /// What the counts count from.
        temporality: Temporality,
        /// The points.
        points: Points<'a, HistogramPointView<'a>>,
    },
    /// Distributions over exponential buckets.
    ExponentialHistogram {
        /// What the counts count from.
        temporality: Temporality,
        /// The points.
        points: Points<'a, ExponentialHistogramPointView<'a>>,
    },
    /// Quantiles computed by the sender.
    Summary(Points<'a, SummaryPointView<'a>>),
}

impl<'a> DataView<'a> {
    pub(crate) fn new(number: u32, bytes: &'a [u8]) -> Self {
        let mut temporality = Temporality::Unspecified;
        let mut monotonic = false;
        let mut points = Repeated::none(1, bytes);
        for field in Fields::new(bytes) {
            match (field.number, field.value) {
                (1, Value::Block(_)) => points.push(field),
                (2, Value::Varint(value)) => temporality = Temporality::new(value),
                (3, Value::Varint(value)) => monotonic = value != 0,
                _ => {}
            }
        }
        match number {
            5 => Self::Gauge(Points::new(bytes, points)),
            7 => Self::Sum { temporality, monotonic, points: Points::new(bytes, points) },
            9 => Self::Histogram { temporality, points: Points::new(bytes, points) },
            10 => Self::ExponentialHistogram { temporality, points: Points::new(bytes, points) },
            11 => Self::Summary(Points::new(bytes, points)),
            _ => Self::Empty,
        }
    }
}

/// The data points of one metric.
#[derive(Debug, Clone, Copy)]
pub struct Points<'a, V> {
    bytes: &'a [u8],
    points: Repeated<'a>,
    view: PhantomData<V>,
}

/// A view of one kind of point, made from the point's bytes.
pub trait PointView<'a> {
    #[doc(hidden)]
    fn new(bytes: &'a [u8]) -> Self;
}

macro_rules! point_views {
    ($($view:ident)*) => {
        $(impl<'a> PointView<'a> for $view<'a> {
            fn new(bytes: &'a [u8]) -> Self {
                Self::new(bytes)
            }
        })*
    };
}

point_views! { NumberPointView HistogramPointView ExponentialHistogramPointView SummaryPointView }

impl<'a, V> Points<'a, V> {
    fn new(bytes: &'a [u8], points: Repeated<'a>) -> Self {
        Self { bytes, points, view: PhantomData }
    }

    /// The bytes of the message that holds them: a `Gauge`, `Sum` and so on.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

impl<'a, V: PointView<'a>> Points<'a, V> {
    /// The points, in order.
    pub fn iter(&self) -> impl Iterator<Item = V> + Clone + use<'a, V> {
        self.points.messages().map(V::new)
    }
}
