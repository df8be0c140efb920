//! Lines on their way to an output, which may be slow, or a pipe that nobody reads.
//!
//! Whoever logs is never made to wait: what does not fit is lost, and counted.

use prometheus::IntCounter;
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
        mpsc::{self, SyncSender, TrySendError},
    },
    thread,
    time::{Duration, Instant},
};

/// How many lines may wait.
const MAX_LINES: usize = 8192;

/// How many bytes they may have; a single line may have more.
const MAX_BYTES: usize = 16 << 20;

/// How often a full queue is tried again at the end.
const PAUSE: Duration = Duration::from_millis(5);

/// The way to one output. Clones lead to the same.
#[derive(Clone)]
pub(super) struct Queue {
    messages: SyncSender<Message>,
    bytes: Arc<AtomicUsize>,
    lost: IntCounter,
}

enum Message {
    Line(String),
    /// To be told when everything before it is written.
    Flush(SyncSender<()>),
}

impl Queue {
    /// A queue whose lines a thread of its own gives to `write`. `lost` counts what did not fit.
    pub(super) fn start(lost: IntCounter, write: impl Fn(&str) + Send + 'static) -> io::Result<Self> {
        let (messages, waiting) = mpsc::sync_channel(MAX_LINES);
        let bytes = Arc::new(AtomicUsize::new(0));
        let held = bytes.clone();
        thread::Builder::new().name("log".to_owned()).spawn(move || {
            for message in waiting {
                match message {
                    Message::Line(line) => {
                        write(&line);
                        held.fetch_sub(line.len(), Relaxed);
                    }
                    Message::Flush(done) => drop(done.try_send(())),
                }
            }
        })?;
        Ok(Self { messages, bytes, lost })
    }

    /// Adds a line, or loses it.
    pub(super) fn push(&self, line: String) {
        let length = line.len();
        let before = self.bytes.fetch_add(length, Relaxed);
        let fits = before == 0 || before + length <= MAX_BYTES;
        if !fits || self.messages.try_send(Message::Line(line)).is_err() {
            self.bytes.fetch_sub(length, Relaxed);
            self.lost.inc();
        }
    }

    /// Waits until everything so far is written, or until the deadline.
    pub(super) fn flush(&self, deadline: Instant) {
        let (done, written) = mpsc::sync_channel(1);
        let mut message = Message::Flush(done);
        while let Err(TrySendError::Full(back)) = self.messages.try_send(message) {
            if Instant::now() >= deadline {
                return;
            }
            message = back;
            thread::sleep(PAUSE);
        }
        // Late or not, there is nothing more to do.
        written.recv_timeout(deadline.saturating_duration_since(Instant::now())).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_that_stands_still_holds_nobody_up_and_the_loss_is_counted() {
        let lost = IntCounter::new("lost", "Lines.").expect("a counter");
        let (go, gate) = mpsc::channel::<()>();
        let (write, written) = mpsc::channel();
        let queue = Queue::start(lost.clone(), move |line| {
            gate.recv().ok();
            write.send(line.to_owned()).expect("the test goes on");
        })
        .expect("a thread");
        (0..MAX_LINES + 100).for_each(|number| queue.push(number.to_string()));
        queue.flush(Instant::now());
        // One line may be on its way out.
        assert!((99..=100).contains(&lost.get()), "{}", lost.get());
        drop(go);
        queue.flush(Instant::now() + Duration::from_secs(60));
        let lines: Vec<String> = written.try_iter().collect();
        assert_eq!(lines.len() as u64, (MAX_LINES + 100) as u64 - lost.get());
        assert_eq!(lines[..2], ["0", "1"]);
    }

    #[test]
    fn long_lines_are_bounded_too() {
        let lost = IntCounter::new("lost", "Lines.").expect("a counter");
        let (go, gate) = mpsc::channel::<()>();
        let queue = Queue::start(lost.clone(), move |_| {
            gate.recv().ok();
        })
        .expect("a thread");
        (0..3).for_each(|_| queue.push("x".repeat(MAX_BYTES / 2)));
        assert_eq!(lost.get(), 1);
        drop(go);
    }
}
