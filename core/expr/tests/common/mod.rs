//! Statements carried out on wire bytes, as a processor does it.

use tidewatch_expr::{Context, Failure, ItemMut, RecordMut, Statement};
use tidewatch_otlp::Request;
use tidewatch_otlp::edit::{
    Arena, Editor, EventDraft, Level, LogDraft, MetricDraft, Owner, PointDraft, ResourceDraft, ScopeDraft,
    SpanDraft, Verdict, rewrite,
};
use tidewatch_otlp::views::{AttributesView, ScopeView};

/// The request after the statements, and what came of each on each record: whether its condition held.
pub(crate) fn run(
    statements: &[Statement],
    context: Context,
    request: &Request,
) -> (Request, Vec<Result<bool, Failure>>) {
    let (canonical, arena) = (request.canonical(), Arena::new());
    let mut run = Run { statements, context, arena: &arena, outcomes: Vec::new() };
    let edited = rewrite(&canonical, &arena, &mut run);
    (edited.unwrap_or_else(|| canonical.clone().into_request()), run.outcomes)
}

struct Run<'a> {
    statements: &'a [Statement],
    context: Context,
    arena: &'a Arena,
    outcomes: Vec<Result<bool, Failure>>,
}

impl<'a> Run<'a> {
    fn carry_out(&mut self, owner: Owner<'_, 'a>, item: ItemMut<'_, 'a>, of: Context) -> Verdict {
        if of == self.context {
            let mut cache = AttributesView::empty_map();
            let mut record = RecordMut { owner, item, cache: &mut cache, arena: self.arena };
            for statement in self.statements {
                self.outcomes.push(statement.run(&mut record));
            }
        }
        Verdict::Keep
    }
}

impl<'a> Editor<'a> for Run<'a> {
    fn level(&self) -> Level {
        match self.context {
            Context::Resource => Level::Resource,
            Context::Scope => Level::Scope,
            Context::Log | Context::Fields | Context::Span | Context::Metric => Level::Item,
            Context::SpanEvent | Context::DataPoint => Level::Part,
        }
    }

    fn resource(&mut self, resource: &mut ResourceDraft<'a>) -> Verdict {
        let scope = &mut ScopeDraft::new(ScopeView::empty());
        self.carry_out(Owner { resource, scope }, ItemMut::None, Context::Resource)
    }

    fn scope(&mut self, owner: Owner<'_, 'a>) -> Verdict {
        self.carry_out(owner, ItemMut::None, Context::Scope)
    }

    fn log(&mut self, owner: Owner<'_, 'a>, log: &mut LogDraft<'a>) -> Verdict {
        let context = if self.context == Context::Fields { Context::Fields } else { Context::Log };
        self.carry_out(owner, ItemMut::Log(log), context)
    }

    fn span(&mut self, owner: Owner<'_, 'a>, span: &mut SpanDraft<'a>) -> Verdict {
        self.carry_out(owner, ItemMut::Span(span), Context::Span)
    }

    fn event(
        &mut self,
        owner: Owner<'_, 'a>,
        span: &mut SpanDraft<'a>,
        event: &mut EventDraft<'a>,
    ) -> Verdict {
        self.carry_out(owner, ItemMut::SpanEvent(span, event), Context::SpanEvent)
    }

    fn metric(&mut self, owner: Owner<'_, 'a>, metric: &mut MetricDraft<'a>) -> Verdict {
        self.carry_out(owner, ItemMut::Metric(metric), Context::Metric)
    }

    fn point(
        &mut self,
        owner: Owner<'_, 'a>,
        metric: &mut MetricDraft<'a>,
        point: &mut PointDraft<'a>,
    ) -> Verdict {
        self.carry_out(owner, ItemMut::DataPoint(metric, point), Context::DataPoint)
    }
}
