//! Writes numbered lines into files, at a steady rate, and rotates them.

use super::rotation::{self, Kind};
use crate::{Result, items, numbers::Numbers, sink::Record};
use std::{
    collections::VecDeque,
    fs::{self, File},
    io::Write,
    ops::Range,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// What is written.
#[derive(Debug, Clone)]
pub struct Writing {
    /// How many files.
    pub files: usize,
    /// Lines a second, in all of them together.
    pub rate: u64,
    /// Lines in a file before it is rotated.
    pub rotate_after: u64,
    /// The numbers that each file has for itself.
    pub per_file: u64,
}

/// A thread that writes. It writes until it is told to stop.
pub struct Writer {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<u64>>,
}

/// How many old files there are besides the one that grows. Older ones are removed, but none that is not delivered.
const GENERATIONS: usize = 5;
const PAUSE: Duration = Duration::from_millis(20);

impl Writer {
    /// Starts to write into this folder, and notes in `written` what is written. The record says what has arrived.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn start(
        folder: PathBuf,
        writing: Writing,
        written: Arc<Numbers>,
        record: Arc<Record>,
    ) -> Result<Self> {
        fs::create_dir_all(&folder)?;
        let stop = Arc::new(AtomicBool::new(false));
        let (is_over, began) = (stop.clone(), Instant::now());
        let thread = std::thread::spawn(move || {
            let mut logs: Vec<LogFile> =
                (0..writing.files).map(|index| LogFile::new(&folder, index, &writing)).collect();
            let mut lines = 0;
            while !is_over.load(Relaxed) {
                std::thread::sleep(PAUSE);
                let due = (began.elapsed().as_secs_f64() * writing.rate as f64) as u64;
                let each = (due.saturating_sub(lines) / writing.files as u64).max(1);
                for log in &mut logs {
                    log.write(each, &written, &record)?;
                    log.rotate_if_due(writing.rotate_after, &record)?;
                }
                lines += each * writing.files as u64;
            }
            Ok(logs.iter().map(|log| log.rotations).sum())
        });
        Ok(Self { stop, thread })
    }

    /// Stops, and says how many rotations there were.
    ///
    /// # Errors
    /// When something could not be written.
    pub fn stop(self) -> Result<u64> {
        self.stop.store(true, Relaxed);
        self.thread.join().map_err(|_| "the writer panicked")?
    }
}

/// A file that grows, and those it was before.
struct LogFile {
    path: PathBuf,
    kind: Kind,
    file: Option<File>,
    numbers: Range<u64>,
    /// The first number in the file that grows.
    first: u64,
    /// The numbers of older files, the newest first.
    older: VecDeque<Range<u64>>,
    rotations: u64,
}

impl LogFile {
    fn new(folder: &Path, index: usize, writing: &Writing) -> Self {
        let kind = Kind::of(index);
        let first = index as u64 * writing.per_file;
        Self {
            path: folder.join(format!("{index:02}-{kind:?}.log").to_lowercase()),
            kind,
            file: None,
            numbers: first..first + writing.per_file,
            first,
            older: VecDeque::new(),
            rotations: 0,
        }
    }

    fn write(&mut self, lines: u64, written: &Numbers, record: &Record) -> Result<()> {
        let numbers = self.numbers.start..self.numbers.end.min(self.numbers.start + lines);
        let text: String = numbers.clone().map(|number| items::line(number) + "\n").collect();
        let file = match &mut self.file {
            Some(file) => file,
            file => file.insert(File::options().create(true).append(true).open(&self.path)?),
        };
        file.write_all(text.as_bytes())?;
        self.numbers.start = numbers.end;
        numbers.clone().for_each(|number| record.times.written(number));
        written.extend(numbers);
        Ok(())
    }

    fn rotate_if_due(&mut self, after: u64, record: &Record) -> Result<()> {
        if self.numbers.start - self.first < after {
            return Ok(());
        }
        let is_delivered = |range: &Range<u64>| range.clone().all(|number| record.accepted.contains(number));
        let full = self.first..self.numbers.start;
        if self.kind == Kind::Delete {
            if !is_delivered(&full) {
                return Ok(());
            }
        } else if self.older.len() == GENERATIONS {
            if !self.older.back().is_some_and(is_delivered) {
                return Ok(());
            }
            self.older.pop_back();
            rotation::forget(&self.path, GENERATIONS)?;
        }
        self.kind.rotate(&self.path, self.older.len())?;
        if self.kind != Kind::Delete {
            self.older.push_front(full);
        }
        // What is truncated is appended to as before; anything else is a new file.
        if self.kind != Kind::CopyTruncate {
            self.file = None;
        }
        self.first = self.numbers.start;
        self.rotations += 1;
        Ok(())
    }
}
