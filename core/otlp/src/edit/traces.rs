use super::draft::{Draft, Editable};
use super::{Arena, put};
use crate::views::{EventView, SpanView};
use crate::wire::{Fields, Value};

/// A span that is being edited.
pub type SpanDraft<'a> = Draft<SpanView<'a>>;

/// An event of a span that is being edited.
pub type EventDraft<'a> = Draft<EventView<'a>>;

/// Field numbers of a `Span`.
pub(super) const EVENTS: u32 = 11;
const STATUS: u32 = 15;

impl Editable for SpanView<'_> {
    fn original(&self) -> &[u8] {
        self.bytes
    }

    fn put(&self, number: u32, out: &mut Vec<u8>) {
        match number {
            1 => put::block(1, self.trace_id, out),
            2 => put::block(2, self.span_id, out),
            3 => put::block(3, self.trace_state, out),
            4 => put::block(4, self.parent_span_id, out),
            5 => put::block(5, self.name, out),
            6 => put::int32(6, self.kind, out),
            7 => put::fixed64(7, self.start_time_unix_nano, out),
            8 => put::fixed64(8, self.end_time_unix_nano, out),
            9 => self.attributes().put_as(9, out),
            10 => put::varint(10, self.dropped_attributes_count.into(), out),
            EVENTS => out.extend_from_slice(self.events.bytes()),
            12 => put::varint(12, self.dropped_events_count.into(), out),
            14 => put::varint(14, self.dropped_links_count.into(), out),
            STATUS => put::block(STATUS, self.status, out),
            16 => put::fixed32(16, self.flags, out),
            _ => {}
        }
    }
}

super::setters! { SpanView {
    /// Sets the trace's id. Ids of a wrong length are not taken.
    set_trace_id: 1 => trace_id: id 16;
    /// Sets the span's id. Ids of a wrong length are not taken.
    set_span_id: 2 => span_id: id 8;
    /// Sets the W3C `tracestate`.
    set_trace_state: 3 => trace_state: str;
    /// Sets the parent's id; none for a root span.
    set_parent_span_id: 4 => parent_span_id: id 8;
    /// Sets the span's name.
    set_name: 5 => name: str;
    /// Sets the span's kind.
    set_kind: 6 => kind: i32;
    /// Sets when it started, in nanoseconds since the epoch.
    set_start_time_unix_nano: 7 => start_time_unix_nano: u64;
    /// Sets when it ended, in nanoseconds since the epoch.
    set_end_time_unix_nano: 8 => end_time_unix_nano: u64;
    /// Sets how many attributes were left out.
    set_dropped_attributes_count: 10 => dropped_attributes_count: u32;
    /// Sets how many events were left out.
    set_dropped_events_count: 12 => dropped_events_count: u32;
    /// Sets how many links were left out.
    set_dropped_links_count: 14 => dropped_links_count: u32;
    /// Sets the W3C trace flags.
    set_flags: 16 => flags: u32;
    /// Sets the attributes.
    set_attributes: 9 => attributes: attributes;
} }

impl<'a> SpanDraft<'a> {
    /// Sets the status code: 0 unset, 1 ok, 2 error.
    pub fn set_status_code(&mut self, code: i32, arena: &'a Arena) {
        self.set_status(3, arena, |out| put::int32(3, code, out));
    }

    /// Sets what the status says beyond its code.
    pub fn set_status_message(&mut self, message: &str, arena: &'a Arena) {
        self.set_status(2, arena, |out| put::block(2, message.as_bytes(), out));
    }

    fn set_status(&mut self, number: u32, arena: &'a Arena, put: impl FnOnce(&mut Vec<u8>)) {
        let status = self.view.status;
        self.view.status = arena.write(|out| {
            let others = Fields::new(status).filter(|field| field.number != number);
            others.for_each(|field| out.extend_from_slice(&status[field.start..field.end]));
            put(out);
        });
        self.touch(STATUS);
    }
}

impl Editable for EventView<'_> {
    fn original(&self) -> &[u8] {
        self.bytes
    }

    fn put(&self, number: u32, out: &mut Vec<u8>) {
        match number {
            1 => put::fixed64(1, self.time_unix_nano, out),
            2 => put::block(2, self.name, out),
            3 => self.attributes().put_as(3, out),
            4 => put::varint(4, self.dropped_attributes_count.into(), out),
            _ => {}
        }
    }
}

super::setters! { EventView {
    /// Sets when it happened, in nanoseconds since the epoch.
    set_time_unix_nano: 1 => time_unix_nano: u64;
    /// Sets the event's name.
    set_name: 2 => name: str;
    /// Sets the attributes.
    set_attributes: 3 => attributes: attributes;
    /// Sets how many attributes were left out.
    set_dropped_attributes_count: 4 => dropped_attributes_count: u32;
} }

impl<'a> SpanDraft<'a> {
    /// The bytes of each event, with its field's key where it is not an event.
    pub(super) fn event_fields(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let events = self.view.events.bytes();
        Fields::new(events).filter_map(|field| match (field.number, field.value) {
            (EVENTS, Value::Block(event)) => Some(event),
            _ => None,
        })
    }
}
