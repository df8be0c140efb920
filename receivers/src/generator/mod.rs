//! `generator`: seeded telemetry of a small web shop, for demos, soak tests and backtests.
//!
//! A `workload` of served requests, with `anomaly`s in it, becomes `telemetry`, which the
//! `run` task hands to the pipelines at the pace of the configuration.

mod anomaly;
mod clock;
mod config;
mod flight;
mod run;
mod service;
mod telemetry;
#[cfg(test)]
mod tests;
mod workload;

pub use anomaly::AnomalyKind;
pub use config::{AnomalyConfig, GeneratorConfig};
pub use service::ServiceConfig;

use run::{Generating, Job};
use std::sync::Arc;
use tidewatch_component::{BuildContext, BuiltReceiver, Intake, Receiver, ReceiverFactory, StartError};
use tidewatch_config::Mistake;
use tokio::sync::Mutex;

/// The `generator` type of receiver.
pub struct Generator;

impl ReceiverFactory for Generator {
    const TYPE: &'static str = "generator";
    type Config = GeneratorConfig;

    fn build(config: GeneratorConfig, context: &BuildContext) -> Result<BuiltReceiver, Vec<Mistake>> {
        let acknowledge = config.acknowledge.clone();
        let job = Job::new(config, context)?;
        let receiver = GeneratorReceiver { job, generating: Mutex::default() };
        Ok(BuiltReceiver { receiver: Arc::new(receiver), acknowledge })
    }
}

struct GeneratorReceiver {
    job: Job,
    generating: Mutex<Option<Generating>>,
}

#[tidewatch_component::async_trait]
impl Receiver for GeneratorReceiver {
    async fn start(&self, intake: Intake) -> Result<(), StartError> {
        *self.generating.lock().await = Some(self.job.start(intake));
        Ok(())
    }

    async fn stop(&self, deadline: tokio::time::Instant) {
        if let Some(generating) = self.generating.lock().await.take() {
            generating.stop(deadline).await;
        }
    }
}
