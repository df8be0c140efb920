//! An exporter whose answers the test decides.

use super::{World, ids_of, letters_of};
use schemars::JsonSchema;
use serde::Deserialize;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tidewatch_component::{
    Batch, BuildContext, BuiltExporter, DataType, DeadLetter, DeliveryConfig, ExportError, Exported,
    Exporter, ExporterFactory, Order, Rejection, SignalSet, StartError, async_trait,
};
use tidewatch_config::Mistake;
use tokio::sync::Semaphore;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Config {
    #[serde(default)]
    in_total_order: bool,
    #[serde(default)]
    cannot_open: bool,
    /// Items that it says it still holds.
    #[serde(default)]
    untold: usize,
    #[serde(flatten)]
    delivery: DeliveryConfig,
}

/// What the destination says.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// Takes it.
    Take,
    /// Takes it, but for so many items.
    TakeAllBut(usize),
    /// Says no, and perhaps when to come back.
    Refuse(Option<Duration>),
    /// Breaks off after it has taken the request.
    BreakOff,
    /// Refuses for good; parts may be welcome.
    Malformed,
    /// Refuses for good, whatever is sent.
    Forbidden,
    /// Says nothing.
    Hang,
    /// The exporter panics.
    Panic,
}

/// One request as the destination saw it.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) data_type: DataType,
    pub(crate) ids: Vec<u64>,
    /// The dead letters among them.
    pub(crate) letters: Vec<DeadLetter>,
    pub(crate) tenant: Option<String>,
    pub(crate) metadata: Vec<String>,
    pub(crate) at: tokio::time::Instant,
}

type Rule = Box<dyn FnMut(&Call) -> Answer + Send>;

/// The destination of one exporter. Takes everything unless told otherwise.
#[derive(Default)]
pub(crate) struct Sink {
    state: Mutex<State>,
    /// Where it is held, each request needs a permit to be answered.
    gate: Mutex<Option<Arc<Semaphore>>>,
}

#[derive(Default)]
struct State {
    rule: Option<Rule>,
    calls: Vec<Call>,
    taken: Vec<(DataType, u64)>,
    under_way: usize,
    most_under_way: usize,
}

impl Sink {
    /// From now on, `rule` answers.
    pub(crate) fn answer(&self, rule: impl FnMut(&Call) -> Answer + Send + 'static) {
        self.state.lock().unwrap().rule = Some(Box::new(rule));
    }

    /// From now on this is the answer.
    pub(crate) fn always(&self, answer: Answer) {
        self.answer(move |_| answer.clone());
    }

    /// Requests that come from now on wait for [`Sink::let_pass`].
    pub(crate) fn hold(&self) {
        *self.gate.lock().unwrap() = Some(Arc::new(Semaphore::new(0)));
    }

    /// Answers so many of the requests that wait, or come.
    pub(crate) fn let_pass(&self, requests: usize) {
        self.gate.lock().unwrap().as_ref().expect("held").add_permits(requests);
    }

    /// All requests so far, in the order in which they came.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.state.lock().unwrap().calls.clone()
    }

    /// The numbers of all requests so far.
    pub(crate) fn requests(&self) -> Vec<Vec<u64>> {
        self.calls().into_iter().map(|call| call.ids).collect()
    }

    /// The dead letters that it took, if it answered nothing but [`Answer::Take`] to them.
    pub(crate) fn letters(&self) -> Vec<DeadLetter> {
        self.calls().into_iter().flat_map(|call| call.letters).collect()
    }

    /// The numbers of everything that it took.
    pub(crate) fn taken(&self) -> Vec<u64> {
        self.state.lock().unwrap().taken.iter().map(|(_, id)| *id).collect()
    }

    /// The numbers of what it took of one kind.
    pub(crate) fn taken_of(&self, data_type: DataType) -> Vec<u64> {
        let state = self.state.lock().unwrap();
        state.taken.iter().filter(|(of, _)| *of == data_type).map(|(_, id)| *id).collect()
    }

    /// Requests that wait for their answers.
    pub(crate) fn under_way(&self) -> usize {
        self.state.lock().unwrap().under_way
    }

    /// The most requests that ever waited at once.
    pub(crate) fn most_under_way(&self) -> usize {
        self.state.lock().unwrap().most_under_way
    }

    async fn take(&self, batch: &Batch) -> Result<Exported, ExportError> {
        let call = Call {
            data_type: batch.data_type(),
            ids: ids_of(&batch.payload),
            letters: letters_of(&batch.payload),
            tenant: batch.context.tenant.as_ref().map(ToString::to_string),
            metadata: batch.context.metadata.keys().cloned().collect(),
            at: tokio::time::Instant::now(),
        };
        let _under_way = UnderWay::new(self, &call);
        let gate = self.gate.lock().unwrap().clone();
        if let Some(gate) = gate {
            gate.acquire().await.expect("never closed").forget();
        }
        let answer = self.judge(&call);
        let refused = |after| ExportError::Retryable { reason: "overloaded".into(), after, refused: true };
        let mut exported = Exported::default();
        match answer {
            Answer::Take => {}
            Answer::TakeAllBut(items) => {
                exported.rejected = Some(Rejection::new(items, "some are too old"));
            }
            Answer::Refuse(after) => return Err(refused(after)),
            Answer::BreakOff => return Err(ExportError::retryable("connection reset")),
            Answer::Malformed => {
                return Err(ExportError::Permanent { reason: "malformed".into(), divisible: true });
            }
            Answer::Forbidden => return Err(ExportError::permanent("forbidden")),
            Answer::Hang => std::future::pending().await,
            Answer::Panic => std::panic::resume_unwind(Box::new("as the test wants it")),
        }
        Ok(exported)
    }

    fn judge(&self, call: &Call) -> Answer {
        let mut state = self.state.lock().unwrap();
        let answer = state.rule.as_mut().map_or(Answer::Take, |rule| rule(call));
        let skipped = match answer {
            Answer::Take | Answer::BreakOff => 0,
            Answer::TakeAllBut(items) => items,
            _ => call.ids.len(),
        };
        state.taken.extend(call.ids.iter().skip(skipped).map(|id| (call.data_type, *id)));
        answer
    }
}

struct UnderWay<'a>(&'a Sink);

impl<'a> UnderWay<'a> {
    fn new(sink: &'a Sink, call: &Call) -> Self {
        let mut state = sink.state.lock().unwrap();
        state.calls.push(call.clone());
        state.under_way += 1;
        state.most_under_way = state.most_under_way.max(state.under_way);
        Self(sink)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.state.lock().unwrap().under_way -= 1;
    }
}

pub(crate) struct SinkExporter {
    id: String,
    config: Config,
    sink: Arc<Sink>,
    world: Arc<World>,
}

impl ExporterFactory for SinkExporter {
    const TYPE: &'static str = "sink";
    const TAKES: SignalSet = SignalSet::ALL;
    type Config = Config;

    fn build(config: Config, context: &BuildContext) -> Result<BuiltExporter, Vec<Mistake>> {
        let (id, world) = (context.id.to_string(), World::built_now());
        let delivery = config.delivery.clone();
        Ok(BuiltExporter { exporter: Arc::new(Self { sink: world.sink(&id), id, config, world }), delivery })
    }
}

#[async_trait]
impl Exporter for SinkExporter {
    async fn start(&self) -> Result<(), StartError> {
        self.world.note(format!("start {}", self.id));
        if self.config.cannot_open { Err(StartError("no such file".into())) } else { Ok(()) }
    }

    async fn export(&self, batch: &Batch) -> Result<Exported, ExportError> {
        self.sink.take(batch).await
    }

    fn order(&self) -> Order {
        if self.config.in_total_order { Order::Total } else { Order::None }
    }

    async fn stop(&self) {
        self.world.note(format!("stop {}", self.id));
    }

    fn untold(&self) -> usize {
        self.config.untold
    }
}
