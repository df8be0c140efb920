//! Names of attributes, and units: what is changed wherever it occurs.

mod published;

use super::{
    config::RenameConfig,
    units::{Conversion, Units},
};
use indexmap::IndexMap;
use published::{Era, LATEST, Names, Published};
use std::collections::HashSet;
use tidewatch_config::Mistake;
use tidewatch_otlp::{
    Canonical, Request,
    edit::{
        Arena, Editor, Entry, EventDraft, Factor, Level, LogDraft, MetricDraft, Owner, PointDraft,
        ResourceDraft, SpanDraft, Verdict, rewrite,
    },
    views::AttributesView,
};

/// Old names and new ones.
#[derive(Debug, Default)]
pub(super) struct Renames {
    /// Those of the configuration: they come first.
    own: IndexMap<String, String>,
    published: Option<Published>,
}

impl Renames {
    /// As a configuration says, or what is wrong with it.
    pub(super) fn new(config: RenameConfig) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        for (old, new) in &config.names {
            let path = format!("rename.{old}");
            if new.is_empty() {
                mistakes.push(Mistake::new(path, "an attribute has a name"));
            } else if old == new {
                mistakes.push(Mistake::new(path, "the new name is the old one"));
            }
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        Ok(Self { own: config.names, published: config.semantic_conventions.then(Published::new) })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.own.is_empty() && self.published.is_none()
    }

    /// The request with other names, and with metrics in other units. None: nothing was changed.
    pub(super) fn apply(&self, units: &Units, request: &Canonical) -> Option<Request> {
        let arena = Arena::new();
        let mut walk = Walk {
            renames: self,
            units,
            arena: &arena,
            of_resource: None,
            of_items: None,
            of_points: None,
            factor: None,
        };
        rewrite(request, &arena, &mut walk)
    }
}

struct Walk<'a> {
    renames: &'a Renames,
    units: &'a Units,
    arena: &'a Arena,
    /// By what the resource, and the scope, say about the version of their names.
    of_resource: Option<&'a Era>,
    of_items: Option<&'a Era>,
    /// Of the metric that is looked at.
    of_points: Option<&'a Names>,
    factor: Option<Factor>,
}

impl<'a> Walk<'a> {
    fn era(&self, schema_url: &str) -> Option<&'a Era> {
        self.renames.published.as_ref()?.era(schema_url)
    }

    fn renamed(&self, attributes: AttributesView<'a>, published: Option<&'a Names>) -> AttributesView<'a> {
        let own = &self.renames.own;
        let new_name = |old: &str| match own.get(old) {
            Some(name) => Some(name.as_str()),
            None => published?.get(old).copied(),
        };
        rename(attributes, new_name, self.arena)
    }
}

impl<'a> Editor<'a> for Walk<'a> {
    fn level(&self) -> Level {
        Level::Part
    }

    fn resource(&mut self, resource: &mut ResourceDraft<'a>) -> Verdict {
        self.of_resource = self.era(resource.schema_url());
        let names = self.of_resource.map(|era| &era.resources);
        resource.set_attributes(self.renamed(resource.attributes(), names), self.arena);
        if self.of_resource.is_some_and(Era::is_before_latest) && !resource.schema_url().is_empty() {
            resource.set_schema_url(LATEST);
        }
        Verdict::Keep
    }

    fn scope(&mut self, owner: Owner<'_, 'a>) -> Verdict {
        let scope = owner.scope;
        // A scope without a schema has that of its resource.
        self.of_items = match scope.schema_url() {
            "" => self.of_resource,
            url => self.era(url),
        };
        if self.of_items.is_some_and(Era::is_before_latest) && !scope.schema_url().is_empty() {
            scope.set_schema_url(LATEST);
        }
        scope.set_attributes(self.renamed(scope.attributes(), None), self.arena);
        Verdict::Keep
    }

    fn log(&mut self, _: Owner<'_, 'a>, log: &mut LogDraft<'a>) -> Verdict {
        let names = self.of_items.map(|era| &era.records);
        log.set_attributes(self.renamed(log.attributes(), names), self.arena);
        Verdict::Keep
    }

    fn span(&mut self, _: Owner<'_, 'a>, span: &mut SpanDraft<'a>) -> Verdict {
        let names = self.of_items.map(|era| &era.spans);
        span.set_attributes(self.renamed(span.attributes(), names), self.arena);
        Verdict::Keep
    }

    fn event(&mut self, _: Owner<'_, 'a>, _: &mut SpanDraft<'a>, event: &mut EventDraft<'a>) -> Verdict {
        let names = self.of_items.map(|era| &era.records);
        event.set_attributes(self.renamed(event.attributes(), names), self.arena);
        Verdict::Keep
    }

    fn metric(&mut self, _: Owner<'_, 'a>, metric: &mut MetricDraft<'a>) -> Verdict {
        self.of_points = self.of_items.map(|era| era.points(metric.name()));
        if let Some(name) = self.of_items.and_then(|era| era.metrics.get(metric.name())) {
            metric.set_name(name);
        }
        let conversion = self.units.conversion(metric.unit());
        if let Some(conversion) = conversion {
            metric.set_unit(&conversion.unit);
        }
        self.factor = conversion.and_then(Conversion::factor);
        Verdict::Keep
    }

    fn point(&mut self, _: Owner<'_, 'a>, _: &mut MetricDraft<'a>, point: &mut PointDraft<'a>) -> Verdict {
        if let Some(factor) = self.factor {
            point.rescale(factor, self.arena);
        }
        point.set_attributes(self.renamed(point.attributes(), self.of_points), self.arena);
        Verdict::Keep
    }
}

/// Where both names are there, the entry with the new one stays and the other goes.
fn rename<'a>(
    attributes: AttributesView<'a>,
    new_name: impl Fn(&str) -> Option<&'a str>,
    arena: &'a Arena,
) -> AttributesView<'a> {
    if attributes.iter().all(|(key, _)| new_name(key).is_none()) {
        return attributes;
    }
    let mut taken: HashSet<&str> =
        attributes.iter().map(|(key, _)| key).filter(|key| new_name(key).is_none()).collect();
    attributes.edited(arena, |key, _| match new_name(key) {
        None => Entry::Keep,
        Some(new) if taken.insert(new) => Entry::Rename(new),
        Some(_) => Entry::Drop,
    })
}
