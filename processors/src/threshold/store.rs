//! The series that are remembered: bounded, and sharded so that threads rarely meet.

use super::{rule::Rule, series::Series};
use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, hash_map::Entry},
    hash::{BuildHasherDefault, Hasher},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};
use tidewatch_telemetry::IntGauge;

/// What is stored is found by the shard's number, too.
pub(super) const SHARDS: usize = 16;
/// Idle series are looked for at most this often.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

pub(super) struct Store {
    shards: [Mutex<Shard>; SHARDS],
    series: AtomicUsize,
    max_series: usize,
    /// How many of each rule, by its number.
    by_rule: Vec<IntGauge>,
    swept_at: Mutex<Option<Instant>>,
}

#[derive(Default)]
struct Shard {
    series: HashMap<u64, Series, BuildHasherDefault<Identity>>,
    stored: Stored,
    /// When to look at which series again. An entry counts only while its series says the same.
    calendar: BinaryHeap<Reverse<(Instant, u64)>>,
}

/// How far what is stored of a shard is what it holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stored {
    /// Nothing has changed.
    #[default]
    All,
    /// Numbers and times have changed.
    Old,
    /// Alerts have been told or resolved.
    Wrong,
}

/// There is no room for a new series.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full;

impl Store {
    pub(super) fn new(max_series: usize, by_rule: Vec<IntGauge>) -> Self {
        Self {
            shards: Default::default(),
            series: AtomicUsize::new(0),
            max_series,
            by_rule,
            swept_at: Mutex::new(None),
        }
    }

    /// How many series there are.
    pub(super) fn len(&self) -> usize {
        self.series.load(Relaxed)
    }

    /// Works on the series `key` of the rule number `rule`, a new one if need be; also when it must be
    /// looked at again, if that has become earlier.
    pub(super) fn with<R>(
        &self,
        key: u64,
        (rules, rule): (&[Rule], usize),
        now: Instant,
        work: impl FnOnce(&mut Series) -> R,
    ) -> Result<(R, Option<Instant>), Full> {
        let mut shard = self.shard(key);
        if !shard.series.contains_key(&key) {
            drop(shard);
            self.reserve(rules, now)?;
            shard = self.shard(key);
            match shard.series.entry(key) {
                Entry::Vacant(entry) => {
                    entry.insert(Series::new(rule, now));
                    self.by_rule[rule].inc();
                }
                // Another thread was faster.
                Entry::Occupied(_) => drop(self.series.fetch_sub(1, Relaxed)),
            }
        }
        let Shard { series, calendar, stored } = &mut *shard;
        let Some(series) = series.get_mut(&key) else { return Err(Full) };
        let fired = series.fires();
        let result = work(series);
        *stored = (*stored).max(if series.fires() == fired { Stored::Old } else { Stored::Wrong });
        let wake = series.deadline(&rules[rule]).filter(|due| series.wake.is_none_or(|known| *due < known));
        if let Some(due) = wake {
            series.wake = Some(due);
            calendar.push(Reverse((due, key)));
        }
        Ok((result, wake))
    }

    /// Calls `wait` for every series that is due; when the next one is.
    pub(super) fn wake(
        &self,
        rules: &[Rule],
        now: Instant,
        mut wait: impl FnMut(&Rule, &mut Series),
    ) -> Option<Instant> {
        let mut next: Option<Instant> = None;
        for shard in &self.shards {
            let mut shard = lock(shard);
            let Shard { series, calendar, stored } = &mut *shard;
            while let Some(Reverse((due, key))) = calendar.peek().copied() {
                if due > now {
                    next = Some(next.map_or(due, |known| known.min(due)));
                    break;
                }
                calendar.pop();
                let Some(series) = series.get_mut(&key).filter(|series| series.wake == Some(due)) else {
                    continue;
                };
                let rule = &rules[series.rule];
                // A point may have come since, and moved its deadline.
                if series.deadline(rule).is_some_and(|deadline| deadline <= now) {
                    wait(rule, series);
                    *stored = Stored::Wrong;
                }
                // What is due again at once waits for the next round, so that this one ends.
                series.wake = series.deadline(rule).map(|due| due.max(now + Duration::from_millis(1)));
                if let Some(due) = series.wake {
                    calendar.push(Reverse((due, key)));
                }
            }
        }
        next
    }

    /// Calls `take` for every series of a shard, if what is stored of it is this outdated; it counts as stored
    /// from now on. Whether it was.
    pub(super) fn store(&self, shard: usize, outdated: Stored, mut take: impl FnMut(u64, &Series)) -> bool {
        let mut shard = lock(&self.shards[shard]);
        if shard.stored < outdated {
            return false;
        }
        shard.stored = Stored::All;
        shard.series.iter().for_each(|(key, series)| take(*key, series));
        true
    }

    /// Takes a series up that was stored. False: there is no room.
    pub(super) fn restore(&self, key: u64, series: Series, rules: &[Rule]) -> bool {
        if self.len() >= self.max_series {
            return false;
        }
        let mut shard = self.shard(key);
        let Shard { series: known, calendar, .. } = &mut *shard;
        let Entry::Vacant(entry) = known.entry(key) else { return true };
        let rule = series.rule;
        let series = entry.insert(series);
        series.wake = series.deadline(&rules[rule]);
        calendar.extend(series.wake.map(|due| Reverse((due, key))));
        self.series.fetch_add(1, Relaxed);
        self.by_rule[rule].inc();
        true
    }

    /// Room for one more series.
    fn reserve(&self, rules: &[Rule], now: Instant) -> Result<(), Full> {
        let one_more = |series: usize| (series < self.max_series).then(|| series + 1);
        if self.series.fetch_update(Relaxed, Relaxed, one_more).is_ok() {
            return Ok(());
        }
        self.sweep(rules, now);
        self.series.fetch_update(Relaxed, Relaxed, one_more).map(drop).map_err(|_| Full)
    }

    /// Forgets all idle series.
    fn sweep(&self, rules: &[Rule], now: Instant) {
        let mut swept_at = self.swept_at.lock().unwrap_or_else(PoisonError::into_inner);
        if swept_at.is_some_and(|last| now.saturating_duration_since(last) < SWEEP_INTERVAL) {
            return;
        }
        *swept_at = Some(now);
        for shard in &self.shards {
            let mut shard = lock(shard);
            let before = shard.series.len();
            shard.series.retain(|_, series| {
                let idle = series.is_idle(&rules[series.rule], now);
                if idle {
                    self.by_rule[series.rule].dec();
                }
                !idle
            });
            self.series.fetch_sub(before - shard.series.len(), Relaxed);
            shard.stored = shard.stored.max(Stored::Old);
        }
    }

    fn shard(&self, key: u64) -> MutexGuard<'_, Shard> {
        // The low bits place the series inside the shard's table.
        lock(&self.shards[(key >> 60) as usize % SHARDS])
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keys are hashes already.
#[derive(Default)]
struct Identity(u64);

impl Hasher for Identity {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threshold::{ThresholdConfig, compile};
    use serde_json::json;

    #[test]
    fn the_bound_holds_when_many_threads_find_new_series() {
        let rule = json!({"alert": "A", "metric": "m", "levels": {"info": "> 0"}});
        let config: ThresholdConfig = serde_json::from_value(json!({"rules": [rule]})).unwrap();
        let rules = compile::rules(config).unwrap();
        let gauge = IntGauge::new("series", "Series.").unwrap();
        let (store, now) = (Store::new(100, vec![gauge.clone()]), Instant::now());
        let find = |thread: u64| {
            // Half of the keys are those of the other threads, too.
            let keys = (0..1000).map(|key| if key % 2 == 0 { key } else { key * 64 + thread });
            keys.filter(|key| store.with(key << 52, (&rules, 0), now, |_| ()).is_ok()).count()
        };
        let found: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|thread| scope.spawn(move || find(thread))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert!(found >= 100);
        assert_eq!(store.len(), 100);
        let kept: usize = store.shards.iter().map(|shard| lock(shard).series.len()).sum();
        assert_eq!(kept, 100);
    }
}
