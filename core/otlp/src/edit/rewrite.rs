//! One walk over a request that copies what stays and writes what was edited.

use bytes::Bytes;

use super::draft::Draft;
use super::groups::{Group, MEMBERS};
use super::metrics::{POINTS, data_field};
use super::nested::Nested;
use super::traces::EVENTS;
use super::{Arena, EventDraft, LogDraft, MetricDraft, PointDraft, ResourceDraft, ScopeDraft, SpanDraft};
use crate::views::repeated::Repeated;
use crate::views::{EventView, LogRecordView, MetricView, ResourceView, ScopeView, SpanView};
use crate::wire::{Fields, Value, put_block_header};
use crate::{Canonical, Request, Signal};

/// Whether something stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It stays, as it is now.
    Keep,
    /// It goes, with all that belongs to it.
    Drop,
}

/// How far down an [`Editor`] looks. What lies below is copied unseen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Resources alone.
    Resource,
    /// Scopes, too.
    Scope,
    /// Log records, spans and metrics, too.
    Item,
    /// Span events and data points, too.
    Part,
}

/// What an item belongs to.
#[derive(Debug)]
pub struct Owner<'r, 'a> {
    /// The resource it comes from.
    pub resource: &'r mut ResourceDraft<'a>,
    /// The scope it was made in.
    pub scope: &'r mut ScopeDraft<'a>,
}

/// Edits what it is shown. Owners come before what belongs to them, and may be changed from there, too.
///
/// Of owners that lose everything that belongs to them nothing stays.
pub trait Editor<'a> {
    /// How far down it looks.
    fn level(&self) -> Level;

    /// A resource.
    fn resource(&mut self, resource: &mut ResourceDraft<'a>) -> Verdict {
        let _ = resource;
        Verdict::Keep
    }

    /// A scope of a resource.
    fn scope(&mut self, owner: Owner<'_, 'a>) -> Verdict {
        let _ = owner;
        Verdict::Keep
    }

    /// A log record.
    fn log(&mut self, owner: Owner<'_, 'a>, log: &mut LogDraft<'a>) -> Verdict {
        let _ = (owner, log);
        Verdict::Keep
    }

    /// A span.
    fn span(&mut self, owner: Owner<'_, 'a>, span: &mut SpanDraft<'a>) -> Verdict {
        let _ = (owner, span);
        Verdict::Keep
    }

    /// An event of a span.
    fn event(
        &mut self,
        owner: Owner<'_, 'a>,
        span: &mut SpanDraft<'a>,
        event: &mut EventDraft<'a>,
    ) -> Verdict {
        let _ = (owner, span, event);
        Verdict::Keep
    }

    /// A metric.
    fn metric(&mut self, owner: Owner<'_, 'a>, metric: &mut MetricDraft<'a>) -> Verdict {
        let _ = (owner, metric);
        Verdict::Keep
    }

    /// A data point of a metric.
    fn point(
        &mut self,
        owner: Owner<'_, 'a>,
        metric: &mut MetricDraft<'a>,
        point: &mut PointDraft<'a>,
    ) -> Verdict {
        let _ = (owner, metric, point);
        Verdict::Keep
    }
}

/// Shows a request to an editor. None: nothing was changed.
pub fn rewrite<'a>(
    request: &'a Canonical,
    arena: &'a Arena,
    editor: &mut impl Editor<'a>,
) -> Option<Request> {
    let signal = request.signal();
    let level = editor.level();
    let out = Vec::with_capacity(request.bytes().len() + request.bytes().len() / 8);
    let mut walk = Walk { signal, level, arena, editor, out, changed: false, dropped: 0 };
    walk.request(request.bytes());
    let Walk { out, changed, dropped, .. } = walk;
    changed.then(|| Request::trusted(signal, Bytes::from(out), request.items() - dropped, true))
}

struct Walk<'a, 'e, E> {
    signal: Signal,
    level: Level,
    arena: &'a Arena,
    editor: &'e mut E,
    out: Vec<u8>,
    changed: bool,
    /// Items that are gone.
    dropped: usize,
}

impl<'a, E: Editor<'a>> Walk<'a, '_, E> {
    fn request(&mut self, bytes: &'a [u8]) {
        for field in Fields::new(bytes) {
            match (field.number, field.value) {
                (1, Value::Block(entry)) => self.resource(entry),
                _ => self.out.extend_from_slice(&bytes[field.start..field.end]),
            }
        }
    }

    fn resource(&mut self, entry: &'a [u8]) {
        let mut resource = Draft::new(ResourceView::new(self.signal, entry));
        let below = |walk: &mut Self, resource: &mut ResourceDraft<'a>, scope| walk.scope(resource, scope);
        if self.editor.resource(&mut resource) == Verdict::Drop {
            self.changed = true;
            self.dropped += resource.scopes().map(|scope| items_of(self.signal, &scope)).sum::<usize>();
            return;
        }
        let nested = Nested::open(1, entry.len(), &mut self.out);
        if self.group(&mut resource, Level::Resource, below) {
            nested.close(&mut self.out);
        } else {
            nested.undo(&mut self.out);
        }
    }

    fn scope(&mut self, resource: &mut ResourceDraft<'a>, entry: &'a [u8]) -> bool {
        let mut scope = Draft::new(ScopeView::new(self.signal, entry));
        let owner = Owner { resource: &mut *resource, scope: &mut scope };
        if self.editor.scope(owner) == Verdict::Drop {
            self.changed = true;
            self.dropped += items_of(self.signal, &scope);
            return false;
        }
        let nested = Nested::open(2, entry.len(), &mut self.out);
        let below = |walk: &mut Self, scope: &mut ScopeDraft<'a>, item| walk.item(resource, scope, item);
        if self.group(&mut scope, Level::Scope, below) {
            nested.close(&mut self.out);
            true
        } else {
            nested.undo(&mut self.out);
            false
        }
    }

    /// Writes an owner and its members, and the owner once more if the members have changed it. False: it had
    /// members, and none is left.
    fn group<V: Group>(
        &mut self,
        owner: &mut Draft<V>,
        level: Level,
        mut member: impl FnMut(&mut Self, &mut Draft<V>, &'a [u8]) -> bool,
    ) -> bool
    where
        Draft<V>: Members<'a>,
    {
        let start = self.out.len();
        owner.put_head(&mut self.out);
        let end = self.out.len();
        // Where it lies and how long it is: what is empty may lie where something else does.
        let written = std::ptr::from_ref(owner.view.owner());
        let (mut had, mut left) = (false, false);
        for bytes in owner.members() {
            had = true;
            if self.level > level {
                left |= member(self, owner, bytes);
            } else {
                left = true;
                put_block_header(MEMBERS, bytes.len(), &mut self.out);
                self.out.extend_from_slice(bytes);
            }
        }
        self.changed |= owner.is_touched();
        if had && !left {
            return false;
        }
        if !std::ptr::eq(owner.view.owner(), written) {
            let mut head = Vec::new();
            owner.put_head(&mut head);
            self.out.splice(start..end, head);
        }
        owner.put_tail(&mut self.out);
        true
    }

    fn item(
        &mut self,
        resource: &mut ResourceDraft<'a>,
        scope: &mut ScopeDraft<'a>,
        bytes: &'a [u8],
    ) -> bool {
        let owner = Owner { resource, scope };
        match self.signal {
            Signal::Logs => {
                let mut log = Draft::new(LogRecordView::new(bytes));
                let verdict = self.editor.log(owner, &mut log);
                self.keep(verdict, bytes.len(), 1, log.is_touched(), |out| log.put(out))
            }
            Signal::Traces => self.span(owner, bytes),
            Signal::Metrics => self.metric(owner, bytes),
        }
    }

    fn span(&mut self, mut owner: Owner<'_, 'a>, bytes: &'a [u8]) -> bool {
        let mut span = Draft::new(SpanView::new(bytes));
        let verdict = self.editor.span(owner.reborrow(), &mut span);
        if verdict == Verdict::Keep && self.level == Level::Part {
            self.events(owner, &mut span);
        }
        self.keep(verdict, bytes.len(), 1, span.is_touched(), |out| span.put(out))
    }

    fn events(&mut self, mut owner: Owner<'_, 'a>, span: &mut SpanDraft<'a>) {
        let mut changed = false;
        let events = self.arena.write(|out| {
            for bytes in span.event_fields() {
                let mut event = Draft::new(EventView::new(bytes));
                let verdict = self.editor.event(owner.reborrow(), span, &mut event);
                changed |= verdict == Verdict::Drop || event.is_touched();
                if verdict == Verdict::Keep {
                    let nested = Nested::open(EVENTS, bytes.len(), out);
                    event.put(out);
                    nested.close(out);
                }
            }
        });
        if changed {
            span.view.events = Repeated::whole(EVENTS, events);
            span.touch(EVENTS);
        }
    }

    fn metric(&mut self, mut owner: Owner<'_, 'a>, bytes: &'a [u8]) -> bool {
        let mut metric = Draft::new(MetricView::new(bytes));
        let points = points_of(&metric);
        let mut verdict = self.editor.metric(owner.reborrow(), &mut metric);
        let mut left = points;
        if verdict == Verdict::Keep && self.level == Level::Part {
            left = self.points(owner, &mut metric);
            if left == 0 && points > 0 {
                verdict = Verdict::Drop;
            }
        }
        if verdict == Verdict::Keep {
            self.dropped += points - left;
        }
        self.keep(verdict, bytes.len(), points, metric.is_touched(), |out| metric.put(out))
    }

    /// How many points are left.
    fn points(&mut self, mut owner: Owner<'_, 'a>, metric: &mut MetricDraft<'a>) -> usize {
        let Some((kind, data)) = data_field(&metric.view.data) else { return 0 };
        let (mut changed, mut left) = (false, 0);
        let edited = self.arena.write(|out| {
            for bytes in Repeated::whole(POINTS, data).messages() {
                let Some(mut point) = PointDraft::new(kind, bytes) else { continue };
                let verdict = self.editor.point(owner.reborrow(), metric, &mut point);
                changed |= verdict == Verdict::Drop || point.is_touched();
                if verdict == Verdict::Keep {
                    left += 1;
                    let nested = Nested::open(POINTS, bytes.len(), out);
                    point.put(out);
                    nested.close(out);
                }
            }
        });
        if changed {
            metric.set_points(edited, self.arena);
        }
        left
    }

    /// Writes an item that stays.
    fn keep(
        &mut self,
        verdict: Verdict,
        length: usize,
        items: usize,
        touched: bool,
        put: impl FnOnce(&mut Vec<u8>),
    ) -> bool {
        if verdict == Verdict::Drop {
            self.changed = true;
            self.dropped += items;
            return false;
        }
        self.changed |= touched;
        let nested = Nested::open(MEMBERS, length, &mut self.out);
        put(&mut self.out);
        nested.close(&mut self.out);
        true
    }
}

impl<'a> Owner<'_, 'a> {
    fn reborrow(&mut self) -> Owner<'_, 'a> {
        Owner { resource: self.resource, scope: self.scope }
    }
}

/// The messages that belong to a group.
trait Members<'a> {
    fn members(&self) -> impl Iterator<Item = &'a [u8]> + use<'a, Self>;
}

impl<'a> Members<'a> for ResourceDraft<'a> {
    fn members(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.view.scopes.messages()
    }
}

impl<'a> Members<'a> for ScopeDraft<'a> {
    fn members(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.view.items.messages()
    }
}

fn items_of(signal: Signal, scope: &ScopeView<'_>) -> usize {
    match signal {
        Signal::Metrics => scope.metrics().map(|metric| points_of(&metric)).sum(),
        Signal::Traces | Signal::Logs => scope.items.messages().count(),
    }
}

fn points_of(metric: &MetricView<'_>) -> usize {
    data_field(&metric.data).map_or(0, |(_, data)| Repeated::whole(POINTS, data).messages().count())
}
