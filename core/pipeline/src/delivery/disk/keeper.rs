//! The thread that owns a lane's log: writes in groups, syncs, forgets, and reads ahead.

use super::{
    inbox::Work,
    record::{self, Encoded},
};
use crate::delivery::{
    lane::Lane,
    queue::{Entry, OnDisk},
};
use std::{sync::Arc, time::Instant};
use tidewatch_component::{Failure, Outcome, Rejection, Room, Waiting};
use tidewatch_store::{Cursor, Fsync, Located, Log, LogError, Record, StoreOptions, Stored};

/// Bytes of one write, unless a single batch is larger.
const LARGEST_GROUP: usize = 8 << 20;

pub(super) struct Keeper {
    lane: Arc<Lane>,
    log: Log,
    /// From here on everything is on disk alone, if anything is.
    cursor: Cursor,
    options: StoreOptions,
    unsynced_since: Option<Instant>,
}

impl Keeper {
    pub(super) fn new(lane: Arc<Lane>, log: Log, options: StoreOptions) -> Self {
        let cursor = log.start();
        Self { lane, log, cursor, options, unsynced_since: None }
    }

    /// Works until the lane closes its queue.
    pub(super) fn run(mut self) {
        loop {
            self.read_ahead();
            let work = self.lane.disk().inbox.wait(self.next_sync());
            let Work { entries, done, closing, .. } = work;
            self.write(entries);
            self.forget(&done);
            if closing || self.next_sync().is_some_and(|due| due <= Instant::now()) {
                self.sync();
            }
            self.lane.disk().meters.size(self.log.disk_bytes());
            if closing {
                if let Err(error) = self.log.close() {
                    self.lane.disk().in_trouble(self.lane.id(), &error);
                }
                return;
            }
        }
    }

    /// Writes everything that came, in as few writes as may be, and tells whoever waits for the disk.
    fn write(&mut self, entries: Vec<Entry>) {
        let mut group = Vec::new();
        let mut bytes = 0;
        for entry in entries {
            let size = entry.batch.memory();
            if bytes > 0 && bytes + size > LARGEST_GROUP {
                self.write_group(std::mem::take(&mut group));
                bytes = 0;
            }
            bytes += size;
            group.push(entry);
        }
        if !group.is_empty() {
            self.write_group(group);
        }
    }

    fn write_group(&mut self, entries: Vec<Entry>) {
        let encoded: Vec<Encoded> = entries.iter().map(|entry| record::encode(&entry.batch)).collect();
        let records: Vec<Record<'_>> = encoded
            .iter()
            .map(|of| Record { kind: of.kind, items: of.items, context: &of.context, body: &of.body })
            .collect();
        let end = self.log.end();
        match self.log.append(&records) {
            Ok(located) => {
                let written_at = tidewatch_component::timestamp::now();
                let durables = self.pass_on(entries, &located, written_at, end);
                self.unsynced_since.get_or_insert_with(Instant::now);
                let outcome = match self.options.fsync {
                    Fsync::Always => self.sync(),
                    Fsync::Interval | Fsync::Never => Outcome::Durable,
                };
                durables.into_iter().for_each(|durable| durable.end(&outcome));
            }
            Err(LogError::TooLarge) if entries.len() > 1 => {
                entries.into_iter().for_each(|entry| self.write_group(vec![entry]));
            }
            Err(error) => self.refuse(entries, &error),
        }
    }

    /// What is written goes on to the exporter, from memory where nothing is ahead of it on disk alone and
    /// there is room. Returns those who wait for the disk.
    fn pass_on(
        &mut self,
        entries: Vec<Entry>,
        located: &[Located],
        written_at: u64,
        end: Cursor,
    ) -> Vec<Waiting> {
        let disk = self.lane.disk();
        let mut behind = disk.behind();
        let stays = behind.is_empty() && self.lane.queue.bytes() < disk.most_in_memory();
        if !stays && behind.is_empty() {
            self.cursor = end;
        }
        let mut durables = Vec::with_capacity(entries.len());
        for (mut entry, located) in entries.into_iter().zip(located) {
            durables.push(entry.batch.take_durables());
            if let Some(room) = &mut entry.room.disk {
                room.resize(located.length as usize);
            }
            if stays {
                entry.on_disk = Some(OnDisk { located: *located, written_at });
                self.lane.enqueue(entry);
            } else {
                behind.add(*located, entry.batch, entry.room.disk, entry.room.units);
            }
            disk.arrived();
        }
        drop(behind);
        self.lane.arrived.notify_one();
        durables
    }

    /// There is no room on the disk, or it fails: the senders keep their data.
    fn refuse(&mut self, entries: Vec<Entry>, error: &LogError) {
        let disk = self.lane.disk();
        let (outcome, reason) = if matches!(error, LogError::TooLarge) {
            let reason = format!("exporter `{}`: {error}", self.lane.id());
            (Outcome::Rejected(Rejection::new(usize::MAX, reason)), "too_large")
        } else {
            disk.in_trouble(self.lane.id(), error);
            let reason = format!("the queue of exporter `{}`: {error}", self.lane.id());
            (Outcome::Failed(Failure::new(reason)), "disk")
        };
        for entry in entries {
            self.lane.meters.no_room(entry.batch.data_type(), entry.batch.items(), reason);
            entry.batch.end(&outcome);
            disk.arrived();
        }
    }

    fn forget(&mut self, done: &[Located]) {
        if let Err(error) = self.log.done(done) {
            self.lane.disk().in_trouble(self.lane.id(), &error);
        }
    }

    fn sync(&mut self) -> Outcome {
        if self.unsynced_since.take().is_none() {
            return Outcome::Durable;
        }
        let started = Instant::now();
        let result = self.log.sync();
        let disk = self.lane.disk();
        disk.meters.synced(started.elapsed());
        match result {
            Ok(()) => Outcome::Durable,
            Err(error) => {
                disk.in_trouble(self.lane.id(), &error);
                Outcome::Failed(Failure::new(format!("the queue of exporter `{}`: {error}", self.lane.id())))
            }
        }
    }

    fn next_sync(&self) -> Option<Instant> {
        match self.options.fsync {
            Fsync::Interval => self.unsynced_since.map(|since| since + self.options.fsync_interval),
            Fsync::Always | Fsync::Never => None,
        }
    }

    /// Brings back what is on disk alone, as far as there is room in memory.
    fn read_ahead(&mut self) {
        let lane = self.lane.clone();
        let disk = lane.disk();
        let mut behind = disk.behind();
        let mut read = false;
        let is_short = || !lane.queue.is_closed() && lane.queue.bytes() < disk.most_in_memory() / 2;
        while !behind.is_empty() && is_short() {
            match self.log.read(&mut self.cursor) {
                Ok(Some(stored)) => {
                    read = true;
                    let located = stored.located;
                    match self.entry(stored, &mut behind) {
                        Ok(entry) => lane.enqueue(entry),
                        Err(error) => {
                            tracing::error!(exporter = lane.id(), items = located.items, %error, "a record of the queue cannot be read");
                            disk.meters.unreadable(located.items);
                            self.forget(&[located]);
                        }
                    }
                }
                Ok(None) => {
                    for (data_type, items) in behind.settle() {
                        lane.meters.failed(data_type, items, "damaged");
                    }
                }
                Err(error) => {
                    disk.in_trouble(lane.id(), &error);
                    break;
                }
            }
            disk.meters.damaged(lane.id(), &self.log.take_damage());
        }
        disk.set_behind(!behind.is_empty());
        drop(behind);
        if read {
            lane.arrived.notify_one();
        }
    }

    fn entry(&self, stored: Stored, behind: &mut super::behind::Behind) -> Result<Entry, String> {
        let Stored { located, context, body, written_at } = stored;
        let mut batch = record::decode(located.kind, &context, body)?;
        let (disk, units) = behind.take(located, &mut batch, self.lane.units_of(located.items as usize));
        let bytes = self.lane.overdraw(batch.memory());
        let room = Room { queue: self.lane.number(), bytes, disk: Some(disk), units };
        let mut entry = Entry::new(batch, room);
        entry.on_disk = Some(OnDisk { located, written_at });
        Ok(entry)
    }
}
