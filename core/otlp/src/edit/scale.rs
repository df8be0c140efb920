//! Points in another unit.

use super::draft::Draft;
use super::metrics::{POINTS, data_field};
use super::nested::Nested;
use super::put;
use super::value::put_block;
use super::{Arena, MetricDraft, PointDraft};
use crate::views::repeated::Repeated;
use crate::views::{
    BucketsView, ExemplarView, ExponentialHistogramPointView, HistogramPointView, Number, NumberPointView,
    SummaryPointView,
};
use crate::wire::{Fields, Value};

/// What numbers are multiplied by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Factor {
    over: f64,
    under: f64,
}

impl Factor {
    /// A fraction of two positive numbers. It is kept as such: 9 ms are 0.009 s, and not 0.009000000000000001 s.
    pub fn fraction(over: u64, under: u64) -> Self {
        Self { over: over as f64, under: under as f64 }
    }

    fn of(self, number: f64) -> f64 {
        number * self.over / self.under
    }
}

impl From<f64> for Factor {
    fn from(factor: f64) -> Self {
        Self { over: factor, under: 1.0 }
    }
}

impl<'a> MetricDraft<'a> {
    /// Multiplies what was measured in all its points, as [`PointDraft::rescale`] does. The unit stays.
    pub fn rescale(&mut self, factor: impl Into<Factor>, arena: &'a Arena) {
        let factor = factor.into();
        let Some((kind, data)) = data_field(&self.view.data) else { return };
        let points = arena.write(|out| {
            for bytes in Repeated::whole(POINTS, data).messages() {
                let Some(mut point) = PointDraft::new(kind, bytes) else { continue };
                point.rescale(factor, arena);
                let nested = Nested::open(POINTS, bytes.len(), out);
                point.put(out);
                nested.close(out);
            }
        });
        self.set_points(points, arena);
    }
}

impl<'a> PointDraft<'a> {
    /// Multiplies what was measured by a positive factor: values, sums, extremes, bounds, quantiles, exemplars.
    ///
    /// Integers stay integers where the product is one. Exponential buckets are moved by the nearest whole number of
    /// buckets: their bounds are off by at most half a bucket's width.
    pub fn rescale(&mut self, factor: impl Into<Factor>, arena: &'a Arena) {
        let factor = factor.into();
        match self {
            Self::Number(point) => point.rescale(factor, arena),
            Self::Histogram(point) => point.rescale(factor, arena),
            Self::ExponentialHistogram(point) => point.rescale(factor, arena),
            Self::Summary(point) => point.rescale(factor, arena),
        }
    }
}

impl<'a> Draft<NumberPointView<'a>> {
    fn rescale(&mut self, factor: Factor, arena: &'a Arena) {
        if let Some(value) = self.view.value {
            self.set_value(scaled(value, factor));
        }
        if let Some(exemplars) = scaled_exemplars(5, self.view.exemplars, factor, arena) {
            self.view.exemplars = exemplars;
            self.touch(5);
        }
    }
}

impl<'a> Draft<HistogramPointView<'a>> {
    fn rescale(&mut self, factor: Factor, arena: &'a Arena) {
        let times = |value: Option<f64>| value.map(|value| factor.of(value));
        self.set_sum(times(self.sum()));
        self.set_min(times(self.min()));
        self.set_max(times(self.max()));
        let bounds = self.view.explicit_bounds.fixed64s().map(f64::from_bits);
        let packed = arena.write(|out| {
            let bytes: Vec<u8> = bounds.flat_map(|bound| factor.of(bound).to_le_bytes()).collect();
            put::block(7, &bytes, out);
        });
        self.view.explicit_bounds = Repeated::whole(7, packed);
        self.touch(7);
        if let Some(exemplars) = scaled_exemplars(8, self.view.exemplars, factor, arena) {
            self.view.exemplars = exemplars;
            self.touch(8);
        }
    }
}

impl<'a> Draft<ExponentialHistogramPointView<'a>> {
    fn rescale(&mut self, factor: Factor, arena: &'a Arena) {
        let times = |value: Option<f64>| value.map(|value| factor.of(value));
        self.set_sum(times(self.sum()));
        self.set_min(times(self.min()));
        self.set_max(times(self.max()));
        self.set_zero_threshold(factor.of(self.zero_threshold()));
        // A bucket's bounds are powers of 2^(2^-scale).
        let buckets = (factor.over / factor.under).log2() * f64::from(self.scale()).exp2();
        let moved = buckets.round() as i32;
        self.view.positive = moved_buckets(self.positive(), moved, arena);
        self.view.negative = moved_buckets(self.negative(), moved, arena);
        self.touch(8);
        self.touch(9);
        if let Some(exemplars) = scaled_exemplars(11, self.view.exemplars, factor, arena) {
            self.view.exemplars = exemplars;
            self.touch(11);
        }
    }
}

impl<'a> Draft<SummaryPointView<'a>> {
    fn rescale(&mut self, factor: Factor, arena: &'a Arena) {
        self.set_sum(factor.of(self.sum()));
        let quantiles = self.quantiles();
        let bytes = arena.write(|out| {
            for (quantile, value) in quantiles {
                let mut one = Vec::with_capacity(18);
                put::double(1, quantile, &mut one);
                put::double(2, factor.of(value), &mut one);
                put_block(6, &one, out);
            }
        });
        self.view.quantiles = Repeated::whole(6, bytes);
        self.touch(6);
    }
}

fn scaled(value: Number, factor: Factor) -> Number {
    let product = factor.of(value.as_f64());
    // Beyond 2^53 a double does not tell neighbouring integers apart.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Number::Int(_) if product.fract() == 0.0 && product.abs() < EXACT => Number::Int(product as i64),
        _ => Number::Double(product),
    }
}

fn moved_buckets<'a>(buckets: BucketsView<'a>, by: i32, arena: &'a Arena) -> &'a [u8] {
    let bytes = buckets.bytes();
    if bytes.is_empty() {
        return bytes;
    }
    arena.write(|out| {
        put::sint32(1, buckets.offset().saturating_add(by), out);
        let others = Fields::new(bytes).filter(|field| field.number != 1);
        others.for_each(|field| out.extend_from_slice(&bytes[field.start..field.end]));
    })
}

/// None: there are none.
fn scaled_exemplars<'a>(
    number: u32,
    exemplars: Repeated<'a>,
    factor: Factor,
    arena: &'a Arena,
) -> Option<Repeated<'a>> {
    exemplars.messages().next()?;
    let bytes = arena.write(|out| {
        for exemplar in exemplars.messages() {
            let mut one = Vec::with_capacity(exemplar.len());
            for field in Fields::new(exemplar) {
                match (field.number, field.value) {
                    (3 | 6, Value::Fixed64(_)) => {}
                    _ => one.extend_from_slice(&exemplar[field.start..field.end]),
                }
            }
            match ExemplarView::new(exemplar).value().map(|value| scaled(value, factor)) {
                Some(Number::Double(value)) => put::some_fixed64(3, value.to_bits(), &mut one),
                Some(Number::Int(value)) => put::some_fixed64(6, value as u64, &mut one),
                None => {}
            }
            put_block(number, &one, out);
        }
    });
    Some(Repeated::whole(number, bytes))
}
