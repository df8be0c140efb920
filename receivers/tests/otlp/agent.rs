//! An agent with one `otlp` receiver and one recorder.

use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};

use tidewatch_component::Registry;
use tidewatch_config::Source;
use tidewatch_extensions::{basicauth::BasicAuth, bearertokenauth::BearerTokenAuth};
use tidewatch_net::grpc::{Channel, ChannelOptions};
use tidewatch_net::stream::Address;
use tidewatch_pipeline::{Agent, Running};
use tidewatch_receivers::otlp::Otlp;
use tidewatch_telemetry::Metrics;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::recorder::{self, Recorded, Recorder};

fn registry() -> Registry {
    Registry::new()
        .receiver::<Otlp>()
        .exporter::<Recorder>()
        .extension::<BasicAuth>()
        .extension::<BearerTokenAuth>()
}

/// What a test wants other than by default; YAML in flow style, without the braces.
#[derive(Default, Clone, Copy)]
pub(crate) struct Setup<'a> {
    /// Keys of `protocols.grpc`; the endpoint is added.
    pub(crate) grpc: &'a str,
    /// Keys of `protocols.http`; the endpoint is added.
    pub(crate) http: &'a str,
    /// Further keys of the receiver.
    pub(crate) receiver: &'a str,
    /// Further keys of the recorder.
    pub(crate) exporter: &'a str,
    /// Extensions, by their ids.
    pub(crate) extensions: &'a str,
    /// The pipelines' names, separated by commas. Default: `main`.
    pub(crate) pipelines: &'a str,
}

/// A running agent.
pub(crate) struct Tested {
    pub(crate) running: Running,
    /// `127.0.0.1:port` of OTLP/gRPC.
    pub(crate) grpc: String,
    /// `127.0.0.1:port` of OTLP/HTTP.
    pub(crate) http: String,
    pub(crate) recorded: UnboundedReceiver<Recorded>,
}

/// A port that was free a moment ago.
fn free() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

impl Setup<'_> {
    pub(crate) async fn start(self) -> Tested {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let test = format!("test-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let recorded = recorder::listen(&test);
        let (grpc, http) = (free(), free());
        let yaml = self.yaml(&test, &grpc, &http);
        let agent = build(&yaml).unwrap_or_else(|mistakes| panic!("{yaml}\n{mistakes}"));
        let running = agent.start().await.unwrap();
        Tested { running, grpc, http, recorded }
    }

    fn yaml(&self, test: &str, grpc: &str, http: &str) -> String {
        let pipelines = if self.pipelines.is_empty() { "main" } else { self.pipelines };
        let pipelines: Vec<String> = pipelines
            .split(',')
            .map(|name| format!("{name}: {{receivers: [otlp], exporters: [recorder]}}"))
            .collect();
        let ids: Vec<&str> = self.extensions.lines().filter_map(|line| line.split(':').next()).collect();
        let endpoint = |keys: &str, default: &str| match keys.contains("endpoint:") {
            true => String::new(),
            false => format!("endpoint: '{default}', "),
        };
        format!(
            "receivers: {{otlp: {{{receiver} protocols: {{grpc: {{{grpc_endpoint}{grpc}}}, http: {{{http_endpoint}{http}}}}}}}}}\n\
             exporters: {{recorder: {{test: {test}, {exporter}}}}}\n\
             extensions: {{{extensions}}}\n\
             service: {{extensions: [{ids}], shutdown_timeout: 100ms, pipelines: {{{pipelines}}}}}\n",
            receiver = self.receiver,
            grpc_endpoint = endpoint(self.grpc, grpc),
            grpc = self.grpc,
            http_endpoint = endpoint(self.http, http),
            http = self.http,
            exporter = self.exporter,
            extensions = self.extensions.replace('\n', ", "),
            ids = ids.join(", "),
            pipelines = pipelines.join(", "),
        )
    }
}

/// The agent of a configuration, or what is wrong with that.
pub(crate) fn build(yaml: &str) -> Result<Agent, String> {
    let registry = registry();
    let loaded = tidewatch_config::load(&[Source::Yaml(yaml.to_owned())], &[], registry.catalog(), &|_| None);
    let config = loaded.config.ok_or_else(|| loaded.diagnostics.render(false))?;
    Agent::build(&config, &registry, &Metrics::default()).map_err(|mistakes| mistakes.render(false))
}

/// What is wrong with a receiver's `protocols`.
pub(crate) fn mistakes(protocols: &str) -> String {
    let setup = Setup::default().yaml("none", "127.0.0.1:0", "127.0.0.1:0");
    let start = setup.find("protocols:").unwrap();
    let end = setup.find("\nexporters").unwrap();
    let yaml = format!("{}protocols: {{{protocols}}}}}}}{}", &setup[..start], &setup[end..]);
    build(&yaml).err().unwrap_or_default()
}

impl Tested {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.http)
    }

    pub(crate) fn channel(&self) -> Channel {
        self.channel_with(ChannelOptions::default())
    }

    pub(crate) fn channel_with(&self, options: ChannelOptions) -> Channel {
        Channel::new(&Address::Tcp(self.grpc.clone()), options).unwrap()
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
