use super::repeated::Repeated;
use super::text;
use super::value::AttributesView;
use crate::wire::{Fields, Value};

/// A `Span`.
#[derive(Debug, Clone, Copy)]
pub struct SpanView<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) trace_id: &'a [u8],
    pub(crate) span_id: &'a [u8],
    pub(crate) trace_state: &'a [u8],
    pub(crate) parent_span_id: &'a [u8],
    pub(crate) name: &'a [u8],
    pub(crate) kind: i32,
    pub(crate) start_time_unix_nano: u64,
    pub(crate) end_time_unix_nano: u64,
    pub(crate) attributes: Repeated<'a>,
    pub(crate) dropped_attributes_count: u32,
    pub(crate) events: Repeated<'a>,
    pub(crate) dropped_events_count: u32,
    pub(crate) links: Repeated<'a>,
    pub(crate) dropped_links_count: u32,
    pub(crate) status: &'a [u8],
    pub(crate) flags: u32,
}

impl<'a> SpanView<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        let mut view = Self {
            bytes,
            trace_id: &[],
            span_id: &[],
            trace_state: &[],
            parent_span_id: &[],
            name: &[],
            kind: 0,
            start_time_unix_nano: 0,
            end_time_unix_nano: 0,
            attributes: Repeated::none(9, bytes),
            dropped_attributes_count: 0,
            events: Repeated::none(11, bytes),
            dropped_events_count: 0,
            links: Repeated::none(13, bytes),
            dropped_links_count: 0,
            status: &[],
            flags: 0,
        };
        for field in Fields::new(bytes) {
            match (field.number, field.value) {
                (1, Value::Block(value)) => view.trace_id = value,
                (2, Value::Block(value)) => view.span_id = value,
                (3, Value::Block(value)) => view.trace_state = value,
                (4, Value::Block(value)) => view.parent_span_id = value,
                (5, Value::Block(value)) => view.name = value,
                (6, Value::Varint(value)) => view.kind = value as i32,
                (7, Value::Fixed64(value)) => view.start_time_unix_nano = value,
                (8, Value::Fixed64(value)) => view.end_time_unix_nano = value,
                (9, Value::Block(_)) => view.attributes.push(field),
                (10, Value::Varint(value)) => view.dropped_attributes_count = value as u32,
                (11, Value::Block(_)) => view.events.push(field),
                (12, Value::Varint(value)) => view.dropped_events_count = value as u32,
                (13, Value::Block(_)) => view.links.push(field),
                (14, Value::Varint(value)) => view.dropped_links_count = value as u32,
                (15, Value::Block(value)) => view.status = value,
                (16, Value::Fixed32(value)) => view.flags = value,
                _ => {}
            }
        }
        view
    }

    /// The message's bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The trace's id, 16 bytes.
    pub fn trace_id(&self) -> &'a [u8] {
        self.trace_id
    }

    /// The span's id, 8 bytes.
    pub fn span_id(&self) -> &'a [u8] {
        self.span_id
    }

    /// The W3C `tracestate`.
    pub fn trace_state(&self) -> &'a str {
        text(self.trace_state)
    }

    /// The parent's id: 8 bytes, or none for a root span.
    pub fn parent_span_id(&self) -> &'a [u8] {
        self.parent_span_id
    }

    /// The span's name.
    pub fn name(&self) -> &'a str {
        text(self.name)
    }

    /// The span's kind: 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer.
    pub fn kind(&self) -> i32 {
        self.kind
    }

    /// When it started, in nanoseconds since the epoch.
    pub fn start_time_unix_nano(&self) -> u64 {
        self.start_time_unix_nano
    }

    /// When it ended, in nanoseconds since the epoch.
    pub fn end_time_unix_nano(&self) -> u64 {
        self.end_time_unix_nano
    }

    /// The span's attributes.
    pub fn attributes(&self) -> AttributesView<'a> {
        self.attributes.into()
    }

    /// How many attributes the sender left out.
    pub fn dropped_attributes_count(&self) -> u32 {
        self.dropped_attributes_count
    }

    /// The span's events, in order.
    pub fn events(&self) -> impl Iterator<Item = EventView<'a>> + Clone + use<'a> {
        self.events.messages().map(EventView::new)
    }

    /// How many events the sender left out.
    pub fn dropped_events_count(&self) -> u32 {
        self.dropped_events_count
    }

    /// Links to other spans, in order.
    pub fn links(&self) -> impl Iterator<Item = LinkView<'a>> + Clone + use<'a> {
        self.links.messages().map(LinkView::new)
    }

    /// How many links the sender left out.
    pub fn dropped_links_count(&self) -> u32 {
        self.dropped_links_count
    }

    /// The status code: 0 unset, 1 ok, 2 error.
    pub fn status_code(&self) -> i32 {
        Fields::new(self.status).fold(0, |code, field| match (field.number, field.value) {
            (3, Value::Varint(value)) => value as i32,
            _ => code,
        })
    }

    /// What the status says beyond its code.
    pub fn status_message(&self) -> &'a str {
        text(Fields::new(self.status).fold(&[], |message, field| match (field.number, field.value) {
            (2, Value::Block(value)) => value,
            _ => message,
        }))
    }

    /// W3C trace flags in the low byte, and whether the parent is remote.
    pub fn flags(&self) -> u32 {
        self.flags
    }
}

/// An `Event` of a span.
#[derive(Debug, Clone, Copy)]
pub struct EventView<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) time_unix_nano: u64,
    pub(crate) name: &'a [u8],
    pub(crate) attributes: Repeated<'a>,
    pub(crate) dropped_attributes_count: u32,
}

impl<'a> EventView<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        let mut view = Self {
            bytes,
            time_unix_nano: 0,
            name: &[],
            attributes: Repeated::none(3, bytes),
            dropped_attributes_count: 0,
        };
        for field in Fields::new(bytes) {
            match (field.number, field.value) {
                (1, Value::Fixed64(value)) => view.time_unix_nano = value,
                (2, Value::Block(value)) => view.name = value,
                (3, Value::Block(_)) => view.attributes.push(field),
                (4, Value::Varint(value)) => view.dropped_attributes_count = value as u32,
                _ => {}
            }
        }
        view
    }

    /// The message's bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// When it happened, in nanoseconds since the epoch.
    pub fn time_unix_nano(&self) -> u64 {
        self.time_unix_nano
    }

    /// The event's name.
    pub fn name(&self) -> &'a str {
        text(self.name)
    }

    /// The event's attributes.
    pub fn attributes(&self) -> AttributesView<'a> {
        self.attributes.into()
    }

    /// How many attributes the sender left out.
    pub fn dropped_attributes_count(&self) -> u32 {
        self.dropped_attributes_count
    }
}

/// A `Link` of a span.
#[derive(Debug, Clone, Copy)]
pub struct LinkView<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) trace_id: &'a [u8],
    pub(crate) span_id: &'a [u8],
    pub(crate) trace_state: &'a [u8],
    pub(crate) attributes: Repeated<'a>,
    pub(crate) dropped_attributes_count: u32,
    pub(crate) flags: u32,
}

impl<'a> LinkView<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        let mut view = Self {
            bytes,
            trace_id: &[],
            span_id: &[],
            trace_state: &[],
            attributes: Repeated::none(4, bytes),
            dropped_attributes_count: 0,
            flags: 0,
        };
        for field in Fields::new(bytes) {
            match (field.number, field.value) {
                (1, Value::Block(value)) => view.trace_id = value,
                (2, Value::Block(value)) => view.span_id = value,
                (3, Value::Block(value)) => view.trace_state = value,
                (4, Value::Block(_)) => view.attributes.push(field),
                (5, Value::Varint(value)) => view.dropped_attributes_count = value as u32,
                (6, Value::Fixed32(value)) => view.flags = value,
                _ => {}
            }
        }
        view
    }

    /// The message's bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The linked trace: 16 bytes, or none.
    pub fn trace_id(&self) -> &'a [u8] {
        self.trace_id
    }

    /// The linked span: 8 bytes, or none.
    pub fn span_id(&self) -> &'a [u8] {
        self.span_id
    }

    /// The W3C `tracestate` of the linked span.
    pub fn trace_state(&self) -> &'a str {
        text(self.trace_state)
    }

    /// The link's attributes.
    pub fn attributes(&self) -> AttributesView<'a> {
        self.attributes.into()
    }

    /// How many attributes the sender left out.
    pub fn dropped_attributes_count(&self) -> u32 {
        self.dropped_attributes_count
    }

    /// W3C trace flags in the low byte, and whether the linked context is remote.
    pub fn flags(&self) -> u32 {
        self.flags
    }
}
