//! When numbers came first and again, and when agents were killed in between.

use std::{
    fmt,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};

/// A number that a sink accepted once more. Times are milliseconds since the sink's record began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repeat {
    /// The number.
    pub number: u64,
    /// When it came first, in a request that was accepted then or later.
    pub first: u32,
    /// The request in which it came first, counted from 0.
    pub request: u32,
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
    /// Request and time, half of the bits each.
    firsts: Vec<AtomicU64>,
    requests: AtomicU32,
    written: Vec<AtomicU32>,
    repeats: Mutex<Vec<Repeat>>,
    interruptions: Mutex<Vec<Interruption>>,
}

impl Times {
    /// For numbers below `limit`; 0: for none.
    pub(super) fn new(limit: u64) -> Self {
        Self {
            began: Instant::now(),
            firsts: (0..limit).map(|_| AtomicU64::new(0)).collect(),
            requests: AtomicU32::new(0),
            written: Vec::new(),
            repeats: Mutex::default(),
            interruptions: Mutex::default(),
        }
    }

    /// For numbers that are written to files: it is noted when, too.
    pub(super) fn of_files(limit: u64) -> Self {
        Self { written: (0..limit).map(|_| AtomicU32::new(0)).collect(), ..Self::new(limit) }
    }

    /// Now.
    pub fn now(&self) -> u32 {
        u32::try_from(self.began.elapsed().as_millis()).unwrap_or(u32::MAX)
    }

    /// A request came.
    pub(super) fn request(&self) -> u32 {
        self.requests.fetch_add(1, Relaxed)
    }

    pub(super) fn first(&self, number: u64, request: u32, at: u32) {
        if let Some(first) = self.firsts.get(number as usize) {
            first.store(u64::from(request) << 32 | u64::from(at), Relaxed);
        }
    }

    pub(super) fn again(&self, number: u64) {
        if let Some(first) = self.firsts.get(number as usize) {
            let first = first.load(Relaxed);
            let repeat =
                Repeat { number, first: first as u32, request: (first >> 32) as u32, again: self.now() };
            lock(&self.repeats).push(repeat);
        }
    }

    /// When a number came first, if it has come.
    pub fn first_of(&self, number: u64) -> Option<u32> {
        self.firsts.get(number as usize).map(|first| first.load(Relaxed) as u32).filter(|first| *first > 0)
    }

    /// When a number was written to a file, if it was.
    pub fn written_of(&self, number: u64) -> Option<u32> {
        self.written.get(number as usize).map(|at| at.load(Relaxed)).filter(|at| *at > 0)
    }

    /// A number is in its file.
    pub fn written(&self, number: u64) {
        if let Some(at) = self.written.get(number as usize) {
            at.store(self.now(), Relaxed);
        }
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

/// The runs of numbers that came again, and the kills, for whoever looks for the reason.
impl fmt::Display for Times {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut repeats = self.repeats();
        repeats.sort_by_key(|repeat| (repeat.number, repeat.again));
        for run in repeats.chunk_by(|one, next| next.number - one.number <= 1).take(RUNS) {
            let (first, last) = (run[0], run[run.len() - 1]);
            write!(
                formatter,
                "{}..={} at {} to {}, again at {} to {}; ",
                first.number, last.number, first.first, last.first, first.again, last.again
            )?;
        }
        let kills = self.interruptions();
        write!(formatter, "killed at {:?}", kills.iter().map(|kill| kill.killed).collect::<Vec<_>>())
    }
}

/// How many runs are shown.
const RUNS: usize = 20;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
