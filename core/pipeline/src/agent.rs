//! An agent before its start.

use crate::{
    build::Plan,
    common::Common,
    graph::Graph,
    running::{Running, StartFailure},
};
use tidewatch_component::Registry;
use tidewatch_config::{Config, Diagnostics};
use tidewatch_telemetry::Metrics;

/// A configuration whose components are built and joined, and not started.
pub struct Agent {
    plan: Plan,
    config: Config,
    common: Common,
}

impl Agent {
    /// Builds every component that the configuration names, and joins them to pipelines. Touches
    /// nothing outside: no port is bound and no file is opened.
    ///
    /// # Errors
    /// All mistakes that the components find in their configurations.
    pub fn build(config: &Config, registry: &Registry, metrics: &Metrics) -> Result<Self, Diagnostics> {
        let common = Common::new(metrics);
        common.limit_memory(config.service.memory_limit);
        let plan = Plan::make(config, registry, &common, &Graph::default())?;
        Ok(Self { plan, config: config.clone(), common })
    }

    /// Starts extensions, exporters, processors and receivers, in this order.
    ///
    /// # Errors
    /// The first component that could not start; what was started before it is stopped again.
    pub async fn start(self) -> Result<Running, StartFailure> {
        Running::start(self.plan, self.config, self.common).await
    }
}
