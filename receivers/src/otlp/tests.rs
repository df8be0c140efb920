//! A pipeline that edits nothing hands its exporters the very bytes that the transport delivered.

use super::{HttpConfig, accept::Acceptor, grpc::GrpcService, http::Http};
use bytes::Bytes;
use std::{
    future::Future,
    sync::{Arc, Mutex, OnceLock},
};
use tidewatch_component::{
    AcknowledgeConfig, Batch, BuildContext, BuiltExporter, BuiltReceiver, DeliveryConfig, ExportError,
    Exported, Exporter, ExporterFactory, Intake, Payload, Receiver, ReceiverFactory, Registry, SignalSet,
    StartError, async_trait,
};
use tidewatch_config::{Mistake, Source};
use tidewatch_net::{
    grpc::{self, Channel, ChannelOptions, UnaryService},
    http::{self as web, HttpService},
    stream::{Address, Listener},
};
use tidewatch_otlp::{Request, Signal, testing};
use tidewatch_pipeline::{Agent, Running};
use tidewatch_telemetry::Metrics;

/// Where the pipeline begins.
static INTAKE: OnceLock<Intake> = OnceLock::new();
/// What reached its exporters; kept, so that no address is used twice.
static EXPORTED: Mutex<Vec<Bytes>> = Mutex::new(Vec::new());

/// A receiver that gives its intake to the test.
struct Tap;

impl ReceiverFactory for Tap {
    const TYPE: &'static str = "tap";
    type Config = AcknowledgeConfig;

    fn build(acknowledge: AcknowledgeConfig, _: &BuildContext) -> Result<BuiltReceiver, Vec<Mistake>> {
        Ok(BuiltReceiver { receiver: Arc::new(Self), acknowledge })
    }
}

#[async_trait]
impl Receiver for Tap {
    async fn start(&self, intake: Intake) -> Result<(), StartError> {
        INTAKE.set(intake).map_err(|_| StartError("there is one already".into()))
    }

    async fn stop(&self, _: tokio::time::Instant) {}
}

/// An exporter that keeps what it gets.
struct Keep;

impl ExporterFactory for Keep {
    const TYPE: &'static str = "keep";
    const TAKES: SignalSet = SignalSet::TELEMETRY;
    type Config = DeliveryConfig;

    fn build(delivery: DeliveryConfig, _: &BuildContext) -> Result<BuiltExporter, Vec<Mistake>> {
        Ok(BuiltExporter { exporter: Arc::new(Self), delivery })
    }
}

#[async_trait]
impl Exporter for Keep {
    async fn export(&self, batch: &Batch) -> Result<Exported, ExportError> {
        if let Payload::Telemetry(request) = &batch.payload
            && let Ok(mut exported) = EXPORTED.lock()
        {
            exported.push(request.bytes().clone());
        }
        Ok(Exported::default())
    }
}

/// The receiver's service, and what the transport delivers to it.
struct Spy<S> {
    service: S,
    delivered: Mutex<Vec<Bytes>>,
}

impl<S> Spy<S> {
    fn new(service: S) -> Arc<Self> {
        Arc::new(Self { service, delivered: Mutex::default() })
    }
}

impl UnaryService for Spy<GrpcService> {
    fn knows(&self, path: &str) -> bool {
        self.service.knows(path)
    }

    fn call(&self, request: grpc::Request) -> impl Future<Output = grpc::Reply> + Send {
        self.delivered.lock().unwrap().push(request.message.clone());
        self.service.call(request)
    }
}

impl HttpService for Spy<Http> {
    fn call(&self, request: ::http::Request<Bytes>) -> impl Future<Output = ::http::Response<Bytes>> + Send {
        self.delivered.lock().unwrap().push(request.body().clone());
        self.service.call(request)
    }
}

async fn pipeline() -> Running {
    let registry = Registry::new().receiver::<Tap>().exporter::<Keep>();
    let yaml = "{receivers: {tap: }, exporters: {keep/a: , keep/b: },
                 service: {pipelines: {main: {receivers: [tap], exporters: [keep/a, keep/b]}}}}";
    let loaded = tidewatch_config::load(&[Source::Yaml(yaml.into())], &[], registry.catalog(), &|_| None);
    let config = loaded.config.unwrap_or_else(|| panic!("{}", loaded.diagnostics.render(false)));
    Agent::build(&config, &registry, &Metrics::default()).unwrap().start().await.unwrap()
}

/// Both exporters got what was delivered: the same bytes at the same address.
fn assert_identical(delivered: &Mutex<Vec<Bytes>>, sent: &Bytes) {
    let delivered = delivered.lock().unwrap();
    let exported = std::mem::take(&mut *EXPORTED.lock().unwrap());
    let place = |bytes: &Bytes| (bytes.as_ptr(), bytes.len());
    assert_eq!(&delivered[0], sent);
    assert_eq!(exported.iter().map(place).collect::<Vec<_>>(), [place(&delivered[0]); 2]);
}

#[tokio::test]
async fn exporters_get_the_very_bytes_that_arrived() {
    let running = pipeline().await;
    let intake = INTAKE.get().unwrap();
    let acceptor = |transport| Acceptor::new(intake, transport, false, &Metrics::default());
    let listen = async || Listener::bind(&Address::Tcp("127.0.0.1:0".into())).await.unwrap();
    // Small enough for one DATA frame, which holds prefix and message.
    let sent = Request::encode_logs(&testing::realistic_logs(100)).into_bytes();

    let listener = listen().await;
    let address = Address::Tcp(listener.local_addr().unwrap().to_string());
    let spy = Spy::new(GrpcService { acceptor: acceptor("grpc") });
    let server = tokio::spawn(grpc::serve(
        listener,
        spy.clone(),
        grpc::ServerOptions::default(),
        std::future::pending(),
    ));
    let channel = Channel::new(&address, ChannelOptions::default()).unwrap();
    let path = Signal::Logs.grpc_path().parse().unwrap();
    assert_eq!(channel.call(&path, &::http::HeaderMap::new(), sent.clone(), None).await, Ok(Bytes::new()));
    assert_identical(&spy.delivered, &sent);
    server.abort();

    let listener = listen().await;
    let url = format!("http://{}/v1/logs", listener.local_addr().unwrap());
    let spy = Spy::new(Http { acceptor: acceptor("http"), paths: HttpConfig::default().paths().to_vec() });
    let server = tokio::spawn(web::serve(
        listener,
        spy.clone(),
        web::ServerOptions::default(),
        std::future::pending(),
    ));
    let client = tidewatch_net::config::HttpClientConfig::default().client().unwrap();
    let request = ::http::Request::post(url).header("content-type", "application/x-protobuf");
    let response = client.send(request.body(sent.clone()).unwrap()).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_identical(&spy.delivered, &sent);
    server.abort();
    running.stop().await;
}
