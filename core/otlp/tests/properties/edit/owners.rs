//! Resources and scopes: the edits of drafts, and the same edits of messages.

use tidewatch_otlp::edit::{Arena, ResourceDraft, ScopeDraft};
use tidewatch_otlp::proto::common::v1::{InstrumentationScope, KeyValue};
use tidewatch_otlp::proto::resource::v1::Resource;
use tidewatch_otlp::views::AttributesView;

use super::attributes::{self, edited};
use super::plan::Edit;

pub(super) fn edit_resource<'a>(edit: &Edit, draft: &mut ResourceDraft<'a>, arena: &'a Arena) {
    match edit.setter % 4 {
        0 => draft.set_dropped_attributes_count(edit.number as u32, arena),
        1 => draft.set_schema_url(arena.text(&edit.text)),
        _ => {
            let now = draft.attributes();
            draft.set_attributes(edited(&edit.change, now, now, arena), arena);
        }
    }
}

pub(super) fn edit_resource_message(edit: &Edit, message: &mut Resource, schema_url: &mut String) {
    match edit.setter % 4 {
        0 => message.dropped_attributes_count = edit.number as u32,
        1 => schema_url.clone_from(&edit.text),
        _ => {
            let now = message.attributes.clone();
            attributes::edit(&edit.change, &mut message.attributes, &now);
        }
    }
}

pub(super) fn edit_scope<'a>(
    edit: &Edit,
    draft: &mut ScopeDraft<'a>,
    resource: AttributesView<'a>,
    arena: &'a Arena,
) {
    match edit.setter % 6 {
        0 => draft.set_dropped_attributes_count(edit.number as u32, arena),
        1 => draft.set_schema_url(arena.text(&edit.text)),
        2 => draft.set_name(arena.text(&edit.text), arena),
        3 => draft.set_version(arena.text(&edit.text), arena),
        _ => draft.set_attributes(edited(&edit.change, draft.attributes(), resource, arena), arena),
    }
}

pub(super) fn edit_scope_message(
    edit: &Edit,
    message: &mut InstrumentationScope,
    schema_url: &mut String,
    resource: &[KeyValue],
) {
    match edit.setter % 6 {
        0 => message.dropped_attributes_count = edit.number as u32,
        1 => schema_url.clone_from(&edit.text),
        2 => message.name.clone_from(&edit.text),
        3 => message.version.clone_from(&edit.text),
        _ => attributes::edit(&edit.change, &mut message.attributes, resource),
    }
}
