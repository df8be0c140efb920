//! The file: a redb database with one table of entries, and a format.

use super::{Change, Entry, StateError, backend::Backend};
use crate::Storage;
use redb::{ReadableDatabase, ReadableTable, StorageBackend, TableDefinition, backends::InMemoryBackend};
use std::{
    collections::BTreeMap,
    io::ErrorKind,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::SystemTime,
};

/// The file's name.
const FILE: &str = "state.redb";
/// A file in the making.
const NEW_FILE: &str = "state.redb.new";

/// What this version reads and writes.
const FORMAT: u64 = 1;

/// Pages kept in memory. State is read at the start and only written after that.
const CACHE: usize = 4 << 20;

/// Owner and key, version and value.
const ENTRIES: TableDefinition<'_, (&str, &str), (u16, &[u8])> = TableDefinition::new("entries");
const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
const FORMAT_KEY: &str = "format";

pub(crate) struct Database {
    database: redb::Database,
}

/// What one owner has in a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerSummary {
    /// Who.
    pub owner: String,
    /// How many entries.
    pub entries: usize,
    /// Bytes of keys and values.
    pub bytes: usize,
    /// The versions that its entries have, the lowest first.
    pub versions: Vec<u16>,
}

impl Database {
    /// Opens the file, a new one if there is none. Every page of it is checked. `sync_failed` is set when a sync of it
    /// fails; without `sync` there is only one, at the end.
    pub(super) fn open(
        storage: &dyn Storage,
        sync: bool,
        sync_failed: &Arc<AtomicBool>,
    ) -> Result<Self, StateError> {
        if storage.list()?.iter().any(|name| name == FILE) {
            // It may be there only because nothing has crashed since.
            storage.sync()?;
        } else {
            drop(Self::create(storage, sync, sync_failed)?);
            rename(storage, NEW_FILE, FILE)?;
        }
        let opened = Self::new(Backend::open(storage, FILE, sync, sync_failed.clone())?)?;
        opened.check_format()?;
        Ok(opened)
    }

    /// After a failed sync the file may not be what can be read of it: some pages are on the disk, others only seem to
    /// be. Nothing may be written to it any more, or the last state that is whole would be overwritten. What can be
    /// read goes into a new file.
    pub(super) fn renew(storage: &dyn Storage) -> Result<(), StateError> {
        let old = Self::new(in_memory(storage)?)?;
        let sync_failed = Arc::new(AtomicBool::new(false));
        let new = Self::create(storage, true, &sync_failed)?;
        new.copy(&old)?;
        drop(new);
        if sync_failed.load(Relaxed) {
            return Err(StateError::Io("a sync failed".into()));
        }
        rename(storage, NEW_FILE, FILE)
    }

    /// Gives a damaged file another name, which is returned.
    pub(super) fn put_aside(storage: &dyn Storage) -> Result<String, StateError> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let aside = format!("{FILE}.corrupt-{}", now.as_secs());
        rename(storage, FILE, &aside)?;
        Ok(aside)
    }

    /// Begins a file under another name than the one that says that it is complete.
    fn create(storage: &dyn Storage, sync: bool, sync_failed: &Arc<AtomicBool>) -> Result<Self, StateError> {
        match storage.remove(NEW_FILE) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        let new = Self::new(Backend::open(storage, NEW_FILE, sync, sync_failed.clone())?)?;
        new.write_format()?;
        Ok(new)
    }

    fn new(backend: impl StorageBackend) -> Result<Self, StateError> {
        let database = redb::Builder::new()
            .set_cache_size(CACHE)
            .set_check_integrity_on_open(true)
            .create_with_backend(backend)
            .map_err(redb::Error::from)?;
        Ok(Self { database })
    }

    fn write_format(&self) -> Result<(), redb::Error> {
        let transaction = self.database.begin_write()?;
        transaction.open_table(META)?.insert(FORMAT_KEY, FORMAT)?;
        transaction.open_table(ENTRIES)?;
        Ok(transaction.commit()?)
    }

    fn check_format(&self) -> Result<(), StateError> {
        let found = || -> Result<Option<u64>, redb::Error> {
            let table = self.database.begin_read()?.open_table(META)?;
            Ok(table.get(FORMAT_KEY)?.map(|format| format.value()))
        };
        let found = match found() {
            // An empty file becomes an empty database.
            Err(redb::Error::TableDoesNotExist(_)) => None,
            found => found?,
        };
        match found {
            Some(FORMAT) => Ok(()),
            Some(found) if found > FORMAT => Err(StateError::Newer { found, known: FORMAT }),
            other => Err(StateError::Corrupt(format!("its format is {other:?}"))),
        }
    }

    /// All entries of an owner, by their keys.
    pub(super) fn entries(&self, owner: &str) -> Result<Vec<Entry>, redb::Error> {
        let table = self.database.begin_read()?.open_table(ENTRIES)?;
        let mut entries = Vec::new();
        for found in table.range((owner, "")..)? {
            let (name, value) = found?;
            let (of, key) = name.value();
            if of != owner {
                break;
            }
            entries.push(entry(key, value.value()));
        }
        Ok(entries)
    }

    pub(super) fn entry(&self, owner: &str, key: &str) -> Result<Option<Entry>, redb::Error> {
        let table = self.database.begin_read()?.open_table(ENTRIES)?;
        Ok(table.get((owner, key))?.map(|found| entry(key, found.value())))
    }

    /// Everybody who has entries.
    pub(super) fn owners(&self) -> Result<Vec<OwnerSummary>, redb::Error> {
        let table = self.database.begin_read()?.open_table(ENTRIES)?;
        let mut owners: BTreeMap<String, OwnerSummary> = BTreeMap::new();
        for found in table.iter()? {
            let (name, found) = found?;
            let ((owner, key), (version, value)) = (name.value(), found.value());
            if !owners.contains_key(owner) {
                let owner = owner.to_owned();
                let none = OwnerSummary { owner: owner.clone(), entries: 0, bytes: 0, versions: Vec::new() };
                owners.insert(owner, none);
            }
            let Some(summary) = owners.get_mut(owner) else { continue };
            summary.entries += 1;
            summary.bytes += key.len() + value.len();
            if let Err(place) = summary.versions.binary_search(&version) {
                summary.versions.insert(place, version);
            }
        }
        Ok(owners.into_values().collect())
    }

    /// One transaction.
    pub(super) fn write<'c>(
        &self,
        changes: impl Iterator<Item = (&'c str, &'c Change)>,
    ) -> Result<(), redb::Error> {
        let transaction = self.database.begin_write()?;
        let mut table = transaction.open_table(ENTRIES)?;
        for (owner, change) in changes {
            match change {
                Change::Put { key, version, value } => {
                    table.insert((owner, key.as_str()), (*version, value.as_slice()))?;
                }
                Change::Remove { key } => {
                    table.remove((owner, key.as_str()))?;
                }
            }
        }
        drop(table);
        Ok(transaction.commit()?)
    }

    fn copy(&self, from: &Self) -> Result<(), redb::Error> {
        let transaction = self.database.begin_write()?;
        let mut table = transaction.open_table(ENTRIES)?;
        for found in from.database.begin_read()?.open_table(ENTRIES)?.iter()? {
            let (name, value) = found?;
            table.insert(name.value(), value.value())?;
        }
        drop(table);
        Ok(transaction.commit()?)
    }

    /// Gives unused room in the file back to the disk.
    pub(super) fn compact(&mut self) -> Result<(), redb::Error> {
        self.database.compact()?;
        Ok(())
    }
}

/// The file as it can be read, with nothing of it touched.
fn in_memory(storage: &dyn Storage) -> Result<InMemoryBackend, StateError> {
    let file = storage.open(FILE)?;
    let memory = InMemoryBackend::new();
    let length = file.length()?;
    memory.set_len(length)?;
    let (mut offset, mut buffer) = (0, vec![0; 1 << 20]);
    while offset < length {
        let read = file.read_at(&mut buffer, offset)?;
        if read == 0 {
            return Err(StateError::Corrupt("the file has become shorter".into()));
        }
        memory.write(offset, &buffer[..read])?;
        offset += read as u64;
    }
    Ok(memory)
}

fn rename(storage: &dyn Storage, from: &str, to: &str) -> Result<(), StateError> {
    storage.rename(from, to)?;
    Ok(storage.sync()?)
}

fn entry(key: &str, (version, value): (u16, &[u8])) -> Entry {
    Entry { key: key.to_owned(), version, value: value.to_vec() }
}
