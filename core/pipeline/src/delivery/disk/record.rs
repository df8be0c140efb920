//! A batch as a record of the queue log, and back.

use bytes::Bytes;
use prost::Message;
use std::{collections::BTreeMap, sync::Arc};
use tidewatch_component::{Alert, Batch, Context, DataType, Origin, Payload};
use tidewatch_otlp::{Request, Signal};

/// What the log keeps of a batch. Alerts are stored in their OTLP form.
pub(super) struct Encoded {
    pub(super) kind: u8,
    pub(super) items: u32,
    pub(super) context: Vec<u8>,
    pub(super) body: Bytes,
}

/// A batch's context as the log's records hold it. Fields may be added, never renumbered.
#[derive(Clone, PartialEq, Message)]
struct StoredContext {
    #[prost(message, repeated, tag = "1")]
    origins: Vec<StoredOrigin>,
    #[prost(btree_map = "string, message", tag = "2")]
    metadata: BTreeMap<String, StoredValues>,
    #[prost(string, optional, tag = "3")]
    tenant: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
struct StoredOrigin {
    #[prost(string, tag = "1")]
    receiver: String,
    #[prost(string, optional, tag = "2")]
    partition: Option<String>,
    #[prost(uint64, optional, tag = "3")]
    first: Option<u64>,
    #[prost(uint64, optional, tag = "4")]
    last: Option<u64>,
}

#[derive(Clone, PartialEq, Message)]
struct StoredValues {
    #[prost(string, repeated, tag = "1")]
    values: Vec<String>,
}

/// The number under which the log keeps this kind of data; never to be changed.
fn kind(data_type: DataType) -> u8 {
    match data_type {
        DataType::Traces => 1,
        DataType::Metrics => 2,
        DataType::Logs => 3,
        DataType::Alerts => 4,
    }
}

/// The kind of data behind a number of the log.
pub fn data_type(of: u8) -> Option<DataType> {
    DataType::ALL.into_iter().find(|data_type| kind(*data_type) == of)
}

pub(super) fn encode(batch: &Batch) -> Encoded {
    let body = match &batch.payload {
        Payload::Telemetry(request) => request.bytes().clone(),
        Payload::Alerts(alerts) => Alert::to_otlp(alerts).into_bytes(),
    };
    Encoded {
        kind: kind(batch.data_type()),
        items: u32::try_from(batch.items()).unwrap_or(u32::MAX),
        context: StoredContext::from(&*batch.context).encode_to_vec(),
        body,
    }
}

/// The batch of a record. Nobody waits for it.
///
/// # Errors
/// What this version cannot read.
pub fn decode(of: u8, context: &[u8], body: Bytes) -> Result<Batch, String> {
    let context = StoredContext::decode(context).map_err(|error| format!("its context: {error}"))?;
    let payload = match data_type(of).ok_or_else(|| format!("its kind of data, {of}"))? {
        DataType::Traces => telemetry(Signal::Traces, body)?,
        DataType::Metrics => telemetry(Signal::Metrics, body)?,
        DataType::Logs => telemetry(Signal::Logs, body)?,
        DataType::Alerts => Payload::Alerts(alerts(body)?),
    };
    Ok(Batch::unattended(payload, Arc::new(context.into())))
}

fn telemetry(signal: Signal, body: Bytes) -> Result<Payload, String> {
    let checked = Request::check(signal, body).map_err(|error| error.to_string())?;
    Ok(Payload::Telemetry(checked.request))
}

fn alerts(body: Bytes) -> Result<Arc<[Alert]>, String> {
    let request = Request::check(Signal::Logs, body).map_err(|error| error.to_string())?.request;
    let records = request.decode_logs().resource_logs.into_iter().flat_map(|resource| resource.scope_logs);
    records
        .flat_map(|scope| scope.log_records)
        .map(|record| Alert::from_record(&record).unwrap_or_else(|| Err("a record that is no alert".into())))
        .collect()
}

impl From<&Context> for StoredContext {
    fn from(context: &Context) -> Self {
        Self {
            origins: context
                .origins
                .iter()
                .map(|origin| StoredOrigin {
                    receiver: origin.receiver.to_string(),
                    partition: origin.partition.as_deref().map(str::to_owned),
                    first: origin.positions.map(|(first, _)| first),
                    last: origin.positions.map(|(_, last)| last),
                })
                .collect(),
            metadata: context
                .metadata
                .iter()
                .map(|(name, values)| (name.clone(), StoredValues { values: values.clone() }))
                .collect(),
            tenant: context.tenant.as_deref().map(str::to_owned),
        }
    }
}

impl From<StoredContext> for Context {
    fn from(stored: StoredContext) -> Self {
        Self {
            origins: stored
                .origins
                .into_iter()
                .map(|origin| Origin {
                    receiver: origin.receiver.into(),
                    partition: origin.partition.map(Into::into),
                    positions: origin.first.zip(origin.last),
                })
                .collect(),
            metadata: stored.metadata.into_iter().map(|(name, of)| (name, of.values)).collect(),
            tenant: stored.tenant.map(Into::into),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context() -> Arc<Context> {
        Arc::new(Context {
            origins: vec![
                Origin { receiver: "otlp".into(), partition: None, positions: None },
                Origin { receiver: "file_log".into(), partition: Some("a".into()), positions: Some((3, 9)) },
            ],
            metadata: BTreeMap::from([("x-tenant".to_owned(), vec!["one".to_owned(), "two".to_owned()])]),
            tenant: Some("acme".into()),
        })
    }

    fn round_trip(batch: &Batch) -> Batch {
        let encoded = encode(batch);
        assert_eq!(encoded.items as usize, batch.items());
        decode(encoded.kind, &encoded.context, encoded.body).expect("just written")
    }

    #[test]
    fn telemetry_and_its_context_survive_the_log() {
        let alert = Alert::firing("A", "high", BTreeMap::new(), 1);
        for signal in [Signal::Traces, Signal::Metrics, Signal::Logs] {
            let request = match signal {
                Signal::Logs => Alert::to_otlp(&[alert.clone(), alert.clone()]),
                other => Request::check(other, Bytes::new()).expect("empty").request,
            };
            let batch = Batch::unattended(Payload::Telemetry(request), context());
            let read = round_trip(&batch);
            assert_eq!(read.telemetry().map(Request::bytes), batch.telemetry().map(Request::bytes));
            assert_eq!((read.data_type(), &read.context), (batch.data_type(), &batch.context));
        }
    }

    #[test]
    fn alerts_survive_the_log() {
        let mut alert = Alert::firing("A", "high", BTreeMap::new(), 1);
        alert.value = Some(0.1);
        let alerts: Arc<[Alert]> = [alert.clone(), alert].into();
        let read = round_trip(&Batch::unattended(Payload::Alerts(alerts.clone()), context()));
        assert!(matches!(read.payload, Payload::Alerts(read) if read == alerts));
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        assert!(decode(9, &[], Bytes::new()).unwrap_err().contains("kind of data, 9"));
        assert!(decode(3, &[], Bytes::from_static(&[0xff])).is_err());
        assert!(decode(3, &[0xff], Bytes::new()).unwrap_err().contains("context"));
    }
}
