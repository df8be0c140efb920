//! Editors of all values of a map.

use super::{Editor, Function, editor, maps::edit_map};
use crate::{Failure, RecordMut, arguments::Arguments, error::Wrong, limits::fits, path::Path};
use std::sync::Arc;
use tidewatch_otlp::{edit::Entry, views::ValueView};

pub(super) static TABLE: &[Function] = &[
    editor("stringify_all", &["target"], stringify_all),
    editor("truncate_all", &["target", "limit", "utf8_safe?", "truncation_marker?"], truncate_all),
];

#[derive(Debug)]
struct StringifyAll(Path);

fn stringify_all(arguments: &mut Arguments) -> Result<Arc<dyn Editor>, Wrong> {
    Ok(Arc::new(StringifyAll(arguments.path("target")?)))
}

impl Editor for StringifyAll {
    fn edit<'a>(&'a self, record: &mut RecordMut<'_, 'a>) -> Result<(), Failure> {
        edit_map(&self.0, record, |map, arena| {
            // No value becomes six times as long: a character of a text in JSON does at most.
            fits(map.bytes().len().saturating_mul(6))?;
            Ok(map.edited(arena, |_, value| match value {
                ValueView::Str(_) => Entry::Keep,
                other => Entry::Replace(ValueView::Str(arena.text(&other.to_string()))),
            }))
        })
    }
}

/// Bytes, with the marker in them. No character is cut, so `utf8_safe` changes nothing.
#[derive(Debug)]
struct TruncateAll {
    target: Path,
    limit: usize,
    marker: String,
}

fn truncate_all(arguments: &mut Arguments) -> Result<Arc<dyn Editor>, Wrong> {
    let (limit_at, marker_at) = (arguments.offset_of("limit"), arguments.offset_of("truncation_marker"));
    let limit = arguments
        .optional_integer("limit")?
        .and_then(|limit| usize::try_from(limit).ok())
        .ok_or_else(|| Wrong::new(limit_at, "the limit is not negative"))?;
    arguments.optional_flag("utf8_safe")?;
    let marker = arguments.optional_text("truncation_marker")?.unwrap_or_default();
    if marker.len() > limit {
        return Err(Wrong::new(marker_at, "the marker is longer than the limit"));
    }
    Ok(Arc::new(TruncateAll { target: arguments.path("target")?, limit, marker }))
}

impl Editor for TruncateAll {
    fn edit<'a>(&'a self, record: &mut RecordMut<'_, 'a>) -> Result<(), Failure> {
        edit_map(&self.target, record, |map, arena| {
            Ok(map.edited(arena, |_, value| match value {
                ValueView::Str(text) if text.len() > self.limit => {
                    let end = text.floor_char_boundary(self.limit - self.marker.len());
                    let short = arena.write_text(|out| out.extend([&text[..end], &self.marker]));
                    Entry::Replace(ValueView::Str(short))
                }
                _ => Entry::Keep,
            }))
        })
    }
}
