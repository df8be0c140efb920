//! All files of a receiver, and the work on them that waits for the disk.

use super::{
    Plan,
    checkpoints::Checkpoints,
    config::{Compression, FileLogConfig, StartAt},
    fingerprint::FileId,
    glob::Globs,
    meters::Meters,
    ordering::Selection,
    read::Reading,
    source::{OpenError, Source},
    tail::{Doubt, Stage, Tail},
    watch::Watch,
};
use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, VecDeque},
    fs::Metadata,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};
use tidewatch_component::StartError;
use tidewatch_store::Change;

/// Works on files in rounds: it looks what is there, and reads what has grown.
pub(super) struct Worker {
    pub(super) receiver: Arc<str>,
    pub(super) rules: Rules,
    pub(super) globs: Arc<Globs>,
    pub(super) selection: Option<Selection>,
    pub(super) reading: Reading,
    pub(super) watch: Watch,
    pub(super) meters: Meters,
    pub(super) checkpoints: Checkpoints,
    pub(super) tails: HashMap<u64, Tail>,
    /// By device and inode: those whose file is there, or still open.
    pub(super) places: HashMap<(u64, u64), u64>,
    /// Whose turn it is to be read.
    pub(super) ready: VecDeque<u64>,
    /// When entries without an end are taken as they are, and doubts are looked at again.
    pub(super) due: BinaryHeap<Reverse<(Instant, u64)>>,
    /// What cannot be read, and why; told once.
    pub(super) troubles: HashMap<PathBuf, String>,
    pub(super) times: Times,
}

/// What the configuration says about files.
pub(super) struct Rules {
    pub(super) start_at: StartAt,
    pub(super) compression: Compression,
    pub(super) poll_interval: Duration,
    pub(super) older_than: Option<Duration>,
    pub(super) max_open: usize,
    pub(super) delete: bool,
    pub(super) lock: bool,
}

/// When to do what.
pub(super) struct Times {
    /// Names have changed since the last look.
    pub(super) look_wanted: bool,
    pub(super) last_look: Option<Instant>,
    pub(super) next_look: Instant,
    pub(super) next_poll: Option<Instant>,
    /// Nothing is known from before: what is there now was there before we came.
    pub(super) first: bool,
    pub(super) too_many: bool,
}

impl Rules {
    pub(super) fn new(config: &FileLogConfig) -> Self {
        Self {
            start_at: config.start_at,
            compression: config.compression,
            poll_interval: config.poll_interval.into(),
            older_than: config.exclude_older_than.map(Duration::from),
            max_open: config.max_concurrent_files,
            delete: config.delete_after_read,
            lock: config.acquire_fs_lock,
        }
    }
}

impl Times {
    pub(super) fn new(first: bool) -> Self {
        let now = Instant::now();
        Self { look_wanted: false, last_look: None, next_look: now, next_poll: None, first, too_many: false }
    }
}

impl Worker {
    /// With all files that were known at the last stop.
    ///
    /// # Errors
    /// What was known cannot be read.
    pub(super) fn new(plan: &Plan) -> Result<Self, StartError> {
        let Plan { config, id, .. } = plan;
        let now = Instant::now();
        let owner = match id.split_once('/') {
            Some((_, name)) => format!("file_log/{name}"),
            None => "file_log".to_owned(),
        };
        let mut checkpoints = Checkpoints::new(plan.store.as_ref().map(|store| store.state(&owner)));
        let known = checkpoints.read(now)?;
        if plan.store.is_none() {
            tracing::info!(
                receiver = id,
                "without `storage`, a restart does not know how far files were read"
            );
        }
        let reading = Reading {
            pattern: plan.pattern.clone(),
            fingerprint: config.fingerprint_size.as_usize(),
            buffer: Vec::new(),
        };
        let mut worker = Self {
            receiver: id.as_str().into(),
            rules: Rules::new(config),
            globs: plan.globs.clone(),
            selection: config.ordering_criteria.clone().map(Selection::new),
            reading,
            watch: Watch::new(id),
            meters: Meters::new(&plan.metrics, id),
            checkpoints,
            tails: HashMap::new(),
            places: HashMap::new(),
            ready: VecDeque::new(),
            due: BinaryHeap::new(),
            troubles: HashMap::new(),
            times: Times::new(known.is_none()),
        };
        known.into_iter().flatten().for_each(|tail| worker.insert(tail));
        Ok(worker)
    }

    pub(super) fn wants_to_read(&self) -> bool {
        !self.ready.is_empty()
    }

    /// What the state does not know yet.
    pub(super) fn take_changes(&mut self) -> Vec<Change> {
        self.checkpoints.take_changes(&self.tails)
    }

    /// A file that was not known before: open, and in doubt.
    pub(super) fn add(&mut self, path: &Path, source: Source, metadata: &Metadata, now: Instant) -> u64 {
        let key = self.checkpoints.new_key();
        let mut tail = Tail::new(key, path, source, metadata, now);
        tail.doubt = Doubt::Fresh;
        self.insert(tail);
        key
    }

    pub(super) fn insert(&mut self, mut tail: Tail) {
        let key = tail.key;
        if let Some(source) = &tail.source {
            tail.watch = self.watch.file(source.file(), key);
            self.meters.open.inc();
        }
        if tail.id.place() != FileId::NOWHERE.place() {
            self.places.insert(tail.id.place(), key);
        }
        self.tails.insert(key, tail);
        self.enqueue(key);
    }

    /// Forgets a file and all that is known of it.
    pub(super) fn remove(&mut self, key: u64) -> Option<Tail> {
        let mut tail = self.tails.remove(&key)?;
        self.close(&mut tail);
        self.unplace(&tail);
        self.checkpoints.forget(key);
        Some(tail)
    }

    /// Nothing leads from its place to it any more.
    pub(super) fn unplace(&mut self, tail: &Tail) {
        if self.places.get(&tail.id.place()) == Some(&tail.key) {
            self.places.remove(&tail.id.place());
        }
    }

    /// Closes a file, and tells of its changes no more.
    pub(super) fn close(&mut self, tail: &mut Tail) {
        if let Some(watch) = tail.watch.take() {
            self.watch.forget(watch);
        }
        if tail.source.is_some() {
            self.meters.open.dec();
        }
        tail.close();
    }

    /// It is to be read, as soon as it is its turn.
    pub(super) fn enqueue(&mut self, key: u64) {
        let Some(tail) = self.tails.get_mut(&key) else { return };
        tail.more = true;
        if !tail.queued && !tail.under_way {
            tail.queued = true;
            self.ready.push_back(key);
        }
    }

    /// The file at this place, if it is known.
    pub(super) fn at(&self, id: &FileId) -> Option<u64> {
        let key = self.places.get(&id.place())?;
        self.tails.get(key).filter(|tail| tail.id.is_same(id)).map(|tail| tail.key)
    }

    /// Opens what is at a path, with others closed where too many are open.
    pub(super) fn open(&mut self, path: &Path) -> Result<(Source, Metadata), OpenError> {
        if self.meters.open.get() >= self.rules.max_open as i64 {
            self.close_idle();
        }
        let mut opened = Source::open(path, self.rules.compression);
        if let Err(OpenError::Io(error)) = &opened
            && error.raw_os_error().is_some_and(|code| {
                [rustix::io::Errno::MFILE, rustix::io::Errno::NFILE]
                    .iter()
                    .any(|errno| errno.raw_os_error() == code)
            })
        {
            self.close_idle();
            opened = Source::open(path, self.rules.compression);
        }
        opened
    }

    /// Closes an eighth of all that may be open: those that have been quiet for longest, and others if it must be.
    /// Their watches stay, and when it is their turn they are opened again.
    fn close_idle(&mut self) {
        let here = self.tails.values().filter(|tail| {
            tail.source.is_some() && tail.stage == Stage::Here && !matches!(tail.doubt, Doubt::Copy(_))
        });
        let mut order: Vec<_> = here.map(|tail| (!tail.is_idle(), tail.grown_at, tail.key)).collect();
        order.sort_unstable();
        order.truncate((self.rules.max_open / 8).max(1));
        for (_, _, key) in order {
            if let Some(tail) = self.tails.get_mut(&key) {
                tail.close();
                self.meters.open.dec();
            }
        }
    }

    /// Tells once why a file is not read. It is tried again.
    pub(super) fn trouble(&mut self, path: &Path, error: &impl std::fmt::Display) {
        let error = error.to_string();
        if self.troubles.get(path) != Some(&error) {
            tracing::warn!(receiver = &*self.receiver, path = %path.display(), error, "a file cannot be read; it is tried again");
            self.troubles.insert(path.to_owned(), error);
            self.meters.unreadable.set(self.troubles.len() as i64);
        }
    }

    pub(super) fn no_trouble(&mut self, path: &Path) {
        if !self.troubles.is_empty() && self.troubles.remove(path).is_some() {
            self.meters.unreadable.set(self.troubles.len() as i64);
        }
    }
}
