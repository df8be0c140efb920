//! One walk over the records of a request.

use super::{
    plan::{Item, Plan, Work},
    refusal::{Reason, Refusal},
};
use crate::normalize::{config::OnError, counts::RecordCounts};
use tidewatch_component::{Fault, Rejection};
use tidewatch_expr::Record;
use tidewatch_otlp::{
    Canonical, Request,
    edit::{Arena, Draft, GaugeGroups, LogDraft, LogGroups, Owned, ResourceDraft, ScopeDraft},
    views::{LogRecordView, ValueView},
};

/// The attribute that says what is wrong with a record that goes on as it came.
const ERROR: &str = "tidewatch.error";

/// What became of the records of a request.
#[derive(Debug, Default)]
pub(in crate::normalize) struct Made {
    /// Records, if any are left.
    pub(in crate::normalize) logs: Option<Request>,
    /// Points that records have become.
    pub(in crate::normalize) points: Option<Request>,
    /// Records that are refused.
    pub(in crate::normalize) refused: Rejection,
    /// Those of them that are to be kept, each as a request, with what is wrong with it.
    pub(in crate::normalize) letters: Vec<(Request, String)>,
}

/// None: no entry is for any of the records.
pub(in crate::normalize) fn walk(
    plans: &[Plan],
    request: &Canonical,
    counts: &RecordCounts,
    now: u64,
) -> Option<Made> {
    // Of resources and scopes; and of one record after the other, which takes the same memory again.
    let (of_owners, mut arena) = (Arena::new(), Arena::new());
    let mut walk = Walk {
        counts,
        now,
        logs: LogGroups::default(),
        points: GaugeGroups::default(),
        made: Made::default(),
        index: 0,
        room: OWN_RESOURCES.0 + request.bytes().len().saturating_mul(OWN_RESOURCES.1),
    };
    let mut used = false;
    for resource in request.resources() {
        let of_resource = Draft::new(resource);
        let by_resource = Owned::by_resource(&of_resource, &of_owners);
        for scope in resource.scopes() {
            let of_scope = Draft::new(scope);
            let by_scope = Owned::by_scope(&of_scope, &of_owners);
            let owners = Owners { of_resource, of_scope, by_resource, by_scope };
            for record in scope.records() {
                used |= walk.record(plans, &owners, record, &arena);
                arena.reset();
            }
        }
    }
    let Walk { logs, points, made, .. } = walk;
    used.then(|| Made { logs: logs.finish(), points: points.finish(), ..made })
}

struct Walk<'c> {
    counts: &'c RecordCounts,
    /// The agent's clock.
    now: u64,
    logs: LogGroups,
    points: GaugeGroups,
    made: Made,
    /// Of the record in the request.
    index: usize,
    /// Bytes that resources of records' own may still take.
    room: usize,
}

/// What resources that records have of their own may take in one request, in bytes: at least, and for each byte of the
/// request. All that the resource had before is in each of them.
const OWN_RESOURCES: (usize, usize) = (64 << 20, 8);

/// What a record belongs to.
struct Owners<'a> {
    of_resource: ResourceDraft<'a>,
    of_scope: ScopeDraft<'a>,
    by_resource: Owned<'a>,
    by_scope: Owned<'a>,
}

impl Walk<'_> {
    /// False: no entry is for this record, and it goes on untouched.
    fn record<'a>(
        &mut self,
        plans: &'a [Plan],
        owners: &Owners<'a>,
        record: LogRecordView<'a>,
        arena: &'a Arena,
    ) -> bool {
        let log = tidewatch_expr::Item::Log(&record);
        let read = Record::new(&owners.of_resource, &owners.of_scope, log, arena);
        let is_for = |plan: &&Plan| plan.when.as_ref().is_none_or(|condition| condition.holds(&read));
        let Some(plan) = plans.iter().find(is_for) else {
            self.logs.push(owners.by_resource, owners.by_scope, &Draft::new(record));
            self.index += 1;
            return false;
        };
        let mut item = Item { resource: owners.of_resource, scope: owners.of_scope, log: Draft::new(record) };
        let mut work = Work::default();
        let applied = plan.apply(&mut item, &mut work, self.now, arena);
        match applied.and_then(|point| self.take_room(&item).map(|()| point)) {
            Ok(point) => {
                work.flaws.iter().for_each(|field| self.counts.replaced(field));
                let resource = owners.by_resource.by_another(&item.resource);
                let scope = owners.by_scope.by_another_scope(&item.scope);
                match point {
                    Some(point) => self.points.push(resource, scope, &point),
                    None => self.logs.push(resource, scope, &item.log),
                }
            }
            Err(refusal) => self.refuse(plan.on_error, refusal, Draft::new(record), owners, arena),
        }
        self.index += 1;
        true
    }

    /// A record with a resource of its own needs room for it.
    fn take_room(&mut self, item: &Item<'_>) -> Result<(), Refusal> {
        let needed = if item.resource.is_touched() { item.resource.resource_bytes().len() } else { 0 };
        match self.room.checked_sub(needed) {
            Some(left) => self.room = left,
            None => {
                let wrong = "its resource is too large to be written again for one record";
                return Err(Refusal::of_record(Reason::TooLarge, wrong));
            }
        }
        Ok(())
    }

    fn refuse<'a>(
        &mut self,
        on_error: OnError,
        refusal: Refusal,
        mut log: LogDraft<'a>,
        owners: &Owners<'a>,
        arena: &'a Arena,
    ) {
        self.counts.refused(refusal.reason);
        let fault =
            Fault { index: Some(self.index), field: refusal.field, reason: refusal.text.into_owned() };
        match on_error {
            OnError::Keep => {
                let reason = arena.text(&fault.to_string());
                let attributes = log.attributes().with(ERROR, ValueView::Str(reason), arena);
                log.set_attributes(attributes, arena);
                return self.logs.push(owners.by_resource, owners.by_scope, &log);
            }
            OnError::DeadLetter => {
                let mut alone = LogGroups::default();
                alone.push(owners.by_resource, owners.by_scope, &log);
                self.made.letters.extend(alone.finish().map(|request| (request, fault.to_string())));
            }
            OnError::Drop => {}
        }
        self.made.refused.push(fault);
    }
}
