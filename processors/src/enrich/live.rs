//! Tables in use, of which new versions may come at any time.

use super::{
    counts::TableCounts,
    table::{Fault, Source, Spec, Table},
};
use std::{
    io,
    path::Path,
    sync::{Arc, PoisonError, RwLock, mpsc},
    thread,
    time::Duration,
};
use tidewatch_component::{BuildContext, WatchedFile};

/// A table in use: whoever takes it has one version of it, for as long as it is needed.
pub(super) struct Live {
    pub(super) spec: Spec,
    pub(super) counts: TableCounts,
    current: RwLock<Arc<Table>>,
}

impl Live {
    /// Reads the first version. `number` counts the tables of the processor from 0.
    pub(super) fn open(
        spec: Spec,
        number: usize,
        context: &BuildContext,
    ) -> Result<(Arc<Self>, Option<WatchedFile>), Fault> {
        let (table, file, name) = match &spec.source {
            Source::Inline(rows) => (Table::inline(&spec, rows)?, None, format!("tables[{number}]")),
            Source::File { path, max_bytes, .. } => {
                let (file, bytes) = WatchedFile::open(path, *max_bytes);
                let bytes = bytes.map_err(|error| unreadable(&error))?;
                (Table::read(&spec, &bytes, None)?, Some(file), path.display().to_string())
            }
        };
        let counts = TableCounts::new(context, &name);
        counts.rows.set(table.len() as i64);
        let live = Self { spec, counts, current: RwLock::new(Arc::new(table)) };
        Ok((Arc::new(live), file))
    }

    /// The newest version that could be used.
    pub(super) fn table(&self) -> Arc<Table> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts a new version in the place of the one before, if it can be used: at once, and whole.
    fn replace(&self, bytes: io::Result<Vec<u8>>) -> Result<usize, Fault> {
        let bytes = bytes.map_err(|error| unreadable(&error))?;
        let table = Table::read(&self.spec, &bytes, Some(&self.table()))?;
        let rows = table.len();
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(table);
        Ok(rows)
    }
}

fn unreadable(error: &io::Error) -> Fault {
    Fault::new(format!("the file cannot be read: {error}"))
}

/// Looks at the files of tables in a thread of its own, until it is dropped.
pub(super) struct Watch {
    _stop: mpsc::Sender<()>,
}

/// A table and the file that it is in.
pub(super) type Watched = (Arc<Live>, WatchedFile);

impl Watch {
    /// None: there is nothing to watch, or no thread to do it.
    pub(super) fn start(mut tables: Vec<Watched>, interval: Duration) -> Option<Self> {
        if tables.is_empty() || interval.is_zero() {
            return None;
        }
        let (stop, stopped) = mpsc::channel::<()>();
        let look = move || {
            while stopped.recv_timeout(interval) == Err(mpsc::RecvTimeoutError::Timeout) {
                for (live, file) in &mut tables {
                    if let Some(bytes) = file.look() {
                        tell(live, file.path(), live.replace(bytes));
                    }
                }
            }
        };
        match thread::Builder::new().name("enrich-tables".to_owned()).spawn(look) {
            Ok(_) => Some(Self { _stop: stop }),
            Err(error) => {
                tracing::error!(%error, "no thread to look at tables: they stay as they are");
                None
            }
        }
    }
}

fn tell(live: &Live, path: &Path, outcome: Result<usize, Fault>) {
    let TableCounts { processor, pipeline, reloaded, broken, rows, .. } = &live.counts;
    let table = path.display();
    match outcome {
        Ok(count) => {
            reloaded.inc();
            rows.set(count as i64);
            tracing::info!(processor, pipeline, %table, rows = count, "a new version of a table is in use");
        }
        Err(fault) => {
            broken.inc();
            let (line, column) = fault.place.unzip();
            tracing::warn!(
                processor,
                pipeline,
                %table,
                line,
                column,
                error = fault.message,
                "a new version of a table cannot be used: the one before stays"
            );
        }
    }
}
