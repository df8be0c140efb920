use std::borrow::Cow;
use tidewatch_otlp::write::{Attributes, Map, Value};

/// A record on its way through the operators. It borrows from the file's bytes.
#[derive(Debug, Clone)]
pub(super) struct Record<'a> {
    pub(super) body: Value<'a>,
    pub(super) attributes: Map<'a>,
    pub(super) resource: Resource<'a>,
    pub(super) scope: Cow<'a, str>,
    /// In Unix nanoseconds; 0 if nobody has said so.
    pub(super) time: u64,
    pub(super) severity_number: u8,
    pub(super) severity_text: Cow<'a, str>,
    pub(super) trace: Trace,
}

/// The trace that a record belongs to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Trace {
    pub(super) trace_id: Option<[u8; 16]>,
    pub(super) span_id: Option<[u8; 8]>,
    pub(super) flags: u32,
}

/// A record's resource: that of others, too, until somebody changes it.
#[derive(Debug, Clone)]
pub(super) enum Resource<'a> {
    Shared(&'a SharedMap),
    Own(Map<'a>),
}

/// Attributes of many records or resources, for reading and for writing.
#[derive(Debug, Clone, Default)]
pub(super) struct SharedMap {
    pub(super) map: Map<'static>,
    pub(super) written: Attributes,
}

impl SharedMap {
    pub(super) fn new(map: Map<'static>) -> Self {
        Self { written: Attributes::new(&map), map }
    }
}

impl<'a> Resource<'a> {
    pub(super) fn map(&self) -> &Map<'a> {
        match self {
            Self::Shared(shared) => &shared.map,
            Self::Own(map) => map,
        }
    }

    /// Changes a shared resource for another one.
    pub(super) fn replace(&mut self, old: &'a SharedMap, new: &'a SharedMap) {
        match self {
            Self::Shared(shared) if std::ptr::eq(*shared, old) => *self = Self::Shared(new),
            Self::Shared(_) => {}
            Self::Own(map) => map.extend(new.map.reborrow()),
        }
    }

    pub(super) fn map_mut(&mut self) -> &mut Map<'a> {
        if let Self::Shared(shared) = self {
            *self = Self::Own(shared.map.reborrow());
        }
        match self {
            Self::Own(map) => map,
            Self::Shared(_) => unreachable!("it is its own now"),
        }
    }
}

impl<'a> Record<'a> {
    pub(super) fn new(body: Value<'a>, attributes: Map<'a>, resource: &'a SharedMap) -> Self {
        Self {
            body,
            attributes,
            resource: Resource::Shared(resource),
            scope: Cow::Borrowed(""),
            time: 0,
            severity_number: 0,
            severity_text: Cow::Borrowed(""),
            trace: Trace::default(),
        }
    }
}
