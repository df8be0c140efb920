//! An exporter that shows what reached it, and answers as it is told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use tidewatch_component::{
    Batch, BuildContext, BuiltExporter, DeliveryConfig, ExportError, Exported, Exporter, ExporterFactory,
    Metadata, Payload, Rejection, SignalSet, async_trait,
};
use tidewatch_config::Mistake;
use tidewatch_otlp::Request;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What reached the exporter.
#[derive(Debug)]
pub(crate) struct Recorded {
    pub(crate) request: Request,
    pub(crate) metadata: Metadata,
}

/// The tests' ends, by the `test` key of the exporter.
static LISTENERS: Mutex<BTreeMap<String, UnboundedSender<Recorded>>> = Mutex::new(BTreeMap::new());

/// What the exporter of this test will have got.
pub(crate) fn listen(test: &str) -> UnboundedReceiver<Recorded> {
    let (sender, receiver) = unbounded_channel();
    LISTENERS.lock().unwrap().insert(test.to_owned(), sender);
    receiver
}

/// The `recorder` type.
pub(crate) struct Recorder;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Config {
    test: String,
    #[serde(default)]
    answer: Answer,
    #[serde(flatten)]
    delivery: DeliveryConfig,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Answer {
    #[default]
    Take,
    /// Not now, but in 7 seconds.
    Later,
    /// Never.
    Reject,
    /// All but one.
    Partly,
    /// No answer.
    Hang,
}

impl ExporterFactory for Recorder {
    const TYPE: &'static str = "recorder";
    const TAKES: SignalSet = SignalSet::TELEMETRY;
    type Config = Config;

    fn build(config: Config, _: &BuildContext) -> Result<BuiltExporter, Vec<Mistake>> {
        let listener = LISTENERS.lock().ok().and_then(|listeners| listeners.get(&config.test).cloned());
        let exporter = Arc::new(Recording { listener, answer: config.answer });
        Ok(BuiltExporter { exporter, delivery: config.delivery })
    }
}

struct Recording {
    listener: Option<UnboundedSender<Recorded>>,
    answer: Answer,
}

#[async_trait]
impl Exporter for Recording {
    async fn export(&self, batch: &Batch) -> Result<Exported, ExportError> {
        let Payload::Telemetry(request) = &batch.payload else { panic!("nothing here makes alerts") };
        if let Some(listener) = &self.listener {
            let metadata = batch.context.metadata.clone();
            listener.send(Recorded { request: request.clone(), metadata }).ok();
        }
        match self.answer {
            Answer::Take => Ok(Exported::default()),
            Answer::Later => Err(ExportError::Retryable {
                reason: "the destination is full".to_owned(),
                after: Some(Duration::from_secs(7)),
                refused: true,
            }),
            Answer::Reject => Err(ExportError::permanent("the destination says never")),
            Answer::Partly => Ok(Exported { rejected: Some(Rejection::new(1, "too old")) }),
            Answer::Hang => std::future::pending().await,
        }
    }
}
