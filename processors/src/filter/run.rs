use super::compile::{Test, Tests};
use crate::ottl::Failures;
use tidewatch_expr::{ErrorMode, Item, Point, Record};
use tidewatch_otlp::{
    edit::{
        Arena, Editor, EventDraft, Level, LogDraft, MetricDraft, Owner, PointDraft, ResourceDraft, SpanDraft,
        Verdict,
    },
    views::ScopeView,
};

/// Conditions on their way over a request.
pub(super) struct Run<'p, 'a> {
    pub(super) tests: &'a Tests,
    pub(super) mode: ErrorMode,
    pub(super) arena: &'a Arena,
    pub(super) failures: &'p Failures,
    /// Why the request is refused.
    pub(super) refused: Option<String>,
}

impl<'a> Run<'_, 'a> {
    fn judge(&mut self, tests: &'a [Test], owner: &Owner<'_, 'a>, item: Item<'_, 'a>) -> Verdict {
        if tests.is_empty() || self.refused.is_some() {
            return Verdict::Keep;
        }
        let record = Record::new(owner.resource, owner.scope, item, self.arena);
        for test in tests {
            match test.condition.try_holds(&record) {
                Ok(true) => return Verdict::Drop,
                Ok(false) => {}
                Err(failure) => self.refused = self.failures.met(&failure, &test.text, self.mode),
            }
        }
        Verdict::Keep
    }
}

impl<'a> Editor<'a> for Run<'_, 'a> {
    fn level(&self) -> Level {
        let Tests { scope, item, part, .. } = self.tests;
        match (part.is_empty(), item.is_empty(), scope.is_empty()) {
            (false, ..) => Level::Part,
            (true, false, _) => Level::Item,
            (true, true, false) => Level::Scope,
            (true, true, true) => Level::Resource,
        }
    }

    fn resource(&mut self, resource: &mut ResourceDraft<'a>) -> Verdict {
        let scope = &mut tidewatch_otlp::edit::Draft::new(ScopeView::empty());
        self.judge(&self.tests.resource, &Owner { resource, scope }, Item::None)
    }

    fn scope(&mut self, owner: Owner<'_, 'a>) -> Verdict {
        self.judge(&self.tests.scope, &owner, Item::None)
    }

    fn log(&mut self, owner: Owner<'_, 'a>, log: &mut LogDraft<'a>) -> Verdict {
        self.judge(&self.tests.item, &owner, Item::Log(log))
    }

    fn span(&mut self, owner: Owner<'_, 'a>, span: &mut SpanDraft<'a>) -> Verdict {
        self.judge(&self.tests.item, &owner, Item::Span(span))
    }

    fn event(
        &mut self,
        owner: Owner<'_, 'a>,
        span: &mut SpanDraft<'a>,
        event: &mut EventDraft<'a>,
    ) -> Verdict {
        self.judge(&self.tests.part, &owner, Item::SpanEvent(span, event))
    }

    fn metric(&mut self, owner: Owner<'_, 'a>, metric: &mut MetricDraft<'a>) -> Verdict {
        self.judge(&self.tests.item, &owner, Item::Metric(metric))
    }

    fn point(
        &mut self,
        owner: Owner<'_, 'a>,
        metric: &mut MetricDraft<'a>,
        point: &mut PointDraft<'a>,
    ) -> Verdict {
        self.judge(&self.tests.part, &owner, Item::DataPoint(metric, Point::from(&*point)))
    }
}
