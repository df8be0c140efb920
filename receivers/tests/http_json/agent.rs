//! An agent with one `http_json` receiver and one recorder.

use crate::{
    picky::Picky,
    recorder::{self, Recorded, Recorder},
};
use serde_json::Value as Json;
use std::{
    future::Future,
    net::TcpListener,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};
use tidewatch_component::Registry;
use tidewatch_config::Source;
use tidewatch_extensions::{basicauth::BasicAuth, bearertokenauth::BearerTokenAuth};
use tidewatch_net::tls::TlsClientConfig;
use tidewatch_otlp::proto::{common::v1::any_value::Value, logs::v1::LogRecord};
use tidewatch_pipeline::{Agent, Running};
use tidewatch_receivers::http_json::HttpJson;
use tidewatch_telemetry::Metrics;
use tokio::{
    sync::mpsc::UnboundedReceiver,
    time::{sleep, timeout},
};

/// Nothing here takes that long, unless it is broken.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// What a test wants other than by default; YAML in flow style, without the braces.
#[derive(Default, Clone, Copy)]
pub(crate) struct Setup<'a> {
    /// Keys of the receiver; the endpoint is added.
    pub(crate) keys: &'a str,
    /// Keys of the recorder.
    pub(crate) exporter: &'a str,
    /// Processors of the pipeline.
    pub(crate) processors: &'a str,
    /// Extensions, by their ids.
    pub(crate) extensions: &'a str,
    /// The pipeline's name. Default: `main`.
    pub(crate) pipeline: &'a str,
}

/// A running agent.
pub(crate) struct Tested {
    pub(crate) running: Running,
    /// `127.0.0.1:port`.
    pub(crate) address: String,
    pub(crate) recorded: UnboundedReceiver<Recorded>,
}

impl Setup<'_> {
    pub(crate) async fn start(self) -> Tested {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let test = format!("test-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let recorded = recorder::listen(&test);
        // A port that was free a moment ago.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let yaml = self.yaml(&test, &address);
        let agent = build(&yaml).unwrap_or_else(|mistakes| panic!("{yaml}\n{mistakes}"));
        let running = agent.start().await.unwrap_or_else(|error| panic!("{yaml}\n{error}"));
        Tested { running, address, recorded }
    }

    pub(crate) fn yaml(&self, test: &str, address: &str) -> String {
        let Self { keys, exporter, processors, extensions, pipeline } = self;
        let pipeline = if pipeline.is_empty() { "main" } else { pipeline };
        let endpoint =
            if keys.contains("endpoint:") { String::new() } else { format!("endpoint: '{address}', ") };
        let ids: Vec<&str> = extensions.lines().filter_map(|line| line.split(':').next()).collect();
        format!(
            "receivers: {{http_json: {{{endpoint}{keys}}}}}\n\
             processors: {{picky: }}\n\
             exporters: {{recorder: {{test: {test}, {exporter}}}}}\n\
             extensions: {{{extensions}}}\n\
             service: {{extensions: [{ids}], shutdown_timeout: 1s, pipelines: {{{pipeline}: \
             {{receivers: [http_json], processors: [{processors}], exporters: [recorder]}}}}}}\n",
            extensions = extensions.replace('\n', ", "),
            ids = ids.join(", "),
        )
    }
}

/// The agent of a configuration, or what is wrong with that.
pub(crate) fn build(yaml: &str) -> Result<Agent, String> {
    let registry = Registry::new()
        .receiver::<HttpJson>()
        .processor::<Picky>()
        .exporter::<Recorder>()
        .extension::<BasicAuth>()
        .extension::<BearerTokenAuth>();
    let loaded = tidewatch_config::load(&[Source::Yaml(yaml.to_owned())], &[], registry.catalog(), &|_| None);
    let config = loaded.config.ok_or_else(|| loaded.diagnostics.render(false))?;
    Agent::build(&config, &registry, &Metrics::default()).map_err(|mistakes| mistakes.render(false))
}

/// An answer's status and body.
pub(crate) type Answer = (u16, Json);

impl Tested {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Posts a body as JSON to `/`.
    pub(crate) async fn post(&self, body: impl Into<reqwest::Body>) -> Answer {
        self.post_as("application/json", body).await
    }

    pub(crate) async fn post_as(&self, content_type: &str, body: impl Into<reqwest::Body>) -> Answer {
        let request = web().post(self.url("/")).header("content-type", content_type);
        told(request.body(body).send().await.unwrap()).await
    }

    /// Posts nothing to a path.
    pub(crate) async fn ask(&self, path: &str) -> Answer {
        told(web().post(self.url(path)).send().await.unwrap()).await
    }

    /// The records of the next request that was delivered.
    pub(crate) async fn delivered(&mut self) -> Vec<LogRecord> {
        let recorded = timeout(LONG, self.recorded.recv()).await.expect("a request").expect("a recorder");
        let message = recorded.request.decode_logs();
        assert_eq!(message.resource_logs.len(), 1);
        assert!(message.resource_logs[0].resource.is_none());
        message.resource_logs[0].scope_logs[0].log_records.clone()
    }

    /// Whether nothing else was delivered.
    pub(crate) fn has_no_more(&mut self) -> bool {
        self.recorded.try_recv().is_err()
    }

    /// The value of one of the agent's own metrics.
    pub(crate) fn metric(&self, series: &str) -> Option<u64> {
        let text = self.running.metrics().render();
        text.lines().find_map(|line| line.strip_prefix(series)?.trim().parse().ok())
    }

    pub(crate) async fn stop(self) {
        self.running.stop().await;
    }
}

/// A record's body as JSON.
pub(crate) fn body(record: &LogRecord) -> Json {
    json(record.body.as_ref().and_then(|body| body.value.as_ref()))
}

fn json(value: Option<&Value>) -> Json {
    match value {
        None => Json::Null,
        Some(Value::StringValue(text)) => text.as_str().into(),
        Some(Value::BoolValue(value)) => (*value).into(),
        Some(Value::IntValue(number)) => (*number).into(),
        Some(Value::DoubleValue(number)) => (*number).into(),
        Some(Value::ArrayValue(list)) => list.values.iter().map(|item| json(item.value.as_ref())).collect(),
        Some(Value::KvlistValue(map)) => {
            let entry = |pair: &tidewatch_otlp::proto::common::v1::KeyValue| {
                (pair.key.clone(), json(pair.value.as_ref().and_then(|value| value.value.as_ref())))
            };
            Json::Object(map.values.iter().map(entry).collect())
        }
        Some(other) => panic!("JSON has no {other:?}"),
    }
}

pub(crate) async fn told(response: reqwest::Response) -> Answer {
    let status = response.status().as_u16();
    assert_eq!(response.headers()["content-type"], "application/json");
    (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap())
}

pub(crate) fn web() -> reqwest::Client {
    web_with(&TlsClientConfig::default())
}

/// With authorities of its own.
pub(crate) fn web_with(tls: &TlsClientConfig) -> reqwest::Client {
    // reqwest wants a TLS configuration even where none is spoken.
    let tls = tls.build(&["h2", "http/1.1"]).unwrap();
    reqwest::Client::builder().no_proxy().tls_backend_preconfigured((*tls).clone()).build().unwrap()
}

/// Tries until it is true.
pub(crate) async fn eventually<F: Future<Output = bool>>(mut check: impl FnMut() -> F) {
    let trying = async {
        while !check().await {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(LONG, trying).await.expect("it never became true");
}
