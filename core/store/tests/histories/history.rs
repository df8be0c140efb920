use std::sync::Arc;

use rand::Rng;
use rand::rngs::SmallRng;
use rand::seq::{IndexedRandom, SliceRandom};
use tidewatch_store::storage::simulated::Faults;
use tidewatch_store::storage::{SimulatedDisk, Storage};
use tidewatch_store::{Compression, Cursor, Damage, Located, Log, LogOptions};

use crate::model::{Model, Sent, Since, drain};

/// One history: a log, its disk, and the model.
pub(crate) struct History {
    pub(crate) rng: SmallRng,
    pub(crate) disk: SimulatedDisk,
    pub(crate) model: Model,
    options: LogOptions,
    log: Option<Log>,
    /// A reader that goes on where it was, and the last sequence that it has seen.
    cursor: Option<(Cursor, Option<u64>)>,
    next_id: u64,
    last_group: u64,
    faults: Faults,
    /// Whether something has failed so far, which may leave more bytes on the disk than the log knows of.
    failed: bool,
}

pub(crate) fn run(seed: u64, rng: SmallRng) {
    let mut history = History::new(seed, rng);
    for _ in 0..history.rng.random_range(5..30) {
        history.step();
    }
    history.end();
}

impl History {
    pub(crate) fn new(seed: u64, mut rng: SmallRng) -> Self {
        let disk = SimulatedDisk::new(seed);
        let compression = if rng.random_bool(0.1) { Compression::Zstd } else { Compression::None };
        let segment_bytes = *[300, 1000, 3000].choose(&mut rng).expect("one");
        let options = LogOptions { segment_bytes, compression, max_record_bytes: 1000 };
        let mut history = Self {
            rng,
            disk,
            model: Model::default(),
            options,
            log: None,
            cursor: None,
            next_id: 0,
            last_group: 0,
            faults: Faults::default(),
            failed: false,
        };
        history.open();
        history
    }

    pub(crate) fn log(&mut self) -> &mut Log {
        self.log.as_mut().expect("open")
    }

    /// Opens the log; says what was damaged.
    pub(crate) fn open(&mut self) -> Damage {
        let opened = Log::open(Arc::new(self.disk.clone()), self.options).or_else(|error| {
            assert!(self.faults.reads + self.faults.writes + self.faults.syncs > 0.0, "{error}");
            self.set_faults(Faults::default());
            Log::open(Arc::new(self.disk.clone()), self.options)
        });
        let (log, recovered) = opened.expect("no faults");
        assert_eq!((recovered.records, recovered.bytes), (log.held_records(), log.held_bytes()));
        assert_eq!(recovered.held, log.held());
        self.log = Some(log);
        self.cursor = None;
        recovered.damage
    }

    fn step(&mut self) {
        match self.rng.random_range(0..100) {
            0..16 => self.append(),
            16..20 => {
                // What was never durable is done, and the machine crashes.
                self.append();
                self.done();
                self.reopen(Since::Crash);
            }
            20..45 => {
                self.append();
                self.sync();
            }
            45..52 => self.sync(),
            52..62 => self.read_on(),
            62..74 => self.done(),
            74..78 => self.read_all(Since::Same),
            78..82 => self.reopen(Since::Kill),
            82..90 => self.reopen(Since::Crash),
            90..92 => self.close(),
            92..96 => {
                let room = self.rng.random_range(0..2000);
                let capacity = if self.rng.random_bool(0.5) { u64::MAX } else { self.disk.used() + room };
                self.failed |= capacity != u64::MAX;
                self.disk.set_capacity(capacity);
            }
            _ => {
                let mut chance =
                    || if self.rng.random_bool(0.5) { 0.0 } else { self.rng.random_range(0.0..0.25) };
                let faults = Faults { reads: chance(), writes: chance(), syncs: chance() };
                self.set_faults(faults);
            }
        }
    }

    fn set_faults(&mut self, faults: Faults) {
        self.failed |= faults.writes + faults.syncs > 0.0;
        self.faults = faults;
        self.disk.set_faults(faults);
    }

    /// Whatever is called while syncs may fail may have tried one.
    fn shake(&mut self) {
        if self.faults.syncs > 0.0 {
            self.model.sent.iter_mut().for_each(|sent| sent.shaky |= !sent.durable);
        }
    }

    fn new_record(&mut self) -> Sent {
        self.next_id += 1;
        let id = self.next_id;
        let length = *[0, 10, 40, 200, 700].choose(&mut self.rng).expect("one");
        let mut body = id.to_le_bytes().to_vec();
        body.extend(
            (0..self.rng.random_range(0..=length)).map(|at| if at % 3 == 0 { 0 } else { self.rng.random() }),
        );
        if self.rng.random_bool(0.1) {
            // As if somebody sent a log's own files.
            body.extend_from_slice(b"TWR1TWR1\0\0");
        }
        Sent {
            id,
            kind: self.rng.random_range(0..3),
            items: self.rng.random_range(0..6),
            context: vec![7; self.rng.random_range(0..20)],
            body,
            located: None,
            durable: false,
            done: false,
            done_failed: false,
            given_up: false,
            shaky: false,
        }
    }

    pub(crate) fn append(&mut self) {
        let group = self.rng.random_range(1..5);
        let mut group: Vec<_> = (0..group).map(|_| self.new_record()).collect();
        let records: Vec<_> = group.iter().map(Sent::record).collect();
        let before = (self.log().held(), self.log().held_bytes());
        if let Ok(located) = self.log().append(&records) {
            self.last_group = located[0].sequence;
            for (sent, located) in group.iter_mut().zip(located) {
                sent.located = Some(located);
            }
        } else {
            assert!(self.failed);
            // What a failed sync has lost before may be noticed just now.
            if self.faults.syncs == 0.0 {
                assert_eq!((self.log().held(), self.log().held_bytes()), before);
            }
        }
        self.model.sent.append(&mut group);
        self.shake();
    }

    pub(crate) fn sync(&mut self) {
        let synced = self.log().sync();
        assert!(synced.is_ok() || self.failed, "{synced:?}");
        self.model.synced(synced.is_ok());
        self.shake();
    }

    /// Reads some records where the last ones were read, and perhaps gets them done.
    fn read_on(&mut self) {
        let start = self.log().start();
        let (mut cursor, mut last) = self.cursor.unwrap_or((start, None));
        let mut read = Vec::new();
        for _ in 0..self.rng.random_range(1..6) {
            match self.log().read(&mut cursor) {
                Ok(Some(stored)) => {
                    let next = self.model.held().find(|sent| {
                        let sequence = sent.located.map(|located| located.sequence);
                        sequence > last && (sent.is(&stored) || !sent.shaky)
                    });
                    let left = self.model.sent.iter().find(|sent| sent.located.is_none() && sent.is(&stored));
                    if left.is_none_or(|left| !left.shaky) {
                        assert_eq!(next.expect("not done").located, Some(stored.located));
                        assert!(next.is_some_and(|next| next.is(&stored)), "{stored:?}");
                    }
                    last = Some(stored.located.sequence);
                    read.push(stored.located);
                }
                Ok(None) => break,
                Err(error) => assert!(self.faults.reads > 0.0, "{error}"),
            }
        }
        self.cursor = Some((cursor, last));
        if self.rng.random_bool(0.7) {
            self.get_done(&read);
        }
    }

    /// Where the group that was appended last begins.
    pub(crate) fn last_group(&self) -> u64 {
        self.last_group
    }

    /// Gets any of the records done, in any order.
    pub(crate) fn done(&mut self) {
        let mut held: Vec<_> = self.model.held().filter_map(|sent| sent.located).collect();
        if self.rng.random_bool(0.7) {
            held.shuffle(&mut self.rng);
        }
        let some = self.rng.random_range(0..=held.len());
        self.get_done(&held[..some]);
    }

    fn get_done(&mut self, records: &[Located]) {
        let written = self.log().done(records);
        assert!(written.is_ok() || self.failed, "{written:?}");
        for sent in self.model.sent.iter_mut().filter(|sent| !sent.done) {
            if sent.located.is_some_and(|located| records.contains(&located)) {
                (sent.done, sent.done_failed) = (true, written.is_err());
            }
        }
        self.shake();
    }

    /// Reads everything and compares.
    fn read_all(&mut self, since: Since) {
        self.shake();
        let read = drain(self.log());
        self.model.check(&read, since);
        self.model.check_held(self.log.as_ref().expect("open"));
        let damage = self.log().take_damage();
        assert_eq!(
            Damage { torn_bytes: 0, ..damage },
            Damage::default(),
            "nothing that was durable is damaged"
        );
        if !self.failed {
            let on_disk = self.on_disk();
            assert_eq!(self.log().disk_bytes(), on_disk);
        }
    }

    fn on_disk(&self) -> u64 {
        let length = |name: &String| self.disk.open(name).and_then(|file| file.length()).expect("length");
        self.disk.list().expect("list").iter().filter(|name| name.contains('.')).map(length).sum()
    }

    fn reopen(&mut self, since: Since) {
        self.log = None;
        if since == Since::Crash {
            self.disk.crash(&mut self.rng);
        }
        let damage = self.open();
        assert_eq!(
            Damage { torn_bytes: 0, ..damage },
            Damage::default(),
            "nothing that was durable is damaged"
        );
        self.read_all(since);
    }

    pub(crate) fn close(&mut self) {
        let closed = self.log.take().expect("open").close();
        assert!(closed.is_ok() || self.failed, "{closed:?}");
        self.model.synced(closed.is_ok());
        self.shake();
        self.reopen(Since::Kill);
    }

    /// When the disk is sound again, everything can be done, and nothing is left but one segment.
    pub(crate) fn end(&mut self) {
        self.set_faults(Faults::default());
        self.disk.set_capacity(u64::MAX);
        self.read_all(Since::Same);
        // A failure that was not told yet.
        self.log().sync().ok();
        self.append();
        self.log().sync().expect("sound");
        self.read_all(Since::Same);
        let all: Vec<_> = self.model.held().filter_map(|sent| sent.located).collect();
        self.log().done(&all).expect("sound");
        assert_eq!((self.log().held(), self.log().held_bytes()), (vec![], 0));
        assert!(drain(self.log()).is_empty());
        let names = self.disk.list().expect("list");
        assert_eq!(names.iter().filter(|name| name.ends_with(".log")).count(), 1, "{names:?}");
        assert!(names.iter().filter(|name| name.ends_with(".done")).count() <= 1, "{names:?}");
    }
}
