//! A receiver that hands its [`Intake`] to the test.

use super::World;
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;
use tidewatch_component::{
    AcknowledgeConfig, BuildContext, BuiltReceiver, Intake, Receiver, ReceiverFactory, StartError,
    async_trait,
};
use tidewatch_config::Mistake;
use tokio::time::Instant;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Config {
    #[serde(default)]
    cannot_bind: bool,
    #[serde(default)]
    hangs_on_stop: bool,
    /// Its successor may start before it is stopped.
    #[serde(default)]
    overlaps: bool,
    #[serde(flatten)]
    acknowledge: AcknowledgeConfig,
}

pub(crate) struct Source {
    id: String,
    config: Config,
    world: Arc<World>,
}

impl ReceiverFactory for Source {
    const TYPE: &'static str = "source";
    type Config = Config;

    fn build(config: Config, context: &BuildContext) -> Result<BuiltReceiver, Vec<Mistake>> {
        let acknowledge = config.acknowledge.clone();
        let receiver = Arc::new(Self { id: context.id.to_string(), config, world: World::built_now() });
        Ok(BuiltReceiver { receiver, acknowledge })
    }
}

#[async_trait]
impl Receiver for Source {
    async fn start(&self, intake: Intake) -> Result<(), StartError> {
        self.world.note(format!("start {}", self.id));
        if self.config.cannot_bind {
            return Err(StartError("the port is in use".into()));
        }
        self.world.add_intake(&self.id, intake);
        Ok(())
    }

    async fn stop(&self, _: Instant) {
        self.world.note(format!("stop {}", self.id));
        if self.config.hangs_on_stop {
            std::future::pending::<()>().await;
        }
    }

    fn overlaps(&self) -> bool {
        self.config.overlaps
    }
}
