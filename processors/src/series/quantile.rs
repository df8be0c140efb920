//! Quantiles of histograms, by interpolation as in Prometheus' `histogram_quantile`.

use tidewatch_otlp::views::{
    BucketsView, ExponentialHistogramPointView, HistogramPointView, SummaryPointView,
};

/// Linear within the bucket that holds the quantile; the first bucket starts at 0 unless its bound is
/// negative; of the last bucket, which is open, the lower bound. None without measurements or bounds.
pub(super) fn of_histogram(point: &HistogramPointView<'_>, quantile: f64) -> Option<f64> {
    let total: u64 = point.bucket_counts().fold(0, u64::saturating_add);
    let rank = quantile * total as f64;
    let mut below = 0.0;
    let mut lower = None;
    let mut bounds = point.explicit_bounds();
    for count in point.bucket_counts() {
        let upper = bounds.next();
        let count = count as f64;
        if count > 0.0 && below + count >= rank {
            let Some(upper) = upper else { return lower };
            let lower = match lower {
                Some(lower) => lower,
                None if upper <= 0.0 => return Some(upper),
                None => 0.0,
            };
            return Some(lower + (upper - lower) * ((rank - below) / count));
        }
        below += count;
        lower = upper.or(lower);
    }
    None
}

/// Exponential within a bucket, linear within the one around zero. None without measurements.
pub(super) fn of_exponential_histogram(
    point: &ExponentialHistogramPointView<'_>,
    quantile: f64,
) -> Option<f64> {
    let sum = |buckets: BucketsView<'_>| buckets.counts().fold(0.0, |sum, count| sum + count as f64);
    let (negative, zero, positive) =
        (sum(point.negative()), point.zero_count() as f64, sum(point.positive()));
    let total = negative + zero + positive;
    if total <= 0.0 {
        return None;
    }
    let rank = quantile * total;
    let value = if negative > 0.0 && rank <= negative {
        // Mirrored: the largest magnitudes are the lowest values.
        -magnitude(point.negative(), point.scale(), negative - rank)
    } else if zero > 0.0 && rank <= negative + zero {
        let lower = if negative > 0.0 { -point.zero_threshold() } else { 0.0 };
        let upper = if positive > 0.0 || negative <= 0.0 { point.zero_threshold() } else { 0.0 };
        lower + (upper - lower) * ((rank - negative) / zero)
    } else {
        magnitude(point.positive(), point.scale(), rank - negative - zero)
    };
    value.is_finite().then_some(value)
}

/// Where the measurement number `rank`, from the smallest magnitude up, lies.
fn magnitude(buckets: BucketsView<'_>, scale: i32, rank: f64) -> f64 {
    let mut below = 0.0;
    let mut result = f64::NAN;
    for (index, count) in buckets.counts().enumerate() {
        let count = count as f64;
        if count > 0.0 {
            let fraction = ((rank - below) / count).min(1.0);
            let exponent = f64::from(buckets.offset()) + index as f64 + fraction;
            result = (exponent * (-f64::from(scale)).exp2()).exp2();
            if below + count >= rank {
                break;
            }
        }
        below += count;
    }
    result
}

/// The quantile that the sender computed, if it computed this one.
pub(super) fn of_summary(point: &SummaryPointView<'_>, quantile: f64) -> Option<f64> {
    let near = |(known, _): &(f64, f64)| (known - quantile).abs() < 1e-9;
    point.quantiles().find(near).map(|(_, value)| value).filter(|value| value.is_finite())
}
