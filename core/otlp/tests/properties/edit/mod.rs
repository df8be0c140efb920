//! Edits on wire bytes mean what the same edits of decoded messages mean.

mod attributes;
mod items;
mod messages;
mod owners;
mod parents;
mod plan;
mod points;
mod untouched;

use bytes::Bytes;
use proptest::prelude::*;
use tidewatch_otlp::edit::{
    Arena, Editor, EventDraft, Level, LogDraft, MetricDraft, Owner, PointDraft, ResourceDraft, SpanDraft,
    Verdict, rewrite,
};
use tidewatch_otlp::testing::{Source, arb_request, rearrange};
use tidewatch_otlp::views::AttributesView;
use tidewatch_otlp::{Request, Signal};

use self::items::{edit_event, edit_log, edit_span};
use self::owners::{edit_resource, edit_scope};
use self::plan::Edit;
pub(crate) use self::plan::Plan;
use self::points::{edit_metric, edit_point};
use crate::{any_signal, choices};

/// Carries a plan out on drafts.
struct Planned<'a> {
    plan: Plan,
    arena: &'a Arena,
}

impl<'a> Planned<'a> {
    /// Edits what is visited by `own`, and the owners above.
    fn visit(
        &mut self,
        owner: Owner<'_, 'a>,
        targets: usize,
        mut own: impl FnMut(usize, &Edit, AttributesView<'a>),
    ) -> Verdict {
        let Owner { resource, scope } = owner;
        let (edits, verdict) = self.plan.visit(targets);
        for (target, edit) in edits {
            match target {
                0 => edit_resource(&edit, resource, self.arena),
                1 => edit_scope(&edit, scope, resource.attributes(), self.arena),
                _ => own(target, &edit, resource.attributes()),
            }
        }
        verdict
    }
}

impl<'a> Editor<'a> for Planned<'a> {
    fn level(&self) -> Level {
        self.plan.level
    }

    fn resource(&mut self, resource: &mut ResourceDraft<'a>) -> Verdict {
        let (edits, verdict) = self.plan.visit(1);
        edits.iter().for_each(|(_, edit)| edit_resource(edit, resource, self.arena));
        verdict
    }

    fn scope(&mut self, owner: Owner<'_, 'a>) -> Verdict {
        self.visit(owner, 2, |_, _, _| ())
    }

    fn log(&mut self, owner: Owner<'_, 'a>, log: &mut LogDraft<'a>) -> Verdict {
        let arena = self.arena;
        self.visit(owner, 3, |_, edit, resource| edit_log(edit, log, resource, arena))
    }

    fn span(&mut self, owner: Owner<'_, 'a>, span: &mut SpanDraft<'a>) -> Verdict {
        let arena = self.arena;
        self.visit(owner, 3, |_, edit, resource| edit_span(edit, span, resource, arena))
    }

    fn event(
        &mut self,
        owner: Owner<'_, 'a>,
        span: &mut SpanDraft<'a>,
        event: &mut EventDraft<'a>,
    ) -> Verdict {
        let arena = self.arena;
        self.visit(owner, 4, |target, edit, resource| match target {
            2 => edit_span(edit, span, resource, arena),
            _ => edit_event(edit, event, resource, arena),
        })
    }

    fn metric(&mut self, owner: Owner<'_, 'a>, metric: &mut MetricDraft<'a>) -> Verdict {
        let arena = self.arena;
        self.visit(owner, 3, |_, edit, resource| edit_metric(edit, metric, resource, arena))
    }

    fn point(
        &mut self,
        owner: Owner<'_, 'a>,
        metric: &mut MetricDraft<'a>,
        point: &mut PointDraft<'a>,
    ) -> Verdict {
        let arena = self.arena;
        self.visit(owner, 4, |target, edit, resource| match target {
            2 => edit_metric(edit, metric, resource, arena),
            _ => edit_point(edit, point, resource, arena),
        })
    }
}

/// Asserts that a plan makes of the bytes what it makes of the messages.
pub(crate) fn edits_well(request: &Request, plan: &Plan) {
    let (canonical, arena) = (request.canonical(), Arena::new());
    let rewritten = rewrite(&canonical, &arena, &mut Planned { plan: plan.clone(), arena: &arena });
    assert!(!plan.is_idle() || rewritten.is_none(), "nothing was to be done");
    let edited = rewritten.unwrap_or_else(|| canonical.clone().into_request());
    let checked = Request::check(edited.signal(), edited.bytes().clone()).expect("it is well formed");
    assert!(checked.rejected.is_none());
    assert_eq!(checked.request, edited, "it is canonical, with as many items as it says");
    assert_eq!(messages::normal(&edited), messages::edited(&canonical, plan.clone()));
}

fn any_plan() -> impl Strategy<Value = Plan> {
    const LEVELS: [Level; 6] =
        [Level::Part, Level::Part, Level::Part, Level::Item, Level::Scope, Level::Resource];
    (any::<u64>(), prop::sample::select(&LEVELS[..]), 0..4usize, prop::sample::select(&[0, 0, 2, 5][..]))
        .prop_map(|(seed, level, edits, drops)| Plan::new(seed, level, edits, drops))
}

/// Four times as many as usual, or as many as the environment says.
fn more_cases() -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig { cases: usual.cases.max(1_000), ..usual }
}

fn request(signal: Signal, bytes: Vec<u8>) -> Option<Request> {
    Request::check(signal, Bytes::from(bytes)).ok().map(|checked| checked.request)
}

proptest! {
    #![proptest_config(more_cases())]

    #[test]
    fn edits_of_bytes_are_edits_of_messages(signal in any_signal(), choices in choices(), plan in any_plan()) {
        edits_well(&request(signal, arb_request(signal, &mut Source::from_bytes(&choices))).unwrap(), &plan);
    }

    #[test]
    fn odd_requests_are_edited_as_prost_reads_them(
        signal in any_signal(),
        choices in choices(),
        seed: u64,
        plan in any_plan(),
    ) {
        let mut source = Source::from_seed(seed);
        let mut bytes = arb_request(signal, &mut Source::from_bytes(&choices));
        for _ in 0..3 {
            bytes = rearrange(&bytes, &mut source);
            if let Some(request) = request(signal, bytes.clone()) {
                edits_well(&request, &plan);
            }
        }
    }
}
