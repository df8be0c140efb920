use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{SystemTime, UNIX_EPOCH},
};

/// Lets one line into the log every ten seconds, of what is counted anyway.
#[derive(Debug, Default)]
pub(crate) struct Quiet {
    /// The second of the last line.
    last: AtomicU64,
}

const SECONDS: u64 = 10;

impl Quiet {
    /// Whether a line is due; true for one of those who ask at once.
    pub(crate) fn is_due(&self) -> bool {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let last = self.last.load(Relaxed);
        now >= last.saturating_add(SECONDS) && self.last.compare_exchange(last, now, Relaxed, Relaxed).is_ok()
    }
}
