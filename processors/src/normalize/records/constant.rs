use super::cast::Type;
use serde_json::Value as Json;
use tidewatch_otlp::{
    edit::Arena,
    views::ValueView,
    write::{ListWriter, MapWriter, Slot},
};

/// A value of the configuration.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Constant {
    /// The `AnyValue`.
    bytes: Vec<u8>,
}

impl Constant {
    /// None: it cannot be made into what the field is.
    pub(super) fn new(json: &Json, as_: Option<&Type>) -> Option<Self> {
        let mut bytes = Vec::new();
        put(json, Slot::new(&mut bytes));
        let Some(as_) = as_ else { return Some(Self { bytes }) };
        let arena = Arena::new();
        let value = as_.cast(ValueView::of_any_value(&bytes), 0, &arena)?;
        let mut bytes = Vec::new();
        value.put(&mut bytes);
        Some(Self { bytes })
    }

    pub(super) fn view(&self) -> ValueView<'_> {
        ValueView::of_any_value(&self.bytes)
    }

    /// Whether a value is the same; numbers are compared as numbers.
    pub(super) fn is(&self, value: ValueView<'_>) -> bool {
        match (self.view(), value) {
            (ValueView::Str(own), ValueView::Str(other)) => own == other,
            (ValueView::Bool(own), ValueView::Bool(other)) => own == other,
            (ValueView::Int(own), ValueView::Int(other)) => own == other,
            (own, other) => own.as_f64().is_some() && own.as_f64() == other.as_f64(),
        }
    }
}

fn put(json: &Json, slot: Slot<'_>) {
    match json {
        Json::Null => slot.put(()),
        Json::Bool(value) => slot.put(*value),
        Json::Number(number) => match number.as_i64() {
            Some(number) => slot.put(number),
            None => slot.put(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => slot.put(text.as_str()),
        Json::Array(values) => {
            slot.list(|list: &mut ListWriter<'_>| values.iter().for_each(|value| put(value, list.item())));
        }
        Json::Object(entries) => slot.map(|map: &mut MapWriter<'_>| {
            entries.iter().for_each(|(key, value)| put(value, map.at(key)));
        }),
    }
}
