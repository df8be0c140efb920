use super::{Shape, Total, quantile};
use std::str::FromStr;
use tidewatch_expr::Point;
use tidewatch_otlp::views::Number;

/// Which number of a data point is judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Statistic {
    /// The raw value of a gauge or sum.
    Value,
    /// What came since the point before, per second.
    Rate,
    /// What came since the point before.
    Delta,
    /// The number of measurements of a histogram or summary.
    Count,
    /// Their sum.
    Sum,
    /// Their average.
    Average,
    /// A quantile of them, 0 to 1.
    Quantile(f64),
}

/// What a data point gives.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reading {
    /// The number.
    Number(f64),
    /// A total of which the series must tell the increase: for [`Statistic::Rate`] and [`Statistic::Delta`].
    Total(Total),
    /// Nothing this time, such as the average of no measurements.
    Nothing,
    /// Points of this kind have no such number.
    Unsuited,
}

impl FromStr for Statistic {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "value" => Self::Value,
            "rate" => Self::Rate,
            "delta" => Self::Delta,
            "count" => Self::Count,
            "sum" => Self::Sum,
            "avg" => Self::Average,
            _ => {
                let number = text.strip_prefix('p').and_then(|digits| digits.parse::<f64>().ok());
                let percent = number.ok_or_else(|| format!("`{text}` is not a statistic"))?;
                if !(0.0..=100.0).contains(&percent) {
                    return Err(format!("`{text}` is not a percentile: there are p0 to p100"));
                }
                Self::Quantile(percent / 100.0)
            }
        })
    }
}

impl Statistic {
    /// What can be written.
    pub(crate) const HELP: &'static str = "statistics are `value`, `rate`, `delta`, `count`, `sum`, `avg` and percentiles such as `p95` or `p99.9`";

    /// Whether the series must remember the point before.
    pub(crate) fn is_increase(self) -> bool {
        matches!(self, Self::Rate | Self::Delta)
    }

    /// Reads `point`, measured at `time`.
    pub(crate) fn read(self, point: Point<'_, '_>, shape: Shape, time: u64) -> Reading {
        let read = match self {
            Self::Rate | Self::Delta => total(point).map(|value| {
                Reading::Total(Total { value, start: point.start_time_unix_nano(), time, shape })
            }),
            _ => match self.number(point) {
                Ok(number) => number.map(Reading::Number),
                Err(Unsuited) => return Reading::Unsuited,
            },
        };
        read.unwrap_or(Reading::Nothing)
    }

    fn number(self, point: Point<'_, '_>) -> Result<Option<f64>, Unsuited> {
        if let Point::Number(point) = point {
            let number = point.value().map(Number::as_f64);
            return if self == Self::Value { Ok(number) } else { Err(Unsuited) };
        }
        let (count, sum) = match point {
            Point::Number(_) => return Err(Unsuited),
            Point::Histogram(point) => (point.count(), point.sum()),
            Point::ExponentialHistogram(point) => (point.count(), point.sum()),
            Point::Summary(point) => (point.count(), Some(point.sum())),
        };
        Ok(match self {
            Self::Count => Some(count as f64),
            Self::Sum => sum,
            Self::Average => sum.filter(|_| count > 0).map(|sum| sum / count as f64),
            Self::Quantile(quantile) => match point {
                Point::Histogram(point) => quantile::of_histogram(point, quantile),
                Point::ExponentialHistogram(point) => quantile::of_exponential_histogram(point, quantile),
                Point::Summary(point) if point.quantiles().next().is_some() => {
                    return quantile::of_summary(point, quantile).map(Some).ok_or(Unsuited);
                }
                Point::Summary(_) | Point::Number(_) => return Err(Unsuited),
            },
            Self::Value | Self::Rate | Self::Delta => return Err(Unsuited),
        })
    }
}

struct Unsuited;

/// The number that grows: the value, or how many were measured.
fn total(point: Point<'_, '_>) -> Option<f64> {
    match point {
        Point::Number(point) => point.value().map(Number::as_f64),
        Point::Histogram(point) => Some(point.count() as f64),
        Point::ExponentialHistogram(point) => Some(point.count() as f64),
        Point::Summary(point) => Some(point.count() as f64),
    }
}
