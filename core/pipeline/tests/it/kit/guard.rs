//! An extension that tells when it was started and stopped.

use super::World;
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;
use tidewatch_component::{BuildContext, Extension, ExtensionFactory, Host, StartError, async_trait};
use tidewatch_config::Mistake;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Config {}

pub(crate) struct Guard {
    id: String,
    world: Arc<World>,
}

impl ExtensionFactory for Guard {
    const TYPE: &'static str = "guard";
    type Config = Config;

    fn build(_: Config, context: &BuildContext) -> Result<Arc<dyn Extension>, Vec<Mistake>> {
        Ok(Arc::new(Self { id: context.id.to_string(), world: World::built_now() }))
    }
}

#[async_trait]
impl Extension for Guard {
    async fn start(&self, _: Arc<dyn Host>) -> Result<(), StartError> {
        self.world.note(format!("start {}", self.id));
        Ok(())
    }

    async fn stop(&self) {
        self.world.note(format!("stop {}", self.id));
    }
}
