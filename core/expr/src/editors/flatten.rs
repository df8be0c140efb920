//! Nested maps and lists, moved up into one map.

use super::{Editor, Function, editor, maps::edit_map};
use crate::{
    Failure, RecordMut,
    arguments::Arguments,
    error::Wrong,
    limits::{MAX_VALUE, fits},
    path::Path,
};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};
use tidewatch_otlp::{
    views::{AttributesView, ValueView},
    write::MapWriter,
};

pub(super) static TABLE: &[Function] =
    &[editor("flatten", &["target", "prefix?", "depth?", "resolve_conflicts?"], flatten)];

#[derive(Debug)]
struct Flatten {
    target: Path,
    prefix: String,
    depth: usize,
    resolve_conflicts: bool,
}

fn flatten(arguments: &mut Arguments) -> Result<Arc<dyn Editor>, Wrong> {
    let depth_at = arguments.offset_of("depth");
    let depth = arguments
        .optional_integer("depth")?
        .map(|depth| usize::try_from(depth).map_err(|_| Wrong::new(depth_at, "the depth is not negative")));
    Ok(Arc::new(Flatten {
        depth: depth.transpose()?.unwrap_or(usize::MAX),
        prefix: arguments
            .optional_text("prefix")?
            .filter(|prefix| !prefix.is_empty())
            .map_or_else(String::new, |prefix| format!("{prefix}.")),
        resolve_conflicts: arguments.optional_flag("resolve_conflicts")?.unwrap_or(false),
        target: arguments.path("target")?,
    }))
}

impl Editor for Flatten {
    fn edit<'a>(&'a self, record: &mut RecordMut<'_, 'a>) -> Result<(), Failure> {
        edit_map(&self.target, record, |map, arena| {
            let mut leaves = Leaves { of: self, found: Vec::new(), names: Names::default(), size: 0 };
            leaves.map(map, &self.prefix, 0)?;
            let bytes = arena.write(|out| {
                let mut flat = MapWriter::new(1, out);
                leaves.found.iter().for_each(|(key, value)| flat.put(key, *value));
                flat.keep_last();
            });
            Ok(AttributesView::of_map(bytes))
        })
    }
}

struct Leaves<'f, 'a> {
    of: &'f Flatten,
    found: Vec<(String, ValueView<'a>)>,
    names: Names,
    /// Bytes of all keys.
    size: usize,
}

impl<'a> Leaves<'_, 'a> {
    fn map(&mut self, map: AttributesView<'a>, prefix: &str, depth: usize) -> Result<(), Failure> {
        map.iter().try_for_each(|(key, value)| self.value(format!("{prefix}{key}"), value, depth))
    }

    fn value(&mut self, key: String, value: ValueView<'a>, depth: usize) -> Result<(), Failure> {
        match value {
            ValueView::KvList(map) if depth < self.of.depth => self.map(map, &format!("{key}."), depth + 1),
            ValueView::Array(list) if depth < self.of.depth => {
                list.iter().enumerate().try_for_each(|(index, value)| {
                    // Where conflicts are resolved, the values of a list are conflicts.
                    let key = if self.of.resolve_conflicts { key.clone() } else { format!("{key}.{index}") };
                    self.value(key, value, depth + 1)
                })
            }
            _ => {
                let key = if self.of.resolve_conflicts { self.names.free(key) } else { key };
                self.size += key.len();
                if self.size > MAX_VALUE {
                    return fits(self.size);
                }
                self.found.push((key, value));
                Ok(())
            }
        }
    }
}

/// Keys that are taken, and the number behind the next one of each.
#[derive(Default)]
struct Names {
    taken: HashSet<String>,
    next: HashMap<String, usize>,
}

impl Names {
    fn free(&mut self, key: String) -> String {
        if self.taken.insert(key.clone()) {
            return key;
        }
        let next = self.next.entry(key.clone()).or_default();
        loop {
            let numbered = format!("{key}.{next}");
            *next += 1;
            if self.taken.insert(numbered.clone()) {
                return numbered;
            }
        }
    }
}
