//! When numbers came first and again, and when agents were killed in between.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Instant,
};

/// A number that a sink accepted once more. Times are milliseconds since the sink's record began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repeat {
    /// The number.
    pub number: u64,
    /// When it came first.
    pub first: u32,
    /// When it came this time.
    pub again: u32,
}

/// An agent that was ended by force, and the start of the next one, in the same milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interruption {
    /// When it was killed.
    pub killed: u32,
    /// When its successor was started; later than everything while there is none.
    pub succeeded: u32,
}

/// The times of a record. Without times for its numbers (the default) it knows repeats only by number.
#[derive(Debug)]
pub struct Times {
    began: Instant,
    firsts: Vec<AtomicU32>,
    repeats: Mutex<Vec<Repeat>>,
    interruptions: Mutex<Vec<Interruption>>,
}

impl Times {
    /// For numbers below `limit`; 0: for none.
    pub(super) fn new(limit: u64) -> Self {
        Self {
            began: Instant::now(),
            firsts: (0..limit).map(|_| AtomicU32::new(0)).collect(),
            repeats: Mutex::default(),
            interruptions: Mutex::default(),
        }
    }

    /// Now.
    pub fn now(&self) -> u32 {
        u32::try_from(self.began.elapsed().as_millis()).unwrap_or(u32::MAX)
    }

    pub(super) fn first(&self, number: u64) {
        if let Some(first) = self.firsts.get(number as usize) {
            first.store(self.now(), Relaxed);
        }
    }

    pub(super) fn again(&self, number: u64) {
        if let Some(first) = self.firsts.get(number as usize) {
            let repeat = Repeat { number, first: first.load(Relaxed), again: self.now() };
            lock(&self.repeats).push(repeat);
        }
    }

    /// When a number came first, if it has come.
    pub fn of(&self, number: u64) -> Option<u32> {
        self.firsts.get(number as usize).map(|first| first.load(Relaxed)).filter(|first| *first > 0)
    }

    /// An agent is being killed.
    pub fn killed(&self) {
        lock(&self.interruptions).push(Interruption { killed: self.now(), succeeded: u32::MAX });
    }

    /// Its successor is being started.
    pub fn succeeded(&self) {
        let now = self.now();
        if let Some(last) = lock(&self.interruptions).last_mut()
            && last.succeeded == u32::MAX
        {
            last.succeeded = now;
        }
    }

    /// Everything that came again.
    pub fn repeats(&self) -> Vec<Repeat> {
        lock(&self.repeats).clone()
    }

    /// Every kill.
    pub fn interruptions(&self) -> Vec<Interruption> {
        lock(&self.interruptions).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
