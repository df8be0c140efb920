//! What the author of a component needs.
//!
//! A [`Receiver`] gives batches to its [`Intake`], which admits them first; [`Processor`]s change,
//! read or drop them; an [`Exporter`] writes them to one destination. A [`Receipt`] tells the source
//! what became of what it handed in. Types of components enter a binary through a [`Registry`].

mod alert;
mod alert_otlp;
mod batch;
mod budget;
mod context;
pub mod dead_letter;
mod delivery;
mod exporter;
mod extension;
mod last_call;
mod processor;
mod receipt;
mod receiver;
mod registry;
mod rejection;
pub mod template;
pub mod timestamp;
mod watched_file;

pub use alert::{Alert, AlertKind, AlertStatus, fingerprint};
pub use alert_otlp::EVENT_NAME;
pub use async_trait::async_trait;
pub use batch::{Batch, Payload, Waiting, data_type};
pub use budget::{Budget, Reservation};
pub use context::{Context, Metadata, Origin};
pub use dead_letter::{DeadLetter, DeadLetters};
pub use delivery::{
    BatchConfig, BatchSizer, DeliveryConfig, QueueConfig, RetryConfig, Sizer, Timeout, WhenFull,
};
pub use exporter::{ExportError, Exported, Exporter, Order};
pub use extension::{Extension, Health, Host, StartError};
pub use last_call::LastCall;
pub use processor::{Gather, Out, Processor};
pub use receipt::{Failure, Outcome, Receipt, Ticket, Verdict};
pub use receiver::{
    Acknowledge, AcknowledgeConfig, Gate, Intake, Permit, Receiver, Refusal, Room, Submission,
};
pub use registry::{
    Build, BuildContext, BuiltExporter, BuiltReceiver, ExporterFactory, ExtensionFactory, ProcessorFactory,
    ReceiverFactory, Registry,
};
pub use rejection::{Fault, MAX_FAULTS, Rejection};
pub use watched_file::WatchedFile;

/// The four kinds of data: traces, metrics, logs and alerts.
pub use tidewatch_config::{Signal as DataType, SignalSet};
