use super::Failures;
use tidewatch_expr::{Condition, Context, ErrorMode, ItemMut, RecordMut, Statement};
use tidewatch_otlp::{
    edit::{
        Arena, Editor, EventDraft, Level, LogDraft, MetricDraft, Owner, PointDraft, ResourceDraft,
        ScopeDraft, SpanDraft, Verdict,
    },
    views::{AttributesView, ScopeView},
};

/// Statements of one context, carried out one after another on every item for which a condition holds.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) context: Context,
    /// Any of them; none: always.
    pub(crate) conditions: Vec<(String, Condition)>,
    pub(crate) statements: Vec<Statement>,
    pub(crate) mode: ErrorMode,
}

/// A program on its way over a request.
pub(crate) struct Run<'p, 'a> {
    program: &'a Program,
    arena: &'a Arena,
    failures: &'p Failures,
    /// Bytes that the statements may take.
    memory: usize,
    /// Why the request is not edited to its end.
    pub(crate) ended: Option<Ended>,
}

/// Why a request is not edited to its end.
#[derive(Debug)]
pub(crate) enum Ended {
    /// A statement failed, and that is worth it.
    Refused(String),
    /// The statements would take too much memory for so many items at once.
    TooMuch,
}

/// What statements may take of memory for one request, in bytes: at least, and for each byte of the request.
const MEMORY: (usize, usize) = (64 << 20, 16);

impl<'p, 'a> Run<'p, 'a> {
    /// For a request of so many bytes.
    pub(crate) fn new(program: &'a Program, arena: &'a Arena, failures: &'p Failures, bytes: usize) -> Self {
        let memory = MEMORY.0 + bytes.saturating_mul(MEMORY.1);
        Self { program, arena, failures, memory, ended: None }
    }

    fn carry_out(&mut self, owner: Owner<'_, 'a>, item: ItemMut<'_, 'a>) -> Verdict {
        if self.ended.is_some() {
            return Verdict::Keep;
        }
        if self.arena.allocated() > self.memory {
            self.ended = Some(Ended::TooMuch);
            return Verdict::Keep;
        }
        let program = self.program;
        let mut cache = AttributesView::empty_map();
        let mut record = RecordMut { owner, item, cache: &mut cache, arena: self.arena };
        if !program.conditions.is_empty() && !self.any_holds(&record) {
            return Verdict::Keep;
        }
        for statement in &program.statements {
            if let Err(failure) = statement.run(&mut record) {
                self.ended = self.failures.met(&failure, statement.text(), program.mode).map(Ended::Refused);
                if self.ended.is_some() {
                    break;
                }
            }
        }
        Verdict::Keep
    }

    fn any_holds(&mut self, record: &RecordMut<'_, 'a>) -> bool {
        let record = record.read();
        for (text, condition) in &self.program.conditions {
            match condition.try_holds(&record) {
                Ok(true) => return true,
                Ok(false) => {}
                Err(failure) => {
                    self.ended = self.failures.met(&failure, text, self.program.mode).map(Ended::Refused);
                    if self.ended.is_some() {
                        return false;
                    }
                }
            }
        }
        false
    }

    fn is_for(&self, context: Context) -> bool {
        self.program.context == context
    }
}

impl<'a> Editor<'a> for Run<'_, 'a> {
    fn level(&self) -> Level {
        match self.program.context {
            Context::Resource => Level::Resource,
            Context::Scope => Level::Scope,
            Context::Log | Context::Fields | Context::Span | Context::Metric => Level::Item,
            Context::SpanEvent | Context::DataPoint => Level::Part,
        }
    }

    fn resource(&mut self, resource: &mut ResourceDraft<'a>) -> Verdict {
        if !self.is_for(Context::Resource) {
            return Verdict::Keep;
        }
        let scope = &mut ScopeDraft::new(ScopeView::empty());
        self.carry_out(Owner { resource, scope }, ItemMut::None)
    }

    fn scope(&mut self, owner: Owner<'_, 'a>) -> Verdict {
        if self.is_for(Context::Scope) { self.carry_out(owner, ItemMut::None) } else { Verdict::Keep }
    }

    fn log(&mut self, owner: Owner<'_, 'a>, log: &mut LogDraft<'a>) -> Verdict {
        self.carry_out(owner, ItemMut::Log(log))
    }

    fn span(&mut self, owner: Owner<'_, 'a>, span: &mut SpanDraft<'a>) -> Verdict {
        if self.is_for(Context::Span) { self.carry_out(owner, ItemMut::Span(span)) } else { Verdict::Keep }
    }

    fn event(
        &mut self,
        owner: Owner<'_, 'a>,
        span: &mut SpanDraft<'a>,
        event: &mut EventDraft<'a>,
    ) -> Verdict {
        self.carry_out(owner, ItemMut::SpanEvent(span, event))
    }

    fn metric(&mut self, owner: Owner<'_, 'a>, metric: &mut MetricDraft<'a>) -> Verdict {
        if self.is_for(Context::Metric) {
            self.carry_out(owner, ItemMut::Metric(metric))
        } else {
            Verdict::Keep
        }
    }

    fn point(
        &mut self,
        owner: Owner<'_, 'a>,
        metric: &mut MetricDraft<'a>,
        point: &mut PointDraft<'a>,
    ) -> Verdict {
        self.carry_out(owner, ItemMut::DataPoint(metric, point))
    }
}
