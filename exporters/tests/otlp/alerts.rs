//! Alerts leave as log records where `signals` says so.

use std::collections::BTreeMap;
use std::sync::Arc;

use prost::Message;
use tidewatch_component::{
    AcknowledgeConfig, Alert, BuildContext, BuiltReceiver, Context, Intake, Payload, Receiver,
    ReceiverFactory, SignalSet, StartError, async_trait,
};
use tidewatch_config::{Mistake, Signal};
use tidewatch_net::compression::{Encoding, decompress};
use tidewatch_otlp::proto::collector::logs::v1::ExportLogsServiceRequest;

use crate::agent::{build, eventually, yaml};
use crate::backend::{Answer, Backend};

/// A receiver that gives one alert.
pub(crate) struct Alarm;

impl ReceiverFactory for Alarm {
    const TYPE: &'static str = "alarm";
    const SIGNALS: SignalSet = SignalSet::ALL;
    type Config = AcknowledgeConfig;

    fn build(acknowledge: AcknowledgeConfig, _: &BuildContext) -> Result<BuiltReceiver, Vec<Mistake>> {
        Ok(BuiltReceiver { receiver: Arc::new(Self), acknowledge })
    }
}

fn alert() -> Alert {
    let labels = BTreeMap::from([("host.name".to_owned(), "host-a".to_owned())]);
    let mut alert = Alert::firing("CpuLoadHigh", "critical", labels, 1_767_607_380_123_456_789);
    alert.value = Some(92.5);
    alert
}

#[async_trait]
impl Receiver for Alarm {
    async fn start(&self, intake: Intake) -> Result<(), StartError> {
        let payload = Payload::Alerts([alert()].into());
        let permit =
            intake.admit(Signal::Alerts, payload.memory()).map_err(|refusal| StartError(refusal.reason))?;
        let submission = intake.submit(permit, payload, Arc::new(Context::default()));
        tokio::spawn(async move { intake.acknowledged(submission).await });
        Ok(())
    }

    async fn stop(&self, _: tokio::time::Instant) {}
}

#[tokio::test]
async fn alerts_leave_as_log_records() {
    for (kind, scheme) in [("otlp", "http://"), ("otlp_http", "http://")] {
        let backend = Backend::start(|_, _| Answer::TAKEN).await;
        let keys = format!("endpoint: '{scheme}{}', signals: [logs, alerts]", backend.address);
        let running = build(&yaml("alarm: {}", kind, &keys, "")).unwrap().start().await.unwrap();
        eventually(|| async { !backend.seen().is_empty() }).await;
        let seen = backend.seen().remove(0);
        let zipped = seen.headers.get("content-encoding").is_some();
        let encoding = if zipped { Encoding::Gzip } else { Encoding::Identity };
        let body = decompress(encoding, &seen.body, 1 << 20).unwrap();
        let message = ExportLogsServiceRequest::decode(body).unwrap();
        let record = &message.resource_logs[0].scope_logs[0].log_records[0];
        assert_eq!(Alert::from_record(record).unwrap().unwrap(), alert(), "{kind}");
        running.stop().await;
    }
}

#[tokio::test]
async fn but_not_without_being_asked_to() {
    for kind in ["otlp", "otlp_http"] {
        let backend = Backend::start(|_, _| Answer::TAKEN).await;
        let keys = format!("endpoint: 'http://{}'", backend.address);
        let running = build(&yaml("alarm: {}", kind, &keys, "")).unwrap().start().await.unwrap();
        let dropped = || running.metrics().render().contains("reason=\"no_exporter\"");
        eventually(|| async { dropped() }).await;
        running.stop().await;
        assert!(backend.seen().is_empty());
    }
}
