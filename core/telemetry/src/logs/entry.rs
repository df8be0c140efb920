//! What one `tracing` event says.

use jiff::Timestamp;
use serde_json::{Map, Value};
use std::{error::Error, fmt};
use tracing::{
    Event, Level,
    field::{Field, Visit},
};

/// One entry of the log.
pub(super) struct Entry {
    pub(super) at: Timestamp,
    pub(super) level: Level,
    pub(super) message: String,
    pub(super) fields: Map<String, Value>,
    /// File and line of the code that wrote it.
    pub(super) caller: Option<(&'static str, u32)>,
    pub(super) stack_trace: Option<String>,
}

impl Entry {
    pub(super) fn of(event: &Event<'_>) -> Self {
        let metadata = event.metadata();
        let mut entry = Self {
            at: Timestamp::now(),
            level: *metadata.level(),
            message: String::new(),
            fields: Map::new(),
            caller: metadata.file().zip(metadata.line()),
            stack_trace: None,
        };
        event.record(&mut entry);
        entry
    }

    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        self.fields.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Entry {
    fn record_f64(&mut self, field: &Field, value: f64) {
        // JSON has no number for infinities and NaN.
        let number = serde_json::Number::from_f64(value);
        self.put(field, number.map_or_else(|| Value::String(value.to_string()), Value::Number));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => value.clone_into(&mut self.message),
            _ => self.put(field, value),
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let mut text = value.to_string();
        let mut source = value.source();
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        self.put(field, text);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}");
        match field.name() {
            "message" => self.message = text,
            _ => self.put(field, text),
        }
    }
}
