//! Actions on the items that are selected.

use super::{Selection, matcher::Matcher};
use crate::actions::Run;
use tidewatch_component::data_type;
use tidewatch_otlp::{
    Signal,
    edit::{
        Arena, Editor, Level, LogDraft, MetricDraft, Owner, PointDraft, ResourceDraft, SpanDraft, Verdict,
    },
};

/// Acts on the attributes of one request's items.
pub(super) struct Items<'a> {
    run: Run<'a>,
    level: Level,
    include: Option<Match<'a>>,
    exclude: Option<Match<'a>>,
    /// Whether the metric is selected whose points come next.
    metric: bool,
    arena: &'a Arena,
}

/// A matcher, and whether the owners fit of what comes next.
struct Match<'a> {
    matcher: &'a Matcher,
    resource: bool,
    scope: bool,
}

impl<'a> Items<'a> {
    pub(super) fn new(signal: Signal, selection: &'a Selection, run: Run<'a>, arena: &'a Arena) -> Self {
        let start = |matcher: &'a Matcher| Match { matcher, resource: true, scope: true };
        Self {
            run,
            level: if signal == Signal::Metrics { Level::Part } else { Level::Item },
            include: selection.include.as_ref().map(start),
            exclude: selection
                .exclude
                .as_ref()
                .filter(|exclude| exclude.signals.contains(data_type(signal)))
                .map(start),
            metric: true,
            arena,
        }
    }

    fn matches(&mut self) -> impl Iterator<Item = &mut Match<'a>> {
        self.include.iter_mut().chain(&mut self.exclude)
    }

    /// Whether something is acted on, given what matchers say about it itself.
    fn selects(&self, fits: impl Fn(&Matcher) -> bool) -> bool {
        let holds = |one: &Match<'a>| one.resource && one.scope && fits(one.matcher);
        self.include.as_ref().is_none_or(holds) && !self.exclude.as_ref().is_some_and(holds)
    }
}

impl<'a> Editor<'a> for Items<'a> {
    fn level(&self) -> Level {
        self.level
    }

    fn resource(&mut self, resource: &mut ResourceDraft<'a>) -> Verdict {
        self.matches().for_each(|one| one.resource = one.matcher.resource(resource));
        Verdict::Keep
    }

    fn scope(&mut self, owner: Owner<'_, 'a>) -> Verdict {
        self.matches().for_each(|one| one.scope = one.matcher.scope(owner.scope));
        Verdict::Keep
    }

    fn log(&mut self, _: Owner<'_, 'a>, log: &mut LogDraft<'a>) -> Verdict {
        if self.selects(|matcher| matcher.log(log)) {
            log.set_attributes(self.run.edit(log.attributes()), self.arena);
        }
        Verdict::Keep
    }

    fn span(&mut self, _: Owner<'_, 'a>, span: &mut SpanDraft<'a>) -> Verdict {
        if self.selects(|matcher| matcher.span(span)) {
            span.set_attributes(self.run.edit(span.attributes()), self.arena);
        }
        Verdict::Keep
    }

    fn metric(&mut self, _: Owner<'_, 'a>, metric: &mut MetricDraft<'a>) -> Verdict {
        self.metric = self.selects(|matcher| matcher.metric(metric));
        Verdict::Keep
    }

    fn point(&mut self, _: Owner<'_, 'a>, _: &mut MetricDraft<'a>, point: &mut PointDraft<'a>) -> Verdict {
        if self.metric {
            point.set_attributes(self.run.edit(point.attributes()), self.arena);
        }
        Verdict::Keep
    }
}
