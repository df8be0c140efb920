//! Tells probes whether the agent is ready.

mod answer;

use self::answer::Answers;
use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};
use tidewatch_component::{BuildContext, Extension, ExtensionFactory, Host, StartError};
use tidewatch_config::{Mistake, values::GoDuration};
use tidewatch_net::{config::HttpServerConfig, served::Served};
use tokio::sync::Mutex;

/// The `health_check` type.
pub struct HealthCheck;

/// Keys of `health_check`, beside those of every HTTP server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Config {
    /// Where to listen: `host:port`. Default `localhost:13133`.
    #[serde(default = "default_endpoint")]
    pub endpoint: String,
    /// The keys of every HTTP server.
    #[serde(flatten)]
    pub server: HttpServerConfig,
    /// The path that answers; one that ends with `/` answers for every path below it, too. Default `/`.
    #[serde(default = "default_path")]
    pub path: String,
    /// Texts to answer with instead of JSON.
    #[serde(default)]
    pub response_body: Option<ResponseBody>,
    /// The Collector's check of exporters, which does not work there and is not possible here.
    #[serde(default)]
    pub check_collector_pipeline: CheckCollectorPipeline,
}

/// Texts to answer with instead of JSON.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ResponseBody {
    /// When the agent is ready. Default: empty.
    pub healthy: String,
    /// When it is not. Default: empty.
    pub unhealthy: String,
}

/// The Collector's check of exporters: it can be written down, but not enabled.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CheckCollectorPipeline {
    /// Must be false, the default.
    pub enabled: bool,
    /// Not used.
    pub interval: Option<GoDuration>,
    /// Not used.
    pub exporter_failure_threshold: Option<u32>,
}

fn default_endpoint() -> String {
    "localhost:13133".to_owned()
}

fn default_path() -> String {
    "/".to_owned()
}

impl ExtensionFactory for HealthCheck {
    const TYPE: &'static str = "health_check";
    type Config = Config;

    fn build(mut config: Config, context: &BuildContext) -> Result<Arc<dyn Extension>, Vec<Mistake>> {
        config.server.endpoint.clone_from(&config.endpoint);
        let mistakes = mistakes(&config);
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        Ok(Arc::new(Extended { id: context.id.to_string(), config, running: Mutex::default() }))
    }
}

fn mistakes(config: &Config) -> Vec<Mistake> {
    let mut mistakes = config.server.check();
    if !config.path.starts_with('/') {
        mistakes.push(Mistake::new("path", "a path starts with `/`"));
    }
    if config.check_collector_pipeline.enabled {
        let mistake = Mistake::new("check_collector_pipeline.enabled", "this check does not exist");
        mistakes.push(mistake.help("exporters in trouble are listed under `degraded` in every answer"));
    }
    if config.server.auth.is_some() {
        mistakes.push(Mistake::new("auth", "probes cannot be asked for credentials here"));
    }
    if config.server.include_metadata {
        mistakes.push(Mistake::new("include_metadata", "there is no data here that could carry metadata"));
    }
    mistakes
}

struct Extended {
    id: String,
    config: Config,
    running: Mutex<Option<Served>>,
}

#[async_trait]
impl Extension for Extended {
    async fn start(&self, host: Arc<dyn Host>) -> Result<(), StartError> {
        let mut options = self.config.server.options()?;
        // A stop must not wait long for probes.
        options.accept.drain_timeout = Duration::from_secs(2);
        let address = self.config.server.address().map_err(|mistake| StartError(mistake.message))?;
        let bound = host.sockets().bind(&address).await;
        let listener = bound.map_err(|error| StartError(error.to_string()))?;
        let (path, texts) = (self.config.path.clone(), self.config.response_body.clone());
        let running = Served::start(listener, Answers { host, path, texts }, options);
        let endpoint = running.address().map_or_else(|| address.to_string(), |bound| bound.to_string());
        tracing::info!(extension = self.id, endpoint, "listening");
        *self.running.lock().await = Some(running);
        Ok(())
    }

    async fn stop(&self) {
        if let Some(running) = self.running.lock().await.take() {
            running.stop().await;
        }
    }
}
