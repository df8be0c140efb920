//! Accounts of items, per node and kind of data.

use crate::Metrics;
use prometheus::{IntCounter, IntCounterVec};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use tidewatch_config::Signal;

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NodeKind {
    /// A receiver.
    Receiver,
    /// A processor in one pipeline.
    Processor,
    /// Where a pipeline hands its data to the exporters.
    FanOut,
    /// An exporter with its queue.
    Exporter,
    /// Where dead letters are made of what nobody takes.
    DeadLetter,
}

impl NodeKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Receiver => "receiver",
            Self::Processor => "processor",
            Self::FanOut => "fan_out",
            Self::Exporter => "exporter",
            Self::DeadLetter => "dead_letter",
        }
    }
}

/// Somebody who holds items and can count them by walking what it holds.
pub trait Held: Send + Sync {
    /// Items held now, by kind of data. Kinds without any may be left out.
    fn held(&self) -> Vec<(Signal, usize)>;
}

/// The accounts of one node. `in + created + recovered = out + dropped + kept + held`, exactly, whenever nothing is
/// under way inside the node.
pub struct Books {
    node: [String; 3],
    moved: IntCounterVec,
    dropped: IntCounterVec,
    columns: [[OnceLock<IntCounter>; Signal::ALL.len()]; BOOKS.len()],
}

const BOOKS: [&str; 5] = ["in", "created", "out", "recovered", "kept"];
const IN: usize = 0;
const CREATED: usize = 1;
const OUT: usize = 2;
const RECOVERED: usize = 3;
const KEPT: usize = 4;

impl Books {
    /// Opens the accounts of node `id` of `kind`, in `pipeline` (empty for receivers and exporters).
    pub fn open(metrics: &Metrics, kind: NodeKind, pipeline: &str, id: &str) -> Arc<Self> {
        Arc::new(Self {
            node: [kind.as_str().to_owned(), pipeline.to_owned(), id.to_owned()],
            moved: metrics.counter(
                "tidewatch_node_items",
                "Items that came into a node, were created in it, recovered from its disk, left it, or stay on its disk without it.",
                &["kind", "pipeline", "node", "signal", "book"],
            ),
            dropped: metrics.counter(
                "tidewatch_dropped_items",
                "Items that a node dropped, by reason.",
                &["kind", "pipeline", "node", "signal", "reason"],
            ),
            columns: Default::default(),
        })
    }

    /// Items came in.
    pub fn came_in(&self, signal: Signal, items: usize) {
        self.add(IN, signal, items);
    }

    /// Items were found that an earlier agent had left on disk.
    pub fn recovered(&self, signal: Signal, items: usize) {
        self.add(RECOVERED, signal, items);
    }

    /// Items stay on disk for whoever comes next, while the node itself goes.
    pub fn kept(&self, signal: Signal, items: usize) {
        self.add(KEPT, signal, items);
    }

    /// Items were made here.
    pub fn created(&self, signal: Signal, items: usize) {
        self.add(CREATED, signal, items);
    }

    /// Items left for the next node.
    pub fn went_out(&self, signal: Signal, items: usize) {
        self.add(OUT, signal, items);
    }

    /// Items ended here.
    pub fn dropped(&self, signal: Signal, items: usize, reason: &str) {
        let [kind, pipeline, node] = &self.node;
        self.dropped.with_label_values(&[kind, pipeline, node, signal.name(), reason]).inc_by(items as u64);
    }

    /// The node's labels: kind, pipeline, id.
    pub fn node(&self) -> &[String; 3] {
        &self.node
    }

    fn add(&self, book: usize, signal: Signal, items: usize) {
        // Resolved once: the hot path is one atomic addition.
        self.columns[book][signal as usize]
            .get_or_init(|| {
                let [kind, pipeline, node] = &self.node;
                self.moved.with_label_values(&[kind, pipeline, node, signal.name(), BOOKS[book]])
            })
            .inc_by(items as u64);
    }
}

type Holder = (Arc<Books>, Weak<dyn Held>);

/// The nodes that hold items.
#[derive(Clone, Default)]
pub struct Holders {
    all: Arc<Mutex<Vec<Holder>>>,
}

impl Holders {
    /// Adds a node.
    pub fn add(&self, books: Arc<Books>, holder: Weak<dyn Held>) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).push((books, holder));
    }

    /// Tells `/metrics` what every node holds, at the moment of the scrape.
    pub fn register(&self, metrics: &Metrics) {
        let holders = self.clone();
        metrics.on_scrape(
            "tidewatch_held_items",
            "Items that a node holds now, counted by walking what it holds.",
            &["kind", "pipeline", "node", "signal"],
            move || holders.read(),
        );
    }

    fn read(&self) -> Vec<(Vec<String>, i64)> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(_, holder)| holder.strong_count() > 0);
        let mut rows = Vec::new();
        for (books, holder) in all.iter() {
            let Some(holder) = holder.upgrade() else { continue };
            for (signal, items) in holder.held() {
                let mut labels = books.node.to_vec();
                labels.push(signal.name().to_owned());
                rows.push((labels, i64::try_from(items).unwrap_or(i64::MAX)));
            }
        }
        rows
    }
}

/// What the Collector calls a signal's items in its metrics: `otelcol_receiver_accepted_spans`.
pub fn items_name(signal: Signal) -> &'static str {
    match signal {
        Signal::Traces => "spans",
        Signal::Metrics => "metric_points",
        Signal::Logs => "log_records",
        Signal::Alerts => "alerts",
    }
}

/// One counter for each signal: `otelcol_{what}_{items}`, with these labels.
pub fn per_signal(
    metrics: &Metrics,
    what: &str,
    help: &str,
    labels: &[&str],
    values: &[&str],
) -> [IntCounter; Signal::ALL.len()] {
    Signal::ALL.map(|signal| {
        let name = format!("otelcol_{what}_{}", items_name(signal));
        metrics.counter(&name, help, labels).with_label_values(values)
    })
}
