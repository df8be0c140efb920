//! Log records, spans and their events: the edits of drafts, and the same edits of messages.

use tidewatch_otlp::edit::{Arena, EventDraft, LogDraft, SpanDraft};
use tidewatch_otlp::proto::common::v1::KeyValue;
use tidewatch_otlp::proto::logs::v1::LogRecord;
use tidewatch_otlp::proto::trace::v1::Span;
use tidewatch_otlp::proto::trace::v1::span::Event;
use tidewatch_otlp::views::AttributesView;

use super::attributes::{self, edited, view};
use super::plan::Edit;

pub(super) fn edit_log<'a>(
    edit: &Edit,
    draft: &mut LogDraft<'a>,
    resource: AttributesView<'a>,
    arena: &'a Arena,
) {
    match edit.setter % 13 {
        0 => draft.set_time_unix_nano(edit.number),
        1 => draft.set_observed_time_unix_nano(edit.number),
        2 => draft.set_severity_number(edit.number as i32),
        3 => draft.set_severity_text(arena.text(&edit.text)),
        4 => draft.set_dropped_attributes_count(edit.number as u32),
        5 => draft.set_flags(edit.number as u32),
        6 => assert_eq!(draft.set_trace_id(arena.bytes(&edit.id)), is_id(edit, 16)),
        7 => assert_eq!(draft.set_span_id(arena.bytes(&edit.id)), is_id(edit, 8)),
        8 => draft.set_event_name(arena.text(&edit.text)),
        9 | 10 => draft.set_body(view(&edit.value, arena), arena),
        _ => draft.set_attributes(edited(&edit.change, draft.attributes(), resource, arena), arena),
    }
}

pub(super) fn edit_log_message(edit: &Edit, message: &mut LogRecord, resource: &[KeyValue]) {
    match edit.setter % 13 {
        0 => message.time_unix_nano = edit.number,
        1 => message.observed_time_unix_nano = edit.number,
        2 => message.severity_number = edit.number as i32,
        3 => message.severity_text.clone_from(&edit.text),
        4 => message.dropped_attributes_count = edit.number as u32,
        5 => message.flags = edit.number as u32,
        6 => set_id(edit, 16, &mut message.trace_id),
        7 => set_id(edit, 8, &mut message.span_id),
        8 => message.event_name.clone_from(&edit.text),
        9 | 10 => message.body = Some(edit.value.clone()).filter(|body| body.value.is_some()),
        _ => attributes::edit(&edit.change, &mut message.attributes, resource),
    }
}

pub(super) fn edit_span<'a>(
    edit: &Edit,
    draft: &mut SpanDraft<'a>,
    resource: AttributesView<'a>,
    arena: &'a Arena,
) {
    match edit.setter % 17 {
        // A span without ids would be refused.
        0 | 1 if edit.id.is_empty() => {}
        0 => assert_eq!(draft.set_trace_id(arena.bytes(&edit.id)), is_id(edit, 16)),
        1 => assert_eq!(draft.set_span_id(arena.bytes(&edit.id)), is_id(edit, 8)),
        2 => draft.set_trace_state(arena.text(&edit.text)),
        3 => assert_eq!(draft.set_parent_span_id(arena.bytes(&edit.id)), is_id(edit, 8)),
        4 => draft.set_name(arena.text(&edit.text)),
        5 => draft.set_kind(edit.number as i32),
        6 => draft.set_start_time_unix_nano(edit.number),
        7 => draft.set_end_time_unix_nano(edit.number),
        8 => draft.set_dropped_attributes_count(edit.number as u32),
        9 => draft.set_dropped_events_count(edit.number as u32),
        10 => draft.set_dropped_links_count(edit.number as u32),
        11 => draft.set_flags(edit.number as u32),
        12 => draft.set_status_code(edit.number as i32, arena),
        13 => draft.set_status_message(&edit.text, arena),
        _ => draft.set_attributes(edited(&edit.change, draft.attributes(), resource, arena), arena),
    }
}

pub(super) fn edit_span_message(edit: &Edit, message: &mut Span, resource: &[KeyValue]) {
    match edit.setter % 17 {
        0 | 1 if edit.id.is_empty() => {}
        0 => set_id(edit, 16, &mut message.trace_id),
        1 => set_id(edit, 8, &mut message.span_id),
        2 => message.trace_state.clone_from(&edit.text),
        3 => set_id(edit, 8, &mut message.parent_span_id),
        4 => message.name.clone_from(&edit.text),
        5 => message.kind = edit.number as i32,
        6 => message.start_time_unix_nano = edit.number,
        7 => message.end_time_unix_nano = edit.number,
        8 => message.dropped_attributes_count = edit.number as u32,
        9 => message.dropped_events_count = edit.number as u32,
        10 => message.dropped_links_count = edit.number as u32,
        11 => message.flags = edit.number as u32,
        12 => message.status.get_or_insert_default().code = edit.number as i32,
        13 => message.status.get_or_insert_default().message.clone_from(&edit.text),
        _ => attributes::edit(&edit.change, &mut message.attributes, resource),
    }
}

pub(super) fn edit_event<'a>(
    edit: &Edit,
    draft: &mut EventDraft<'a>,
    resource: AttributesView<'a>,
    arena: &'a Arena,
) {
    match edit.setter % 5 {
        0 => draft.set_time_unix_nano(edit.number),
        1 => draft.set_name(arena.text(&edit.text)),
        2 => draft.set_dropped_attributes_count(edit.number as u32),
        _ => draft.set_attributes(edited(&edit.change, draft.attributes(), resource, arena), arena),
    }
}

pub(super) fn edit_event_message(edit: &Edit, message: &mut Event, resource: &[KeyValue]) {
    match edit.setter % 5 {
        0 => message.time_unix_nano = edit.number,
        1 => message.name.clone_from(&edit.text),
        2 => message.dropped_attributes_count = edit.number as u32,
        _ => attributes::edit(&edit.change, &mut message.attributes, resource),
    }
}

fn is_id(edit: &Edit, length: usize) -> bool {
    edit.id.is_empty() || edit.id.len() == length
}

fn set_id(edit: &Edit, length: usize, id: &mut Vec<u8>) {
    if is_id(edit, length) {
        id.clone_from(&edit.id);
    }
}
