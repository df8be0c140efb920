//! A small catalog of components with the kinds of keys that real ones have, and sources without files.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use tidewatch_config::values::{ByteSize, GoDuration, Secret};
use tidewatch_config::{Catalog, ComponentType, Kind, Loaded, Signal, SignalSet, Source, load};

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct OtlpReceiver {
    pub(crate) protocols: Protocols,
    pub(crate) accept_alerts: bool,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Protocols {
    pub(crate) grpc: Option<Server>,
    pub(crate) http: Option<Server>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Server {
    pub(crate) endpoint: String,
    pub(crate) max_recv_msg_size_mib: Option<u16>,
    pub(crate) tls: Option<Tls>,
}

impl Default for Server {
    fn default() -> Self {
        Self { endpoint: "localhost:4317".into(), max_recv_msg_size_mib: None, tls: None }
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Tls {
    pub(crate) cert_file: String,
    pub(crate) key_file: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct OtlpExporter {
    pub(crate) endpoint: String,
    #[serde(default)]
    pub(crate) timeout: GoDuration,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) token: Option<Secret>,
    #[serde(default)]
    pub(crate) hook: Option<Secret>,
    #[serde(default)]
    pub(crate) more_headers: BTreeMap<String, Secret>,
    #[serde(default)]
    pub(crate) brokers: Vec<String>,
    #[serde(default)]
    pub(crate) signals: Option<Vec<Signal>>,
    #[serde(default)]
    pub(crate) sending_queue: Queue,
    #[serde(default)]
    #[schemars(extend("x-aliases" = ["compress"]))]
    pub(crate) compression: Option<Compression>,
    #[serde(default)]
    pub(crate) body: Option<Body>,
    #[serde(default)]
    pub(crate) auth: Option<Auth>,
    #[serde(default)]
    pub(crate) rate: Option<f64>,
    #[serde(default)]
    pub(crate) extra: Option<serde_json::Value>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(extend("x-unsupported" = {"storage": "the queue is held in memory"}))]
pub(crate) struct Queue {
    pub(crate) enabled: bool,
    #[schemars(range(min = 1, max = 100_000))]
    pub(crate) queue_size: u32,
    pub(crate) size: Option<ByteSize>,
}

impl Default for Queue {
    fn default() -> Self {
        Self { enabled: true, queue_size: 1000, size: None }
    }
}

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Compression {
    /// Fast enough.
    Gzip,
    /// Faster.
    Zstd,
    None,
}

/// One of several forms.
#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Body {
    Json,
    Regex(String),
    Csv { separator: String },
}

/// A tag says which.
#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
#[schemars(extend("x-unsupported-variants" = {"digest": "write `basic`"}))]
pub(crate) enum Auth {
    Basic { user: String },
    Bearer { scheme: String },
}

/// Keys of its own, shared ones, and one of several.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Flattened {
    #[serde(flatten)]
    pub(crate) queue: Queue,
    #[serde(flatten)]
    pub(crate) when: When,
    #[serde(default)]
    pub(crate) pair: Option<(u8, String)>,
}

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum When {
    Every(GoDuration),
    Cron { line: String },
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Debug {}

/// What the tests can configure.
pub(crate) fn catalog() -> Catalog {
    let of = |kind, name, aliases, schema: schemars::Schema, signals| ComponentType {
        kind,
        name,
        aliases,
        schema: schema.to_value(),
        signals,
        deprecated_note: None,
    };
    let metrics = SignalSet::of(&[Signal::Metrics]);
    let alerts = SignalSet::of(&[Signal::Alerts]);
    let debug = || schemars::schema_for!(Debug);
    let otlp = || schemars::schema_for!(OtlpExporter);
    Catalog {
        components: vec![
            of(Kind::Receiver, "otlp", &[], schemars::schema_for!(OtlpReceiver), SignalSet::TELEMETRY),
            of(Kind::Receiver, "flat", &[], schemars::schema_for!(Flattened), SignalSet::TELEMETRY),
            of(Kind::Receiver, "prometheus", &[], debug(), metrics),
            of(Kind::Processor, "batch", &[], debug(), SignalSet::NONE),
            of(Kind::Processor, "threshold", &[], debug(), alerts),
            of(Kind::Exporter, "otlp", &[], otlp(), SignalSet::TELEMETRY),
            of(Kind::Exporter, "otlp_http", &["otlphttp"], otlp(), SignalSet::TELEMETRY),
            of(Kind::Exporter, "debug", &[], debug(), SignalSet::ALL),
            of(Kind::Exporter, "prometheus", &[], debug(), metrics),
            of(Kind::Extension, "health_check", &[], debug(), SignalSet::NONE),
            ComponentType {
                deprecated_note: Some("does nothing yet"),
                ..of(Kind::Extension, "pprof", &[], debug(), SignalSet::NONE)
            },
        ],
    }
}

/// The environment of the tests.
pub(crate) fn env(name: &str) -> Option<String> {
    let value = match name {
        "PORT" => "8080",
        "ZEROS" => "0123",
        "WORD" => "eighty",
        "EMPTY" => "",
        "BROKERS" => "a:9092, b:9092",
        "LIST" => "[x, '${env:PORT}']",
        "PASSWORD" => "pa$$w: ord ${env:X} #1",
        "CONFIG" => "receivers: {otlp: }\n",
        _ => return None,
    };
    Some(value.to_owned())
}

/// A configuration with one YAML text.
pub(crate) fn read(yaml: &str) -> Loaded {
    load(&[Source::Yaml(yaml.to_owned())], &[], &catalog(), &env)
}

/// A configuration that has `body` below the exporter `otlp`, indented by four, and nothing else of interest.
pub(crate) fn exporter(body: &str) -> String {
    format!(
        "receivers: {{otlp: }}\nexporters:\n  otlp:\n{body}\nservice: {{pipelines: {{main: {{receivers: [otlp], exporters: [otlp]}}}}}}\n"
    )
}
