//! A dead letter as an OTLP log record, and back.

use super::{DeadLetter, DeadLetterKind};
use crate::{Context, Origin};
use bytes::Bytes;
use opentelemetry_proto::tonic::{
    common::v1::{
        AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList, any_value::Value as Any,
    },
    logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
};
use std::sync::Arc;

/// The `event_name` of a log record that is a dead letter.
pub const EVENT_NAME: &str = "tidewatch.dead_letter";

/// Every field of a letter is an attribute of this prefix.
const PREFIX: &str = "dead_letter.";

/// A batch joined from more sources names only so many.
const MAX_ORIGINS: usize = 64;

const WARN: i32 = 13;

pub(super) fn resource_of(letter: &DeadLetter) -> ResourceLogs {
    let scope = InstrumentationScope { name: "tidewatch".into(), ..Default::default() };
    let log_records = vec![to_record(letter)];
    let scope_logs = vec![ScopeLogs { scope: Some(scope), log_records, ..Default::default() }];
    ResourceLogs { scope_logs, ..Default::default() }
}

fn to_record(letter: &DeadLetter) -> LogRecord {
    let now = crate::timestamp::now();
    let mut attributes = vec![
        pair("kind", text(letter.kind.name())),
        pair("reason", text(&letter.reason)),
        pair("signal", text(letter.signal.name())),
        pair("items", number(letter.items as u64)),
        pair("content_type", text(&letter.content_type)),
        pair("size", number(letter.size as u64)),
    ];
    if letter.is_cut() {
        attributes.push(pair("cut", Any::BoolValue(true)));
    }
    if let Some(exporter) = &letter.exporter {
        attributes.push(pair("exporter", text(exporter)));
    }
    let origins: Vec<AnyValue> = letter.context.origins.iter().take(MAX_ORIGINS).map(origin).collect();
    if !origins.is_empty() {
        attributes.push(pair("origins", Any::ArrayValue(ArrayValue { values: origins })));
    }
    LogRecord {
        time_unix_nano: now,
        observed_time_unix_nano: now,
        severity_number: WARN,
        severity_text: "WARN".into(),
        event_name: EVENT_NAME.into(),
        body: Some(AnyValue { value: Some(Any::BytesValue(letter.original.to_vec())) }),
        attributes,
        ..Default::default()
    }
}

fn origin(origin: &Origin) -> AnyValue {
    let mut values = vec![own_pair("receiver", text(&origin.receiver))];
    if let Some(partition) = &origin.partition {
        values.push(own_pair("partition", text(partition)));
    }
    if let Some((first, last)) = origin.positions {
        values.push(own_pair("first", number(first)));
        values.push(own_pair("last", number(last)));
    }
    AnyValue { value: Some(Any::KvlistValue(KeyValueList { values })) }
}

fn pair(key: &str, value: Any) -> KeyValue {
    own_pair(&format!("{PREFIX}{key}"), value)
}

fn own_pair(key: &str, value: Any) -> KeyValue {
    KeyValue { key: key.into(), value: Some(AnyValue { value: Some(value) }), ..Default::default() }
}

fn text(value: &str) -> Any {
    Any::StringValue(value.into())
}

fn number(value: u64) -> Any {
    Any::IntValue(i64::try_from(value).unwrap_or(i64::MAX))
}

impl DeadLetter {
    /// The letter that a log record carries; none if it is another record.
    ///
    /// # Errors
    /// The record says that it is a dead letter, but a field is missing or wrong.
    pub fn from_record(record: &LogRecord) -> Option<Result<Self, String>> {
        (record.event_name == EVENT_NAME).then(|| read(record))
    }
}

fn read(record: &LogRecord) -> Result<DeadLetter, String> {
    let original = match record.body.as_ref().and_then(|body| body.value.as_ref()) {
        Some(Any::BytesValue(bytes)) => Bytes::copy_from_slice(bytes),
        _ => return Err("the body is not the original's bytes".into()),
    };
    let kind = match string(record, "kind")? {
        "undecodable" => DeadLetterKind::Undecodable,
        "unusable" => DeadLetterKind::Unusable,
        "refused" => DeadLetterKind::Refused,
        other => return Err(format!("`{PREFIX}kind` is {other:?}")),
    };
    let signal = string(record, "signal")?;
    Ok(DeadLetter {
        kind,
        reason: string(record, "reason")?.to_owned(),
        signal: signal.parse().map_err(|_| format!("`{PREFIX}signal` is {signal:?}"))?,
        items: count(record, "items").unwrap_or(0),
        exporter: string(record, "exporter").ok().map(str::to_owned),
        content_type: string(record, "content_type")?.to_owned(),
        size: count(record, "size").unwrap_or(original.len()),
        original,
        context: Arc::new(Context { origins: origins(record), ..Context::default() }),
    })
}

fn field<'a>(record: &'a LogRecord, key: &str) -> Option<&'a Any> {
    let own = |pair: &&KeyValue| pair.key.strip_prefix(PREFIX) == Some(key);
    record.attributes.iter().find(own)?.value.as_ref()?.value.as_ref()
}

fn string<'a>(record: &'a LogRecord, key: &str) -> Result<&'a str, String> {
    match field(record, key) {
        Some(Any::StringValue(value)) => Ok(value),
        Some(_) => Err(format!("`{PREFIX}{key}` is not a text")),
        None => Err(format!("`{PREFIX}{key}` is missing")),
    }
}

fn count(record: &LogRecord, key: &str) -> Option<usize> {
    match field(record, key)? {
        Any::IntValue(value) => usize::try_from(*value).ok(),
        _ => None,
    }
}

fn origins(record: &LogRecord) -> Vec<Origin> {
    let Some(Any::ArrayValue(array)) = field(record, "origins") else { return Vec::new() };
    array.values.iter().filter_map(read_origin).collect()
}

fn read_origin(value: &AnyValue) -> Option<Origin> {
    let Some(Any::KvlistValue(list)) = &value.value else { return None };
    let field = |key: &str| {
        list.values.iter().find(|pair| pair.key == key).and_then(|pair| pair.value.as_ref()?.value.as_ref())
    };
    let text = |key: &str| match field(key) {
        Some(Any::StringValue(text)) => Some(Arc::from(text.as_str())),
        _ => None,
    };
    let number = |key: &str| match field(key) {
        Some(Any::IntValue(number)) => u64::try_from(*number).ok(),
        _ => None,
    };
    Some(Origin {
        receiver: text("receiver")?,
        partition: text("partition"),
        positions: number("first").zip(number("last")),
    })
}

#[cfg(test)]
mod tests {
    use super::super::{MAX_ORIGINAL, PROTOBUF, TEXT};
    use super::*;
    use crate::{Alert, Batch, DataType, Payload};
    use std::collections::BTreeMap;
    use tidewatch_otlp::Request;

    fn from_a_file() -> Arc<Context> {
        let origin = Origin {
            receiver: "file_log".into(),
            partition: Some("/var/log/app.log".into()),
            positions: Some((1024, 2047)),
        };
        Arc::new(Context { origins: vec![origin], ..Context::default() })
    }

    fn there_and_back(letter: &DeadLetter) -> DeadLetter {
        let request = letter.to_request();
        assert_eq!(request.items(), 1);
        let record = &request.decode_logs().resource_logs[0].scope_logs[0].log_records[0];
        DeadLetter::from_record(record).expect("a dead letter").expect("a whole one")
    }

    #[test]
    fn a_letter_survives_its_otlp_form() {
        let original = Bytes::from_static(b"\xff\xfe not text \0");
        let letter = DeadLetter::undecodable(DataType::Logs, TEXT, original, "not UTF-8", &from_a_file());
        assert_eq!(there_and_back(&letter), letter);
        assert!(!letter.is_cut());
    }

    #[test]
    fn what_a_processor_cannot_use_can_be_sent_again() {
        let message =
            DeadLetter::undecodable(DataType::Logs, TEXT, Bytes::new(), "x", &Arc::default()).to_request();
        let letter = DeadLetter::unusable(message.clone(), "`state` is missing", &from_a_file());
        assert_eq!((letter.kind.name(), letter.items, letter.signal), ("unusable", 1, DataType::Logs));
        let back = there_and_back(&letter);
        assert_eq!(back, letter);
        assert_eq!((back.content_type.as_str(), back.original), (PROTOBUF, message.into_bytes()));
    }

    #[test]
    fn an_original_that_is_too_large_is_cut_and_says_so() {
        let original = Bytes::from(vec![7; MAX_ORIGINAL + 1]);
        let letter = DeadLetter::undecodable(DataType::Logs, TEXT, original, "x", &from_a_file());
        let back = there_and_back(&letter);
        assert!(back.is_cut());
        assert_eq!((back.original.len(), back.size), (MAX_ORIGINAL, MAX_ORIGINAL + 1));
        assert!(letter.to_request().bytes().len() < 4 << 20, "OTLP servers take it");
    }

    #[test]
    fn refused_alerts_are_kept_as_the_records_that_carry_them() {
        let alert = Alert::firing("CpuLoadHigh", "critical", BTreeMap::new(), 1);
        let batch = Batch::unattended(Payload::Alerts([alert.clone()].into()), Arc::default());
        let letters = DeadLetter::refused(&batch, "webhook", "HTTP 410");
        let [letter] = letters.as_slice() else { panic!("{letters:?}") };
        assert_eq!(
            (letter.signal, letter.items, letter.exporter.as_deref()),
            (DataType::Alerts, 1, Some("webhook"))
        );
        assert_eq!(letter.content_type, PROTOBUF);
        let logs = Request::check(tidewatch_otlp::Signal::Logs, letter.original.clone()).unwrap().request;
        let record = &logs.decode_logs().resource_logs[0].scope_logs[0].log_records[0];
        assert_eq!(Alert::from_record(record).unwrap().unwrap(), alert);
    }

    #[test]
    fn a_large_batch_makes_letters_of_whole_items() {
        let record = |size| LogRecord {
            body: Some(AnyValue { value: Some(Any::BytesValue(vec![1; size])) }),
            ..Default::default()
        };
        let message = opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest {
            resource_logs: vec![ResourceLogs {
                scope_logs: vec![ScopeLogs {
                    log_records: vec![record(3 << 20), record(3 << 20)],
                    ..Default::default()
                }],
                ..Default::default()
            }],
        };
        let payload = Payload::Telemetry(Request::encode_logs(&message));
        let letters = DeadLetter::refused(&Batch::unattended(payload, Arc::default()), "otlp", "no");
        assert_eq!(letters.len(), 2);
        assert!(letters.iter().all(|letter| letter.items == 1 && !letter.is_cut()));
    }

    #[test]
    fn other_records_are_no_letters_and_broken_ones_say_why() {
        assert!(DeadLetter::from_record(&LogRecord::default()).is_none());
        let mut broken = LogRecord { event_name: EVENT_NAME.into(), ..Default::default() };
        let error = |record: &LogRecord| DeadLetter::from_record(record).unwrap().unwrap_err();
        assert!(error(&broken).contains("the original's bytes"));
        broken.body = Some(AnyValue { value: Some(Any::BytesValue(Vec::new())) });
        assert_eq!(error(&broken), "`dead_letter.kind` is missing");
        broken.attributes.push(pair("kind", text("lost")));
        assert_eq!(error(&broken), "`dead_letter.kind` is \"lost\"");
    }
}
