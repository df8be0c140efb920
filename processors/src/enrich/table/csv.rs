//! CSV as RFC 4180 has it, with the place of every cell.

use super::{
    build::Builder,
    fault::Fault,
    rows::{Cell, Row, Value},
};
use std::{borrow::Cow, collections::HashMap};

/// Gives the builder each row, its cells named by the first line. Empty lines are left out; an empty cell is none.
pub(super) fn read(text: &str, delimiter: char, builder: &mut Builder<'_>) -> Result<(), Fault> {
    let mut reader = Reader { text, delimiter, next: 0 };
    let mut record = Vec::new();
    if !reader.record(&mut record)? {
        return Err(Fault::at(text, 0, "the file is empty: its first line has to name the columns"));
    }
    let columns = header(text, &record)?;
    columns.iter().for_each(|column| builder.declare(column));
    while reader.record(&mut record)? {
        if record.len() != columns.len() {
            let (cells, columns_) = (count(record.len(), "cell"), count(columns.len(), "column"));
            let place = record.get(columns.len()).map_or(reader.end_of_row(), |(place, _)| *place);
            let message = format!("the row has {cells}, but the first line names {columns_}");
            return Err(Fault::at(text, place, message));
        }
        let at = record[0].0;
        let named = columns.iter().zip(record.drain(..)).filter(|(_, (_, cell))| !cell.is_empty());
        let cells = named.map(|(column, (at, cell))| Cell { column, at, value: Value::Text(cell) });
        builder.row(&Row { at, cells: cells.collect() })?;
    }
    Ok(())
}

/// A cell and the byte that it begins at.
type Placed<'t> = (usize, Cow<'t, str>);

fn header<'t>(text: &'t str, record: &[Placed<'t>]) -> Result<Vec<Cow<'t, str>>, Fault> {
    let mut seen = HashMap::new();
    for (number, (at, name)) in record.iter().enumerate() {
        if name.is_empty() {
            return Err(Fault::at(text, *at, format!("column {} has no name", number + 1)));
        }
        if let Some(first) = seen.insert(name.as_ref(), number) {
            let message = format!("columns {} and {} are both called `{name}`", first + 1, number + 1);
            return Err(Fault::at(text, *at, message));
        }
    }
    Ok(record.iter().map(|(_, name)| name.clone()).collect())
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

struct Reader<'t> {
    text: &'t str,
    delimiter: char,
    /// The byte at which it reads on.
    next: usize,
}

impl<'t> Reader<'t> {
    /// The next row. False: there is none.
    fn record(&mut self, record: &mut Vec<Placed<'t>>) -> Result<bool, Fault> {
        record.clear();
        while self.end_of_line() {}
        if self.rest().is_empty() {
            return Ok(false);
        }
        loop {
            let at = self.next;
            let cell = if self.skip('"') { self.quoted(at)? } else { self.plain() };
            record.push((at, cell));
            if !self.skip(self.delimiter) {
                break;
            }
        }
        if self.rest().is_empty() || self.end_of_line() {
            return Ok(true);
        }
        let message = "there is text behind a quoted cell: a quote within one is written twice (`\"\"`)";
        Err(Fault::at(self.text, self.next, message))
    }

    /// Where the row ended that was read last.
    fn end_of_row(&self) -> usize {
        self.text[..self.next].trim_end_matches(['\r', '\n']).len()
    }

    fn plain(&mut self) -> Cow<'t, str> {
        let rest = self.rest();
        let end = rest.find([self.delimiter, '\n']).unwrap_or(rest.len());
        let cell = &rest[..end];
        let cell = if rest[end..].starts_with('\n') { cell.strip_suffix('\r').unwrap_or(cell) } else { cell };
        self.next += cell.len();
        Cow::Borrowed(cell)
    }

    /// Behind the quote at `start`.
    fn quoted(&mut self, start: usize) -> Result<Cow<'t, str>, Fault> {
        let mut cell = Cow::Borrowed("");
        loop {
            let rest = self.rest();
            let Some(end) = rest.find('"') else {
                return Err(Fault::at(self.text, start, "the quoted cell has no end"));
            };
            // A quote that is written twice stands for one.
            let twice = rest[end + 1..].starts_with('"');
            let part = &rest[..end + usize::from(twice)];
            if cell.is_empty() {
                cell = Cow::Borrowed(part);
            } else {
                cell.to_mut().push_str(part);
            }
            self.next += end + 1 + usize::from(twice);
            if !twice {
                return Ok(cell);
            }
        }
    }

    fn end_of_line(&mut self) -> bool {
        let rest = self.rest();
        let length = if rest.starts_with("\r\n") { 2 } else { usize::from(rest.starts_with('\n')) };
        self.next += length;
        length > 0
    }

    fn skip(&mut self, sign: char) -> bool {
        let found = self.rest().starts_with(sign);
        self.next += if found { sign.len_utf8() } else { 0 };
        found
    }

    fn rest(&self) -> &'t str {
        &self.text[self.next..]
    }
}
