use super::{
    fault::{Fault, Places},
    key::Key,
    rows::{self, Cell, Row, Source, Value},
    spec::Spec,
};
use serde_json::Value as Json;
use std::collections::HashMap;
use tidewatch_otlp::{
    views::AttributesView,
    write::{MapWriter, Slot},
};

/// One version of a table, ready to be looked up.
#[derive(Debug)]
pub(in crate::enrich) struct Table {
    rows: HashMap<Box<str>, Place>,
    /// The attributes that the rows add, one row behind the other, as entries of a `KeyValueList`.
    attributes: Vec<u8>,
    /// Those of the default row.
    default: Option<Vec<u8>>,
    /// The file's last line had an end.
    ended: bool,
}

/// Where a row's attributes are, and where the row is in the file.
#[derive(Debug, Clone, Copy)]
struct Place {
    start: usize,
    end: usize,
    at: usize,
}

impl Table {
    /// The table that is in the configuration itself.
    pub(in crate::enrich) fn inline(spec: &Spec, table: &Json) -> Result<Self, Fault> {
        let keys: Option<Vec<String>> = table.as_object().map(|rows| rows.keys().cloned().collect());
        let mut builder = Builder::new(spec, Places::Inline(keys.as_deref()));
        rows::inline(table, &mut builder)?;
        builder.finish(true)
    }

    /// The table in a file. `before` is the version that it replaces.
    pub(in crate::enrich) fn read(spec: &Spec, bytes: &[u8], before: Option<&Self>) -> Result<Self, Fault> {
        let Source::File { format, .. } = &spec.source else { return Err(Fault::new("it is in no file")) };
        let text = match str::from_utf8(bytes) {
            Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
            Err(error) => {
                let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
                return Err(Fault::at(&good, good.len(), "the file is not UTF-8"));
            }
        };
        let places = if *format == rows::Format::Json { Places::Elements(text) } else { Places::Bytes(text) };
        let mut builder = Builder::new(spec, places);
        format.read(text, &mut builder)?;
        let ended = text.ends_with('\n');
        if !ended && format.may_end_anywhere() && before.is_some_and(|before| before.ended) {
            let message = "the last line has no end, as it had before: the file may have been cut off \
                           (end it with a line break)";
            return Err(Fault::at(text, text.len(), message));
        }
        builder.finish(ended)
    }

    /// What the row of a key adds.
    pub(in crate::enrich) fn get(&self, key: &Key) -> Option<AttributesView<'_>> {
        let place = self.rows.get(key.as_str())?;
        Some(AttributesView::of_map(&self.attributes[place.start..place.end]))
    }

    /// What is added where no row is found.
    pub(in crate::enrich) fn default_row(&self) -> Option<AttributesView<'_>> {
        self.default.as_deref().map(AttributesView::of_map)
    }

    /// How many rows there are.
    pub(in crate::enrich) fn len(&self) -> usize {
        self.rows.len()
    }
}

/// Takes rows and makes a table of them.
pub(super) struct Builder<'s> {
    spec: &'s Spec,
    places: Places<'s>,
    table: Table,
    /// Bytes that the table takes.
    memory: usize,
    /// The columns that are there, as far as people have to be told.
    columns: Vec<String>,
    /// Which of the columns that are named in the configuration are there: those to match, those to add.
    found: (Vec<bool>, Vec<bool>),
    key: Key,
}

/// How many columns people are told about.
const MAX_TOLD: usize = 16;
/// Bytes that a row takes beside its key and its attributes, about.
const ROW_OVERHEAD: usize = size_of::<(Box<str>, Place)>() * 2;

impl<'s> Builder<'s> {
    fn new(spec: &'s Spec, places: Places<'s>) -> Self {
        let table = Table { rows: HashMap::new(), attributes: Vec::new(), default: None, ended: true };
        let found = (vec![false; spec.match_.len()], vec![false; spec.add.iter().flatten().count()]);
        Self { spec, places, table, memory: 0, columns: Vec::new(), found, key: Key::default() }
    }

    pub(super) fn places(&self) -> Places<'s> {
        self.places
    }

    /// The column that the keys are, where rows are by their keys.
    pub(super) fn key_column(&self) -> Option<&'s str> {
        self.spec.key.as_deref()
    }

    /// There is a column of this name.
    pub(super) fn declare(&mut self, column: &str) {
        let added = self.spec.add.iter().flatten();
        let named = self.spec.match_.iter().zip(&mut self.found.0).chain(added.zip(&mut self.found.1));
        for ((_, name), found) in named {
            *found |= name == column;
        }
        if self.columns.len() < MAX_TOLD && !self.columns.iter().any(|known| known == column) {
            self.columns.push(column.to_owned());
        }
    }

    pub(super) fn row(&mut self, row: &Row<'_>) -> Result<(), Fault> {
        if self.table.len() == self.spec.max_rows {
            let message = format!("the table has more than {} rows (`max_rows`)", self.spec.max_rows);
            return Err(self.places.fault(row.at, message));
        }
        row.cells.iter().for_each(|cell| self.declare(cell.column));
        self.check_columns(row.at, false)?;
        self.key.clear();
        for (_, column) in &self.spec.match_ {
            let Some(cell) = find(row, column) else {
                return Err(self.places.fault(row.at, format!("the row has no `{column}` to be found by")));
            };
            if !self.key.push_cell(&cell.value) {
                let message =
                    format!("rows are found by texts, numbers and booleans; `{column}` is something else");
                return Err(self.places.fault(cell.at, message));
            }
        }
        if let Some(first) = self.table.rows.get(self.key.as_str()) {
            let columns: Vec<_> = self.spec.match_.iter().map(|(_, column)| format!("`{column}`")).collect();
            let message = format!(
                "there is a row of the same {} already, {}",
                columns.join(" and "),
                self.places.name(first.at)
            );
            return Err(self.places.fault(row.at, message));
        }
        let start = self.table.attributes.len();
        put(self.spec, row, &mut self.table.attributes);
        let end = self.table.attributes.len();
        self.memory += self.key.as_str().len() + (end - start) + ROW_OVERHEAD;
        if self.memory > self.spec.max_memory {
            let message =
                format!("the table takes more than {} bytes of memory (`max_bytes`)", self.spec.max_memory);
            return Err(self.places.fault(row.at, message));
        }
        self.table.rows.insert(self.key.as_str().into(), Place { start, end, at: row.at });
        Ok(())
    }

    fn finish(mut self, ended: bool) -> Result<Table, Fault> {
        self.check_columns(0, true)?;
        self.table.ended = ended;
        self.table.attributes.shrink_to_fit();
        self.table.default = self.spec.default.as_ref().map(|row| {
            let mut attributes = Vec::new();
            let cells = row.iter().filter(|(_, value)| !value.is_null());
            let cells = cells.map(|(column, value)| Cell { column, at: 0, value: Value::Json(value) });
            put(self.spec, &Row { at: 0, cells: cells.collect() }, &mut attributes);
            attributes
        });
        Ok(self.table)
    }

    /// A column that the configuration names is in the table: in the first row those to match, in any row at all
    /// those to add.
    fn check_columns(&self, at: usize, all: bool) -> Result<(), Fault> {
        if self.columns.is_empty() {
            return Ok(());
        }
        let wrong = |key: &str, attribute: &str, column: &str| {
            let columns: Vec<_> = self.columns.iter().map(|name| format!("`{}`", short(name))).collect();
            let more = if self.columns.len() == MAX_TOLD { ", ..." } else { "" };
            let message = format!("the table has no column `{column}`; it has {}{more}", columns.join(", "));
            self.places.fault(at, message).of_key(format!("{key}.{attribute}"))
        };
        let missing = |(names, found): (&[(String, String)], &[bool])| {
            names.iter().zip(found).find(|(_, found)| !**found).map(|(name, _)| name.clone())
        };
        if let Some((attribute, column)) = missing((&self.spec.match_, &self.found.0)) {
            return Err(wrong("match", &attribute, &column));
        }
        let added = self.spec.add.as_deref().unwrap_or_default();
        match missing((added, &self.found.1)) {
            Some((attribute, column)) if all => Err(wrong("add", &attribute, &column)),
            _ => Ok(()),
        }
    }
}

fn find<'c, 'r>(row: &'c Row<'r>, column: &str) -> Option<&'c Cell<'r>> {
    row.cells.iter().find(|cell| cell.column == column)
}

/// Writes what a row adds.
fn put(spec: &Spec, row: &Row<'_>, out: &mut Vec<u8>) {
    let mut map = MapWriter::new(1, out);
    match &spec.add {
        None => row.cells.iter().for_each(|cell| put_value(map.at(cell.column), &cell.value)),
        Some(columns) => {
            for (attribute, column) in columns {
                if let Some(cell) = find(row, column) {
                    put_value(map.at(attribute), &cell.value);
                }
            }
        }
    }
}

fn put_value(slot: Slot<'_>, value: &Value<'_>) {
    match value {
        Value::Text(text) => slot.put(text.as_ref()),
        Value::Json(json) => slot.json(json),
    }
}

/// A name as it is told: what stands where names should be may be anything.
fn short(name: &str) -> String {
    const LONGEST: usize = 24;
    let mut shown: String = name.chars().take(LONGEST).collect();
    if shown.len() < name.len() {
        shown.push_str("...");
    }
    shown
}
