//! The task that works in rounds: when something was noticed, when something is due, and as fast as what is read is
//! taken.

use super::{
    flight::{self, Stop},
    round::Round,
    worker::Worker,
};
use rustix::fd::OwnedFd;
use std::{sync::Arc, time::Duration};
use tidewatch_component::{DataType, Intake};
use tidewatch_store::{Change, State};
use tokio::{
    io::unix::AsyncFd,
    sync::watch,
    task::{JoinHandle, JoinSet},
    time::{Instant, sleep_until, timeout_at},
};

/// Requests under way at once. Each file is in one of them at most.
const MAX_UNDER_WAY: usize = 8;
/// Lines gather for so long, unless there are many already.
const GATHER: Duration = Duration::from_millis(200);
/// So many bytes are many.
const MANY: usize = 256 << 10;
/// What the last write of positions may take beyond the deadline of a stop.
const LAST_WRITE: Duration = Duration::from_secs(2);

/// The task under way.
pub(super) struct Running {
    stop: watch::Sender<Option<Instant>>,
    task: JoinHandle<()>,
}

impl Running {
    /// Starts the task, with a worker that has had its first look.
    pub(super) fn start(worker: Box<Worker>, intake: Intake) -> Self {
        let (stop, stopped) = watch::channel(None);
        Self { stop, task: tokio::spawn(run(worker, intake, stopped)) }
    }

    /// Reads no more, and waits until `deadline` for what is under way.
    pub(super) async fn stop(mut self, deadline: Instant) {
        self.stop.send_replace(Some(deadline));
        if timeout_at(deadline.max(Instant::now()) + 2 * LAST_WRITE, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(mut worker: Box<Worker>, intake: Intake, mut stop: Stop) {
    let (mut flights, mut writes) = (JoinSet::new(), JoinSet::new());
    let state = worker.checkpoints.state();
    let stopped = stop.clone();
    let mut bell = listen(&worker, intake.receiver());
    // Whether there is much to read now, and whether there was in the last request: its file comes again with the answer.
    let (mut noticed, mut many, mut large) = (false, false, false);
    let (mut last, mut next) = (Instant::now(), Instant::now());
    loop {
        let may_read = flights.len() < MAX_UNDER_WAY;
        let wanted = noticed || worker.wants_to_read() && may_read;
        let due = match wanted {
            true if many && may_read => last,
            true => next.min(last + GATHER),
            false => next,
        };
        tokio::select! {
            biased;
            () = flight::stopping(&mut stop) => break,
            Some(landed) = flights.join_next() => {
                if let Ok(Some(stretches)) = landed {
                    worker.acknowledge(stretches);
                    many = large;
                }
            }
            Some(_) = writes.join_next() => {}
            () = readable(bell.as_ref()), if !noticed => {
                noticed = true;
                // Once is enough: every further change would wake this thread until the next round.
                bell = None;
            }
            () = sleep_until(due) => {
                noticed = false;
                let Some((back, round)) = work(worker, may_read).await else { return };
                worker = back;
                bell = bell.or_else(|| listen(&worker, intake.receiver()));
                last = Instant::now();
                next = round.next.into();
                for (reason, items) in round.dropped {
                    intake.dropped(DataType::Logs, items, reason);
                }
                many = round.load.as_ref().is_some_and(|load| load.request.memory() >= MANY);
                if let Some(load) = round.load {
                    large = many;
                    flights.spawn(flight::fly(intake.clone(), load, worker.meters.clone(), stopped.clone()));
                }
            }
        }
        if let Some(state) = state.as_ref().filter(|_| writes.is_empty()) {
            let changes = worker.take_changes();
            if !changes.is_empty() {
                writes.spawn(write(state.clone(), changes));
            }
        }
    }
    let deadline = stop.borrow().unwrap_or_else(Instant::now);
    while let Ok(Some(landed)) = timeout_at(deadline, flights.join_next()).await {
        if let Ok(Some(stretches)) = landed {
            worker.acknowledge(stretches);
        }
    }
    if let Some(state) = state {
        state.write_later(worker.take_changes());
        let written = timeout_at(deadline.max(Instant::now()) + LAST_WRITE, state.flush()).await;
        if let Ok(Err(error)) = written {
            tracing::warn!(receiver = intake.receiver(), %error, "positions in files could not be written");
        }
    }
}

/// Writes positions at once: what is delivered should not come again after a kill.
async fn write(state: State, changes: Vec<Change>) {
    // They are kept, and tried again, and at the stop it is told.
    if let Err(error) = state.write(changes).await {
        tracing::debug!(owner = state.owner(), %error, "positions in files are not written yet");
    }
}

/// One round, where it may wait for the disk.
async fn work(mut worker: Box<Worker>, may_read: bool) -> Option<(Box<Worker>, Round)> {
    let receiver = worker.receiver.clone();
    let worked = tokio::task::spawn_blocking(move || {
        let round = worker.round(std::time::Instant::now(), may_read);
        (worker, round)
    });
    match worked.await {
        Ok(worked) => Some(worked),
        Err(error) => {
            tracing::error!(receiver = &*receiver, %error, "reading files has ended; this is a mistake in Tidewatch");
            None
        }
    }
}

/// What tells of changes, also of those that nobody has asked for yet. None: there is no notification.
fn listen(worker: &Worker, receiver: &str) -> Option<AsyncFd<Arc<OwnedFd>>> {
    let failed = |error| tracing::warn!(receiver, %error, "changed files are only polled");
    #[expect(
        deprecated,
        reason = "its successor is unsafe code; what owns a descriptor gives the same always"
    )]
    worker.watch.descriptor().and_then(|descriptor| AsyncFd::new(descriptor).map_err(failed).ok())
}

/// Resolves when something was noticed since the last time.
async fn readable(descriptor: Option<&AsyncFd<Arc<OwnedFd>>>) {
    match descriptor {
        Some(descriptor) => match descriptor.readable().await {
            // The next round reads all of it; what comes meanwhile is told again.
            Ok(mut ready) => ready.clear_ready(),
            Err(_) => std::future::pending().await,
        },
        None => std::future::pending().await,
    }
}
