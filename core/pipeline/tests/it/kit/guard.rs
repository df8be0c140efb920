//! An extension that tells when it was started and stopped.

use super::World;
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;
use tidewatch_component::{BuildContext, Extension, ExtensionFactory, Host, StartError, async_trait};
use tidewatch_config::Mistake;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Config {
    /// A change of this takes a restart, and so does any other.
    #[serde(default)]
    lasts: Option<u64>,
}

pub(crate) struct Guard {
    id: String,
    lasts: bool,
    world: Arc<World>,
}

impl ExtensionFactory for Guard {
    const TYPE: &'static str = "guard";
    type Config = Config;

    fn build(config: Config, context: &BuildContext) -> Result<Arc<dyn Extension>, Vec<Mistake>> {
        let lasts = config.lasts.is_some();
        Ok(Arc::new(Self { id: context.id.to_string(), lasts, world: World::built_now() }))
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

    fn is_replaceable(&self) -> bool {
        !self.lasts
    }
}
