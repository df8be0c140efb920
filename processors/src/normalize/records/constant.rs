use super::cast::Type;
use serde_json::Value as Json;
use tidewatch_otlp::{edit::Arena, views::ValueView, write::Slot};

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
        Slot::new(&mut bytes).json(json);
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
