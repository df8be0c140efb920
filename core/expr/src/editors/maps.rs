//! Editors of maps: attributes, bodies, and maps in them.

use super::{Editor, Function, editor};
use crate::{
    Failure, RecordMut, Value, arguments::Arguments, error::Wrong, limits::fits, node::Node, path::Path,
    pattern::Pattern, text::text,
};
use smallvec::SmallVec;
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};
use tidewatch_otlp::{
    edit::{Arena, Entry},
    views::{AttributesView, ValueView},
    write::MapWriter,
};

pub(super) static TABLE: &[Function] = &[
    editor("delete_key", &["target", "key"], delete_key),
    editor("delete_keys", &["target", "keys"], |arguments| keys(arguments, false)),
    editor("delete_matching_keys", &["target", "pattern"], |arguments| matching_keys(arguments, false)),
    editor("keep_keys", &["target", "keys"], |arguments| keys(arguments, true)),
    editor("keep_matching_keys", &["target", "pattern"], |arguments| matching_keys(arguments, true)),
    editor("limit", &["target", "limit", "priority_keys"], limit),
    editor("merge_maps", &["target", "source", "strategy?"], merge_maps),
];

/// Replaces a map by what `edit` makes of it. Where there is none, nothing happens.
pub(super) fn edit_map<'a>(
    target: &'a Path,
    record: &mut RecordMut<'_, 'a>,
    edit: impl FnOnce(AttributesView<'a>, &'a Arena) -> Result<AttributesView<'a>, Failure>,
) -> Result<(), Failure> {
    let map = match target.read(&record.read())? {
        Value::Map(map) => map,
        Value::Nil => return target.leave(record),
        other => return Err(Failure::expected("a map", &other)),
    };
    let edited = edit(map, record.arena)?;
    if std::ptr::eq(edited.bytes(), map.bytes()) {
        return target.leave(record);
    }
    target.write(record, Value::Map(edited))
}

fn keep_if(keep: bool) -> Entry<'static> {
    if keep { Entry::Keep } else { Entry::Drop }
}

#[derive(Debug)]
struct DeleteKey {
    target: Path,
    key: Node,
}

fn delete_key(arguments: &mut Arguments) -> Result<Arc<dyn Editor>, Wrong> {
    Ok(Arc::new(DeleteKey { target: arguments.path("target")?, key: arguments.value("key")? }))
}

impl Editor for DeleteKey {
    fn edit<'a>(&'a self, record: &mut RecordMut<'_, 'a>) -> Result<(), Failure> {
        let key = match self.key.evaluate(&record.read())? {
            Value::Text(key) => key,
            other => return Err(Failure::expected("a key that is text", &other)),
        };
        edit_map(&self.target, record, |map, arena| Ok(map.without(key, arena)))
    }
}

/// `keep_keys` and `delete_keys`.
#[derive(Debug)]
struct Keys {
    target: Path,
    keys: Vec<Node>,
    keep: bool,
}

fn keys(arguments: &mut Arguments, keep: bool) -> Result<Arc<dyn Editor>, Wrong> {
    let target = arguments.path("target")?;
    Ok(Arc::new(Keys { target, keys: arguments.optional_list("keys")?.unwrap_or_default(), keep }))
}

impl Editor for Keys {
    fn edit<'a>(&'a self, record: &mut RecordMut<'_, 'a>) -> Result<(), Failure> {
        let keys = texts(&self.keys, record)?;
        edit_map(&self.target, record, |map, arena| {
            Ok(map.edited(arena, |key, _| keep_if(keys.contains(&key) == self.keep)))
        })
    }
}

fn texts<'a>(nodes: &'a [Node], record: &RecordMut<'_, 'a>) -> Result<Vec<&'a str>, Failure> {
    nodes.iter().map(|node| text(&node.evaluate(&record.read())?)).collect()
}

/// `keep_matching_keys` and `delete_matching_keys`.
#[derive(Debug)]
struct MatchingKeys {
    target: Path,
    pattern: Pattern,
    keep: bool,
}

fn matching_keys(arguments: &mut Arguments, keep: bool) -> Result<Arc<dyn Editor>, Wrong> {
    let target = arguments.path("target")?;
    Ok(Arc::new(MatchingKeys { target, pattern: Pattern::argument(arguments, "pattern")?, keep }))
}

impl Editor for MatchingKeys {
    fn edit<'a>(&'a self, record: &mut RecordMut<'_, 'a>) -> Result<(), Failure> {
        let found = self.target.read(&record.read())?;
        let Value::Map(map) = found else { return edit_map(&self.target, record, |map, _| Ok(map)) };
        let arena = record.arena;
        let edited = self.pattern.with(&record.read(), |regex| {
            map.edited(arena, |key, _| keep_if(regex.is_match(key) == self.keep))
        })?;
        edit_map(&self.target, record, |_, _| Ok(edited))
    }
}

/// Of the entries, those of the priority keys and the first others stay.
#[derive(Debug)]
struct Limit {
    target: Path,
    limit: usize,
    priority_keys: Vec<String>,
}

fn limit(arguments: &mut Arguments) -> Result<Arc<dyn Editor>, Wrong> {
    let (limit_at, keys_at) = (arguments.offset_of("limit"), arguments.offset_of("priority_keys"));
    let limit = arguments
        .optional_integer("limit")?
        .and_then(|limit| usize::try_from(limit).ok())
        .ok_or_else(|| Wrong::new(limit_at, "the limit is not negative"))?;
    let priority_keys = arguments.texts("priority_keys")?;
    if priority_keys.len() > limit {
        let message = format!("{} priority keys are more than the limit of {limit}", priority_keys.len());
        return Err(Wrong::new(keys_at, message));
    }
    Ok(Arc::new(Limit { target: arguments.path("target")?, limit, priority_keys }))
}

impl Editor for Limit {
    fn edit<'a>(&'a self, record: &mut RecordMut<'_, 'a>) -> Result<(), Failure> {
        edit_map(&self.target, record, |map, arena| {
            if map.iter().count() <= self.limit {
                return Ok(map);
            }
            let is_first = |key: &str| self.priority_keys.iter().any(|priority| priority == key);
            let firsts: HashSet<&str> = map.iter().map(|(key, _)| key).filter(|key| is_first(key)).collect();
            let mut others = self.limit - firsts.len();
            let mut seen = HashSet::new();
            Ok(map.edited(arena, |key, _| {
                if firsts.contains(key) {
                    // Further entries of one key would be beyond the limit.
                    return keep_if(seen.insert(key));
                }
                let keep = others > 0;
                others -= usize::from(keep);
                keep_if(keep)
            }))
        })
    }
}

#[derive(Debug)]
struct MergeMaps {
    target: Path,
    source: Node,
    strategy: Strategy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Strategy {
    Insert,
    Update,
    Upsert,
}

fn merge_maps(arguments: &mut Arguments) -> Result<Arc<dyn Editor>, Wrong> {
    let offset = arguments.offset_of("strategy");
    let strategy = match arguments.optional_text("strategy")?.as_deref() {
        Some("insert") => Strategy::Insert,
        Some("update") => Strategy::Update,
        None | Some("upsert") => Strategy::Upsert,
        Some(other) => {
            let message = format!("`{other}` is no strategy");
            return Err(Wrong::new(offset, message).help("it is `insert`, `update` or `upsert`"));
        }
    };
    let (target, source) = (arguments.path("target")?, arguments.value("source")?);
    Ok(Arc::new(MergeMaps { target, source, strategy }))
}

/// What is merged into a map, each key once.
#[derive(Default)]
struct News<'a> {
    entries: SmallVec<[New<'a>; FEW]>,
    /// Where each key stands, once there are more than a few.
    places: HashMap<&'a str, usize>,
}

struct New<'a> {
    key: &'a str,
    value: ValueView<'a>,
    /// Whether the map has the key.
    is_there: bool,
}

/// Up to as many entries, looking at each of them is the fastest way to find one.
const FEW: usize = 16;

impl<'a> News<'a> {
    fn find(&mut self, key: &str) -> Option<&mut New<'a>> {
        if self.entries.len() <= FEW {
            return self.entries.iter_mut().find(|one| one.key == key);
        }
        self.places.get(key).map(|place| &mut self.entries[*place])
    }

    fn add(&mut self, key: &'a str, value: ValueView<'a>) {
        self.entries.push(New { key, value, is_there: false });
        match self.entries.len() - 1 {
            place if place < FEW => {}
            FEW => {
                self.places = self.entries.iter().enumerate().map(|(place, one)| (one.key, place)).collect();
            }
            place => drop(self.places.insert(key, place)),
        }
    }
}

impl Editor for MergeMaps {
    /// A target that is not there yet is an empty map.
    fn edit<'a>(&'a self, record: &mut RecordMut<'_, 'a>) -> Result<(), Failure> {
        let source = match self.source.evaluate(&record.read())? {
            Value::Map(map) => map,
            other => return Err(Failure::expected("a map to merge", &other)),
        };
        let target = match self.target.read(&record.read())? {
            Value::Map(map) => map,
            Value::Nil => AttributesView::empty_map(),
            other => return Err(Failure::expected("a map", &other)),
        };
        fits(target.bytes().len().saturating_add(source.bytes().len()))?;
        let arena = record.arena;
        let mut new = News::default();
        for (key, value) in source.iter() {
            match new.find(key) {
                None => new.add(key, value),
                // Where a key repeats in the source, the last one counts; but what was inserted is there.
                Some(known) if self.strategy != Strategy::Insert => known.value = value,
                Some(_) => {}
            }
        }
        // A key that is there keeps its place; of one that repeats, the others go.
        let updated = target.edited(arena, |key, _| match new.find(key) {
            None => Entry::Keep,
            Some(known) => {
                let is_first = !std::mem::replace(&mut known.is_there, true);
                match self.strategy {
                    Strategy::Insert => Entry::Keep,
                    Strategy::Update | Strategy::Upsert if is_first => Entry::Replace(known.value),
                    Strategy::Update | Strategy::Upsert => Entry::Drop,
                }
            }
        });
        let bytes = arena.write(|out| {
            let mut added = MapWriter::new(1, out);
            let more = new.entries.iter().filter(|one| self.strategy != Strategy::Update && !one.is_there);
            more.for_each(|one| added.copy(one.key, one.value));
        });
        self.target.write(record, Value::Map(updated.and_all(AttributesView::of_map(bytes), arena)))
    }
}
