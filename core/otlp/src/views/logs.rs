use super::repeated::Repeated;
use super::text;
use super::value::{AttributesView, ValueView};
use crate::wire::{Fields, Value};

/// A `LogRecord`.
#[derive(Debug, Clone, Copy)]
pub struct LogRecordView<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) time_unix_nano: u64,
    pub(crate) observed_time_unix_nano: u64,
    pub(crate) severity_number: i32,
    pub(crate) severity_text: &'a [u8],
    pub(crate) body: Option<&'a [u8]>,
    pub(crate) attributes: Repeated<'a>,
    pub(crate) dropped_attributes_count: u32,
    pub(crate) flags: u32,
    pub(crate) trace_id: &'a [u8],
    pub(crate) span_id: &'a [u8],
    pub(crate) event_name: &'a [u8],
}

impl<'a> LogRecordView<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        let mut view = Self {
            bytes,
            time_unix_nano: 0,
            observed_time_unix_nano: 0,
            severity_number: 0,
            severity_text: &[],
            body: None,
            attributes: Repeated::none(6, bytes),
            dropped_attributes_count: 0,
            flags: 0,
            trace_id: &[],
            span_id: &[],
            event_name: &[],
        };
        for field in Fields::new(bytes) {
            match (field.number, field.value) {
                (1, Value::Fixed64(value)) => view.time_unix_nano = value,
                (11, Value::Fixed64(value)) => view.observed_time_unix_nano = value,
                (2, Value::Varint(value)) => view.severity_number = value as i32,
                (3, Value::Block(value)) => view.severity_text = value,
                (5, Value::Block(value)) => view.body = Some(value),
                (6, Value::Block(_)) => view.attributes.push(field),
                (7, Value::Varint(value)) => view.dropped_attributes_count = value as u32,
                (8, Value::Fixed32(value)) => view.flags = value,
                (9, Value::Block(value)) => view.trace_id = value,
                (10, Value::Block(value)) => view.span_id = value,
                (12, Value::Block(value)) => view.event_name = value,
                _ => {}
            }
        }
        view
    }

    /// The message's bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// When it happened, in nanoseconds since the epoch; 0 if unknown.
    pub fn time_unix_nano(&self) -> u64 {
        self.time_unix_nano
    }

    /// When it was first collected, in nanoseconds since the epoch; 0 if unknown.
    pub fn observed_time_unix_nano(&self) -> u64 {
        self.observed_time_unix_nano
    }

    /// Severity from 1 (trace) to 24 (fatal); 0 if unknown.
    pub fn severity_number(&self) -> i32 {
        self.severity_number
    }

    /// Severity as the source wrote it.
    pub fn severity_text(&self) -> &'a str {
        text(self.severity_text)
    }

    /// The body, of any kind; `None` if there is none.
    pub fn body(&self) -> Option<ValueView<'a>> {
        self.body.map(ValueView::new)
    }

    /// The record's attributes.
    pub fn attributes(&self) -> AttributesView<'a> {
        self.attributes.into()
    }

    /// How many attributes the sender left out.
    pub fn dropped_attributes_count(&self) -> u32 {
        self.dropped_attributes_count
    }

    /// W3C trace flags, in the low byte.
    pub fn flags(&self) -> u32 {
        self.flags
    }

    /// The trace it belongs to: 16 bytes, or none.
    pub fn trace_id(&self) -> &'a [u8] {
        self.trace_id
    }

    /// The span it belongs to: 8 bytes, or none.
    pub fn span_id(&self) -> &'a [u8] {
        self.span_id
    }

    /// The name of the event; empty for a plain log record.
    pub fn event_name(&self) -> &'a str {
        text(self.event_name)
    }
}
