use tidewatch_expr::{Item, Point, Record};
use tidewatch_otlp::edit::Arena;
use tidewatch_otlp::views::{DataView, MetricView, ResourceView, ScopeView, Temporality};

/// What the numbers of a metric count from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A current value, or a sum that may fall: gauges, up-down counters.
    Level,
    /// From the start; it falls only when the source starts anew.
    Cumulative,
    /// From the point before.
    Delta,
}

impl Shape {
    fn new(temporality: Temporality, monotonic: bool) -> Self {
        match temporality {
            Temporality::Delta => Self::Delta,
            Temporality::Cumulative | Temporality::Unspecified if monotonic => Self::Cumulative,
            Temporality::Cumulative | Temporality::Unspecified => Self::Level,
        }
    }
}

/// Calls `each` for every point of a metric that has a value.
pub(crate) fn for_each_point<'a>(
    resource: &ResourceView<'a>,
    scope: &ScopeView<'a>,
    metric: &MetricView<'a>,
    arena: &'a Arena,
    mut each: impl FnMut(&Record<'_, '_>, Point<'_, '_>, Shape),
) {
    let mut give = |point: Point<'_, 'a>, shape| {
        if !point.no_recorded_value() {
            each(&Record::new(resource, scope, Item::DataPoint(metric, point), arena), point, shape);
        }
    };
    match metric.data() {
        DataView::Empty => {}
        DataView::Gauge(points) => {
            points.iter().for_each(|point| give(Point::Number(&point), Shape::Level));
        }
        DataView::Sum { temporality, monotonic, points } => {
            let shape = Shape::new(temporality, monotonic);
            points.iter().for_each(|point| give(Point::Number(&point), shape));
        }
        DataView::Histogram { temporality, points } => {
            let shape = Shape::new(temporality, true);
            points.iter().for_each(|point| give(Point::Histogram(&point), shape));
        }
        DataView::ExponentialHistogram { temporality, points } => {
            let shape = Shape::new(temporality, true);
            points.iter().for_each(|point| give(Point::ExponentialHistogram(&point), shape));
        }
        DataView::Summary(points) => {
            points.iter().for_each(|point| give(Point::Summary(&point), Shape::Cumulative));
        }
    }
}
