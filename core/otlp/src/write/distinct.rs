use std::collections::HashMap;

use crate::wire::{Fields, Value};

/// Up to as many entries, looking at each of them is the fastest way to find one.
const FEW: usize = 32;

/// Makes the keys of the entries from `start` on distinct: the place of the first stays, with the value of the last.
/// Linear, however many there are.
pub(super) fn keep_last(number: u32, start: usize, out: &mut Vec<u8>) {
    let map = &out[start..];
    if are_distinct(number, map) {
        return;
    }
    let mut places: HashMap<&[u8], usize> = HashMap::new();
    let mut kept: Vec<&[u8]> = Vec::new();
    for (key, entry) in entries(number, map) {
        let place = *places.entry(key).or_insert(kept.len());
        match kept.get_mut(place) {
            Some(earlier) => *earlier = entry,
            None => kept.push(entry),
        }
    }
    let kept = kept.concat();
    out.truncate(start);
    out.extend_from_slice(&kept);
}

fn are_distinct(number: u32, map: &[u8]) -> bool {
    let mut few: [&[u8]; FEW] = [&[]; FEW];
    for (count, (key, _)) in entries(number, map).enumerate() {
        // Where there are too many to compare each with each, that is not known.
        if count == FEW || few[..count].contains(&key) {
            return false;
        }
        few[count] = key;
    }
    true
}

/// Keys and whole fields.
fn entries(number: u32, map: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    Fields::new(map).filter_map(move |field| match field.value {
        Value::Block(entry) if field.number == number => Some((key(entry), &map[field.start..field.end])),
        _ => None,
    })
}

/// As it was written here: the key is the first field, unless it is empty.
fn key(entry: &[u8]) -> &[u8] {
    match Fields::new(entry).next().map(|field| (field.number, field.value)) {
        Some((1, Value::Block(key))) => key,
        _ => &[],
    }
}
