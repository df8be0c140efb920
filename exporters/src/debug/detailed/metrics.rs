use super::{super::normal::number, Page, attributes, hex_id, time};
use tidewatch_otlp::views::{
    AttributesView, BucketsView, DataView, ExemplarView, ExponentialHistogramPointView, HistogramPointView,
    MetricView, NumberPointView, SummaryPointView, Temporality,
};

pub(super) fn write(page: &mut Page, index: usize, metric: &MetricView<'_>) {
    page.line(format_args!("Metric #{index}"));
    page.line(format_args!("Descriptor:"));
    page.line(format_args!("     -> Name: {}", metric.name()));
    page.line(format_args!("     -> Description: {}", metric.description()));
    page.line(format_args!("     -> Unit: {}", metric.unit()));
    let kind = match metric.data() {
        DataView::Empty => "Empty",
        DataView::Gauge(_) => "Gauge",
        DataView::Sum { .. } => "Sum",
        DataView::Histogram { .. } => "Histogram",
        DataView::ExponentialHistogram { .. } => "ExponentialHistogram",
        DataView::Summary(_) => "Summary",
    };
    page.line(format_args!("     -> DataType: {kind}"));
    if !metric.metadata().is_empty() {
        page.line(format_args!("     -> Metadata:"));
        attributes(page, "          ", metric.metadata());
    }
    points(page, metric.data());
}

fn points(page: &mut Page, data: DataView<'_>) {
    match data {
        DataView::Empty => {}
        DataView::Gauge(points) => points.iter().enumerate().for_each(|(i, one)| number_point(page, i, &one)),
        DataView::Sum { temporality: kind, monotonic, points } => {
            page.line(format_args!("     -> IsMonotonic: {monotonic}"));
            temporality(page, kind);
            points.iter().enumerate().for_each(|(i, one)| number_point(page, i, &one));
        }
        DataView::Histogram { temporality: kind, points } => {
            temporality(page, kind);
            points.iter().enumerate().for_each(|(i, one)| histogram(page, i, &one));
        }
        DataView::ExponentialHistogram { temporality: kind, points } => {
            temporality(page, kind);
            points.iter().enumerate().for_each(|(i, one)| exponential(page, i, &one));
        }
        DataView::Summary(points) => points.iter().enumerate().for_each(|(i, one)| summary(page, i, &one)),
    }
}

fn temporality(page: &mut Page, temporality: Temporality) {
    page.line(format_args!("     -> AggregationTemporality: {temporality:?}"));
}

fn head(page: &mut Page, title: &str, index: usize, own: AttributesView<'_>, times: [u64; 2], flags: u32) {
    page.line(format_args!("{title} #{index}"));
    if !own.is_empty() {
        page.line(format_args!("Data point attributes:"));
        attributes(page, "     ", own);
    }
    page.line(format_args!("StartTimestamp: {}", time(times[0])));
    page.line(format_args!("Timestamp: {}", time(times[1])));
    if flags > 0 {
        page.line(format_args!("Flags: {flags}"));
    }
}

fn number_point(page: &mut Page, index: usize, point: &NumberPointView<'_>) {
    let times = [point.start_time_unix_nano(), point.time_unix_nano()];
    head(page, "NumberDataPoints", index, point.attributes(), times, point.flags());
    page.line(format_args!("Value: {}", number(point.value())));
    exemplars(page, point.exemplars());
}

fn histogram(page: &mut Page, index: usize, point: &HistogramPointView<'_>) {
    let times = [point.start_time_unix_nano(), point.time_unix_nano()];
    head(page, "HistogramDataPoints", index, point.attributes(), times, point.flags());
    figures(page, point.count(), [point.sum(), point.min(), point.max()]);
    for (index, bound) in point.explicit_bounds().enumerate() {
        page.line(format_args!("ExplicitBounds #{index}: {bound}"));
    }
    for (index, count) in point.bucket_counts().enumerate() {
        page.line(format_args!("Buckets #{index}, Count: {count}"));
    }
    exemplars(page, point.exemplars());
}

fn exponential(page: &mut Page, index: usize, point: &ExponentialHistogramPointView<'_>) {
    let times = [point.start_time_unix_nano(), point.time_unix_nano()];
    head(page, "ExponentialHistogramDataPoints", index, point.attributes(), times, point.flags());
    figures(page, point.count(), [point.sum(), point.min(), point.max()]);
    page.line(format_args!("Scale: {}", point.scale()));
    let base = 2f64.powf(2f64.powi(-point.scale()));
    for (index, count) in nonzero(point.negative()) {
        let (lower, upper) = (base.powi(index), base.powi(index.saturating_add(1)));
        page.line(format_args!("Bucket [-{upper}, -{lower}), Count: {count}"));
    }
    if point.zero_count() > 0 {
        let zero = point.zero_threshold();
        page.line(format_args!("Bucket [-{zero}, {zero}], Count: {}", point.zero_count()));
    }
    for (index, count) in nonzero(point.positive()) {
        let (lower, upper) = (base.powi(index), base.powi(index.saturating_add(1)));
        page.line(format_args!("Bucket ({lower}, {upper}], Count: {count}"));
    }
    exemplars(page, point.exemplars());
}

fn nonzero(buckets: BucketsView<'_>) -> impl Iterator<Item = (i32, u64)> {
    let indices = (0..).map(move |step| buckets.offset().saturating_add(step));
    indices.zip(buckets.counts()).filter(|(_, count)| *count > 0)
}

fn summary(page: &mut Page, index: usize, point: &SummaryPointView<'_>) {
    let times = [point.start_time_unix_nano(), point.time_unix_nano()];
    head(page, "SummaryDataPoints", index, point.attributes(), times, point.flags());
    figures(page, point.count(), [Some(point.sum()), None, None]);
    for (index, (quantile, value)) in point.quantiles().enumerate() {
        page.line(format_args!("QuantileValue #{index}: Quantile {quantile}, Value {value}"));
    }
}

fn figures(page: &mut Page, count: u64, sum_min_max: [Option<f64>; 3]) {
    page.line(format_args!("Count: {count}"));
    for (name, value) in ["Sum", "Min", "Max"].into_iter().zip(sum_min_max) {
        if let Some(value) = value {
            page.line(format_args!("{name}: {value}"));
        }
    }
}

fn exemplars<'a>(page: &mut Page, exemplars: impl Iterator<Item = ExemplarView<'a>>) {
    for (index, exemplar) in exemplars.enumerate() {
        if index == 0 {
            page.line(format_args!("Exemplars:"));
        }
        page.line(format_args!("Exemplar #{index}"));
        page.line(format_args!("     -> Trace ID: {}", hex_id(exemplar.trace_id())));
        page.line(format_args!("     -> Span ID: {}", hex_id(exemplar.span_id())));
        page.line(format_args!("     -> Timestamp: {}", time(exemplar.time_unix_nano())));
        page.line(format_args!("     -> Value: {}", number(exemplar.value())));
        page.line(format_args!("     -> FilteredAttributes:"));
        attributes(page, "          ", exemplar.filtered_attributes());
    }
}
