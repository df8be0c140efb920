//! The `service` section: pipelines, extensions, and the agent's own telemetry.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::values::{ByteSize, GoDuration};
use crate::{ComponentId, PipelineId, Span};

mod admin;
mod check;
mod logs;
mod metrics;
mod pipelines;
mod references;

pub use admin::{Admin, is_local};
pub(crate) use check::check;
pub use logs::{LogEncoding, LogLevel, LogSampling, Logs};
pub use metrics::{Metrics, MetricsLevel, PrometheusReader, PullExporter, PullReader, Reader};

pub(crate) use pipelines::Parts;

/// The `service` section, checked: every reference leads to a component.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// The extensions that are started, in this order.
    pub extensions: Vec<ComponentId>,
    /// The pipelines, in the order of the file.
    pub pipelines: IndexMap<PipelineId, Pipeline>,
    /// The agent's own logs and metrics.
    pub telemetry: Telemetry,
    /// How long a stop may take before what is left is given up.
    pub shutdown_timeout: GoDuration,
    /// The most memory that telemetry in flight may hold.
    pub memory_limit: Option<ByteSize>,
    /// How many threads move telemetry.
    pub threads: Option<usize>,
    /// Whether changed files are taken over while the agent runs.
    pub reload_on_change: bool,
    /// Where the agent can be told to reload.
    pub admin: Option<Admin>,
    /// The exporter of data that nobody takes.
    pub dead_letter: Option<ComponentId>,
}

/// A pipeline: from receivers through processors to exporters.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// Where telemetry comes in.
    pub receivers: Vec<ComponentId>,
    /// What it passes, in this order.
    pub processors: Vec<ComponentId>,
    /// Where it goes.
    pub exporters: Vec<ComponentId>,
    /// Where the pipeline's name was written.
    pub span: Span,
}

impl PartialEq for Pipeline {
    /// Equal if they are put together the same, wherever they were written.
    fn eq(&self, other: &Self) -> bool {
        (&self.receivers, &self.processors, &self.exporters)
            == (&other.receivers, &other.processors, &other.exporters)
    }
}

/// What runs, and how it is put together.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(rename = "Service")]
pub(crate) struct ServiceKeys {
    /// The extensions to start, in this order. Those not listed do not run.
    pub(crate) extensions: Vec<ComponentId>,
    /// The pipelines by name. A signal's name (`traces`, `metrics`, `logs`, `alerts`, also `traces/2`) makes a
    /// pipeline for that signal; any other name, e.g. `main`, one for everything its receivers produce.
    pub(crate) pipelines: BTreeMap<String, PipelineKeys>,
    /// The agent's own logs and metrics.
    pub(crate) telemetry: Telemetry,
    /// How long a stop may take before what is left is given up. Default `30s`.
    pub(crate) shutdown_timeout: GoDuration,
    /// The most memory that telemetry in flight may hold in all queues together, e.g. `512MiB`. Default: none
    /// beyond each queue's own `max_bytes`.
    pub(crate) memory_limit: Option<ByteSize>,
    /// How many threads move telemetry. Default: half of the cores, and at least 1: more threads take more, but
    /// wake each other for it.
    #[schemars(range(min = 1, max = 1024))]
    pub(crate) threads: Option<usize>,
    /// The exporter of data that cannot be read, or that its destination has refused for good after its sender had an
    /// answer: each part is a log record with the reason and the original bytes, which `tidewatch replay` feeds in
    /// again. It may stand in pipelines, too. Default: such data is counted and dropped.
    pub(crate) dead_letter: Option<ComponentId>,
    /// Whether the agent takes over its configuration when a file of it changes, as it does at SIGHUP. Default
    /// `false`.
    pub(crate) reload_on_change: bool,
    /// A local port to reload the agent at, and to see its configuration. Default: none.
    pub(crate) admin: Option<Admin>,
}

impl Default for ServiceKeys {
    fn default() -> Self {
        Self {
            extensions: Vec::new(),
            pipelines: BTreeMap::new(),
            telemetry: Telemetry::default(),
            shutdown_timeout: GoDuration::from_secs(30),
            memory_limit: None,
            threads: None,
            dead_letter: None,
            reload_on_change: false,
            admin: None,
        }
    }
}

/// A pipeline: from receivers through processors to exporters.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(rename = "Pipeline")]
pub(crate) struct PipelineKeys {
    /// Where telemetry comes in. At least one.
    pub(crate) receivers: Vec<ComponentId>,
    /// What it passes, in this order.
    pub(crate) processors: Vec<ComponentId>,
    /// Where it goes. At least one.
    pub(crate) exporters: Vec<ComponentId>,
}

/// The agent's own logs and metrics.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Telemetry {
    /// The agent's own logs.
    pub logs: Logs,
    /// The agent's own metrics.
    pub metrics: Metrics,
    /// The agent's own traces; there are none yet.
    #[schemars(extend("x-warning" = "`service.telemetry.traces` has no effect: the agent does not trace itself yet"))]
    pub traces: Option<serde_json::Value>,
    /// Resource attributes of the agent's own telemetry; not used yet.
    #[schemars(extend("x-warning" = "`service.telemetry.resource` has no effect yet"))]
    pub resource: Option<serde_json::Value>,
}
