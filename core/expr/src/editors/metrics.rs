//! Editors of metrics as a whole.

use super::{Editor, Function, editor};
use crate::{Context, Failure, ItemMut, RecordMut, arguments::Arguments, error::Wrong, node::Node};
use std::sync::Arc;
use tidewatch_otlp::{edit::MetricDraft, views::Temporality};

pub(super) static TABLE: &[Function] = &[
    editor("convert_gauge_to_sum", &["aggregation_temporality", "is_monotonic"], convert_gauge_to_sum),
    editor("convert_sum_to_gauge", &[], |arguments| {
        arguments.only_in(&[Context::Metric])?;
        Ok(Arc::new(ConvertSumToGauge))
    }),
    editor("scale_metric", &["factor", "unit?"], scale_metric),
];

fn metric<'r, 'a>(record: &'r mut RecordMut<'_, 'a>) -> Result<&'r mut MetricDraft<'a>, Failure> {
    match &mut record.item {
        ItemMut::Metric(metric) => Ok(metric),
        _ => Err(Failure::new("this editor is for metrics")),
    }
}

/// Other metrics than sums stay as they are.
#[derive(Debug)]
struct ConvertSumToGauge;

impl Editor for ConvertSumToGauge {
    fn edit<'a>(&'a self, record: &mut RecordMut<'_, 'a>) -> Result<(), Failure> {
        let arena = record.arena;
        metric(record)?.sum_to_gauge(arena);
        Ok(())
    }
}

/// Other metrics than gauges stay as they are.
#[derive(Debug)]
struct ConvertGaugeToSum {
    temporality: Temporality,
    monotonic: bool,
}

fn convert_gauge_to_sum(arguments: &mut Arguments) -> Result<Arc<dyn Editor>, Wrong> {
    arguments.only_in(&[Context::Metric])?;
    let offset = arguments.offset_of("aggregation_temporality");
    let temporality = match arguments.text("aggregation_temporality")?.as_str() {
        "delta" => Temporality::Delta,
        "cumulative" => Temporality::Cumulative,
        other => {
            let message = format!("the temporality is `delta` or `cumulative`, not `{other}`");
            return Err(Wrong::new(offset, message));
        }
    };
    let monotonic = arguments.optional_flag("is_monotonic")?.unwrap_or_default();
    Ok(Arc::new(ConvertGaugeToSum { temporality, monotonic }))
}

impl Editor for ConvertGaugeToSum {
    fn edit<'a>(&'a self, record: &mut RecordMut<'_, 'a>) -> Result<(), Failure> {
        let arena = record.arena;
        metric(record)?.gauge_to_sum(self.temporality, self.monotonic, arena);
        Ok(())
    }
}

/// All kinds of metrics are scaled; integers stay integers where the product is one.
#[derive(Debug)]
struct ScaleMetric {
    factor: f64,
    unit: Option<String>,
}

fn scale_metric(arguments: &mut Arguments) -> Result<Arc<dyn Editor>, Wrong> {
    arguments.only_in(&[Context::Metric])?;
    let offset = arguments.offset_of("factor");
    let factor = match arguments.value("factor")? {
        Node::Int(factor) => factor as f64,
        Node::Float(factor) => factor,
        _ => return Err(Wrong::new(offset, "the factor is a number that is written out")),
    };
    if factor <= 0.0 || !factor.is_finite() {
        return Err(Wrong::new(offset, "the factor is positive"));
    }
    Ok(Arc::new(ScaleMetric { factor, unit: arguments.optional_text("unit")? }))
}

impl Editor for ScaleMetric {
    fn edit<'a>(&'a self, record: &mut RecordMut<'_, 'a>) -> Result<(), Failure> {
        let arena = record.arena;
        let metric = metric(record)?;
        metric.rescale(self.factor, arena);
        if let Some(unit) = &self.unit {
            metric.set_unit(unit);
        }
        Ok(())
    }
}
