use super::Shape;
use serde::{Deserialize, Serialize};

/// A number that grows, as one point tells it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Total {
    pub(crate) value: f64,
    /// Since when it counts, in Unix nanoseconds; 0 if unknown.
    pub(crate) start: u64,
    /// In Unix nanoseconds.
    pub(crate) time: u64,
    pub(crate) shape: Shape,
}

/// What a series must remember of its last point to tell how much came since.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Counter {
    last: Option<Last>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Last {
    value: f64,
    time: u64,
}

/// What came since the point before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Increase {
    pub(crate) delta: f64,
    /// How long it took; none where the first delta does not say when it starts.
    pub(crate) seconds: Option<f64>,
}

impl Increase {
    /// Per second.
    pub(crate) fn rate(self) -> Option<f64> {
        self.seconds.filter(|seconds| *seconds > 0.0).map(|seconds| self.delta / seconds)
    }
}

impl Counter {
    /// Whether it remembers nothing.
    pub(crate) fn is_none(&self) -> bool {
        self.last.is_none()
    }

    /// Itself, if JSON can hold it.
    pub(crate) fn finite(self) -> Self {
        Self { last: self.last.filter(|last| last.value.is_finite()) }
    }

    /// What came since the last point. None of the first cumulative one, which may count from long ago,
    /// and of a repetition.
    pub(crate) fn advance(&mut self, total: Total) -> Option<Increase> {
        let before = self.last.replace(Last { value: total.value, time: total.time });
        if total.shape == Shape::Delta {
            let from = if total.start > 0 { Some(total.start) } else { before.map(|last| last.time) };
            let seconds = from.filter(|from| *from < total.time).map(|from| seconds(from, total.time));
            return Some(Increase { delta: total.value, seconds });
        }
        let before = before.filter(|last| last.time < total.time)?;
        let restarted =
            total.shape == Shape::Cumulative && (total.value < before.value || total.start > before.time);
        let delta = if restarted { total.value } else { total.value - before.value };
        Some(Increase { delta, seconds: Some(seconds(before.time, total.time)) })
    }
}

fn seconds(from: u64, to: u64) -> f64 {
    (to - from) as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000_000;

    /// Feeds (start, time, value), in seconds; gives what came, and per second.
    fn increases(shape: Shape, points: &[(u64, u64, f64)]) -> Vec<Option<(f64, Option<f64>)>> {
        let mut counter = Counter::default();
        let total = |&(start, time, value)| Total { value, start: start * S, time: time * S, shape };
        let mut advance = |total| counter.advance(total).map(|increase| (increase.delta, increase.rate()));
        points.iter().map(|point| advance(total(point))).collect()
    }

    #[test]
    fn a_cumulative_counter_tells_from_its_second_point_on() {
        assert_eq!(
            increases(Shape::Cumulative, &[(1, 10, 100.0), (1, 20, 150.0), (1, 20, 150.0), (1, 25, 150.0)]),
            [None, Some((50.0, Some(5.0))), None, Some((0.0, Some(0.0)))]
        );
    }

    #[test]
    fn a_restart_is_seen_by_the_value_and_by_the_start() {
        assert_eq!(
            increases(Shape::Cumulative, &[(0, 10, 100.0), (0, 20, 30.0)])[1],
            Some((30.0, Some(3.0)))
        );
        assert_eq!(
            increases(Shape::Cumulative, &[(1, 10, 100.0), (15, 20, 130.0)])[1],
            Some((130.0, Some(13.0)))
        );
    }

    #[test]
    fn deltas_tell_at_once_and_per_second_once_their_start_is_known() {
        assert_eq!(
            increases(Shape::Delta, &[(0, 10, 8.0), (0, 12, 8.0), (11, 15, 8.0)]),
            [Some((8.0, None)), Some((8.0, Some(4.0))), Some((8.0, Some(2.0)))]
        );
    }

    #[test]
    fn a_level_may_fall() {
        assert_eq!(increases(Shape::Level, &[(0, 10, 9.0), (0, 12, 5.0)])[1], Some((-4.0, Some(-2.0))));
    }
}
