//! The same flows with the queue on disk, written down for each kind of agent.

use crate::{agent::Kind, protocol::Protocol};
use std::net::SocketAddr;

/// Where the storage of every agent is, below its folder.
pub const STORE: &str = "store";
/// The extensions that [`Setup::config`] describes.
pub const EXTENSIONS: &[&str] = &["file_storage"];

/// What comes in.
#[derive(Debug, Clone)]
pub enum From {
    /// OTLP at this address.
    Otlp(Protocol, SocketAddr),
    /// The lines of the files that match, below the agent's folder, compressed ones too.
    Files(&'static str),
}

/// One pipeline: a receiver, and an exporter whose queue is on disk. All three carry its name.
#[derive(Debug, Clone)]
pub struct Flow {
    /// Its name.
    pub name: &'static str,
    /// Where it comes from.
    pub from: From,
    /// Where it goes.
    pub to: (Protocol, SocketAddr),
}

/// All of a configuration that scenarios for every kind of agent need.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The pipelines.
    pub flows: Vec<Flow>,
    /// The size of each queue, in bytes.
    pub max_bytes: u64,
    /// The most records in a request to a sink; 0: as many as there are.
    pub max_batch: u64,
}

impl Setup {
    /// One pipeline, from OTLP over gRPC to a sink over gRPC, with room for everything that a scenario sends.
    pub fn grpc(at: SocketAddr, to: SocketAddr) -> Self {
        let from = From::Otlp(Protocol::Grpc, at);
        Self { flows: vec![Flow { name: "judge", from, to: (Protocol::Grpc, to) }], ..Self::default() }
    }

    /// The configuration.
    pub fn config(&self, kind: Kind) -> String {
        let (mut receivers, mut exporters, mut pipelines) = (String::new(), String::new(), String::new());
        for Flow { name, from, to } in &self.flows {
            let exporter = if to.0 == Protocol::Grpc { "otlp" } else { otlp_http(kind) };
            let (id, keys) = receiver(kind, from);
            receivers.push_str(&format!("  {id}/{name}: {keys}\n"));
            exporters.push_str(&format!("  {exporter}/{name}: {{{}}}\n", self.exporter(kind, *to)));
            pipelines.push_str(&format!(
                "    logs/{name}: {{receivers: [{id}/{name}], exporters: [{exporter}/{name}]}}\n"
            ));
        }
        let (fsync, more, service) = match kind {
            Kind::Tidewatch => ("always", DEAD_LETTER, "  dead_letter: file/dead\n"),
            Kind::Collector { fsync: true, .. } => ("true", "", ""),
            Kind::Collector { fsync: false, .. } => ("false", "", ""),
        };
        format!(
            "extensions:\n  file_storage: {{directory: ./{STORE}, fsync: {fsync}}}\n\
             receivers:\n{receivers}exporters:\n{exporters}{more}service:\n{service}  pipelines:\n{pipelines}"
        )
    }

    fn exporter(&self, kind: Kind, (protocol, to): (Protocol, SocketAddr)) -> String {
        let tls = if protocol == Protocol::Grpc { ", tls: {insecure: true}" } else { "" };
        let retry = "initial_interval: 50ms, max_interval: 500ms";
        let batch = match self.max_batch {
            0 => String::new(),
            max => format!(", batch: {{min_size: 1, max_size: {max}}}"),
        };
        let bytes = self.max_bytes;
        match kind {
            Kind::Tidewatch => format!(
                "endpoint: 'http://{to}'{tls}, timeout: 30s, sending_queue: {{storage: file_storage, max_bytes: {bytes}{batch}}}, \
                 retry_on_failure: {{{retry}}}"
            ),
            Kind::Collector { defaults: true, .. } => {
                format!("endpoint: 'http://{to}'{tls}, sending_queue: {{storage: file_storage}}")
            }
            Kind::Collector { .. } => format!(
                "endpoint: 'http://{to}'{tls}, timeout: 30s, \
                 sending_queue: {{storage: file_storage, sizer: bytes, queue_size: {bytes}}}, \
                 retry_on_failure: {{{retry}, max_elapsed_time: 0}}"
            ),
        }
    }
}

impl Default for Setup {
    fn default() -> Self {
        Self { flows: Vec::new(), max_bytes: 1 << 30, max_batch: 0 }
    }
}

/// The file of dead letters, below the agent's folder.
pub const DEAD_LETTERS: &str = "dead.jsonl";
const DEAD_LETTER: &str = "  file/dead: {path: ./dead.jsonl}\n";

fn receiver(kind: Kind, from: &From) -> (&'static str, String) {
    match from {
        From::Otlp(protocol, at) => {
            let protocol = if *protocol == Protocol::Grpc { "grpc" } else { "http" };
            ("otlp", format!("{{protocols: {{{protocol}: {{endpoint: '{at}'}}}}}}"))
        }
        From::Files(include) => {
            let keys = "start_at: beginning, storage: file_storage, compression: auto";
            let keys = format!("{{include: ['./{include}'], {keys}}}");
            (if kind == Kind::Tidewatch { "file_log" } else { "filelog" }, keys)
        }
    }
}

fn otlp_http(kind: Kind) -> &'static str {
    if kind == Kind::Tidewatch { "otlp_http" } else { "otlphttp" }
}
