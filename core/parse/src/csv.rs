use std::borrow::Cow;

use tidewatch_otlp::edit::Arena;
use tidewatch_otlp::views::AttributesView;
use tidewatch_otlp::write::MapWriter;

use crate::{ParseFailure, into_arena};

/// What quotes in a row mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Quotes {
    /// A field stands in quotes or has none; a quote within it is doubled. OTTL's mode `strict`.
    #[default]
    Strict,
    /// A quote may also stand in a field as it is. OTTL's mode `lazyQuotes`.
    Lazy,
    /// A quote is a character like any other. OTTL's mode `ignoreQuotes`.
    Ignored,
}

/// Reads one row of comma-separated values as OTTL's `ParseCSV` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Csv {
    delimiter: char,
    quotes: Quotes,
}

impl Default for Csv {
    /// Commas and strict quotes.
    fn default() -> Self {
        Self { delimiter: ',', quotes: Quotes::Strict }
    }
}

impl Csv {
    /// What stands between fields, and what quotes mean.
    ///
    /// # Errors
    /// The delimiter is a quote or a line break.
    pub fn new(delimiter: char, quotes: Quotes) -> Result<Self, String> {
        match delimiter {
            '"' | '\r' | '\n' => Err("a delimiter is neither a quote nor a line break".into()),
            _ => Ok(Self { delimiter, quotes }),
        }
    }

    /// The fields of a row, all of them texts, by the names of a header. A line break is part of a field, in quotes or
    /// not. The last field of a name counts.
    ///
    /// # Errors
    /// There is no row, there are more or fewer fields than names, or a quote is where none may be.
    pub fn fields<'a, 'h>(
        &self,
        header: impl IntoIterator<Item = &'h str>,
        text: &str,
        arena: &'a Arena,
    ) -> Result<AttributesView<'a>, ParseFailure> {
        into_arena(arena, |map| self.read(header.into_iter(), text, map))
    }

    /// The fields of a row without a header: they are called `1`, `2` and so on.
    ///
    /// # Errors
    /// There is no row, or a quote is where none may be.
    pub fn numbered<'a>(&self, text: &str, arena: &'a Arena) -> Result<AttributesView<'a>, ParseFailure> {
        into_arena(arena, |map| {
            let mut number = 0u32;
            self.each(text, |_, field| {
                number += 1;
                map.put(&number.to_string(), &*field);
            })
        })
    }

    /// Where the delimiter or the line break behind a field that is not quoted stands.
    fn end_of_field(&self, rest: &str) -> usize {
        let end = match u8::try_from(self.delimiter) {
            Ok(delimiter) if delimiter.is_ascii() => memchr::memchr2(delimiter, b'\n', rest.as_bytes()),
            _ => rest.find([self.delimiter, '\n']),
        };
        end.unwrap_or(rest.len())
    }

    fn read<'h>(
        &self,
        mut header: impl Iterator<Item = &'h str>,
        text: &str,
        map: &mut MapWriter<'_>,
    ) -> Result<(), ParseFailure> {
        let mut count = 0;
        let mut first_of_too_many = None;
        self.each(text, |start, field| {
            match header.next() {
                Some(name) => map.put(name, &*field),
                None => drop(first_of_too_many.get_or_insert(start)),
            }
            count += 1;
        })?;
        let missing = header.count();
        match first_of_too_many {
            Some(start) => {
                let reason = format!("there are {count} fields, more than names");
                Err(ParseFailure::at(text, start, reason))
            }
            None if missing > 0 => {
                let reason = format!("there are {count} fields for {} names", count + missing);
                Err(ParseFailure::at(text, text.len(), reason))
            }
            None => Ok(()),
        }
    }

    /// Each field, and where it starts.
    fn each<'t>(&self, text: &'t str, mut take: impl FnMut(usize, Cow<'t, str>)) -> Result<(), ParseFailure> {
        if self.quotes != Quotes::Ignored && text.bytes().all(|byte| matches!(byte, b'\r' | b'\n')) {
            return Err(ParseFailure::at(text, 0, "there is no row"));
        }
        let mut row = Row { text, at: 0, csv: *self };
        loop {
            take(row.at, row.field()?);
            if row.at == text.len() {
                return Ok(());
            }
            // The delimiter.
            row.at += self.delimiter.len_utf8();
        }
    }
}

struct Row<'t> {
    text: &'t str,
    at: usize,
    csv: Csv,
}

impl<'t> Row<'t> {
    /// The next field; up to the delimiter behind it, or to the end.
    fn field(&mut self) -> Result<Cow<'t, str>, ParseFailure> {
        if self.csv.quotes == Quotes::Ignored {
            let rest = self.rest();
            let field = &rest[..rest.find(self.csv.delimiter).unwrap_or(rest.len())];
            self.at += field.len();
            return Ok(field.into());
        }
        let mut field = self.part()?;
        // What stands on the next line goes on.
        while self.rest().starts_with(['\n', '\r']) {
            self.at += self.rest().len() - self.rest().trim_start_matches(['\n', '\r']).len();
            if self.rest().is_empty() {
                break;
            }
            field += "\n";
            field.to_mut().push_str(&self.part()?);
        }
        Ok(field)
    }

    /// A field as far as it stands on this line, or in quotes.
    fn part(&mut self) -> Result<Cow<'t, str>, ParseFailure> {
        let rest = self.rest();
        if let Some(quoted) = rest.strip_prefix('"') {
            return self.quoted(quoted);
        }
        let field = &rest[..self.csv.end_of_field(rest)];
        let field =
            if ends_line(&rest[field.len()..]) { field.strip_suffix('\r').unwrap_or(field) } else { field };
        if self.csv.quotes == Quotes::Strict
            && let Some(quote) = field.find('"')
        {
            return Err(self.failure(quote, "a quote in a field that is not quoted"));
        }
        self.at += field.len();
        Ok(field.into())
    }

    /// A quoted field from behind its first quote on.
    fn quoted(&mut self, text: &'t str) -> Result<Cow<'t, str>, ParseFailure> {
        let mut field = Cow::Borrowed("");
        let mut from = 0;
        while let Some(quote) = text[from..].find('"').map(|quote| from + quote) {
            field += &text[from..quote];
            let behind = &text[quote + 1..];
            if behind.starts_with('"') {
                field += "\"";
                from = quote + 2;
            } else if behind.starts_with(self.csv.delimiter)
                || ends_line(behind.strip_prefix('\r').unwrap_or(behind))
            {
                self.at += quote + 2;
                return Ok(field);
            } else if self.csv.quotes == Quotes::Lazy {
                field += "\"";
                from = quote + 1;
            } else {
                return Err(self.failure(quote + 2, "a delimiter is missing behind a quoted field"));
            }
        }
        if self.csv.quotes == Quotes::Strict {
            return Err(self.failure(0, "a quoted field has no end"));
        }
        field += &text[from..];
        self.at = self.text.len();
        Ok(field)
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn failure(&self, behind: usize, reason: &'static str) -> ParseFailure {
        ParseFailure::at(self.text, self.at + behind, reason)
    }
}

fn ends_line(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('\n')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(quotes: Quotes, header: &str, text: &str) -> Result<String, String> {
        let arena = Arena::new();
        let csv = Csv { delimiter: ',', quotes };
        let fields = csv.fields(header.split(','), text, &arena);
        fields.map(|fields| fields.to_json().to_string()).map_err(|failure| failure.to_string())
    }

    #[test]
    fn columns_without_names_are_numbered() {
        let arena = Arena::new();
        let fields = Csv::default().numbered(r#"a,"b,c",,d"#, &arena).unwrap();
        assert_eq!(fields.to_json().to_string(), r#"{"1":"a","2":"b,c","3":"","4":"d"}"#);
        assert!(Csv::default().numbered("", &arena).is_err());
    }

    #[test]
    fn rows_become_fields() {
        use Quotes::*;
        for (quotes, header, text, expected) in [
            (Strict, "a,b,c", "1,,x y", r#"{"a":"1","b":"","c":"x y"}"#),
            (Strict, "a,b", "\"1,2\",\"say \"\"hi\"\"\"", r#"{"a":"1,2","b":"say \"hi\""}"#),
            (Strict, "a,b", "\"1\n2\",3\r\n", r#"{"a":"1\n2","b":"3"}"#),
            (Strict, "a,b,c", "aa,b\nb,cc", r#"{"a":"aa","b":"b\nb","c":"cc"}"#),
            (Strict, "a,b", "x\n\"y\",z", r#"{"a":"x\ny","b":"z"}"#),
            (Strict, "a,b", "1\r,2\r", r#"{"a":"1\r","b":"2"}"#),
            (Strict, "a,b", "\"1\",\"2\"\r\n", r#"{"a":"1","b":"2"}"#),
            (Strict, "a,a", "1,2", r#"{"a":"2"}"#),
            (Strict, "a", "\"\"", r#"{"a":""}"#),
            (Lazy, "a,b", "x \"y\" z,\"1\" 2\"", r#"{"a":"x \"y\" z","b":"1\" 2"}"#),
            (Lazy, "a,b", "1,\"2", r#"{"a":"1","b":"2"}"#),
            (Ignored, "a,b", "\"1,\n2\"", r#"{"a":"\"1","b":"\n2\""}"#),
        ] {
            assert_eq!(read(quotes, header, text), Ok(expected.to_owned()), "{text}");
        }
        let arena = Arena::new();
        let fields = Csv::new('ä', Strict).unwrap().fields(["a", "b"], "1ä2", &arena).unwrap();
        assert_eq!(fields.to_json().to_string(), r#"{"a":"1","b":"2"}"#);
    }

    #[test]
    fn mistakes_are_told_by_their_place() {
        for (text, failure) in [
            ("\r\n", "there is no row at line 1, column 1"),
            ("1", "there are 1 fields for 2 names at line 1, column 2"),
            ("1,2,3,4", "there are 4 fields, more than names at line 1, column 5"),
            ("1,x\"y", "a quote in a field that is not quoted at line 1, column 4"),
            ("\"1\"x,2", "a delimiter is missing behind a quoted field at line 1, column 4"),
            ("1,\"2", "a quoted field has no end at line 1, column 3"),
        ] {
            assert_eq!(read(Quotes::Strict, "a,b", text), Err(failure.to_owned()), "{text}");
        }
        assert!(Csv::new('"', Quotes::Lazy).is_err());
    }

    proptest! {
        #[test]
        fn quoted_fields_come_back(fields in prop::collection::vec("[^\r]*", 1..5)) {
            let row: Vec<_> = fields.iter().map(|field| format!("\"{}\"", field.replace('"', "\"\""))).collect();
            let names: Vec<_> = (0..fields.len()).map(|index| index.to_string()).collect();
            let arena = Arena::new();
            let found = Csv::default().fields(names.iter().map(String::as_str), &row.join(","), &arena).unwrap();
            let found: Vec<_> = found.iter().map(|(_, value)| value.as_str().unwrap().to_owned()).collect();
            prop_assert_eq!(found, fields);
        }

        #[test]
        fn nothing_makes_it_panic(text in "[a,\"\n\r ä]{0,30}", lazy: bool) {
            let csv = Csv::new(',', if lazy { Quotes::Lazy } else { Quotes::Strict }).unwrap();
            if let Err(failure) = csv.fields(["a", "b"], &text, &Arena::new()) {
                prop_assert!(failure.offset <= text.len());
            }
        }
    }
}
