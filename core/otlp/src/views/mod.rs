//! Zero-copy views of a request: resource, scope, item, attributes.
//!
//! A view borrows the bytes of one message, parses its scalars once and everything else when asked. Views are
//! small and `Copy`. They start at [`Canonical::resources`]; fields that are absent read as protobuf's defaults.

mod histograms;
mod json;
mod logs;
mod metrics;
mod points;
pub(crate) mod repeated;
mod traces;
pub(crate) mod value;

pub use histograms::{BucketsView, ExponentialHistogramPointView, HistogramPointView};
pub use logs::LogRecordView;
pub use metrics::{DataView, MetricView, PointView, Points, Temporality};
pub use points::{ExemplarView, Number, NumberPointView, SummaryPointView};
pub use traces::{EventView, LinkView, SpanView};
pub use value::{ArrayView, AttributesView, ValueView};

use crate::wire::{Fields, Value};
use crate::{Canonical, Signal};
use repeated::Repeated;

impl Canonical {
    /// The resources, in order.
    pub fn resources(&self) -> impl Iterator<Item = ResourceView<'_>> + Clone {
        let signal = self.signal();
        Repeated::whole(1, self.bytes()).messages().map(move |bytes| ResourceView::new(signal, bytes))
    }
}

/// Text of a request that has been checked.
fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap_or_default()
}

/// A `ResourceSpans`, `ResourceMetrics` or `ResourceLogs`.
#[derive(Debug, Clone, Copy)]
pub struct ResourceView<'a> {
    pub(crate) signal: Signal,
    pub(crate) bytes: &'a [u8],
    pub(crate) resource: &'a [u8],
    pub(crate) attributes: AttributesView<'a>,
    pub(crate) dropped_attributes_count: u32,
    pub(crate) schema_url: &'a [u8],
    pub(crate) scopes: Repeated<'a>,
}

impl<'a> ResourceView<'a> {
    pub(crate) fn new(signal: Signal, bytes: &'a [u8]) -> Self {
        let mut view = Self {
            signal,
            bytes,
            resource: &[],
            attributes: AttributesView::default(),
            dropped_attributes_count: 0,
            schema_url: &[],
            scopes: Repeated::none(2, bytes),
        };
        for field in Fields::new(bytes) {
            match (field.number, field.value) {
                (1, Value::Block(resource)) => view.resource = resource,
                (2, Value::Block(_)) => view.scopes.push(field),
                (3, Value::Block(url)) => view.schema_url = url,
                _ => {}
            }
        }
        let mut attributes = Repeated::none(1, view.resource);
        for field in Fields::new(view.resource) {
            match (field.number, field.value) {
                (1, Value::Block(_)) => attributes.push(field),
                (2, Value::Varint(count)) => view.dropped_attributes_count = count as u32,
                _ => {}
            }
        }
        view.attributes = attributes.into();
        view
    }

    /// The bytes of this entry, scopes and items included.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The bytes of the `Resource` message alone: equal bytes are the same resource.
    pub fn resource_bytes(&self) -> &'a [u8] {
        self.resource
    }

    /// The resource's attributes.
    pub fn attributes(&self) -> AttributesView<'a> {
        self.attributes
    }

    /// How many attributes the sender left out.
    pub fn dropped_attributes_count(&self) -> u32 {
        self.dropped_attributes_count
    }

    /// The schema of the resource.
    pub fn schema_url(&self) -> &'a str {
        text(self.schema_url)
    }

    /// The scopes of this resource, in order.
    pub fn scopes(&self) -> impl Iterator<Item = ScopeView<'a>> + Clone + use<'a> {
        let signal = self.signal;
        self.scopes.messages().map(move |bytes| ScopeView::new(signal, bytes))
    }
}

/// A `ScopeSpans`, `ScopeMetrics` or `ScopeLogs`.
#[derive(Debug, Clone, Copy)]
pub struct ScopeView<'a> {
    pub(crate) signal: Signal,
    pub(crate) bytes: &'a [u8],
    pub(crate) scope: &'a [u8],
    pub(crate) name: &'a [u8],
    pub(crate) version: &'a [u8],
    pub(crate) attributes: AttributesView<'a>,
    pub(crate) dropped_attributes_count: u32,
    pub(crate) schema_url: &'a [u8],
    pub(crate) items: Repeated<'a>,
}

impl<'a> ScopeView<'a> {
    pub(crate) fn new(signal: Signal, bytes: &'a [u8]) -> Self {
        let mut view = Self {
            signal,
            bytes,
            scope: &[],
            name: &[],
            version: &[],
            attributes: AttributesView::default(),
            dropped_attributes_count: 0,
            schema_url: &[],
            items: Repeated::none(2, bytes),
        };
        for field in Fields::new(bytes) {
            match (field.number, field.value) {
                (1, Value::Block(scope)) => view.scope = scope,
                (2, Value::Block(_)) => view.items.push(field),
                (3, Value::Block(url)) => view.schema_url = url,
                _ => {}
            }
        }
        let mut attributes = Repeated::none(3, view.scope);
        for field in Fields::new(view.scope) {
            match (field.number, field.value) {
                (1, Value::Block(name)) => view.name = name,
                (2, Value::Block(version)) => view.version = version,
                (3, Value::Block(_)) => attributes.push(field),
                (4, Value::Varint(count)) => view.dropped_attributes_count = count as u32,
                _ => {}
            }
        }
        view.attributes = attributes.into();
        view
    }

    /// A scope that says nothing.
    pub fn empty() -> Self {
        Self::new(Signal::Logs, &[])
    }

    /// The bytes of this entry, items included.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The bytes of the `InstrumentationScope` message alone: equal bytes are the same scope.
    pub fn scope_bytes(&self) -> &'a [u8] {
        self.scope
    }

    /// The name of the instrumentation scope.
    pub fn name(&self) -> &'a str {
        text(self.name)
    }

    /// The version of the instrumentation scope.
    pub fn version(&self) -> &'a str {
        text(self.version)
    }

    /// The scope's attributes.
    pub fn attributes(&self) -> AttributesView<'a> {
        self.attributes
    }

    /// How many attributes the sender left out.
    pub fn dropped_attributes_count(&self) -> u32 {
        self.dropped_attributes_count
    }

    /// The schema of the scope's items.
    pub fn schema_url(&self) -> &'a str {
        text(self.schema_url)
    }

    /// The log records, in order; none in a request of another signal.
    pub fn records(&self) -> impl Iterator<Item = LogRecordView<'a>> + Clone + use<'a> {
        self.items_of(Signal::Logs).map(LogRecordView::new)
    }

    /// The spans, in order; none in a request of another signal.
    pub fn spans(&self) -> impl Iterator<Item = SpanView<'a>> + Clone + use<'a> {
        self.items_of(Signal::Traces).map(SpanView::new)
    }

    /// The metrics, in order; none in a request of another signal.
    pub fn metrics(&self) -> impl Iterator<Item = MetricView<'a>> + Clone + use<'a> {
        self.items_of(Signal::Metrics).map(MetricView::new)
    }

    fn items_of(&self, signal: Signal) -> impl Iterator<Item = &'a [u8]> + Clone + use<'a> {
        let items = if self.signal == signal { self.items } else { Repeated::none(2, self.bytes) };
        items.messages()
    }
}
