use super::super::{FileLog, FileLogConfig, Plan, round::Load, worker::Worker};
use futures_util::future::BoxFuture;
use std::{
    any::Any,
    collections::HashMap,
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};
use tidewatch_component::{
    BuildContext, Context, Gate, Intake, LastCall, Outcome, Payload, Permit, Receipt, Receiver,
    ReceiverFactory, Refusal, StartError, Ticket,
};
use tidewatch_config::{Signal, SignalSet};
use tidewatch_store::{Fsync, State, Store, StoreOptions};
use tidewatch_telemetry::Metrics;
use tokio::{sync::Notify, time::Instant};

/// What a destination does with what comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Mood {
    /// Takes it.
    #[default]
    Takes,
    /// Has no room.
    Full,
    /// Keeps it without an answer.
    Silent,
    /// Takes it, and says that it failed.
    Fails,
}

/// The end of the road.
#[derive(Default)]
pub(super) struct Sink {
    mood: Mutex<Mood>,
    lines: Mutex<Vec<String>>,
    contexts: Mutex<Vec<Arc<Context>>>,
    held: Mutex<Vec<(Vec<String>, Ticket)>>,
    room: Notify,
    last_call: LastCall,
    pub(super) requests: AtomicUsize,
}

impl Sink {
    pub(super) fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
        self.room.notify_waiters();
    }

    fn is(&self, mood: Mood) -> bool {
        *self.mood.lock().unwrap() == mood
    }

    pub(super) fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    pub(super) fn contexts(&self) -> Vec<Arc<Context>> {
        self.contexts.lock().unwrap().clone()
    }

    /// Answers all that waits for it: it was delivered.
    pub(super) fn deliver_held(&self) {
        for (lines, ticket) in std::mem::take(&mut *self.held.lock().unwrap()) {
            self.lines.lock().unwrap().extend(lines);
            ticket.end(Outcome::Delivered);
        }
    }

    pub(super) fn held(&self) -> usize {
        self.held.lock().unwrap().len()
    }
}

impl Gate for Sink {
    fn admit(&self, _: Signal, _: usize) -> Result<Permit, Refusal> {
        if self.is(Mood::Full) {
            return Err(Refusal { reason: "full".into(), retry_after: Duration::from_millis(20) });
        }
        Ok(Permit::default())
    }

    fn takes(&self) -> SignalSet {
        SignalSet::of(&[Signal::Logs])
    }

    fn room(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.room.notified())
    }

    fn last_call(&self) -> &LastCall {
        &self.last_call
    }

    fn submit(&self, _: Permit, payload: Payload, context: Arc<Context>) -> Receipt {
        let (receipt, ticket) = Receipt::new(payload.items());
        let Payload::Telemetry(request) = payload else { panic!("file_log makes logs") };
        self.requests.fetch_add(1, SeqCst);
        let new = bodies(&request);
        match *self.mood.lock().unwrap() {
            Mood::Takes => {
                self.lines.lock().unwrap().extend(new);
                self.contexts.lock().unwrap().push(context);
                ticket.end(Outcome::Delivered);
            }
            Mood::Fails => ticket.end(Outcome::Failed(tidewatch_component::Failure::new("no"))),
            Mood::Silent | Mood::Full => self.held.lock().unwrap().push((new, ticket)),
        }
        receipt
    }

    fn dropped(&self, _: Signal, _: usize, _: &'static str) {}
}

/// The records' bodies.
pub(super) fn bodies(request: &tidewatch_otlp::Request) -> Vec<String> {
    let message = request.decode_logs();
    let scopes = message.resource_logs.into_iter().flat_map(|resource| resource.scope_logs);
    let records = scopes.flat_map(|scope| scope.log_records);
    let text = |record: opentelemetry_proto::tonic::logs::v1::LogRecord| match record.body?.value? {
        opentelemetry_proto::tonic::common::v1::any_value::Value::StringValue(text) => Some(text),
        other => Some(format!("{other:?}")),
    };
    records.filter_map(text).collect()
}

/// A folder with logs, and what reads them.
pub(super) struct Place {
    folder: tempfile::TempDir,
    config: serde_json::Value,
    pub(super) sink: Arc<Sink>,
    pub(super) metrics: Metrics,
    store: Option<Arc<Store>>,
}

impl Place {
    /// Reads `*.log*` in an empty folder, with more keys; `include` and `exclude` are relative to it.
    pub(super) fn new(mut config: serde_json::Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("logs")).unwrap();
        let absolute = |globs: &serde_json::Value| {
            let globs = globs.as_array().cloned().unwrap_or_default();
            let globs = globs
                .iter()
                .map(|glob| format!("{}/logs/{}", folder.path().display(), glob.as_str().unwrap()));
            serde_json::json!(globs.collect::<Vec<_>>())
        };
        if config["include"].is_null() {
            config["include"] = serde_json::json!(["*.log*"]);
        }
        for key in ["include", "exclude"] {
            config[key] = absolute(&config[key]);
        }
        Self { folder, config, sink: Arc::default(), metrics: Metrics::default(), store: None }
    }

    /// With a store that survives restarts.
    pub(super) fn with_storage(mut self) -> Self {
        let options =
            StoreOptions { fsync: Fsync::Never, ..StoreOptions::new(self.folder.path().join("store")) };
        let store = Store::new(options);
        store.open().unwrap();
        self.store = Some(store);
        self.config["storage"] = "file_storage".into();
        self
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("logs").join(name)
    }

    pub(super) fn root(&self) -> &Path {
        self.folder.path()
    }

    /// Adds to a file.
    pub(super) fn append(&self, name: &str, text: impl AsRef<[u8]>) {
        let mut file = OpenOptions::new().create(true).append(true).open(self.path(name)).unwrap();
        file.write_all(text.as_ref()).unwrap();
    }

    pub(super) fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    pub(super) fn copy(&self, from: &str, to: &str) {
        fs::copy(self.path(from), self.path(to)).unwrap();
    }

    pub(super) fn truncate(&self, name: &str) {
        OpenOptions::new().write(true).truncate(true).open(self.path(name)).unwrap();
    }

    pub(super) fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    pub(super) fn gzip(&self, name: &str) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&fs::read(self.path(name)).unwrap()).unwrap();
        encoder.finish().unwrap()
    }

    fn context(&self) -> BuildContext {
        let mut context = BuildContext::new("file_log".parse().unwrap(), &self.metrics);
        if let Some(store) = &self.store {
            let provided: Vec<Arc<dyn Any + Send + Sync>> = vec![store.clone()];
            context.provided = Arc::new(HashMap::from([("file_storage".to_owned(), provided)]));
        }
        context
    }

    fn config(&self) -> FileLogConfig {
        serde_json::from_value(self.config.clone()).unwrap()
    }

    /// A receiver that has started.
    pub(super) async fn start(&self) -> Arc<dyn Receiver> {
        self.try_start().await.unwrap()
    }

    pub(super) async fn try_start(&self) -> Result<Arc<dyn Receiver>, StartError> {
        let built =
            FileLog::build(self.config(), &self.context()).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
        let intake = Intake::new(self.sink.clone(), built.acknowledge, "file_log", &self.metrics);
        built.receiver.start(intake).await?;
        Ok(built.receiver)
    }

    /// What the receiver remembers.
    pub(super) fn state(&self) -> State {
        self.store.as_ref().expect("storage").state("file_log")
    }

    /// A worker without a task around it.
    pub(super) fn worker(&self) -> Box<Worker> {
        let plan =
            Plan::new(self.config(), &self.context()).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
        Box::new(Worker::new(&plan).unwrap())
    }

    /// Waits for so many lines, and for no more.
    pub(super) async fn lines(&self, count: usize) -> Vec<String> {
        self.until(|| self.sink.lines().len() >= count).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        let lines = self.sink.lines();
        assert_eq!(lines.len(), count, "{lines:?}");
        lines
    }

    /// Waits for something to become true.
    pub(super) async fn until(&self, is: impl Fn() -> bool) {
        let patience = Instant::now() + Duration::from_secs(30);
        while !is() {
            assert!(Instant::now() < patience, "{:?}\n{}", self.sink.lines(), self.metrics.render());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The value of one of the receiver's metrics.
    pub(super) fn metric(&self, name: &str) -> i64 {
        let text = self.metrics.render();
        let line = text.lines().find(|line| line.starts_with(&format!("{name}{{")));
        line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or(0)
    }

    /// Waits until all positions are written.
    pub(super) async fn written(&self) {
        self.state().flush().await.unwrap();
    }
}

/// Stops a receiver, with all the time it needs.
pub(super) async fn stop(receiver: &Arc<dyn Receiver>) {
    receiver.stop(Instant::now() + Duration::from_secs(10)).await;
}

/// What a round has read.
pub(super) fn lines_of(load: &Load) -> Vec<String> {
    bodies(&load.request)
}

/// Lines that say their numbers.
pub(super) fn numbered(what: &str, numbers: std::ops::Range<usize>) -> String {
    numbers.map(|number| format!("{what} {number:05} {}\n", "x".repeat(number % 50))).collect()
}

/// As they arrive.
pub(super) fn expected(what: &str, numbers: std::ops::Range<usize>) -> Vec<String> {
    numbered(what, numbers).lines().map(|line| line.trim_end().to_owned()).collect()
}
