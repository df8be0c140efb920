//! What enriching does to a request.

use super::{
    counts::Tally,
    table::{Key, Spec, Table},
};
use tidewatch_otlp::{
    Signal,
    edit::{
        Arena, Editor, Entry, Level, LogDraft, MetricDraft, Owner, PointDraft, ResourceDraft, SpanDraft,
        Verdict,
    },
    views::{AttributesView, ValueView},
};

/// Enriches one request, from one version of each table.
pub(super) struct Enricher<'a> {
    arena: &'a Arena,
    level: Level,
    constants: Constants<'a>,
    lookups: Vec<Lookup<'a>>,
    /// What resource and scope said when they arrived.
    said: Owners<'a>,
    key: Key,
}

/// Attributes of every resource.
#[derive(Clone, Copy)]
pub(super) struct Constants<'a> {
    pub(super) attributes: AttributesView<'a>,
    /// Whether they replace what a resource says.
    pub(super) override_: bool,
}

/// The attributes of a resource and of a scope; of the latter none, where a resource is looked at.
#[derive(Clone, Copy, Default)]
struct Owners<'a> {
    resource: AttributesView<'a>,
    scope: AttributesView<'a>,
}

/// A table that is looked up.
struct Lookup<'a> {
    spec: &'a Spec,
    table: &'a Table,
    /// Of the attributes to match, what scope and resource say now.
    outside: Vec<Option<ValueView<'a>>>,
    tally: Tally,
}

impl<'a> Enricher<'a> {
    pub(super) fn new(
        signal: Signal,
        constants: Constants<'a>,
        tables: impl Iterator<Item = (&'a Spec, &'a Table)>,
        arena: &'a Arena,
    ) -> Self {
        let lookup = |(spec, table): (&'a Spec, &'a Table)| {
            let outside = vec![None; spec.match_.len()];
            Lookup { spec, table, outside, tally: Tally::default() }
        };
        let lookups: Vec<_> = tables.map(lookup).collect();
        let level = match signal {
            _ if lookups.is_empty() => Level::Resource,
            Signal::Metrics => Level::Part,
            Signal::Traces | Signal::Logs => Level::Item,
        };
        Self { arena, level, constants, lookups, said: Owners::default(), key: Key::default() }
    }

    /// How often each table was looked up.
    pub(super) fn tallies(&self) -> impl Iterator<Item = Tally> {
        self.lookups.iter().map(|lookup| lookup.tally)
    }

    /// The attributes of a resource, scope or item, with what the tables know about them.
    fn enrich(&mut self, mut own: AttributesView<'a>, item: bool) -> AttributesView<'a> {
        for lookup in &mut self.lookups {
            if let Some(row) = lookup.row(own, item, &mut self.key) {
                own = add(own, row, lookup.spec.override_, self.said, self.arena);
            }
        }
        own
    }

    /// Remembers what is said outside of what is looked at next.
    fn step_into(&mut self, owners: Owners<'a>) {
        for lookup in &mut self.lookups {
            for ((attribute, _), value) in lookup.spec.match_.iter().zip(&mut lookup.outside) {
                *value = owners.scope.get(attribute).or_else(|| owners.resource.get(attribute));
            }
        }
    }
}

impl<'a> Lookup<'a> {
    /// What is to be added to something with these attributes: nothing, if all that was looked up is said outside
    /// of it, where it was found already.
    fn row(&mut self, own: AttributesView<'a>, item: bool, key: &mut Key) -> Option<AttributesView<'a>> {
        let attributes = || self.spec.match_.iter().map(|(attribute, _)| attribute).zip(&self.outside);
        if !attributes().any(|(attribute, _)| own.get(attribute).is_some()) {
            // What is missing here may be further in.
            let missing = item && self.outside.iter().any(Option::is_none);
            return if missing { self.without(false) } else { None };
        }
        key.clear();
        for (attribute, outside) in attributes() {
            let Some(value) = own.get(attribute).or(*outside) else {
                return if item { self.without(false) } else { None };
            };
            key.push(value);
        }
        let row = self.table.get(key);
        if row.is_some() {
            self.tally.matched += 1;
            return row;
        }
        self.without(true)
    }

    /// There is no row.
    fn without(&mut self, looked_up: bool) -> Option<AttributesView<'a>> {
        let row = self.table.default_row();
        let counter = match (&row, looked_up) {
            (Some(_), _) => &mut self.tally.default,
            (None, true) => &mut self.tally.unmatched,
            (None, false) => &mut self.tally.no_attribute,
        };
        *counter += 1;
        row
    }
}

/// The attributes with those of a row. What is said already wins, unless it is overridden.
fn add<'a>(
    own: AttributesView<'a>,
    row: AttributesView<'a>,
    override_: bool,
    said: Owners<'a>,
    arena: &'a Arena,
) -> AttributesView<'a> {
    if override_ {
        return row.iter().fold(own, |own, (key, value)| own.with(key, value, arena));
    }
    let is_said =
        |key| [own, said.scope, said.resource].iter().any(|attributes| attributes.get(key).is_some());
    let new = match row.iter().any(|(key, _)| is_said(key)) {
        true => row.edited(arena, |key, _| if is_said(key) { Entry::Drop } else { Entry::Keep }),
        false => row,
    };
    if new.is_empty() { own } else { own.and_all(new, arena) }
}

impl<'a> Editor<'a> for Enricher<'a> {
    fn level(&self) -> Level {
        self.level
    }

    fn resource(&mut self, resource: &mut ResourceDraft<'a>) -> Verdict {
        let Constants { attributes, override_ } = self.constants;
        let arrived = resource.attributes();
        self.said = Owners::default();
        self.step_into(Owners::default());
        let own = add(arrived, attributes, override_, self.said, self.arena);
        let own = self.enrich(own, false);
        resource.set_attributes(own, self.arena);
        self.said.resource = arrived;
        Verdict::Keep
    }

    fn scope(&mut self, owner: Owner<'_, 'a>) -> Verdict {
        let (resource, arrived) = (owner.resource.attributes(), owner.scope.attributes());
        self.said.scope = AttributesView::default();
        self.step_into(Owners { resource, scope: AttributesView::default() });
        let own = self.enrich(arrived, false);
        owner.scope.set_attributes(own, self.arena);
        self.said.scope = arrived;
        self.step_into(Owners { resource, scope: own });
        Verdict::Keep
    }

    fn log(&mut self, _: Owner<'_, 'a>, log: &mut LogDraft<'a>) -> Verdict {
        log.set_attributes(self.enrich(log.attributes(), true), self.arena);
        Verdict::Keep
    }

    fn span(&mut self, _: Owner<'_, 'a>, span: &mut SpanDraft<'a>) -> Verdict {
        span.set_attributes(self.enrich(span.attributes(), true), self.arena);
        Verdict::Keep
    }

    fn point(&mut self, _: Owner<'_, 'a>, _: &mut MetricDraft<'a>, point: &mut PointDraft<'a>) -> Verdict {
        point.set_attributes(self.enrich(point.attributes(), true), self.arena);
        Verdict::Keep
    }
}
