//! The directory that one agent owns.

mod error;
mod lock;
mod metrics;
mod names;
mod options;

pub use self::{
    error::StoreError,
    options::{Fsync, StoreOptions},
};

pub(crate) use self::metrics::StoreMetrics;

use self::lock::Lock;
use crate::{
    Disk, OwnerSummary, State, StateError, Storage,
    state::{Engine, Writing},
};
use std::{
    collections::HashSet,
    fs::{self, DirBuilder},
    io::{self, ErrorKind},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

/// Queue logs are below this directory, each in one of its own.
const QUEUES: &str = "queues";

/// A queue log that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueSummary {
    /// Whose it is.
    pub exporter: String,
    /// Bytes of its files.
    pub bytes: u64,
    /// Whether an exporter has asked for it since the store was opened.
    pub claimed: bool,
}

/// A directory with the state of components and the logs of queues. One agent at a time.
pub struct Store {
    options: StoreOptions,
    metrics: StoreMetrics,
    engine: Arc<Engine>,
    opened: Mutex<Option<Opened>>,
}

struct Opened {
    writer: JoinHandle<()>,
    claimed: HashSet<String>,
    _lock: Lock,
}

impl Store {
    /// A store that is not open. Touches nothing.
    pub fn new(options: StoreOptions) -> Arc<Self> {
        let metrics = StoreMetrics::new(&options.metrics, &options.name);
        Arc::new(Self { engine: Engine::new(&metrics), metrics, options, opened: Mutex::default() })
    }

    /// How it works.
    pub fn options(&self) -> &StoreOptions {
        &self.options
    }

    /// Makes the directory, takes its lock and opens the state. When it is open already, nothing happens. Waits
    /// for the disk, and for another agent that lets go of the lock.
    ///
    /// # Errors
    /// The directory cannot be used, another agent uses it, or the state cannot be read.
    pub fn open(&self) -> Result<(), StoreError> {
        let mut opened = self.opened();
        if opened.is_some() {
            return Ok(());
        }
        let directory = &self.options.directory;
        self.make_directory()?;
        let lock = Lock::take(directory, self.options.lock_timeout)?;
        let storage = Disk::new(directory).map_err(failed(directory))?;
        let writing = Writing {
            sync: self.options.fsync != Fsync::Never,
            pause: match self.options.fsync {
                Fsync::Interval => self.options.fsync_interval,
                Fsync::Always | Fsync::Never => Duration::ZERO,
            },
            recreate: self.options.recreate,
            compact: self.options.compact,
        };
        let writer = self
            .engine
            .open(Arc::new(storage), writing, self.metrics.clone())
            .map_err(|error| StoreError::State { directory: directory.clone(), error })?;
        *opened = Some(Opened { _lock: lock, writer, claimed: HashSet::new() });
        Ok(())
    }

    /// Writes what waits, closes the state and gives the lock back. Waits for the disk. Queues that are still in
    /// use are not closed: their exporters come first.
    pub fn close(&self) {
        let Some(opened) = self.opened().take() else { return };
        self.engine.close();
        if opened.writer.join().is_err() {
            tracing::error!("the thread that writes the state has panicked");
        }
    }

    /// What `owner` remembers, such as `file_log/app` or `outbox/webhook`; usable once the store is open.
    pub fn state(&self, owner: &str) -> State {
        State::new(owner, self.engine.clone())
    }

    /// Everybody who remembers something, by name.
    ///
    /// # Errors
    /// The store is not open, or the disk cannot be read.
    pub fn owners(&self) -> Result<Vec<OwnerSummary>, StateError> {
        self.engine.owners()
    }

    /// The directory of an exporter's queue log, made if it is missing, and claimed from now on.
    ///
    /// # Errors
    /// The store is not open, or the directory cannot be made.
    pub fn queue(&self, exporter: &str) -> Result<Arc<dyn Storage>, StoreError> {
        let mut opened = self.opened();
        let opened = opened.as_mut().ok_or_else(|| self.closed())?;
        let path = self.queue_directory(exporter)?;
        self.make(&path).and_then(|()| Disk::new(&path)).map_err(failed(&path)).map(|disk| {
            opened.claimed.insert(exporter.to_owned());
            Arc::new(disk) as Arc<dyn Storage>
        })
    }

    /// An exporter lets go of its queue, which stays where it is.
    pub fn release(&self, exporter: &str) {
        if let Some(opened) = self.opened().as_mut() {
            opened.claimed.remove(exporter);
        }
    }

    /// All queue logs that there are, by exporter.
    ///
    /// # Errors
    /// The store is not open, or the disk cannot be read.
    pub fn queues(&self) -> Result<Vec<QueueSummary>, StoreError> {
        let opened = self.opened();
        let opened = opened.as_ref().ok_or_else(|| self.closed())?;
        let path = self.options.directory.join(QUEUES);
        let names = match fs::read_dir(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            read => read.map_err(failed(&path))?,
        };
        let mut queues = Vec::new();
        for name in names {
            let name = name.map_err(failed(&path))?;
            let Some(exporter) = name.file_name().to_str().and_then(names::unescape) else { continue };
            let bytes = size(&name.path()).map_err(failed(&name.path()))?;
            queues.push(QueueSummary { claimed: opened.claimed.contains(&exporter), bytes, exporter });
        }
        queues.sort_by(|one, other| one.exporter.cmp(&other.exporter));
        Ok(queues)
    }

    /// Removes an exporter's queue log with all that is in it. False: there was none.
    ///
    /// # Errors
    /// The store is not open, the queue is in use, or the disk refuses.
    pub fn drop_queue(&self, exporter: &str) -> Result<bool, StoreError> {
        let opened = self.opened();
        if opened.as_ref().ok_or_else(|| self.closed())?.claimed.contains(exporter) {
            return Err(StoreError::Claimed(exporter.to_owned()));
        }
        let path = self.queue_directory(exporter)?;
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            removed => removed.map(|()| true).map_err(failed(&path)),
        }
    }

    fn make_directory(&self) -> Result<(), StoreError> {
        let directory = &self.options.directory;
        match fs::metadata(directory) {
            Ok(found) if found.is_dir() => Ok(()),
            Ok(_) => Err(failed(directory)(ErrorKind::NotADirectory.into())),
            Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(directory)(error)),
            Err(_) if !self.options.create_directory => Err(StoreError::Missing(directory.clone())),
            Err(_) => self.make(directory).map_err(failed(directory)),
        }
    }

    /// Makes a directory with those above it, and their names durable.
    fn make(&self, path: &Path) -> io::Result<()> {
        let missing: Vec<&Path> = path.ancestors().take_while(|path| !path.exists()).collect();
        for path in missing.into_iter().rev().filter(|path| !path.as_os_str().is_empty()) {
            match DirBuilder::new().mode(self.options.directory_permissions).create(path) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
            let above = path.parent().filter(|above| !above.as_os_str().is_empty());
            fs::File::open(above.unwrap_or(Path::new(".")))?.sync_all()?;
        }
        Ok(())
    }

    fn queue_directory(&self, exporter: &str) -> Result<PathBuf, StoreError> {
        let name = names::escape(exporter).ok_or_else(|| StoreError::Name(exporter.to_owned()))?;
        Ok(self.options.directory.join(QUEUES).join(name))
    }

    fn closed(&self) -> StoreError {
        StoreError::Closed(self.options.directory.clone())
    }

    fn opened(&self) -> MutexGuard<'_, Option<Opened>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.close();
    }
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    |error| StoreError::Io { path, error }
}

/// Bytes of all files below a directory.
fn size(directory: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let found = entry.metadata()?;
        bytes += if found.is_dir() { size(&entry.path())? } else { found.len() };
    }
    Ok(bytes)
}
