//! Batches in front of an exporter, joined on the way out.

use super::policy::Gathering;
use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tidewatch_component::{Batch, DataType, Room};
use tidewatch_store::Located;
use tokio::time::Instant;

/// A batch and the room it takes.
pub(crate) struct Entry {
    pub(crate) batch: Batch,
    pub(crate) room: Room,
    /// Its record, once it is written.
    pub(crate) on_disk: Option<OnDisk>,
    arrived: Instant,
}

/// A record of the queue's log.
#[derive(Clone, Copy)]
pub(crate) struct OnDisk {
    pub(crate) located: Located,
    /// Nanoseconds since 1970.
    pub(crate) written_at: u64,
}

impl Entry {
    pub(crate) fn new(batch: Batch, room: Room) -> Self {
        Self { batch, room, on_disk: None, arrived: Instant::now() }
    }
}

/// What a worker finds.
pub(crate) enum Next {
    /// Batches to be sent as one request.
    Send(Vec<Entry>),
    /// Nothing worth sending before this moment, unless more comes in or an answer returns.
    Hold(Instant),
    /// Nothing.
    Empty,
}

/// A queue in memory, first in, first out: in all, or for each kind of data, since different kinds can
/// not leave in one request.
pub(crate) struct Queue {
    lines: Mutex<Lines>,
    in_total_order: bool,
}

#[derive(Default)]
struct Lines {
    of: [Line; DataType::ALL.len()],
    /// Of all batches, in memory.
    bytes: usize,
    closed: bool,
}

type Line = VecDeque<Entry>;

impl Queue {
    pub(crate) fn new(in_total_order: bool) -> Self {
        Self { lines: Mutex::default(), in_total_order }
    }

    /// Adds an entry at the end.
    ///
    /// # Errors
    /// Gives it back when the queue has been closed.
    pub(crate) fn push(&self, entry: Entry) -> Result<(), Box<Entry>> {
        let mut lines = self.lock();
        if lines.closed {
            return Err(Box::new(entry));
        }
        let line = if self.in_total_order { 0 } else { entry.batch.data_type() as usize };
        lines.bytes += entry.batch.memory();
        lines.of[line].push_back(entry);
        Ok(())
    }

    /// The oldest entry.
    pub(crate) fn pop(&self) -> Option<Entry> {
        let mut lines = self.lock();
        let oldest = lines.by_age().next()?.pop_front();
        lines.bytes -= oldest.as_ref().map_or(0, |entry| entry.batch.memory());
        oldest
    }

    /// Takes out whatever its sources have given up.
    pub(crate) fn take_abandoned(&self) -> Vec<Entry> {
        let mut abandoned = Vec::new();
        let mut lines = self.lock();
        for line in &mut lines.of {
            let (gone, kept): (Line, Line) = line.drain(..).partition(|entry| entry.batch.is_abandoned());
            *line = kept;
            abandoned.extend(gone);
        }
        lines.bytes -= memory(&abandoned);
        abandoned
    }

    /// Takes nothing in any more. Gives out what is left.
    pub(crate) fn close(&self) -> Vec<Entry> {
        let mut lines = self.lock();
        lines.closed = true;
        lines.bytes = 0;
        lines.of.iter_mut().flat_map(std::mem::take).collect()
    }

    /// Takes nothing in any more, if it is empty; else nothing happens.
    pub(crate) fn close_if_empty(&self) -> bool {
        let mut lines = self.lock();
        lines.closed |= lines.of.iter().all(VecDeque::is_empty);
        lines.closed
    }

    /// Whether it takes nothing in any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// Bytes in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.lock().bytes
    }

    /// Items by kind of data, by walking the queue.
    pub(crate) fn held(&self) -> Vec<(DataType, usize)> {
        let lines = self.lock();
        lines.of.iter().flatten().map(|entry| (entry.batch.data_type(), entry.batch.items())).collect()
    }

    /// Everything at a front that may leave in one request, if that is worth sending now; the oldest
    /// front first. `busy` says that a request is under way; `closing` that nothing more will come.
    pub(crate) fn next(&self, gathering: &Gathering, busy: bool, closing: bool) -> Next {
        let mut next = Next::Empty;
        let mut lines = self.lock();
        let mut send = Vec::new();
        for line in lines.by_age() {
            let count = match gather(line, gathering, busy, closing) {
                Ok(count) => count,
                Err(due) => {
                    // The oldest front is due first.
                    if matches!(next, Next::Empty) {
                        next = Next::Hold(due);
                    }
                    continue;
                }
            };
            send = line.drain(..count).collect();
            break;
        }
        if send.is_empty() {
            return next;
        }
        lines.bytes -= memory(&send);
        Next::Send(send)
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lines {
    /// The lines that are not empty, those with the oldest front first.
    fn by_age(&mut self) -> impl Iterator<Item = &mut Line> {
        let mut lines: smallvec::SmallVec<[&mut Line; DataType::ALL.len()]> =
            self.of.iter_mut().filter(|line| !line.is_empty()).collect();
        lines.sort_by_key(|line| line[0].arrived);
        lines.into_iter()
    }
}

fn memory(entries: &[Entry]) -> usize {
    entries.iter().map(|entry| entry.batch.memory()).sum()
}

/// How many entries at the front of `line` are one request; or when they will be, if that is not yet
/// worth sending.
fn gather(line: &Line, gathering: &Gathering, busy: bool, closing: bool) -> Result<usize, Instant> {
    let first = &line[0];
    let (mut count, mut items, mut bytes, mut awaited) = (0, 0, 0, false);
    for entry in line {
        let more = (items + entry.batch.items(), bytes + entry.batch.memory());
        let fits =
            (gathering.max_items == 0 || more.0 <= gathering.max_items) && more.1 <= gathering.max_bytes;
        if count > 0 && !(fits && first.batch.joins(&entry.batch)) {
            break;
        }
        (count, items, bytes) = (count + 1, more.0, more.1);
        awaited |= entry.batch.is_awaited();
    }
    let complete = count < line.len();
    let worth_it = (gathering.min_items == 0 && gathering.min_bytes == 0)
        || (gathering.min_items > 0 && items >= gathering.min_items)
        || (gathering.min_bytes > 0 && bytes >= gathering.min_bytes);
    let due = first.arrived + gathering.timeout;
    // Whoever waits for an answer is never held for a timer: at most until the request before it has
    // its own.
    if worth_it || complete || closing || (awaited && !busy) || due <= Instant::now() {
        return Ok(count);
    }
    Err(due)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{sync::Arc, time::Duration};
    use tidewatch_component::{Alert, Budget, Payload, Receipt};
    use tidewatch_otlp::{Request, Signal};

    fn entry(payload: Payload) -> (Receipt, Entry) {
        let (receipt, ticket) = Receipt::new(payload.items());
        let room = Room { queue: 0, bytes: Budget::new(1).overdraw(0), disk: None, units: None };
        (receipt, Entry::new(Batch::new(payload, Arc::default(), ticket), room))
    }

    fn logs() -> Payload {
        Payload::Telemetry(Request::check(Signal::Logs, bytes::Bytes::new()).expect("empty").request)
    }

    fn alert() -> Payload {
        Payload::Alerts([Alert::firing("A", "high", Default::default(), 1)].into())
    }

    fn at_once() -> Gathering {
        Gathering { min_items: 0, min_bytes: 0, max_items: 0, max_bytes: 1 << 20, timeout: Duration::ZERO }
    }

    /// The kinds of data of each request, in the order in which they leave.
    fn requests(queue: &Queue) -> Vec<(DataType, usize)> {
        let mut requests = Vec::new();
        while let Next::Send(entries) = queue.next(&at_once(), false, false) {
            requests.push((entries[0].batch.data_type(), entries.len()));
        }
        requests
    }

    #[test]
    fn kinds_gather_apart_unless_order_is_total() {
        for (in_total_order, expected) in [
            (false, vec![(DataType::Logs, 2), (DataType::Alerts, 2)]),
            (
                true,
                vec![(DataType::Logs, 1), (DataType::Alerts, 1), (DataType::Logs, 1), (DataType::Alerts, 1)],
            ),
        ] {
            let queue = Queue::new(in_total_order);
            let receipts = [logs(), alert(), logs(), alert()].map(|payload| {
                let (receipt, entry) = entry(payload);
                assert!(queue.push(entry).is_ok());
                receipt
            });
            assert_eq!(requests(&queue), expected);
            receipts.into_iter().for_each(Receipt::detach);
        }
    }

    #[test]
    fn the_oldest_of_all_kinds_is_the_first_to_go() {
        let queue = Queue::new(false);
        let receipts = [alert(), logs()].map(|payload| {
            let (receipt, entry) = entry(payload);
            assert!(queue.push(entry).is_ok());
            receipt
        });
        assert_eq!(queue.pop().expect("two").batch.data_type(), DataType::Alerts);
        assert_eq!(queue.pop().expect("one").batch.data_type(), DataType::Logs);
        assert!(queue.pop().is_none());
        receipts.into_iter().for_each(Receipt::detach);
    }

    #[test]
    fn what_was_given_up_is_found_among_the_rest() {
        let queue = Queue::new(false);
        let (gone, first) = entry(logs());
        let (stays, second) = entry(logs());
        assert!(queue.push(first).is_ok() && queue.push(second).is_ok());
        drop(gone);
        assert_eq!(queue.take_abandoned().len(), 1);
        assert_eq!(requests(&queue), [(DataType::Logs, 1)]);
        stays.detach();
    }

    #[test]
    fn a_closed_queue_gives_back_what_comes() {
        let queue = Queue::new(false);
        let (receipt, first) = entry(logs());
        assert!(queue.push(first).is_ok());
        assert!(!queue.close_if_empty());
        assert_eq!(queue.close().len(), 1);
        let (late, second) = entry(logs());
        assert!(queue.push(second).is_err() && queue.close_if_empty());
        receipt.detach();
        late.detach();
    }
}
