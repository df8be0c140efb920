use std::collections::BTreeMap;
use std::io::{self, ErrorKind};

use rand::Rng;

use super::content::chance;

/// What a name stands for, by its number.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Node {
    File(usize),
    Directory(usize),
}

/// The entries of a directory: as programs see them, as the disk has them, and how they came to differ.
#[derive(Default)]
pub(super) struct Names {
    pub(super) seen: BTreeMap<String, Node>,
    durable: BTreeMap<String, Node>,
    dirty: Vec<Change>,
}

enum Change {
    Create(String, Node),
    Rename(String, String),
    Remove(String),
}

impl Names {
    pub(super) fn file(&self, name: &str) -> io::Result<usize> {
        match self.seen.get(name) {
            Some(Node::File(file)) => Ok(*file),
            Some(Node::Directory(_)) => Err(ErrorKind::IsADirectory.into()),
            None => Err(ErrorKind::NotFound.into()),
        }
    }

    pub(super) fn create(&mut self, name: &str, node: Node) {
        self.change(Change::Create(name.into(), node));
    }

    pub(super) fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        self.file(from)?;
        self.change(Change::Rename(from.into(), to.into()));
        Ok(())
    }

    pub(super) fn remove(&mut self, name: &str) -> io::Result<()> {
        self.file(name)?;
        self.change(Change::Remove(name.into()));
        Ok(())
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.seen);
        self.dirty.push(change);
    }

    pub(super) fn sync(&mut self) {
        for change in self.dirty.drain(..) {
            change.apply(&mut self.durable);
        }
    }

    /// Each change that was not synced has happened, or not.
    pub(super) fn crash(&mut self, rng: &mut impl Rng) {
        let chance = chance(rng);
        for change in self.dirty.drain(..) {
            if rng.random_bool(chance) {
                change.apply(&mut self.durable);
            }
        }
        self.seen.clone_from(&self.durable);
    }
}

impl Change {
    fn apply(&self, entries: &mut BTreeMap<String, Node>) {
        match self {
            Self::Create(name, node) => {
                entries.insert(name.clone(), *node);
            }
            Self::Rename(from, to) => {
                // What was created under the old name may be lost; then there is nothing to rename.
                if let Some(node) = entries.remove(from) {
                    entries.insert(to.clone(), node);
                }
            }
            Self::Remove(name) => {
                entries.remove(name);
            }
        }
    }
}
