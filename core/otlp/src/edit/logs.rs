use super::draft::{Draft, Editable};
use super::{Arena, put};
use crate::views::{LogRecordView, ValueView};

/// A log record that is being edited.
pub type LogDraft<'a> = Draft<LogRecordView<'a>>;

impl Editable for LogRecordView<'_> {
    fn original(&self) -> &[u8] {
        self.bytes
    }

    fn put(&self, number: u32, out: &mut Vec<u8>) {
        match number {
            1 => put::fixed64(1, self.time_unix_nano, out),
            2 => put::int32(2, self.severity_number, out),
            3 => put::block(3, self.severity_text, out),
            5 => {
                if let Some(body) = self.body {
                    super::value::put_block(5, body, out);
                }
            }
            6 => self.attributes().put_as(6, out),
            7 => put::varint(7, self.dropped_attributes_count.into(), out),
            8 => put::fixed32(8, self.flags, out),
            9 => put::block(9, self.trace_id, out),
            10 => put::block(10, self.span_id, out),
            11 => put::fixed64(11, self.observed_time_unix_nano, out),
            12 => put::block(12, self.event_name, out),
            _ => {}
        }
    }
}

super::setters! { LogRecordView {
    /// Sets when it happened, in nanoseconds since the epoch.
    set_time_unix_nano: 1 => time_unix_nano: u64;
    /// Sets when it was first collected, in nanoseconds since the epoch.
    set_observed_time_unix_nano: 11 => observed_time_unix_nano: u64;
    /// Sets the severity: 1 (trace) to 24 (fatal), 0 if unknown.
    set_severity_number: 2 => severity_number: i32;
    /// Sets the severity as the source wrote it.
    set_severity_text: 3 => severity_text: str;
    /// Sets how many attributes were left out.
    set_dropped_attributes_count: 7 => dropped_attributes_count: u32;
    /// Sets the W3C trace flags.
    set_flags: 8 => flags: u32;
    /// Sets the trace it belongs to.
    set_trace_id: 9 => trace_id: id 16;
    /// Sets the span it belongs to.
    set_span_id: 10 => span_id: id 8;
    /// Sets the name of the event.
    set_event_name: 12 => event_name: str;
    /// Sets the attributes.
    set_attributes: 6 => attributes: attributes;
} }

impl<'a> LogDraft<'a> {
    /// Sets the body; [`ValueView::Empty`] takes it away.
    pub fn set_body(&mut self, body: ValueView<'_>, arena: &'a Arena) {
        self.view.body = match body {
            ValueView::Empty => None,
            value => Some(arena.write(|out| value.put(out))),
        };
        self.touch(5);
    }
}
