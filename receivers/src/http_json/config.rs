//! Keys and factory.

use super::server::HttpJsonReceiver;
use crate::server::authenticator;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use std::{path::PathBuf, sync::Arc};
use tidewatch_component::{
    AcknowledgeConfig, BuildContext, BuiltReceiver, DataType, ReceiverFactory, SignalSet,
};
use tidewatch_config::{Mistake, values::ByteSize};
use tidewatch_net::config::HttpServerConfig;

/// The `http_json` receiver.
pub struct HttpJson;

/// Keys of the `http_json` receiver.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(transform = own_endpoint)]
pub struct Config {
    /// The server, on `localhost:8088` by default.
    #[serde(flatten, deserialize_with = "server")]
    pub server: HttpServerConfig,
    /// Records in bodies of requests.
    pub records: RecordsConfig,
    /// Files that requests name. Default: none are read.
    pub files: Option<FilesConfig>,
    /// Requests that are worked on at once; others are told to come back. Default: 64.
    pub max_concurrent_requests: usize,
    /// What answers stand for.
    #[serde(flatten)]
    pub acknowledge: AcknowledgeConfig,
}

/// Records in bodies of requests.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RecordsConfig {
    /// Where records are posted to. Default: `/`.
    pub path: String,
    /// Records in one request, at the most. Default: 100,000.
    pub max_records: usize,
}

/// Files that requests name: one JSON record in each line.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct FilesConfig {
    /// The folder that they are in; nothing outside of it is read, whatever a request or a link in it names.
    pub root: PathBuf,
    /// Where `?file_path=` is posted to. Default: `/files`.
    #[serde(default = "files_path")]
    pub path: String,
    /// The longest line; longer ones are refused. Default: 1MiB.
    #[serde(default = "max_record_size")]
    pub max_record_size: ByteSize,
    /// A file that is read when its path is asked for. Default: none.
    #[serde(default)]
    pub trigger: Option<TriggerConfig>,
}

/// A file that is read when its path is asked for.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct TriggerConfig {
    /// The path, for GET and POST. Default: `/files/trigger`.
    #[serde(default = "trigger_path")]
    pub path: String,
    /// The file, in `root`.
    pub file: String,
}

fn endpoint() -> String {
    "localhost:8088".to_owned()
}

/// The keys of an HTTP server, but for the default of one.
fn server<'de, D: Deserializer<'de>>(keys: D) -> Result<HttpServerConfig, D::Error> {
    #[derive(Deserialize)]
    struct Own {
        #[serde(default = "endpoint")]
        endpoint: String,
        #[serde(flatten)]
        server: HttpServerConfig,
    }
    let Own { endpoint, server } = Own::deserialize(keys)?;
    Ok(HttpServerConfig { endpoint, ..server })
}

/// The same in the schema.
fn own_endpoint(schema: &mut schemars::Schema) {
    if let Some(key) = schema.pointer_mut("/properties/endpoint") {
        key["description"] = format!(
            "Where to listen: `host:port`, or a path for `transport: unix`. Default: `{}`.",
            endpoint()
        )
        .into();
        key["default"] = endpoint().into();
    }
}

fn files_path() -> String {
    "/files".to_owned()
}

fn trigger_path() -> String {
    "/files/trigger".to_owned()
}

fn max_record_size() -> ByteSize {
    ByteSize::bytes(1 << 20)
}

impl Default for RecordsConfig {
    fn default() -> Self {
        Self { path: "/".to_owned(), max_records: 100_000 }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            server: HttpServerConfig { endpoint: endpoint(), ..HttpServerConfig::default() },
            records: RecordsConfig::default(),
            files: None,
            max_concurrent_requests: 64,
            acknowledge: AcknowledgeConfig::default(),
        }
    }
}

impl ReceiverFactory for HttpJson {
    const TYPE: &'static str = "http_json";
    const SIGNALS: SignalSet = SignalSet::of(&[DataType::Logs]);
    type Config = Config;

    fn build(config: Config, context: &BuildContext) -> Result<BuiltReceiver, Vec<Mistake>> {
        let mut mistakes = config.check();
        let authenticator = authenticator(config.server.auth.as_ref(), "", context, &mut mistakes);
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let acknowledge = config.acknowledge.clone();
        let receiver = HttpJsonReceiver::new(config, authenticator, context.metrics.clone());
        Ok(BuiltReceiver { receiver: Arc::new(receiver), acknowledge })
    }
}

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    /// Records are posted to it.
    Records,
    /// The name of a file is.
    File,
    /// It has a file read.
    Trigger,
}

impl Config {
    fn check(&self) -> Vec<Mistake> {
        let mut mistakes = self.server.check();
        let routes = self.routes();
        for (index, (key, path, _)) in routes.iter().enumerate() {
            if path.contains(['?', '#', ' ']) {
                mistakes.push(Mistake::new(*key, format!("{path:?} is no path")));
            } else if routes[..index].iter().any(|(_, other, _)| other == path) {
                mistakes.push(Mistake::new(*key, format!("`{path}` has another meaning already")));
            }
        }
        let nothing = "with 0 nothing could come in";
        if self.max_concurrent_requests == 0 {
            mistakes.push(Mistake::new("max_concurrent_requests", nothing));
        }
        if self.records.max_records == 0 {
            mistakes.push(Mistake::new("records.max_records", nothing));
        }
        if let Some(files) = &self.files {
            if files.max_record_size.get() == 0 {
                mistakes.push(Mistake::new("files.max_record_size", nothing));
            }
            if files.root.as_os_str().is_empty() {
                mistakes.push(Mistake::new("files.root", "the folder is missing"));
            }
            if files.trigger.as_ref().is_some_and(|trigger| trigger.file.is_empty()) {
                mistakes.push(Mistake::new("files.trigger.file", "the file is missing"));
            }
        }
        mistakes
    }

    /// Key, path and what is there. The first slash may be left out.
    pub(super) fn routes(&self) -> Vec<(&'static str, String, Route)> {
        let with_slash = |path: &str| format!("/{}", path.trim_start_matches('/'));
        let mut routes = vec![("records.path", with_slash(&self.records.path), Route::Records)];
        if let Some(files) = &self.files {
            routes.push(("files.path", with_slash(&files.path), Route::File));
            if let Some(trigger) = &files.trigger {
                routes.push(("files.trigger.path", with_slash(&trigger.path), Route::Trigger));
            }
        }
        routes
    }
}
