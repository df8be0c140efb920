use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// The numbers of a series over the last while, to tell how much it has changed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Window {
    /// Event time in nanoseconds, and the number; the oldest first.
    points: VecDeque<(u64, f64)>,
}

/// Points kept at the most, about: denser ones are passed over.
const RESOLUTION: u64 = 60;

impl Window {
    /// Forgets everything: a counter started anew.
    pub(super) fn clear(&mut self) {
        self.points.clear();
    }

    /// Whether it remembers nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// What JSON can hold of it.
    pub(super) fn finite(&self) -> Self {
        Self { points: self.points.iter().copied().filter(|(_, value)| value.is_finite()).collect() }
    }

    /// The last number kept.
    pub(super) fn last(&self) -> Option<f64> {
        self.points.back().map(|(_, value)| *value)
    }

    /// Adds a number; the difference to the one `over` nanoseconds ago, and the seconds between them. None
    /// before the series is known that long, or when there is a gap as long as that.
    pub(super) fn push(&mut self, time: u64, value: f64, over: u64) -> Option<(f64, f64)> {
        let since = time.saturating_sub(over);
        // The oldest point is the last one that is at least `over` old.
        while self.points.get(1).is_some_and(|(second, _)| *second <= since) {
            self.points.pop_front();
        }
        let base = self.points.front().copied();
        let dense = self.points.back().is_some_and(|(last, _)| time < last.saturating_add(over / RESOLUTION));
        if !dense {
            self.points.push_back((time, value));
        }
        let (then, before) =
            base.filter(|(then, _)| *then <= since && *then >= since.saturating_sub(over))?;
        (then < time).then(|| (value - before, (time - then) as f64 / 1e9))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_once_the_series_is_known_long_enough() {
        let mut window = Window::default();
        let minute = 60_000_000_000;
        let mut push = |at: u64, value| window.push((1000 + at) * minute, value, 10 * minute);
        for at in 0..10 {
            assert_eq!(push(at, at as f64), None);
        }
        assert_eq!(push(10, 100.0), Some((100.0, 600.0)));
        assert_eq!(push(11, 100.0), Some((99.0, 600.0)));
        assert_eq!(push(45, 0.0), None, "a gap longer than the window");
    }

    #[test]
    fn dense_points_take_no_more_room() {
        let mut window = Window::default();
        for at in 0..100_000 {
            window.push(at, 1.0, 10_000);
        }
        assert!(window.points.len() <= 62, "{}", window.points.len());
    }
}
