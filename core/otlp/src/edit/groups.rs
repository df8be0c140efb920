//! What items belong to: their resource and their scope.

use super::draft::Draft;
use super::value::put_block;
use super::{Arena, put};
use crate::views::{AttributesView, ResourceView, ScopeView};
use crate::wire::Fields;

/// A resource that is being edited, with the schema of its entry.
pub type ResourceDraft<'a> = Draft<ResourceView<'a>>;

/// A scope that is being edited, with the schema of its entry.
pub type ScopeDraft<'a> = Draft<ScopeView<'a>>;

/// Fields of an entry: the `Resource` or `InstrumentationScope`, what belongs to it, and the schema.
const OWNER: u32 = 1;
pub(super) const MEMBERS: u32 = 2;
const SCHEMA_URL: u32 = 3;

/// An entry of a request or of a resource: the owner first, then its members.
pub trait Group {
    /// The whole entry, as it came.
    fn entry(&self) -> &[u8];
    /// The owner's message, as it will be.
    fn owner(&self) -> &[u8];
    /// The schema's URL, as it will be.
    fn schema_url(&self) -> &[u8];
}

impl Group for ResourceView<'_> {
    fn entry(&self) -> &[u8] {
        self.bytes
    }

    fn owner(&self) -> &[u8] {
        self.resource
    }

    fn schema_url(&self) -> &[u8] {
        self.schema_url
    }
}

impl Group for ScopeView<'_> {
    fn entry(&self) -> &[u8] {
        self.bytes
    }

    fn owner(&self) -> &[u8] {
        self.scope
    }

    fn schema_url(&self) -> &[u8] {
        self.schema_url
    }
}

impl<V: Group> Draft<V> {
    /// What stands before the members.
    pub(super) fn put_head(&self, out: &mut Vec<u8>) {
        if self.has_touched(OWNER) {
            return put_block(OWNER, self.view.owner(), out);
        }
        self.copy(out, |number| number == OWNER);
    }

    /// What stands behind the members.
    pub(super) fn put_tail(&self, out: &mut Vec<u8>) {
        let schema = self.has_touched(SCHEMA_URL);
        if schema {
            put::block(SCHEMA_URL, self.view.schema_url(), out);
        }
        self.copy(out, |number| number > SCHEMA_URL || (number == SCHEMA_URL && !schema));
    }

    fn copy(&self, out: &mut Vec<u8>, which: impl Fn(u32) -> bool) {
        let entry = self.view.entry();
        let fields = Fields::new(entry).filter(|field| which(field.number));
        fields.for_each(|field| out.extend_from_slice(&entry[field.start..field.end]));
    }
}

/// The owner's message with some of its fields replaced.
fn replaced<'a>(owner: &[u8], number: u32, arena: &'a Arena, put: impl FnOnce(&mut Vec<u8>)) -> &'a [u8] {
    arena.write(|out| {
        let others = |before: bool| {
            Fields::new(owner)
                .filter(move |field| field.number != number && (field.number < number) == before)
        };
        others(true).for_each(|field| out.extend_from_slice(&owner[field.start..field.end]));
        put(out);
        others(false).for_each(|field| out.extend_from_slice(&owner[field.start..field.end]));
    })
}

impl<'a> ResourceDraft<'a> {
    /// Sets the attributes.
    pub fn set_attributes(&mut self, attributes: AttributesView<'a>, arena: &'a Arena) {
        if std::ptr::eq(attributes.bytes(), self.view.attributes.bytes()) {
            return;
        }
        self.view.attributes = attributes.renumbered(1, arena);
        self.view.resource =
            replaced(self.view.resource, 1, arena, |out| self.view.attributes.put_as(1, out));
        self.touch(OWNER);
    }

    /// Sets how many attributes were left out.
    pub fn set_dropped_attributes_count(&mut self, count: u32, arena: &'a Arena) {
        self.view.dropped_attributes_count = count;
        self.view.resource = replaced(self.view.resource, 2, arena, |out| put::varint(2, count.into(), out));
        self.touch(OWNER);
    }

    /// Sets the schema of the resource.
    pub fn set_schema_url(&mut self, url: &'a str) {
        self.view.schema_url = url.as_bytes();
        self.touch(SCHEMA_URL);
    }
}

impl<'a> ScopeDraft<'a> {
    /// Sets the name of the instrumentation scope.
    pub fn set_name(&mut self, name: &'a str, arena: &'a Arena) {
        self.view.name = name.as_bytes();
        self.set(1, arena, |out| put::block(1, name.as_bytes(), out));
    }

    /// Sets the version of the instrumentation scope.
    pub fn set_version(&mut self, version: &'a str, arena: &'a Arena) {
        self.view.version = version.as_bytes();
        self.set(2, arena, |out| put::block(2, version.as_bytes(), out));
    }

    /// Sets the attributes.
    pub fn set_attributes(&mut self, attributes: AttributesView<'a>, arena: &'a Arena) {
        if std::ptr::eq(attributes.bytes(), self.view.attributes.bytes()) {
            return;
        }
        let attributes = attributes.renumbered(3, arena);
        self.view.attributes = attributes;
        self.set(3, arena, |out| attributes.put_as(3, out));
    }

    /// Sets how many attributes were left out.
    pub fn set_dropped_attributes_count(&mut self, count: u32, arena: &'a Arena) {
        self.view.dropped_attributes_count = count;
        self.set(4, arena, |out| put::varint(4, count.into(), out));
    }

    /// Sets the schema of the scope's items.
    pub fn set_schema_url(&mut self, url: &'a str) {
        self.view.schema_url = url.as_bytes();
        self.touch(SCHEMA_URL);
    }

    fn set(&mut self, number: u32, arena: &'a Arena, put: impl FnOnce(&mut Vec<u8>)) {
        self.view.scope = replaced(self.view.scope, number, arena, put);
        self.touch(OWNER);
    }
}
