//! JSON, row by row.

use super::{build::Builder, fault::Fault, rows::object};
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value as Json;
use std::fmt;

/// Gives the builder each row of a list, or of an object by their keys.
pub(super) fn read(text: &str, builder: &mut Builder<'_>) -> Result<(), Fault> {
    let mut fault = None;
    let mut json = serde_json::Deserializer::from_str(text);
    let outcome = json.deserialize_any(Rows { builder, fault: &mut fault }).and_then(|()| json.end());
    match (fault, outcome) {
        (Some(fault), _) => Err(fault),
        (None, outcome) => outcome.map_err(|error| explain(text, &error)),
    }
}

/// Takes rows while they are parsed, so that there is never a tree of all of them.
struct Rows<'r, 'b> {
    builder: &'r mut Builder<'b>,
    /// What ended it, if that was no mistake in the JSON.
    fault: &'r mut Option<Fault>,
}

impl<'de> Visitor<'de> for Rows<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of rows, or an object of them by their keys")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<(), A::Error> {
        let mut at = 0;
        while let Some(row) = rows.next_element::<Json>()? {
            object(self.builder, at, None, &row).map_err(|fault| stop(self.fault, fault))?;
            at += 1;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut rows: A) -> Result<(), A::Error> {
        let mut at = 0;
        while let Some((key, row)) = rows.next_entry::<String, Json>()? {
            object(self.builder, at, Some(&key), &row).map_err(|fault| stop(self.fault, fault))?;
            at += 1;
        }
        Ok(())
    }
}

fn stop<E: serde::de::Error>(place: &mut Option<Fault>, fault: Fault) -> E {
    *place = Some(fault);
    E::custom("")
}

fn explain(text: &str, error: &serde_json::Error) -> Fault {
    let message = error.to_string();
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
    let line = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
    Fault::at(text, line + error.column().saturating_sub(1), message)
}

/// The byte at which an element of the list, or a key of the object begins that a valid text is.
pub(super) fn element(text: &str, index: usize) -> usize {
    let (mut depth, mut left, mut expected) = (0, index, false);
    let (mut in_text, mut escaped) = (false, false);
    for (at, sign) in text.bytes().enumerate() {
        if in_text {
            in_text = escaped || sign != b'"';
            escaped = !escaped && sign == b'\\';
            continue;
        }
        if sign.is_ascii_whitespace() {
            continue;
        }
        if std::mem::take(&mut expected) {
            if left == 0 {
                return at;
            }
            left -= 1;
        }
        match sign {
            b'"' => in_text = true,
            b'[' | b'{' => {
                depth += 1;
                expected = depth == 1;
            }
            b']' | b'}' => depth -= 1,
            b',' => expected = depth == 1,
            _ => {}
        }
    }
    text.len()
}
