//! A directory in which queues and state survive a restart.

mod config;

pub use self::config::{CompactionConfig, Compression, Config, Fsync, FsyncLevel};

use async_trait::async_trait;
use std::{any::Any, sync::Arc};
use tidewatch_component::{BuildContext, Extension, ExtensionFactory, Host, StartError};
use tidewatch_config::Mistake;
use tidewatch_store::Store;

/// The `file_storage` type. Provides a [`Store`].
pub struct FileStorage;

impl ExtensionFactory for FileStorage {
    const TYPE: &'static str = "file_storage";
    type Config = Config;

    fn build(config: Config, context: &BuildContext) -> Result<Arc<dyn Extension>, Vec<Mistake>> {
        let options = config.options(context.id.to_string(), context.metrics.clone())?;
        Ok(Arc::new(Stored { store: Store::new(options) }))
    }
}

struct Stored {
    store: Arc<Store>,
}

#[async_trait]
impl Extension for Stored {
    async fn start(&self, _: Arc<dyn Host>) -> Result<(), StartError> {
        let store = self.store.clone();
        let opened = tokio::task::spawn_blocking(move || store.open()).await;
        opened
            .map_err(|error| StartError::new("the store cannot be opened", error))?
            .map_err(|error| StartError(error.to_string()))?;
        let options = self.store.options();
        tracing::info!(
            extension = options.name,
            directory = %options.directory.display(),
            fsync = ?options.fsync,
            "storage is open"
        );
        Ok(())
    }

    async fn stop(&self) {
        let store = self.store.clone();
        if let Err(error) = tokio::task::spawn_blocking(move || store.close()).await {
            tracing::error!(extension = self.store.options().name, %error, "storage is not closed");
        }
    }

    /// Two would fight for the directory.
    fn is_replaceable(&self) -> bool {
        false
    }

    fn provides(&self) -> Vec<Arc<dyn Any + Send + Sync>> {
        vec![self.store.clone()]
    }
}
