//! Files in which numbered records are stored as they were sent, and harm done to them.
//!
//! The judge knows nothing of an agent's format. It finds its own records by their numbers, whose bytes are the
//! same wherever they are kept.

use crate::{Result, items::NUMBER};
use rand::{Rng, rngs::SmallRng};
use std::{
    collections::BTreeSet,
    fs::File,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

/// A file that holds records.
#[derive(Debug)]
pub struct StoredFile {
    /// Where it is.
    pub path: PathBuf,
    /// What is in it, by place.
    pub written: Vec<Written>,
}

/// A record's number, and where in its file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// The first byte of the number's attribute.
    pub at: u64,
    /// The number.
    pub number: u64,
}

/// What was done to a file.
#[derive(Debug, Clone)]
pub struct Harm {
    /// For the reader.
    pub what: String,
    /// First numbers of requests that must be missing.
    pub certain: BTreeSet<u64>,
    /// First numbers of requests of which one at most may be missing: the harm is between them.
    pub either: BTreeSet<u64>,
}

impl StoredFile {
    /// The files below a folder that hold numbers, the one with the oldest number first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn all(folder: &Path) -> Result<Vec<Self>> {
        let mut found = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder)? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let written = numbers(&std::fs::read(&path)?);
                    if !written.is_empty() {
                        found.push(Self { path, written });
                    }
                }
            }
        }
        found.sort_by_key(|file| file.path.clone());
        Ok(found)
    }

    /// Cuts off the last part of what is stored.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn tear(&self, per_request: u64, chance: &mut SmallRng) -> Result<Harm> {
        // In the last tenth, or all would be missing.
        let from = self.written[self.written.len() * 9 / 10].at;
        let cut = chance.random_range(from..self.last());
        File::options().write(true).open(&self.path)?.set_len(cut)?;
        let gone = self.written.iter().filter(|written| written.at >= cut);
        let certain: BTreeSet<u64> = gone.map(|written| first_of(written.number, per_request)).collect();
        // What is behind the last number of the request before may be cut off, too.
        let before = self.around(cut).0.map(|number| first_of(number, per_request));
        let either = before.filter(|first| !certain.contains(first)).into_iter().collect();
        Ok(Harm { what: format!("torn at {cut}: {}", self.path.display()), certain, either })
    }

    /// Changes one bit between the first and the last number that is stored.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn flip(&self, per_request: u64, chance: &mut SmallRng) -> Result<Harm> {
        let at = chance.random_range(self.written[0].at..self.last());
        let bit = 1 << chance.random_range(0..8);
        let file = File::options().read(true).write(true).open(&self.path)?;
        let mut byte = [0];
        file.read_exact_at(&mut byte, at)?;
        file.write_all_at(&[byte[0] ^ bit], at)?;
        Ok(self.harm(&format!("bit {bit:#04x} flipped at {at}"), (at, at + 1), per_request))
    }

    /// Overwrites a sector between the first and the last number that is stored.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn overwrite(&self, per_request: u64, chance: &mut SmallRng) -> Result<Harm> {
        const SECTOR: u64 = 512;
        let at = chance.random_range(self.written[0].at..self.last()) / SECTOR * SECTOR;
        let file = File::options().write(true).open(&self.path)?;
        file.write_all_at(&[0xa5; SECTOR as usize], at)?;
        Ok(self.harm(&format!("sector overwritten at {at}"), (at, at + SECTOR), per_request))
    }

    fn harm(&self, what: &str, (from, to): (u64, u64), per_request: u64) -> Harm {
        let first = |number| first_of(number, per_request);
        let inside = self.written.iter().filter(|written| (from..to).contains(&written.at));
        let mut certain: BTreeSet<u64> = inside.map(|written| first(written.number)).collect();
        let before = self.around(from).0.map(first);
        let after = self.around(to).1.map(first);
        let mut either = BTreeSet::new();
        match (before, after) {
            (Some(before), Some(after)) if before == after => certain.extend([before]),
            (before, after) => either.extend(before.into_iter().chain(after)),
        }
        either.retain(|first| !certain.contains(first));
        Harm { what: format!("{what}: {}", self.path.display()), certain, either }
    }

    /// The numbers next to a place.
    fn around(&self, at: u64) -> (Option<u64>, Option<u64>) {
        let next = self.written.partition_point(|written| written.at < at);
        let before = next.checked_sub(1).map(|index| self.written[index].number);
        (before, self.written.get(next).map(|written| written.number))
    }

    fn last(&self) -> u64 {
        self.written.last().map_or(0, |written| written.at)
    }
}

fn first_of(number: u64, per_request: u64) -> u64 {
    number / per_request * per_request
}

/// Every number attribute in these bytes.
fn numbers(bytes: &[u8]) -> Vec<Written> {
    let key = NUMBER.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(next) = bytes[at..].windows(key.len()).position(|window| window == key) {
        at += next;
        if let Some(number) = behind(&bytes[at + key.len()..]).or_else(|| before(&bytes[..at])) {
            found.push(Written { at: at as u64, number });
        }
        at += key.len();
    }
    found
}

/// The value, an `AnyValue { int_value }`, where it follows its key.
fn behind(bytes: &[u8]) -> Option<u64> {
    let [0x12, length, value @ ..] = bytes else { return None };
    int_value(value.get(..usize::from(*length))?)
}

/// The same where it comes before its key: the order of fields is free, and the Collector writes them so.
fn before(bytes: &[u8]) -> Option<u64> {
    let (head, key) = bytes.split_at_checked(bytes.len().checked_sub(2)?)?;
    let is_value = |length: &usize| {
        head.len() >= length + 2 && head[head.len() - length - 2..][..2] == [0x12, *length as u8]
    };
    let length = (2..=11).find(is_value)?;
    if key == [0x0a, NUMBER.len() as u8] { int_value(&head[head.len() - length..]) } else { None }
}

fn int_value(bytes: &[u8]) -> Option<u64> {
    let [0x18, varint @ ..] = bytes else { return None };
    prost::encoding::decode_varint(&mut &*varint).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::items;
    use rand::SeedableRng;

    /// Four requests of five records, with something between them.
    fn stored(folder: &Path) -> StoredFile {
        let requests = (0..4).map(|request| items::request(request * 5..request * 5 + 5, 0));
        let bytes: Vec<u8> = requests.flat_map(|request| [b"head".as_slice(), &request].concat()).collect();
        std::fs::write(folder.join("log"), bytes).unwrap();
        StoredFile::all(folder).unwrap().pop().unwrap()
    }

    #[test]
    fn numbers_are_found_where_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let file = stored(folder.path());
        assert_eq!(
            file.written.iter().map(|written| written.number).collect::<Vec<_>>(),
            (0..20).collect::<Vec<_>>()
        );
    }

    #[test]
    fn a_value_may_come_before_its_key() {
        let bytes =
            [b"2\x15\x12\x03\x18\xac\x02\x0a\x0c", NUMBER.as_bytes(), b"2\x13\x12\x02\x18\0"].concat();
        assert_eq!(numbers(&bytes), [Written { at: 9, number: 300 }]);
    }

    #[test]
    fn harm_names_who_is_harmed() {
        let folder = tempfile::tempdir().unwrap();
        for seed in 0..50 {
            let file = stored(folder.path());
            let before = std::fs::read(&file.path).unwrap();
            let mut chance = SmallRng::seed_from_u64(seed);
            let harm = match seed % 3 {
                0 => file.flip(5, &mut chance),
                1 => file.overwrite(5, &mut chance),
                _ => file.tear(5, &mut chance),
            }
            .unwrap();
            assert_ne!(std::fs::read(&file.path).unwrap(), before);
            assert!(!harm.certain.is_empty() || harm.either.len() == 2, "{harm:?}");
        }
    }
}
