//! An extension that keeps queues in a directory.

use schemars::JsonSchema;
use serde::Deserialize;
use std::{any::Any, sync::Arc};
use tidewatch_component::{BuildContext, Extension, ExtensionFactory, Host, StartError, async_trait};
use tidewatch_config::Mistake;
use tidewatch_store::{Store, StoreOptions};

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Config {
    directory: String,
}

pub(crate) struct Disk {
    store: Arc<Store>,
}

impl ExtensionFactory for Disk {
    const TYPE: &'static str = "disk";
    type Config = Config;

    fn build(config: Config, _: &BuildContext) -> Result<Arc<dyn Extension>, Vec<Mistake>> {
        Ok(Arc::new(Self { store: Store::new(StoreOptions::new(config.directory)) }))
    }
}

#[async_trait]
impl Extension for Disk {
    async fn start(&self, _: Arc<dyn Host>) -> Result<(), StartError> {
        self.store.open().map_err(|error| StartError(error.to_string()))
    }

    async fn stop(&self) {
        self.store.close();
    }

    fn provides(&self) -> Vec<Arc<dyn Any + Send + Sync>> {
        vec![self.store.clone()]
    }
}
