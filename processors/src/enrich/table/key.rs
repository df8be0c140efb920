use super::rows::Value;
use serde_json::Value as Json;
use std::fmt::Write;
use tidewatch_otlp::views::ValueView;

/// What a row is looked up by: the values of one or several columns, as texts.
///
/// Numbers and their texts are the same: a number is written without an exponent, and without a fraction where it
/// has none.
#[derive(Debug, Default)]
pub(in crate::enrich) struct Key(String);

impl Key {
    pub(in crate::enrich) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Adds an attribute's value. Nothing can be looked up by bytes, lists and maps: they add nothing, and a key
    /// of too few values is none of a row's.
    pub(in crate::enrich) fn push(&mut self, value: ValueView<'_>) {
        match value {
            ValueView::Str(text) => self.text(text),
            ValueView::Bool(value) => self.part(|out| write!(out, "{value}")),
            ValueView::Int(number) => self.part(|out| write!(out, "{number}")),
            ValueView::Double(number) => self.double(number),
            ValueView::Empty | ValueView::Bytes(_) | ValueView::Array(_) | ValueView::KvList(_) => {}
        }
    }

    /// Adds a cell. False: nothing can be looked up by such a value.
    pub(super) fn push_cell(&mut self, value: &Value<'_>) -> bool {
        match value {
            Value::Text(text) => self.text(text),
            Value::Json(Json::String(text)) => self.text(text),
            Value::Json(Json::Bool(value)) => self.part(|out| write!(out, "{value}")),
            Value::Json(Json::Number(number)) => match number.as_i64() {
                Some(number) => self.part(|out| write!(out, "{number}")),
                None => self.double(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::Json(_) => return false,
        }
        true
    }

    fn text(&mut self, text: &str) {
        self.part(|out| {
            out.push_str(text);
            Ok(())
        });
    }

    fn double(&mut self, number: f64) {
        // A whole number has no fraction when it is written; zero has no sign.
        self.part(|out| write!(out, "{}", if number == 0.0 { 0.0 } else { number }));
    }

    /// Each part ends with its length, so that no two lists of parts are the same.
    fn part(&mut self, write: impl FnOnce(&mut String) -> std::fmt::Result) {
        let start = self.0.len();
        // Writing to memory does not fail.
        write(&mut self.0).unwrap_or_default();
        let length = self.0.len() - start;
        write!(self.0, "\0{length}").unwrap_or_default();
    }
}
