use std::collections::BTreeMap;

use tidewatch_store::{Located, Log, Record, Stored};

/// A record as its sender knows it.
#[derive(Clone)]
pub(crate) struct Sent {
    pub(crate) id: u64,
    pub(crate) kind: u8,
    pub(crate) items: u32,
    pub(crate) context: Vec<u8>,
    pub(crate) body: Vec<u8>,
    /// Where it is; `None` if appending it failed, and yet some of it may be on the disk.
    pub(crate) located: Option<Located>,
    /// A sync succeeded after it was appended.
    pub(crate) durable: bool,
    pub(crate) done: bool,
    /// `done` has returned an error, so that it may not be written down.
    pub(crate) done_failed: bool,
    /// A sync has failed since it was appended, or the process died: no later sync makes it durable.
    pub(crate) given_up: bool,
    /// Not durable, and since it was appended a sync may have failed.
    pub(crate) shaky: bool,
}

impl Sent {
    pub(crate) fn record(&self) -> Record<'_> {
        Record { kind: self.kind, items: self.items, context: &self.context, body: &self.body }
    }

    pub(crate) fn weight(&self) -> u64 {
        u64::from(self.items).max(1)
    }

    pub(crate) fn is(&self, stored: &Stored) -> bool {
        let same = self.body == stored.body && self.context == stored.context;
        same && (self.kind, self.items) == (stored.located.kind, stored.located.items)
    }
}

/// What has happened between appending and reading.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Since {
    /// Nothing.
    Same,
    /// The process has died.
    Kill,
    /// The machine has crashed.
    Crash,
}

/// Everything that was sent and may still be in the log, in order.
#[derive(Default)]
pub(crate) struct Model {
    pub(crate) sent: Vec<Sent>,
}

impl Model {
    /// Records that the log must hold.
    pub(crate) fn held(&self) -> impl Iterator<Item = &Sent> {
        self.sent.iter().filter(|sent| sent.located.is_some() && !sent.done)
    }

    /// Holds what was read, from the beginning to the end, against what was sent; from then on, what was read is what
    /// is there.
    pub(crate) fn check(&mut self, read: &[Stored], since: Since) {
        let places = read.iter().map(|stored| stored.located.sequence);
        assert!(places.is_sorted_by(|one, other| one < other), "out of order: {read:?}");
        let mut found: BTreeMap<u64, &Stored> = BTreeMap::new();
        for stored in read {
            let id = self.sent.iter().find(|sent| sent.is(stored)).map(|sent| sent.id);
            let id = id.unwrap_or_else(|| panic!("nobody sent this: {stored:?}"));
            assert!(found.insert(id, stored).is_none(), "read twice: {stored:?}");
        }
        for sent in &mut self.sent {
            let must = sent.located.is_some() && !sent.done && must(sent, since);
            let stored = found.get(&sent.id);
            assert!(stored.is_some() || !must, "lost after {since:?}: {} {:?}", sent.id, sent.located);
            assert!(
                stored.is_none() || may(sent, since),
                "back after {since:?}: {} {:?}",
                sent.id,
                sent.located
            );
            if let Some(stored) = stored {
                assert!(sent.located.is_none_or(|located| located == stored.located), "moved: {stored:?}");
                sent.located = Some(stored.located);
                (sent.done, sent.done_failed) = (false, false);
                // What a crash has left stays.
                sent.durable |= since == Since::Crash;
                sent.given_up |= since != Since::Same;
            }
        }
        self.sent.retain(|sent| {
            found.contains_key(&sent.id) || (since != Since::Crash && (sent.done || sent.located.is_none()))
        });
        self.sent.sort_by_key(|sent| sent.located.map_or(u64::MAX, |located| located.sequence));
    }

    /// A sync has returned.
    pub(crate) fn synced(&mut self, success: bool) {
        for sent in
            self.sent.iter_mut().filter(|sent| sent.located.is_some() && !sent.durable && !sent.given_up)
        {
            if success {
                (sent.durable, sent.shaky) = (true, false);
            } else {
                sent.given_up = true;
            }
        }
    }

    /// Holds the log's own numbers against what it must hold.
    pub(crate) fn check_held(&self, log: &Log) {
        let mut held: BTreeMap<u8, u64> = BTreeMap::new();
        for sent in self.held() {
            *held.entry(sent.kind).or_default() += u64::from(sent.items);
        }
        assert_eq!(log.held(), held.into_iter().collect::<Vec<_>>());
        let bytes: u64 =
            self.held().filter_map(|sent| sent.located).map(|located| u64::from(located.length)).sum();
        assert_eq!((log.held_records(), log.held_bytes()), (self.held().count() as u64, bytes));
    }
}

fn must(sent: &Sent, since: Since) -> bool {
    sent.durable || (since != Since::Crash && !sent.shaky)
}

fn may(sent: &Sent, since: Since) -> bool {
    match since {
        // What a failed append has left may take the place of what came after it, if that failed, too, to be synced.
        Since::Same => !sent.done && (sent.located.is_some() || sent.shaky),
        Since::Kill => !sent.done || sent.done_failed,
        Since::Crash => true,
    }
}

/// Reads everything that is not done.
pub(crate) fn drain(log: &mut Log) -> Vec<Stored> {
    let mut cursor = log.start();
    let mut read = Vec::new();
    let mut failures = 0;
    loop {
        match log.read(&mut cursor) {
            Ok(Some(stored)) => read.push(stored),
            Ok(None) => return read,
            // Injected; too many of them in a row would be taken for damage.
            Err(_) => failures += 1,
        }
        assert!(failures < 1000, "cannot be read");
    }
}
