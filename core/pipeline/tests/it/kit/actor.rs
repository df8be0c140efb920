//! A processor that does one of the things that processors do.

use super::{World, ids_of, logs, metrics, state_alert};
use schemars::JsonSchema;
use serde::Deserialize;
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};
use tidewatch_component::{
    Alert, AlertKind, AlertStatus, Batch, BuildContext, DataType, DeadLetter, DeadLetters, Gather, Out,
    Payload, Processor, ProcessorFactory, Refusal, SignalSet,
};
use tidewatch_config::{Mistake, values::GoDuration};

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Config {
    #[serde(flatten)]
    does: Does,
}

/// What it does. Where there is a number, it is done to the records that it divides.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Does {
    /// Nothing.
    Pass {},
    /// Drops these records.
    Drop { every: u64 },
    /// Drops whole batches that have such a record.
    DropBatch { every: u64 },
    /// Splits into batches of so many items.
    Split { items: usize },
    /// Makes a data point of each such record, for which the record's sender waits, too.
    Measure { every: u64 },
    /// So many copies of a batch, for which nobody waits.
    Multiply { times: usize },
    /// An event alert for each such record.
    Event { every: u64 },
    /// A state alert for each such record: odd ones resolve it.
    State { every: u64 },
    /// Panics when it sees such a record, after it has passed on half.
    Panic { every: u64 },
    /// Posts a dead letter for each such record, and passes on the others.
    Complain { every: u64 },
    /// Counts, and tells by one data point at each tick; keeps that point until the next.
    Window { interval: GoDuration },
    /// Refuses what is larger.
    Refuse { above_bytes: usize },
    /// As the `batch` processor.
    Gather { min_items: usize, max_items: usize, timeout: GoDuration },
}

pub(crate) struct Actor {
    id: String,
    does: Does,
    world: Arc<World>,
    letters: DeadLetters,
    seen: AtomicUsize,
    window: Mutex<Vec<Batch>>,
}

impl ProcessorFactory for Actor {
    const TYPE: &'static str = "actor";
    const ADDS: SignalSet = SignalSet::ALL;
    type Config = Config;

    fn build(config: Config, context: &BuildContext) -> Result<Arc<dyn Processor>, Vec<Mistake>> {
        Ok(Arc::new(Self {
            id: context.id.to_string(),
            does: config.does,
            letters: context.dead_letters.clone(),
            world: World::built_now(),
            seen: AtomicUsize::new(0),
            window: Mutex::default(),
        }))
    }
}

impl Processor for Actor {
    fn handles(&self) -> SignalSet {
        SignalSet::of(&[DataType::Logs])
    }

    fn admit(&self, bytes: usize) -> Result<(), Refusal> {
        match self.does {
            Does::Refuse { above_bytes } if bytes > above_bytes => {
                Err(Refusal { reason: "too much".into(), retry_after: Duration::from_secs(7) })
            }
            _ => Ok(()),
        }
    }

    fn process(&self, mut batch: Batch, out: &mut Out<'_>) {
        self.world.note(format!("process {}", self.id));
        let ids = ids_of(&batch.payload);
        let such = |every: u64| ids.iter().copied().filter(move |id| id % every == 0);
        match self.does {
            Does::Drop { every } => {
                let gone = such(every).count();
                if gone == ids.len() {
                    return out.drop_batch(batch, "filtered");
                }
                out.dropped_items(DataType::Logs, gone, "filtered");
                batch.payload = logs(ids.iter().copied().filter(|id| id % every != 0));
                out.send(batch);
            }
            Does::DropBatch { every } if such(every).next().is_some() => out.drop_batch(batch, "filtered"),
            Does::Split { items } => batch.split(items, 0).into_iter().for_each(|part| out.send(part)),
            Does::Measure { every } => {
                let points: Vec<u64> = such(every).collect();
                let made = (!points.is_empty()).then(|| batch.derive(metrics(points)));
                out.send(batch);
                made.into_iter().for_each(|made| out.send_created(made));
            }
            Does::Multiply { times } => {
                let (payload, context) = (batch.payload.clone(), batch.context.clone());
                out.send(batch);
                for _ in 0..times {
                    out.send_created(Batch::unattended(payload.clone(), context.clone()));
                }
            }
            Does::Event { every } => {
                let event = |id| Alert { kind: AlertKind::Event, ..state_alert(0, AlertStatus::Firing, id) };
                out.event_alerts(such(every).map(event).collect(), &batch);
                out.send(batch);
            }
            Does::State { every } => {
                for id in such(every) {
                    let status = if id % 2 == 0 { AlertStatus::Firing } else { AlertStatus::Resolved };
                    out.alert(state_alert(id % 5, status, id));
                }
                out.send(batch);
            }
            Does::Complain { every } => {
                for id in such(every) {
                    let Payload::Telemetry(original) = logs([id]) else { unreachable!() };
                    let letter = DeadLetter::unusable(original, "`state` is missing", &batch.context);
                    let kept = self.letters.post(&letter, &batch).is_ok();
                    out.dropped_items(DataType::Logs, 1, if kept { "dead_letter" } else { "unusable" });
                }
                batch.payload = logs(ids.iter().copied().filter(|id| id % every != 0));
                out.send(batch);
            }
            Does::Panic { every } if such(every).next().is_some() => {
                if let Ok([left, _right]) = batch.halve() {
                    out.send(left);
                }
                std::panic::resume_unwind(Box::new("as the test wants it"));
            }
            Does::Window { interval } => {
                self.seen.fetch_add(ids.len(), Relaxed);
                out.wake_at(now() + Duration::from(interval));
                out.send(batch);
            }
            Does::Pass {}
            | Does::Refuse { .. }
            | Does::Gather { .. }
            | Does::DropBatch { .. }
            | Does::Panic { .. } => out.send(batch),
        }
    }

    fn tick(&self, _: Instant, closing: bool, out: &mut Out<'_>) {
        self.world.note(format!("{} {}", if closing { "close" } else { "tick" }, self.id));
        let Does::Window { interval } = self.does else { return };
        let mut window = self.window.lock().unwrap();
        window.drain(..).for_each(|kept| out.send(kept));
        let seen = self.seen.swap(0, Relaxed) as u64;
        if seen > 0 {
            let made = Batch::unattended(metrics([seen]), Arc::default());
            out.created_items(DataType::Metrics, 1);
            window.push(made);
            out.wake_at(now() + Duration::from(interval));
        }
        if closing {
            window.drain(..).for_each(|kept| out.send(kept));
        }
    }

    fn held(&self) -> Vec<(DataType, usize)> {
        vec![(DataType::Metrics, self.window.lock().unwrap().len())]
    }

    fn gather(&self) -> Option<Gather> {
        match self.does {
            Does::Gather { min_items, max_items, timeout } => {
                Some(Gather { min_items, max_items, timeout: timeout.into() })
            }
            _ => None,
        }
    }
}

/// The test's clock, which may be paused.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
