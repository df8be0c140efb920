//! A configuration that has been checked.

use indexmap::IndexMap;

use crate::service::Service;
use crate::{Component, ComponentId, Kind};

/// A configuration without a mistake that can be seen from here.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Where telemetry comes in, in the order of the file; also those that no pipeline names.
    pub receivers: IndexMap<ComponentId, Component>,
    /// What happens to it.
    pub processors: IndexMap<ComponentId, Component>,
    /// Where it goes.
    pub exporters: IndexMap<ComponentId, Component>,
    /// What serves the agent or other components.
    pub extensions: IndexMap<ComponentId, Component>,
    /// How they are put together.
    pub service: Service,
}

impl Config {
    /// The components of one kind.
    pub fn components(&self, kind: Kind) -> &IndexMap<ComponentId, Component> {
        match kind {
            Kind::Receiver => &self.receivers,
            Kind::Processor => &self.processors,
            Kind::Exporter => &self.exporters,
            Kind::Extension => &self.extensions,
        }
    }
}
