use rand::Rng;

/// What a disk writes whole or not at all, usually.
const SECTOR: usize = 512;

/// A file's bytes: as programs see them, as the disk has them, and how they came to differ.
#[derive(Default)]
pub(super) struct Content {
    pub(super) seen: Vec<u8>,
    durable: Vec<u8>,
    dirty: Vec<Dirty>,
}

enum Dirty {
    Write { offset: usize, bytes: Vec<u8> },
    Length(usize),
}

impl Content {
    pub(super) fn write(&mut self, bytes: &[u8], offset: usize) {
        if bytes.is_empty() {
            return;
        }
        put(&mut self.seen, bytes, offset);
        self.dirty.push(Dirty::Write { offset, bytes: bytes.to_vec() });
    }

    pub(super) fn set_length(&mut self, length: usize) {
        self.seen.resize(length, 0);
        self.dirty.push(Dirty::Length(length));
    }

    pub(super) fn sync(&mut self) {
        for dirty in self.dirty.drain(..) {
            match dirty {
                Dirty::Write { offset, bytes } => put(&mut self.durable, &bytes, offset),
                Dirty::Length(length) => self.durable.resize(length, 0),
            }
        }
    }

    /// A sync that failed: some of what was dirty reached the disk, and the kernel takes all of it for clean. Until
    /// the memory is needed, programs go on seeing what is lost.
    pub(super) fn fail_sync(&mut self, rng: &mut impl Rng) {
        self.survive(rng);
        if rng.random_bool(0.5) {
            self.seen.clone_from(&self.durable);
        }
    }

    pub(super) fn crash(&mut self, rng: &mut impl Rng) {
        self.survive(rng);
        self.seen.clone_from(&self.durable);
    }

    pub(super) fn flip(&mut self, byte: usize, bit: u8) {
        self.seen[byte] ^= 1 << bit;
        if let Some(byte) = self.durable.get_mut(byte) {
            *byte ^= 1 << bit;
        }
    }

    /// Brings any part of what is dirty to the disk: each sector of a write for itself, a sector perhaps only in part,
    /// and each change of the length.
    fn survive(&mut self, rng: &mut impl Rng) {
        let chance = chance(rng);
        let mut length = self.durable.len();
        for dirty in self.dirty.drain(..) {
            match dirty {
                Dirty::Length(new) => {
                    if rng.random_bool(chance) {
                        self.durable.resize(new, 0);
                        length = new;
                    }
                }
                Dirty::Write { offset, bytes } => {
                    for (at, sector) in sectors(&bytes, offset) {
                        if rng.random_bool(chance) {
                            put(&mut self.durable, sector, at);
                        } else if rng.random_bool(0.25) {
                            put(&mut self.durable, &sector[..rng.random_range(0..sector.len())], at);
                        }
                    }
                    if rng.random_bool(chance) {
                        length = length.max(offset + bytes.len());
                    }
                }
            }
        }
        self.durable.resize(length, 0);
    }
}

/// How likely a single change survives: often all or none do, which random bits alone would hardly ever try.
pub(super) fn chance(rng: &mut impl Rng) -> f64 {
    match rng.random_range(0..4) {
        0 => 0.0,
        1 => 1.0,
        _ => rng.random(),
    }
}

fn put(file: &mut Vec<u8>, bytes: &[u8], offset: usize) {
    if file.len() < offset + bytes.len() {
        file.resize(offset + bytes.len(), 0);
    }
    file[offset..offset + bytes.len()].copy_from_slice(bytes);
}

/// The parts of a write that lie in one sector of the disk each, and where.
fn sectors(mut bytes: &[u8], mut offset: usize) -> impl Iterator<Item = (usize, &[u8])> {
    std::iter::from_fn(move || {
        let (sector, rest) = bytes.split_at(bytes.len().min(SECTOR - offset % SECTOR));
        let at = offset;
        (bytes, offset) = (rest, offset + sector.len());
        (!sector.is_empty()).then_some((at, sector))
    })
}
