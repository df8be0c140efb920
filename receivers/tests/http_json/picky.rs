//! A processor that refuses single records of a batch.

use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;
use tidewatch_component::{
    Batch, BuildContext, DataType, Fault, Out, Payload, Processor, ProcessorFactory, Rejection, SignalSet,
};
use tidewatch_config::Mistake;
use tidewatch_otlp::{
    Request,
    proto::{common::v1::any_value::Value, logs::v1::LogRecord},
};

/// The `picky` type: it wants an `Etat` of two, and a number as `Duree secondes`.
pub(crate) struct Picky;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Config {}

impl ProcessorFactory for Picky {
    const TYPE: &'static str = "picky";
    type Config = Config;

    fn build(_: Config, _: &BuildContext) -> Result<Arc<dyn Processor>, Vec<Mistake>> {
        Ok(Arc::new(Self))
    }
}

impl Processor for Picky {
    fn handles(&self) -> SignalSet {
        SignalSet::of(&[DataType::Logs])
    }

    fn process(&self, mut batch: Batch, out: &mut Out<'_>) {
        let Payload::Telemetry(request) = &batch.payload else { return out.send(batch) };
        let mut message = request.decode_logs();
        let mut rejection = Rejection::default();
        let mut index = 0;
        message.resource_logs[0].scope_logs[0].log_records.retain(|record| {
            let wrong = wrong(record);
            if let Some((field, reason)) = wrong {
                let (field, reason) = (Some(field.to_owned()), reason.to_owned());
                rejection.push(Fault { index: Some(index), field, reason });
            }
            index += 1;
            wrong.is_none()
        });
        match (rejection.items, index - rejection.items) {
            (0, _) => {}
            (_, 0) => return out.reject_batch(batch, rejection),
            _ => {
                out.reject_items(&batch, rejection);
                batch.payload = Payload::Telemetry(Request::encode_logs(&message));
            }
        }
        out.send(batch);
    }
}

fn wrong(record: &LogRecord) -> Option<(&'static str, &'static str)> {
    let Some(Value::KvlistValue(map)) = record.body.as_ref().and_then(|body| body.value.as_ref()) else {
        return Some(("", "the body is no map"));
    };
    let field = |key: &str| map.values.iter().find(|pair| pair.key == key)?.value.as_ref()?.value.as_ref();
    match field("Etat") {
        None => return Some(("Etat", "is missing")),
        Some(Value::StringValue(text)) if text == "SUCCESS" || text == "FAILED" => {}
        Some(_) => return Some(("Etat", "is none of SUCCESS, FAILED")),
    }
    match field("Duree secondes") {
        None | Some(Value::DoubleValue(_) | Value::IntValue(_)) => None,
        Some(_) => Some(("Duree secondes", "is no number")),
    }
}
