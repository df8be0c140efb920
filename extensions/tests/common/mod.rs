//! Builds extensions as the agent does.

use std::sync::{Arc, Mutex};
use tidewatch_component::{BuildContext, Extension, ExtensionFactory, Health, Host};
use tidewatch_config::{ComponentId, Mistake};
use tidewatch_net::stream::Sockets;
use tidewatch_telemetry::Metrics;

/// An agent whose health the test decides.
#[derive(Default)]
pub(crate) struct Agent(pub(crate) Mutex<Health>);

impl Host for Agent {
    fn health(&self) -> Health {
        self.0.lock().expect("a lock").clone()
    }

    fn sockets(&self) -> Sockets {
        Sockets::default()
    }
}

pub(crate) fn build<F: ExtensionFactory>(
    config: serde_json::Value,
) -> Result<Arc<dyn Extension>, Vec<Mistake>> {
    let context = BuildContext::new(ComponentId::new(F::TYPE), &Metrics::default());
    F::build(parse::<F>(config), &context)
}

fn parse<F: ExtensionFactory>(config: serde_json::Value) -> F::Config {
    serde_json::from_value(config).expect("a configuration")
}

/// The paths of the mistakes.
pub(crate) fn mistakes<F: ExtensionFactory>(config: serde_json::Value) -> Vec<String> {
    let mistakes = build::<F>(config).err().unwrap_or_default();
    mistakes.into_iter().map(|mistake| mistake.path).collect()
}
