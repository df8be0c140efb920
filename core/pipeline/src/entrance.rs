//! Admission: a receiver's way into its pipelines. All of it or none, before any processor sees it.

use crate::{
    chain::{COME_BACK, Chain},
    delivery::Lane,
};
use futures_util::future::{BoxFuture, FutureExt, select_all};
use std::sync::Arc;
use tidewatch_component::{
    Acknowledge, Batch, Budget, Context, DataType, Payload, Permit, Receipt, Refusal, Reservation, SignalSet,
};
use tidewatch_telemetry::Books;

/// One receiver's pipelines, which are admitted together.
pub(crate) struct Entrance {
    chains: Vec<Arc<Chain>>,
    /// By kind of data: each queue that may refuse, and over how many pipelines it is reached. None, where only
    /// what processors make gets there: then nothing is promised, but an overdrawn queue lets nothing more in.
    reach: [Vec<(Arc<Lane>, usize)>; DataType::ALL.len()],
    books: Arc<Books>,
    /// What all queues together may hold.
    memory: Option<Arc<Budget>>,
    /// What an answer stands for; never `auto`.
    acknowledge: Acknowledge,
}

impl Entrance {
    pub(crate) fn new(
        chains: Vec<Arc<Chain>>,
        books: Arc<Books>,
        memory: Option<Arc<Budget>>,
        acknowledge: Acknowledge,
    ) -> Self {
        let reach = DataType::ALL.map(|data_type| {
            let mut reach: Vec<(Arc<Lane>, usize)> = Vec::new();
            for chain in chains.iter().filter(|chain| chain.takes().contains(data_type)) {
                let made = DataType::ALL.iter().filter(|_| !chain.stages().is_empty());
                let beside = made.flat_map(|made| chain.takers(*made)).map(|outlet| (outlet, 0));
                let outlets = chain.takers(data_type).map(|outlet| (outlet, 1)).chain(beside);
                for (outlet, paths) in outlets.filter(|(outlet, _)| outlet.may_refuse) {
                    match reach.iter_mut().find(|(known, _)| Arc::ptr_eq(known, &outlet.lane)) {
                        Some((_, known)) => *known += paths,
                        None => reach.push((outlet.lane.clone(), paths)),
                    }
                }
            }
            reach
        });
        let mut refusing = reach.iter().flatten().map(|(lane, _)| lane).peekable();
        let acknowledge = match acknowledge {
            Acknowledge::Auto if refusing.peek().is_some() && refusing.all(|lane| lane.is_on_disk()) => {
                Acknowledge::Durable
            }
            Acknowledge::Auto => Acknowledge::Delivered,
            written => written,
        };
        Self { chains, reach, books, memory, acknowledge }
    }
}

fn reserve_memory(
    memory: &Arc<Budget>,
    bytes: usize,
    reach: &[(Arc<Lane>, usize)],
) -> Result<Reservation, Refusal> {
    let need = bytes * reach.iter().map(|(_, paths)| paths).sum::<usize>();
    let reserved = memory.reserve(need).or_else(|| {
        reach.iter().for_each(|(lane, _)| lane.search_abandoned());
        memory.reserve(need)
    });
    reserved.ok_or_else(|| Refusal {
        reason: "the queues hold as much as service.memory_limit allows".into(),
        retry_after: COME_BACK,
    })
}

/// As [`Gate`](tidewatch_component::Gate) says.
impl Entrance {
    pub(crate) fn admit(&self, signal: DataType, bytes: usize) -> Result<Permit, Refusal> {
        for chain in self.chains.iter().filter(|chain| chain.takes().contains(signal)) {
            chain.admit(bytes)?;
        }
        let reach = &self.reach[signal as usize];
        let full = |lane: &Lane| Refusal {
            reason: lane.why_no_room(),
            retry_after: lane.backoff_left().unwrap_or(COME_BACK).max(COME_BACK),
        };
        // A look first: room taken and given back would wake others for nothing.
        if let Some((lane, _)) = reach.iter().find(|(lane, paths)| !lane.has_room(bytes * paths, *paths)) {
            return Err(full(lane));
        }
        // In one, or what leads to several queues could be too large for the limit for ever.
        let mut memory = match &self.memory {
            Some(memory) => Some(reserve_memory(memory, bytes, reach)?),
            None => None,
        };
        let mut permit = Permit::default();
        for (lane, paths) in reach {
            let room = lane.reserve(bytes * paths, *paths, memory.as_mut());
            permit.rooms.push(room.ok_or_else(|| full(lane))?);
        }
        Ok(permit)
    }

    pub(crate) fn takes(&self) -> SignalSet {
        self.chains.iter().fold(SignalSet::NONE, |all, chain| all.union(chain.takes()))
    }

    pub(crate) fn room(&self) -> BoxFuture<'static, ()> {
        let lanes: Vec<_> = self.reach.iter().flatten().map(|(lane, _)| lane.freed()).collect();
        if lanes.is_empty() {
            return std::future::pending().boxed();
        }
        select_all(lanes).map(|_| ()).boxed()
    }

    pub(crate) fn submit(&self, mut permit: Permit, payload: Payload, context: Arc<Context>) -> Receipt {
        let (data_type, items) = (payload.data_type(), payload.items());
        self.books.came_in(data_type, items);
        let (receipt, batch) = match self.acknowledge {
            Acknowledge::Queued => (Receipt::of_nobody(), Batch::unattended(payload, context)),
            Acknowledge::Durable => {
                let (receipt, ticket) = Receipt::of_durable(items);
                (receipt, Batch::new(payload, context, ticket))
            }
            Acknowledge::Auto | Acknowledge::Delivered => {
                let (receipt, ticket) = Receipt::new(items);
                (receipt, Batch::new(payload, context, ticket))
            }
        };
        let mut takers = self.chains.iter().filter(|chain| chain.takes().contains(data_type)).peekable();
        if takers.peek().is_none() {
            self.books.dropped(data_type, items, "no_pipeline");
            batch.end_dropped("no_pipeline");
            return receipt;
        }
        self.books.went_out(data_type, items);
        batch.give_each(takers, |chain, own| chain.run(own, &mut permit));
        receipt
    }

    pub(crate) fn dropped(&self, signal: DataType, items: usize, reason: &'static str) {
        self.books.came_in(signal, items);
        self.books.dropped(signal, items, reason);
    }
}
