//! An agent between a gRPC client and one exporter.

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use prost::Message;
use tempfile::TempDir;
use tidewatch_component::Registry;
use tidewatch_config::Source;
use tidewatch_exporters::{otlp::Otlp, otlp_http::OtlpHttp};
use tidewatch_extensions::{basicauth::BasicAuth, bearertokenauth::BearerTokenAuth};
use tidewatch_net::grpc::{Channel, ChannelOptions, Reply};
use tidewatch_net::stream::Address;
use tidewatch_otlp::proto::collector::logs::v1::{ExportLogsServiceRequest, ExportLogsServiceResponse};
use tidewatch_otlp::{Request, Signal, testing};
use tidewatch_pipeline::{Agent, Running};
use tidewatch_receivers::otlp::Otlp as Receiver;
use tidewatch_telemetry::Metrics;

use crate::alerts::Alarm;

/// Failures are tried again at once.
pub(crate) const AT_ONCE: &str = "retry_on_failure: {initial_interval: 1ms, max_interval: 10ms}";
/// Failures are told at once.
pub(crate) const NEVER: &str = "retry_on_failure: {enabled: false}";

fn registry() -> Registry {
    Registry::new()
        .receiver::<Receiver>()
        .receiver::<Alarm>()
        .exporter::<Otlp>()
        .exporter::<OtlpHttp>()
        .extension::<BasicAuth>()
        .extension::<BearerTokenAuth>()
}

/// The agent of a configuration, or what is wrong with that.
pub(crate) fn build(yaml: &str) -> Result<Agent, String> {
    let registry = registry();
    let loaded = tidewatch_config::load(&[Source::Yaml(yaml.to_owned())], &[], registry.catalog(), &|_| None);
    let config = loaded.config.ok_or_else(|| loaded.diagnostics.render(false))?;
    Agent::build(&config, &registry, &Metrics::default()).map_err(|mistakes| mistakes.render(false))
}

/// A configuration around the exporter `kind` with these keys, and extensions, both in flow style.
pub(crate) fn yaml(receiver: &str, kind: &str, keys: &str, extensions: &str) -> String {
    let ids: Vec<&str> = extensions.split(':').next().filter(|id| !id.is_empty()).into_iter().collect();
    format!(
        "receivers: {{{receiver}}}\nexporters: {{{kind}: {{{keys}}}}}\nextensions: {{{extensions}}}\n\
         service: {{extensions: [{ids}], shutdown_timeout: 100ms, \
         pipelines: {{main: {{receivers: [{id}], exporters: [{kind}]}}}}}}\n",
        ids = ids.join(", "),
        id = receiver.split(':').next().unwrap(),
    )
}

/// A running agent and a client of it.
pub(crate) struct Tested {
    pub(crate) running: Running,
    channel: Channel,
    _dir: TempDir,
}

impl Tested {
    /// With the exporter `kind` and its keys.
    pub(crate) async fn start(kind: &str, keys: &str) -> Self {
        Self::start_with(kind, keys, "").await
    }

    pub(crate) async fn start_with(kind: &str, keys: &str, extensions: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("in.sock");
        let receiver =
            format!("otlp: {{protocols: {{grpc: {{transport: unix, endpoint: '{}'}}}}}}", socket.display());
        let yaml = yaml(&receiver, kind, keys, extensions);
        let agent = build(&yaml).unwrap_or_else(|mistakes| panic!("{yaml}\n{mistakes}"));
        let running = agent.start().await.unwrap();
        let channel = Channel::new(&Address::Unix(socket), ChannelOptions::default()).unwrap();
        Self { running, channel, _dir: dir }
    }

    pub(crate) async fn send(&self, message: Bytes) -> Reply {
        self.send_as(Signal::Logs, message).await
    }

    pub(crate) async fn send_as(&self, signal: Signal, message: Bytes) -> Reply {
        let path = signal.grpc_path().parse().unwrap();
        self.channel.call(&path, &HeaderMap::new(), message, Some(Duration::from_secs(60))).await
    }

    /// The value of one of the agent's own metrics; 0 if there is none.
    pub(crate) fn metric(&self, series: &str) -> u64 {
        let text = self.running.metrics().render();
        let value = text.lines().find_map(|line| line.strip_prefix(series)?.trim().parse().ok());
        value.unwrap_or_default()
    }

    pub(crate) async fn stop(self) {
        self.running.stop().await;
    }
}

/// A logs request of so many records, each with its number as `severity_text`.
pub(crate) fn logs(records: usize) -> Bytes {
    let mut message = testing::realistic_logs(records);
    for (number, record) in message.resource_logs[0].scope_logs[0].log_records.iter_mut().enumerate() {
        record.severity_text = number.to_string();
    }
    Request::encode_logs(&message).into_bytes()
}

/// The numbers of the records of a request.
pub(crate) fn numbers(request: &[u8]) -> Vec<usize> {
    let message = ExportLogsServiceRequest::decode(request).unwrap();
    let scopes = message.resource_logs.iter().flat_map(|resource| &resource.scope_logs);
    let records = scopes.flat_map(|scope| &scope.log_records);
    records.map(|record| record.severity_text.parse().unwrap()).collect()
}

/// Rejected records and the message of an answer to the client.
pub(crate) fn partial(reply: &[u8]) -> (i64, String) {
    let response = ExportLogsServiceResponse::decode(reply).unwrap();
    response
        .partial_success
        .map_or((0, String::new()), |told| (told.rejected_log_records, told.error_message))
}

/// Tries until it is true.
pub(crate) async fn eventually<F: Future<Output = bool>>(mut check: impl FnMut() -> F) {
    let trying = async {
        while !check().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), trying).await.expect("it never became true");
}
